// SPDX-License-Identifier: Apache-2.0
/*
 * row_inode.h - the inodes of /sys and /sys/fs/cgroup: a directory, or a file over a row of
 * sysfs/sysfs.h.
 *
 * An inode holds a reference to its tree node, so a descriptor that outlives the node still asks it, and is
 * answered ENODEV. What a node says is asked under tree_mutex, in kernel/sched/tree.c.
 */
#ifndef KERNEL_FS_ROW_INODE_H
#define KERNEL_FS_ROW_INODE_H

#include "kernel/fs/file.h"
#include "kernel/kernel.h"
#include "kernel/sched/tree.h"

struct row_inode {
	struct inode inode;
	struct cg_node *node;        /* (i) with a reference; NULL: a directory of sysfs */
	const struct sysfs_row *row; /* (i) NULL: a directory */
	enum tree_news news;         /* (i) TREE_NEWS_COUNT: tells of no changes */
	const struct sysfs_cpu_file *cpu_file; /* (i) below /sys/devices/system/cpu/cpuN */
	struct sysfs_cpu_place cpu_place; /* (i) which N */
	LIST_ENTRY(row_inode) link;  /* (l) of cgroup2: among those of its node */
};

/* Reads and writes the row, and polls for news of it. */
extern const struct file_operations row_file_operations;

static inline struct row_inode *row_inode(struct inode *inode)
{
	return container_of(inode, struct row_inode, inode);
}

/* Once, at boot. */
void row_inodes_init(void);
/* A file over `row`, or, where that is NULL, a directory, which still needs its file operations. NULL: no
 * memory. The reference to `node` is taken over in any case. */
struct inode *row_inode_create(struct filesystem *filesystem, struct cg_node *node,
			       const struct sysfs_row *row, const struct inode_operations *operations);
void row_inode_release(struct inode *inode);
/* Remembers who opens a file that moves tasks or tells of pressure. -ENOMEM. */
int row_open(struct file *file);

#endif
