// SPDX-License-Identifier: Apache-2.0
/*
 * tree_access.c - who owns a node's directory and files, and who may move tasks.
 *
 * Everything in a node is its maker's. What chown and chmod change is kept with the node, one entry
 * a file, as long as the node's memory is there.
 *
 * Context: tree_mutex is held.
 */
#include "kernel/kernel.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/cred.h"
#include "kernel/sched/group.h"
#include "kernel/sched/tree.h"

struct kept_attributes {
	struct kept_attributes *next;      /* (t) */
	const struct sysfs_row *row;       /* (i) NULL: the directory */
	struct tree_attributes attributes; /* (t) */
};

static struct kept_attributes *find_kept(struct task_group *group, const struct sysfs_row *row)
{
	struct kept_attributes *kept = group->kept;

	while (kept && kept->row != row)
		kept = kept->next;
	return kept;
}

struct tree_attributes tree_attributes(struct cg_node *node, const struct sysfs_row *row)
{
	struct task_group *group = tree_group_of(node);
	const struct kept_attributes *kept = find_kept(group, row);
	struct tree_attributes attributes = kept ? kept->attributes : group->made;

	if (!kept && row)
		attributes.mode = row->mode;
	return attributes;
}

int tree_set_attributes(struct cg_node *node, const struct sysfs_row *row,
			const struct tree_attributes *attributes)
{
	struct task_group *group = tree_group_of(node);
	struct kept_attributes *kept = find_kept(group, row);

	if (cg_node_is_dead(node))
		return -ENODEV;
	if (!kept) {
		kept = kzalloc(sizeof(*kept));
		if (!kept)
			return -ENOMEM;
		kept->row = row;
		kept->next = group->kept;
		group->kept = kept;
	}
	kept->attributes = *attributes;
	return 0;
}

void tree_forget_attributes(struct task_group *group)
{
	struct kept_attributes *kept;

	while ((kept = group->kept)) {
		group->kept = kept->next;
		kfree(kept);
	}
}

int tree_may_write_procs(const struct cred *cred, struct cg_node *node)
{
	const struct sysfs_row *procs =
		sysfs_find_row(tree_root(), "cgroup.procs", sizeof("cgroup.procs") - 1);
	struct tree_attributes attributes = tree_attributes(node, procs);

	return cred_permission(cred, attributes.mode, attributes.uid, attributes.gid, 2);
}

static bool is_below(const struct cg_node *node, const struct cg_node *top)
{
	while (node && node->depth > top->depth)
		node = node->parent;
	return node == top;
}

int tree_may_move(const struct cred *cred, struct cg_node *from, const struct cg_node *to)
{
	if (cg_node_is_dead(to))
		return -ENODEV;
	while (!is_below(to, from))
		from = from->parent;
	return tree_may_write_procs(cred, from);
}
