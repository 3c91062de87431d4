// SPDX-License-Identifier: Apache-2.0
/*
 * mutex.h - a lock whose waiters sleep.
 *
 * Free and uncontended it is one atomic exchange. The owner may sleep, touch user memory (when
 * its rank allows) and take locks of greater rank. Not recursive.
 */
#ifndef KERNEL_SYNC_MUTEX_H
#define KERNEL_SYNC_MUTEX_H

#include "kernel/sync/waitqueue.h"

struct mutex {
	struct task *owner;      /* (a) NULL when free */
	struct waitqueue waiters;
#ifdef TAPER_CHECKED
	enum lock_rank rank;
#endif
};

#ifdef TAPER_CHECKED
#define MUTEX_INIT(mutex, lock_rank) { NULL, WAITQUEUE_INIT((mutex).waiters), (lock_rank) }
#else
#define MUTEX_INIT(mutex, lock_rank) { NULL, WAITQUEUE_INIT((mutex).waiters) }
#endif

void mutex_init(struct mutex *mutex, enum lock_rank rank);
void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
bool mutex_is_held(const struct mutex *mutex); /* by the current task */

#endif
