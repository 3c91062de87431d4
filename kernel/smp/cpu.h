// SPDX-License-Identifier: Apache-2.0
/*
 * cpu.h - per-CPU data. CPU numbers follow the device tree's order; hart IDs are the machine's.
 */
#ifndef KERNEL_SMP_CPU_H
#define KERNEL_SMP_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "cgroups/cpumask.h"
#include "kernel/proc/task.h"
#include "kernel/sched/runqueue.h"
#include "kernel/smp/timer.h"

enum ipi_kind { IPI_RESCHED = 1, IPI_STOP = 2, IPI_TIMER = 4, IPI_SETTLE = 8 };

struct cpu {
	uintptr_t emergency_stack_top; /* (i) where an overflowed kernel stack reports from; entry.S */
	unsigned int id;            /* (i) */
	uint64_t hart;              /* (i) */
	int32_t interrupt_context;  /* (i) of its interrupt controller; -1: none */
	uint8_t interrupt_controller; /* (i) */
	uint16_t node;              /* (i) its memory node */
	bool leaving;               /* (a) its idle task stops the hart: smp/hotplug.c */
	struct task *idle;          /* (i) */
	struct address_space *active_space; /* only this CPU */
	uint32_t ipi;               /* (a) pending enum ipi_kind */
	struct cpu *ipi_next;       /* whoever made `ipi` not 0 */
	struct cpu *ipi_first;      /* only this CPU: whom to send one */
	struct runqueue queue;
	struct waitqueue switched;  /* who waits for a task to leave this CPU */
	struct timer_base timers;
	uint32_t stack_generation;  /* only this CPU: of the kernel stacks that it knows of */
	struct cpu *keeper;         /* (a) does what this CPU is kept from: sched/isolation.h; NULL: itself */
	uint32_t unsettled;         /* (a) has a keeper and has not given away everything yet */
	uint64_t interrupts, ipis;  /* only this CPU writes */
	void *magazines;            /* only this CPU: the slab's per-CPU stock */
};

extern struct cpu *cpu_table[NR_CPUS]; /* (i) NULL where there is none */
extern unsigned int cpu_count;         /* (i) possible CPUs: 0..cpu_count-1 */
extern struct cpumask cpu_possible;    /* (i) */
extern struct cpumask cpu_online;      /* (a) */

/* The running CPU. A task keeps it until it calls schedule(). */
static inline struct cpu *this_cpu(void) { return current->cpu; }

/* Whether a CPU is in a mask that others read and change meanwhile; orders nothing else. */
static inline void cpu_mark(struct cpumask *mask, unsigned int id, bool is_in)
{
	uint64_t *word = &mask->bits[id / CPUMASK_WORD_BITS], bit = (uint64_t)1 << id % CPUMASK_WORD_BITS;

	if (is_in == (bool)(__atomic_load_n(word, __ATOMIC_RELAXED) & bit))
		return;
	if (is_in)
		__atomic_fetch_or(word, bit, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(word, ~bit, __ATOMIC_RELAXED);
}

/* Interrupts another CPU, once this one is on its way out of the kernel or about to switch: the other
 * would only wait for the locks that the sender holds. The current task is to do that: in schedule(), where
 * it is leaving, flush. */
void cpu_send_ipi(struct cpu *cpu, enum ipi_kind kind);
void cpu_flush_ipis(void);

#endif
