// SPDX-License-Identifier: Apache-2.0
/*
 * system_name.h - what the system calls itself: uname(2), /proc/version, /proc/sys/kernel.
 */
#ifndef KERNEL_SYS_SYSTEM_NAME_H
#define KERNEL_SYS_SYSTEM_NAME_H

#include <stddef.h>

#define SYSTEM_NAME    "Taper"
/* The system-call interface is that of this Linux; C libraries refuse to start on an old one. */
#define SYSTEM_RELEASE "6.12.0-taper"
#define SYSTEM_VERSION "#1 SMP"
#define SYSTEM_MACHINE "riscv64"

enum { SYSTEM_NAME_SIZE = 65 };

/* The host's name, NUL-terminated, at most SYSTEM_NAME_SIZE bytes; and its setting: 0 or -EINVAL. */
void hostname_get(char name[SYSTEM_NAME_SIZE]);
int hostname_set(const char *name, size_t length);

#endif
