// SPDX-License-Identifier: Apache-2.0
/*
 * page.c - the page allocator: the buddy's blocks behind a lock, single pages from the CPU's stock.
 *
 * A page in a stock is PAGE_USED with no reference, so the buddy never merges it and page_put()
 * asserts on it. Nearly all allocations and returns are of single pages and end in the stock:
 * about twenty instructions, no lock; one in PAGE_STOCK_MAX / 2 moves a batch under the lock.
 *
 * Context: any, with any lock below LOCK_RANK_PAGE (allocation: below LOCK_RANK_SLAB). Nothing
 * sleeps.
 */
#include "kernel/mm/page.h"

#include "kernel/mm/buddy.h"
#include "kernel/mm/percpu.h"
#include "kernel/sync/spinlock.h"

static struct spinlock page_lock = SPINLOCK_INIT(LOCK_RANK_PAGE);
static struct buddy buddy; /* page_lock */

/* Appended to at boot only, before anybody else runs. */
static SLIST_HEAD(, page_reclaimer) reclaimers = SLIST_HEAD_INITIALIZER(reclaimers);

/* Boot only. */
struct page_piece page_pieces[PAGE_PIECES_MAX];
unsigned int page_piece_count;
static bool settled;
#define GAP_MAX (64UL << 20) /* whose books may be wasted: 512 KiB */

static uint64_t fail_countdown; /* (a) 0: off */
static struct memory_cpu boot_memory_cpu;

void page_init(void)
{
	buddy_init(&buddy);
	this_cpu()->magazines = &boot_memory_cpu;
}

static inline uint64_t books_size(uint64_t bytes)
{
	return ALIGN_UP(bytes / PAGE_SIZE * sizeof(struct page), PAGE_SIZE);
}

/* Makes the books of pieces [first, end) and of what is between them, at the start of their
 * largest; then all frames but those of the books are free. Pieces that cannot hold their books
 * are lost. */
static void add_pieces(unsigned int first, unsigned int end)
{
	paddr_t start = page_pieces[first].start;
	uint64_t size = page_pieces[end - 1].end - start;
	uint64_t books = books_size(size);
	struct page_piece *host = &page_pieces[first];
	for (unsigned int i = first + 1; i < end; i++)
		if (page_pieces[i].end - page_pieces[i].start > host->end - host->start)
			host = &page_pieces[i];
	if (host->end - host->start <= books || page_range_count == PAGE_RANGES_MAX)
		return;

	struct page_range *range = &page_ranges[page_range_count];
	*range = (struct page_range){ start, size, phys_to_virt(host->start) };
	for (uint64_t i = 0; i < size >> PAGE_SHIFT; i++)
		range->pages[i] = (struct page){ .kind = PAGE_RESERVED };
	__atomic_store_n(&page_range_count, page_range_count + 1, __ATOMIC_RELEASE);
	spin_lock(&page_lock);
	for (unsigned int i = first; i < end; i++) {
		struct page_piece *piece = &page_pieces[i];
		paddr_t free = piece->start + (piece == host ? books : 0);
		buddy_add(&buddy, free, piece->end);
	}
	spin_unlock(&page_lock);
}

/* A piece that comes late: frames that a range counts as reserved so far, or a range of its own. */
static void add_late_piece(unsigned int index)
{
	const struct page_piece *piece = &page_pieces[index];
	const struct page_range *range = page_range_of_phys(piece->start);
	if (!range || range != page_range_of_phys(piece->end - 1)) {
		add_pieces(index, index + 1);
		return;
	}
	spin_lock(&page_lock);
	buddy_add(&buddy, piece->start, piece->end);
	spin_unlock(&page_lock);
}

void page_add_range(paddr_t start, paddr_t end)
{
	start = ALIGN_UP(start, PAGE_SIZE);
	end = ALIGN_DOWN(end, PAGE_SIZE);
	if (end <= start || end > LINEAR_SIZE || page_piece_count == PAGE_PIECES_MAX)
		return;
	unsigned int place = page_piece_count++;
	if (!settled) /* in order of addresses */
		for (; place > 0 && page_pieces[place - 1].start > start; place--)
			page_pieces[place] = page_pieces[place - 1];
	page_pieces[place] = (struct page_piece){ start, end };
	if (settled)
		add_late_piece(place);
}

/* Pieces with little between them share one range; the largest range comes first. */
void page_settle(void)
{
	unsigned int first = 0, largest = 0;
	for (unsigned int i = 1; i <= page_piece_count; i++) {
		if (i < page_piece_count &&
		    page_pieces[i].start - page_pieces[i - 1].end <= GAP_MAX)
			continue;
		add_pieces(first, i);
		first = i;
	}
	for (unsigned int i = 1; i < page_range_count; i++)
		if (page_ranges[i].size > page_ranges[largest].size)
			largest = i;
	struct page_range swap = page_ranges[0];
	page_ranges[0] = page_ranges[largest];
	page_ranges[largest] = swap;
	settled = true;
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

/* Memory is short: everything that is only kept for speed goes back. */
static void reclaim(void)
{
	struct page_reclaimer *reclaimer;
	SLIST_FOREACH(reclaimer, &reclaimers, link)
		reclaimer->reclaim();
	struct memory_cpu *memory = memory_cpu();
	if (memory)
		stock_return(memory, memory->page_count);
}

static struct page *alloc_after_reclaim(unsigned int order)
{
	reclaim();
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

void page_release(struct page *page, uint32_t before)
{
	kassert(before == 1 && page->kind == PAGE_USED);
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

void *page_alloc_mapped(enum page_flags flags)
{
	struct page *page = page_alloc(0, flags);
	return page ? page_address(page) : NULL;
}

void page_free_mapped(void *address)
{
	page_put(virt_to_page(address));
}

uint64_t page_total(void)
{
	return buddy.total_pages;
}

static bool is_free_below(uint64_t pages)
{
	return __atomic_load_n(&buddy.free_pages, __ATOMIC_RELAXED) < pages;
}

static bool is_free_below_at_last(uint64_t pages)
{
	if (likely(!is_free_below(pages)))
		return false;
	reclaim();
	return is_free_below(pages);
}

bool page_is_short(void)
{
	return is_free_below_at_last(buddy.total_pages / 64);
}

bool page_is_scarce(void)
{
	return is_free_below_at_last(buddy.total_pages / 32);
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
