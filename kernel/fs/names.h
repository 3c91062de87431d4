// SPDX-License-Identifier: Apache-2.0
/*
 * names.h - changes of names: make, link, remove, rename.
 *
 * Each takes namespace_mutex, checks everything (-ENOENT the directory was removed, -EROFS,
 * -EACCES, -EPERM the file system has no such change), and hands over to the file system.
 */
#ifndef KERNEL_FS_NAMES_H
#define KERNEL_FS_NAMES_H

#include "kernel/fs/path.h"

/* -EEXIST. `made` (NULL: not wanted) gets references. The mode has no umask applied yet. */
int name_create(const struct path_last *last, const struct creation *creation, struct path *made);
int name_link(
	const struct path_last *last, const struct path *target); /* -EXDEV, -EPERM, -EEXIST */

enum name_removal { REMOVE_FILE, REMOVE_DIRECTORY };
int name_remove(const struct path_last *last, enum name_removal removal);
/* flags: RENAME_NOREPLACE. -EXDEV, -EINVAL into itself, -ENOTEMPTY, -EISDIR, -ENOTDIR. */
int name_rename(const struct path_last *from, const struct path_last *to, unsigned int flags);

/* open(2): the file a path names, made when the flags say so. */
int name_open(
	int directory_fd, const char *text, uint32_t flags, uint32_t mode, struct file **file);

#endif
