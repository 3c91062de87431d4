// SPDX-License-Identifier: Apache-2.0
/*
 * cg_partition.c - nodes that have CPUs for themselves alone.
 *
 *   claim               = cpuset.cpus.exclusive, or cpuset.cpus when that is empty
 *   exclusive_effective = claim of a partition, or else `exclusive`, ∩ the parent's
 *
 * A partition takes its CPUs out of its giver's effective ones: the giver is its parent when that
 * is a partition itself (a local one), else the tree's root (a remote one).
 *
 * A node may want to be a partition and have a fault. Its state is looked at when its own files are
 * written (cg_set_partition, cg_partition_cpus, cg_set_exclusive), when its parent changed
 * (cg_partition_follow) and when CPUs come or go (cg_partition_hotplug). docs/cgroups.md has the
 * whole state machine.
 *
 * Invariants (cg_check): partitions share no CPU, but for what one handed on to those below it; the
 * parent of a local one is a partition; given_out is what all that take from the root have.
 *
 * Context: the caller holds whatever guards the tree.
 */
#include <errno.h>

#include "cgroups/cg_internal.h"

static struct cg_node *node_of_partition(const struct cg_link *link)
{
	return cg_link_container(link, struct cg_node, partition_link);
}

static struct cg_node *giver_of(const struct cg_node *node)
{
	return node->remote ? &node->tree->root : node->parent;
}

struct cpumask cg_isolated(const struct cg_tree *tree)
{
	struct cpumask isolated = cpumask_andnot(&tree->boot_isolated, &tree->given_out);
	cg_for_each_link(link, &tree->partitions) {
		const struct cg_node *node = node_of_partition(link);
		if (node->partition == CG_ISOLATED)
			isolated = cpumask_or(&isolated, &node->exclusive_effective);
	}
	/* what an isolated partition has handed on to an ordinary one is not isolated */
	cg_for_each_link(link, &tree->partitions) {
		const struct cg_node *node = node_of_partition(link);
		if (node->partition == CG_ROOT && giver_of(node)->partition == CG_ISOLATED)
			isolated = cpumask_andnot(&isolated, &node->exclusive_effective);
	}
	return isolated;
}

/* ---- the state ---- */

/* What the node wants to be, why it is not, and so what is its own. */
static void store_state(struct cg_node *node, enum cg_partition partition, enum cg_fault fault)
{
	if (node->partition != partition || node->fault != fault)
		cg_node_changed(node, CG_CHANGED_PARTITION);
	node->parent->partition_children += (uint32_t)(partition != CG_MEMBER);
	node->parent->partition_children -= (uint32_t)(node->partition != CG_MEMBER);
	node->partition = (uint8_t)partition;
	node->fault = (uint8_t)fault;
	node->borrows = false;
	cg_link_remove(&node->partition_link);
	bool is_partition = cg_node_is_partition(node);
	if (is_partition)
		cg_link_insert(&node->partition_link, &node->tree->partitions);
	else
		node->remote = false;
	node->exclusive_effective = cpumask_and(is_partition ? cg_claim(node) : &node->exclusive,
						&node->parent->exclusive_effective);
}

/* The same, and its giver's CPUs follow: everything beside it that uses them is due. */
static void hand_over(struct cg_node *node, enum cg_partition partition, enum cg_fault fault,
		      enum cg_turn turn)
{
	struct cg_node *giver = giver_of(node);
	struct cpumask before = cpumask_none(), after = cpumask_none();
	if (cg_node_is_partition(node))
		before = node->exclusive_effective;
	store_state(node, partition, fault);
	if (cg_node_is_partition(node))
		after = node->exclusive_effective;
	if (!cpumask_equal(&before, &after) && cg_node_is_partition(giver))
		cg_hand_over(giver, node, turn, &before, &after);
}

static void set_state(struct cg_node *node, enum cg_partition partition, enum cg_fault fault)
{
	hand_over(node, partition, fault, CG_ALONE);
}

static void set_fault(struct cg_node *node, enum cg_fault fault)
{
	set_state(node, (enum cg_partition)node->partition, fault);
}

/* ---- what speaks against it ---- */

/* Whether tasks depend on the node's own CPUs: its members, and those below that no partition
 * but `except` looks after. The tree's root has to run what is nowhere else. */
static bool is_in_use(const struct cg_node *node, const struct cg_node *except)
{
	if (!node->parent || node->member_count)
		return true;
	if (!cg_node_is_populated(node))
		return false;
	cg_for_each_link(link, &node->children) {
		const struct cg_node *child = cg_node_of_sibling(link);
		if (child != except && !cg_node_is_partition(child) && cg_node_is_populated(child))
			return true;
	}
	return false;
}

static bool is_claimed_at_boot(const struct cg_node *node, enum cg_partition partition,
			       const struct cpumask *cpus)
{
	return partition != CG_ISOLATED && cpumask_intersects(cpus, &node->tree->boot_isolated);
}

/* Whether the node's own tasks would have no CPU if it had `cpus` for itself. */
static bool strands(const struct cg_node *node, const struct cpumask *cpus)
{
	return !cpumask_intersects(cpus, &node->tree->online) && is_in_use(node, NULL);
}

/* Whether those who need a CPU would have none if the node had `cpus` for itself: in the parent,
 * or in the node. */
static bool starves(const struct cg_node *node, const struct cpumask *cpus)
{
	if (cpumask_subset(&node->parent->effective, cpus) && is_in_use(node->parent, node))
		return true;
	return strands(node, cpus);
}

/* What a node asks for, or would. */
struct request {
	const struct cpumask *cpus, *exclusive;
	bool alone; /* as a partition */
};

/* Whether two siblings cannot be both. */
static bool conflicts(const struct request *a, const struct cg_node *b)
{
	bool a_set = !cpumask_empty(a->exclusive), b_set = !cpumask_empty(&b->exclusive);
	const struct cpumask *a_claim = a_set ? a->exclusive : a->cpus;
	if (a->alone || cg_node_is_partition(b) || (a_set && b_set))
		return cpumask_intersects(a_claim, cg_claim(b));
	if (!a_set && !b_set)
		return false;
	/* one must not take all that the other has */
	const struct cpumask *takes = a_set ? a->exclusive : &b->exclusive;
	const struct cpumask *wants = a_set ? &b->cpus : a->cpus;
	return !cpumask_empty(wants) && cpumask_subset(wants, takes);
}

static bool conflicts_with_sibling(const struct cg_node *node, const struct request *request)
{
	cg_for_each_link(link, &node->parent->children) {
		const struct cg_node *sibling = cg_node_of_sibling(link);
		if (sibling != node && conflicts(request, sibling))
			return true;
	}
	return false;
}

static bool has_remote_below(const struct cg_node *top)
{
	cg_for_each_link(link, &top->tree->partitions) {
		const struct cg_node *node = node_of_partition(link);
		if (!node->remote)
			continue;
		for (const struct cg_node *up = node->parent; up; up = up->parent)
			if (up == top)
				return true;
	}
	return false;
}

/* Whether `cpus` of its parent's are another's already: a sibling's, or of a partition that has
 * them from the root. None has a remote one below it. */
static enum cg_fault check_taken(const struct cg_node *node, const struct cpumask *cpus)
{
	cg_for_each_link(link, &node->parent->children) {
		const struct cg_node *sibling = cg_node_of_sibling(link);
		if (sibling != node && cg_node_is_partition(sibling) && !sibling->remote &&
		    cpumask_intersects(cpus, &sibling->exclusive_effective))
			return CG_FAULT_SHARED;
	}
	if (has_remote_below(node))
		return CG_FAULT_REMOTE;
	if (node->parent->parent)
		return CG_FAULT_NONE;
	struct cpumask others = node->tree->given_out;
	if (cg_node_is_partition(node))
		others = cpumask_andnot(&others, &node->exclusive_effective);
	return cpumask_intersects(cpus, &others) ? CG_FAULT_REMOTE : CG_FAULT_NONE;
}

/* ---- cpuset.cpus.partition ---- */

static enum cg_fault check_local(const struct cg_node *node, enum cg_partition partition,
				 const struct cpumask *cpus)
{
	if (cpumask_empty(cpus))
		return CG_FAULT_LIST;
	if (is_claimed_at_boot(node, partition, cg_claim(node)))
		return CG_FAULT_HOUSEKEEPING;
	return starves(node, cg_claim(node)) ? CG_FAULT_NO_CPU : CG_FAULT_NONE;
}

static enum cg_fault check_remote(const struct cg_node *node, enum cg_partition partition,
				  enum cg_privilege privilege, const struct cpumask *cpus)
{
	const struct cg_tree *tree = node->tree;
	if (privilege != CG_PRIVILEGED)
		return CG_FAULT_PERMISSION;
	if (cpumask_empty(cpus) || cpumask_intersects(cpus, &tree->given_out) ||
	    cpumask_subset(&tree->root.effective, cpus))
		return CG_FAULT_LIST;
	if (is_claimed_at_boot(node, partition, cpus))
		return CG_FAULT_HOUSEKEEPING;
	return strands(node, cpus) ? CG_FAULT_NO_CPU : CG_FAULT_NONE;
}

static enum cg_fault check_enable(const struct cg_node *node, enum cg_partition partition,
				  enum cg_privilege privilege)
{
	struct request request = { &node->cpus, &node->exclusive, true };
	if (conflicts_with_sibling(node, &request))
		return CG_FAULT_SHARED;
	if (cpumask_empty(cg_claim(node)))
		return CG_FAULT_EMPTY;
	if (!node->parent->parent && cpumask_intersects(cg_claim(node), &node->tree->given_out))
		return CG_FAULT_REMOTE;
	if (has_remote_below(node))
		return CG_FAULT_REMOTE;
	struct cpumask cpus = cpumask_and(cg_claim(node), &node->parent->exclusive_effective);
	if (cg_node_is_partition(node->parent))
		return check_local(node, partition, &cpus);
	return check_remote(node, partition, privilege, &cpus);
}

int cg_set_partition(struct cg_node *node, enum cg_partition partition,
		     enum cg_privilege privilege)
{
	int error = cg_check_setting(node);
	if (error)
		return error;
	if (node->partition == partition && !node->fault)
		return 0;

	enum cg_fault fault = CG_FAULT_NONE;
	if (partition != CG_MEMBER && cg_node_is_partition(node)) {
		node->partition = (uint8_t)partition; /* no CPU moves */
		cg_node_changed(node, CG_CHANGED_PARTITION);
	} else if (partition != CG_MEMBER) {
		fault = check_enable(node, partition, privilege);
		node->remote = !fault && !cg_node_is_partition(node->parent);
		set_state(node, partition, fault);
	} else {
		set_state(node, partition, fault);
	}
	cg_settle(node, partition == CG_MEMBER ? CG_ALWAYS : CG_AS_IT_CHANGES);
	return 0;
}

static void store_exclusive(struct cg_node *node, struct cpumask exclusive)
{
	node->tree->exclusive_count += (uint32_t)!cpumask_empty(&exclusive);
	node->tree->exclusive_count -= (uint32_t)!cpumask_empty(&node->exclusive);
	node->exclusive = exclusive;
}

void cg_partition_reset(struct cg_node *node)
{
	if (node->partition == CG_MEMBER && cpumask_empty(&node->exclusive))
		return;
	set_state(node, CG_MEMBER, CG_FAULT_NONE);
	store_exclusive(node, cpumask_none());
	node->exclusive_effective = cpumask_none();
	cg_settle(node, CG_ALWAYS);
}

/* ---- the lists ---- */

/* What speaks against a node that wants to be a partition having `cpus`. */
static enum cg_fault check_lists(const struct cg_node *node, const struct cpumask *cpus)
{
	if (is_claimed_at_boot(node, node->partition, cpus))
		return CG_FAULT_HOUSEKEEPING;
	return starves(node, cpus) ? CG_FAULT_NO_CPU : CG_FAULT_NONE;
}

/* What becomes of a remote partition that is to have `cpus` instead. What was `found` against the
 * lists matters to what it adds only. */
static enum cg_fault check_remote_change(const struct cg_node *node, const struct cpumask *cpus,
					 enum cg_fault found)
{
	const struct cg_tree *tree = node->tree;
	struct cpumask added = cpumask_andnot(cpus, &node->exclusive_effective);
	if (cpumask_empty(cpus))
		return CG_FAULT_EMPTY;
	if (!cpumask_empty(&added) && found)
		return found;
	if (cpumask_intersects(&added, &tree->given_out) ||
	    (!cpumask_empty(&added) && cpumask_subset(&tree->root.effective, &added)))
		return CG_FAULT_NO_CPU;
	return strands(node, cpus) ? CG_FAULT_NO_CPU : CG_FAULT_NONE;
}

/* The same for one that is local or would be. While its parent is no partition, its fault stands. */
static enum cg_fault check_local_change(const struct cg_node *node, const struct cpumask *cpus)
{
	const struct cpumask *limit = &node->parent->exclusive_effective;
	struct cpumask given_back = cpumask_none();
	if (!cg_node_is_partition(node->parent))
		return (enum cg_fault)node->fault;
	if (cpumask_empty(cpus))
		return CG_FAULT_EMPTY;
	if (cg_node_is_partition(node)) {
		given_back = cpumask_andnot(cg_claim(node), cpus);
		given_back = cpumask_and(&given_back, limit);
	}
	if ((starves(node, cg_claim(node)) || starves(node, cpus)) &&
	    !cpumask_intersects(&given_back, &node->tree->online))
		return CG_FAULT_NO_CPU;
	struct cpumask has = cpumask_and(cpus, limit);
	return check_taken(node, &has);
}

/* Siblings lose what the node asks for now, and what is below them with it. */
static void take_from_siblings(struct cg_node *node, const struct cpumask *claim)
{
	cg_for_each_link(link, &node->parent->children) {
		struct cg_node *sibling = cg_node_of_sibling(link);
		if (sibling == node || !cg_node_is_partition(sibling) ||
		    !cpumask_intersects(claim, &sibling->exclusive_effective))
			continue;
		set_fault(sibling, CG_FAULT_SHARED);
		cg_refresh_beside(node->tree);
		cg_refresh_below(sibling, CG_AS_IT_CHANGES);
	}
}

/* What becomes of a node whose lists make it have `cpus`: what speaks against them alone was found,
 * and whether a sibling asks for them. */
static enum cg_fault judge_cpus(const struct cg_node *node, const struct cpumask *cpus,
				enum cg_fault found, bool shared)
{
	if (node->remote)
		return check_remote_change(node, cpus, found);
	if (cg_node_is_partition(node) && (found || shared))
		return found ? found : CG_FAULT_SHARED;
	return found || shared ? (enum cg_fault)node->fault : check_local_change(node, cpus);
}

void cg_partition_cpus(struct cg_node *node, const struct cpumask *cpus)
{
	bool is_partition = cg_node_is_partition(node);
	struct request request = { cpus, &node->exclusive, is_partition };
	const struct cpumask *claim = cpumask_empty(&node->exclusive) ? cpus : &node->exclusive;
	struct cpumask has = cpumask_and(is_partition ? claim : &node->exclusive,
					 &node->parent->exclusive_effective);
	enum cg_fault fault = CG_FAULT_NONE;
	if (node->partition)
		fault = is_partition && cpumask_empty(&has) ? CG_FAULT_LIST
							    : check_lists(node, &has);
	if (fault && !is_partition)
		set_fault(node, fault); /* until a sibling's loss makes another of it */
	bool shared = node->parent->partition_children && conflicts_with_sibling(node, &request);
	if (shared)
		take_from_siblings(node, claim);
	if (node->partition)
		fault = judge_cpus(node, cpumask_empty(&has) && !is_partition ? cpus : &has, fault,
				   shared);
	node->cpus = *cpus;
	node->asks = !cpumask_empty(cpus);
	if (node->partition)
		set_fault(node, fault);
}

/* CPUs are not promised any more: a remote partition that uses one gives up. */
static void withdraw(struct cg_tree *tree, const struct cpumask *lost)
{
	struct cg_link *next;
	for (struct cg_link *link = tree->partitions.next; link != &tree->partitions; link = next) {
		struct cg_node *node = node_of_partition(link);
		next = link->next;
		if (!node->remote || !cpumask_intersects(&node->effective, lost))
			continue;
		set_state(node, CG_MEMBER, CG_FAULT_NONE);
		cg_refresh_beside(tree);
		cg_refresh_below(node, CG_AS_IT_CHANGES);
		next = tree->partitions.next;
	}
}

static int check_exclusive(const struct cg_node *node, const struct cpumask *exclusive)
{
	int error = cg_check_setting(node);
	if (error)
		return error;
	if (!cpumask_subset(exclusive, &node->tree->possible))
		return -EINVAL;
	if (cpumask_equal(exclusive, &node->exclusive))
		return 0;
	struct request request = { &node->cpus, exclusive, cg_node_is_partition(node) };
	if (conflicts_with_sibling(node, &request))
		return -EINVAL;
	return cg_check_claim(node, cpumask_empty(exclusive) ? &node->cpus : exclusive);
}

int cg_set_exclusive(struct cg_node *node, const struct cpumask *exclusive)
{
	int error = check_exclusive(node, exclusive);
	if (error || cpumask_equal(exclusive, &node->exclusive))
		return error;

	struct cpumask before = node->exclusive_effective;
	struct cpumask has = cpumask_and(exclusive, &node->parent->exclusive_effective);
	enum cg_fault fault = CG_FAULT_NONE;
	if (node->partition) {
		fault = cpumask_empty(&has) ? CG_FAULT_LIST : check_lists(node, &has);
		if (!fault)
			fault = node->remote ? check_remote_change(node, &has, CG_FAULT_NONE)
					     : check_local_change(node, &has);
	} else if (!cpumask_empty(exclusive)) {
		struct cpumask lost = cpumask_andnot(&before, &has);
		withdraw(node->tree, &lost);
	}
	bool was_partition = cg_node_is_partition(node);
	store_exclusive(node, *exclusive);
	set_fault(node, fault);
	bool same = cpumask_equal(&before, &has);
	if (was_partition || cg_node_is_partition(node) || !same)
		cg_settle(node, same ? CG_AS_IT_CHANGES : CG_ALWAYS);
	return 0;
}

/* ---- a parent that changed ---- */

/* Child partitions that a partition cannot afford any more when it has `cpus`. */
static void judge_children(struct cg_node *node, const struct cpumask *cpus)
{
	bool in_use = is_in_use(node, NULL);
	struct cpumask left = cpumask_and(cpus, &node->tree->online);
	cg_for_each_link(link, &node->children) {
		struct cg_node *child = cg_node_of_sibling(link);
		if (!cg_node_is_partition(child))
			continue;
		enum cg_fault fault = CG_FAULT_NONE;
		if (!cpumask_subset(&child->exclusive_effective, cpus))
			fault = CG_FAULT_LIST;
		else if (in_use && cpumask_subset(&left, &child->exclusive_effective))
			fault = CG_FAULT_NO_CPU;
		if (fault)
			store_state(child, child->partition, fault);
		else
			left = cpumask_andnot(&left, &child->exclusive_effective);
	}
}

void cg_partition_judge(struct cg_node *node)
{
	if (node->borrows)
		node->borrows = is_in_use(node, NULL);
	if (node->partition_children && cg_node_is_partition(node))
		judge_children(node, &node->exclusive_effective);
}

/* Whether a node may have what its parent has of its claim now. */
static enum cg_fault check_recovery(const struct cg_node *node)
{
	const struct cpumask *claim = cg_claim(node), *limit = &node->parent->exclusive_effective;
	struct cpumask has = cpumask_and(claim, limit);
	if (cg_node_is_partition(node) && cpumask_equal(&has, &node->exclusive_effective))
		return CG_FAULT_NONE;
	if (is_claimed_at_boot(node, node->partition, claim))
		return CG_FAULT_HOUSEKEEPING;
	if (!cg_node_is_partition(node) && cpumask_subset(claim, limit)) {
		struct request request = { &node->cpus, &node->exclusive, true };
		if (conflicts_with_sibling(node, &request))
			return CG_FAULT_SHARED;
	}
	/* one that gets only a part of its claim need not be alone with the rest */
	return check_taken(node, &has);
}

static void reconsider(struct cg_node *node, enum cg_turn turn)
{
	if (cpumask_empty(cg_claim(node)))
		return;
	bool recovers = !cg_node_is_partition(node);
	enum cg_fault fault = starves(node, cg_claim(node)) ? CG_FAULT_NO_CPU : check_recovery(node);
	hand_over(node, (enum cg_partition)node->partition, fault, turn);
	if (cg_node_is_partition(node) && cpumask_empty(&node->exclusive_effective))
		node->borrows = recovers || is_in_use(node, NULL);
}

static enum cg_fault parent_fault(const struct cg_node *node)
{
	if (cg_node_is_partition(node->parent))
		return CG_FAULT_NONE;
	return node->parent->partition ? CG_FAULT_INVALID_PARENT : CG_FAULT_PARENT;
}

/* The promises to a node that is no partition, and to those below it. */
static void refresh_exclusive(struct cg_node *top)
{
	struct cg_node *node = top;
	while (node) {
		struct cpumask has =
			cpumask_and(&node->exclusive, &node->parent->exclusive_effective);
		if (cg_node_is_partition(node) ||
		    cpumask_equal(&has, &node->exclusive_effective)) {
			node = cg_next_beside(node, top);
			continue;
		}
		node->exclusive_effective = has;
		node = cg_next_below(node, top);
	}
}

void cg_partition_follow(struct cg_node *node)
{
	cg_partition_judge(node);
	if (node->partition == CG_MEMBER)
		refresh_exclusive(node);
	else if (parent_fault(node))
		set_fault(node, parent_fault(node));
	else
		reconsider(node, CG_IN_TURN);
}

/* Whether a CPU that comes may cure the node's fault: it, or its parent, went for want of one, or CPUs
 * are promised to it. */
static bool waits_for_cpus(const struct cg_node *node)
{
	return node->fault == CG_FAULT_HOTPLUG || node->fault == CG_FAULT_INVALID_PARENT ||
	       !cpumask_empty(&node->exclusive_effective);
}

/* Whether the tree's root has no CPU left and would get one from the node. */
static bool starves_root(const struct cg_node *node)
{
	return cpumask_empty(&node->tree->root.effective) &&
	       cpumask_intersects(&node->exclusive_effective, &node->tree->online);
}

void cg_partition_hotplug(struct cg_node *node)
{
	if (!cg_node_is_partition(node))
		refresh_exclusive(node);
	if (node->partition == CG_MEMBER)
		return;
	cg_partition_judge(node);
	struct cpumask left = cg_effective_of(node);
	if (cg_node_is_partition(node) && !giver_of(node)->parent) {
		if (starves_root(node) || strands(node, &left))
			set_fault(node, CG_FAULT_HOTPLUG);
	} else if (cg_node_is_partition(node)) {
		if (parent_fault(node) || starves(node, &left))
			set_fault(node, parent_fault(node) ? parent_fault(node)
							   : CG_FAULT_HOTPLUG);
	} else if (!parent_fault(node) && waits_for_cpus(node)) {
		reconsider(node, CG_ALONE);
	}
}

struct cg_node *cg_fault_stranded(struct cg_tree *tree)
{
	cg_for_each_link(link, &tree->partitions) {
		struct cg_node *node = node_of_partition(link);
		if (!cpumask_empty(&node->effective) || !is_in_use(node, NULL))
			continue;
		set_fault(node, CG_FAULT_NO_CPU);
		return node;
	}
	return NULL;
}
