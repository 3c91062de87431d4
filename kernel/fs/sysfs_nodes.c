// SPDX-License-Identifier: Apache-2.0
/*
 * sysfs_nodes.c - /sys/devices/system/node: the rows of sysfs/nodes.c over the machine's memory nodes.
 *
 * All is made at boot and stays. Who is behind sched.opaque sees of a node's CPUs his own.
 */
#include <stdio.h>
#include <string.h>

#include "kernel/fs/file.h"
#include "kernel/fs/fs_init.h"
#include "kernel/fs/names.h"
#include "kernel/fs/text.h"
#include "kernel/mm/node.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/tree.h"
#include "kernel/smp/cpu.h"
#include "sysfs/nodes.h"

struct node_inode {
	struct inode inode;
	const struct sysfs_node_file *file; /* (i) NULL: a directory */
	unsigned int node;                  /* (i) */
};

static void cpus_of(unsigned int node, struct cpumask *cpus)
{
	*cpus = cpumask_none();
	for (unsigned int id = 0; id < cpu_count; id++)
		if (cpu_table[id]->node == node)
			cpumask_set(cpus, id);
}

/* As on Linux, a node whose CPUs are all unplugged has none. */
static uint64_t nodes_with_online_cpus(void)
{
	struct cpumask online = cpu_online;
	uint64_t nodes = 0;
	cpumask_for_each(id, &online)
		nodes |= node_bit(cpu_table[id]->node);
	return nodes;
}

static unsigned int distance(unsigned int from, unsigned int to)
{
	return node_distance(from, to);
}

static void memory(unsigned int node, struct sysfs_node_memory *facts)
{
	static const enum page_event events[SYSFS_NODE_EVENTS] = {
		[SYSFS_NODE_HIT] = PAGE_HIT,
		[SYSFS_NODE_MISS] = PAGE_MISS,
		[SYSFS_NODE_FOREIGN] = PAGE_FOREIGN,
		[SYSFS_NODE_INTERLEAVED] = PAGE_INTERLEAVED,
		[SYSFS_NODE_LOCAL] = PAGE_LOCAL,
		[SYSFS_NODE_OTHER] = PAGE_OTHER,
	};
	struct page_counts counts = page_count_in(node);

	facts->total_kib = counts.total * PAGE_SIZE / 1024;
	facts->free_kib = counts.free * PAGE_SIZE / 1024;
	for (unsigned int event = 0; event < SYSFS_NODE_EVENTS; event++)
		facts->events[event] = page_events(node, events[event]);
}

static int64_t node_show(struct file *file, char *buffer, size_t size)
{
	const struct node_inode *inode = container_of(file->inode, struct node_inode, inode);
	struct outbuf out = { .data = buffer, .size = size };
	struct sysfs_nodes nodes = {
		.present = nodes_with_cpus | nodes_with_memory,
		.with_cpus = nodes_with_online_cpus(),
		.with_memory = nodes_with_memory,
		.cpu_count = cpu_count,
		.cpus_of = cpus_of,
		.distance = distance,
		.memory = memory,
	};

	tree_view(&nodes.cpus);
	nodes.cpus = cpumask_and(&nodes.cpus, &cpu_online);
	inode->file->show(&nodes, inode->node, &out);
	return (int64_t)out.length;
}

static int64_t node_read(struct file *file, struct transfer *to, uint64_t *position)
{
	return text_file_read(file, to, position, node_show);
}

static void node_release(struct inode *inode)
{
	kfree(container_of(inode, struct node_inode, inode));
}

static const struct inode_operations node_operations = { .release = node_release };
static const struct file_operations node_file_operations = {
	.read = node_read,
	.release = text_file_release,
};
static const struct file_operations node_directory_operations = { .list = dentry_list_children };

/* A directory (file NULL) or a file, kept for ever; the answer is only for adding to it. */
static struct dentry *add(struct dentry *directory, const char *text,
			  const struct sysfs_node_file *file, unsigned int node)
{
	struct name name = { text, strlen(text) };
	struct node_inode *inode = kzalloc(sizeof(*inode));
	struct filesystem *filesystem = directory->inode->filesystem;
	struct dentry *dentry;

	if (!inode)
		panic("no memory for /sys/devices/system/node");
	inode->file = file;
	inode->node = node;
	inode_init(&inode->inode, filesystem, &node_operations,
		   file ? &node_file_operations : &node_directory_operations,
		   file ? S_IFREG | 0444 : S_IFDIR | 0755);
	inode->inode.accessed_ns = directory->inode->accessed_ns;
	inode->inode.modified_ns = directory->inode->modified_ns;
	inode->inode.changed_ns = directory->inode->changed_ns;
	inode->inode.number = filesystem_next_number(filesystem);
	inode->inode.link_count = file ? 1 : 2;
	dentry = dentry_create(directory, &name, &inode->inode);
	if (!dentry)
		panic("no memory for /sys/devices/system/node");
	dentry_attach(dentry);
	directory->inode->link_count += !file;
	return dentry;
}

static void add_files(struct dentry *directory, bool of_one, unsigned int node)
{
	size_t count;
	const struct sysfs_node_file *files = sysfs_node_files(&count);

	for (size_t i = 0; i < count; i++)
		if (files[i].of_one == of_one)
			add(directory, files[i].name, &files[i], node);
}

void sysfs_nodes_init(struct dentry *system)
{
	struct dentry *directory = add(system, "node", NULL, 0);
	uint64_t rest = nodes_with_cpus | nodes_with_memory;
	char name[16];

	add_files(directory, false, 0);
	node_for_each(node, rest) {
		snprintf(name, sizeof(name), "node%u", node);
		add_files(add(directory, name, NULL, node), true, node);
	}
}
