// SPDX-License-Identifier: Apache-2.0
/*
 * smp.h - bringing up the other harts, and interrupts of a CPU.
 */
#ifndef KERNEL_SMP_SMP_H
#define KERNEL_SMP_SMP_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

/* Boot: gives the next CPU number to a hart, which belongs to a memory node. false: no memory. */
bool smp_add_cpu(uint64_t hart, unsigned int node, bool is_this);
/* Starts every other hart and waits until those that can be started are online, or given up: see arrivals.h. */
void smp_start_others(void);
/* Serves what is pending on this CPU: software, timer and external interrupts. */
void interrupts_serve(void);
/* Starts a hart that is stopped, with its idle task; it comes online by itself, or is given up. An SBI error.
 * Boot, or LOCK_RANK_HOTPLUG. */
int64_t smp_start_hart(struct cpu *cpu);
/* Whether one that was started is still on its way: to be asked again and again until it is not. As above. */
bool smp_is_starting(void);
/* panic: stops every other hart. */
void smp_stop_others(void);

#endif
