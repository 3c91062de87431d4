// SPDX-License-Identifier: Apache-2.0
/*
 * opener.h - what a descriptor of a pseudo-file remembers of who opened it for writing: the credentials that
 * count for what is written, and the trigger of cpu.pressure that was.
 *
 * It is file->private, of such files alone; the file's operations call these.
 */
#ifndef KERNEL_FS_OPENER_H
#define KERNEL_FS_OPENER_H

#include "kernel/fs/file.h"
#include "kernel/proc/cred.h"
#include "sysfs/sysfs.h"

struct opener {
	struct cred cred;                 /* (i) */
	struct pressure_trigger *trigger; /* set once, under the tree's mutex; read without */
};

/* Nothing when it is not opened for writing. -ENOMEM. */
int opener_remember(struct file *file);
void opener_forget(struct file *file);
/* tree_store() in the opener's name; NULL: the current task's. -EBUSY: the descriptor has a trigger. The
 * inode's mutex is held. */
int opener_store(struct opener *opener, const struct sysfs_row *row, struct cg_node *node,
		 const char *text, size_t length);
/* cpu.pressure: POLLPRI once when the trigger has fired; POLLPRI | POLLERR without one, or without a node. */
uint32_t opener_poll(struct opener *opener, struct cg_node *node, struct poll_table *table);

#endif
