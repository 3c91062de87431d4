// SPDX-License-Identifier: Apache-2.0
/*
 * paging_user.c - walks over a user's half of a page table.
 *
 * Invariants: a table hangs in space->tables from the moment an entry leads to it. A table of
 * leaves keeps in its struct page which entries may be other than 0. So walking a mapping costs
 * what it has mapped, and one step a GiB or 2 MiB of what it has not.
 *
 * Locks: the caller holds the address space's mutex, or nobody else knows the space.
 */
#include "kernel/riscv/paging.h"

#include "kernel/mm/charge.h"

#define SPAN_1G (1UL << 30)

static inline uint64_t *entry_table(uint64_t entry)
{
	return phys_to_virt(pte_phys(entry));
}

static inline size_t index_1g(uaddr_t address) { return address >> 30 & (TABLE_ENTRIES - 1); }
static inline size_t index_2m(uaddr_t address) { return address >> 21 & (TABLE_ENTRIES - 1); }
static inline size_t index_4k(uaddr_t address) { return address >> 12 & (TABLE_ENTRIES - 1); }

/* Writing needs reading in the architecture. An entry without permissions is not valid. */
uint64_t pte_user_flags(uint32_t protection)
{
	static const uint8_t flags[] = {
		[VM_NONE] = 0,
		[VM_READ] = PTE_READ,
		[VM_WRITE] = PTE_READ | PTE_WRITE,
		[VM_READ | VM_WRITE] = PTE_READ | PTE_WRITE,
		[VM_EXEC] = PTE_EXEC,
		[VM_EXEC | VM_READ] = PTE_READ | PTE_EXEC,
	};
	uint64_t permissions = protection < ARRAY_SIZE(flags) ? flags[protection] : 0;
	return permissions | PTE_USER | PTE_ACCESSED | PTE_DIRTY | (permissions ? PTE_VALID : 0);
}

static uint64_t *user_table(struct address_space *space, uint64_t *entry)
{
	if (likely(*entry))
		return entry_table(*entry);
	struct page *page = page_charged(page_alloc(0, PAGE_ZERO), CHARGE_TABLE);
	if (!page)
		return NULL;
	page->table.first = TABLE_ENTRIES;
	page->table.end = 0;
	LIST_INSERT_HEAD(&space->tables, page, link);
	uint64_t value = pte_frame(page_to_phys(page)) | PTE_VALID;
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
	return page_address(page);
}

uint64_t *paging_find(const struct address_space *space, uaddr_t address)
{
	const uint64_t *root = phys_to_virt(space->root);
	uint64_t top = root[index_1g(address)];
	if (!top)
		return NULL;
	uint64_t middle = entry_table(top)[index_2m(address)];
	return middle ? entry_table(middle) + index_4k(address) : NULL;
}

uint64_t *paging_make(struct address_space *space, uaddr_t address, size_t count)
{
	uint64_t *root = phys_to_virt(space->root);
	uint64_t *middle = user_table(space, &root[index_1g(address)]);
	if (!middle)
		return NULL;
	uint64_t *table = user_table(space, &middle[index_2m(address)]);
	if (!table)
		return NULL;
	struct page *page = pte_page(middle[index_2m(address)]);
	size_t index = index_4k(address);
	kcheck(index + count <= TABLE_ENTRIES);
	if (index < page->table.first)
		page->table.first = (uint16_t)index;
	if (index + count > page->table.end)
		page->table.end = (uint16_t)(index + count);
	return table + index;
}

uint64_t *paging_next_span(const struct address_space *space, uaddr_t *address, uaddr_t end,
			   size_t *count)
{
	const uint64_t *root = phys_to_virt(space->root);
	uaddr_t at = *address;
	while (at < end) {
		uint64_t top = root[index_1g(at)];
		if (!top) {
			at = ALIGN_DOWN(at, SPAN_1G) + SPAN_1G;
			continue;
		}
		uaddr_t base = ALIGN_DOWN(at, TABLE_SPAN);
		uint64_t middle = entry_table(top)[index_2m(at)];
		if (middle) {
			const struct page *page = pte_page(middle);
			size_t first = MAX(index_4k(at), (size_t)page->table.first);
			size_t last = MIN((end - base) >> PAGE_SHIFT, (uint64_t)page->table.end);
			if (first < last) {
				*address = base + (first << PAGE_SHIFT);
				*count = last - first;
				return entry_table(middle) + first;
			}
		}
		at = base + TABLE_SPAN;
	}
	*address = at;
	return NULL;
}

void paging_free_tables(struct address_space *space, uaddr_t start, uaddr_t end, uaddr_t floor,
			uaddr_t ceiling)
{
	uint64_t *root = phys_to_virt(space->root);
	struct page_list unlinked = LIST_HEAD_INITIALIZER(unlinked);
	uaddr_t first = MAX(ALIGN_DOWN(start, TABLE_SPAN), ALIGN_UP(floor, TABLE_SPAN));
	uaddr_t last = MIN(ALIGN_UP(end, TABLE_SPAN), ALIGN_DOWN(ceiling, TABLE_SPAN));

	for (uaddr_t at = first; at < last;) {
		uint64_t top = root[index_1g(at)];
		if (!top) {
			at = ALIGN_DOWN(at, SPAN_1G) + SPAN_1G;
			continue;
		}
		uint64_t *middle = &entry_table(top)[index_2m(at)];
		if (*middle) {
			struct page *table = pte_page(*middle);
			*middle = 0;
			LIST_REMOVE(table, link);
			LIST_INSERT_HEAD(&unlinked, table, link);
		}
		at += TABLE_SPAN;
	}
	if (LIST_EMPTY(&unlinked))
		return;
	paging_flush(space, first, last);
	struct page *table, *next;
	LIST_FOREACH_SAFE(table, &unlinked, link, next)
		page_put(table);
}
