// SPDX-License-Identifier: Apache-2.0
/*
 * pressure.h - cpu.pressure: for how long tasks of a node had to wait for a CPU.
 *
 * Every CPU has a clock of ticks about a millisecond apart, at random. What is so at a tick, who runs,
 * who waits on the queue or for a quota, is taken to be so for the tick's whole time, and counted in
 * the nodes above. No timer fires for it: between two events of the scheduler nothing changes, so the
 * first charge after a tick still finds what was so then. So an event costs a comparison, whatever the
 * depth, and the tree is walked at most a thousand times a second (docs/decisions/0009).
 *
 * A node is stalled on a CPU (some) while a task of its subtree waits there, and stalled fully while none
 * of it runs there besides; over several CPUs each counts as long as it had anything of the subtree to
 * do, as in Linux's PSI.
 */
#ifndef KERNEL_SCHED_PRESSURE_H
#define KERNEL_SCHED_PRESSURE_H

#include "kernel/kernel.h"
#include "kernel/smp/cpu.h"
#include "sysfs/sysfs.h"

struct task_group;

void pressure_tick(struct cpu *cpu, uint64_t now_ns);
/* Something is about to change on the CPU. Its queue's lock is held. */
static inline void pressure_note(struct cpu *cpu, uint64_t now_ns)
{
	if (unlikely(now_ns >= cpu->queue.tick_ns))
		pressure_tick(cpu, now_ns);
}

/* Brings a node's totals up to now. O(CPUs). With the tree's mutex. */
void pressure_collect(struct task_group *group);
/* A node's pressure up to now. O(CPUs). With the tree's mutex. */
void pressure_show(struct task_group *group, struct sysfs_pressure *pressure);

#endif
