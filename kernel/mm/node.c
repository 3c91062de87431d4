// SPDX-License-Identifier: Apache-2.0
/*
 * node.c - memory nodes: see node.h.
 */
#include "kernel/mm/node.h"

#include "kernel/kernel.h"

unsigned int node_count = 1;
uint64_t nodes_with_memory;
uint64_t nodes_with_cpus;

enum { REGIONS_MAX = 128 };

static struct region {
	paddr_t start, end;
	unsigned int node;
} regions[REGIONS_MAX];
static unsigned int region_count;

static uint8_t distances[NODES_MAX][NODES_MAX]; /* 0: nothing was said */
static uint8_t orders[NODES_MAX][NODES_MAX];
static unsigned int order_length;

static void know(unsigned int node)
{
	kassert(node < NODES_MAX);
	node_count = MAX(node_count, node + 1);
}

void node_add_memory(unsigned int node, paddr_t start, paddr_t end)
{
	know(node);
	if (start >= end)
		return;
	if (region_count == REGIONS_MAX) { /* no place to tell it: then it is node 0's */
		nodes_with_memory |= node_bit(0);
		return;
	}
	regions[region_count++] = (struct region){ start, end, node };
	nodes_with_memory |= node_bit(node);
}

void node_add_cpu(unsigned int node)
{
	know(node);
	nodes_with_cpus |= node_bit(node);
}

void node_set_distance(unsigned int from, unsigned int to, uint8_t distance)
{
	kassert(from < NODES_MAX && to < NODES_MAX);
	distances[from][to] = distance;
	if (!distances[to][from])
		distances[to][from] = distance;
}

unsigned int node_of_address(paddr_t address, paddr_t *end)
{
	*end = UINT64_MAX;
	for (unsigned int i = 0; i < region_count; i++) {
		if (address < regions[i].start) {
			*end = MIN(*end, regions[i].start);
		} else if (address < regions[i].end) {
			*end = regions[i].end;
			return regions[i].node;
		}
	}
	return 0;
}

/* The n-th of a set that has more than n. */
static unsigned int nth(uint64_t nodes, unsigned int n)
{
	while (n--)
		nodes &= nodes - 1;
	return node_first(nodes);
}

unsigned int node_remap(unsigned int node, uint64_t from, uint64_t to)
{
	if (!(from & node_bit(node)) || !to)
		return node;
	unsigned int place = (unsigned int)__builtin_popcountll(from & (node_bit(node) - 1));
	return nth(to, place % (unsigned int)__builtin_popcountll(to));
}

uint8_t node_distance(unsigned int from, unsigned int to)
{
	if (distances[from][to])
		return distances[from][to];
	return from == to ? NODE_DISTANCE_LOCAL : NODE_DISTANCE_REMOTE;
}

/* Whether `one` is to be asked before `other`. */
static bool is_nearer(unsigned int from, unsigned int one, unsigned int other)
{
	if ((one == from) != (other == from))
		return one == from;
	uint8_t way = node_distance(from, one), other_way = node_distance(from, other);
	if (way != other_way)
		return way < other_way;
	return (one - from) % NODES_MAX < (other - from) % NODES_MAX;
}

static void settle_order(unsigned int from)
{
	uint64_t rest = nodes_with_memory;
	order_length = 0;
	node_for_each(node, rest) {
		unsigned int place = order_length++;
		for (; place > 0 && is_nearer(from, node, orders[from][place - 1]); place--)
			orders[from][place] = orders[from][place - 1];
		orders[from][place] = (uint8_t)node;
	}
}

void node_settle(void)
{
	nodes_with_memory |= nodes_with_memory ? 0 : node_bit(0);
	for (unsigned int node = 0; node < node_count; node++)
		settle_order(node);
}

const uint8_t *node_order(unsigned int from, unsigned int *count)
{
	*count = order_length;
	return orders[from];
}

unsigned int node_nearest(unsigned int from, uint64_t nodes)
{
	for (unsigned int i = 0; i < order_length; i++)
		if (nodes & node_bit(orders[from][i]))
			return orders[from][i];
	return from;
}
