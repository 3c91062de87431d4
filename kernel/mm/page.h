// SPDX-License-Identifier: Apache-2.0
/*
 * page.h - the page allocator: a buddy allocator over the RAM that the device tree names.
 *
 * Every frame of RAM has a struct page; an allocation of 2^order pages is counted in its first.
 * Allocation never sleeps. When memory is short it asks the registered reclaimers once
 * (the pool of kernel stacks, empty slabs) and then answers NULL.
 *
 * Fields: (p) LOCK_RANK_PAGE   (a) atomic   (o) the owner of the page
 */
#ifndef KERNEL_MM_PAGE_H
#define KERNEL_MM_PAGE_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/mm/layout.h"

enum { PAGE_ORDER_MAX = 10 }; /* the largest block: 4 MiB */

enum page_kind {
	PAGE_RESERVED, /* not the allocator's: firmware, kernel image, device tree */
	PAGE_FREE,
	PAGE_USED,
	PAGE_SLAB,
};

struct page {
	LIST_ENTRY(page) link; /* (p) free list; (o) free for the owner's use when allocated */
	uint32_t references;   /* (a) of an allocated page: page_get, page_put */
	uint8_t order;         /* (p) of the block that starts here */
	uint8_t kind;          /* (p) enum page_kind */
	uint16_t node;         /* (i) memory node */
	void *owner;           /* (o) slab cache, or whatever the owner likes */
};

enum page_flags { PAGE_ANY = 0, PAGE_ZERO = 1 };

/* Takes RAM [start, end) under the allocator's care; boot only. */
void page_init(void);
void page_add_range(paddr_t start, paddr_t end);

/* 2^order pages, physically contiguous and aligned to their size, one reference; NULL: no memory. */
struct page *page_alloc(unsigned int order, enum page_flags flags);
/* One page by its linear address, and its return. */
void *page_alloc_mapped(enum page_flags flags);
void page_free_mapped(void *address);

static inline void page_get(struct page *page)
{
	__atomic_fetch_add(&page->references, 1, __ATOMIC_RELAXED);
}
void page_put(struct page *page); /* the last reference frees it */

paddr_t page_to_phys(const struct page *page);
struct page *phys_to_page(paddr_t address);
/* Whether the allocator knows the frame (false for device registers). */
bool phys_is_ram(paddr_t address);
static inline void *page_address(const struct page *page) { return phys_to_virt(page_to_phys(page)); }
static inline struct page *virt_to_page(const void *address) { return phys_to_page(virt_to_phys(address)); }

/* Whole pages, by linear address; as fast as the machine allows. */
void page_copy(void *to, const void *from);
void page_clear(void *page);

struct page_counts { uint64_t total, free; }; /* pages */
struct page_counts page_count(void);

/* Called without locks above LOCK_RANK_STACK when memory is short; answers how many pages it gave back. */
struct page_reclaimer {
	size_t (*reclaim)(void);
	SLIST_ENTRY(page_reclaimer) link;
};
void page_register_reclaimer(struct page_reclaimer *reclaimer);

/* Fault injection for tests: the n-th allocation from now fails (0: none). */
void page_fail_after(uint64_t allocations);

#endif
