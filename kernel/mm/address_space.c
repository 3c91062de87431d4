// SPDX-License-Identifier: Apache-2.0
/*
 * address_space.c - making, cloning and ending address spaces; their mappings in order.
 *
 * Invariants: mappings never overlap; every entry of the page table that is not 0 lies in a
 * mapping and holds a reference to its page; resident_pages counts those entries. A page that a
 * private mapping holds is writable in the page table only while no other holder exists.
 *
 * Locks: (m) the space's mutex. The last reference works without it: nobody else is left.
 */
#include "kernel/mm/address_space.h"

#include "kernel/fs/vfs.h"
#include "kernel/mm/shared_memory.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/vm.h"
#include "kernel/riscv/paging.h"
#include "kernel/smp/cpu.h"

enum {
	ZAP_BATCH = 32,         /* pages freed with one flush when other CPUs use the space */
	PREEMPT_PAGES = 1024,   /* pages handled before others get a chance */
};

static int compare_mappings(const struct vm_mapping *a, const struct vm_mapping *b)
{
	return a->start < b->start ? -1 : a->start > b->start;
}

RB_GENERATE(vm_tree, vm_mapping, link, compare_mappings)

void vm_lock(struct address_space *space)
{
	mutex_lock(&space->mutex);
}

void vm_unlock(struct address_space *space)
{
	struct vm_mapping *removed = space->removed;
	space->removed = NULL;
	mutex_unlock(&space->mutex);
	while (unlikely(removed)) {
		struct vm_mapping *next = removed->next_removed;
		vm_release(removed);
		removed = next;
	}
}

struct vm_mapping *vm_find(const struct address_space *space, uaddr_t address)
{
	struct vm_mapping *node = RB_ROOT(&space->mappings);
	struct vm_mapping *found = NULL;
	while (node) {
		if (node->end <= address) {
			node = RB_RIGHT(node, link);
			continue;
		}
		found = node;
		if (node->start <= address)
			break;
		node = RB_LEFT(node, link);
	}
	return found;
}

struct vm_mapping *vm_find_below(const struct address_space *space, uaddr_t address)
{
	struct vm_mapping *node = RB_ROOT(&space->mappings);
	struct vm_mapping *found = NULL;
	while (node) {
		if (node->start < address) {
			found = node;
			node = RB_RIGHT(node, link);
		} else {
			node = RB_LEFT(node, link);
		}
	}
	return found;
}

static inline uint64_t mapping_pages(const struct vm_mapping *mapping)
{
	return (mapping->end - mapping->start) >> PAGE_SHIFT;
}

void vm_insert(struct address_space *space, struct vm_mapping *mapping)
{
	kcheck(mapping->start < mapping->end && mapping->end <= USER_END);
	struct vm_mapping *other = RB_INSERT(vm_tree, &space->mappings, mapping);
	kassert(!other);
	space->mapping_count++;
	space->mapped_pages += mapping_pages(mapping);
}

void vm_remove(struct address_space *space, struct vm_mapping *mapping)
{
	RB_REMOVE(vm_tree, &space->mappings, mapping);
	space->mapping_count--;
	space->mapped_pages -= mapping_pages(mapping);
	mapping->next_removed = space->removed;
	space->removed = mapping;
}

struct vm_mapping *vm_copy(const struct vm_mapping *mapping)
{
	struct vm_mapping *copy = kmalloc(sizeof(*copy));
	if (!copy)
		return NULL;
	*copy = *mapping;
	if (copy->file)
		file_get(copy->file);
	if (copy->shared)
		shared_memory_get(copy->shared);
	return copy;
}

void vm_release(struct vm_mapping *mapping)
{
	if (mapping->file)
		file_put(mapping->file);
	if (mapping->shared)
		shared_memory_put(mapping->shared);
	kfree(mapping);
}

/* The part from `at` on becomes a mapping of its own. */
static int split(struct address_space *space, struct vm_mapping *mapping, uaddr_t at)
{
	if (space->mapping_count >= VM_MAPPINGS_MAX)
		return -ENOMEM;
	struct vm_mapping *upper = vm_copy(mapping);
	if (!upper)
		return -ENOMEM;
	upper->start = at;
	upper->file_offset += at - mapping->start;
	space->mapped_pages -= mapping_pages(upper);
	mapping->end = at;
	vm_insert(space, upper);
	return 0;
}

int vm_isolate(struct address_space *space, uaddr_t start, uaddr_t end)
{
	struct vm_mapping *mapping = vm_find(space, start);
	if (mapping && mapping->start < start) {
		int error = split(space, mapping, start);
		if (error)
			return error;
	}
	mapping = vm_find(space, end);
	int error = mapping && mapping->start < end ? split(space, mapping, end) : 0;
	if (error)
		vm_rejoin(space, start);
	return error;
}

void vm_rejoin(struct address_space *space, uaddr_t border)
{
	struct vm_mapping *mapping = vm_find(space, border);
	if (mapping && mapping->start == border)
		vm_merge(space, mapping);
}

static bool can_join(const struct vm_mapping *lower, const struct vm_mapping *upper)
{
	if (lower->end != upper->start || lower->protection != upper->protection ||
	    lower->flags != upper->flags || lower->file != upper->file ||
	    lower->shared != upper->shared || lower->file_end != upper->file_end ||
	    !policy_equal(&lower->policy, &upper->policy))
		return false;
	if (!lower->file && !lower->shared)
		return true;
	return lower->file_offset + (lower->end - lower->start) == upper->file_offset;
}

static void join(struct address_space *space, struct vm_mapping *lower, struct vm_mapping *upper)
{
	vm_remove(space, upper);
	space->mapped_pages += mapping_pages(upper);
	lower->end = upper->end;
}

struct vm_mapping *vm_merge(struct address_space *space, struct vm_mapping *mapping)
{
	struct vm_mapping *next = RB_NEXT(vm_tree, &space->mappings, mapping);
	if (next && can_join(mapping, next))
		join(space, mapping, next);
	struct vm_mapping *previous = RB_PREV(vm_tree, &space->mappings, mapping);
	if (previous && can_join(previous, mapping)) {
		join(space, previous, mapping);
		mapping = previous;
	}
	return mapping;
}

/* Whether no other CPU can translate with this space until this task gives up its own. */
static bool only_we_use(const struct address_space *space)
{
	uint32_t references = __atomic_load_n(&space->references, __ATOMIC_ACQUIRE);
	return references == 0 || (references == 1 && current->space == space);
}

/* Pages go home at once: until the flush only this CPU could still translate to them, and it does
 * not touch user memory before. */
static void zap_alone(struct address_space *space, uaddr_t start, uaddr_t end)
{
	bool dying = space->references == 0;
	uint64_t zapped = 0;
	size_t count;
	uint64_t *entry;
	for (uaddr_t at = start; (entry = paging_next_span(space, &at, end, &count));
	     at += count << PAGE_SHIFT) {
		for (size_t i = 0; i < count; i++) {
			uint64_t value = entry[i];
			if (!value)
				continue;
			entry[i] = 0;
			page_put(pte_page(value));
			zapped++;
		}
		if (zapped < PREEMPT_PAGES)
			continue;
		space->resident_pages -= zapped;
		zapped = 0;
		if (!dying)
			paging_flush(space, start, end);
		preempt_point();
	}
	space->resident_pages -= zapped;
	if (!dying)
		paging_flush(space, start, end);
}

static void put_pages(struct page **pages, size_t count)
{
	for (size_t i = 0; i < count; i++)
		page_put(pages[i]);
}

/* Other CPUs may be using the space: no page goes home before all have flushed. */
static void zap_among_others(struct address_space *space, uaddr_t start, uaddr_t end)
{
	struct page *pages[ZAP_BATCH];
	size_t held = 0, count;
	uint64_t *entry;
	for (uaddr_t at = start; (entry = paging_next_span(space, &at, end, &count));
	     at += count << PAGE_SHIFT) {
		for (size_t i = 0; i < count; i++) {
			uint64_t value = entry[i];
			if (!value)
				continue;
			entry[i] = 0;
			space->resident_pages--;
			pages[held++] = pte_page(value);
			if (held < ZAP_BATCH)
				continue;
			paging_flush(space, start, at + ((i + 1) << PAGE_SHIFT));
			put_pages(pages, held);
			held = 0;
		}
		preempt_point();
	}
	paging_flush(space, start, end);
	put_pages(pages, held);
}

void vm_zap(struct address_space *space, uaddr_t start, uaddr_t end)
{
	space->resident_peak = address_space_resident_peak(space);
	if (only_we_use(space))
		zap_alone(space, start, end);
	else
		zap_among_others(space, start, end);
}

struct address_space *address_space_create(void)
{
	struct address_space *space = kzalloc(sizeof(*space));
	if (!space)
		return NULL;
	if (!paging_create(space)) {
		kfree(space);
		return NULL;
	}
	mutex_init(&space->mutex, LOCK_RANK_ADDRESS_SPACE);
	space->references = 1;
	space->mmap_hint = VM_TOP;
	return space;
}

/* The child gets the pages that the parent has in one mapping; private ones become read-only in
 * both. File pages come along: copying an entry is cheaper than a fault. */
static int clone_pages(struct address_space *child, struct address_space *parent,
		       const struct vm_mapping *mapping)
{
	uint64_t keep = mapping->flags & VM_SHARED ? ~0UL : ~PTE_WRITE;
	uint64_t copied = 0;
	size_t count;
	uint64_t *from;
	for (uaddr_t at = mapping->start;
	     (from = paging_next_span(parent, &at, mapping->end, &count));
	     at += count << PAGE_SHIFT) {
		uint64_t *to = NULL;
		for (size_t i = 0; i < count; i++) {
			uint64_t value = from[i];
			if (!value)
				continue;
			if (unlikely(!to) && !(to = paging_make(child, at, count)))
				return -ENOMEM;
			if (value & ~keep & PTE_WRITE) {
				value &= keep;
				from[i] = value;
			}
			page_get(pte_page(value));
			to[i] = value;
			copied++;
		}
		child->resident_pages += copied;
		copied = 0;
		preempt_point();
	}
	return 0;
}

static int clone_mappings(struct address_space *child, struct address_space *parent)
{
	struct vm_mapping *mapping;
	RB_FOREACH(mapping, vm_tree, &parent->mappings) {
		struct vm_mapping *copy = vm_copy(mapping);
		if (!copy)
			return -ENOMEM;
		vm_insert(child, copy);
		int error = clone_pages(child, parent, mapping);
		if (error)
			return error;
	}
	return 0;
}

struct address_space *address_space_clone(struct address_space *parent)
{
	struct address_space *child = address_space_create();
	if (!child)
		return NULL;
	vm_lock(parent);
	child->brk_start = parent->brk_start;
	child->brk_end = parent->brk_end;
	child->mmap_hint = parent->mmap_hint;
	child->argument_start = parent->argument_start;
	child->argument_end = parent->argument_end;
	child->signal_trampoline = parent->signal_trampoline;
	child->membarrier = parent->membarrier;
	child->icache_stale = parent->icache_stale; /* the same code: as stale on each CPU */
	int error = clone_mappings(child, parent);
	paging_flush(parent, 0, USER_END);
	vm_unlock(parent);
	if (error) {
		address_space_put(child);
		return NULL;
	}
	return child;
}

void address_space_get(struct address_space *space)
{
	__atomic_fetch_add(&space->references, 1, __ATOMIC_RELAXED);
}

void address_space_put(struct address_space *space)
{
	if (__atomic_fetch_sub(&space->references, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	if (this_cpu()->active_space == space)
		address_space_activate(NULL);
	struct vm_mapping *mapping;
	RB_FOREACH(mapping, vm_tree, &space->mappings)
		vm_zap(space, mapping->start, mapping->end);
	kcheck(space->resident_pages == 0);
	paging_destroy(space);
	while ((mapping = RB_ROOT(&space->mappings))) {
		RB_REMOVE(vm_tree, &space->mappings, mapping);
		vm_release(mapping);
	}
	kfree(space);
}
