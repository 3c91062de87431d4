// SPDX-License-Identifier: Apache-2.0
/*
 * nodes.c - see nodes.h. The texts are Linux 6.12's.
 *
 * Context: any.
 */
#include "sysfs/nodes.h"

#define NODE_SHOW(file) \
	static void file##_show(const struct sysfs_nodes *nodes, unsigned int node, \
				struct outbuf *out)

static void show_set(uint64_t nodes, struct outbuf *out)
{
	struct cpumask mask = cpumask_none();
	mask.bits[0] = nodes;
	outbuf_list(out, &mask);
	outbuf_char(out, '\n');
}

/* No node ever comes or goes: what is possible is there. */
NODE_SHOW(possible)
{
	(void)node;
	show_set(nodes->present, out);
}

NODE_SHOW(has_cpu)
{
	(void)node;
	show_set(nodes->with_cpus, out);
}

NODE_SHOW(has_memory)
{
	(void)node;
	show_set(nodes->with_memory, out);
}

NODE_SHOW(has_generic_initiator)
{
	(void)nodes;
	(void)node;
	show_set(0, out);
}

static struct cpumask cpus_seen(const struct sysfs_nodes *nodes, unsigned int node)
{
	struct cpumask cpus;
	nodes->cpus_of(node, &cpus);
	return cpumask_and(&cpus, &nodes->cpus);
}

NODE_SHOW(cpulist)
{
	struct cpumask cpus = cpus_seen(nodes, node);
	outbuf_list(out, &cpus);
	outbuf_char(out, '\n');
}

NODE_SHOW(cpumap)
{
	struct cpumask cpus = cpus_seen(nodes, node);
	outbuf_mask(out, &cpus, nodes->cpu_count);
	outbuf_char(out, '\n');
}

NODE_SHOW(distance)
{
	const char *before = "";
	for (unsigned int to = 0; to < 64; to++) {
		if (!(nodes->present >> to & 1))
			continue;
		outbuf_text(out, before);
		outbuf_unsigned(out, nodes->distance(node, to));
		before = " ";
	}
	outbuf_char(out, '\n');
}

/* "Node 1 MemFree:        1234 kB", the number in at least eight places. */
static void show_size(unsigned int node, const char *name, uint64_t kib, struct outbuf *out)
{
	outbuf_text(out, "Node ");
	outbuf_unsigned(out, node);
	outbuf_char(out, ' ');
	outbuf_text(out, name);
	for (uint64_t least = 10000000; least > 1 && kib < least; least /= 10)
		outbuf_char(out, ' ');
	outbuf_unsigned(out, kib);
	outbuf_text(out, " kB\n");
}

NODE_SHOW(meminfo)
{
	struct sysfs_node_memory memory;
	nodes->memory(node, &memory);
	show_size(node, "MemTotal:       ", memory.total_kib, out);
	show_size(node, "MemFree:        ", memory.free_kib, out);
	show_size(node, "MemUsed:        ", memory.total_kib - memory.free_kib, out);
}

NODE_SHOW(numastat)
{
	static const char *const names[SYSFS_NODE_EVENTS] = {
		[SYSFS_NODE_HIT] = "numa_hit",
		[SYSFS_NODE_MISS] = "numa_miss",
		[SYSFS_NODE_FOREIGN] = "numa_foreign",
		[SYSFS_NODE_INTERLEAVED] = "interleave_hit",
		[SYSFS_NODE_LOCAL] = "local_node",
		[SYSFS_NODE_OTHER] = "other_node",
	};
	struct sysfs_node_memory memory;
	nodes->memory(node, &memory);
	for (unsigned int event = 0; event < SYSFS_NODE_EVENTS; event++)
		outbuf_field(out, names[event], memory.events[event]);
}

static const struct sysfs_node_file files[] = {
	{ "possible", false, possible_show },
	{ "online", false, possible_show },
	{ "has_cpu", false, has_cpu_show },
	{ "has_memory", false, has_memory_show },
	{ "has_normal_memory", false, has_memory_show },
	{ "has_generic_initiator", false, has_generic_initiator_show },
	{ "cpulist", true, cpulist_show },
	{ "cpumap", true, cpumap_show },
	{ "distance", true, distance_show },
	{ "meminfo", true, meminfo_show },
	{ "numastat", true, numastat_show },
};

const struct sysfs_node_file *sysfs_node_files(size_t *count)
{
	*count = sizeof(files) / sizeof(files[0]);
	return files;
}
