// SPDX-License-Identifier: Apache-2.0
/*
 * spinlock.h - a fair lock for short sections, and the rank checker.
 *
 * A ticket lock: whoever asked first gets it first. The kernel runs with interrupts off, so a
 * section is never interrupted; it must not sleep, touch user memory, or loop over anything
 * unbounded. A waiter pauses between looks, and rests when it takes longer.
 */
#ifndef KERNEL_SYNC_SPINLOCK_H
#define KERNEL_SYNC_SPINLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/sync/lock_rank.h"

struct spinlock {
	uint32_t next;    /* (a) the ticket the next comer draws */
	uint32_t serving; /* (a) the ticket that holds the lock */
#ifdef TAPER_CHECKED
	uint32_t rank;
	uint32_t holder; /* (a) CPU number + 1, 0 when free */
#endif
};

#ifdef TAPER_CHECKED
#define SPINLOCK_INIT(lock_rank) { .rank = (lock_rank) }
#else
#define SPINLOCK_INIT(lock_rank) { .next = 0 }
#endif

void spinlock_init(struct spinlock *lock, enum lock_rank rank);
/* Until the ticket is served: the slow half of spin_lock(). */
void spin_wait(const struct spinlock *lock, uint32_t ticket);
/* Takes the lock when it is free; never waits, and may go against the rank order. */
bool spin_trylock(struct spinlock *lock);
/* Takes two locks of one rank, the smaller address first; both may be the same lock. */
void spin_lock_pair(struct spinlock *a, struct spinlock *b);
void spin_unlock_pair(struct spinlock *a, struct spinlock *b);

/* The checked kernel's books; no-ops otherwise. A context may sleep when no spinlock is held;
 * may touch user memory when nothing of rank >= LOCK_RANK_ADDRESS_SPACE is held. */
#ifdef TAPER_CHECKED
void spin_lock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);
/* Whether this CPU holds the lock; always true in the unchecked kernel (for assertions only). */
bool spin_is_held(const struct spinlock *lock);
void lock_rank_acquire(enum lock_rank rank, const void *lock);
void lock_rank_note(enum lock_rank rank); /* as acquire, whatever the order */
void lock_rank_release(enum lock_rank rank, const void *lock);
void lock_check_may_sleep(void);
void lock_check_may_touch_user(void);
void lock_rank_forget(void); /* panic only */
#else
static inline void spin_lock(struct spinlock *lock)
{
	uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

	if (__builtin_expect(__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket, 0))
		spin_wait(lock, ticket);
}

static inline void spin_unlock(struct spinlock *lock)
{
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}

static inline bool spin_is_held(const struct spinlock *lock) { (void)lock; return true; }
static inline void lock_rank_acquire(enum lock_rank rank, const void *lock) { (void)rank; (void)lock; }
static inline void lock_rank_release(enum lock_rank rank, const void *lock) { (void)rank; (void)lock; }
static inline void lock_check_may_sleep(void) { }
static inline void lock_check_may_touch_user(void) { }
static inline void lock_rank_forget(void) { }
#endif

#endif
