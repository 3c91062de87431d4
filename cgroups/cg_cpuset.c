// SPDX-License-Identifier: Apache-2.0
/*
 * cg_cpuset.c - what a node may use, and how a change travels down.
 *
 *   effective = cpus ∩ parent's effective;  when that is empty: the parent's effective
 *   root:       the CPUs that are online
 *
 * and the same for memory nodes, of which those that are there stay.
 *
 * Invariant (cg_check): that, for every node; so effective is never empty. A node that lacks the
 * controller requests nothing and is its parent's equal.
 *
 * A change walks down from where it was made and turns back at every node whose effective mask
 * stays: what is below it cannot change then. The cost is in nodes that change, their children and
 * their members.
 *
 * Context: the caller holds whatever guards the tree.
 */
#include <errno.h>

#include "cgroups/cg_internal.h"

static struct cpumask effective_of(const struct cg_node *node)
{
	if (!node->parent)
		return node->tree->online;
	const struct cpumask *limit = &node->parent->effective;
	struct cpumask effective = cpumask_and(&node->cpus, limit);
	return cpumask_empty(&effective) ? *limit : effective;
}

static bool refresh_node(struct cg_node *node)
{
	struct cpumask effective = effective_of(node);
	if (cpumask_equal(&effective, &node->effective))
		return false;
	node->effective = effective;
	cg_node_changed(node, CG_CHANGED_EFFECTIVE);
	cg_for_each_link(link, &node->members)
		cg_member_refresh(cg_member_of_node_link(link));
	return true;
}

static void refresh_below(struct cg_node *top)
{
	struct cg_node *node = top;
	while (node)
		node = refresh_node(node) ? cg_next_below(node, top) : cg_next_beside(node, top);
}

static int check_cpus(const struct cg_node *node, const struct cpumask *cpus)
{
	int error = cg_check_setting(node);
	if (error)
		return error;
	if (!cpumask_subset(cpus, &node->tree->possible))
		return -EINVAL;
	if (cpumask_empty(cpus) && !cpumask_empty(&node->cpus) && cg_node_is_populated(node))
		return -ENOSPC;
	return 0;
}

int cg_set_cpus(struct cg_node *node, const struct cpumask *cpus)
{
	int error = check_cpus(node, cpus);
	if (error)
		return error;

	node->cpus = *cpus;
	refresh_below(node);
	return 0;
}

static bool refresh_node_mems(struct cg_node *node)
{
	uint64_t limit = node->parent->effective_mems;
	uint64_t effective = node->mems & limit ? node->mems & limit : limit;
	if (effective == node->effective_mems)
		return false;
	node->effective_mems = effective;
	cg_node_changed(node, CG_CHANGED_MEMS);
	return true;
}

static void set_mems(struct cg_node *top, uint64_t mems)
{
	top->mems = mems;
	struct cg_node *node = top;
	while (node)
		node = refresh_node_mems(node) ? cg_next_below(node, top)
					       : cg_next_beside(node, top);
}

int cg_set_mems(struct cg_node *node, uint64_t mems)
{
	int error = cg_check_setting(node);
	if (error)
		return error;
	if (mems & ~node->tree->mems)
		return -EINVAL;
	if (!mems && node->mems && cg_node_is_populated(node))
		return -ENOSPC;

	set_mems(node, mems);
	return 0;
}

void cg_cpuset_reset(struct cg_node *node)
{
	node->cpus = cpumask_none();
	refresh_below(node);
	set_mems(node, 0);
}

void cg_set_online(struct cg_tree *tree, const struct cpumask *online)
{
	cg_assert(!cpumask_empty(online));
	cg_assert(cpumask_subset(online, &tree->possible));
	tree->online = *online;
	refresh_below(&tree->root);
}
