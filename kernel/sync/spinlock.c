// SPDX-License-Identifier: Apache-2.0
/*
 * spinlock.c - ticket locks: see spinlock.h.
 */
#include "kernel/dev/machine.h"
#include "kernel/kernel.h"
#include "kernel/riscv/csr.h"
#include "kernel/smp/cpu.h"
#include "kernel/sync/spinlock.h"

enum { LOOKS_BEFORE_REST = 200, RESTS_A_SECOND = 100000 };

void spinlock_init(struct spinlock *lock, enum lock_rank rank)
{
	*lock = (struct spinlock)SPINLOCK_INIT(rank);
	(void)rank;
}

/* Whom the lock waits for may itself be without a processor, where harts are emulated or shared:
 * ours must not keep it from one. The timer alone ends the rest; what it was set to comes back. */
static void rest(void)
{
	uint64_t enabled, deadline;

	if (!machine.has_stimecmp) {
		cpu_pause();
		return;
	}
	enabled = csr_read(sie);
	deadline = csr_read(CSR_STIMECMP);
	csr_write(CSR_STIMECMP, time_ticks() + machine.timebase_hz / RESTS_A_SECOND);
	csr_write(sie, INTERRUPT_TIMER);
	wait_for_interrupt();
	csr_write(CSR_STIMECMP, deadline);
	csr_write(sie, enabled);
}

void spin_wait(const struct spinlock *lock, uint32_t ticket)
{
	for (unsigned int looks = 0; __atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket; looks++) {
		if (looks < LOOKS_BEFORE_REST)
			cpu_pause();
		else
			rest();
	}
}

#ifdef TAPER_CHECKED
static void note_acquired(struct spinlock *lock)
{
	__atomic_store_n(&lock->holder, this_cpu()->id + 1, __ATOMIC_RELAXED);
}

bool spin_is_held(const struct spinlock *lock)
{
	return __atomic_load_n(&lock->holder, __ATOMIC_RELAXED) == this_cpu()->id + 1;
}

/* Waits for the lock, its rank noted already. */
static void acquire(struct spinlock *lock)
{
	uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

	if (unlikely(__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket))
		spin_wait(lock, ticket);
	note_acquired(lock);
}

void spin_lock(struct spinlock *lock)
{
	lock_rank_acquire(lock->rank, lock);
	acquire(lock);
}

void spin_unlock(struct spinlock *lock)
{
	kassert(spin_is_held(lock));
	__atomic_store_n(&lock->holder, 0, __ATOMIC_RELAXED);
	lock_rank_release(lock->rank, lock);
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}
#endif

bool spin_trylock(struct spinlock *lock)
{
	uint32_t serving = __atomic_load_n(&lock->serving, __ATOMIC_RELAXED);

	if (!__atomic_compare_exchange_n(&lock->next, &serving, serving + 1, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	/* The ticket is ours and was being served already. */
#ifdef TAPER_CHECKED
	lock_rank_note(lock->rank);
	note_acquired(lock);
#endif
	return true;
}

void spin_lock_pair(struct spinlock *a, struct spinlock *b)
{
	struct spinlock *first = a < b ? a : b, *second = a < b ? b : a;

	spin_lock(first);
	if (first == second)
		return;
#ifdef TAPER_CHECKED
	kassert(first->rank == second->rank);
	lock_rank_note(second->rank);
	acquire(second);
#else
	spin_lock(second);
#endif
}

void spin_unlock_pair(struct spinlock *a, struct spinlock *b)
{
	spin_unlock(a);
	if (a != b)
		spin_unlock(b);
}
