// SPDX-License-Identifier: Apache-2.0
/*
 * notify.h - what happens to files, for those who watch them (inotify).
 *
 * A watched object is a number in a file system, not an inode: numbers are never used again, and
 * several inodes may stand for one object (directories made on look-up). As long as nobody watches
 * anything, telling costs one load.
 */
#ifndef KERNEL_FS_NOTIFY_H
#define KERNEL_FS_NOTIFY_H

#include "kernel/fs/file.h"

/* Linux's numbers. */
enum notify_event {
	IN_ACCESS = 0x1, IN_MODIFY = 0x2, IN_ATTRIB = 0x4, IN_CLOSE_WRITE = 0x8,
	IN_CLOSE_NOWRITE = 0x10, IN_OPEN = 0x20, IN_MOVED_FROM = 0x40, IN_MOVED_TO = 0x80,
	IN_CREATE = 0x100, IN_DELETE = 0x200, IN_DELETE_SELF = 0x400, IN_MOVE_SELF = 0x800,
	IN_UNMOUNT = 0x2000, IN_OVERFLOW = 0x4000, IN_IGNORED = 0x8000, IN_ISDIR = 0x40000000,
};

extern uint32_t notify_watch_count; /* (a) */
static inline bool notify_is_needed(void)
{
	return unlikely(__atomic_load_n(&notify_watch_count, __ATOMIC_RELAXED) > 0);
}

/* Something happened to an object; `name` (NULL: none) tells to which of a directory's entries, `cookie`
 * joins the two halves of a rename. Ranks below LOCK_RANK_NOTIFY may be held. */
void notify_object(const struct filesystem *filesystem, uint64_t number, uint32_t event,
		   uint32_t cookie, const struct name *name);
/* The object is no more (event: IN_DELETE_SELF, IN_UNMOUNT), and so are its watches. */
void notify_gone(const struct filesystem *filesystem, uint64_t number, uint32_t event);
/* To a file, and so to the directory that it is in. */
void notify_dentry(struct dentry *dentry, uint32_t event);

static inline void notify_inode(const struct inode *inode, uint32_t event)
{
	if (notify_is_needed())
		notify_object(inode->filesystem, inode->number, event, 0, NULL);
}

static inline void notify_file(const struct file *file, uint32_t event)
{
	if (notify_is_needed() && file->path.dentry)
		notify_dentry(file->path.dentry, event);
}

/* An entry of a directory came, went or moved; `inode` is what it named. */
static inline void notify_entry(const struct dentry *directory, const struct name *name,
				const struct inode *inode, uint32_t event, uint32_t cookie)
{
	if (notify_is_needed())
		notify_object(directory->inode->filesystem, directory->inode->number,
			      event | (inode_is_directory(inode) ? (uint32_t)IN_ISDIR : 0U), cookie, name);
}

#endif
