// SPDX-License-Identifier: Apache-2.0
/*
 * percpu.h - what a CPU keeps in stock so that most allocations take no lock: single pages, and
 * free objects of every slab cache, each a list threaded through the free things themselves.
 *
 * Only the CPU itself touches its stock, and nothing interrupts the kernel: no lock, no atomics. The
 * charges in stock alone are taken away by others, too.
 */
#ifndef KERNEL_MM_PERCPU_H
#define KERNEL_MM_PERCPU_H

#include "kernel/mm/page.h"
#include "kernel/smp/cpu.h"

enum {
	SLAB_CACHES_MAX = 64,
	PAGE_STOCK_MAX = 32, /* pages; half of them move at a time */
	CHARGE_STOCKS = 64, /* a power of two: eight groups' */
};

struct magazine {
	void *first;    /* a free object, whose first word leads to the next */
	uint32_t count;
};

struct memory_cpu {
	struct page *pages;  /* through page->link: single pages of this CPU's node */
	uint64_t pages_in, pages_out; /* ever; others read them for statistics */
	uint32_t page_standing; /* (i) of every page that may come into the stock */
	uint64_t charges[CHARGE_STOCKS]; /* (a) each a charge and pages counted for it: charge.c */
	struct magazine magazines[SLAB_CACHES_MAX];
};
_Static_assert(sizeof(struct memory_cpu) <= PAGE_SIZE, "it is one page");

static inline uint64_t memory_cpu_pages(const struct memory_cpu *memory)
{
	return memory->pages_in - memory->pages_out;
}

struct memory_cpu *memory_cpu_create(void);

/* This CPU's stock; made when first asked for. NULL: no memory for it. */
static inline struct memory_cpu *memory_cpu(void)
{
	struct memory_cpu *memory = this_cpu()->magazines;
	return likely(memory) ? memory : memory_cpu_create();
}

#endif
