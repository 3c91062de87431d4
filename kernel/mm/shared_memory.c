// SPDX-License-Identifier: Apache-2.0
/*
 * shared_memory.c - a sparse array of pages in two levels: chunks of PAGE_SIZE hold the pages'
 * addresses and are made when first needed.
 *
 * Locks: the object's own (LOCK_RANK_PAGE_CACHE); nothing sleeps.
 */
#include "kernel/mm/shared_memory.h"

#include "kernel/mm/charge.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/user_page.h"
#include "kernel/sync/spinlock.h"

enum { CHUNK_PAGES = PAGE_SIZE / sizeof(struct page *) };

struct shared_memory {
	uint32_t references;    /* (a) */
	struct spinlock lock;   /* (l) */
	uint64_t page_count;    /* (i) */
	struct page **chunks[]; /* (l) one for each CHUNK_PAGES pages */
};

struct shared_memory *shared_memory_create(uint64_t page_count)
{
	uint64_t chunk_count = (page_count + CHUNK_PAGES - 1) / CHUNK_PAGES;
	struct shared_memory *shared =
		kzalloc(sizeof(*shared) + chunk_count * sizeof(shared->chunks[0]));
	if (!shared)
		return NULL;
	shared->references = 1;
	spinlock_init(&shared->lock, LOCK_RANK_PAGE_CACHE);
	shared->page_count = page_count;
	return shared;
}

void shared_memory_get(struct shared_memory *shared)
{
	__atomic_fetch_add(&shared->references, 1, __ATOMIC_RELAXED);
}

void shared_memory_put(struct shared_memory *shared)
{
	if (__atomic_fetch_sub(&shared->references, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	uint64_t chunk_count = (shared->page_count + CHUNK_PAGES - 1) / CHUNK_PAGES;
	for (uint64_t i = 0; i < chunk_count; i++) {
		if (!shared->chunks[i])
			continue;
		for (unsigned int k = 0; k < CHUNK_PAGES; k++)
			if (shared->chunks[i][k])
				page_put(shared->chunks[i][k]);
		page_free_mapped(shared->chunks[i]);
	}
	kfree(shared);
}

static int page_locked(struct shared_memory *shared, uint64_t index,
		       const struct memory_policy *policy, struct page **page)
{
	struct page ***chunk = &shared->chunks[index / CHUNK_PAGES];
	if (!*chunk) {
		struct page *index_page = page_charged(page_alloc(0, PAGE_ZERO), CHARGE_KERNEL);
		if (!index_page)
			return -ENOMEM;
		*chunk = page_address(index_page);
	}
	struct page **slot = &(*chunk)[index % CHUNK_PAGES];
	if (!*slot && !page_is_short())
		*slot = page_charged(user_page_alloc_by(policy, index, 0, PAGE_ZERO), CHARGE_FILE);
	if (!*slot)
		return -ENOMEM;
	page_get(*slot);
	*page = *slot;
	return 0;
}

bool shared_memory_replace(struct shared_memory *shared, uint64_t index, struct page *old,
			   struct page *copy)
{
	spin_lock(&shared->lock);
	bool alone = __atomic_load_n(&old->references, __ATOMIC_ACQUIRE) == 2;
	if (alone) {
		page_copy(page_address(copy), page_address(old));
		page_get(copy);
		shared->chunks[index / CHUNK_PAGES][index % CHUNK_PAGES] = copy;
		page_put(old);
	}
	spin_unlock(&shared->lock);
	return alone;
}

int shared_memory_page(struct shared_memory *shared, uint64_t index,
		       const struct memory_policy *policy, struct page **page)
{
	if (index >= shared->page_count)
		return -EIO;
	spin_lock(&shared->lock);
	int error = page_locked(shared, index, policy, page);
	spin_unlock(&shared->lock);
	return error;
}
