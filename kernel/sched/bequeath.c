// SPDX-License-Identifier: Apache-2.0
/*
 * bequeath.c - what a task is owed or owes when it ends: see docs/decisions/0004.
 */
#include "kernel/kernel.h"
#include "kernel/sched/core.h"
#include "kernel/smp/cpu.h"

/* What one has who waited for one request beside an equal. */
enum { BEQUEATHED_MAX_NS = SCHED_SLICE_NS / 2 };

/* This CPU's queue is locked. */
static bool is_akin(const struct task *heir)
{
	return heir->cpu == this_cpu() && !heir->class.urgent && !current->class.urgent &&
	       heir->entity.group == current->entity.group;
}

/* To one that waits here. */
static void hand_over(struct runqueue *queue, struct task *heir)
{
	runqueue_remove(queue, &heir->entity);
	runqueue_hand_over(queue, &current->entity, &heir->entity);
	runqueue_insert(queue, &heir->entity);
}

/* To one that sleeps. The current task takes its own out of the queue when it leaves that for good, so in the
 * end nobody else has more or less. */
static void add_lag(struct runqueue *queue, struct sched_entity *heir, uint64_t now_ns)
{
	int64_t lag_ns = runqueue_lag(queue, &current->entity);

	runqueue_repay(heir, queue, now_ns);
	lag_ns = MIN(heir->lag_ns + lag_ns, (int64_t)BEQUEATHED_MAX_NS);
	heir->lag_ns = MAX(lag_ns, -(int64_t)BEQUEATHED_MAX_NS);
	heir->left_virtual_ns = queue->virtual_ns;
}

void sched_bequeath(struct task *heir)
{
	struct runqueue *queue = &this_cpu()->queue;

	if (__atomic_load_n(&heir->cpu, __ATOMIC_RELAXED) != this_cpu())
		return; /* nor are others' locks taken for it */
	spin_lock(&heir->lock);
	spin_lock(&queue->lock);
	if (is_akin(heir)) {
		uint64_t now = time_now_ns();

		sched_charge(queue, current, now);
		if (heir->on_queue)
			hand_over(queue, heir);
		else
			add_lag(queue, &heir->entity, now);
	}
	spin_unlock(&queue->lock);
	spin_unlock(&heir->lock);
}
