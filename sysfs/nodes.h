// SPDX-License-Identifier: Apache-2.0
/*
 * nodes.h - the files of /sys/devices/system/node and of nodeN in it: the machine's memory nodes.
 *
 * Pure: what they show is asked of whoever knows it.
 */
#ifndef SYSFS_NODES_H
#define SYSFS_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroups/cpumask.h"
#include "sysfs/outbuf.h"

enum sysfs_node_event {
	SYSFS_NODE_HIT,
	SYSFS_NODE_MISS,
	SYSFS_NODE_FOREIGN,
	SYSFS_NODE_INTERLEAVED,
	SYSFS_NODE_LOCAL,
	SYSFS_NODE_OTHER,
	SYSFS_NODE_EVENTS,
};

struct sysfs_node_memory {
	uint64_t total_kib, free_kib;
	uint64_t events[SYSFS_NODE_EVENTS];
};

/* The machine, as a reader sees it. Sets of nodes are words: bit N is node N. */
struct sysfs_nodes {
	uint64_t present, with_cpus, with_memory;
	unsigned int cpu_count;  /* one more than the last possible CPU */
	struct cpumask cpus;     /* those that run and that the reader sees */
	void (*cpus_of)(unsigned int node, struct cpumask *cpus);
	unsigned int (*distance)(unsigned int from, unsigned int to);
	void (*memory)(unsigned int node, struct sysfs_node_memory *memory);
};

struct sysfs_node_file {
	const char *name;
	bool of_one; /* in each nodeN; else beside them, where `node` does not matter */
	void (*show)(const struct sysfs_nodes *nodes, unsigned int node, struct outbuf *out);
};

/* All of them, 0444 each. */
const struct sysfs_node_file *sysfs_node_files(size_t *count);

#endif
