// SPDX-License-Identifier: Apache-2.0
/*
 * stack.c - slots of the stack area, mapped when first needed and kept in a pool when freed.
 *
 *	slot: | guard, never mapped | stack |      KERNEL_STACK_SLOT bytes, aligned to it
 *
 * Taking from the pool touches no page table. A hart may remember that an address was not mapped. Before
 * it stands on a stack that may be new to it, it fences (stack_arrive()): no trap can mend that on the stack
 * that the trap needs. When it only looks at one, at what sleeps there, the fault is mended
 * (stack_mend()). So new stacks disturb no other hart. Under memory pressure the pool's pages go back, and then
 * every online hart fences: it must not remember the old page when the slot gets another.
 *
 * Invariant: a slot's bit is set exactly when it is mapped: in use or in the pool.
 * Locks: (s) LOCK_RANK_STACK.
 */
#include "kernel/riscv/stack.h"

#include "kernel/mm/fail.h"
#include "kernel/mm/page.h"
#include "kernel/riscv/paging.h"
#include "kernel/riscv/sbi.h"
#include "kernel/smp/cpu.h"
#include "kernel/sync/spinlock.h"

enum {
	SLOT_COUNT = STACK_AREA / KERNEL_STACK_SLOT,
	SLOT_PAGES = KERNEL_STACK_SIZE / PAGE_SIZE,
	WORD_BITS = 64,
	BATCH = 4, /* slots mapped with one fence */
};

struct free_stack {
	struct free_stack *next; /* (s) at the lowest address of a pooled stack */
};

static struct spinlock stack_lock = SPINLOCK_INIT(LOCK_RANK_STACK);
static struct free_stack *pool;                    /* (s) */
static uint64_t mapped[SLOT_COUNT / WORD_BITS];    /* (s) */
static unsigned int first_word;                    /* (s) words below it are full */
static uint32_t generation;                        /* (a) how often slots were mapped */

static inline uintptr_t slot_stack(unsigned int slot)
{
	return STACK_BASE + slot * KERNEL_STACK_SLOT + KERNEL_STACK_SLOT - KERNEL_STACK_SIZE;
}

/* The lowest slot that is not mapped; SLOT_COUNT: none. (s) held. */
static unsigned int find_slot(void)
{
	while (first_word < ARRAY_SIZE(mapped) && !~mapped[first_word])
		first_word++;
	if (first_word == ARRAY_SIZE(mapped))
		return SLOT_COUNT;
	return first_word * WORD_BITS + cpumask_word_first(~mapped[first_word]);
}

static void unmap_slot(unsigned int slot, unsigned int pages, struct page_list *unmapped)
{
	for (unsigned int i = 0; i < pages; i++) {
		struct page *page = paging_unmap_stack_page(slot_stack(slot) + i * PAGE_SIZE);
		LIST_INSERT_HEAD(unmapped, page, link);
	}
}

static void fence_other_cpus(void)
{
	struct cpumask others;
	CPUMASK_EACH_WORD(word)
		others.bits[word] = __atomic_load_n(&cpu_online.bits[word], __ATOMIC_ACQUIRE);
	cpumask_clear(&others, this_cpu()->id);
	if (!cpumask_empty(&others))
		sbi_remote_sfence_vma(&others, 0, UINT64_MAX);
}

static void free_pages(struct page_list *pages)
{
	struct page *page, *next;
	LIST_FOREACH_SAFE(page, pages, link, next)
		page_put(page);
}

/* Maps all pages of a slot, or none. (s) held. */
static bool map_slot(unsigned int slot)
{
	for (unsigned int i = 0; i < SLOT_PAGES; i++) {
		struct page *page = page_alloc(0, PAGE_ANY);
		if (page && !paging_map_stack_page(slot_stack(slot) + i * PAGE_SIZE, page))
			continue;
		struct page_list unmapped = LIST_HEAD_INITIALIZER(unmapped);
		unmap_slot(slot, i, &unmapped);
		free_pages(&unmapped); /* never used, so never translated */
		if (page)
			page_put(page);
		return false;
	}
	mapped[slot / WORD_BITS] |= 1UL << slot % WORD_BITS;
	return true;
}

/* Fills the pool with a few new slots. (s) held. */
static void extend_pool(void)
{
	struct free_stack *fresh = NULL;
	uintptr_t stacks[BATCH];
	unsigned int count = 0;
	while (count < BATCH) {
		unsigned int slot = find_slot();
		if (slot == SLOT_COUNT || !map_slot(slot))
			break;
		stacks[count++] = slot_stack(slot);
	}
	if (!count)
		return;
	__atomic_fetch_add(&generation, 1, __ATOMIC_RELEASE);
	while (count--) {
		struct free_stack *stack = (struct free_stack *)stacks[count];
		stack->next = fresh;
		fresh = stack;
	}
	pool = fresh;
}

uintptr_t stack_alloc(void)
{
	if (allocation_must_fail())
		return 0;
	spin_lock(&stack_lock);
	if (unlikely(!pool))
		extend_pool();
	struct free_stack *stack = pool;
	if (stack)
		pool = stack->next;
	spin_unlock(&stack_lock);
	return (uintptr_t)stack;
}

void stack_arrive(struct cpu *cpu)
{
	uint32_t now = __atomic_load_n(&generation, __ATOMIC_ACQUIRE);

	if (likely(cpu->stack_generation == now))
		return;
	cpu->stack_generation = now;
	paging_forget_kernel();
}

bool stack_mend(uintptr_t address)
{
	if (address - STACK_BASE >= STACK_AREA || !paging_kernel_is_mapped(address))
		return false;
	paging_forget_kernel();
	return true;
}

void stack_free(uintptr_t stack)
{
	struct free_stack *free = (struct free_stack *)stack;
	kassert(stack % KERNEL_STACK_SLOT == KERNEL_STACK_SLOT - KERNEL_STACK_SIZE);
	spin_lock(&stack_lock);
	free->next = pool;
	pool = free;
	spin_unlock(&stack_lock);
}

/* Whoever allocates may hold the lock (map_slot): then there is nothing to give. */
static size_t stack_reclaim(void)
{
	struct page_list unmapped = LIST_HEAD_INITIALIZER(unmapped);
	size_t count = 0;
	if (!spin_trylock(&stack_lock))
		return 0;
	while (pool) {
		struct free_stack *stack = pool;
		pool = stack->next;
		uintptr_t offset = (uintptr_t)stack - STACK_BASE;
		unsigned int slot = (unsigned int)(offset / KERNEL_STACK_SLOT);
		unmap_slot(slot, SLOT_PAGES, &unmapped);
		mapped[slot / WORD_BITS] &= ~(1UL << slot % WORD_BITS);
		first_word = MIN(first_word, slot / WORD_BITS);
		count += SLOT_PAGES;
	}
	if (count)
		fence_other_cpus();
	spin_unlock(&stack_lock);
	free_pages(&unmapped);
	return count;
}

void stack_init(void)
{
	static struct page_reclaimer reclaimer = { .reclaim = stack_reclaim };
	page_register_reclaimer(&reclaimer);
}
