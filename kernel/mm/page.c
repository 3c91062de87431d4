// SPDX-License-Identifier: Apache-2.0
/*
 * page.c - the page allocator: each node's blocks behind its lock, single pages from the CPU's stock.
 *
 * A page in a stock is PAGE_USED with no reference, so the buddy never merges it and page_put()
 * asserts on it. A stock has pages of its CPU's own node alone. Nearly all allocations and returns
 * are of such pages and end in the stock: about twenty instructions, no lock; one in
 * PAGE_STOCK_MAX / 2 moves a batch under the node's lock.
 *
 * Context: any, with any lock below LOCK_RANK_PAGE (allocation: below LOCK_RANK_SLAB); one node's
 * lock at a time. Nothing sleeps.
 */
#include "kernel/mm/page.h"

#include "kernel/mm/buddy.h"
#include "kernel/mm/charge.h"
#include "kernel/mm/fail.h"
#include "kernel/mm/node.h"
#include "kernel/mm/percpu.h"
#include "kernel/sync/spinlock.h"

/* (p) lock   (a) atomic */
static struct memory_node {
	struct spinlock lock; /* LOCK_RANK_PAGE */
	struct buddy buddy;   /* (p) */
	uint64_t events[PAGE_EVENT_COUNT]; /* (a) but for what the stocks count */
} memory_nodes[NODES_MAX];

uint64_t page_all; /* changes at boot only */

/* Appended to at boot only, before anybody else runs. */
static SLIST_HEAD(, page_reclaimer) reclaimers = SLIST_HEAD_INITIALIZER(reclaimers);

/* Boot only. */
struct page_piece page_pieces[PAGE_PIECES_MAX];
unsigned int page_piece_count;
static bool settled;
#define GAP_MAX (64UL << 20) /* whose books may be wasted: 512 KiB */

static struct memory_cpu boot_memory_cpu;

static void memory_cpu_init(struct memory_cpu *memory)
{
	memory->page_standing = page_standing(0, PAGE_USED, this_cpu()->node);
	this_cpu()->magazines = memory;
}

void page_init(void)
{
	for (unsigned int node = 0; node < NODES_MAX; node++) {
		spinlock_init(&memory_nodes[node].lock, LOCK_RANK_PAGE);
		buddy_init(&memory_nodes[node].buddy);
	}
	memory_cpu_init(&boot_memory_cpu);
}

static inline uint64_t books_size(uint64_t bytes)
{
	return ALIGN_UP(bytes / PAGE_SIZE * sizeof(struct page), PAGE_SIZE);
}

/* Frames that are in the books become free in their nodes. */
static void add_frames(paddr_t start, paddr_t end)
{
	while (start < end) {
		paddr_t stop;
		unsigned int node = node_of_address(start, &stop);
		struct memory_node *memory = &memory_nodes[node];
		stop = MIN(ALIGN_UP(stop, PAGE_SIZE), end);
		for (paddr_t frame = start; node && frame < stop; frame += PAGE_SIZE)
			phys_to_page(frame)->node = (uint16_t)node;
		spin_lock(&memory->lock);
		buddy_add(&memory->buddy, start, stop);
		spin_unlock(&memory->lock);
		page_all += (stop - start) >> PAGE_SHIFT;
		start = stop;
	}
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
	for (unsigned int i = first; i < end; i++) {
		struct page_piece *piece = &page_pieces[i];
		add_frames(piece->start + (piece == host ? books : 0), piece->end);
	}
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
	add_frames(piece->start, piece->end);
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

static void count_event(unsigned int node, enum page_event event)
{
	__atomic_fetch_add(&memory_nodes[node].events[event], 1, __ATOMIC_RELAXED);
}

static inline void stock_push(struct memory_cpu *memory, struct page *page)
{
	page->link.le_next = memory->pages;
	memory->pages = page;
	memory->pages_in++;
}

static inline struct page *stock_pop(struct memory_cpu *memory)
{
	struct page *page = memory->pages;
	memory->pages = page->link.le_next;
	memory->pages_out++;
	return page;
}

static __attribute__((noinline)) void stock_return(struct memory_cpu *memory, uint64_t count)
{
	struct memory_node *node = &memory_nodes[this_cpu()->node];
	spin_lock(&node->lock);
	for (; count > 0; count--) {
		struct page *page = memory->pages;
		memory->pages = page->link.le_next;
		memory->pages_in--; /* nobody had it */
		buddy_free(&node->buddy, page, 0);
	}
	spin_unlock(&node->lock);
}

/* Half a stock of pages of the CPU's own node; false: it has none. */
static bool stock_fill(struct memory_cpu *memory)
{
	struct memory_node *node = &memory_nodes[this_cpu()->node];
	struct page *page;
	spin_lock(&node->lock);
	for (unsigned int i = 0; i < PAGE_STOCK_MAX / 2; i++) {
		page = buddy_alloc(&node->buddy, 0);
		if (!page)
			break;
		stock_push(memory, page);
	}
	spin_unlock(&node->lock);
	return memory->pages;
}

static struct page *take_block(unsigned int number, unsigned int order)
{
	struct memory_node *node = &memory_nodes[number];
	if (!__atomic_load_n(&node->buddy.free_pages, __ATOMIC_RELAXED))
		return NULL;
	spin_lock(&node->lock);
	struct page *page = buddy_alloc(&node->buddy, order);
	spin_unlock(&node->lock);
	return page;
}

static void count_block(unsigned int wanted, unsigned int got)
{
	count_event(got, got == wanted ? PAGE_HIT : PAGE_MISS);
	if (got != wanted)
		count_event(wanted, PAGE_FOREIGN);
	count_event(got, got == this_cpu()->node ? PAGE_LOCAL : PAGE_OTHER);
}

/* A block of one of `nodes`, the nearest to `from` that has one. */
static struct page *alloc_nearest(unsigned int from, uint64_t nodes, unsigned int order)
{
	unsigned int count, wanted = NODES_MAX;
	const uint8_t *near = node_order(from, &count);
	for (unsigned int i = 0; i < count; i++) {
		if (!(nodes & node_bit(near[i])))
			continue;
		if (wanted == NODES_MAX)
			wanted = near[i];
		struct page *page = take_block(near[i], order);
		if (page) {
			count_block(wanted, near[i]);
			return page;
		}
	}
	return NULL;
}

struct memory_cpu *memory_cpu_create(void)
{
	struct page *page = alloc_nearest(this_cpu()->node, NODES_ALL, 0);
	if (!page)
		return NULL;
	page->references = 1;
	page_clear(page_address(page));
	memory_cpu_init(page_address(page));
	return this_cpu()->magazines;
}

void page_reclaim(void)
{
	struct page_reclaimer *reclaimer;
	SLIST_FOREACH(reclaimer, &reclaimers, link)
		reclaimer->reclaim();
	struct memory_cpu *memory = memory_cpu();
	if (memory)
		stock_return(memory, memory_cpu_pages(memory));
}

/* What finds no page in the stock. */
static __attribute__((noinline)) struct page *alloc_block(unsigned int from, uint64_t nodes,
							  unsigned int order)
{
	unsigned int here = this_cpu()->node;
	if (order == 0 && from == here && nodes & node_bit(here)) {
		struct memory_cpu *memory = memory_cpu();
		if (memory && stock_fill(memory))
			return stock_pop(memory);
	}
	struct page *page = alloc_nearest(from, nodes, order);
	if (likely(page))
		return page;
	page_reclaim();
	return alloc_nearest(from, nodes, order);
}

static __attribute__((noinline)) void clear_block(struct page *page, unsigned int order)
{
	for (size_t i = 0; i < 1UL << order; i++)
		page_clear((char *)page_address(page) + i * PAGE_SIZE);
}

/* What every allocated block has. */
static inline struct page *hand_out(struct page *page, unsigned int order, enum page_flags flags)
{
	kcheck(page->kind == PAGE_USED && page->references == 0);
	page->references = 1;
	page->order = (uint8_t)order;
	if (flags & PAGE_ZERO) {
		if (likely(order == 0))
			page_clear(page_address(page));
		else
			clear_block(page, order);
	}
	return page;
}

struct page *page_alloc(unsigned int order, enum page_flags flags)
{
	kassert(order <= PAGE_ORDER_MAX);
	if (allocation_must_fail())
		return NULL;

	struct memory_cpu *memory = this_cpu()->magazines;
	struct page *page;
	if (likely(order == 0 && memory && memory->pages)) {
		page = stock_pop(memory);
	} else {
		page = alloc_block(this_cpu()->node, NODES_ALL, order);
		if (unlikely(!page))
			return NULL;
	}
	return hand_out(page, order, flags);
}

struct page *page_alloc_from(unsigned int node, uint64_t nodes, enum page_flags flags)
{
	if (allocation_must_fail())
		return NULL;

	unsigned int here = this_cpu()->node;
	struct memory_cpu *memory = this_cpu()->magazines;
	bool from_stock = node == here && nodes & node_bit(here) && memory && memory->pages;
	struct page *page = from_stock ? stock_pop(memory) : alloc_block(node, nodes, 0);
	return page ? hand_out(page, 0, flags) : NULL;
}

/* What does not fit into the stock, or does not belong there. */
static __attribute__((noinline)) void free_block(struct page *page)
{
	struct memory_node *node = &memory_nodes[page->node];
	kassert(page->kind == PAGE_USED);
	spin_lock(&node->lock);
	buddy_free(&node->buddy, page, page->order);
	spin_unlock(&node->lock);
}

void page_release(struct page *page, uint32_t before)
{
	kassert(before == 1);
	page_uncharge(page);
	struct memory_cpu *memory = this_cpu()->magazines;
	if (unlikely(!memory || page->standing != memory->page_standing)) {
		free_block(page);
		return;
	}
	stock_push(memory, page);
	if (unlikely(memory_cpu_pages(memory) > PAGE_STOCK_MAX))
		stock_return(memory, PAGE_STOCK_MAX / 2);
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

uint64_t page_total_in(uint64_t nodes)
{
	uint64_t total = 0;
	for (unsigned int node = 0; node < node_count; node++)
		total += nodes & node_bit(node) ? memory_nodes[node].buddy.total_pages : 0;
	return total;
}

static bool is_free_below(uint64_t nodes, uint64_t pages)
{
	uint64_t free = 0;
	for (unsigned int node = 0; node < node_count; node++)
		if (nodes & node_bit(node))
			free += __atomic_load_n(&memory_nodes[node].buddy.free_pages,
						__ATOMIC_RELAXED);
	return free < pages;
}

static bool is_free_below_at_last(uint64_t nodes, uint64_t pages)
{
	if (likely(!is_free_below(nodes, pages)))
		return false;
	page_reclaim();
	return is_free_below(nodes, pages);
}

bool page_is_short(void)
{
	return is_free_below_at_last(NODES_ALL, page_all / 64);
}

bool page_is_scarce(void)
{
	return is_free_below_at_last(NODES_ALL, page_all / 32);
}

bool page_is_scarce_in(uint64_t nodes)
{
	return is_free_below_at_last(nodes, page_total_in(nodes) / 32);
}

/* The stock of a CPU, NULL: none, or the CPU is not of that node. */
static const struct memory_cpu *stock_in(unsigned int id, unsigned int node)
{
	return cpu_table[id] && cpu_table[id]->node == node ? cpu_table[id]->magazines : NULL;
}

struct page_counts page_count_in(unsigned int node)
{
	struct memory_node *memory = &memory_nodes[node];
	spin_lock(&memory->lock);
	struct page_counts counts = { memory->buddy.total_pages, memory->buddy.free_pages };
	spin_unlock(&memory->lock);
	for (unsigned int id = 0; id < cpu_count; id++) {
		const struct memory_cpu *stock = stock_in(id, node);
		if (!stock)
			continue;
		/* Not at one moment: at worst the sum is out by what moves meanwhile. */
		uint64_t out = __atomic_load_n(&stock->pages_out, __ATOMIC_RELAXED);
		uint64_t in = __atomic_load_n(&stock->pages_in, __ATOMIC_RELAXED);
		counts.free += MIN(in - out, (uint64_t)PAGE_STOCK_MAX);
	}
	return counts;
}

struct page_counts page_count(void)
{
	struct page_counts sum = { 0, 0 };
	for (unsigned int node = 0; node < node_count; node++) {
		struct page_counts counts = page_count_in(node);
		sum.total += counts.total;
		sum.free += counts.free;
	}
	return sum;
}

uint64_t page_events(unsigned int node, enum page_event event)
{
	uint64_t count = __atomic_load_n(&memory_nodes[node].events[event], __ATOMIC_RELAXED);
	if (event != PAGE_HIT && event != PAGE_LOCAL)
		return count;
	for (unsigned int id = 0; id < cpu_count; id++) {
		const struct memory_cpu *stock = stock_in(id, node);
		count += stock ? __atomic_load_n(&stock->pages_out, __ATOMIC_RELAXED) : 0;
	}
	return count;
}

void page_count_interleaved(unsigned int node)
{
	count_event(node, PAGE_INTERLEAVED);
}

void page_register_reclaimer(struct page_reclaimer *reclaimer)
{
	SLIST_INSERT_HEAD(&reclaimers, reclaimer, link);
}
