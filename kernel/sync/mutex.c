// SPDX-License-Identifier: Apache-2.0
/*
 * mutex.c - see mutex.h. Whoever comes first after a release gets the lock, the woken waiter or
 * a newcomer: a hand-over would make every contended section wait for a context switch.
 */
#include "kernel/kernel.h"
#include "kernel/proc/task.h"
#include "kernel/sync/mutex.h"

void mutex_init(struct mutex *mutex, enum lock_rank rank)
{
	mutex->owner = NULL;
	waitqueue_init(&mutex->waiters);
#ifdef TAPER_CHECKED
	mutex->rank = rank;
#else
	(void)rank;
#endif
}

static bool take(struct mutex *mutex)
{
	struct task *nobody = NULL;

	return __atomic_compare_exchange_n(&mutex->owner, &nobody, current, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

void mutex_lock(struct mutex *mutex)
{
#ifdef TAPER_CHECKED
	lock_check_may_sleep();
	lock_rank_acquire(mutex->rank, mutex);
#endif
	if (unlikely(!take(mutex)))
		wait_event(&mutex->waiters, take(mutex));
}

void mutex_unlock(struct mutex *mutex)
{
	kcheck(mutex_is_held(mutex));
#ifdef TAPER_CHECKED
	lock_rank_release(mutex->rank, mutex);
#endif
	__atomic_store_n(&mutex->owner, NULL, __ATOMIC_RELEASE);
	waitqueue_wake_one(&mutex->waiters);
}

bool mutex_is_held(const struct mutex *mutex)
{
	return __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED) == current;
}
