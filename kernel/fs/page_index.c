// SPDX-License-Identifier: Apache-2.0
/*
 * page_index.c - a radix tree of pages.
 */
#include "kernel/fs/page_index.h"

#include "kernel/kernel.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"

enum { FANOUT = 1 << PAGE_INDEX_BITS };

static uint64_t capacity(uint32_t height)
{
	return height == 0 ? 0 : 1UL << (PAGE_INDEX_BITS * height);
}

static unsigned int slot(uint64_t number, uint32_t level)
{
	return (unsigned int)(number >> (PAGE_INDEX_BITS * (level - 1))) & (FANOUT - 1);
}

struct page *page_index_find(const struct page_index *index, uint64_t number)
{
	void **node = index->root;

	if (number >= capacity(index->height))
		return NULL;
	for (uint32_t level = index->height; level > 1 && node; level--)
		node = node[slot(number, level)];
	return node ? node[slot(number, 1)] : NULL;
}

static void **node_create(void)
{
	return kzalloc(FANOUT * sizeof(void *));
}

/* A new root above the old one until there is a place for `number`. */
static int grow(struct page_index *index, uint64_t number)
{
	while (number >= capacity(index->height)) {
		void **root = node_create();

		if (!root)
			return -ENOMEM;
		root[0] = index->root;
		index->root = root;
		index->height++;
	}
	return 0;
}

struct page **page_index_place(struct page_index *index, uint64_t number)
{
	kassert(number < PAGE_INDEX_END);
	if (grow(index, number) != 0)
		return NULL;
	void **node = index->root;

	for (uint32_t level = index->height; level > 1; level--) {
		void **place = &node[slot(number, level)];

		if (!*place)
			*place = node_create();
		if (!*place)
			return NULL;
		node = *place;
	}
	return (struct page **)(void *)&node[slot(number, 1)];
}

/* Empties a node of pages [from, 64) of its slots. */
static uint64_t cut_leaf(void **leaf, unsigned int from)
{
	uint64_t count = 0;

	for (unsigned int i = from; i < FANOUT; i++) {
		if (leaf[i]) {
			page_put(leaf[i]);
			leaf[i] = NULL;
			count++;
		}
	}
	return count;
}

/* The leaf with the greatest numbers is emptied and taken out, again and again: the way down is
 * kept in path[], so nothing recurses. */
uint64_t page_index_cut(struct page_index *index, uint64_t from)
{
	void **path[PAGE_INDEX_HEIGHT_MAX + 1];
	unsigned int slots[PAGE_INDEX_HEIGHT_MAX + 1];
	uint32_t top = index->height, level = top;
	uint64_t count = 0, base = 0;

	if (from >= capacity(top))
		return 0;
	path[top] = index->root;
	slots[top] = FANOUT;
	while (level <= top) {
		uint64_t span = level > 1 ? capacity(level - 1) : 1;
		unsigned int first = from <= base
		                             ? 0
		                             : (unsigned int)MIN((from - base + span - 1) / span,
						       (uint64_t)FANOUT);

		if (level == 1) {
			count += cut_leaf(path[1], first);
		} else if (slots[level] > (from <= base ? 0 : (from - base) / span)) {
			/* Down into the next child from the right that may hold such pages. */
			unsigned int i = --slots[level];

			if (path[level][i]) {
				path[level - 1] = path[level][i];
				slots[level - 1] = FANOUT;
				base += i * span;
				level--;
			}
			continue;
		}
		/* This node is done; when nothing in it is left, it goes. */
		level++;
		if (level <= top)
			base -= slots[level] * capacity(level - 1);
		if (first == 0) {
			kfree(path[level - 1]);
			if (level <= top)
				path[level][slots[level]] = NULL;
			else
				*index = (struct page_index){ .root = NULL };
		}
	}
	return count;
}
