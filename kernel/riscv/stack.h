// SPDX-License-Identifier: Apache-2.0
/*
 * stack.h - kernel stacks: KERNEL_STACK_SIZE bytes each, above as much that is never mapped.
 */
#ifndef KERNEL_RISCV_STACK_H
#define KERNEL_RISCV_STACK_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

/* The lowest usable address of a stack, not zeroed; 0: no memory. Takes LOCK_RANK_STACK. */
uintptr_t stack_alloc(void);
/* This CPU is about to switch to another stack. */
void stack_arrive(struct cpu *cpu);
/* A page fault in the kernel: whether it was only that this hart did not know of a stack yet; it does now. */
bool stack_mend(uintptr_t address);
/* Nobody may stand on it any more. */
void stack_free(uintptr_t stack);
/* Boot, after paging_init(). */
void stack_init(void);

#endif
