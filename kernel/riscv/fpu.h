// SPDX-License-Identifier: Apache-2.0
/*
 * fpu.h - floating-point registers. The kernel itself never uses them.
 *
 * A program starts with the FPU off; its first floating-point instruction traps and switches it
 * on, so a task that never computes with floats never pays. While a task is on its CPU its
 * registers are in the FPU; when they are dirty (sstatus.FS of its frame) they are saved as it
 * leaves. fpu_load() at the switch brings them back.
 */
#ifndef KERNEL_RISCV_FPU_H
#define KERNEL_RISCV_FPU_H

#include "kernel/riscv/trap.h"

/* Makes current->fpu what the registers hold (fork, signal frames). Fine when the FPU is unused. */
void fpu_sync(void);
/* Makes the registers what current->fpu holds, with the FPU on: after current->fpu was written (rt_sigreturn). */
void fpu_reload(void);
/* exec: off, and zero when switched on. */
void fpu_reset(void);
/* An illegal instruction with the FPU off: switches it on and answers true (run it again). */
bool fpu_enable(struct trap_frame *frame);

/* sched/core.c, around a switch. */
void fpu_leave(struct task *previous);
void fpu_enter(struct task *next);

/* fpu_registers.S */
void fpu_store_registers(struct fpu_state *state);
void fpu_load_registers(const struct fpu_state *state);

#endif
