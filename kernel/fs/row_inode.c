// SPDX-License-Identifier: Apache-2.0
/*
 * row_inode.c - see row_inode.h.
 */
#include "kernel/fs/opener.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/row_inode.h"
#include "kernel/fs/text.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"

static struct slab_cache *row_inode_cache;
static int64_t made_ns; /* when everything here came into being */

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

	return opener_store(file->private, inode->row, inode->node, text, length);
}

static int64_t row_read(struct file *file, struct transfer *to, uint64_t *position)
{
	return text_file_read(file, to, position, row_show);
}

static int64_t row_write(struct file *file, struct transfer *from, uint64_t *position)
{
	return text_file_write(file, from, position, SYSFS_WRITE_MAX, row_store);
}

/* Something changed since this descriptor was read last: POLLPRI and POLLERR. */
static uint32_t row_poll(struct file *file, struct poll_table *table)
{
	const struct row_inode *inode = row_inode(file->inode);
	uint32_t ready = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

	if (inode->news == TREE_NEWS_PRESSURE)
		return opener_poll(file->private, inode->node, table);
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

/* It is the opener who moves tasks through it, and who is told of pressure, whoever writes. */
int row_open(struct file *file)
{
	const struct row_inode *inode = row_inode(file->inode);

	return moves_tasks(inode->row) || inode->news == TREE_NEWS_PRESSURE ? opener_remember(file) : 0;
}

static void row_release(struct file *file)
{
	opener_forget(file);
	text_file_release(file);
}

const struct file_operations row_file_operations = {
	.read = row_read,
	.write = row_write,
	.poll = row_poll,
	.release = row_release,
};

/* ---- inodes ---- */

void row_inodes_init(void)
{
	row_inode_cache = slab_cache_create("row inode", sizeof(struct row_inode), 8);
	if (!row_inode_cache)
		panic("no memory for the cache of pseudo-files");
	made_ns = realtime_now_ns();
}

struct inode *row_inode_create(struct filesystem *filesystem, struct cg_node *node,
			       const struct sysfs_row *row, const struct inode_operations *operations)
{
	struct row_inode *inode = slab_alloc(row_inode_cache, PAGE_ANY);

	if (!inode) {
		if (node)
			tree_node_put(node);
		return NULL;
	}
	inode->node = node;
	inode->row = row;
	inode->news = TREE_NEWS_COUNT;
	inode->cpu_file = NULL;
	inode_init(&inode->inode, filesystem, operations, row ? &row_file_operations : NULL,
		   row ? S_IFREG | (uint32_t)row->mode : S_IFDIR | 0755);
	inode->inode.accessed_ns = made_ns;
	inode->inode.modified_ns = made_ns;
	inode->inode.changed_ns = made_ns;
	return &inode->inode;
}

void row_inode_release(struct inode *inode)
{
	struct row_inode *row = row_inode(inode);

	if (row->node)
		tree_node_put(row->node);
	slab_free(row_inode_cache, row);
}
