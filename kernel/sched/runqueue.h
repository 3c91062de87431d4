// SPDX-License-Identifier: Apache-2.0
/*
 * runqueue.h - the tasks that wait for one CPU, in the order of their virtual time.
 *
 * Virtual time is CPU time divided by weight: whoever has had least of what it is due runs next
 * (start-time fair queueing). The queue's own virtual time never goes back; a task that slept
 * comes back at most one slice behind it, so sleep earns a quick start but no savings.
 *
 * runqueue.c is pure: it takes the time as an argument and touches nothing else, so the host drives
 * any number of queues through it.
 */
#ifndef KERNEL_SCHED_RUNQUEUE_H
#define KERNEL_SCHED_RUNQUEUE_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/sched/entity.h"
#include "kernel/sync/spinlock.h"

enum { SCHED_SLICE_NS = 3000000, SCHED_WAKE_GRANULARITY_NS = 500000 };

RB_HEAD(entity_tree, sched_entity);
LIST_HEAD(group_list, task_group);

/* (q) lock   (c) only this CPU   (a) written under the lock, read by anyone */
struct runqueue {
	struct spinlock lock;        /* LOCK_RANK_RUNQUEUE */
	struct task *running;        /* (q) */
	struct task *previous;       /* (c) who was switched away from */
	struct task *moving;         /* (q) was running and must go to another CPU */
	struct entity_tree waiting;  /* (q) */
	struct sched_entity *first;  /* (q) the least of them, NULL: none */
	uint32_t waiting_count;      /* (a) */
	uint64_t virtual_ns;         /* (q) */
	uint64_t load;               /* (a) weights of all on it, the running one too */
	struct group_list resting;   /* (q) groups that ran out of tasks here: sched/group.h */
	uint64_t rest_check_ns;      /* (q) when to look at them */
	uint64_t balance_ns;         /* (c) when to look for a less busy CPU */
	uint64_t switches;           /* (q) */
	uint64_t idle_ns;            /* (q) */
};

void runqueue_init(struct runqueue *queue);
/* Among the waiting, or no longer. */
void runqueue_insert(struct runqueue *queue, struct sched_entity *entity);
void runqueue_remove(struct runqueue *queue, struct sched_entity *entity);
/* The one that waits behind it; NULL: none. */
struct sched_entity *runqueue_next(struct sched_entity *entity);
/* The one that waits last; the one before it. NULL: none. */
struct sched_entity *runqueue_last(struct runqueue *queue);
struct sched_entity *runqueue_previous(struct sched_entity *entity);
/* A task that is not among the waiting weighs something else from now on. The CPU time that it has had
 * before its turn stays what it was; in virtual time that is less when more is due to it. */
void runqueue_reweigh(const struct runqueue *queue, struct sched_entity *entity, uint64_t weight);
/* The running entity has had CPU time since charged_ns, at its weight. Answers how much. */
uint64_t runqueue_charge(struct runqueue *queue, struct sched_entity *entity, uint64_t now_ns);
/* Comes from sleep, or from a queue whose virtual time was `from_virtual_ns`. */
void runqueue_place(struct runqueue *queue, struct sched_entity *entity);
void runqueue_carry(struct runqueue *to, struct sched_entity *entity, uint64_t from_virtual_ns);
/* Whether the first of the waiting should run now rather than `running`; on wake-up by a margin. */
bool runqueue_should_preempt(const struct runqueue *queue, const struct sched_entity *woken,
			     const struct sched_entity *running);

#endif
