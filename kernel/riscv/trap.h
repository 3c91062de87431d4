// SPDX-License-Identifier: Apache-2.0
/*
 * trap.h - the registers of user mode as the kernel saved them, at the top of the task's kernel
 * stack. entry.S knows the offsets.
 */
#ifndef KERNEL_RISCV_TRAP_H
#define KERNEL_RISCV_TRAP_H

#include <stdint.h>

struct trap_frame {
	union {
		uint64_t x[32]; /* x[0] holds the pc to return to */
		struct {
			uint64_t pc, ra, sp, gp, tp, t0, t1, t2, s0, s1;
			uint64_t a[8];
			uint64_t s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6;
		};
	};
	uint64_t status;      /* sstatus */
	uint64_t original_a0; /* for restarting a system call */
};
_Static_assert(sizeof(struct trap_frame) == 34 * 8, "entry.S");

/* Registers that switch.S keeps for a task that is off its CPU. */
struct context {
	uint64_t ra, sp, s[12];
};

struct fpu_state {
	uint64_t f[32];
	uint64_t fcsr;
};

struct task;
static inline struct trap_frame *task_frame(struct task *task); /* kernel/proc/task.h */

#endif
