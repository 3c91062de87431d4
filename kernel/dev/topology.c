// SPDX-License-Identifier: Apache-2.0
/*
 * topology.c - reading the machine's shape from the device tree.
 *
 *   cpu-map { socketN { clusterN { coreN { cpu = <&a>; } } } }    or in the place of cpu:
 *                                  coreN { threadN { cpu = <&a>; } }
 *
 * Sockets may be left out. Clusters may be nested; the leaves count. A map is believed as a whole
 * or not at all.
 *
 * Context: boot, one at a time.
 */
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "kernel/dev/topology.h"

enum { NESTED_MAX = 8, NO_CPU = -1 };

struct topology machine_topology;

/* What a walk over the map carries along. */
struct map_walk {
	const void *tree;
	struct topology *topology;
	int32_t package;
	int32_t next_cluster; /* number of the next leaf in this package */
};

static uint32_t phandles[NR_CPUS]; /* boot only: of each CPU's node */

static bool cell_of(const void *tree, int node, const char *name, uint32_t *value)
{
	int length;
	const fdt32_t *cell = fdt_getprop(tree, node, name, &length);

	if (!cell || length != 4)
		return false;
	*value = fdt32_to_cpu(*cell);
	return true;
}

static bool is_usable_cpu(const void *tree, int node)
{
	const char *type = fdt_getprop(tree, node, "device_type", NULL);
	const char *status = fdt_getprop(tree, node, "status", NULL);

	return type && !strcmp(type, "cpu") &&
	       (!status || !strcmp(status, "okay") || !strcmp(status, "ok"));
}

/* ---- cpu-map ---- */

/* The child "NAME<number>"; negative: none. */
static int numbered_child(const void *tree, int node, const char *name, unsigned int number)
{
	char text[24];

	snprintf(text, sizeof(text), "%s%u", name, number);
	return fdt_subnode_offset(tree, node, text);
}

static int cpu_of_phandle(const struct topology *topology, uint32_t phandle)
{
	for (unsigned int cpu = 0; cpu < topology->cpu_count; cpu++)
		if (phandle && phandles[cpu] == phandle)
			return (int)cpu;
	return NO_CPU;
}

/* The CPU that the node names takes its place. A CPU that cannot be used is passed over. */
static int place_cpu(const struct map_walk *walk, int node, int32_t core)
{
	uint32_t phandle = 0;
	int target, cpu;

	if (!cell_of(walk->tree, node, "cpu", &phandle))
		return -EINVAL;
	cpu = cpu_of_phandle(walk->topology, phandle);
	if (cpu == NO_CPU) {
		target = fdt_node_offset_by_phandle(walk->tree, phandle);
		return target >= 0 && fdt_getprop(walk->tree, target, "status", NULL) &&
				       !is_usable_cpu(walk->tree, target)
			       ? 0
			       : -EINVAL;
	}
	struct topology_cpu *placed = &walk->topology->cpus[cpu];

	if (placed->core_id >= 0)
		return -EINVAL;
	placed->package_id = walk->package;
	placed->cluster_id = walk->next_cluster;
	placed->core_id = core;
	return 0;
}

static int parse_core(const struct map_walk *walk, int node, int32_t core)
{
	int thread = numbered_child(walk->tree, node, "thread", 0), error = 0;

	if (thread < 0)
		return place_cpu(walk, node, core);
	if (fdt_getprop(walk->tree, node, "cpu", NULL))
		return -EINVAL;
	for (unsigned int i = 1; thread >= 0 && !error; i++) {
		error = place_cpu(walk, thread, core);
		thread = numbered_child(walk->tree, node, "thread", i);
	}
	return error;
}

static int parse_leaf_cluster(struct map_walk *walk, int node)
{
	int core, error = 0;

	for (unsigned int i = 0; !error && (core = numbered_child(walk->tree, node, "core", i)) >= 0;
	     i++)
		error = parse_core(walk, core, (int32_t)i);
	walk->next_cluster++;
	return error;
}

/* A cluster, or what holds the outermost ones (depth 0), which must not hold cores. */
static int parse_clusters(struct map_walk *walk, int node, unsigned int depth)
{
	int cluster = numbered_child(walk->tree, node, "cluster", 0), error = 0;
	bool has_cores = numbered_child(walk->tree, node, "core", 0) >= 0;

	if (depth > NESTED_MAX || (has_cores && (!depth || cluster >= 0)))
		return -EINVAL;
	if (cluster < 0)
		return depth ? parse_leaf_cluster(walk, node) : 0;
	for (unsigned int i = 1; cluster >= 0 && !error; i++) {
		error = parse_clusters(walk, cluster, depth + 1);
		cluster = numbered_child(walk->tree, node, "cluster", i);
	}
	return error;
}

static int parse_map(const void *tree, int map, struct topology *topology)
{
	struct map_walk walk = { .tree = tree, .topology = topology };
	int socket = numbered_child(tree, map, "socket", 0), error = 0;

	if (socket < 0)
		error = parse_clusters(&walk, map, 0);
	while (socket >= 0 && !error) {
		walk.next_cluster = 0;
		error = parse_clusters(&walk, socket, 0);
		walk.package++;
		socket = numbered_child(tree, map, "socket", (unsigned int)walk.package);
	}
	for (unsigned int cpu = 0; cpu < topology->cpu_count && !error; cpu++)
		if (topology->cpus[cpu].core_id < 0)
			error = -EINVAL;
	return error;
}

/* ---- caches ---- */

static bool add_cache(const void *tree, int node, struct topology_cpu *cpu, uint32_t level,
		      enum topology_cache_type type)
{
	static const char *const prefixes[] = {
		[TOPOLOGY_UNIFIED] = "", [TOPOLOGY_INSTRUCTION] = "i-", [TOPOLOGY_DATA] = "d-",
	};
	char size[24], line[24], block[24], sets[24];
	struct topology_cache cache = { .identity = (uint32_t)node, .level = (uint8_t)level,
					.type = (uint8_t)type };

	snprintf(size, sizeof(size), "%scache-size", prefixes[type]);
	snprintf(line, sizeof(line), "%scache-line-size", prefixes[type]);
	snprintf(block, sizeof(block), "%scache-block-size", prefixes[type]);
	snprintf(sets, sizeof(sets), "%scache-sets", prefixes[type]);
	if (!cell_of(tree, node, size, &cache.size))
		return true;
	if (!cell_of(tree, node, line, &cache.line_size))
		cell_of(tree, node, block, &cache.line_size);
	cell_of(tree, node, sets, &cache.set_count);
	if (cpu->cache_count == TOPOLOGY_CACHES_MAX)
		return false;
	cpu->caches[cpu->cache_count++] = cache;
	return true;
}

/* The next cache outwards; negative: the last one, or no cache. *level becomes its. */
static int next_cache(const void *tree, int node, uint32_t *level)
{
	uint32_t phandle, next_level;

	if (!cell_of(tree, node, "next-level-cache", &phandle) &&
	    !cell_of(tree, node, "l2-cache", &phandle))
		return -ENOENT;
	node = fdt_node_offset_by_phandle(tree, phandle);
	if (node < 0 || fdt_node_check_compatible(tree, node, "cache") ||
	    !cell_of(tree, node, "cache-level", &next_level) || next_level <= *level ||
	    next_level > UINT8_MAX)
		return -EINVAL;
	*level = next_level;
	return node;
}

/* Levels only rise, so it ends. A chain that makes no sense tells of no cache at all. */
static void parse_caches(const void *tree, int node, struct topology_cpu *cpu)
{
	uint32_t level = 1;

	for (; node >= 0; node = next_cache(tree, node, &level))
		if (!add_cache(tree, node, cpu, level, TOPOLOGY_UNIFIED) ||
		    !add_cache(tree, node, cpu, level, TOPOLOGY_INSTRUCTION) ||
		    !add_cache(tree, node, cpu, level, TOPOLOGY_DATA))
			break;
	if (node != -ENOENT)
		cpu->cache_count = 0;
}

/* ---- CPUs ---- */

/* As nothing is known of it but its memory node. */
static void make_up(struct topology *topology)
{
	for (unsigned int cpu = 0; cpu < topology->cpu_count; cpu++) {
		topology->cpus[cpu].package_id = topology->cpus[cpu].memory_node;
		topology->cpus[cpu].cluster_id = -1;
		topology->cpus[cpu].core_id = (int32_t)cpu;
	}
}

/* Relative strengths into shares of the strongest; when one is missing all are equal. */
static void set_capacities(struct topology *topology, const uint32_t raw[])
{
	uint32_t strongest = 0;
	bool complete = true;

	for (unsigned int cpu = 0; cpu < topology->cpu_count; cpu++) {
		strongest = raw[cpu] > strongest ? raw[cpu] : strongest;
		complete = complete && raw[cpu];
	}
	for (unsigned int cpu = 0; cpu < topology->cpu_count; cpu++) {
		uint64_t share = complete ? (uint64_t)raw[cpu] * TOPOLOGY_CAPACITY_FULL / strongest
					  : TOPOLOGY_CAPACITY_FULL;
		topology->cpus[cpu].capacity = (uint16_t)(share ? share : 1);
	}
}

int topology_parse(const void *tree, struct topology *topology)
{
	static uint32_t raw_capacity[NR_CPUS]; /* boot only */
	int cpus = fdt_path_offset(tree, "/cpus"), node, error = 0;
	int map = cpus < 0 ? cpus : fdt_subnode_offset(tree, cpus, "cpu-map");
	unsigned int cpu = 0;

	memset(phandles, 0, sizeof(phandles));
	memset(raw_capacity, 0, sizeof(raw_capacity));
	fdt_for_each_subnode(node, tree, cpus) {
		uint32_t memory_node = 0;

		if (cpu == topology->cpu_count || !is_usable_cpu(tree, node))
			continue;
		topology->cpus[cpu] = (struct topology_cpu){ .core_id = -1 };
		phandles[cpu] = fdt_get_phandle(tree, node);
		cell_of(tree, node, "capacity-dmips-mhz", &raw_capacity[cpu]);
		if (cell_of(tree, node, "numa-node-id", &memory_node) && memory_node <= INT32_MAX)
			topology->cpus[cpu].memory_node = (int32_t)memory_node;
		parse_caches(tree, node, &topology->cpus[cpu]);
		cpu++;
	}
	for (; cpu < topology->cpu_count; cpu++) /* the tree has fewer than its caller says */
		topology->cpus[cpu] = (struct topology_cpu){ .core_id = -1 };
	if (map >= 0)
		error = parse_map(tree, map, topology);
	if (map < 0 || error)
		make_up(topology);
	set_capacities(topology, raw_capacity);
	return error;
}
