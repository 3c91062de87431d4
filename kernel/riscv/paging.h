// SPDX-License-Identifier: Apache-2.0
/*
 * paging.h - Sv39 page tables: the kernel's own half, and walks over a user's half.
 *
 * A user entry that is not 0 holds a page with one reference. It may be invalid all the same
 * (PROT_NONE): such an entry keeps the page's number and no permission.
 *
 * Who may still translate with an old entry (the shootdown argument): a CPU sets its bit in
 * space->active, then a full barrier, then loads satp and fences; it clears the bit after it has
 * loaded another satp and fenced. Whoever changes an entry stores it, then a full barrier, then
 * reads `active`. Of the two, at least one sees the other: either the changer sees the bit and has
 * that CPU flushed, or that CPU's first walk comes after the store. The same holds for
 * icache_stale and fence.i.
 */
#ifndef KERNEL_RISCV_PAGING_H
#define KERNEL_RISCV_PAGING_H

#include "kernel/mm/address_space.h"

#define PTE_VALID    1UL
#define PTE_READ     2UL
#define PTE_WRITE    4UL
#define PTE_EXEC     8UL
#define PTE_USER     16UL
#define PTE_GLOBAL   32UL
#define PTE_ACCESSED 64UL
#define PTE_DIRTY    128UL
#define PTE_FLAGS    1023UL

#define TABLE_ENTRIES 512UL
#define TABLE_SPAN    (PAGE_SIZE * TABLE_ENTRIES) /* what one table of leaves maps */

static inline paddr_t pte_phys(uint64_t entry) { return entry >> 10 << PAGE_SHIFT; }
static inline uint64_t pte_frame(paddr_t address) { return address >> PAGE_SHIFT << 10; }
static inline struct page *pte_page(uint64_t entry) { return phys_to_page(pte_phys(entry)); }
/* The permission bits of a user page; without VM_WRITE it is shared or has to be copied first. */
uint64_t pte_user_flags(uint32_t protection);

/* Boot. Builds the kernel's table: the image (loaded at kernel_physical_base) and the RAM of
 * page_add_range(). From paging_activate_kernel() on nothing else is mapped: the device tree, the
 * initramfs and registers want device_map() first. */
void paging_init(paddr_t kernel_physical_base);
/* On every CPU, once; again after a CPU has entered cpu_online (for stacks mapped in between). */
void paging_activate_kernel(void);
/* The satp value of the kernel's own table. */
uint64_t paging_kernel_satp(void);
/* Maps [start, start + size) RW in the linear map, where it is not mapped yet; boot only. Answers
 * the address of `start`; NULL: no memory, or beyond the linear map. */
void *device_map(paddr_t start, size_t size);

/* One page of the kernel stacks' area; the caller guards that area. -ENOMEM. Remote CPUs are the
 * caller's business. */
int paging_map_stack_page(uintptr_t address, struct page *page);
struct page *paging_unmap_stack_page(uintptr_t address);

/* Whether the kernel has a 4 KiB page there now; takes no lock. */
bool paging_kernel_is_mapped(uintptr_t address);
/* This hart forgets what it remembers of the kernel's addresses, and of those it did not find mapped. */
void paging_forget_kernel(void);

/* A user half that is empty: false: no memory. destroy frees the tables, not the pages. */
bool paging_create(struct address_space *space);
void paging_destroy(struct address_space *space);
/* The entry of a user address; NULL: there is no table. (m) */
uint64_t *paging_find(const struct address_space *space, uaddr_t address);
/* The same, with a table made where there is none; announces that `count` entries from it on, all
 * in one table, may be filled. NULL: no memory. (m) */
uint64_t *paging_make(struct address_space *space, uaddr_t address, size_t count);
/* The entries of [*address, end) that may be filled and stand in one table: moves *address over
 * what has no table, and answers its entry and how many there are in *count; NULL: nothing is
 * left. (m) */
uint64_t *paging_next_span(const struct address_space *space, uaddr_t *address, uaddr_t end,
			   size_t *count);
/* Frees the tables of [start, end) that map nothing outside [floor, ceiling), where no mapping
 * is left. (m) */
void paging_free_tables(struct address_space *space, uaddr_t start, uaddr_t end, uaddr_t floor,
			uaddr_t ceiling);

/* After an entry came or allows more: this CPU. Another one may fault once for nothing. */
static inline void paging_flush_here(uaddr_t address)
{
	__asm__ volatile("sfence.vma %0, %1" : : "r"(address), "r"(0UL) : "memory");
}
/* After entries of [start, end) went or allow less: every CPU that uses the space. */
void paging_flush(struct address_space *space, uaddr_t start, uaddr_t end);
/* After code has come to be reachable in the space: every CPU fences before it runs it. */
void paging_code_changed(struct address_space *space);

#endif
