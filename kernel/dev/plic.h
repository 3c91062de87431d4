// SPDX-License-Identifier: Apache-2.0
/*
 * plic.h - external interrupts, through platform-level interrupt controllers (RISC-V PLIC
 * specification 1.0.0). A machine of several sockets has one in each, for the CPUs of that socket.
 *
 * Of a controller's CPUs one serves all its interrupts: the first that comes, until it goes offline or
 * becomes quiet (sched/isolation.h) while another is not.
 * While a controller has no CPU its interrupts stay pending.
 */
#ifndef KERNEL_DEV_PLIC_H
#define KERNEL_DEV_PLIC_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

enum { PLIC_MAX = 8 };

/* Interrupts are numbered over all controllers. */
enum { INTERRUPT_NONE = 0 };

/* Before the other CPUs start. The controller's number; -ENOSPC: too many. */
int plic_add(uintptr_t registers, uint32_t source_count);
/* The number of a controller's source; INTERRUPT_NONE when it has no such source. */
uint32_t plic_interrupt(int controller, uint32_t source);
/* At boot. Has the interrupt call handler(argument), with no locks held where interrupts are served.
 * 0; -EINVAL no interrupt; -EBUSY taken. */
int interrupt_register(uint32_t interrupt, void (*handler)(void *), void *argument);

/* The running CPU begins to take part, and ceases to; it may become or have been the one that serves. */
void plic_join(void);
void plic_leave(void);
/* The running CPU is quiet: another serves, if the controller has one that is not. */
void plic_yield(void);
/* Whether the CPU serves a controller now. */
bool plic_is_server(const struct cpu *cpu);
/* Serves all that are pending and this CPU's to serve. */
void plic_serve(void);

#endif
