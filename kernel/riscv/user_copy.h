// SPDX-License-Identifier: Apache-2.0
/*
 * user_copy.h - for the trap handler: faults of the kernel on user memory.
 */
#ifndef KERNEL_RISCV_USER_COPY_H
#define KERNEL_RISCV_USER_COPY_H

#include <stdint.h>

/* The first thing of every trap in the kernel: closes user memory (SSTATUS.SUM) until the trap
 * returns, and answers where to go on when a fault at `pc` on a user address cannot be resolved by
 * vm_fault(); 0: the kernel may not touch user memory there. */
uintptr_t user_copy_fixup(uintptr_t pc);

#endif
