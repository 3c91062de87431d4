// SPDX-License-Identifier: Apache-2.0
/*
 * fdt_numa.c - what the device tree says of memory nodes: numa-node-id on memory and CPUs, and
 * /distance-map (binding numa-distance-map-v1).
 */
#include <libfdt.h>
#include <string.h>

#include "kernel/dev/fdt.h"
#include "kernel/dev/machine.h"
#include "kernel/kernel.h"
#include "kernel/mm/node.h"

unsigned int fdt_numa_node(int node)
{
	uint32_t number = fdt_cell(node, "numa-node-id", 0);

	if (number < NODES_MAX)
		return number;
	printk("memory: node %u of the device tree counts as node 0: there may be %d\n", number,
	       NODES_MAX);
	return 0;
}

unsigned int fdt_numa_node_of_hart(uint64_t hart)
{
	const void *tree = machine.device_tree;
	int cpus = fdt_path_offset(tree, "/cpus"), node;

	fdt_for_each_subnode(node, tree, cpus) {
		int length;
		const fdt32_t *reg = fdt_getprop(tree, node, "reg", &length);

		if (reg && length >= 4 && fdt32_to_cpu(reg[length / 4 - 1]) == (uint32_t)hart)
			return fdt_numa_node(node);
	}
	return 0;
}

/* Rows of (from, to, distance). One that makes no sense is left out. */
static void read_distances(const fdt32_t *matrix, int cell_count)
{
	for (int i = 0; i + 3 <= cell_count; i += 3) {
		uint32_t from = fdt32_to_cpu(matrix[i]), to = fdt32_to_cpu(matrix[i + 1]);
		uint32_t distance = fdt32_to_cpu(matrix[i + 2]);

		if (from >= NODES_MAX || to >= NODES_MAX || distance > UINT8_MAX ||
		    distance < NODE_DISTANCE_LOCAL ||
		    (from == to) != (distance == NODE_DISTANCE_LOCAL))
			continue;
		node_set_distance(from, to, (uint8_t)distance);
	}
}

void fdt_find_distances(void)
{
	const void *tree = machine.device_tree;
	int map = fdt_next_compatible(-1, "numa-distance-map-v1"), length;
	const fdt32_t *matrix = map < 0 ? NULL
		: fdt_getprop(tree, map, "distance-matrix", &length);

	if (matrix)
		read_distances(matrix, length / 4);
}
