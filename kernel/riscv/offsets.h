// SPDX-License-Identifier: Apache-2.0
/*
 * offsets.h - where assembly finds fields; riscv/trap.c asserts every one.
 */
#ifndef KERNEL_RISCV_OFFSETS_H
#define KERNEL_RISCV_OFFSETS_H

#define TASK_KERNEL_STACK_TOP 0
#define TASK_USER_SP          8
#define TASK_USER_SINCE       16
#define TASK_USER_TICKS       24
#define TASK_WORK             32
#define TASK_CONTEXT          40
#define TASK_CPU              152

#define CPU_EMERGENCY_STACK 0

#define FRAME_PC     0
#define FRAME_STATUS 256
#define FRAME_ORIGINAL_A0 264
#define FRAME_SIZE   272
#define FRAME_REGISTER(number) ((number) * 8)

/* The restart codes that a system call may answer: kernel.h's, from -ERESTART_LAST on. */
#define ERESTART_LAST  514
#define ERESTART_CODES 3

#define SYSCALL_TABLE_SIZE 512

#endif
