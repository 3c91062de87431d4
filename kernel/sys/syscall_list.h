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
SYSCALL(214, brk)
SYSCALL(215, munmap)
SYSCALL(216, mremap)
SYSCALL(222, mmap)
SYSCALL(226, mprotect)
SYSCALL(227, msync)
SYSCALL(228, mlock)
SYSCALL(229, munlock)
SYSCALL(230, mlockall)
SYSCALL(231, munlockall)
SYSCALL(233, madvise)
SYSCALL(259, riscv_flush_icache)
SYSCALL(283, membarrier)
