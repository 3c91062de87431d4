// SPDX-License-Identifier: Apache-2.0
/*
 * page.c - the page allocator: the buddy's blocks behind a lock, single pages from the CPU's stock.
 *
 * A page in a stock is PAGE_USED with no reference, so the buddy never merges it and page_put()
 * asserts on it. Nearly all allocations and returns are of single pages and end in the stock:
 * about twenty instructions, no lock; one in PAGE_STOCK_MAX / 2 moves a batch under the lock.
 *
 * Context: any, with any lock below LOCK_RANK_PAGE (allocation: below LOCK_RANK_SLAB). Never sleeps.
 */
#include "kernel/mm/page.h"

#include "kernel/mm/buddy.h"
#include "kernel/mm/percpu.h"
#include "kernel/sync/spinlock.h"

static struct spinlock page_lock = SPINLOCK_INIT(LOCK_RANK_PAGE);
static struct buddy buddy; /* page_lock */

/* Appended to at boot only, before anybody else runs. */
static SLIST_HEAD(, page_reclaimer) reclaimers = SLIST_HEAD_INITIALIZER(reclaimers);

static uint64_t fail_countdown; /* (a) 0: off */
static struct memory_cpu boot_memory_cpu;

void page_init(void)
{
	buddy_init(&buddy);
	this_cpu()->magazines = &boot_memory_cpu;
}

void page_add_range(paddr_t start, paddr_t end)
{
	start = ALIGN_UP(start, PAGE_SIZE);
	end = ALIGN_DOWN(end, PAGE_SIZE);
	if (end <= start || end > LINEAR_SIZE || page_range_count == PAGE_RANGES_MAX)
		return;
	uint64_t books = ALIGN_UP((end - start) / PAGE_SIZE * sizeof(struct page), PAGE_SIZE);
	if (books >= end - start)
		return;

	struct page_range range = {
		.start = start + books,
		.size = end - start - books,
		.pages = phys_to_virt(start),
	};
	for (uint64_t i = 0; i < range.size >> PAGE_SHIFT; i++)
		range.pages[i] = (struct page){ .kind = PAGE_USED };

	/* The largest first, which is settled before other CPUs start; later ones are small. */
	unsigned int place = page_range_count;
	if (place && cpumask_count(&cpu_online) <= 1 && range.size > page_ranges[0].size) {
		page_ranges[place] = page_ranges[0];
		place = 0;
	}
	page_ranges[place] = range;
	__atomic_store_n(&page_range_count, page_range_count + 1, __ATOMIC_RELEASE);

	spin_lock(&page_lock);
	buddy_add(&buddy, &page_ranges[place]);
	spin_unlock(&page_lock);
}

struct memory_cpu *memory_cpu_create(void)
{
	spin_lock(&page_lock);
	struct page *page = buddy_alloc(&buddy, 0);
	spin_unlock(&page_lock);
	if (!page)
		return NULL;
	page->references = 1;
	page_clear(page_address(page));
	this_cpu()->magazines = page_address(page);
	return this_cpu()->magazines;
}

static inline void stock_push(struct memory_cpu *memory, struct page *page)
{
	page->link.le_next = memory->pages;
	memory->pages = page;
	memory->page_count++;
}

static inline struct page *stock_pop(struct memory_cpu *memory)
{
	struct page *page = memory->pages;
	memory->pages = page->link.le_next;
	memory->page_count--;
	return page;
}

static void stock_return(struct memory_cpu *memory, uint32_t count)
{
	spin_lock(&page_lock);
	while (count--)
		buddy_free(&buddy, stock_pop(memory), 0);
	spin_unlock(&page_lock);
}

/* A block from the buddy; for a single page, half a stock of others with it. */
static struct page *alloc_from_buddy(unsigned int order)
{
	struct memory_cpu *memory = order == 0 ? memory_cpu() : NULL;
	spin_lock(&page_lock);
	struct page *page = buddy_alloc(&buddy, order);
	if (page && memory) {
		for (unsigned int i = 1; i < PAGE_STOCK_MAX / 2; i++) {
			struct page *extra = buddy_alloc(&buddy, 0);
			if (!extra)
				break;
			stock_push(memory, extra);
		}
	}
	spin_unlock(&page_lock);
	return page;
}

/* Memory is short: everything that is only kept for speed goes back, then one more try. */
static struct page *alloc_after_reclaim(unsigned int order)
{
	struct page_reclaimer *reclaimer;
	SLIST_FOREACH(reclaimer, &reclaimers, link)
		reclaimer->reclaim();
	struct memory_cpu *memory = memory_cpu();
	if (memory)
		stock_return(memory, memory->page_count);
	return alloc_from_buddy(order);
}

static bool must_fail(void)
{
	return __atomic_fetch_sub(&fail_countdown, 1, __ATOMIC_RELAXED) == 1;
}

struct page *page_alloc(unsigned int order, enum page_flags flags)
{
	kassert(order <= PAGE_ORDER_MAX);
	if (unlikely(__atomic_load_n(&fail_countdown, __ATOMIC_RELAXED)) && must_fail())
		return NULL;

	struct memory_cpu *memory = this_cpu()->magazines;
	struct page *page;
	if (likely(order == 0 && memory && memory->pages)) {
		page = stock_pop(memory);
	} else {
		page = alloc_from_buddy(order);
		if (unlikely(!page))
			page = alloc_after_reclaim(order);
		if (unlikely(!page))
			return NULL;
	}
	kcheck(page->kind == PAGE_USED && page->references == 0);
	page->references = 1;
	page->order = (uint8_t)order;
	if (flags & PAGE_ZERO)
		for (size_t i = 0; i < 1UL << order; i++)
			page_clear((char *)page_address(page) + i * PAGE_SIZE);
	return page;
}

static void page_free(struct page *page)
{
	kassert(page->kind == PAGE_USED);
	struct memory_cpu *memory = this_cpu()->magazines;
	if (likely(page->order == 0 && memory)) {
		stock_push(memory, page);
		if (unlikely(memory->page_count > PAGE_STOCK_MAX))
			stock_return(memory, PAGE_STOCK_MAX / 2);
		return;
	}
	spin_lock(&page_lock);
	buddy_free(&buddy, page, page->order);
	spin_unlock(&page_lock);
}

void page_put(struct page *page)
{
	uint32_t before = __atomic_fetch_sub(&page->references, 1, __ATOMIC_ACQ_REL);
	kassert(before > 0);
	if (before == 1)
		page_free(page);
}

void *page_alloc_mapped(enum page_flags flags)
{
	struct page *page = page_alloc(0, flags);
	return page ? page_address(page) : NULL;
}

void page_free_mapped(void *address)
{
	page_put(virt_to_page(address));
}

bool page_is_short(void)
{
	return __atomic_load_n(&buddy.free_pages, __ATOMIC_RELAXED) < buddy.total_pages / 64;
}

struct page_counts page_count(void)
{
	spin_lock(&page_lock);
	struct page_counts counts = { .total = buddy.total_pages, .free = buddy.free_pages };
	spin_unlock(&page_lock);
	for (unsigned int i = 0; i < cpu_count; i++) {
		struct memory_cpu *memory = cpu_table[i] ? cpu_table[i]->magazines : NULL;
		if (memory)
			counts.free += __atomic_load_n(&memory->page_count, __ATOMIC_RELAXED);
	}
	return counts;
}

void page_register_reclaimer(struct page_reclaimer *reclaimer)
{
	SLIST_INSERT_HEAD(&reclaimers, reclaimer, link);
}

void page_fail_after(uint64_t allocations)
{
	__atomic_store_n(&fail_countdown, allocations, __ATOMIC_RELAXED);
}
