// SPDX-License-Identifier: Apache-2.0
/*
 * charge.h - who has caused which memory: pages are charged to groups with limits.
 *
 * A charge is a group and a kind in 32 bits, kept with what is charged (struct page, a task's
 * stack), so that giving it back needs no search. A group counts itself and the groups below.
 * Each CPU keeps a few charges in stock that are counted already: see charge.c.
 *
 * Charging never sleeps and waits for nobody. A refused charge is remembered in the current task,
 * whose operation is undone with -ENOMEM; where no lock is held any more, room is made and the
 * operation done again (kernel/sched/tree_memory.c).
 *
 * Fields: (i) fixed   (a) atomic   (t) the tree mutex
 */
#ifndef KERNEL_MM_CHARGE_H
#define KERNEL_MM_CHARGE_H

#include "kernel/kernel.h"
#include "kernel/mm/page.h"
#include "kernel/mm/percpu.h"
#include "kernel/proc/task.h"

struct cg_node;

enum charge_kind {
	CHARGE_ANON,   /* pages of private memory */
	CHARGE_FILE,   /* pages of files in memory and of shared memory */
	CHARGE_STACK,  /* kernel stacks */
	CHARGE_TABLE,  /* user page tables */
	CHARGE_KERNEL, /* other pages of the kernel's: pipes, indexes of shared memory */
	CHARGE_KINDS,
};

struct memory_group {
	struct memory_group *parent;  /* (i) with a reference; NULL: the root */
	uint32_t references;          /* (a) its node, tasks, children; each page charged to it */
	uint32_t relieved;            /* (a) how often somebody who was killed here has gone */
	uint64_t usage;               /* (a) pages, here and below, what is in stock too */
	uint64_t max;                 /* (a) pages */
	uint64_t peak;                /* (a) the most that usage has been */
	uint64_t kinds[CHARGE_KINDS]; /* (a) usage by kind */
	struct cg_node *node;         /* (t) NULL: removed */
};

void charge_init(void); /* boot */
/* Below `parent` (NULL: the root), one reference, no limit. NULL: no memory. */
struct memory_group *memory_group_create(struct memory_group *parent);
void memory_group_get(struct memory_group *group);
void memory_group_put(struct memory_group *group);
/* Takes what is charged to the group or below, and nobody has, out of all stocks. */
void memory_group_drain(struct memory_group *group);

/* A task's charges go to `group` from now on (NULL: to nobody). Takes the task's lock. */
void memory_set_group(struct task *task, struct memory_group *group);

/* ---- charging: the common case is a word of this CPU's stock ---- */

enum {
	CHARGE_STOCK_MAX = 64, /* pages of one charge that a CPU keeps */
	CHARGE_GROUP_SHIFT = 5, /* groups are aligned to 256 bytes: eight kinds a group */
};

/* What is not the common case below; `pages` go where there is no room for them. */
int charge_slowly(enum charge_kind kind, uint32_t pages, uint32_t *charge);
void charge_put_slowly(uint32_t charge, uint32_t pages);

static inline uint32_t charge_of(const struct memory_group *group, enum charge_kind kind)
{
	return (uint32_t)((uintptr_t)group >> CHARGE_GROUP_SHIFT) | kind;
}

static inline uint64_t *charge_stock(struct memory_cpu *memory, uint32_t charge)
{
	return &memory->charges[charge % CHARGE_STOCKS];
}

static inline bool charge_exchange(uint64_t *stock, uint64_t *word, uint64_t new_word)
{
	return __atomic_compare_exchange_n(stock, word, new_word, false, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED);
}

/* Whether the stock had so many pages of it. With another charge in it, the difference is large. */
static inline bool charge_take(uint32_t charge, uint32_t pages)
{
	struct memory_cpu *memory = this_cpu()->magazines;
	if (unlikely(!memory))
		return false;
	uint64_t *stock = charge_stock(memory, charge);
	uint64_t word = __atomic_load_n(stock, __ATOMIC_RELAXED);
	uint64_t left = word - ((uint64_t)charge << 32) - pages;
	return likely(left < CHARGE_STOCK_MAX) && likely(charge_exchange(stock, &word, word - pages));
}

/* Counted pages go into the stock. */
static inline void charge_put(uint32_t charge, uint32_t pages)
{
	struct memory_cpu *memory = this_cpu()->magazines;
	if (likely(memory)) {
		uint64_t *stock = charge_stock(memory, charge);
		uint64_t word = __atomic_load_n(stock, __ATOMIC_RELAXED);
		uint64_t has = word - ((uint64_t)charge << 32);
		if (likely(has <= CHARGE_STOCK_MAX - pages) &&
		    likely(charge_exchange(stock, &word, word + pages)))
			return;
	}
	charge_put_slowly(charge, pages);
}

/* Charges up to CHARGE_STOCK_MAX pages to the current task's group: 0 and *charge (0: there is none to
 * charge), or -ENOMEM. Ranks below LOCK_RANK_TASK may be held. */
static inline int memory_charge(enum charge_kind kind, uint32_t pages, uint32_t *charge)
{
	*charge = charge_of(__atomic_load_n(&current->memory, __ATOMIC_RELAXED), kind);
	return likely(charge_take(*charge, pages)) ? 0 : charge_slowly(kind, pages, charge);
}

static inline void memory_uncharge(uint32_t charge, uint32_t pages)
{
	if (charge)
		charge_put(charge, pages);
}

/* A page that was just allocated (order 0; NULL is answered with NULL), charged until it is freed;
 * NULL: refused, and the page is gone. */
static inline struct page *page_charged(struct page *page, enum charge_kind kind)
{
	if (unlikely(!page) || likely(!memory_charge(kind, 1, &page->charge)))
		return page;
	page_put(page);
	return NULL;
}

/* For page_release(). */
static inline void page_uncharge(struct page *page)
{
	uint32_t charge = page->charge;
	if (!charge)
		return;
	page->charge = 0;
	charge_put(charge, 1);
}

/* The copy stands in for a charged page from now on: charged as that is, at once even above the limit,
 * for the page goes (or others keep it). */
void page_charge_copy(struct page *copy, const struct page *page);

/* Takes note of the refusal that the current task met: the group with a reference, and how often it
 * had been relieved then; NULL: none. */
struct memory_group *memory_take_refusal(uint32_t *relieved);

#endif
