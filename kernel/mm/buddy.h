// SPDX-License-Identifier: Apache-2.0
/*
 * buddy.h - blocks of 2^order frames: the page allocator's books, without locks or per-CPU stock.
 *
 * Invariant (buddy_check): a struct page is PAGE_FREE exactly when it heads a block on the free
 * list of its order; blocks are aligned to their size; two free buddies of one range and one memory
 * node are merged.
 *
 * Context: the caller holds whatever guards the buddy. Pure: it runs under the host's tests.
 */
#ifndef KERNEL_MM_BUDDY_H
#define KERNEL_MM_BUDDY_H

#include "kernel/mm/page.h"

struct buddy {
	struct page_list free[PAGE_ORDER_MAX + 1];
	uint64_t free_pages, total_pages;
};

void buddy_init(struct buddy *buddy);
/* Frames [start, end) of one range of page_ranges[] and one node, not the buddy's so far, become
 * free. */
void buddy_add(struct buddy *buddy, paddr_t start, paddr_t end);
/* The head of a block, no longer PAGE_FREE; NULL: none so large. */
struct page *buddy_alloc(struct buddy *buddy, unsigned int order);
void buddy_free(struct buddy *buddy, struct page *page, unsigned int order);
/* Asserts the invariant over everything; slow. */
void buddy_check(const struct buddy *buddy);

#endif
