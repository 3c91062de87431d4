// SPDX-License-Identifier: Apache-2.0
/*
 * buddy.c - split a block to serve a smaller one; merge it with its buddy when both are free.
 *
 * A block's buddy differs from it in one bit of the frame number, so a look at one struct page
 * says whether they merge. Cost of both directions: at most PAGE_ORDER_MAX steps.
 */
#include "kernel/mm/buddy.h"

struct page_range page_ranges[PAGE_RANGES_MAX];
unsigned int page_range_count;

const struct page_range *page_range_of_phys(paddr_t address)
{
	unsigned int count = __atomic_load_n(&page_range_count, __ATOMIC_ACQUIRE);
	for (unsigned int i = 0; i < count; i++)
		if (address - page_ranges[i].start < page_ranges[i].size)
			return &page_ranges[i];
	return NULL;
}

const struct page_range *page_range_of_page(const struct page *page)
{
	unsigned int count = __atomic_load_n(&page_range_count, __ATOMIC_ACQUIRE);
	for (unsigned int i = 0; i < count; i++) {
		uint64_t offset = (uintptr_t)page - (uintptr_t)page_ranges[i].pages;
		if (offset / sizeof(struct page) < page_ranges[i].size >> PAGE_SHIFT)
			return &page_ranges[i];
	}
	return NULL;
}

void buddy_init(struct buddy *buddy)
{
	for (unsigned int order = 0; order <= PAGE_ORDER_MAX; order++)
		LIST_INIT(&buddy->free[order]);
	buddy->free_pages = 0;
	buddy->total_pages = 0;
}

/* `standing` is that of a free block of the order: one more for the next order. */
static void insert_block(struct buddy *buddy, struct page *page, unsigned int order,
			 uint32_t standing)
{
	page->standing = standing;
	LIST_INSERT_HEAD(&buddy->free[order], page, link);
}

/* The largest aligned blocks that fit; they merge with free neighbours. */
void buddy_add(struct buddy *buddy, paddr_t start, paddr_t end)
{
	const struct page_range *range = page_range_of_phys(start);
	kassert(range && end - range->start <= range->size);
	struct page *page = range->pages + ((start - range->start) >> PAGE_SHIFT);
	uint64_t frame = start >> PAGE_SHIFT;
	for (uint64_t left = (end - start) >> PAGE_SHIFT; left > 0;) {
		unsigned int order = PAGE_ORDER_MAX;
		while (frame & ((1UL << order) - 1) || 1UL << order > left)
			order--;
		buddy_free(buddy, page, order);
		buddy->total_pages += 1UL << order;
		page += 1UL << order;
		frame += 1UL << order;
		left -= 1UL << order;
	}
}

struct page *buddy_alloc(struct buddy *buddy, unsigned int order)
{
	unsigned int level = order;
	while (LIST_EMPTY(&buddy->free[level]))
		if (++level > PAGE_ORDER_MAX)
			return NULL;

	struct page *page = LIST_FIRST(&buddy->free[level]);
	uint32_t standing = page->standing;
	kassert((standing & 0xffff) == page_standing(level, PAGE_FREE, 0));
	LIST_REMOVE(page, link);
	while (level > order) {
		level--;
		standing--;
		insert_block(buddy, page + (1UL << level), level, standing);
	}
	page->standing = standing + page_standing(0, PAGE_USED, 0) - page_standing(0, PAGE_FREE, 0);
	buddy->free_pages -= 1UL << order;
	return page;
}

void buddy_free(struct buddy *buddy, struct page *page, unsigned int order)
{
	const struct page_range *range = page_range_of_page(page);
	kassert(range && page->kind != PAGE_FREE && order <= PAGE_ORDER_MAX);
	uint64_t first = range->start >> PAGE_SHIFT;
	uint64_t count = range->size >> PAGE_SHIFT;
	uint64_t frame = first + (uint64_t)(page - range->pages);
	uint32_t standing = page_standing(order, PAGE_FREE, page->node);

	buddy->free_pages += 1UL << order;
	for (; order < PAGE_ORDER_MAX; order++, standing++) {
		uint64_t index = (frame ^ 1UL << order) - first;
		if (index >= count)
			break;
		struct page *other = &range->pages[index];
		if (other->standing != standing)
			break;
		LIST_REMOVE(other, link);
		other->kind = PAGE_USED;
		frame &= ~(1UL << order);
	}
	page->kind = PAGE_USED;
	insert_block(buddy, &range->pages[frame - first], order, standing);
}

void buddy_check(const struct buddy *buddy)
{
	uint64_t free_pages = 0;
	for (unsigned int order = 0; order <= PAGE_ORDER_MAX; order++) {
		const struct page *page;
		LIST_FOREACH(page, &buddy->free[order], link) {
			const struct page_range *range = page_range_of_page(page);
			kassert(range && page->kind == PAGE_FREE && page->order == order);
			uint64_t first = range->start >> PAGE_SHIFT;
			uint64_t count = range->size >> PAGE_SHIFT;
			uint64_t index = (uint64_t)(page - range->pages);
			kassert(((first + index) & ((1UL << order) - 1)) == 0);
			kassert(index + (1UL << order) <= count);
			uint64_t other = ((first + index) ^ 1UL << order) - first;
			kassert(order == PAGE_ORDER_MAX || other >= count ||
				range->pages[other].standing != page->standing);
			free_pages += 1UL << order;
		}
	}
	kassert(free_pages == buddy->free_pages && free_pages <= buddy->total_pages);
}
