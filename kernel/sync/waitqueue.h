// SPDX-License-Identifier: Apache-2.0
/*
 * waitqueue.h - tasks asleep until something is true.
 *
 * The waiter queues itself, declares that it sleeps, looks at its condition, and only then
 * gives up the CPU; the waker makes the condition true first and wakes after. So no wake-up is
 * lost. The wait_event macros do this; `condition` is evaluated several times, with no lock held.
 */
#ifndef KERNEL_SYNC_WAITQUEUE_H
#define KERNEL_SYNC_WAITQUEUE_H

#include <bsd/sys/queue.h>

#include "kernel/sched/sched.h"
#include "kernel/sync/spinlock.h"

struct waiter {
	TAILQ_ENTRY(waiter) link; /* (w) */
	struct task *task;        /* (i) whom to wake */
	struct waitqueue *queue;  /* (w) where it is queued, NULL when not; its task reads it without */
};

struct waitqueue {
	struct spinlock lock;                 /* (w) */
	TAILQ_HEAD(waiter_list, waiter) list; /* (w) first come, first woken */
};

#define WAITQUEUE_INIT(queue) \
	{ SPINLOCK_INIT(LOCK_RANK_WAITQUEUE), TAILQ_HEAD_INITIALIZER((queue).list) }

void waitqueue_init(struct waitqueue *queue);
/* Queues / unqueues the current task's waiter; remove is safe when it is not queued. */
void waitqueue_add(struct waitqueue *queue, struct waiter *waiter);
void waitqueue_remove(struct waiter *waiter);
/* Back to the tail, if wake_one took it off: before the condition is looked at again. The task's state is
 * TASK_RUNNING: asleep it could be woken and taken off, and forget that when it sets its state next. */
void waitqueue_rejoin(struct waitqueue *queue, struct waiter *waiter);
/* Wakes the first sleeper and takes it off the queue, so that the next to wake somebody does not pass by
 * all who were woken and have not run yet / wakes all of them, who stay queued until they remove
 * themselves. Cheap when nobody waits. Ranks below WAITQUEUE may be held. */
void waitqueue_wake_one(struct waitqueue *queue);
void waitqueue_wake_all(struct waitqueue *queue);
static inline bool waitqueue_is_empty(const struct waitqueue *queue)
{
	return __atomic_load_n(&queue->list.tqh_first, __ATOMIC_RELAXED) == NULL;
}

/* The common body. Answers 0 when the condition holds, -ERESTARTSYS when `state` is
 * TASK_INTERRUPTIBLE and a signal is pending, -ETIMEDOUT past deadline_ns (UINT64_MAX: never). */
#define wait_event_state(queue_, condition, state_, deadline_ns) \
({ \
	struct waiter waiter_ = { .task = current }; \
	int answer_ = 0; \
	if (!(condition)) { \
		bool woken_ = false; \
		waitqueue_add((queue_), &waiter_); \
		for (;;) { \
			task_set_state(state_); \
			if (condition) \
				break; \
			if (woken_) { /* in vain: look again once it is queued for certain, \
				       * and no wake-up takes it off before it looks */ \
				task_set_state(TASK_RUNNING); \
				waitqueue_rejoin((queue_), &waiter_); \
				woken_ = false; \
				continue; \
			} \
			answer_ = sched_sleep(deadline_ns); \
			if (answer_) \
				break; \
			woken_ = true; \
		} \
		task_set_state(TASK_RUNNING); \
		waitqueue_remove(&waiter_); \
	} \
	answer_; \
})

#define wait_event(queue, condition) \
	(void)wait_event_state(queue, condition, TASK_UNINTERRUPTIBLE, UINT64_MAX)
#define wait_event_interruptible(queue, condition) \
	wait_event_state(queue, condition, TASK_INTERRUPTIBLE, UINT64_MAX)
#define wait_event_until(queue, condition, deadline_ns) \
	wait_event_state(queue, condition, TASK_INTERRUPTIBLE, deadline_ns)

#endif
