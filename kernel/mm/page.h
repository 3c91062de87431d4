// SPDX-License-Identifier: Apache-2.0
/*
 * page.h - the page allocator: a buddy allocator for each memory node of the device tree's RAM.
 *
 * Every frame of RAM has a struct page; an allocation of 2^order pages is counted in its first.
 * It comes from the node of the CPU that asks, or else from the nearest that has it.
 * Allocation never sleeps. When memory is short it asks the registered reclaimers once
 * (the pool of kernel stacks, empty slabs) and then answers NULL.
 *
 * Fields: (p) the node's lock, LOCK_RANK_PAGE   (a) atomic   (o) the owner of the page   (i) fixed at boot
 *         (s) the slab cache's lock
 */
#ifndef KERNEL_MM_PAGE_H
#define KERNEL_MM_PAGE_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/kernel.h"
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
	union {
		uint32_t references; /* (a) of an allocated page: page_get, page_put */
		struct {
			uint16_t first_free; /* (s) of a slab: its first free object, in words */
			uint16_t in_use;     /* (s) objects taken from it */
		} slab;
	};
	union {
		struct {
			uint8_t order; /* (p) of the block that starts here */
			uint8_t kind;  /* (p) enum page_kind */
			uint16_t node; /* (i) memory node */
		};
		uint32_t standing;     /* the three in one word: page_standing() */
	};
	union {
		void *owner;   /* (o) slab cache, or whatever the owner likes */
		struct {
			struct {
				uint16_t first, end; /* (o) of a page table: entries outside are 0 */
			} table;
			uint32_t charge; /* (o) to whom: mm/charge.h; 0: to nobody, and when free */
		};
	};
};
_Static_assert(sizeof(struct page) == 32, "page_to_phys divides by it");

static inline uint32_t page_standing(unsigned int order, enum page_kind kind, unsigned int node)
{
	return order | (uint32_t)kind << 8 | node << 16;
}

LIST_HEAD(page_list, page);

enum page_flags { PAGE_ANY = 0, PAGE_ZERO = 1 };

/* Boot: page_init(), then RAM [start, end) by page_add_range(), then page_settle() once, which
 * makes the books and lets allocations begin. Ranges that come later must be in the linear map
 * (device_map). */
void page_init(void);
void page_add_range(paddr_t start, paddr_t end);
void page_settle(void);

/* 2^order pages, contiguous and aligned to their size, with one reference; NULL: no memory. */
struct page *page_alloc(unsigned int order, enum page_flags flags);
/* One page from a set of nodes alone: from `node` or the nearest to it that has one. */
struct page *page_alloc_from(unsigned int node, uint64_t nodes, enum page_flags flags);
/* One page by its linear address, and its return. */
void *page_alloc_mapped(enum page_flags flags);
void page_free_mapped(void *address);

static inline void page_get(struct page *page)
{
	__atomic_fetch_add(&page->references, 1, __ATOMIC_RELAXED);
}
/* For page_put: frees a page whose count was `before` and is one less. */
void page_release(struct page *page, uint32_t before);
static inline void page_put(struct page *page) /* the last reference frees it */
{
	uint32_t before = __atomic_fetch_sub(&page->references, 1, __ATOMIC_ACQ_REL);
	if (before <= 1)
		page_release(page, before);
}

/* What page_add_range() was given. */
struct page_piece {
	paddr_t start, end; /* (i) page-aligned */
};
enum { PAGE_PIECES_MAX = 64 };
extern struct page_piece page_pieces[PAGE_PIECES_MAX];
extern unsigned int page_piece_count;

/* A stretch of frames and its books: pieces, and what is between them when that is little. The
 * first one is the largest: nearly every look-up ends there. */
struct page_range {
	paddr_t start;      /* (i) */
	uint64_t size;      /* (i) bytes */
	struct page *pages; /* (i) one a frame */
};
enum { PAGE_RANGES_MAX = 32 };
extern struct page_range page_ranges[PAGE_RANGES_MAX];
extern unsigned int page_range_count;

/* The range of an address / of a struct page; NULL: none. */
const struct page_range *page_range_of_phys(paddr_t address);
const struct page_range *page_range_of_page(const struct page *page);

static inline paddr_t page_to_phys(const struct page *page)
{
	const struct page_range *range = &page_ranges[0];
	uint64_t offset = (uint64_t)((uintptr_t)page - (uintptr_t)range->pages)
		<< (PAGE_SHIFT - 5);
	if (unlikely(offset >= range->size)) {
		range = page_range_of_page(page);
		offset = (uint64_t)((uintptr_t)page - (uintptr_t)range->pages) << (PAGE_SHIFT - 5);
	}
	return range->start + offset;
}

/* The frame's struct page; the allocator must know the frame. */
static inline struct page *phys_to_page(paddr_t address)
{
	const struct page_range *range = &page_ranges[0];
	if (unlikely(address - range->start >= range->size))
		range = page_range_of_phys(address);
	return range->pages + ((address - range->start) >> PAGE_SHIFT);
}

/* Whether the allocator knows the frame (false for device registers). */
static inline bool phys_is_ram(paddr_t address)
{
	return page_range_of_phys(address) != NULL;
}

static inline void *page_address(const struct page *page)
{
	return phys_to_virt(page_to_phys(page));
}
static inline struct page *virt_to_page(const void *address)
{
	return phys_to_page(virt_to_phys(address));
}

/* Whole pages, by linear address; as fast as the machine allows. */
void page_copy(void *restrict to, const void *restrict from);
void page_clear(void *page);
/* Zicboz clears whole cache blocks: set at boot when every hart has it, with a power of two from 8
 * to PAGE_SIZE. */
extern bool machine_has_zicboz;
extern unsigned int zicboz_block;

struct page_counts { uint64_t total, free; }; /* pages */
struct page_counts page_count(void);
struct page_counts page_count_in(unsigned int node);
/* All pages, whoever has them: one load. */
extern uint64_t page_all;
static inline uint64_t page_total(void) { return page_all; }
uint64_t page_total_in(uint64_t nodes);
/* Whether less than a 64th of the memory is left when what is only kept for speed has been given
 * back (slow then): nobody is born any more, so that those who are there go on. */
bool page_is_short(void);
/* The same with a 32nd, for large programs and what stays when its maker does nothing more (files,
 * groups, full pipes): they get nothing more, so that programs can still be started to end it. */
bool page_is_scarce(void);
bool page_is_scarce_in(uint64_t nodes); /* of what some nodes have */

/* What is only kept for speed goes back, this CPU's stocks too: memory is short, or the CPU goes. */
void page_reclaim(void);

/* Called when memory is short, by whoever allocates, so with any lock below LOCK_RANK_STACK held (a
 * stack's own lock is only tried); answers how many pages it gave back. */
struct page_reclaimer {
	size_t (*reclaim)(void);
	SLIST_ENTRY(page_reclaimer) link;
};
void page_register_reclaimer(struct page_reclaimer *reclaimer);

/* What became of a node's allocations, as /sys/devices/system/node/nodeN/numastat tells it. */
enum page_event {
	PAGE_HIT,     /* it was asked for one, and gave it */
	PAGE_MISS,    /* it gave one for which another was asked */
	PAGE_FOREIGN, /* it was asked for one that another gave */
	PAGE_INTERLEAVED, /* it was its turn, and it gave it */
	PAGE_LOCAL,   /* it gave one to one of its own CPUs */
	PAGE_OTHER,   /* it gave one to another's CPU */
	PAGE_EVENT_COUNT,
};
uint64_t page_events(unsigned int node, enum page_event event);
void page_count_interleaved(unsigned int node);

#endif
