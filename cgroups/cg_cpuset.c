// SPDX-License-Identifier: Apache-2.0
/*
 * cg_cpuset.c - what a node may use, and how a change travels down.
 *
 *   effective = cpus ∩ parent's effective;  when that is empty: the parent's effective
 *   and of that the CPUs of its class;      when there are none: all of it
 *   partition:  exclusive_effective ∩ online, less what partitions among its children have
 *   root:       the CPUs that are online, less those given out
 *
 * and the first line for memory nodes, of which those that are there stay.
 *
 * Invariant (cg_check): that, for every node; effective is empty only where nobody is. A node that
 * lacks the controller requests nothing and is its parent's equal.
 *
 * A change walks down from where it was made and turns back at every node whose effective mask
 * stays: what is below it cannot change then. The cost is in nodes that change, their children and
 * their members. Where a partition took CPUs from its giver or gave them back, the giver's other
 * children are walked afterwards (tree->beside).
 *
 * Context: the caller holds whatever guards the tree.
 */
#include <errno.h>

#include "cgroups/cg_internal.h"

static struct cpumask narrow_to_class(const struct cg_node *node, const struct cpumask *cpus)
{
	struct cpumask narrowed = cpumask_and(cpus, &node->tree->class_cpus[node->cpu_class]);
	return cpumask_empty(&narrowed) ? *cpus : narrowed;
}

struct cpumask cg_effective_of(const struct cg_node *node)
{
	const struct cg_tree *tree = node->tree;
	if (!node->parent)
		return cpumask_andnot(&tree->online, &tree->given_out);
	const struct cpumask *limit = &node->parent->effective;
	struct cpumask effective = cpumask_and(&node->cpus, limit);
	if (!node->partition || node->fault || node->borrows)
		return narrow_to_class(node, cpumask_empty(&effective) ? limit : &effective);

	effective = cpumask_and(&node->exclusive_effective, &tree->online);
	if (node->partition_children)
		cg_for_each_link(link, &node->children) {
			const struct cg_node *child = cg_node_of_sibling(link);
			if (cg_node_is_partition(child))
				effective = cpumask_andnot(&effective, &child->exclusive_effective);
		}
	return effective;
}

static bool effective_changed(struct cg_node *node)
{
	cg_node_changed(node, CG_CHANGED_EFFECTIVE);
	cg_for_each_link(link, &node->members) {
		struct cg_member *member = cg_member_of_node_link(link);
		member->keeps_off &= !node->parent;
		cg_member_refresh(member);
	}
	return true;
}

static bool store_effective(struct cg_node *node, struct cpumask effective)
{
	if (cpumask_equal(&effective, &node->effective))
		return false;
	node->effective = effective;
	return effective_changed(node);
}

static bool set_effective(struct cg_node *node)
{
	return store_effective(node, cg_effective_of(node));
}

/* The same for what nearly all nodes are, members without a claim of their own: a wide write visits
 * thousands of them, so no mask is carried about. */
static bool set_member_effective(struct cg_node *node)
{
	const struct cpumask *limit = &node->parent->effective;
	if (node->asks && cpumask_intersects(&node->cpus, limit))
		return store_effective(node, cpumask_and(&node->cpus, limit));
	if (cpumask_equal(limit, &node->effective))
		return false;
	node->effective = *limit;
	return effective_changed(node);
}

static bool makes_no_claim(const struct cg_node *node)
{
	return !node->cpu_class && !node->partition && !node->partition_children &&
	       (!node->tree->exclusive_count || cpumask_empty(&node->exclusive));
}

/* Whether what is below the node has to be looked at, too. The state of the top stands. */
static bool refresh_node(struct cg_node *node, const struct cg_node *top, enum cg_reach reach)
{
	if (makes_no_claim(node))
		return set_member_effective(node) || reach == CG_ALWAYS;
	if (node == top)
		cg_partition_judge(node);
	else
		cg_partition_follow(node);
	return set_effective(node) || node->partition || reach == CG_ALWAYS;
}

void cg_refresh_below(struct cg_node *top, enum cg_reach reach)
{
	struct cg_node *node = top;
	while (node) {
		bool passed = node->remote && node != top;
		if (!passed && refresh_node(node, top, reach))
			node = cg_next_below(node, top);
		else
			node = cg_next_beside(node, top);
	}
}

void cg_hand_over(struct cg_node *giver, struct cg_node *taker, enum cg_turn turn,
		  const struct cpumask *before, const struct cpumask *after)
{
	struct cg_tree *tree = giver->tree;
	if (!giver->parent) {
		tree->given_out = cpumask_andnot(&tree->given_out, before);
		tree->given_out = cpumask_or(&tree->given_out, after);
		cg_end_first_masks(giver);
	}
	/* what cg_effective_of() says, without a look at every child */
	struct cpumask effective = cpumask_and(before, &giver->exclusive_effective);
	effective = cpumask_and(&effective, &tree->online);
	effective = cpumask_or(&effective, &giver->effective);
	store_effective(giver, cpumask_andnot(&effective, after));
	if (cg_link_alone(&giver->beside_link)) {
		cg_link_insert(&giver->beside_link, &tree->beside);
		giver->taker = taker;
		giver->in_turn = turn == CG_IN_TURN;
	} else if (giver->in_turn && turn == CG_IN_TURN) {
		giver->taker = taker;
	} else {
		giver->taker = giver->taker == taker ? taker : NULL;
		giver->in_turn = false;
	}
}

/* The children of a node that handed CPUs over, but for a single one that took them, and but for
 * those whose turn came later: the partitions among them, and whoever uses what the node has. */
static void refresh_children(struct cg_node *parent)
{
	const struct cg_node *taker = parent->taker;
	cg_for_each_link(link, &parent->children) {
		struct cg_node *child = cg_node_of_sibling(link);
		struct cpumask effective = cg_effective_of(child);
		if (child == taker && parent->in_turn)
			return;
		if (child != taker && !child->remote &&
		    (cg_node_is_partition(child) || !cpumask_equal(&effective, &child->effective)))
			cg_refresh_below(child, CG_AS_IT_CHANGES);
	}
}

/* Each of these adds only nodes below its own. */
void cg_refresh_beside(struct cg_tree *tree)
{
	while (!cg_link_alone(&tree->beside)) {
		struct cg_node *giver =
			cg_link_container(tree->beside.next, struct cg_node, beside_link);
		cg_link_remove(&giver->beside_link);
		refresh_children(giver);
	}
}

static void settle_stranded(struct cg_tree *tree)
{
	struct cg_node *node;
	while ((node = cg_fault_stranded(tree))) {
		cg_refresh_below(node, CG_AS_IT_CHANGES);
		cg_refresh_beside(tree);
	}
}

void cg_settle(struct cg_node *node, enum cg_reach reach)
{
	cg_refresh_beside(node->tree);
	cg_refresh_below(node, reach);
	cg_refresh_beside(node->tree);
	settle_stranded(node->tree);
}

/* Linux's measure: what the parent lacks of the claim, or partitions below have of it, is not looked at. */
int cg_check_claim(const struct cg_node *node, const struct cpumask *claim)
{
	const struct cg_tree *tree = node->tree;
	struct cpumask before = cpumask_and(cg_claim(node), &tree->online);
	struct cpumask after = cpumask_and(claim, &tree->online);
	if (!tree->promises || !cg_node_is_partition(node) || cpumask_subset(&before, &after))
		return 0;
	return tree->promises->may_shrink(node, &after);
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
	if (cpumask_empty(cpus) && cg_node_is_partition(node) && cpumask_empty(&node->exclusive))
		return -EBUSY;
	return cpumask_empty(&node->exclusive) ? cg_check_claim(node, cpus) : 0;
}

int cg_set_cpus(struct cg_node *node, const struct cpumask *cpus)
{
	int error = check_cpus(node, cpus);
	if (error)
		return error;

	if (cpumask_equal(cpus, &node->cpus))
		return 0;
	struct cpumask before = node->exclusive_effective;
	cg_partition_cpus(node, cpus);
	cg_settle(node, cpumask_equal(&before, &node->exclusive_effective) ? CG_AS_IT_CHANGES
									   : CG_ALWAYS);
	return 0;
}

int cg_set_cpu_class(struct cg_node *node, enum cg_cpu_class cpu_class)
{
	cg_assert(cpu_class < CG_CPU_CLASS_COUNT);
	int error = cg_check_setting(node);
	if (error)
		return error;

	node->cpu_class = (uint8_t)cpu_class;
	cg_settle(node, CG_AS_IT_CHANGES);
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
	cg_partition_reset(node);
	node->cpus = cpumask_none();
	node->asks = false;
	node->cpu_class = CG_ANY_CPU;
	cg_settle(node, CG_AS_IT_CHANGES);
	set_mems(node, 0);
}

void cg_set_online(struct cg_tree *tree, const struct cpumask *online)
{
	cg_assert(!cpumask_empty(online));
	cg_assert(cpumask_subset(online, &tree->possible));
	if (cpumask_equal(online, &tree->online))
		return;
	tree->online = *online;
	set_effective(&tree->root);
	for (struct cg_node *node = cg_first_child(&tree->root); node;
	     node = cg_next_below(node, &tree->root)) {
		if (node->partition || tree->exclusive_count)
			cg_partition_hotplug(node);
		set_effective(node);
		cg_refresh_beside(tree);
	}
	settle_stranded(tree);
}
