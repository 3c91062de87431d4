// SPDX-License-Identifier: Apache-2.0
/*
 * kin.h - tasks that are owed and owe together on one CPU: see docs/decisions/0012.
 *
 * What all of a group together are owed, or owe, stays theirs when one of them goes to sleep or wakes: who leaves
 * leaves it to the others, who comes takes a part of it. So a group whose tasks work by turns has what a
 * group has whose only task works all the time. The same goes for the children of one group among each other, and
 * for all groups below one child of the root.
 */
#ifndef KERNEL_SCHED_KIN_H
#define KERNEL_SCHED_KIN_H

#include "kernel/kernel.h"
#include "kernel/sched/runqueue.h"

struct cpu;

/* runqueue_join() for a task that comes to `cpu`, whose queue's lock is held; its weight is set here. After a sleep
 * it takes its part of what its kin is owed there. */
void kin_join(struct cpu *cpu, struct sched_entity *entity, uint64_t now_ns);
/* kin_leave() where others than its kin count, too. */
void kin_leave_rivals(struct runqueue *queue, struct sched_entity *entity, uint64_t now_ns);

/* What its kin let it have for now is theirs again: not nothing. It is on the queue, not among the waiting. Its lock is
 * held. */
void kin_repay_advance(struct runqueue *queue, struct sched_entity *entity);

/* runqueue_leave() for one that could run and is moved, with the whole of its lag. Its queue's lock is held. */
static inline void kin_take_off(struct runqueue *queue, struct sched_entity *entity)
{
	if (unlikely(entity->advanced_ns))
		kin_repay_advance(queue, entity);
	runqueue_leave(queue, entity);
}

/* runqueue_leave() for one that goes to sleep or ends, when its group no longer counts it. Its queue's lock is held. */
static inline void kin_leave(struct runqueue *queue, struct sched_entity *entity, uint64_t now_ns)
{
	entity->slept_shares = entity->shares;
	if (entity->kin && entity->kin->weight != queue->load) {
		kin_leave_rivals(queue, entity, now_ns);
		return;
	}
	kin_take_off(queue, entity); /* where all are kin, they are owed nothing together */
	entity->lag_kind = LAG_OWN;
}

#endif
