// SPDX-License-Identifier: Apache-2.0
/*
 * plic.c - see plic.h. Only one CPU's context is enabled, so only that CPU claims.
 */
#include "kernel/dev/plic.h"
#include "kernel/kernel.h"

enum { SOURCES_MAX = 256 };

/* Byte offsets, PLIC specification chapter 3. */
enum {
	PRIORITY = 0x0,
	ENABLE = 0x2000,
	ENABLE_STRIDE = 0x80,
	THRESHOLD = 0x200000,
	CONTEXT_STRIDE = 0x1000,
	CLAIM = 4, /* from a context's threshold */
};

struct source {
	void (*handler)(void *); /* (i) once registered, at boot */
	void *argument;
};

static struct {
	uintptr_t registers;  /* (i) 0: there is none */
	uint32_t source_count; /* (i) */
	uint32_t context;     /* (i) */
	struct source sources[SOURCES_MAX];
} plic;

static volatile uint32_t *reg(uint64_t offset)
{
	return (volatile uint32_t *)(plic.registers + offset);
}

static volatile uint32_t *enable_word(uint32_t context, uint32_t word)
{
	return reg(ENABLE + (uint64_t)context * ENABLE_STRIDE + word * 4UL);
}

static volatile uint32_t *claim_register(void)
{
	return reg(THRESHOLD + (uint64_t)plic.context * CONTEXT_STRIDE + CLAIM);
}

void plic_init(uintptr_t registers, uint32_t source_count, uint32_t context)
{
	plic.registers = registers;
	plic.source_count = MIN(source_count, (uint32_t)SOURCES_MAX - 1);
	plic.context = context;
	for (uint32_t word = 0; word <= plic.source_count / 32; word++)
		*enable_word(context, word) = 0;
	*reg(THRESHOLD + (uint64_t)context * CONTEXT_STRIDE) = 0;
}

void plic_move_from(uint32_t from, uint32_t to)
{
	if (!plic.registers || plic.context != from)
		return;
	*reg(THRESHOLD + (uint64_t)to * CONTEXT_STRIDE) = 0;
	__atomic_store_n(&plic.context, to, __ATOMIC_RELEASE);
	for (uint32_t word = 0; word <= plic.source_count / 32; word++) {
		*enable_word(to, word) = *enable_word(from, word);
		*enable_word(from, word) = 0;
	}
}

int interrupt_register(unsigned int source, void (*handler)(void *), void *argument)
{
	if (!plic.registers || source == 0 || source > plic.source_count)
		return -EINVAL;
	if (plic.sources[source].handler)
		return -EBUSY;
	plic.sources[source] = (struct source){ handler, argument };
	*reg(PRIORITY + source * 4UL) = 1;
	*enable_word(plic.context, source / 32) |= 1U << source % 32;
	return 0;
}

void plic_serve(void)
{
	uint32_t source;

	if (!plic.registers)
		return;
	while ((source = *claim_register()) != 0) {
		if (source <= plic.source_count && plic.sources[source].handler)
			plic.sources[source].handler(plic.sources[source].argument);
		*claim_register() = source;
	}
}
