/* SPDX-License-Identifier: Apache-2.0 */
/*
 * syscall_list.h - THE system calls: Linux riscv64's number and name. The dispatch table, the
 * declarations and the test of docs/syscalls.md come from this list. A number without a row answers ENOSYS.
 * Included several times, each time with SYSCALL defined.
 */
