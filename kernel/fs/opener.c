// SPDX-License-Identifier: Apache-2.0
/*
 * opener.c - see opener.h.
 */
#include "kernel/fs/opener.h"

#include "kernel/fs/poll.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"
#include "kernel/sched/pressure_trigger.h"
#include "kernel/sched/tree.h"

int opener_remember(struct file *file)
{
	struct opener *opener;

	if (!(file->mode & FILE_WRITE))
		return 0;
	opener = kmalloc(sizeof(*opener));
	if (!opener)
		return -ENOMEM;
	*opener = (struct opener){ .cred = current->cred };
	file->private = opener;
	return 0;
}

void opener_forget(struct file *file)
{
	struct opener *opener = file->private;

	if (opener)
		pressure_trigger_release(opener->trigger);
	kfree(opener);
}

/* Those of a node that is gone are forgotten: that is what the tree will say then. */
static bool has_trigger(const struct opener *opener)
{
	return opener->trigger && !pressure_trigger_is_gone(opener->trigger);
}

int opener_store(struct opener *opener, const struct sysfs_row *row, struct cg_node *node,
		 const char *text, size_t length)
{
	struct tree_writer writer = { .opener = &current->cred };

	if (opener && has_trigger(opener))
		return -EBUSY;
	if (opener)
		writer = (struct tree_writer){ &opener->cred, &opener->trigger };
	return tree_store(row, node, &writer, text, length);
}

uint32_t opener_poll(struct opener *opener, struct cg_node *node, struct poll_table *table)
{
	uint32_t ready = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

	if (opener)
		poll_wait(table, tree_news_queue(node, TREE_NEWS_PRESSURE));
	switch (opener ? pressure_trigger_take(&opener->trigger) : PRESSURE_NONE) {
	case PRESSURE_QUIET:
		return ready;
	case PRESSURE_EVENT:
		return ready | POLLPRI;
	case PRESSURE_GONE:
	case PRESSURE_NONE:
		break;
	}
	return ready | POLLPRI | POLLERR;
}
