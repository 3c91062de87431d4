// SPDX-License-Identifier: Apache-2.0
/*
 * paging.c - the kernel's page table, and what loads and flushes translations.
 *
 * The root's upper half is copied into every address space when it is made, so all its entries
 * exist before the first one. One ASID serves all: kernel entries are global, and a switch flushes
 * the others. Accessed and dirty bits are always set: no hart has to write entries.
 *
 * W^X: the image's text is the only thing executable; its frames are not in the linear map.
 */
#include "kernel/riscv/paging.h"

#include "kernel/mm/charge.h"
#include "kernel/riscv/csr.h"
#include "kernel/riscv/sbi.h"
#include "kernel/smp/cpu.h"

#define SPAN_1G (1UL << 30)
#define SPAN_2M (1UL << 21)

#define KERNEL_RW (PTE_VALID | PTE_READ | PTE_WRITE | PTE_GLOBAL | PTE_ACCESSED | PTE_DIRTY)
#define KERNEL_RO (PTE_VALID | PTE_READ | PTE_GLOBAL | PTE_ACCESSED)
#define KERNEL_RX (KERNEL_RO | PTE_EXEC)

enum {
	FLUSH_PAGES_MAX = 16, /* beyond it, one fence for everything is cheaper */
};

extern char _text_start[], _text_end[], _rodata_start[], _rodata_end[];
extern char _data_start[], _kernel_end[];

static uint64_t *kernel_root;   /* (i) once the first address space exists */
static uint64_t kernel_satp;    /* (i) after paging_init */
static uint16_t kernel_slots[TABLE_ENTRIES / 2]; /* (i) the root's entries in use */
static unsigned int kernel_slot_count;
static bool kernel_root_is_fixed;

static inline uint64_t *entry_table(uint64_t entry)
{
	return phys_to_virt(pte_phys(entry));
}

static inline bool entry_is_leaf(uint64_t entry)
{
	return entry & (PTE_READ | PTE_WRITE | PTE_EXEC);
}

/* The table below an entry of the kernel's, made when absent; NULL: no memory, or there is a
 * leaf. */
static uint64_t *kernel_table(uint64_t *entry)
{
	if (!*entry) {
		struct page *page = page_alloc(0, PAGE_ZERO);
		if (!page)
			return NULL;
		uint64_t value = pte_frame(page_to_phys(page)) | PTE_VALID;
		__atomic_store_n(entry, value, __ATOMIC_RELEASE);
	}
	return entry_is_leaf(*entry) ? NULL : entry_table(*entry);
}

static uint64_t *kernel_middle_table(uintptr_t address)
{
	uint64_t slot = address >> 30 & (TABLE_ENTRIES - 1);
	if (!kernel_root[slot]) {
		if (kernel_root_is_fixed)
			return NULL;
		kernel_slots[kernel_slot_count++] = (uint16_t)slot;
	}
	return kernel_table(&kernel_root[slot]);
}

/* The 4 KiB entry of a kernel address; NULL: no memory, or a larger leaf covers it. */
static uint64_t *kernel_entry(uintptr_t address)
{
	uint64_t *middle = kernel_middle_table(address);
	if (!middle)
		return NULL;
	uint64_t *table = kernel_table(&middle[address >> 21 & (TABLE_ENTRIES - 1)]);
	return table ? &table[address >> PAGE_SHIFT & (TABLE_ENTRIES - 1)] : NULL;
}

/* Maps one leaf at the start of [start, end), as large as fits where nothing is mapped yet, or
 * finds one there. Answers how much it covers from `start` on; 0: no memory. */
static uint64_t map_linear_leaf(paddr_t start, paddr_t end)
{
	uintptr_t address = (uintptr_t)phys_to_virt(start);
	uint64_t *entry = &kernel_root[address >> 30 & (TABLE_ENTRIES - 1)];
	if (*entry && entry_is_leaf(*entry))
		return SPAN_1G - (start & (SPAN_1G - 1));
	if (!*entry && !(start & (SPAN_1G - 1)) && end - start >= SPAN_1G &&
	    !kernel_root_is_fixed) {
		kernel_slots[kernel_slot_count++] = (uint16_t)(address >> 30 & (TABLE_ENTRIES - 1));
		*entry = pte_frame(start) | KERNEL_RW;
		return SPAN_1G;
	}
	uint64_t *middle = kernel_middle_table(address);
	if (!middle)
		return 0;
	entry = &middle[address >> 21 & (TABLE_ENTRIES - 1)];
	if (*entry && entry_is_leaf(*entry))
		return SPAN_2M - (start & (SPAN_2M - 1));
	if (!*entry && !(start & (SPAN_2M - 1)) && end - start >= SPAN_2M) {
		*entry = pte_frame(start) | KERNEL_RW;
		return SPAN_2M;
	}
	entry = kernel_entry(address);
	if (!entry)
		return 0;
	*entry = pte_frame(start) | KERNEL_RW;
	return PAGE_SIZE;
}

static bool map_linear(paddr_t start, paddr_t end)
{
	while (start < end) {
		uint64_t covered = map_linear_leaf(start, end);
		if (!covered)
			return false;
		start += covered;
	}
	return true;
}

void *device_map(paddr_t start, size_t size)
{
	if (start >= LINEAR_SIZE || size > LINEAR_SIZE - start)
		return NULL;
	if (!map_linear(ALIGN_DOWN(start, PAGE_SIZE), ALIGN_UP(start + size, PAGE_SIZE)))
		return NULL;
	__asm__ volatile("sfence.vma" : : : "memory");
	return phys_to_virt(start);
}

static void map_image(const char *start, const char *end, paddr_t base, uint64_t flags)
{
	for (uintptr_t address = (uintptr_t)start; address < (uintptr_t)end; address += PAGE_SIZE) {
		uint64_t *entry = kernel_entry(address);
		kassert(entry);
		*entry = pte_frame(base + (address - KERNEL_BASE)) | flags;
	}
}

void paging_init(paddr_t kernel_physical_base)
{
	page_settle();
	struct page *root = page_alloc(0, PAGE_ZERO);
	kassert(root);
	kernel_root = page_address(root);
	kernel_satp = SATP_SV39 | page_to_phys(root) >> PAGE_SHIFT;

	map_image(_text_start, _text_end, kernel_physical_base, KERNEL_RX);
	map_image(_rodata_start, _rodata_end, kernel_physical_base, KERNEL_RO);
	map_image(_data_start, _kernel_end, kernel_physical_base, KERNEL_RW);
	for (unsigned int i = 0; i < page_piece_count; i++)
		kassert(map_linear(page_pieces[i].start, page_pieces[i].end));
	kassert(kernel_middle_table(STACK_BASE));
}

void paging_activate_kernel(void)
{
	csr_write(satp, kernel_satp);
	__asm__ volatile("sfence.vma" : : : "memory");
}

uint64_t paging_kernel_satp(void)
{
	return kernel_satp;
}

int paging_map_stack_page(uintptr_t address, struct page *page)
{
	uint64_t *entry = kernel_entry(address);
	if (!entry)
		return -ENOMEM;
	kassert(!*entry);
	*entry = pte_frame(page_to_phys(page)) | KERNEL_RW;
	__asm__ volatile("sfence.vma %0" : : "r"(address) : "memory");
	return 0;
}

struct page *paging_unmap_stack_page(uintptr_t address)
{
	uint64_t *entry = kernel_entry(address);
	kassert(entry && *entry);
	struct page *page = pte_page(*entry);
	*entry = 0;
	__asm__ volatile("sfence.vma %0" : : "r"(address) : "memory");
	return page;
}

bool paging_kernel_is_mapped(uintptr_t address)
{
	uint64_t top = kernel_root[address >> 30 & (TABLE_ENTRIES - 1)];

	if (!top || entry_is_leaf(top))
		return false;
	uint64_t middle = __atomic_load_n(
		&entry_table(top)[address >> 21 & (TABLE_ENTRIES - 1)], __ATOMIC_ACQUIRE);
	if (!middle || entry_is_leaf(middle))
		return false;
	return __atomic_load_n(
		&entry_table(middle)[address >> PAGE_SHIFT & (TABLE_ENTRIES - 1)], __ATOMIC_ACQUIRE);
}

void paging_forget_kernel(void)
{
	__asm__ volatile("sfence.vma" : : : "memory");
}

bool paging_create(struct address_space *space)
{
	struct page *root = page_charged(page_alloc(0, PAGE_ZERO), CHARGE_TABLE);
	if (!root)
		return false;
	kernel_root_is_fixed = true;
	uint64_t *entries = page_address(root);
	for (unsigned int i = 0; i < kernel_slot_count; i++)
		entries[kernel_slots[i]] = kernel_root[kernel_slots[i]];
	space->root = page_to_phys(root);
	space->satp = SATP_SV39 | space->root >> PAGE_SHIFT;
	LIST_INIT(&space->tables);
	return true;
}

void paging_destroy(struct address_space *space)
{
	kassert(cpumask_empty(&space->active));
	struct page *table, *next;
	LIST_FOREACH_SAFE(table, &space->tables, link, next)
		page_put(table);
	page_put(phys_to_page(space->root));
}

static inline uint64_t bit_of(const struct cpu *cpu)
{
	return 1UL << cpu->id % CPUMASK_WORD_BITS;
}

void address_space_activate(struct address_space *space)
{
	struct cpu *cpu = this_cpu();
	struct address_space *previous = cpu->active_space;
	if (previous == space)
		return;
	unsigned int word = cpu->id / CPUMASK_WORD_BITS;
	if (space) {
		__atomic_fetch_or(&space->active.bits[word], bit_of(cpu), __ATOMIC_RELAXED);
		full_barrier();
	}
	csr_write(satp, space ? space->satp : kernel_satp);
	__asm__ volatile("sfence.vma zero, %0" : : "r"(0UL) : "memory");
	cpu->active_space = space;
	if (space && unlikely(space->icache_stale.bits[word] & bit_of(cpu))) {
		__atomic_fetch_and(&space->icache_stale.bits[word], ~bit_of(cpu), __ATOMIC_ACQ_REL);
		__asm__ volatile("fence.i" : : : "memory");
	}
	if (previous)
		__atomic_fetch_and(&previous->active.bits[word], ~bit_of(cpu), __ATOMIC_RELEASE);
}

static void flush_this_cpu(uaddr_t start, uaddr_t end)
{
	if (end - start > FLUSH_PAGES_MAX * PAGE_SIZE) {
		__asm__ volatile("sfence.vma zero, %0" : : "r"(0UL) : "memory");
		return;
	}
	for (; start < end; start += PAGE_SIZE)
		paging_flush_here(start);
}

/* The CPUs other than this one that use the space, after everything stored so far. */
static struct cpumask other_users(const struct address_space *space)
{
	struct cpumask others;
	full_barrier();
	CPUMASK_EACH_WORD(word)
		others.bits[word] = __atomic_load_n(&space->active.bits[word], __ATOMIC_RELAXED);
	cpumask_clear(&others, this_cpu()->id);
	return others;
}

void paging_flush(struct address_space *space, uaddr_t start, uaddr_t end)
{
	struct cpumask others = other_users(space);
	if (this_cpu()->active_space == space)
		flush_this_cpu(start, end);
	if (cpumask_empty(&others))
		return;
	if (end - start > FLUSH_PAGES_MAX * PAGE_SIZE)
		sbi_remote_sfence_vma(&others, 0, UINT64_MAX);
	else
		sbi_remote_sfence_vma(&others, start, end - start);
}

/* The bits are set before `active` is read: see the argument in paging.h. */
void paging_code_changed(struct address_space *space)
{
	struct cpumask stale = cpumask_below(NR_CPUS);
	if (this_cpu()->active_space == space)
		cpumask_clear(&stale, this_cpu()->id);
	CPUMASK_EACH_WORD(word) {
		uint64_t *bits = &space->icache_stale.bits[word];
		__atomic_store_n(bits, stale.bits[word], __ATOMIC_RELAXED);
	}
	struct cpumask others = other_users(space);
	__asm__ volatile("fence.i" : : : "memory");
	if (!cpumask_empty(&others))
		sbi_remote_fence_i(&others);
}
