// SPDX-License-Identifier: Apache-2.0
/*
 * plic.h - external interrupts, through the platform-level interrupt controller (RISC-V PLIC
 * specification 1.0.0). They are all served by one CPU: the one that boots,
 * until it goes offline.
 */
#ifndef KERNEL_DEV_PLIC_H
#define KERNEL_DEV_PLIC_H

#include <stdint.h>

/* `context` is the number of the boot CPU's supervisor context. */
void plic_init(uintptr_t registers, uint32_t source_count, uint32_t context);
/* Routes a source to handler(argument), called with no locks held where interrupts are served.
 * 0; -EINVAL no such source or no controller; -EBUSY taken. */
int interrupt_register(unsigned int source, void (*handler)(void *), void *argument);
/* If `from` serves them, `to` does from now on: contexts of two CPUs. */
void plic_move_from(uint32_t from, uint32_t to);
/* Serves all that are pending. */
void plic_serve(void);

#endif
