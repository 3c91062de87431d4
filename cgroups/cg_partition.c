// SPDX-License-Identifier: Apache-2.0
/*
 * cg_partition.c - nodes that have CPUs for themselves alone.
 *
 *   claim               = cpuset.cpus.exclusive, or cpuset.cpus when that is empty
 *   exclusive_effective = claim of a partition, or else `exclusive`, ∩ the parent's
 *
 * A partition takes its CPUs out of its parent's effective ones; when its parent is a partition
 * itself it is local to it, else it is remote and takes them from the tree's root.
 *
 * A node may want to be a partition and have a fault. A fault is found when the node's own files
 * are written, and looked at again whenever its parent changes; when it is gone the node is a
 * partition again by itself.
 *
 * Invariants (cg_check): partitions beside each other share no CPU; the parent of a local one is a
 * partition; given_out is what remote ones and the root's own children have.
 *
 * Context: the caller holds whatever guards the tree.
 */
#include <errno.h>

#include "cgroups/cg_internal.h"

static struct cg_node *node_of_partition(const struct cg_link *link)
{
	return cg_link_container(link, struct cg_node, partition_link);
}

static bool takes_from_root(const struct cg_node *node)
{
	return node->remote || !node->parent->parent;
}

struct cpumask cg_sum_given_out(const struct cg_tree *tree)
{
	struct cpumask sum = cpumask_none();
	cg_for_each_link(link, &tree->partitions) {
		const struct cg_node *node = node_of_partition(link);
		if (takes_from_root(node))
			sum = cpumask_or(&sum, &node->exclusive_effective);
	}
	return sum;
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
		if (node->partition == CG_ROOT && !takes_from_root(node) &&
		    node->parent->partition == CG_ISOLATED)
			isolated = cpumask_andnot(&isolated, &node->exclusive_effective);
	}
	return isolated;
}

bool cg_refresh_exclusive(struct cg_node *node)
{
	const struct cpumask *claim =
		cg_node_is_partition(node) ? cg_claim(node) : &node->exclusive;
	struct cpumask has = cpumask_and(claim, &node->parent->exclusive_effective);
	if (cpumask_equal(&has, &node->exclusive_effective))
		return false;
	node->exclusive_effective = has;
	return true;
}

/* What the node wants to be, and why it is not. */
static void set_state(struct cg_node *node, enum cg_partition partition, enum cg_fault fault)
{
	if (node->partition != partition || node->fault != fault)
		cg_node_changed(node, CG_CHANGED_PARTITION);
	node->parent->partition_children += (uint32_t)(partition != CG_MEMBER);
	node->parent->partition_children -= (uint32_t)(node->partition != CG_MEMBER);
	node->partition = (uint8_t)partition;
	node->fault = (uint8_t)fault;
	cg_link_remove(&node->partition_link);
	if (cg_node_is_partition(node))
		cg_link_insert(&node->partition_link, &node->tree->partitions);
	else
		node->remote = false;
	if (!node->remote)
		cg_refresh_exclusive(node);
}

/* The same after a write to its own lists: a remote one takes what was promised to it since. */
static void set_state_by_lists(struct cg_node *node, enum cg_fault fault)
{
	set_state(node, (enum cg_partition)node->partition, fault);
	cg_refresh_exclusive(node);
}

/* ---- faults ---- */

/* Whether there are tasks in the child that use its parent's CPUs. */
static bool needs_cpu(const struct cg_node *child)
{
	bool has_own = cg_node_is_partition(child) && !cpumask_empty(&child->exclusive_effective);
	return !has_own && cg_node_is_populated(child);
}

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
		if (child != except && needs_cpu(child))
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

/* ---- cpuset.cpus.partition ---- */

static enum cg_fault check_local(const struct cg_node *node, enum cg_partition partition,
				 const struct cpumask *cpus)
{
	if (cpumask_empty(cpus))
		return CG_FAULT_LIST;
	if (is_claimed_at_boot(node, partition, cpus))
		return CG_FAULT_HOUSEKEEPING;
	return starves(node, cpus) ? CG_FAULT_NO_CPU : CG_FAULT_NONE;
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
	if (!node->parent->parent && cpumask_intersects(&node->exclusive, &node->tree->given_out))
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

	if (partition == CG_MEMBER || cg_node_is_partition(node)) {
		set_state(node, partition, CG_FAULT_NONE);
	} else {
		enum cg_fault fault = check_enable(node, partition, privilege);
		node->remote = !fault && !cg_node_is_partition(node->parent);
		set_state(node, partition, fault);
		cg_refresh_exclusive(node);
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
	store_exclusive(node, cpumask_none());
	set_state(node, CG_MEMBER, CG_FAULT_NONE);
	cg_settle(node, CG_ALWAYS);
}

/* ---- the lists ---- */

/* What becomes of a partition, or of one with a fault, that would have `cpus` for itself. */
static enum cg_fault check_new_cpus(const struct cg_node *node, const struct cpumask *cpus)
{
	bool is_partition = cg_node_is_partition(node);
	if (is_partition && cpumask_empty(cpus))
		return CG_FAULT_LIST;
	if (is_claimed_at_boot(node, node->partition, cpus))
		return CG_FAULT_HOUSEKEEPING;
	if (!is_partition && cg_node_is_partition(node->parent) && starves(node, cg_claim(node)))
		return CG_FAULT_NO_CPU;
	if (!node->remote)
		return starves(node, cpus) ? CG_FAULT_NO_CPU : CG_FAULT_NONE;
	struct cpumask added = cpumask_andnot(cpus, &node->exclusive_effective);
	if (cpumask_intersects(&added, &node->tree->given_out) ||
	    (!cpumask_empty(&added) && cpumask_subset(&node->tree->root.effective, &added)))
		return CG_FAULT_NO_CPU;
	return strands(node, cpus) ? CG_FAULT_NO_CPU : CG_FAULT_NONE;
}

/* Siblings lose what the node asks for now. */
static void take_from_siblings(struct cg_node *node, const struct cpumask *claim)
{
	cg_for_each_link(link, &node->parent->children) {
		struct cg_node *sibling = cg_node_of_sibling(link);
		if (sibling == node || !cg_node_is_partition(sibling) ||
		    !cpumask_intersects(claim, &sibling->exclusive_effective))
			continue;
		set_state(sibling, sibling->partition, CG_FAULT_SHARED);
		cg_settle(sibling, CG_ALWAYS);
	}
}

void cg_partition_cpus(struct cg_node *node, const struct cpumask *cpus)
{
	if (node->partition == CG_MEMBER && !node->parent->partition_children)
		return;
	struct request request = { cpus, &node->exclusive, cg_node_is_partition(node) };
	bool shared = conflicts_with_sibling(node, &request);
	const struct cpumask *claim = cpumask_empty(&node->exclusive) ? cpus : &node->exclusive;
	if (shared)
		take_from_siblings(node, claim);
	if (node->partition == CG_MEMBER)
		return;

	/* while it has a fault, only what is exclusive by name counts */
	struct cpumask has = cpumask_and(cg_node_is_partition(node) ? claim : &node->exclusive,
					 &node->parent->exclusive_effective);
	enum cg_fault fault = shared ? CG_FAULT_SHARED : check_new_cpus(node, &has);
	if (!cg_node_is_partition(node) && !fault) {
		if (!cg_node_is_partition(node->parent))
			return;
		if (cpumask_empty(claim))
			fault = CG_FAULT_EMPTY;
		else if (starves(node, claim))
			fault = CG_FAULT_NO_CPU;
	}
	node->cpus = *cpus;
	set_state_by_lists(node, fault);
}

static bool is_below(const struct cg_node *node, const struct cg_node *top)
{
	while (node && node != top)
		node = node->parent;
	return node;
}

/* Remote partitions below lose CPUs that were promised to them. */
static void withdraw(struct cg_node *top, const struct cpumask *lost)
{
	struct cg_link *next;
	for (struct cg_link *link = top->tree->partitions.next; link != &top->tree->partitions;
	     link = next) {
		struct cg_node *node = node_of_partition(link);
		next = link->next;
		if (!node->remote || node == top || !is_below(node, top) ||
		    !cpumask_intersects(&node->exclusive_effective, lost))
			continue;
		set_state(node, node->partition, CG_FAULT_LIST);
		cg_settle(node, CG_ALWAYS);
		next = top->tree->partitions.next;
	}
}

static int check_exclusive(const struct cg_node *node, const struct cpumask *exclusive)
{
	int error = cg_check_setting(node);
	if (error)
		return error;
	if (!cpumask_subset(exclusive, &node->tree->possible))
		return -EINVAL;
	struct request request = { &node->cpus, exclusive, cg_node_is_partition(node) };
	return conflicts_with_sibling(node, &request) ? -EINVAL : 0;
}

int cg_set_exclusive(struct cg_node *node, const struct cpumask *exclusive)
{
	int error = cg_check_setting(node);
	if (!error && cpumask_equal(exclusive, &node->exclusive))
		return 0;
	if (!error)
		error = check_exclusive(node, exclusive);
	if (error)
		return error;

	struct cpumask has = cpumask_and(exclusive, &node->parent->exclusive_effective);
	bool was_partition = cg_node_is_partition(node);
	struct cpumask before = node->exclusive_effective;
	struct cpumask lost = cpumask_andnot(&before, &has);
	enum cg_fault fault = (enum cg_fault)node->fault;
	if (node->partition != CG_MEMBER) {
		enum cg_fault found =
			cpumask_empty(&has) ? CG_FAULT_LIST : check_new_cpus(node, &has);
		if (found || cg_node_is_partition(node->parent) || !fault)
			fault = found;
	}
	store_exclusive(node, *exclusive);
	set_state_by_lists(node, fault);
	withdraw(node, &lost);
	if (was_partition || cg_node_is_partition(node) ||
	    !cpumask_equal(&before, &node->exclusive_effective))
		cg_settle(node, CG_ALWAYS);
	return 0;
}

/* ---- a parent that changed ---- */

/* What the children of a partition compete for. */
struct contest {
	struct cpumask left;   /* not given to a child yet */
	struct cpumask given;  /* to one that is decided about */
	struct cpumask shared; /* asked for by more than one */
	struct cpumask taken;  /* the partitions' among them */
	uint32_t needy;        /* children that need the node's own CPUs; the node itself */
	enum cg_fault starved;
};

static struct contest hold_contest(const struct cg_node *node, enum cg_cause cause)
{
	struct contest contest = { .needy = node->member_count != 0 || !node->parent };
	struct cpumask once = cpumask_none();
	contest.left = cpumask_and(&node->exclusive_effective, &node->tree->online);
	contest.given = contest.shared = contest.taken = cpumask_none();
	contest.starved = cause == CG_BY_HOTPLUG ? CG_FAULT_HOTPLUG : CG_FAULT_NO_CPU;
	cg_for_each_link(link, &node->children) {
		const struct cg_node *child = cg_node_of_sibling(link);
		const struct cpumask *claim = cg_claim(child);
		struct cpumask twice = cpumask_and(&once, claim);
		contest.shared = cpumask_or(&contest.shared, &twice);
		once = cpumask_or(&once, claim);
		contest.needy += needs_cpu(child);
		if (cg_node_is_partition(child))
			contest.taken = cpumask_or(&contest.taken, &child->exclusive_effective);
	}
	if (!node->parent)
		cg_for_each_link(link, &node->tree->partitions)
			if (node_of_partition(link)->remote)
				contest.left = cpumask_andnot(
					&contest.left,
					&node_of_partition(link)->exclusive_effective);
	return contest;
}

static enum cg_fault decide(const struct cg_node *child, struct contest *contest)
{
	struct cpumask has = cpumask_and(cg_claim(child), &child->parent->exclusive_effective);
	struct cpumask left = cpumask_andnot(&contest->left, &has);
	if (cpumask_empty(&has)) /* it lives on its parent's, like a member */
		return CG_FAULT_NONE;
	bool starved = cpumask_empty(&left) && contest->needy - needs_cpu(child);
	starved |= strands(child, &has);
	if (starved)
		return child->fault && child->fault != CG_FAULT_HOTPLUG ? CG_FAULT_NO_CPU
									: contest->starved;
	if (cg_node_is_partition(child))
		return cpumask_intersects(&has, &contest->given) ? CG_FAULT_SHARED : CG_FAULT_NONE;
	/* one that gets only a part of its claim need not be alone with it */
	bool whole = cpumask_equal(&has, cg_claim(child));
	if (cpumask_intersects(&has, whole ? &contest->shared : &contest->taken))
		return CG_FAULT_SHARED;
	return is_claimed_at_boot(child, child->partition, &has) ? CG_FAULT_HOUSEKEEPING
								 : CG_FAULT_NONE;
}

/* A CPU that comes or goes wakes only those that wait for one. */
static bool is_asleep(const struct cg_node *child, enum cg_cause cause)
{
	if (cg_node_is_partition(child))
		return false;
	if (cpumask_empty(cg_claim(child)))
		return true;
	return cause == CG_BY_HOTPLUG && child->fault != CG_FAULT_HOTPLUG &&
	       cpumask_empty(&child->exclusive_effective);
}

void cg_decide_children(struct cg_node *node, enum cg_cause cause)
{
	if (!node->partition_children)
		return;
	bool is_partition = cg_node_is_partition(node);
	struct contest contest = hold_contest(node, cause);
	cg_for_each_link(link, &node->children) {
		struct cg_node *child = cg_node_of_sibling(link);
		if (child->partition == CG_MEMBER || child->remote)
			continue;
		if (is_partition && is_asleep(child, cause))
			continue;
		if (!is_partition && cause == CG_BY_HOTPLUG && child->fault)
			continue;
		bool needed = needs_cpu(child);
		enum cg_fault fault = is_partition ? decide(child, &contest)
				      : node->partition ? CG_FAULT_INVALID_PARENT
							: CG_FAULT_PARENT;
		set_state(child, child->partition, fault);
		contest.needy += (uint32_t)needs_cpu(child) - (uint32_t)needed;
		if (fault)
			continue;
		contest.left = cpumask_andnot(&contest.left, &child->exclusive_effective);
		contest.given = cpumask_or(&contest.given, &child->exclusive_effective);
		contest.taken = cpumask_or(&contest.taken, &child->exclusive_effective);
	}
}

void cg_decide_remotes(struct cg_tree *tree)
{
	struct cg_link *next;
	struct cpumask left = tree->online;
	for (struct cg_link *link = tree->partitions.next; link != &tree->partitions; link = next) {
		struct cg_node *node = node_of_partition(link);
		next = link->next;
		if (!node->remote)
			continue;
		struct cpumask after = cpumask_andnot(&left, &node->exclusive_effective);
		if (strands(node, &node->exclusive_effective) || cpumask_empty(&after))
			set_state(node, node->partition, CG_FAULT_HOTPLUG);
		else
			left = after;
	}
}

struct cg_node *cg_fault_stranded(struct cg_tree *tree, enum cg_cause cause)
{
	cg_for_each_link(link, &tree->partitions) {
		struct cg_node *node = node_of_partition(link);
		if (!cpumask_empty(&node->effective) || !is_in_use(node, NULL) ||
		    cpumask_empty(&node->exclusive_effective))
			continue;
		set_state(node, node->partition,
			  cause == CG_BY_HOTPLUG ? CG_FAULT_HOTPLUG : CG_FAULT_NO_CPU);
		return node;
	}
	return NULL;
}
