// SPDX-License-Identifier: Apache-2.0
/*
 * policy.h - sched_setattr(2) and sched_getattr(2), for which this C library has no wrappers.
 */
#ifndef TESTS_GUEST_POLICY_H
#define TESTS_GUEST_POLICY_H

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE 6
#endif
enum { FLAG_RESET_ON_FORK = 1, FLAG_KEEP_POLICY = 8, FLAG_KEEP_PARAMS = 16 };
#define POLICY_RESET_ON_FORK 0x40000000

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

/* All answer 0 or -errno. */
static inline int set_attr(pid_t pid, const void *attr, unsigned int flags)
{
	return syscall(SYS_sched_setattr, pid, attr, flags) ? -errno : 0;
}

static inline int get_attr(pid_t pid, void *attr, unsigned int size, unsigned int flags)
{
	return syscall(SYS_sched_getattr, pid, attr, size, flags) ? -errno : 0;
}

static inline int set_policy(pid_t pid, int policy, int priority)
{
	struct sched_param parameter = { .sched_priority = priority };

	return sched_setscheduler(pid, policy, &parameter) ? -errno : 0;
}

static inline int set_deadline(pid_t pid, uint64_t runtime, uint64_t deadline, uint64_t period)
{
	struct attr attr = { .size = sizeof(attr), .policy = SCHED_DEADLINE, .runtime = runtime,
			     .deadline = deadline, .period = period };

	return set_attr(pid, &attr, 0);
}

#endif
