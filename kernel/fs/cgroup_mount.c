// SPDX-License-Identifier: Apache-2.0
/*
 * cgroup_mount.c - /sys/fs/cgroup: the tree's nodes as directories, which are kept as long as their nodes
 * live, so that a walk makes nothing; their files are made on look-up (row_inode.h).
 *
 * Invariant: a node that lives has one dentry, in its parent's. Nodes and dentries come and go together
 * under namespace_mutex: first the node, which may refuse, then the dentry, which cannot fail.
 *
 * Locks: what a node says is asked under tree_mutex, here or in kernel/sched/tree.c.
 *        (l) inodes_lock: the list of a node's inodes, for a change of mode or owner to reach all
 */
#include "kernel/fs/fs_init.h"
#include "kernel/fs/notify.h"
#include "kernel/fs/path.h"
#include "kernel/fs/row_inode.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"
#include "kernel/sched/group.h"

static const struct inode_operations cgroup_operations, cgroup_directory_operations;
static const struct file_operations cgroup_directory_file_operations;
static struct spinlock inodes_lock = SPINLOCK_INIT(LOCK_RANK_FILE_STATE);
static struct filesystem cgroup2;
static struct dentry *cgroup2_root;
static const struct sysfs_row *news_rows[TREE_NEWS_COUNT]; /* (i) after boot */

/* ---- inodes ---- */

static enum tree_news news_of(const struct sysfs_row *row)
{
	unsigned int news = 0;

	while (news < TREE_NEWS_COUNT && news_rows[news] != row)
		news++;
	return row ? (enum tree_news)news : TREE_NEWS_COUNT;
}

static void cgroup_inode_release(struct inode *inode)
{
	if (row_inode(inode)->node) {
		spin_lock(&inodes_lock);
		LIST_REMOVE(row_inode(inode), link);
		spin_unlock(&inodes_lock);
	}
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

/* ---- names ---- */

/* The same for each look-up: the node's number and the file's place in the table. */
static uint64_t cgroup_number(const struct cg_node *node, const struct sysfs_row *row)
{
	size_t count;
	uint64_t index = row ? (uint64_t)(row - sysfs_cgroup_rows(&count)) + 1 : 0;

	return (node->id + 1) << 8 | index;
}

static void tell_news(const struct cg_node *node, enum tree_news news)
{
	if (!notify_is_needed())
		return;
	const struct sysfs_row *row = news_rows[news];
	struct name name = { row->name, row->name_length };

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

/* The memory of a dentry, of no node yet. NULL: there is none. */
static struct dentry *prepare_dentry(struct dentry *directory, const struct name *name,
				     const struct sysfs_row *row)
{
	struct inode *inode = row_inode_create(&cgroup2, NULL, row,
		row ? &cgroup_operations : &cgroup_directory_operations);

	if (!inode)
		return NULL;
	if (!row)
		inode->file_operations = &cgroup_directory_file_operations;
	row_inode(inode)->news = news_of(row);
	inode->link_count = row ? 1 : 2;
	return dentry_create(directory, name, inode);
}

/* It stands for a file or the directory of that node from now on. tree_mutex is held. */
static void join_node(struct dentry *dentry, struct cg_node *node)
{
	struct row_inode *inode = row_inode(dentry->inode);
	struct tree_attributes attributes = tree_attributes(node, inode->row);

	tree_node_get(node);
	inode->node = node;
	inode->inode.number = cgroup_number(node, inode->row);
	store_attributes(&inode->inode, &attributes);
	spin_lock(&inodes_lock);
	LIST_INSERT_HEAD(&tree_group_of(node)->inodes, inode, link);
	spin_unlock(&inodes_lock);
}

static int lookup_file(struct dentry *directory, const struct name *name, struct dentry **found)
{
	struct cg_node *node = row_inode(directory->inode)->node;
	const struct sysfs_row *row = NULL;
	int error = -ENOENT;

	mutex_lock(&tree_mutex);
	if (!cg_node_is_dead(node))
		row = sysfs_find_row(node, name->text, name->length);
	if (row) {
		*found = prepare_dentry(directory, name, row);
		error = *found ? 0 : -ENOMEM;
	}
	if (!error)
		join_node(*found, node);
	mutex_unlock(&tree_mutex);
	return error;
}

static int cgroup_lookup(struct dentry *directory, const struct name *name, struct dentry **found)
{
	*found = dentry_find(directory, name);
	return *found ? 0 : lookup_file(directory, name, found);
}

/* mkdir. Nothing else can be made here. */
static int cgroup_create(struct dentry *directory, const struct name *name,
			 const struct creation *creation, struct dentry **made)
{
	struct cg_node *parent = row_inode(directory->inode)->node;
	uint32_t type = creation->mode & S_IFMT;
	struct dentry *entry;
	struct cg_node *node;
	bool is_file;
	int error;

	mutex_lock(&tree_mutex);
	is_file = sysfs_find_row(parent, name->text, name->length) != NULL;
	mutex_unlock(&tree_mutex);
	if (is_file)
		return -EEXIST;
	if (type != S_IFDIR)
		return type == S_IFREG ? -EACCES : -EPERM;
	entry = prepare_dentry(directory, name, NULL);
	if (!entry)
		return -ENOMEM;
	error = tree_make_node(parent, name->text, name->length, creation->mode & S_PERMISSIONS, &node);
	if (error) {
		dentry_put(entry);
		return error;
	}
	mutex_lock(&tree_mutex);
	join_node(entry, node);
	mutex_unlock(&tree_mutex);
	if (made) {
		dentry_get(entry);
		*made = entry;
	}
	dentry_attach(entry);
	return 0;
}

static int cgroup_remove(struct dentry *entry)
{
	const struct row_inode *inode = row_inode(entry->inode);

	if (inode->row)
		return -EPERM;
	int error = tree_remove_node(inode->node);
	if (error)
		return error;
	dentry_detach(entry);
	tell_gone(inode->node);
	dentry_put(entry); /* the directory's reference */
	return 0;
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

/* ---- at boot ---- */

static void init_news(void)
{
	static const char *const names[TREE_NEWS_COUNT] = {
		[TREE_NEWS_EVENTS] = "cgroup.events",
		[TREE_NEWS_PIDS] = "pids.events",
		[TREE_NEWS_MEMORY] = "memory.events",
		[TREE_NEWS_MEMORY_LOCAL] = "memory.events.local",
		[TREE_NEWS_EFFECTIVE] = "cpuset.cpus.effective",
		[TREE_NEWS_PARTITION] = "cpuset.cpus.partition",
		[TREE_NEWS_PRESSURE] = "cpu.pressure",
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

void cgroup_mount_init(void)
{
	static const struct name no_name = { "", 0 };

	init_news();
	cgroup2 = (struct filesystem){ .type = &cgroup2_type, .device = filesystem_next_device() };
	cgroup2_root = prepare_dentry(NULL, &no_name, NULL);
	if (!cgroup2_root)
		panic("no memory for the cgroup mount");
	mutex_lock(&tree_mutex);
	join_node(cgroup2_root, tree_root());
	mutex_unlock(&tree_mutex);
}
