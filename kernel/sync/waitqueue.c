// SPDX-License-Identifier: Apache-2.0
/*
 * waitqueue.c - see waitqueue.h for the protocol.
 *
 * A waker must see a waiter that queued itself before looking at the condition: both sides put a
 * full barrier between their store and their load (task_set_state here, wake below).
 */
#include "kernel/kernel.h"
#include "kernel/proc/task.h"
#include "kernel/riscv/csr.h"
#include "kernel/sync/waitqueue.h"

void waitqueue_init(struct waitqueue *queue)
{
	spinlock_init(&queue->lock, LOCK_RANK_WAITQUEUE);
	TAILQ_INIT(&queue->list);
}

/* The last that is done to it: when its task sees it off the queue, it is the task's alone. */
static void take_off(struct waitqueue *queue, struct waiter *waiter)
{
	TAILQ_REMOVE(&queue->list, waiter, link);
	__atomic_store_n(&waiter->queue, NULL, __ATOMIC_RELEASE);
}

void waitqueue_add(struct waitqueue *queue, struct waiter *waiter)
{
	spin_lock(&queue->lock);
	waiter->queue = queue;
	TAILQ_INSERT_TAIL(&queue->list, waiter, link);
	spin_unlock(&queue->lock);
}

void waitqueue_remove(struct waiter *waiter)
{
	struct waitqueue *queue = __atomic_load_n(&waiter->queue, __ATOMIC_ACQUIRE);

	if (!queue)
		return;
	spin_lock(&queue->lock);
	if (waiter->queue)
		take_off(queue, waiter);
	spin_unlock(&queue->lock);
}

void waitqueue_rejoin(struct waitqueue *queue, struct waiter *waiter)
{
	kcheck(current->state == TASK_RUNNING);
	spin_lock(&queue->lock);
	if (!waiter->queue) {
		waiter->queue = queue;
		TAILQ_INSERT_TAIL(&queue->list, waiter, link);
	}
	spin_unlock(&queue->lock);
}

void waitqueue_wake_one(struct waitqueue *queue)
{
	full_barrier();
	if (waitqueue_is_empty(queue))
		return;
	spin_lock(&queue->lock);
	for (struct waiter *waiter = TAILQ_FIRST(&queue->list); waiter;
	     waiter = TAILQ_NEXT(waiter, link)) {
		if (!sched_wake(waiter->task))
			continue; /* awake already and on its way out */
		take_off(queue, waiter);
		break;
	}
	spin_unlock(&queue->lock);
}

void waitqueue_wake_all(struct waitqueue *queue)
{
	struct waiter *waiter;

	full_barrier();
	if (waitqueue_is_empty(queue))
		return;
	spin_lock(&queue->lock);
	TAILQ_FOREACH(waiter, &queue->list, link)
		sched_wake(waiter->task);
	spin_unlock(&queue->lock);
}
