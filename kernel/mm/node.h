// SPDX-License-Identifier: Apache-2.0
/*
 * node.h - memory nodes: which there are, whose an address is, and how far they are apart.
 *
 * A node is CPUs and the memory near them; the device tree numbers it. A machine that says nothing
 * of nodes has node 0. Sets of nodes are words: bit N is node N.
 *
 * Everything is filled in at boot, before there is a second CPU, and never changes after it.
 * Pure: it runs under the host's tests.
 */
#ifndef KERNEL_MM_NODE_H
#define KERNEL_MM_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/mm/layout.h"

enum {
	NODES_MAX = 64,
	NODE_DISTANCE_LOCAL = 10,  /* the unit in which the others are told */
	NODE_DISTANCE_REMOTE = 20, /* between nodes of which nothing is said */
};
#define NODES_ALL UINT64_MAX

extern unsigned int node_count;      /* one more than the highest number */
extern uint64_t nodes_with_memory;   /* never empty once memory has been added */
extern uint64_t nodes_with_cpus;

static inline uint64_t node_bit(unsigned int node)
{
	return UINT64_C(1) << node;
}
static inline unsigned int node_first(uint64_t nodes) /* of a set that is not empty */
{
	return (unsigned int)__builtin_ctzll(nodes);
}
/* Every node of a set, in order; `rest` is a copy that is used up. */
#define node_for_each(node, rest) \
	for (unsigned int node; (rest) && (node = node_first(rest), true); (rest) &= (rest) - 1)

/* Boot. RAM [start, end), holes included, is a node's; a CPU is; two nodes are that far apart (both
 * ways, until the other way is told). */
void node_add_memory(unsigned int node, paddr_t start, paddr_t end);
void node_add_cpu(unsigned int node);
void node_set_distance(unsigned int from, unsigned int to, uint8_t distance);
/* Once all that is told: works out the orders. */
void node_settle(void);

/* Whose an address is, 0 when nobody has said; *end: up to where that holds. */
unsigned int node_of_address(paddr_t address, paddr_t *end);

/* The node of `to` that has the place of `node` in `from`, counting around where there are fewer; `node`
 * itself when it is not in `from` or `to` is empty. */
unsigned int node_remap(unsigned int node, uint64_t from, uint64_t to);

uint8_t node_distance(unsigned int from, unsigned int to);
/* The nodes with memory, nearest to `from` first; of equally far ones the next number first, so that
 * neighbours of a full node do not all turn to the same one. */
const uint8_t *node_order(unsigned int from, unsigned int *count);
/* The nearest of a set; `from` when none of the set has memory. O(nodes). */
unsigned int node_nearest(unsigned int from, uint64_t nodes);

#endif
