// SPDX-License-Identifier: Apache-2.0
/*
 * cg_tree.c - the shape of the tree: making, removing, finding and walking nodes.
 *
 * Children hang on a ring in order of age; names are found in one table of buckets for the whole
 * tree, hashed together with the parent, so neither depends on the number of siblings. Counts of
 * descendants are kept up the path, which is what makes mkdir and rmdir O(depth).
 *
 * A removed node keeps its tree and nothing else: whoever still holds it reads `dead`.
 *
 * Context: the caller holds whatever guards the tree.
 */
#include "cgroups/cg.h"

#include <errno.h>
#include <string.h>

#include "cgroups/cg_internal.h"

/* FNV-1a over the name, begun with the parent's number. */
static struct cg_link *bucket_of(const struct cg_node *parent, const char *name, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325U ^ parent->id;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3U;
	return &parent->tree->names[(hash ^ hash >> 32) % CG_NAME_BUCKETS];
}

static void init_node(struct cg_tree *tree, struct cg_node *node)
{
	memset(node, 0, sizeof(*node));
	node->tree = tree;
	node->id = ++tree->last_id;
	node->domain = node;
	cg_link_init(&node->siblings);
	cg_link_init(&node->children);
	cg_link_init(&node->name_link);
	cg_link_init(&node->members);
	cg_link_init(&node->changed_link);
	cg_link_init(&node->partition_link);
	cg_link_init(&node->beside_link);
	node->descendants_max = CG_LIMIT_NONE;
	node->depth_max = CG_LIMIT_NONE;
	node->pids_max = CG_LIMIT_NONE;
	node->memory_max = CG_MEMORY_NONE;
	node->shares = CG_SHARES_DEFAULT;
	node->qos = CG_QOS_INHERITED;
	node->quota_us = CG_QUOTA_NONE;
	node->period_us = CG_PERIOD_DEFAULT_US;
}

void cg_tree_init(struct cg_tree *tree, const struct cpumask *possible,
		  const struct cpumask *online, cg_controllers available)
{
	cg_assert(!cpumask_empty(online));
	cg_assert(cpumask_subset(online, possible));
	tree->possible = *possible;
	tree->online = *online;
	tree->cpu_count = 0;
	cpumask_for_each (cpu, possible)
		tree->cpu_count = cpu + 1;
	tree->available = available;
	tree->features = 0;
	tree->counts_running = false;
	tree->promises = NULL;
	tree->mems = 1;
	tree->last_id = 0;
	tree->shape = 0;
	tree->given_out = cpumask_none();
	for (unsigned int cpu_class = 0; cpu_class < CG_CPU_CLASS_COUNT; cpu_class++)
		tree->class_cpus[cpu_class] = *possible;
	tree->boot_isolated = cpumask_none();
	cg_link_init(&tree->partitions);
	tree->exclusive_count = 0;
	tree->opaque_count = 0;
	cg_link_init(&tree->beside);
	cg_link_init(&tree->changed_nodes);
	cg_link_init(&tree->changed_members);
	for (size_t i = 0; i < CG_NAME_BUCKETS; i++)
		cg_link_init(&tree->names[i]);
	init_node(tree, &tree->root);
	tree->root.name = "";
	tree->root.effective = *online;
	tree->root.exclusive_effective = *possible;
	tree->root.effective_mems = tree->mems;
}

void cg_tree_set_features(struct cg_tree *tree, unsigned int features, uint64_t mems)
{
	cg_assert(!tree->root.child_count && mems);
	tree->features = (uint8_t)features;
	tree->mems = mems;
	tree->root.effective_mems = mems;
}

void cg_tree_set_isolated(struct cg_tree *tree, const struct cpumask *isolated)
{
	cg_assert(!tree->root.member_count && !tree->root.child_count);
	cg_assert(!cpumask_subset(&tree->online, isolated));
	tree->boot_isolated = *isolated;
}

void cg_tree_set_classes(struct cg_tree *tree, const struct cpumask *performance,
			 const struct cpumask *efficiency)
{
	cg_assert(!tree->root.child_count);
	tree->class_cpus[CG_PERFORMANCE] = *performance;
	tree->class_cpus[CG_EFFICIENCY] = *efficiency;
}

void cg_count_running(struct cg_tree *tree)
{
	cg_assert(!tree->root.member_count);
	tree->counts_running = true;
}

void cg_tree_set_promises(struct cg_tree *tree, const struct cg_promises *promises)
{
	tree->promises = promises;
}

static int check_limits(const struct cg_node *parent)
{
	int32_t level = 0;
	for (; parent; parent = parent->parent, level++) {
		if ((int64_t)parent->descendant_count >= parent->descendants_max)
			return -EAGAIN;
		if (level >= parent->depth_max)
			return -EAGAIN;
	}
	return 0;
}

static int check_create(const struct cg_node *parent, const char *name, size_t length)
{
	if (parent->dead)
		return -ENODEV;
	if (!length || length > CG_NAME_MAX)
		return -EINVAL;
	if (cg_find_child(parent, name, length))
		return -EEXIST;
	for (size_t i = 0; i < length; i++)
		if (name[i] == '\n' || name[i] == '/' || !name[i])
			return -EINVAL;
	return parent->depth == UINT16_MAX ? -EAGAIN : check_limits(parent);
}

int cg_create(struct cg_node *parent, struct cg_node *node, const char *name, size_t length)
{
	int error = check_create(parent, name, length);
	if (error)
		return error;

	init_node(parent->tree, node);
	node->parent = parent;
	node->name = name;
	node->name_length = (uint8_t)length;
	node->depth = (uint16_t)(parent->depth + 1);
	node->effective = parent->effective;
	node->effective_mems = parent->effective_mems;
	node->freezers = parent->freezers;
	cg_link_insert(&node->siblings, &parent->children);
	cg_link_insert(&node->name_link, bucket_of(parent, name, length));
	parent->child_count++;
	for (struct cg_node *up = parent; up; up = up->parent)
		up->descendant_count++;
	parent->tree->shape++;
	return 0;
}

static int check_remove(const struct cg_node *node)
{
	if (node->dead)
		return -ENODEV;
	if (cg_node_is_root(node) || node->child_count || cg_node_is_populated(node))
		return -EBUSY;
	return 0;
}

int cg_remove(struct cg_node *node)
{
	int error = check_remove(node);
	if (error)
		return error;

	struct cg_node *parent = node->parent;
	cg_assert(node->task_count == 0);
	cg_partition_reset(node);
	cg_set_opaque(node, 0);
	cg_link_remove(&node->siblings);
	cg_link_remove(&node->name_link);
	cg_link_remove(&node->changed_link);
	node->changed = 0;
	if (cg_node_is_threaded(node))
		parent->threaded_children--;
	parent->child_count--;
	for (struct cg_node *up = parent; up; up = up->parent)
		up->descendant_count--;
	node->domain = node;
	node->parent = NULL;
	node->dead = true;
	node->tree->shape++;
	return 0;
}

struct cg_node *cg_find_child(const struct cg_node *parent, const char *name, size_t length)
{
	if (parent->dead)
		return NULL;
	struct cg_link *bucket = bucket_of(parent, name, length);
	cg_for_each_link(link, bucket) {
		struct cg_node *node = cg_link_container(link, struct cg_node, name_link);
		if (node->parent == parent && node->name_length == length &&
		    !memcmp(node->name, name, length))
			return node;
	}
	return NULL;
}

struct cg_node *cg_first_child(const struct cg_node *node)
{
	return cg_link_alone(&node->children) ? NULL : cg_node_of_sibling(node->children.next);
}

struct cg_node *cg_next_sibling(const struct cg_node *node)
{
	if (!node->parent || node->siblings.next == &node->parent->children)
		return NULL;
	return cg_node_of_sibling(node->siblings.next);
}

struct cg_node *cg_next_beside(const struct cg_node *node, const struct cg_node *top)
{
	for (; node != top; node = node->parent) {
		struct cg_node *next = cg_next_sibling(node);
		if (next)
			return next;
	}
	return NULL;
}

struct cg_node *cg_next_below(const struct cg_node *node, const struct cg_node *top)
{
	struct cg_node *child = cg_first_child(node);
	return child ? child : cg_next_beside(node, top);
}

int cg_check_setting(const struct cg_node *node)
{
	if (node->dead)
		return -ENODEV;
	return cg_node_is_root(node) ? -EACCES : 0;
}

void cg_node_changed(struct cg_node *node, enum cg_change what)
{
	if (!node->changed)
		cg_link_insert(&node->changed_link, &node->tree->changed_nodes);
	node->changed = (uint16_t)(node->changed | what);
}

void cg_member_changed(struct cg_member *member)
{
	if (cg_link_alone(&member->changed_link))
		cg_link_insert(&member->changed_link, &member->node->tree->changed_members);
}

struct cg_node *cg_next_changed_node(struct cg_tree *tree, unsigned int *what)
{
	if (cg_link_alone(&tree->changed_nodes))
		return NULL;
	struct cg_node *node =
		cg_link_container(tree->changed_nodes.next, struct cg_node, changed_link);
	cg_link_remove(&node->changed_link);
	*what = node->changed;
	node->changed = 0;
	return node;
}

struct cg_member *cg_next_changed_member(struct cg_tree *tree)
{
	if (cg_link_alone(&tree->changed_members))
		return NULL;
	struct cg_member *member =
		cg_link_container(tree->changed_members.next, struct cg_member, changed_link);
	cg_link_remove(&member->changed_link);
	return member;
}

void cg_forget_changes(struct cg_tree *tree)
{
	unsigned int what;
	while (cg_next_changed_node(tree, &what))
		;
	while (cg_next_changed_member(tree))
		;
}
