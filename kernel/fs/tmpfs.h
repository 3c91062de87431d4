// SPDX-License-Identifier: Apache-2.0
/*
 * tmpfs.h - what other file systems borrow from tmpfs: kept directories, and files without names.
 */
#ifndef KERNEL_FS_TMPFS_H
#define KERNEL_FS_TMPFS_H

#include "kernel/fs/file.h"

/* An instance whose root is an empty directory; NULL: no memory. page_max 0: no limit. */
struct dentry *tmpfs_create_root(const struct filesystem_type *type, uint64_t page_max);
/* An inode of any type as `creation` says, owned by the current task; NULL: no memory. */
struct inode *tmpfs_inode_create(struct filesystem *filesystem, const struct creation *creation);
/* A directory or node in a kept directory: inode_operations.create of tmpfs. */
int tmpfs_create(struct dentry *directory, const struct name *name, const struct creation *creation,
		 struct dentry **made);
/* A file without a name, for memfd_create; NULL: no memory. */
struct file *tmpfs_open_nameless(uint32_t flags);

#endif
