// SPDX-License-Identifier: Apache-2.0
/*
 * sysfs_mount.c - /sys and /sys/fs/cgroup: directories and files over the rows of sysfs/sysfs.h.
 *
 * "sysfs" is a few kept directories made at boot. "cgroup2" is made on look-up: an inode holds the
 * tree node (with a reference) and, for a file, its row. So a descriptor that outlives its node
 * still asks it, and is answered ENODEV.
 *
 * Locks: what a node says is asked under tree_mutex, here or in kernel/sched/tree.c.
 *        (l) inodes_lock: the list of a node's inodes, for a change of mode or owner to reach all
 */
#include <stdio.h>

#include "kernel/dev/topology.h"
#include "kernel/fs/fs_init.h"
#include "kernel/fs/notify.h"
#include "kernel/fs/path.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/text.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"
#include "kernel/sched/group.h"
#include "kernel/sched/tree.h"
#include "kernel/smp/cpu.h"

struct row_inode {
	struct inode inode;
	struct cg_node *node;        /* (i) with a reference; NULL: a directory of sysfs */
	const struct sysfs_row *row; /* (i) NULL: a directory */
	enum tree_news news;         /* (i) TREE_NEWS_COUNT: tells of no changes */
	const struct sysfs_cpu_file *cpu_file; /* (i) below /sys/devices/system/cpu/cpuN */
	struct sysfs_cpu_place cpu_place; /* (i) which N */
	LIST_ENTRY(row_inode) link;  /* (l) of cgroup2: among those of its node */
};

static const struct inode_operations sysfs_operations, cgroup_operations, cgroup_directory_operations;
static const struct file_operations sysfs_directory_file_operations,
	cgroup_directory_file_operations, row_file_operations;
static struct slab_cache *row_inode_cache;
static struct spinlock inodes_lock = SPINLOCK_INIT(LOCK_RANK_FILE_STATE);
static struct filesystem sysfs, cgroup2;
static struct dentry *sysfs_root, *cgroup2_root;
static const struct sysfs_row *news_rows[TREE_NEWS_COUNT]; /* (i) after boot */
static int64_t made_ns; /* when everything here came into being */

static struct row_inode *row_inode(struct inode *inode)
{
	return container_of(inode, struct row_inode, inode);
}

/* ---- files ---- */

static int64_t row_show(struct file *file, char *buffer, size_t size)
{
	const struct row_inode *inode = row_inode(file->inode);

	/* First: what changes while it is shown is news again. */
	if (inode->news != TREE_NEWS_COUNT)
		file->seen = tree_news_count(inode->node, inode->news);
	return tree_show(inode->row, inode->node, buffer, size);
}

static int row_store(struct file *file, const char *text, size_t length)
{
	const struct row_inode *inode = row_inode(file->inode);

	/* A NUL ends the text, wherever it is. */
	const struct cred *opener = file->private ? file->private : &current->cred;

	return tree_store(inode->row, inode->node, opener, text, strnlen(text, length));
}

static int64_t row_read(struct file *file, struct transfer *to, uint64_t *position)
{
	return text_file_read(file, to, position, row_show);
}

static int64_t row_write(struct file *file, struct transfer *from, uint64_t *position)
{
	int64_t answer = text_file_write(file, from, SYSFS_WRITE_MAX, row_store);

	if (answer > 0)
		*position += (uint64_t)answer;
	return answer;
}

/* Something changed since this descriptor was read last: POLLPRI and POLLERR. */
static uint32_t row_poll(struct file *file, struct poll_table *table)
{
	const struct row_inode *inode = row_inode(file->inode);
	uint32_t ready = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

	if (inode->news == TREE_NEWS_COUNT)
		return ready;
	poll_wait(table, tree_news_queue(inode->node, inode->news));
	if (tree_news_count(inode->node, inode->news) != __atomic_load_n(&file->seen, __ATOMIC_RELAXED))
		ready |= POLLPRI | POLLERR;
	return ready;
}

static bool moves_tasks(const struct sysfs_row *row)
{
	return !strcmp(row->name, "cgroup.procs") || !strcmp(row->name, "cgroup.threads");
}

/* Who opens the file moves tasks through it, whoever writes. */
static int row_open(struct file *file)
{
	struct cred *opener;

	if (!(file->mode & FILE_WRITE) || !moves_tasks(row_inode(file->inode)->row))
		return 0;
	opener = kmalloc(sizeof(*opener));
	if (!opener)
		return -ENOMEM;
	*opener = current->cred;
	file->private = opener;
	return 0;
}

static void row_release(struct file *file)
{
	kfree(file->private);
	text_file_release(file);
}

static const struct file_operations row_file_operations = {
	.read = row_read,
	.write = row_write,
	.poll = row_poll,
	.release = row_release,
};

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
	int64_t answer = text_file_write(file, from, SYSFS_WRITE_MAX, cpu_store);

	if (answer > 0)
		*position += (uint64_t)answer;
	return answer;
}

static const struct file_operations cpu_file_operations = {
	.read = cpu_read,
	.write = cpu_write,
	.release = text_file_release,
};

/* ---- inodes ---- */

static enum tree_news news_of(const struct sysfs_row *row)
{
	unsigned int news = 0;

	while (news < TREE_NEWS_COUNT && news_rows[news] != row)
		news++;
	return row ? (enum tree_news)news : TREE_NEWS_COUNT;
}

/* Takes over the reference to `node`, even when it answers NULL (no memory). */
static struct inode *row_inode_create(struct filesystem *filesystem, struct cg_node *node,
				      const struct sysfs_row *row)
{
	bool of_cgroup = filesystem == &cgroup2;
	struct row_inode *inode = slab_alloc(row_inode_cache, PAGE_ANY);

	if (!inode) {
		if (node)
			tree_node_put(node);
		return NULL;
	}
	inode->node = node;
	inode->row = row;
	inode->news = news_of(row);
	inode->cpu_file = NULL;
	inode_init(&inode->inode, filesystem,
		   !of_cgroup ? &sysfs_operations :
		   row ? &cgroup_operations : &cgroup_directory_operations,
		   row ? &row_file_operations :
		   of_cgroup ? &cgroup_directory_file_operations : &sysfs_directory_file_operations,
		   row ? S_IFREG | (uint32_t)row->mode : S_IFDIR | 0755);
	inode->inode.accessed_ns = made_ns;
	inode->inode.modified_ns = made_ns;
	inode->inode.changed_ns = made_ns;
	return &inode->inode;
}

static void row_inode_release(struct inode *inode)
{
	struct row_inode *row = row_inode(inode);

	if (row->node)
		tree_node_put(row->node);
	slab_free(row_inode_cache, row);
}

static void cgroup_inode_release(struct inode *inode)
{
	spin_lock(&inodes_lock);
	LIST_REMOVE(row_inode(inode), link);
	spin_unlock(&inodes_lock);
	row_inode_release(inode);
}

static void store_attributes(struct inode *inode, const struct tree_attributes *attributes)
{
	__atomic_store_n(&inode->uid, attributes->uid, __ATOMIC_RELAXED);
	__atomic_store_n(&inode->gid, attributes->gid, __ATOMIC_RELAXED);
	__atomic_store_n(&inode->mode, inode_type(inode) | (attributes->mode & S_PERMISSIONS),
			 __ATOMIC_RELAXED);
}

/* Into the node, and into every inode that stands for the same file. */
static int cgroup_set_attributes(struct inode *inode, uint32_t mode, uint32_t uid, uint32_t gid)
{
	const struct row_inode *changed = row_inode(inode);
	struct tree_attributes attributes = { mode & S_PERMISSIONS, uid, gid };
	struct row_inode *other;

	mutex_lock(&tree_mutex);
	int error = tree_set_attributes(changed->node, changed->row, &attributes);
	spin_lock(&inodes_lock);
	LIST_FOREACH(other, &tree_group_of(changed->node)->inodes, link)
		if (!error && other->row == changed->row)
			store_attributes(&other->inode, &attributes);
	spin_unlock(&inodes_lock);
	mutex_unlock(&tree_mutex);
	return error;
}

static void join_node(struct row_inode *inode)
{
	mutex_lock(&tree_mutex);
	struct tree_attributes attributes = tree_attributes(inode->node, inode->row);

	store_attributes(&inode->inode, &attributes);
	spin_lock(&inodes_lock);
	LIST_INSERT_HEAD(&tree_group_of(inode->node)->inodes, inode, link);
	spin_unlock(&inodes_lock);
	mutex_unlock(&tree_mutex);
}

/* ---- cgroup2 ---- */

/* The same for each look-up: the node's number and the file's place in the table. */
static uint64_t cgroup_number(const struct cg_node *node, const struct sysfs_row *row)
{
	size_t count;
	uint64_t index = row ? (uint64_t)(row - sysfs_cgroup_rows(&count)) + 1 : 0;

	return (node->id + 1) << 8 | index;
}

static void tell_news(const struct cg_node *node, enum tree_news news)
{
	const struct sysfs_row *row = news_rows[news];
	struct name name = { row->name, row->name_length };

	if (!notify_is_needed())
		return;
	notify_object(&cgroup2, cgroup_number(node, NULL), IN_MODIFY, 0, &name);
	notify_object(&cgroup2, cgroup_number(node, row), IN_MODIFY, 0, NULL);
}

/* A removed node's files go with it. */
static void tell_gone(const struct cg_node *node)
{
	size_t count;
	const struct sysfs_row *rows = sysfs_cgroup_rows(&count);

	if (!notify_is_needed())
		return;
	for (size_t i = 0; i < count; i++)
		notify_gone(&cgroup2, cgroup_number(node, &rows[i]), IN_DELETE_SELF);
	notify_gone(&cgroup2, cgroup_number(node, NULL), IN_DELETE_SELF);
}

static struct dentry *cgroup_dentry(struct dentry *directory, const struct name *name,
				    struct cg_node *node, const struct sysfs_row *row)
{
	struct inode *inode = row_inode_create(&cgroup2, node, row);

	if (!inode)
		return NULL;
	inode->number = cgroup_number(node, row);
	inode->link_count = row ? 1 : 2;
	join_node(row_inode(inode));
	return dentry_create(directory, name, inode);
}

static int cgroup_lookup(struct dentry *directory, const struct name *name, struct dentry **found)
{
	struct cg_node *parent = row_inode(directory->inode)->node, *node = NULL;
	const struct sysfs_row *row = NULL;

	mutex_lock(&tree_mutex);
	if (!cg_node_is_dead(parent)) {
		row = sysfs_find_row(parent, name->text, name->length);
		node = row ? parent : cg_find_child(parent, name->text, name->length);
		if (node)
			tree_node_get(node);
	}
	mutex_unlock(&tree_mutex);
	if (!node)
		return -ENOENT;
	*found = cgroup_dentry(directory, name, node, row);
	return *found ? 0 : -ENOMEM;
}

/* mkdir. Nothing else can be made here. */
static int cgroup_create(struct dentry *directory, const struct name *name,
			 const struct creation *creation, struct dentry **made)
{
	struct cg_node *parent = row_inode(directory->inode)->node;
	uint32_t type = creation->mode & S_IFMT;
	bool is_file;
	int error;

	mutex_lock(&tree_mutex);
	is_file = sysfs_find_row(parent, name->text, name->length) != NULL;
	mutex_unlock(&tree_mutex);
	if (is_file)
		return -EEXIST;
	if (type != S_IFDIR)
		return type == S_IFREG ? -EACCES : -EPERM;
	error = tree_make_node(parent, name->text, name->length, creation->mode & S_PERMISSIONS);
	if (!error && made)
		error = cgroup_lookup(directory, name, made);
	return error;
}

static int cgroup_remove(struct dentry *entry)
{
	const struct row_inode *inode = row_inode(entry->inode);

	if (inode->row)
		return -EPERM;
	int error = tree_remove_node(inode->node);
	if (!error)
		tell_gone(inode->node);
	return error;
}

/* One entry into the sink; false when it did not fit. */
static bool list_entry(struct file *file, struct directory_sink *sink, const struct cg_node *node,
		       const struct sysfs_entry *entry, uint64_t next_position)
{
	struct name name = { entry->name, entry->length };
	uint64_t number =
		entry->row ? cgroup_number(node, entry->row) : cgroup_number(entry->child, NULL);

	return sink_add(
		sink, file, &name, number, entry->row ? S_IFREG : S_IFDIR, next_position + 2);
}

/* Positions 0 and 1 are the dots; from 2 on they are the cursor's, which stays in file->private. */
static int list_locked(struct file *file, struct directory_sink *sink)
{
	struct cg_node *node = row_inode(file->inode)->node;
	struct sysfs_cursor *cursor = file->private;
	struct sysfs_entry entry;

	if (cg_node_is_dead(node))
		return -ENOENT;
	if (sink_add_dots(sink, file))
		return 0;
	if (cursor->position != file->position - 2)
		*cursor = (struct sysfs_cursor){ .position = file->position - 2 };
	for (;;) {
		struct sysfs_cursor before = *cursor;

		if (!sysfs_next_entry(node, cursor, &entry))
			return 0;
		if (!list_entry(file, sink, node, &entry, cursor->position)) {
			*cursor = before;
			return 0;
		}
	}
}

static int cgroup_list(struct file *file, struct directory_sink *sink)
{
	int error;

	if (!file->private)
		file->private = kzalloc(sizeof(struct sysfs_cursor));
	if (!file->private)
		return -ENOMEM;
	mutex_lock(&tree_mutex);
	error = list_locked(file, sink);
	mutex_unlock(&tree_mutex);
	return error;
}

static void cgroup_directory_release(struct file *file)
{
	kfree(file->private);
}

int fd_cgroup_node(int fd, struct cg_node **node)
{
	struct borrowed_file borrowed = fd_borrow(fd);
	int error = -EBADF;

	if (!borrowed.file)
		return -EBADF;
	if (borrowed.file->inode->operations == &cgroup_directory_operations) {
		*node = row_inode(borrowed.file->inode)->node;
		tree_node_get(*node);
		error = 0;
		if (cg_node_is_dead(*node)) {
			tree_node_put(*node);
			error = -ENODEV;
		}
	}
	fd_return(borrowed);
	return error;
}

static const struct inode_operations cgroup_directory_operations = {
	.lookup = cgroup_lookup,
	.create = cgroup_create,
	.remove = cgroup_remove,
	.set_attributes = cgroup_set_attributes,
	.release = cgroup_inode_release,
};

static const struct inode_operations cgroup_operations = {
	.open = row_open,
	.set_attributes = cgroup_set_attributes,
	.release = cgroup_inode_release,
};

static const struct file_operations cgroup_directory_file_operations = {
	.list = cgroup_list,
	.release = cgroup_directory_release,
};

static int cgroup2_mount(const char *options, struct dentry **root)
{
	(void)options;
	dentry_get(cgroup2_root);
	*root = cgroup2_root;
	return 0;
}

const struct filesystem_type cgroup2_type = {
	.name = "cgroup2",
	.magic = CGROUP2_SUPER_MAGIC,
	.mount = cgroup2_mount,
};

/* ---- sysfs ---- */

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
	inode = row_inode_create(&sysfs, row ? tree_root() : NULL, row);
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

static void init_news(void)
{
	static const char *const names[TREE_NEWS_COUNT] = {
		[TREE_NEWS_EVENTS] = "cgroup.events",
		[TREE_NEWS_PIDS] = "pids.events",
		[TREE_NEWS_MEMORY] = "memory.events",
		[TREE_NEWS_MEMORY_LOCAL] = "memory.events.local",
		[TREE_NEWS_EFFECTIVE] = "cpuset.cpus.effective",
		[TREE_NEWS_PARTITION] = "cpuset.cpus.partition",
	};
	size_t count;
	const struct sysfs_row *rows = sysfs_cgroup_rows(&count);

	for (unsigned int news = 0; news < TREE_NEWS_COUNT; news++) {
		for (size_t i = 0; i < count; i++)
			if (!strcmp(rows[i].name, names[news]))
				news_rows[news] = &rows[i];
		kassert(news_rows[news]);
	}
	tree_news_listener = tell_news;
}

void sysfs_init(void)
{
	static const struct name no_name = { "", 0 };
	size_t count;
	const struct sysfs_row *rows = sysfs_cpu_rows(&count);

	row_inode_cache = slab_cache_create("row inode", sizeof(struct row_inode), 8);
	if (!row_inode_cache)
		panic("no memory for the cache of pseudo-files");
	init_news();
	made_ns = realtime_now_ns();
	sysfs = (struct filesystem){ .type = &sysfs_type, .device = filesystem_next_device() };
	cgroup2 = (struct filesystem){ .type = &cgroup2_type, .device = filesystem_next_device() };

	sysfs_root = add(NULL, "", NULL);
	add(add(sysfs_root, "fs", NULL), "cgroup", NULL);
	struct dentry *system = add(add(sysfs_root, "devices", NULL), "system", NULL);
	struct dentry *cpu = add_cpu_directory(system, "cpu");

	for (size_t i = 0; i < count; i++)
		add(cpu, rows[i].name, &rows[i]);
	for (unsigned int id = 0; id < cpu_count; id++)
		add_cpu(cpu, id);
	sysfs_nodes_init(system);

	tree_node_get(tree_root());
	cgroup2_root = cgroup_dentry(NULL, &no_name, tree_root(), NULL);
	if (!cgroup2_root)
		panic("no memory for the cgroup mount");
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
