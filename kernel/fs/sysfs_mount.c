// SPDX-License-Identifier: Apache-2.0
/*
 * sysfs_mount.c - /sys: a few directories and files made at boot and kept; row_inode.h has the inodes.
 */
#include <stdio.h>

#include "kernel/dev/topology.h"
#include "kernel/fs/fs_init.h"
#include "kernel/fs/path.h"
#include "kernel/fs/row_inode.h"
#include "kernel/fs/text.h"
#include "kernel/smp/cpu.h"

static struct filesystem sysfs;
static struct dentry *sysfs_root;

static const struct inode_operations sysfs_operations = {
	.release = row_inode_release,
};

static const struct file_operations sysfs_directory_file_operations = {
	.list = dentry_list_children,
};

/* A directory or file, kept for ever; the answer is only for adding to it. */
static struct dentry *add(struct dentry *directory, const char *text, const struct sysfs_row *row)
{
	struct name name = { text, strlen(text) };
	struct inode *inode;
	struct dentry *dentry;

	if (row)
		tree_node_get(tree_root());
	inode = row_inode_create(&sysfs, row ? tree_root() : NULL, row, &sysfs_operations);
	if (inode && !row)
		inode->file_operations = &sysfs_directory_file_operations;
	dentry = inode ? dentry_create(directory, &name, inode) : NULL;
	if (!dentry)
		panic("no memory for /sys");
	inode->number = filesystem_next_number(&sysfs);
	inode->link_count = row ? 1 : 2;
	if (directory) {
		dentry_attach(dentry);
		if (!row)
			directory->inode->link_count++;
	}
	return dentry;
}

/* ---- /sys/devices/system/cpu: what the reader sees of it ---- */

static int64_t cpu_show(struct file *file, char *buffer, size_t size)
{
	const struct row_inode *inode = row_inode(file->inode);

	return tree_show_cpu(inode->cpu_file, inode->cpu_place, buffer, size);
}

static int cpu_store(struct file *file, const char *text, size_t length)
{
	const struct row_inode *inode = row_inode(file->inode);

	return tree_store_cpu(inode->cpu_file, inode->cpu_place.cpu, text, strnlen(text, length));
}

static int64_t cpu_read(struct file *file, struct transfer *to, uint64_t *position)
{
	return text_file_read(file, to, position, cpu_show);
}

static int64_t cpu_write(struct file *file, struct transfer *from, uint64_t *position)
{
	return text_file_write(file, from, position, SYSFS_WRITE_MAX, cpu_store);
}

static const struct file_operations cpu_file_operations = {
	.read = cpu_read,
	.write = cpu_write,
	.release = text_file_release,
};

struct view {
	struct cpumask cpus;
	bool opaque;
};

/* cpuN of a CPU that is seen; cache/ by who sees the machine's shape; every other name. */
static bool is_seen(const struct dentry *child, const void *context)
{
	const struct view *view = context;
	unsigned int cpu = 0;

	if (!view->opaque)
		return true;
	if (!strcmp(child->name, "cache"))
		return false;
	if (strncmp(child->name, "cpu", 3) != 0 || child->name[3] < '0' || child->name[3] > '9')
		return true;
	for (const char *digit = child->name + 3; *digit; digit++)
		cpu = cpu * 10 + (unsigned int)(*digit - '0');
	return cpumask_test(&view->cpus, cpu);
}

static int cpu_directory_lookup(struct dentry *directory, const struct name *name, struct dentry **found)
{
	struct view view;

	*found = dentry_find(directory, name);
	if (!*found)
		return -ENOENT;
	view.opaque = tree_view(&view.cpus);
	if (is_seen(*found, &view))
		return 0;
	dentry_put(*found);
	return -ENOENT;
}

static int cpu_directory_list(struct file *file, struct directory_sink *sink)
{
	struct view view;

	view.opaque = tree_view(&view.cpus);
	return dentry_list_some(file, sink, is_seen, &view);
}

static const struct inode_operations cpu_directory_operations = {
	.lookup = cpu_directory_lookup,
	.release = row_inode_release,
};

static const struct file_operations cpu_directory_file_operations = {
	.list = cpu_directory_list,
};

static struct dentry *add_cpu_directory(struct dentry *above, const char *name)
{
	struct dentry *directory = add(above, name, NULL);

	directory->inode->operations = &cpu_directory_operations;
	directory->inode->file_operations = &cpu_directory_file_operations;
	return directory;
}

/* The files of one CPU that belong into a directory below it. */
static void add_cpu_files(struct dentry *here, enum sysfs_cpu_directory directory,
			  struct sysfs_cpu_place place)
{
	const struct topology_cache *cache = &machine_topology.cpus[place.cpu].caches[place.cache];
	size_t count;
	const struct sysfs_cpu_file *files = sysfs_cpu_files(&count);

	for (size_t i = 0; i < count; i++) {
		if (files[i].directory != directory || (files[i].known && !files[i].known(cache)))
			continue;
		struct inode *inode = add(here, files[i].name, NULL)->inode;

		here->inode->link_count--;
		inode->mode = S_IFREG | (uint32_t)files[i].mode;
		inode->link_count = 1;
		inode->file_operations = &cpu_file_operations;
		row_inode(inode)->cpu_file = &files[i];
		row_inode(inode)->cpu_place = place;
	}
}

static void add_cpu(struct dentry *directory, unsigned int cpu)
{
	struct sysfs_cpu_place place = { .cpu = cpu };
	unsigned int cache_count = machine_topology.cpus[cpu].cache_count;
	char name[16];

	snprintf(name, sizeof(name), "cpu%u", cpu);
	struct dentry *here = add_cpu_directory(directory, name);

	add_cpu_files(here, SYSFS_OF_CPU, place);
	add_cpu_files(add(here, "topology", NULL), SYSFS_OF_TOPOLOGY, place);
	if (!cache_count)
		return;
	struct dentry *caches = add(here, "cache", NULL);

	for (; place.cache < cache_count; place.cache++) {
		snprintf(name, sizeof(name), "index%u", place.cache);
		add_cpu_files(add(caches, name, NULL), SYSFS_OF_CACHE, place);
	}
}

void sysfs_init(void)
{
	size_t count;
	const struct sysfs_row *rows = sysfs_cpu_rows(&count);

	row_inodes_init();
	sysfs = (struct filesystem){ .type = &sysfs_type, .device = filesystem_next_device() };
	sysfs_root = add(NULL, "", NULL);
	add(add(sysfs_root, "fs", NULL), "cgroup", NULL);
	struct dentry *system = add(add(sysfs_root, "devices", NULL), "system", NULL);
	struct dentry *cpu = add_cpu_directory(system, "cpu");

	for (size_t i = 0; i < count; i++)
		add(cpu, rows[i].name, &rows[i]);
	for (unsigned int id = 0; id < cpu_count; id++)
		add_cpu(cpu, id);
	sysfs_nodes_init(system);
	cgroup_mount_init();
}

static int sysfs_mount(const char *options, struct dentry **root)
{
	(void)options;
	dentry_get(sysfs_root);
	*root = sysfs_root;
	return 0;
}

const struct filesystem_type sysfs_type = {
	.name = "sysfs",
	.magic = SYSFS_MAGIC,
	.mount = sysfs_mount,
};
