// SPDX-License-Identifier: Apache-2.0
/*
 * vm.h - what the files behind address_space.h share.
 *
 * Everything here wants the address space's mutex held (or a space that nobody else knows), and
 * page-aligned addresses.
 */
#ifndef KERNEL_MM_VM_H
#define KERNEL_MM_VM_H

#include "kernel/kernel.h"
#include "kernel/mm/address_space.h"

#define VM_TOP     (USER_END - PAGE_SIZE) /* the last page stays free */
#define VM_BOTTOM  0x10000UL              /* what is below is given only where it is asked for */
#define VM_STACK_GUARD (256 * PAGE_SIZE)  /* kept free below a VM_STACK mapping */

enum { VM_MAPPINGS_MAX = 65530 };

RB_PROTOTYPE(vm_tree, vm_mapping, link, )

/* unlock also releases what was removed meanwhile: files may sleep when they close. */
void vm_lock(struct address_space *space);
void vm_unlock(struct address_space *space);

/* The mapping of an address, or else the next one above it; NULL: none. */
struct vm_mapping *vm_find(const struct address_space *space, uaddr_t address);
/* The last one that starts below an address; NULL: none. */
struct vm_mapping *vm_find_below(const struct address_space *space, uaddr_t address);
static inline bool vm_covers(const struct vm_mapping *mapping, uaddr_t address)
{
	return mapping && mapping->start <= address;
}

/* The page of an address by which interleaving counts: of the file or shared memory, or of the
 * address space. */
static inline uint64_t vm_page_number(const struct vm_mapping *mapping, uaddr_t address)
{
	if (!mapping->file && !mapping->shared)
		return address >> PAGE_SHIFT;
	return (mapping->file_offset + (address - mapping->start)) >> PAGE_SHIFT;
}

void vm_insert(struct address_space *space, struct vm_mapping *mapping);
/* Out of the tree; vm_unlock releases it. */
void vm_remove(struct address_space *space, struct vm_mapping *mapping);
/* Makes `start` and `end` borders of mappings where they lie inside one. -ENOMEM, and then nothing has
 * changed. */
int vm_isolate(struct address_space *space, uaddr_t start, uaddr_t end);
/* A border that vm_isolate() made goes again. */
void vm_rejoin(struct address_space *space, uaddr_t border);
/* Joins a mapping with equal neighbours: the one that remains. */
struct vm_mapping *vm_merge(struct address_space *space, struct vm_mapping *mapping);
/* Drops the references to file and shared memory, and the mapping's memory. May sleep: no mutex. */
void vm_release(struct vm_mapping *mapping);
/* A copy with references of its own; NULL: no memory. */
struct vm_mapping *vm_copy(const struct vm_mapping *mapping);

/* Takes the pages of [start, end) out of the page table. */
void vm_zap(struct address_space *space, uaddr_t start, uaddr_t end);
/* Unmaps what is there. -ENOMEM, and then nothing has changed. */
int vm_unmap_locked(struct address_space *space, uaddr_t start, uaddr_t end);
/* The page tables that nothing but the free range [start, end) stands in. */
void vm_free_tables(struct address_space *space, uaddr_t start, uaddr_t end);
/* A hole of that length, as high as it goes; 0: none. */
uaddr_t vm_find_hole(struct address_space *space, size_t length);
/* vm_fault for any space, under the mutex. */
int vm_fault_locked(struct address_space *space, uaddr_t address, enum vm_protection access);

/* Whether the current process's limits and the memory allow `pages` more. 0 or -ENOMEM. */
int vm_check_growth(const struct address_space *space, uint64_t pages);
/* A soft limit (RLIMIT_*) of the current process in bytes; UINT64_MAX for a kernel thread. */
uint64_t vm_limit(unsigned int resource);
enum { VM_LIMIT_DATA = 2, VM_LIMIT_ADDRESS_SPACE = 9 }; /* RLIMIT_DATA, RLIMIT_AS */

/* Rounds a user's range to whole pages; false: it is empty after that or leaves the user's half. */
static inline bool vm_round_range(uaddr_t start, size_t length, uaddr_t *end)
{
	if (length == 0 || length > USER_END || start > USER_END - ALIGN_UP(length, PAGE_SIZE))
		return false;
	*end = start + ALIGN_UP(length, PAGE_SIZE);
	return true;
}

#endif
