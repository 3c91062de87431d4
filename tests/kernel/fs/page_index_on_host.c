// SPDX-License-Identifier: Apache-2.0
/*
 * page_index_on_host.c - the kernel's file as it is, compiled for the host.
 */
#include "tests/kernel/fs/page_index_on_host.h"

#include <stdio.h>
#include <stdlib.h>

#include "kernel/fs/page_index.c" // NOLINT: the kernel's own target is for riscv64 alone

uint64_t index_pages_put;
int64_t index_nodes;
int64_t index_nodes_max = -1;

struct index_fixture {
	struct page_index index;
};

void *kzalloc(size_t size)
{
	if (index_nodes_max >= 0 && index_nodes >= index_nodes_max)
		return NULL;
	index_nodes++;
	return calloc(1, size);
}

void kfree(void *memory)
{
	index_nodes -= memory != NULL;
	free(memory);
}

/* What page_put() comes to with the last reference: the page is a struct page of the heap. */
void page_release(struct page *page, uint32_t before)
{
	(void)before;
	index_pages_put++;
	free(page);
}

void assertion_failed(const char *expression, const char *file, int line)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, expression);
	abort();
}

struct index_fixture *index_create(void)
{
	return calloc(1, sizeof(struct index_fixture));
}

void index_destroy(struct index_fixture *fixture)
{
	page_index_cut(&fixture->index, 0);
	free(fixture);
}

int index_put(struct index_fixture *fixture, uint64_t number, uintptr_t page)
{
	struct page **place = page_index_place(&fixture->index, number);

	if (!place)
		return -1;
	if (!*place)
		*place = calloc(1, sizeof(struct page));
	(*place)->references = 1;
	(*place)->owner = (void *)page; // NOLINT: a number stands for the contents
	return 0;
}

uintptr_t index_get(const struct index_fixture *fixture, uint64_t number)
{
	const struct page *page = page_index_find(&fixture->index, number);

	return page ? (uintptr_t)page->owner : 0;
}

uint64_t index_cut(struct index_fixture *fixture, uint64_t from)
{
	return page_index_cut(&fixture->index, from);
}
