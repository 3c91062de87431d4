// SPDX-License-Identifier: Apache-2.0
/*
 * poll.c - the queues that one poll waits in: a few on the stack, more from the heap.
 */
#include "kernel/fs/poll.h"

#include "kernel/kernel.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"

void poll_begin(struct poll_table *table)
{
	table->first.next = NULL;
	table->first.count = 0;
	table->last = &table->first;
	table->error = 0;
}

void poll_wait(struct poll_table *table, struct waitqueue *queue)
{
	struct poll_waiters *waiters = table->last;

	if (!waiters)
		return;
	if (waiters->count == POLL_WAITERS_INLINE) {
		waiters = kmalloc(sizeof(*waiters));
		if (!waiters) {
			table->error = -ENOMEM;
			return;
		}
		waiters->next = NULL;
		waiters->count = 0;
		table->last->next = waiters;
		table->last = waiters;
	}
	struct waiter *waiter = &waiters->waiters[waiters->count++];

	*waiter = (struct waiter){ .task = current };
	waitqueue_add(queue, waiter);
}

void poll_end(struct poll_table *table)
{
	struct poll_waiters *waiters = &table->first;

	while (waiters) {
		struct poll_waiters *next = waiters->next;

		for (unsigned int i = 0; i < waiters->count; i++)
			waitqueue_remove(&waiters->waiters[i]);
		if (waiters != &table->first)
			kfree(waiters);
		waiters = next;
	}
}
