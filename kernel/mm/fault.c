// SPDX-License-Identifier: Apache-2.0
/*
 * fault.c - a page arrives: zeroed, shared with its file, or copied before the first write.
 *
 * A private page may be written in place when the page table's reference is the only one: then
 * nobody else can come to hold it while the mutex is held. A page that must be replaced is freed
 * only after every CPU has forgotten it.
 *
 * Locks: the address space's mutex.
 */
#include <string.h>

#include "kernel/fs/vfs.h"
#include "kernel/mm/charge.h"
#include "kernel/mm/migrate.h"
#include "kernel/mm/node.h"
#include "kernel/mm/shared_memory.h"
#include "kernel/mm/user_page.h"
#include "kernel/mm/vm.h"
#include "kernel/proc/task.h"
#include "kernel/riscv/paging.h"

#define FAULT_AROUND (16 * PAGE_SIZE) /* mapped at once when the file has them */

static bool mapping_allows(const struct vm_mapping *mapping, enum vm_protection access)
{
	uint32_t allowed = mapping->protection;
	if (allowed & VM_WRITE)
		allowed |= VM_READ;
	return allowed & access;
}

static inline uint64_t position_of(const struct vm_mapping *mapping, uaddr_t address)
{
	return mapping->file_offset + (address - mapping->start);
}

static inline struct page *alloc_page(const struct address_space *space,
				      const struct vm_mapping *mapping, uaddr_t address,
				      enum page_flags flags)
{
	struct page *page;
	if (user_page_is_any(&mapping->policy, space->resident_pages))
		page = page_alloc(0, flags);
	else
		page = user_page_alloc_by(&mapping->policy, vm_page_number(mapping, address),
					  space->resident_pages, flags);
	if (unlikely(node_count > 1) && page)
		user_page_note(page);
	return page_charged(page, CHARGE_ANON);
}

/* A private copy of the first `length` bytes of a page, zeroes behind them. */
static struct page *copy_of(const struct address_space *space, const struct vm_mapping *mapping,
			    uaddr_t address, const struct page *from, size_t length)
{
	struct page *page =
		alloc_page(space, mapping, address, length < PAGE_SIZE ? PAGE_ZERO : PAGE_ANY);
	if (!page)
		return NULL;
	if (length < PAGE_SIZE)
		memcpy(page_address(page), page_address(from), length);
	else
		page_copy(page_address(page), page_address(from));
	return page;
}

/* The page that a file or shared memory has for an address, with a reference. */
static int backing_page(const struct vm_mapping *mapping, uint64_t position, struct page **page)
{
	uint64_t index = position >> PAGE_SHIFT;
	if (mapping->shared)
		return shared_memory_page(mapping->shared, index, &mapping->policy, page);
	int error = file_page(mapping->file, index, page);
	return error == -ENODEV ? -EIO : error;
}

/* Maps what a file has at hand around an address where nothing is mapped yet, the page of the
 * address as well, which lies wholly before file_end. The window is aligned, so it stands in one
 * table. */
static void fill_around(struct address_space *space, const struct vm_mapping *mapping,
			uint64_t *entry, uaddr_t address, uint64_t flags)
{
	struct page *pages[FAULT_AROUND >> PAGE_SHIFT];
	uint64_t whole = ALIGN_DOWN(mapping->file_end - mapping->file_offset, PAGE_SIZE);
	uint64_t length = MIN(mapping->end - mapping->start, whole);
	uaddr_t window = ALIGN_DOWN(address, FAULT_AROUND);
	uaddr_t first = MAX(window, mapping->start);
	uaddr_t last = MIN(window + FAULT_AROUND, mapping->start + length);
	unsigned int count = (unsigned int)((last - first) >> PAGE_SHIFT);
	file_pages(mapping->file, position_of(mapping, first) >> PAGE_SHIFT, count, pages);
	uint64_t *slot = entry - ((address - first) >> PAGE_SHIFT);
	for (unsigned int i = 0; i < count; i++) {
		if (!pages[i])
			continue;
		if (slot[i]) {
			page_put(pages[i]);
			continue;
		}
		slot[i] = pte_frame(page_to_phys(pages[i])) | flags;
		space->resident_pages++;
	}
}

/* An entry came or allows more. */
static void settle_entry(struct address_space *space, uaddr_t address, uint64_t flags)
{
	if (flags & PTE_EXEC)
		paging_code_changed(space);
	paging_flush_here(address);
}

static void set_entry(struct address_space *space, uint64_t *entry, uaddr_t address,
		      const struct page *page, uint64_t flags)
{
	*entry = pte_frame(page_to_phys(page)) | flags;
	settle_entry(space, address, flags);
}

/* A page of nobody else's: zeroes, the start of a file's last page, or a copy to write to. */
static int fill_private(struct address_space *space, const struct vm_mapping *mapping,
			uint64_t *entry, uaddr_t address)
{
	uint64_t position = position_of(mapping, address);
	struct page *page, *backing;
	if (!mapping->file || position >= mapping->file_end) {
		page = alloc_page(space, mapping, address, PAGE_ZERO);
	} else {
		int error = backing_page(mapping, position, &backing);
		if (error)
			return error;
		page = copy_of(space, mapping, address, backing,
			       MIN(mapping->file_end - position, PAGE_SIZE));
		page_put(backing);
	}
	if (!page)
		return -ENOMEM;
	space->resident_pages++;
	set_entry(space, entry, address, page, pte_user_flags(mapping->protection));
	return 0;
}

/* A page of shared memory or of a file that stayed outside the task's nodes when they changed, because others
 * had it, comes in with the first who has it alone. */
static struct page *bring_in(const struct vm_mapping *mapping, uint64_t index, struct page *page)
{
	struct page *copy = user_page_alloc_by(&mapping->policy, index, 0, PAGE_ANY);
	if (!copy)
		return page;
	bool moved = mapping->shared ? shared_memory_replace(mapping->shared, index, page, copy)
				     : file_replace_page(mapping->file, index, page, copy);
	if (!moved) {
		page_put(copy);
		return page;
	}
	page_charge_copy(copy, page);
	page_put(page);
	return copy;
}

static bool is_outside(const struct address_space *space, const struct page *page)
{
	return unlikely(current->placed) && space == current->space &&
	       !(__atomic_load_n(&current->mems, __ATOMIC_RELAXED) & node_bit(page->node));
}

static int fill_entry(struct address_space *space, const struct vm_mapping *mapping,
		      uint64_t *entry, uaddr_t address, enum vm_protection access)
{
	uint64_t position = position_of(mapping, address);
	bool shared = mapping->flags & VM_SHARED;
	if (!shared && (!mapping->file || access == VM_WRITE || mapping->file_end < PAGE_SIZE ||
			position > mapping->file_end - PAGE_SIZE))
		return fill_private(space, mapping, entry, address);

	uint64_t flags = pte_user_flags(mapping->protection);
	if (!shared) {
		flags &= ~PTE_WRITE;
		fill_around(space, mapping, entry, address, flags);
	}
	if (!*entry) {
		struct page *page;
		int error = backing_page(mapping, position, &page);
		if (error)
			return error;
		if (shared && is_outside(space, page))
			page = bring_in(mapping, position >> PAGE_SHIFT, page);
		*entry = pte_frame(page_to_phys(page)) | flags;
		space->resident_pages++;
	}
	settle_entry(space, address, flags);
	return 0;
}

/* A page is there, but the access found no permission in the entry. */
static int widen_entry(struct address_space *space, const struct vm_mapping *mapping,
		       uint64_t *entry, uaddr_t address, enum vm_protection access)
{
	static const uint64_t needed[] = {
		[VM_READ] = PTE_READ, [VM_WRITE] = PTE_WRITE, [VM_EXEC] = PTE_EXEC,
	};
	uint64_t flags = pte_user_flags(mapping->protection);
	if (*entry & needed[access]) { /* another CPU was faster, or an old translation */
		paging_flush_here(address);
		return 0;
	}
	struct page *page = pte_page(*entry);
	bool ours = mapping->flags & VM_SHARED ||
		__atomic_load_n(&page->references, __ATOMIC_ACQUIRE) == 1;
	if (access != VM_WRITE || ours) {
		set_entry(space, entry, address, page, ours ? flags : flags & ~PTE_WRITE);
		return 0;
	}
	struct page *copy = copy_of(space, mapping, address, page, PAGE_SIZE);
	if (!copy)
		return -ENOMEM;
	set_entry(space, entry, address, copy, flags);
	paging_flush(space, address, address + PAGE_SIZE);
	page_put(page);
	return 0;
}

int vm_fault_locked(struct address_space *space, uaddr_t address, enum vm_protection access)
{
	const struct vm_mapping *mapping = vm_find(space, address);
	if (!vm_covers(mapping, address) || !mapping_allows(mapping, access))
		return -EFAULT;
	address = ALIGN_DOWN(address, PAGE_SIZE);
	uaddr_t window = ALIGN_DOWN(address, FAULT_AROUND);
	uint64_t *entry = paging_make(space, window, FAULT_AROUND >> PAGE_SHIFT);
	if (!entry)
		return -ENOMEM;
	entry += (address - window) >> PAGE_SHIFT;
	return *entry ? widen_entry(space, mapping, entry, address, access)
		: fill_entry(space, mapping, entry, address, access);
}

int vm_fault(struct address_space *space, uaddr_t address, enum vm_protection access)
{
	if (address >= USER_END)
		return -EFAULT;
	vm_lock(space);
	int error = vm_fault_locked(space, address, access);
	vm_unlock(space);
	return error;
}

uint64_t vm_fault_nodes(struct address_space *space, uaddr_t address)
{
	struct memory_policy policy;
	if (vm_policy(space, address, &policy))
		policy = (struct memory_policy){ .mode = POLICY_DEFAULT };
	return user_page_nodes(&policy);
}

int address_space_page(struct address_space *space, uaddr_t address, enum vm_protection access,
		       struct page **page)
{
	if (address >= USER_END)
		return -EFAULT;
	vm_lock(space);
	int error = vm_fault_locked(space, address, access);
	if (!error) {
		*page = pte_page(*paging_find(space, address));
		page_get(*page);
	}
	vm_unlock(space);
	return error;
}

/* The part of a user's range that lies in the page of `address`, faulted in, in linear memory.
 * Under the mutex. */
static int page_bytes(struct address_space *space, uaddr_t address, size_t length,
		      enum vm_protection access, char **bytes, size_t *count)
{
	int error = vm_fault_locked(space, address, access);
	if (error)
		return error;
	size_t offset = address & (PAGE_SIZE - 1);
	*bytes = (char *)page_address(pte_page(*paging_find(space, address))) + offset;
	*count = MIN(length, PAGE_SIZE - offset);
	return 0;
}

static bool in_user_half(uaddr_t address, size_t length)
{
	return length <= USER_END && address <= USER_END - length;
}

int address_space_write(struct address_space *space, uaddr_t to, const void *from, size_t length)
{
	if (!in_user_half(to, length))
		return -EFAULT;
	const char *source = from;
	int error = 0;
	vm_lock(space);
	while (length && !error) {
		char *bytes;
		size_t count = 0;
		error = page_bytes(space, to, length, VM_WRITE, &bytes, &count);
		if (error)
			break;
		memcpy(bytes, source, count);
		source += count, to += count, length -= count;
	}
	vm_unlock(space);
	return error;
}

int address_space_read(struct address_space *space, void *to, uaddr_t from, size_t length)
{
	if (!in_user_half(from, length))
		return -EFAULT;
	char *target = to;
	int error = 0;
	vm_lock(space);
	while (length && !error) {
		char *bytes;
		size_t count = 0;
		error = page_bytes(space, from, length, VM_READ, &bytes, &count);
		if (error)
			break;
		memcpy(target, bytes, count);
		target += count, from += count, length -= count;
	}
	vm_unlock(space);
	return error;
}
