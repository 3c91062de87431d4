// SPDX-License-Identifier: Apache-2.0
/*
 * bandwidth.h - cpu.max enforced.
 *
 * A node with a quota is a limiter; every node knows the nearest one from itself up, and each limiter
 * the next above. A task under none pays one look at a pointer. One under some is charged to each of
 * them, from a slice that its CPU took from the limiter's pool (sched/quota.h). When a slice and its
 * pool are used up the task is told to wait: on its way back to user mode, where it holds nothing, it
 * sleeps until the pool has something again. So a throttled task is neither on a queue nor in anybody's
 * way.
 *
 * docs/decisions/0005 has the reasons.
 */
#ifndef KERNEL_SCHED_BANDWIDTH_H
#define KERNEL_SCHED_BANDWIDTH_H

#include <stdint.h>

#include "kernel/kernel.h"
#include "kernel/sched/group.h"
#include "kernel/proc/task.h"

struct cpu;

/* Quotas are for the fair ones, as in Linux. */
static inline struct task_group *bandwidth_limiter(const struct task *task)
{
	return task->class.urgent ? NULL : task->entity.limiter;
}

/* One task's wait for one limiter, on its stack. Both groups are referenced: it may be moved away.
 * (Q) the limiter's quota_lock   (q) the run-queue lock of `cpu`   (c) only the task */
struct throttle {
	TAILQ_ENTRY(throttle) link;    /* (Q) among the limiter's waiters */
	LIST_ENTRY(throttle) cpu_link; /* (q) among those of the CPU */
	struct task *task;
	struct task_group *limiter; /* (c) that has nothing left; NULL: it does not wait yet */
	struct task_group *account; /* (c) whose task waits */
	unsigned int cpu;           /* (c) where it would run */
	uint64_t until_ns;          /* (c) */
};

/* The task, which runs on cpu, has had so much CPU time. The queue's lock is held. */
void bandwidth_charge_limited(struct cpu *cpu, struct task *task, uint64_t had_ns, uint64_t now_ns);
static inline void bandwidth_charge(struct cpu *cpu, struct task *task, uint64_t had_ns, uint64_t now_ns)
{
	if (unlikely(task->entity.limiter != NULL))
		bandwidth_charge_limited(cpu, task, had_ns, now_ns);
}

/* This CPU goes from one task to another, or begins the same one's turn anew. Its queue's lock is
 * held, `previous` has been charged. */
void bandwidth_switch_limited(struct cpu *cpu, struct task *previous, struct task *next, uint64_t now_ns);
static inline void bandwidth_switch(struct cpu *cpu, struct task *previous, struct task *next,
				    uint64_t now_ns)
{
	if (unlikely(previous->entity.limiter || next->entity.limiter))
		bandwidth_switch_limited(cpu, previous, next, now_ns);
}

/* This CPU's timer: renews a slice that is used up. */
void bandwidth_timer(struct cpu *cpu, uint64_t now_ns);
/* The task, charged so far, is under the limits of its account's from now on. Its lock and its queue's
 * are held. Afterwards, with neither: one that waits looks again. */
void bandwidth_enter(struct cpu *cpu, struct task *task);
void bandwidth_look_again(struct task *task);
/* On the way to user mode with WORK_THROTTLE set: waits for the quotas, or for a signal. */
void bandwidth_wait(void);

/* A new node, under its parent (NULL: the root). With the tree's mutex. */
void bandwidth_init(struct task_group *group, const struct task_group *parent);
/* The node's settings changed: every member below has to enter it anew. O(CPUs + nodes below). With the
 * tree's mutex. */
void bandwidth_publish(struct cg_node *node);
/* For cpu.stat and cpu.stat.local. With the tree's mutex. */
void bandwidth_stat(struct task_group *group, struct sysfs_cpu_bandwidth *stat);

#endif
