// SPDX-License-Identifier: Apache-2.0
/*
 * migrate.c - see migrate.h.
 *
 * Pages move in batches out of one page table. First every entry of the batch loses its permissions,
 * on all CPUs: who touches such a page now faults and waits for the mutex. Then the contents are
 * copied, and the entries lead to the copies. Nothing else than the entry leads to a private page
 * with one reference, and references come only under the mutex.
 *
 * Locks: the address space's mutex; the shared memory's inside.
 */
#include "kernel/mm/migrate.h"

#include <string.h>

#include "kernel/fs/vfs.h"
#include "kernel/mm/charge.h"
#include "kernel/mm/shared_memory.h"
#include "kernel/mm/user_page.h"
#include "kernel/mm/vm.h"
#include "kernel/riscv/paging.h"

enum { BATCH = 32 };

struct move {
	uint64_t *entry;   /* of the page table */
	uint64_t value;    /* what was in it */
	uaddr_t address;
	struct page *copy; /* where the page goes; NULL: it leaves the table and nothing else */
	bool is_backed;    /* a file's or shared memory's page */
};

struct batch {
	unsigned int count;
	struct move moves[BATCH];
};

static uint64_t index_of(const struct vm_mapping *mapping, uaddr_t address)
{
	return (mapping->file_offset + (address - mapping->start)) >> PAGE_SHIFT;
}

/* Whether a page of a private mapping is the file's own. */
static bool is_of_file(const struct vm_mapping *mapping, uaddr_t address, const struct page *page)
{
	struct page *at_hand;
	if (!mapping->file)
		return false;
	file_pages(mapping->file, index_of(mapping, address), 1, &at_hand);
	if (at_hand)
		page_put(at_hand);
	return at_hand == page;
}

enum fate { STAYS, MOVES, LEAVES };

/* What can be done with a page that should be elsewhere. Who backs a page has a reference, too. */
static enum fate fate_of(const struct page *page, enum vm_move reach, bool is_backed)
{
	uint32_t references = __atomic_load_n(&page->references, __ATOMIC_ACQUIRE);
	if (references == (is_backed ? 2 : 1))
		return MOVES;
	if (reach != VM_MOVE_ALL)
		return STAYS;
	return is_backed ? LEAVES : MOVES;
}

static struct page *alloc_copy(struct vm_migration *migration, const struct policy_place *place)
{
	struct page *copy = NULL;
	if (place->first & ~migration->full)
		copy = page_alloc_from(place->node, place->first, PAGE_ANY);
	if (!copy && place->then & ~migration->full)
		copy = page_alloc_from(place->node, place->then, PAGE_ANY);
	if (!copy)
		migration->full |= place->first | place->then;
	return copy;
}

/* What stands in the way of a page that should be elsewhere: 0, or why it stays. */
static int add_move(struct batch *batch, const struct vm_mapping *mapping, uint64_t *entry,
		    uaddr_t address, struct vm_migration *migration)
{
	struct page *page = pte_page(*entry), *copy = NULL;
	struct policy_place place;
	if (!migration->place(migration, mapping, address, page->node, &place))
		return 0;
	bool is_backed = mapping->flags & VM_SHARED || is_of_file(mapping, address, page);
	enum fate fate = fate_of(page, migration->reach, is_backed);
	if (fate == STAYS)
		return -EACCES;
	if (fate == MOVES && !(copy = alloc_copy(migration, &place)))
		return -ENOMEM;
	batch->moves[batch->count++] = (struct move){ entry, *entry, address, copy, is_backed };
	return 0;
}

/* What is in the page goes into the copy; who backs it takes that. False: somebody else has come to
 * have the page. */
static bool fill_copy(const struct vm_mapping *mapping, const struct move *move)
{
	struct page *page = pte_page(move->value);
	uint64_t index = index_of(mapping, move->address);
	if (!move->is_backed) {
		page_copy(page_address(move->copy), page_address(page));
		return true;
	}
	return mapping->shared ? shared_memory_replace(mapping->shared, index, page, move->copy)
			       : file_replace_page(mapping->file, index, page, move->copy);
}

/* The entry's flags hold for the copy, too: a page that was shared copy-on-write stays read-only until
 * the fault that finds it alone. */
static bool move_page(const struct vm_mapping *mapping, const struct move *move)
{
	struct page *page = pte_page(move->value);
	if (!move->copy) {
		*move->entry = 0;
		page_put(page);
		return false; /* it is where it was */
	}
	if (!fill_copy(mapping, move)) {
		*move->entry = move->value;
		page_put(move->copy);
		return false;
	}
	page_charge_copy(move->copy, page);
	*move->entry = pte_frame(page_to_phys(move->copy)) | (move->value & PTE_FLAGS);
	page_put(page);
	return true;
}

static void note_failure(struct vm_migration *migration, int error)
{
	migration->failed++;
	migration->error = error;
}

static void finish(struct address_space *space, const struct vm_mapping *mapping,
		   struct batch *batch, struct vm_migration *migration)
{
	bool new_code = false;
	if (!batch->count)
		return;
	for (unsigned int i = 0; i < batch->count; i++)
		*batch->moves[i].entry = batch->moves[i].value & ~PTE_FLAGS;
	paging_flush(space, batch->moves[0].address,
		     batch->moves[batch->count - 1].address + PAGE_SIZE);
	for (unsigned int i = 0; i < batch->count; i++) {
		const struct move *move = &batch->moves[i];
		if (!move_page(mapping, move))
			note_failure(migration, -EBUSY);
		else if (space == current->space)
			user_page_note(move->copy);
		space->resident_pages -= !*move->entry;
		new_code |= move->value & PTE_EXEC;
	}
	if (new_code)
		paging_code_changed(space);
	batch->count = 0;
}

static void migrate_mapping(struct address_space *space, const struct vm_mapping *mapping,
			    uaddr_t start, uaddr_t end, struct vm_migration *migration)
{
	struct batch batch = { .count = 0 };
	size_t count;
	uint64_t *entry;
	for (uaddr_t at = start; (entry = paging_next_span(space, &at, end, &count));
	     at += count << PAGE_SHIFT) {
		for (size_t i = 0; i < count; i++) {
			if (!entry[i])
				continue;
			uaddr_t address = at + (i << PAGE_SHIFT);
			int error = add_move(&batch, mapping, &entry[i], address, migration);
			if (error)
				note_failure(migration, error);
			if (batch.count == BATCH)
				finish(space, mapping, &batch, migration);
		}
		finish(space, mapping, &batch, migration);
		preempt_point();
	}
}

void vm_migrate_locked(struct address_space *space, uaddr_t start, uaddr_t end,
		       struct vm_migration *migration)
{
	struct vm_mapping *mapping = vm_find(space, start);
	for (; mapping && mapping->start < end;
	     mapping = RB_NEXT(vm_tree, &space->mappings, mapping))
		if (mapping->start != space->signal_trampoline) /* the kernel's, and everybody's */
			migrate_mapping(space, mapping, MAX(start, mapping->start),
					MIN(end, mapping->end), migration);
}

static bool place_by_node(const struct vm_migration *migration, const struct vm_mapping *mapping,
			  uaddr_t address, unsigned int node, struct policy_place *place)
{
	unsigned int to = migration->to[node];
	(void)mapping;
	(void)address;
	*place = (struct policy_place){ to, node_bit(to), 0 };
	return to != node;
}

uint64_t vm_migrate(struct address_space *space, uint64_t from, uint64_t to, enum vm_move reach)
{
	struct vm_migration migration = { .reach = reach, .place = place_by_node };
	bool same_size = __builtin_popcountll(from) == __builtin_popcountll(to);
	for (unsigned int node = 0; node < NODES_MAX; node++) {
		bool moves = from & node_bit(node) && (same_size || !(to & node_bit(node)));
		migration.to[node] = (uint8_t)(moves ? node_remap(node, from, to) : node);
	}
	vm_lock(space);
	vm_migrate_locked(space, 0, USER_END, &migration);
	vm_unlock(space);
	return migration.failed;
}

static int page_node_locked(struct address_space *space, uaddr_t address)
{
	if (address >= USER_END || !vm_covers(vm_find(space, address), address))
		return -EFAULT;
	const uint64_t *entry = paging_find(space, address);
	return entry && *entry ? pte_page(*entry)->node : -ENOENT;
}

int vm_page_node(struct address_space *space, uaddr_t address)
{
	vm_lock(space);
	int node = page_node_locked(space, address);
	vm_unlock(space);
	return node;
}

int vm_move_page(struct address_space *space, uaddr_t address, unsigned int node,
		 enum vm_move reach)
{
	struct vm_migration migration = { .reach = reach, .place = place_by_node };
	memset(migration.to, (int)node, sizeof(migration.to));
	address = ALIGN_DOWN(address, PAGE_SIZE);
	vm_lock(space);
	int answer = page_node_locked(space, address);
	if (answer >= 0) {
		vm_migrate_locked(space, address, address + PAGE_SIZE, &migration);
		answer = migration.failed ? migration.error : page_node_locked(space, address);
	}
	vm_unlock(space);
	return answer;
}
