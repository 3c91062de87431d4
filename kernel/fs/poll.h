// SPDX-License-Identifier: Apache-2.0
/*
 * poll.h - waiting for several files at once.
 *
 * A file's poll operation calls poll_wait() for each queue that will say when its answer changes,
 * and then answers what is ready now. It never sleeps.
 */
#ifndef KERNEL_FS_POLL_H
#define KERNEL_FS_POLL_H

#include "kernel/sync/waitqueue.h"

enum { POLL_WAITERS_INLINE = 8 };

struct poll_waiters {
	struct poll_waiters *next;
	unsigned int count;
	struct waiter waiters[POLL_WAITERS_INLINE];
};

/* On the stack of the task that polls. */
struct poll_table {
	struct poll_waiters first;
	struct poll_waiters *last; /* where there may be room; NULL: queue nothing, only look */
	int error;                 /* -ENOMEM: a queue is missing */
};

void poll_begin(struct poll_table *table);
void poll_end(struct poll_table *table); /* leaves every queue */
void poll_wait(struct poll_table *table, struct waitqueue *queue);

#endif
