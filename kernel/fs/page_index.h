// SPDX-License-Identifier: Apache-2.0
/*
 * page_index.h - the pages of a file by their number: a radix tree, 64 to a node.
 *
 * Holes cost nothing. Context: the owner's lock guards the index; nothing here sleeps.
 */
#ifndef KERNEL_FS_PAGE_INDEX_H
#define KERNEL_FS_PAGE_INDEX_H

#include <stdint.h>

struct page;

enum { PAGE_INDEX_BITS = 6, PAGE_INDEX_HEIGHT_MAX = 6 };
#define PAGE_INDEX_END (1UL << (PAGE_INDEX_BITS * PAGE_INDEX_HEIGHT_MAX)) /* page numbers */

struct page_index {
	void **root;     /* a node of 64 pointers, NULL while height is 0 */
	uint32_t height; /* pages 0 .. 64^height - 1 have a place */
};

/* NULL: a hole. */
struct page *page_index_find(const struct page_index *index, uint64_t number);
/* The place of a page, with the nodes above it made; NULL: no memory. */
struct page **page_index_place(struct page_index *index, uint64_t number);
/* Takes out pages numbered `from` or more, putting their references; answers how many. Nodes that
 * become empty go, too. */
uint64_t page_index_cut(struct page_index *index, uint64_t from);

#endif
