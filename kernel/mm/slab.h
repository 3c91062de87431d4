// SPDX-License-Identifier: Apache-2.0
/*
 * slab.h - objects of one size from whole pages, and memory of any size.
 *
 * A cache is a static object; per-CPU magazines make the common alloc and free a few
 * instructions without a lock. Never sleeps. Objects are not zeroed unless asked.
 */
#ifndef KERNEL_MM_SLAB_H
#define KERNEL_MM_SLAB_H

#include <stddef.h>

#include "kernel/mm/page.h"
#include "kernel/sync/spinlock.h"

struct slab_cache;

/* A cache for objects of `size` bytes aligned to `alignment` (a power of two, at most a page);
 * NULL: no memory. `name` is kept. */
struct slab_cache *slab_cache_create(const char *name, size_t size, size_t alignment);
/* NULL: no memory. */
void *slab_alloc(struct slab_cache *cache, enum page_flags flags);
void slab_free(struct slab_cache *cache, void *object); /* NULL is fine */

/* Any size up to 2^PAGE_ORDER_MAX pages; NULL: no memory. */
void *kmalloc(size_t size);
void *kzalloc(size_t size);
void kfree(void *memory); /* NULL is fine */

/* What the cache of that index has; false: there is none. Other CPUs go on meanwhile. */
struct slab_facts {
	const char *name;
	uint32_t size, capacity, pages; /* bytes an object, objects and pages a slab */
	uint64_t slabs, in_use;         /* slabs; objects that somebody has */
};
bool slab_facts(unsigned int index, struct slab_facts *facts);

void slab_init(void);

#endif
