/* SPDX-License-Identifier: Apache-2.0 */
/*
 * syscall_list.h - THE system calls: Linux riscv64's number and name. The dispatch table, the
 * declarations and the test of docs/syscalls.md come from this list. A number without a row answers ENOSYS.
 * Included several times, each time with SYSCALL defined.
 */
SYSCALL(118, sched_setparam)
SYSCALL(119, sched_setscheduler)
SYSCALL(120, sched_getscheduler)
SYSCALL(121, sched_getparam)
SYSCALL(122, sched_setaffinity)
SYSCALL(123, sched_getaffinity)
SYSCALL(124, sched_yield)
SYSCALL(125, sched_get_priority_max)
SYSCALL(126, sched_get_priority_min)
SYSCALL(168, getcpu)
