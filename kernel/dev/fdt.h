// SPDX-License-Identifier: Apache-2.0
/*
 * fdt.h - reading the flattened device tree with libfdt (Devicetree Specification 0.4).
 */
#ifndef KERNEL_DEV_FDT_H
#define KERNEL_DEV_FDT_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/mm/layout.h"

struct fdt_range { paddr_t start; uint64_t size; };

/* The `index`-th range of a node's reg, in the CPU's addresses; false: there is none, or a bus
 * between does not pass it on. */
bool fdt_reg(int node, unsigned int index, struct fdt_range *range);
/* A property of one cell; `otherwise` when it is missing or of another size. */
uint32_t fdt_cell(int node, const char *name, uint32_t otherwise);
/* Whether status says that the node can be used. */
bool fdt_available(int node);
/* The next node after `node` (-1: the first) that is compatible and available; negative: the end. */
int fdt_next_compatible(int node, const char *compatible);

/* fdt_numa.c: the memory node of a device or CPU, below NODES_MAX; 0 when nothing is said. */
unsigned int fdt_numa_node(int node);
/* How far the nodes are apart, to node_set_distance(). Boot. */
void fdt_find_distances(void);

#endif
