// SPDX-License-Identifier: Apache-2.0
/*
 * cred.h - in whose name a task acts: user and group IDs, supplementary groups, capabilities.
 */
#ifndef KERNEL_PROC_CRED_H
#define KERNEL_PROC_CRED_H

#include <stdbool.h>
#include <stdint.h>

enum { CRED_GROUPS_MAX = 32 };

/* Capability numbers as in Linux's capability.h. */
enum capability {
	CAP_CHOWN = 0, CAP_DAC_OVERRIDE = 1, CAP_FOWNER = 3, CAP_KILL = 5, CAP_SETGID = 6,
	CAP_SETUID = 7, CAP_SETPCAP = 8, CAP_SYS_CHROOT = 18, CAP_SYS_PTRACE = 19,
	CAP_SYS_ADMIN = 21, CAP_SYS_BOOT = 22, CAP_SYS_NICE = 23,
	CAP_SYS_RESOURCE = 24, CAP_SYS_TIME = 25, CAP_SYSLOG = 34,
	CAP_LAST = 40,
};

struct cred {
	uint32_t uid, euid, suid, fsuid;
	uint32_t gid, egid, sgid, fsgid;
	uint64_t effective, permitted, inheritable, bounding; /* one bit a capability */
	uint32_t group_count;
	uint32_t groups[CRED_GROUPS_MAX];
};

static inline bool cred_has(const struct cred *cred, enum capability capability)
{
	return cred->effective >> capability & 1;
}

/* Whether `cred` may do `wanted` (4 read, 2 write, 1 execute) with a file: 0 or -EACCES. */
int cred_permission(const struct cred *cred, uint32_t mode, uint32_t uid, uint32_t gid,
		    unsigned int wanted);

#endif
