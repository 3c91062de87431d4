// SPDX-License-Identifier: Apache-2.0
/*
 * cg_check.c - every invariant, over the whole tree.
 *
 * It recomputes from the settings what the other files keep up to date step by step, so a fuzz test
 * may call it after every operation, and a debug boot whenever it likes.
 *
 * Context: the caller holds whatever guards the tree.
 */
#include "cgroups/cg_internal.h"

/* What the children of a node add up to. */
struct sums {
	uint32_t children, descendants, threaded;
	uint32_t populated_domains, populated_threaded;
	int32_t tasks;
	uint32_t running;
};

static void add_child(const struct cg_node *child, struct sums *sums)
{
	bool threaded = cg_node_is_threaded(child);
	bool populated = cg_node_is_populated(child);
	sums->children++;
	sums->descendants += 1 + child->descendant_count;
	sums->threaded += threaded;
	sums->populated_domains += populated && !threaded;
	sums->populated_threaded += populated && threaded;
	sums->tasks += child->task_count;
	sums->running += child->running_count;
}

static void check_counts(const struct cg_node *node)
{
	struct sums sums = { 0 };
	uint64_t last_id = node->id;
	cg_for_each_link(link, &node->children) {
		const struct cg_node *child = cg_node_of_sibling(link);
		cg_assert(child->parent == node);
		cg_assert(child->id > last_id);
		last_id = child->id;
		add_child(child, &sums);
	}
	cg_assert(node->child_count == sums.children);
	cg_assert(node->descendant_count == sums.descendants);
	cg_assert(node->threaded_children == sums.threaded);
	cg_assert(node->populated_domain_children == sums.populated_domains);
	cg_assert(node->populated_threaded_children == sums.populated_threaded);
	cg_assert(node->task_count == sums.tasks + (int32_t)node->member_count);
	cg_for_each_link(link, &node->members)
		sums.running += cg_member_of_node_link(link)->running;
	cg_assert(node->running_count == sums.running);
}

static void check_shape(const struct cg_tree *tree, const struct cg_node *node)
{
	cg_assert(node->tree == tree && !node->dead);
	cg_assert((node->parent == NULL) == (node == &tree->root));
	cg_assert((node->changed == 0) == cg_link_alone(&node->changed_link));
	if (!node->parent)
		return;
	cg_assert(node->depth == node->parent->depth + 1);
	cg_assert(cg_find_child(node->parent, node->name, node->name_length) == node);
}

/* A threaded node is in its parent's threaded subtree, or its parent was passed over when an
 * ancestor joined one. */
static void check_domain(const struct cg_node *node)
{
	if (!cg_node_is_threaded(node))
		return;
	cg_assert(!cg_node_is_threaded(node->domain));
	if (cg_node_is_threaded(node->parent))
		cg_assert(node->domain == node->parent->domain);
	const struct cg_node *up = node->parent;
	while (up && up != node->domain)
		up = up->parent;
	cg_assert(up);
}

static void check_control(const struct cg_node *node)
{
	cg_assert(!(node->subtree_control & ~cg_node_controllers(node)));
	check_domain(node);
	cg_controllers has = cg_node_controllers(node);
	if (!node->parent || !(has & CG_HAS_CPUSET))
		cg_assert(cpumask_empty(&node->cpus) && node->cpu_class == CG_ANY_CPU);
	if (!node->parent || !(has & CG_HAS_CPU))
		cg_assert(node->shares == CG_SHARES_DEFAULT && !node->idle);
	if (!node->parent || !(has & CG_HAS_CPU))
		cg_assert(node->quota_us == CG_QUOTA_NONE && !node->burst_us);
	cg_assert(node->quota_us == CG_QUOTA_NONE || node->burst_us <= node->quota_us);
	cg_assert(node->freezers == (node->parent ? node->parent->freezers : 0) + node->freeze);
	if (!node->parent || !(has & CG_HAS_PIDS))
		cg_assert(node->pids_max == CG_LIMIT_NONE);
	if (!node->parent || !(has & CG_HAS_MEMORY))
		cg_assert(node->memory_max == CG_MEMORY_NONE && !node->memory_oom_group);
}

/* Partitions beside each other share nothing, and have what they are given from a partition. */
static void check_partitions(const struct cg_tree *tree, const struct cg_node *node)
{
	struct cpumask left = cpumask_andnot(&tree->possible, &tree->given_out);
	uint32_t wanting = 0;
	if (node->parent)
		left = node->exclusive_effective;
	cg_for_each_link(link, &node->children) {
		const struct cg_node *child = cg_node_of_sibling(link);
		wanting += child->partition != CG_MEMBER;
		if (!cg_node_is_partition(child) || child->remote)
			continue;
		cg_assert(cg_node_is_partition(node));
		if (!node->parent)
			left = cpumask_or(&left, &child->exclusive_effective);
		cg_assert(cpumask_subset(&child->exclusive_effective, &left));
		left = cpumask_andnot(&left, &child->exclusive_effective);
	}
	cg_assert(node->partition_children == wanting);
}

/* What partitions have from the root: no CPU twice. */
static struct cpumask sum_given_out(const struct cg_tree *tree)
{
	struct cpumask sum = cpumask_none();
	cg_for_each_link(link, &tree->partitions) {
		const struct cg_node *node =
			cg_link_container(link, struct cg_node, partition_link);
		if (!node->remote && node->parent->parent)
			continue;
		cg_assert(!cpumask_intersects(&sum, &node->exclusive_effective));
		sum = cpumask_or(&sum, &node->exclusive_effective);
	}
	return sum;
}

static void check_partition(const struct cg_tree *tree, const struct cg_node *node)
{
	bool is_partition = node->parent && cg_node_is_partition(node);
	cg_assert(cg_link_alone(&node->partition_link) == !is_partition);
	cg_assert(!node->remote || is_partition);
	cg_assert(!node->fault || node->partition);
	check_partitions(tree, node);
	if (!node->parent) {
		struct cpumask given_out = sum_given_out(tree);
		cg_assert(cpumask_equal(&given_out, &tree->given_out));
		cg_assert(cpumask_equal(&node->exclusive_effective, &tree->possible));
		return;
	}
	struct cpumask has = cpumask_and(is_partition ? cg_claim(node) : &node->exclusive,
					 &node->parent->exclusive_effective);
	if (node->remote) /* what was promised to it may have been withdrawn by name */
		cg_assert(cpumask_subset(&node->exclusive_effective, cg_claim(node)));
	else
		cg_assert(cpumask_equal(&node->exclusive_effective, &has));
}

static void check_masks(const struct cg_tree *tree, const struct cg_node *node)
{
	cg_assert(cpumask_subset(&node->cpus, &tree->possible));
	cg_assert(node->asks == !cpumask_empty(&node->cpus));
	cg_assert(cpumask_subset(&node->exclusive, &tree->possible));
	check_partition(tree, node);
	struct cpumask wanted = cg_effective_of(node);
	cg_assert(cpumask_equal(&node->effective, &wanted));
	if (!node->parent) {
		cg_assert(!cpumask_empty(&wanted));
		return;
	}
	cg_assert(!cpumask_empty(&wanted) || !node->member_count);
	uint64_t mems = node->mems & node->parent->effective_mems;
	cg_assert(node->effective_mems == (mems ? mems : node->parent->effective_mems));
}

/* The threads of the process that `lead` stands for. */
static uint32_t check_process(const struct cg_member *lead)
{
	uint32_t count = 1;
	cg_for_each_link(link, &lead->threads) {
		const struct cg_member *thread = cg_member_of_thread(link);
		cg_assert(thread->pid == lead->pid && !thread->leads);
		cg_assert(thread->node->domain == lead->node->domain);
		count++;
	}
	return count;
}

static void check_member(const struct cg_node *node, const struct cg_member *member)
{
	cg_assert(member->node == node);
	cg_assert(!member->kernel_thread || (node == &node->tree->root && !member->pinned));
	if (member->kernel_thread)
		return;
	struct cpumask wanted = cpumask_and(&node->effective, &member->pin);
	if (!member->pinned || cpumask_empty(&wanted))
		wanted = node->effective;
	if (member->keeps_off) {
		struct cpumask first = cpumask_andnot(&wanted, &node->tree->boot_isolated);
		cg_assert(!member->pinned);
		wanted = cpumask_empty(&first) ? wanted : first;
	}
	cg_assert(cpumask_equal(&member->allowed, &wanted));
	cg_assert(!cpumask_empty(&member->allowed));
}

/* Answers by how much the processes led from here have more threads than there are members here. */
static int64_t check_members(const struct cg_node *node)
{
	uint32_t members = 0;
	int64_t surplus = 0;
	cg_for_each_link(link, &node->members) {
		const struct cg_member *member = cg_member_of_node_link(link);
		check_member(node, member);
		members++;
		if (member->leads)
			surplus += check_process(member);
	}
	cg_assert(node->member_count == members);
	return surplus - members;
}

static void check_names(const struct cg_tree *tree)
{
	uint32_t named = 0;
	for (size_t i = 0; i < CG_NAME_BUCKETS; i++)
		cg_for_each_link(link, &tree->names[i])
			named++;
	cg_assert(named == tree->root.descendant_count);
}

void cg_check(const struct cg_tree *tree)
{
	int64_t surplus = 0;
	uint32_t exclusive_count = 0, opaque_count = 0;
	const struct cg_node *node = &tree->root;
	for (; node; node = cg_next_below(node, &tree->root)) {
		check_shape(tree, node);
		check_counts(node);
		check_control(node);
		check_masks(tree, node);
		exclusive_count += !cpumask_empty(&node->exclusive);
		opaque_count += node->opaque;
		surplus += check_members(node);
	}
	cg_assert(surplus == 0);
	cg_assert(exclusive_count == tree->exclusive_count);
	cg_assert(opaque_count == tree->opaque_count && !tree->root.opaque);
	check_names(tree);
}
