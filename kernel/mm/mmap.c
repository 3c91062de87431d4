// SPDX-License-Identifier: Apache-2.0
/*
 * mmap.c - mapping, unmapping, the program break.
 *
 * Each call checks and allocates everything first and then changes the mappings, so a call that
 * fails has changed nothing. Nothing may be writable and executable at once.
 *
 * Holes are looked for from the top down, starting where the last one was found. Cost: the number
 * of mappings between the hint and the hole, usually none.
 *
 * Locks: the address space's mutex.
 */
#include "kernel/fs/vfs.h"
#include "kernel/mm/shared_memory.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/vm.h"
#include "kernel/proc/task.h"
#include "kernel/riscv/paging.h"

uint64_t vm_limit(unsigned int resource)
{
	return current->process ? current->process->limits[resource].soft : UINT64_MAX;
}

int vm_check_growth(const struct address_space *space, uint64_t pages)
{
	uint64_t limit = vm_limit(VM_LIMIT_ADDRESS_SPACE) >> PAGE_SHIFT;
	return pages > limit || space->mapped_pages > limit - pages ? -ENOMEM : 0;
}

/* Writable memory that is nobody else's must fit into the machine, one mapping at a time; what is
 * asked for with VM_NORESERVE need not. */
static bool fits_memory(const struct vm_request *request)
{
	if (request->file || !(request->protection & VM_WRITE) || request->flags & VM_NORESERVE)
		return true;
	return request->length >> PAGE_SHIFT <= page_total();
}

/* Where the free space below a mapping begins, counting down. */
static uaddr_t guarded_start(const struct vm_mapping *mapping)
{
	uint64_t guard = mapping->flags & VM_STACK ? VM_STACK_GUARD : 0;
	return mapping->start - MIN(guard, mapping->start);
}

static uaddr_t find_hole_below(struct address_space *space, uaddr_t top, size_t length)
{
	struct vm_mapping *mapping = vm_find_below(space, top);
	for (uaddr_t end = top;;) {
		uaddr_t floor = mapping ? MAX(mapping->end, VM_BOTTOM) : VM_BOTTOM;
		if (floor < end && end - floor >= length)
			return end - length;
		if (!mapping)
			return 0;
		end = MIN(end, guarded_start(mapping));
		mapping = RB_PREV(vm_tree, &space->mappings, mapping);
	}
}

uaddr_t vm_find_hole(struct address_space *space, size_t length)
{
	uaddr_t top = space->mmap_hint;
	const struct vm_mapping *above = vm_find(space, top);
	if (above)
		top = MIN(top, guarded_start(above));
	uaddr_t found = find_hole_below(space, top, length);
	if (!found)
		found = find_hole_below(space, VM_TOP, length);
	return found;
}

static bool range_is_free(const struct address_space *space, uaddr_t start, uaddr_t end)
{
	const struct vm_mapping *mapping = vm_find(space, start);
	return !mapping || guarded_start(mapping) >= end;
}

static uint64_t pages_mapped_in(struct address_space *space, uaddr_t start, uaddr_t end)
{
	uint64_t bytes = 0;
	struct vm_mapping *mapping = vm_find(space, start);
	for (; mapping && mapping->start < end;
	     mapping = RB_NEXT(vm_tree, &space->mappings, mapping))
		bytes += MIN(mapping->end, end) - MAX(mapping->start, start);
	return bytes >> PAGE_SHIFT;
}

void vm_free_tables(struct address_space *space, uaddr_t start, uaddr_t end)
{
	const struct vm_mapping *below = vm_find_below(space, start);
	const struct vm_mapping *above = vm_find(space, start);
	paging_free_tables(space, start, end, below ? below->end : 0,
			   above ? above->start : USER_END);
}

int vm_unmap_locked(struct address_space *space, uaddr_t start, uaddr_t end)
{
	struct vm_mapping *mapping = vm_find(space, start);
	if (!mapping || mapping->start >= end)
		return 0;
	int error = vm_isolate(space, start, end);
	if (error)
		return error;
	mapping = vm_find(space, start);
	while (mapping && mapping->start < end) {
		struct vm_mapping *next = RB_NEXT(vm_tree, &space->mappings, mapping);
		vm_remove(space, mapping);
		mapping = next;
	}
	uaddr_t ceiling = mapping ? mapping->start : USER_END;
	vm_zap(space, start, end);
	vm_free_tables(space, start, end);
	space->mmap_hint = MAX(space->mmap_hint, MIN(ceiling, VM_TOP));
	return 0;
}

int vm_unmap(struct address_space *space, uaddr_t address, size_t length)
{
	uaddr_t end;
	if (address & (PAGE_SIZE - 1) || !vm_round_range(address, length, &end))
		return -EINVAL;
	vm_lock(space);
	int error = vm_unmap_locked(space, address, end);
	vm_unlock(space);
	return error;
}

static int check_request(const struct vm_request *request)
{
	const uint32_t known = VM_READ | VM_WRITE | VM_EXEC;
	if (request->length == 0)
		return -EINVAL;
	if (request->length > USER_END)
		return -ENOMEM;
	if (request->placement != VM_MAP_ANYWHERE && request->address & (PAGE_SIZE - 1))
		return -EINVAL;
	if (request->offset & (PAGE_SIZE - 1) || request->protection & ~known)
		return -EINVAL;
	if (request->offset + request->length < request->offset)
		return -EOVERFLOW;
	if (request->protection & VM_WRITE && request->protection & VM_EXEC)
		return -EACCES;
	if (request->file)
		return file_check_map(request->file, request->protection, request->flags);
	return fits_memory(request) ? 0 : -ENOMEM;
}

/* Where a checked request goes, an errno when nowhere. `length` is whole pages. */
static int64_t choose_place(struct address_space *space, const struct vm_request *request,
			    size_t length)
{
	uaddr_t address = ALIGN_DOWN(request->address, PAGE_SIZE);
	uaddr_t end = address + length;
	bool inside = address < USER_END && length <= USER_END - address;
	if (request->placement == VM_MAP_ANYWHERE) {
		if (inside && address >= VM_BOTTOM && end <= VM_TOP &&
		    range_is_free(space, address, end))
			return (int64_t)address;
		address = vm_find_hole(space, length);
		return address ? (int64_t)address : -ENOMEM;
	}
	if (!inside)
		return -ENOMEM;
	if (address < USER_MIN)
		return -EPERM;
	if (request->placement == VM_MAP_FIXED_NOREPLACE && pages_mapped_in(space, address, end))
		return -EEXIST;
	return (int64_t)address;
}

/* `mapping` is complete but for its place. */
static int64_t map_locked(struct address_space *space, const struct vm_request *request,
			  struct vm_mapping *mapping)
{
	size_t length = ALIGN_UP(request->length, PAGE_SIZE);
	int64_t place = choose_place(space, request, length);
	if (place < 0)
		return place;
	mapping->start = (uaddr_t)place;
	mapping->end = mapping->start + length;
	uint64_t replaced = pages_mapped_in(space, mapping->start, mapping->end);
	int error = vm_check_growth(space, (length >> PAGE_SHIFT) - replaced);
	if (error || space->mapping_count >= VM_MAPPINGS_MAX)
		return -ENOMEM;
	error = vm_unmap_locked(space, mapping->start, mapping->end);
	if (error)
		return error;
	vm_insert(space, mapping);
	vm_merge(space, mapping);
	if (request->placement == VM_MAP_ANYWHERE)
		space->mmap_hint = (uaddr_t)place;
	return place;
}

/* A mapping with its own references to what backs it; NULL: no memory. */
static struct vm_mapping *make_mapping(const struct vm_request *request)
{
	struct vm_mapping *mapping = kmalloc(sizeof(*mapping));
	if (!mapping)
		return NULL;
	bool shared = request->flags & VM_SHARED;
	*mapping = (struct vm_mapping){
		.protection = request->protection,
		.flags = request->flags,
		.file = request->file,
		.shared = shared && !request->file ? request->shared : NULL,
		.file_offset = request->file || request->shared ? request->offset : 0,
		.file_end = request->file && !shared ? request->file_end : UINT64_MAX,
	};
	if (mapping->file) {
		file_get(mapping->file);
	} else if (mapping->shared) {
		shared_memory_get(mapping->shared);
	} else if (shared) {
		uint64_t length = ALIGN_UP(request->length, PAGE_SIZE);
		mapping->shared = shared_memory_create(length >> PAGE_SHIFT);
		if (!mapping->shared) {
			kfree(mapping);
			return NULL;
		}
	}
	return mapping;
}

int64_t vm_map(struct address_space *space, const struct vm_request *request)
{
	int error = check_request(request);
	if (error)
		return error;
	struct vm_mapping *mapping = make_mapping(request);
	if (!mapping)
		return -ENOMEM;
	vm_lock(space);
	int64_t answer = map_locked(space, request, mapping);
	vm_unlock(space);
	if (answer < 0)
		vm_release(mapping);
	return answer;
}

/* The heap reaches to `end`, by its last mapping or a new one that joins it. */
static int grow_heap(struct address_space *space, uaddr_t start, uaddr_t end)
{
	struct vm_request request = {
		.address = start, .length = end - start, .protection = VM_READ | VM_WRITE,
	};
	if (!range_is_free(space, start, end + PAGE_SIZE) || !fits_memory(&request) ||
	    space->mapping_count >= VM_MAPPINGS_MAX ||
	    vm_check_growth(space, (end - start) >> PAGE_SHIFT))
		return -ENOMEM;
	struct vm_mapping *mapping = make_mapping(&request);
	if (!mapping)
		return -ENOMEM;
	mapping->start = start;
	mapping->end = end;
	vm_insert(space, mapping);
	vm_merge(space, mapping);
	return 0;
}

static int move_break(struct address_space *space, uaddr_t end)
{
	if (end < space->brk_start || end >= VM_TOP)
		return -ENOMEM;
	if (end - space->brk_start > vm_limit(VM_LIMIT_DATA))
		return -ENOMEM;
	uaddr_t old_end = ALIGN_UP(space->brk_end, PAGE_SIZE);
	uaddr_t new_end = ALIGN_UP(end, PAGE_SIZE);
	if (new_end < old_end)
		return vm_unmap_locked(space, new_end, old_end);
	return new_end > old_end ? grow_heap(space, old_end, new_end) : 0;
}

uaddr_t vm_brk(struct address_space *space, uaddr_t end)
{
	vm_lock(space);
	if (!move_break(space, end))
		space->brk_end = end;
	uaddr_t answer = space->brk_end;
	vm_unlock(space);
	return answer;
}
