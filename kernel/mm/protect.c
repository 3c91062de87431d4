// SPDX-License-Identifier: Apache-2.0
/*
 * protect.c - changing what is mapped: mprotect, mremap, madvise.
 *
 * As in mmap.c: everything that may fail comes before the first change.
 *
 * Locks: the address space's mutex.
 */
#include "kernel/fs/vfs.h"
#include "kernel/mm/shared_memory.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/vm.h"
#include "kernel/riscv/paging.h"

/* Linux's numbers of mremap(2) and madvise(2). */
enum { REMAP_MAY_MOVE = 1, REMAP_FIXED = 2 };
enum {
	ADVICE_NORMAL = 0, ADVICE_RANDOM = 1, ADVICE_SEQUENTIAL = 2, ADVICE_WILL_NEED = 3,
	ADVICE_DONT_NEED = 4, ADVICE_FREE = 8, ADVICE_HUGE = 14, ADVICE_NO_HUGE = 15,
	ADVICE_DONT_DUMP = 16, ADVICE_DO_DUMP = 17, ADVICE_COLD = 20, ADVICE_PAGE_OUT = 21,
};

/* Whether [start, end) is mapped without a hole. */
static bool range_is_mapped(struct address_space *space, uaddr_t start, uaddr_t end)
{
	const struct vm_mapping *mapping = vm_find(space, start);
	while (vm_covers(mapping, start) && mapping->end < end) {
		start = mapping->end;
		mapping = vm_find(space, start);
	}
	return vm_covers(mapping, start);
}

int vm_check_mapped(struct address_space *space, uaddr_t address, uint64_t length)
{
	uaddr_t end;
	if (length == 0)
		return 0;
	if (!vm_round_range(address, length, &end))
		return -ENOMEM;
	vm_lock(space);
	bool mapped = range_is_mapped(space, address, end);
	vm_unlock(space);
	return mapped ? 0 : -ENOMEM;
}

static int check_protect(struct address_space *space, uaddr_t start, uaddr_t end,
			 uint32_t protection)
{
	if (!range_is_mapped(space, start, end))
		return -ENOMEM;
	struct vm_mapping *mapping = vm_find(space, start);
	for (; mapping && mapping->start < end;
	     mapping = RB_NEXT(vm_tree, &space->mappings, mapping)) {
		int error = mapping->file
			? file_check_map(mapping->file, protection, mapping->flags) : 0;
		if (error)
			return error;
	}
	return 0;
}

/* Entries take the mapping's new permissions; a private page that was read-only stays so until the
 * fault that knows whether it is shared. */
static void protect_entries(struct address_space *space, const struct vm_mapping *mapping)
{
	uint64_t flags = pte_user_flags(mapping->protection);
	bool shared = mapping->flags & VM_SHARED;
	size_t count;
	uint64_t *entry;
	for (uaddr_t at = mapping->start;
	     (entry = paging_next_span(space, &at, mapping->end, &count));
	     at += count << PAGE_SHIFT) {
		for (size_t i = 0; i < count; i++) {
			uint64_t value = entry[i];
			if (!value)
				continue;
			uint64_t hold = shared || value & PTE_WRITE ? 0 : PTE_WRITE;
			entry[i] = (value & ~PTE_FLAGS) | (flags & ~hold);
		}
		preempt_point();
	}
}

static int protect_locked(struct address_space *space, uaddr_t start, uaddr_t end,
			  uint32_t protection)
{
	int error = check_protect(space, start, end, protection);
	if (!error)
		error = vm_isolate(space, start, end);
	if (error)
		return error;
	bool new_code = false;
	struct vm_mapping *mapping = vm_find(space, start);
	while (mapping && mapping->start < end) {
		new_code |= protection & ~mapping->protection & VM_EXEC;
		if (mapping->protection != protection) {
			mapping->protection = protection;
			protect_entries(space, mapping);
		}
		mapping = vm_merge(space, mapping);
		mapping = RB_NEXT(vm_tree, &space->mappings, mapping);
	}
	paging_flush(space, start, end);
	if (new_code)
		paging_code_changed(space);
	return 0;
}

int vm_protect(struct address_space *space, uaddr_t address, size_t length, uint32_t protection)
{
	uaddr_t end;
	if (address & (PAGE_SIZE - 1) || protection & ~(uint32_t)(VM_READ | VM_WRITE | VM_EXEC))
		return -EINVAL;
	if (length == 0)
		return 0;
	if (!vm_round_range(address, length, &end))
		return -ENOMEM;
	if (protection & VM_WRITE && protection & VM_EXEC)
		return -EACCES;
	vm_lock(space);
	int error = protect_locked(space, address, end, protection);
	vm_unlock(space);
	return error;
}

/* Tables for every entry that will move: after this, moving cannot fail. */
static int prepare_move(struct address_space *space, uaddr_t from, uaddr_t end, uaddr_t to)
{
	size_t count;
	for (uaddr_t at = from; paging_next_span(space, &at, end, &count);
	     at += count << PAGE_SHIFT) {
		uaddr_t target = at - from + to;
		size_t room = TABLE_ENTRIES - (target >> PAGE_SHIFT & (TABLE_ENTRIES - 1));
		if (!paging_make(space, target, MIN(count, room)))
			return -ENOMEM;
		target += room << PAGE_SHIFT; /* the rest stands in the next table */
		if (count > room && !paging_make(space, target, count - room))
			return -ENOMEM;
	}
	return 0;
}

static void move_entries(struct address_space *space, uaddr_t from, uaddr_t end, uaddr_t to)
{
	size_t count;
	uint64_t *entry;
	for (uaddr_t at = from; (entry = paging_next_span(space, &at, end, &count));
	     at += count << PAGE_SHIFT) {
		for (size_t i = 0; i < count; i++) {
			if (!entry[i])
				continue;
			*paging_find(space, at + (i << PAGE_SHIFT) - from + to) = entry[i];
			entry[i] = 0;
		}
		preempt_point();
	}
	paging_flush(space, from, end);
}

/* [old, old + old_length) lies in one mapping and goes, grown, to the free range at `to`. */
static int64_t move_mapping(struct address_space *space, uaddr_t old, size_t old_length,
			    uaddr_t to, size_t new_length)
{
	struct vm_mapping *mapping = vm_find(space, old);
	size_t more = new_length - MIN(new_length, old_length);
	int error = vm_check_growth(space, more >> PAGE_SHIFT);
	if (error || space->mapping_count >= VM_MAPPINGS_MAX)
		return -ENOMEM;
	struct vm_mapping *moved = vm_copy(mapping);
	if (!moved)
		return -ENOMEM;
	if (mapping->file || mapping->shared)
		moved->file_offset += old - mapping->start;
	moved->start = to;
	moved->end = to + new_length;
	error = vm_isolate(space, old, old + old_length);
	if (!error) {
		error = prepare_move(space, old, old + MIN(old_length, new_length), to);
		if (error) {
			vm_free_tables(space, to, to + new_length);
			vm_rejoin(space, old);
			vm_rejoin(space, old + old_length);
		}
	}
	if (error) {
		moved->next_removed = space->removed;
		space->removed = moved;
		return error;
	}
	vm_insert(space, moved);
	move_entries(space, old, old + MIN(old_length, new_length), to);
	error = vm_unmap_locked(space, old, old + old_length);
	kassert(!error); /* its borders were made above */
	vm_merge(space, moved);
	return (int64_t)to;
}

static int64_t grow_in_place(struct address_space *space, struct vm_mapping *mapping, size_t more)
{
	const struct vm_mapping *next = RB_NEXT(vm_tree, &space->mappings, mapping);
	if (mapping->shared || more > VM_TOP - mapping->end ||
	    (next && next->start - mapping->end < more))
		return -ENOSPC;
	int error = vm_check_growth(space, more >> PAGE_SHIFT);
	if (error)
		return error;
	mapping->end += more;
	space->mapped_pages += more >> PAGE_SHIFT;
	vm_merge(space, mapping);
	return 0;
}

static int64_t remap_fixed(struct address_space *space, uaddr_t old, size_t old_length,
			   size_t new_length, uaddr_t to)
{
	uaddr_t end;
	if (to & (PAGE_SIZE - 1) || to < USER_MIN || !vm_round_range(to, new_length, &end))
		return -EINVAL;
	if (to < old + old_length && old < end)
		return -EINVAL;
	int error = vm_unmap_locked(space, to, end);
	return error ? error : move_mapping(space, old, old_length, to, new_length);
}

static int64_t remap_locked(struct address_space *space, uaddr_t old, size_t old_length,
			    size_t new_length, unsigned int flags, uaddr_t new_address)
{
	struct vm_mapping *mapping = vm_find(space, old);
	if (!vm_covers(mapping, old) || mapping->end - old < old_length)
		return -EFAULT;
	if (flags & REMAP_FIXED)
		return remap_fixed(space, old, old_length, new_length, new_address);
	if (new_length <= old_length) {
		int error = new_length == old_length ? 0
			: vm_unmap_locked(space, old + new_length, old + old_length);
		return error ? error : (int64_t)old;
	}
	if (old + old_length == mapping->end) {
		int64_t answer = grow_in_place(space, mapping, new_length - old_length);
		if (answer != -ENOSPC)
			return answer ? answer : (int64_t)old;
	}
	if (!(flags & REMAP_MAY_MOVE))
		return -ENOMEM;
	uaddr_t to = vm_find_hole(space, new_length);
	return to ? move_mapping(space, old, old_length, to, new_length) : -ENOMEM;
}

int64_t vm_remap(struct address_space *space, uaddr_t old, size_t old_length, size_t new_length,
		 unsigned int flags, uaddr_t new_address)
{
	uaddr_t end;
	if (old & (PAGE_SIZE - 1) || flags & ~(unsigned int)(REMAP_MAY_MOVE | REMAP_FIXED) ||
	    (flags & REMAP_FIXED && !(flags & REMAP_MAY_MOVE)))
		return -EINVAL;
	if (!vm_round_range(old, old_length, &end) || new_length == 0)
		return -EINVAL;
	if (new_length > USER_END)
		return -ENOMEM;
	vm_lock(space);
	int64_t answer = remap_locked(space, old, end - old, ALIGN_UP(new_length, PAGE_SIZE), flags,
				      new_address);
	vm_unlock(space);
	return answer;
}

/* Pages go; private memory reads as zero or the file again, shared memory stays as it is. */
static void drop_pages(struct address_space *space, uaddr_t start, uaddr_t end)
{
	struct vm_mapping *mapping = vm_find(space, start);
	for (; mapping && mapping->start < end;
	     mapping = RB_NEXT(vm_tree, &space->mappings, mapping))
		vm_zap(space, MAX(start, mapping->start), MIN(end, mapping->end));
}

static bool range_is_private_anonymous(struct address_space *space, uaddr_t start, uaddr_t end)
{
	struct vm_mapping *mapping = vm_find(space, start);
	for (; mapping && mapping->start < end;
	     mapping = RB_NEXT(vm_tree, &space->mappings, mapping))
		if (mapping->file || mapping->shared)
			return false;
	return true;
}

static int advise_locked(struct address_space *space, uaddr_t start, uaddr_t end, int advice)
{
	if (advice == ADVICE_FREE && !range_is_private_anonymous(space, start, end))
		return -EINVAL;
	if (advice == ADVICE_DONT_NEED || advice == ADVICE_FREE)
		drop_pages(space, start, end);
	return range_is_mapped(space, start, end) ? 0 : -ENOMEM;
}

int vm_advise(struct address_space *space, uaddr_t address, size_t length, int advice)
{
	uaddr_t end;
	switch (advice) {
	case ADVICE_NORMAL: case ADVICE_RANDOM: case ADVICE_SEQUENTIAL: case ADVICE_WILL_NEED:
	case ADVICE_DONT_NEED: case ADVICE_FREE: case ADVICE_HUGE: case ADVICE_NO_HUGE:
	case ADVICE_DONT_DUMP: case ADVICE_DO_DUMP: case ADVICE_COLD: case ADVICE_PAGE_OUT:
		break;
	default:
		return -EINVAL;
	}
	if (address & (PAGE_SIZE - 1))
		return -EINVAL;
	if (length == 0)
		return 0;
	if (!vm_round_range(address, length, &end))
		return -EINVAL;
	vm_lock(space);
	int error = advise_locked(space, address, end, advice);
	vm_unlock(space);
	return error;
}
