// SPDX-License-Identifier: Apache-2.0
/*
 * syscall.h - the shape of a system call's entry: its six argument registers in, the value of a0
 * out (-errno for an error; -ERESTARTSYS asks for a restart after a signal).
 */
#ifndef KERNEL_SYS_SYSCALL_H
#define KERNEL_SYS_SYSCALL_H

#include <stdint.h>

typedef int64_t syscall_function(const uint64_t *argument);

/* Every row of syscall_list.h has one: sys_NAME. */
#define SYSCALL(number, name) int64_t sys_##name(const uint64_t *argument);
#include "kernel/sys/syscall_list.h"
#undef SYSCALL

/* ---- for riscv/entry.S ---- */

extern syscall_function *const syscall_table[];
/* A number that the table has no row for. */
int64_t syscall_other(const uint64_t *argument, uint64_t number);
/* The call answered a restart code. */
void syscall_restart(int64_t answer);

#endif
