// SPDX-License-Identifier: Apache-2.0
/*
 * lock_rank.c - the checked kernel's books: which ranks are held.
 *
 * Spinlocks belong to a CPU (the run queue's is taken by one task and released by the next), mutexes
 * to a task. So each has its own record, and no lock guards either.
 */
#ifdef TAPER_CHECKED
#include "kernel/kernel.h"
#include "kernel/smp/cpu.h"
#include "kernel/sync/spinlock.h"

struct held_spinlocks {
	uint8_t count[LOCK_RANK_COUNT];
	uint32_t ranks; /* one bit a rank whose count is not 0 */
};

static struct held_spinlocks held[NR_CPUS]; /* only this CPU */

static bool is_mutex(enum lock_rank rank)
{
	return rank < LOCK_RANK_FIRST_SPINLOCK;
}

void lock_rank_note(enum lock_rank rank)
{
	struct held_spinlocks *mine = &held[this_cpu()->id];

	if (is_mutex(rank)) {
		current->held_mutexes |= 1U << rank;
		return;
	}
	mine->count[rank]++;
	mine->ranks |= 1U << rank;
}

void lock_rank_acquire(enum lock_rank rank, const void *lock)
{
	uint32_t ranks = held[this_cpu()->id].ranks | current->held_mutexes;

	if (ranks >> rank)
		panic("lock order: %p of rank %d is taken while ranks 0x%x are held", lock, rank,
		      ranks);
	lock_rank_note(rank);
}

void lock_rank_release(enum lock_rank rank, const void *lock)
{
	struct held_spinlocks *mine = &held[this_cpu()->id];

	(void)lock;
	if (is_mutex(rank)) {
		kassert(current->held_mutexes & 1U << rank);
		current->held_mutexes &= ~(1U << rank);
		return;
	}
	kassert(mine->count[rank]);
	if (--mine->count[rank] == 0)
		mine->ranks &= ~(1U << rank);
}

void lock_check_may_sleep(void)
{
	uint32_t ranks = held[this_cpu()->id].ranks;

	if (ranks)
		panic("lock order: a task sleeps while spinlocks of ranks 0x%x are held", ranks);
}

void lock_check_may_touch_user(void)
{
	uint32_t ranks = held[this_cpu()->id].ranks | current->held_mutexes;

	if (ranks >> LOCK_RANK_ADDRESS_SPACE)
		panic("lock order: user memory is touched while ranks 0x%x are held", ranks);
}

/* So that a panic inside a locked section can still log. */
void lock_rank_forget(void)
{
	held[this_cpu()->id] = (struct held_spinlocks){ .ranks = 0 };
	current->held_mutexes = 0;
}
#endif
