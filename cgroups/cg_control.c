// SPDX-License-Identifier: Apache-2.0
/*
 * cg_control.c - which controllers a node has, and what kind of node it is.
 *
 * A node has what its parent hands on (subtree_control), the root what the machine offers; inside
 * a threaded subtree only the threaded ones. A domain may be the root of a threaded subtree as
 * long as it competes with no domain below it; a domain cut off from the tree's root by such a
 * node is invalid and takes nobody.
 *
 * A node without a controller has that controller's default settings, always: they are reset when
 * it is taken away. So the code that works with the settings need not ask.
 *
 * Context: the caller holds whatever guards the tree.
 */
#include <errno.h>

#include "cgroups/cg_internal.h"

bool cg_node_is_threaded(const struct cg_node *node)
{
	return node->domain != node;
}

bool cg_node_is_populated(const struct cg_node *node)
{
	return node->member_count || node->populated_domain_children ||
	       node->populated_threaded_children;
}

cg_controllers cg_node_controllers(const struct cg_node *node)
{
	if (node->dead)
		return 0;
	if (!node->parent)
		return node->tree->available;
	cg_controllers handed = node->parent->subtree_control;
	if (cg_node_is_threaded(node))
		handed &= (cg_controllers)CG_THREADED_CONTROLLERS;
	return handed;
}

static bool has_domain_controllers(cg_controllers controllers)
{
	return controllers & ~CG_THREADED_CONTROLLERS;
}

static bool can_root_threads(const struct cg_node *node)
{
	if (cg_node_is_root(node))
		return true;
	return !cg_node_is_threaded(node) && !node->populated_domain_children &&
	       !has_domain_controllers(node->subtree_control);
}

static bool roots_threads(const struct cg_node *node)
{
	if (cg_node_is_threaded(node))
		return false;
	return node->threaded_children ||
	       (node->member_count && node->subtree_control & CG_THREADED_CONTROLLERS);
}

static bool is_valid_domain(const struct cg_node *node)
{
	if (cg_node_is_threaded(node))
		return false;
	for (const struct cg_node *up = node->parent; up; up = up->parent)
		if (cg_node_is_threaded(up) || (!cg_node_is_root(up) && roots_threads(up)))
			return false;
	return true;
}

enum cg_type cg_node_type(const struct cg_node *node)
{
	if (cg_node_is_threaded(node))
		return CG_THREADED;
	if (!is_valid_domain(node))
		return CG_DOMAIN_INVALID;
	return roots_threads(node) ? CG_DOMAIN_THREADED : CG_DOMAIN;
}

int cg_check_host(const struct cg_node *node)
{
	if (!is_valid_domain(node->domain))
		return -EOPNOTSUPP;
	if (can_root_threads(node) || cg_node_is_threaded(node))
		return 0;
	return node->subtree_control ? -EBUSY : 0;
}

/* Whether `node` may hand on controllers that it does not hand on yet. */
static int check_enable(const struct cg_node *node, cg_controllers enable)
{
	if (!enable)
		return 0;
	if (!is_valid_domain(node->domain))
		return -EOPNOTSUPP;
	if (cg_node_is_root(node))
		return 0;
	if (has_domain_controllers(enable)) {
		if (roots_threads(node) || cg_node_is_threaded(node))
			return -EOPNOTSUPP;
	} else if (can_root_threads(node) || cg_node_is_threaded(node)) {
		return 0;
	}
	return node->member_count ? -EBUSY : 0;
}

static int check_control(const struct cg_node *node, cg_controllers enable, cg_controllers disable)
{
	cg_controllers used_below = 0;
	cg_for_each_link(link, &node->children)
		used_below |= cg_node_of_sibling(link)->subtree_control;
	/* the lowest controller that stands in the way decides, as on Linux */
	for (unsigned int bit = 1; bit < 1U << CG_CONTROLLER_COUNT; bit <<= 1) {
		if (enable & bit & ~(unsigned int)cg_node_controllers(node))
			return -ENOENT;
		if (disable & bit & used_below)
			return -EBUSY;
	}
	return check_enable(node, enable);
}

/* Whether the node's own CPUs will do for the members of its children. */
static int check_merge(const struct cg_node *node)
{
	bool populated = false;
	cg_for_each_link(link, &node->children)
		populated |= cg_node_is_populated(cg_node_of_sibling(link));
	if (!populated)
		return 0;
	if (cpumask_empty(&node->effective))
		return -ENOSPC;
	return node->tree->promises ? node->tree->promises->may_merge(node) : 0;
}

static void reset_settings(struct cg_node *node, cg_controllers controllers)
{
	if (controllers & CG_HAS_CPUSET)
		cg_cpuset_reset(node);
	if (controllers & CG_HAS_CPU)
		cg_shares_reset(node);
	if (controllers & CG_HAS_CPU)
		cg_bandwidth_reset(node);
	if (controllers & CG_HAS_PIDS)
		cg_pids_reset(node);
	if (controllers & CG_HAS_MEMORY)
		cg_memory_reset(node);
}

int cg_set_subtree_control(struct cg_node *node, cg_controllers enable, cg_controllers disable)
{
	cg_assert(!(enable & disable));
	if (node->dead)
		return -ENODEV;
	enable = (cg_controllers)(enable & ~node->subtree_control);
	disable &= node->subtree_control;
	int error = check_control(node, enable, disable);
	if (!error && disable & CG_HAS_CPUSET)
		error = check_merge(node);
	if (error)
		return error;

	node->subtree_control = (cg_controllers)((node->subtree_control | enable) & ~disable);
	if (enable | disable)
		cg_for_each_link(link, &node->children)
			reset_settings(cg_node_of_sibling(link), enable | disable);
	return 0;
}

int cg_set_threaded(struct cg_node *node)
{
	int error = cg_check_setting(node);
	if (error)
		return error;
	if (cg_node_is_threaded(node))
		return 0;
	struct cg_node *domain = node->parent->domain;
	if (cg_node_is_populated(node) || has_domain_controllers(node->subtree_control) ||
	    !is_valid_domain(domain) || !can_root_threads(domain))
		return -EOPNOTSUPP;

	/* Threaded nodes below come along, also from behind a domain, which is invalid now. */
	for (struct cg_node *below = node; below; below = cg_next_below(below, node))
		if (below == node || cg_node_is_threaded(below))
			below->domain = domain;
	node->parent->threaded_children++;
	return 0;
}

int cg_set_depth_max(struct cg_node *node, int32_t limit)
{
	if (node->dead)
		return -ENODEV;
	node->depth_max = limit;
	return 0;
}

int cg_set_descendants_max(struct cg_node *node, int32_t limit)
{
	if (node->dead)
		return -ENODEV;
	node->descendants_max = limit;
	return 0;
}

int cg_set_freeze(struct cg_node *node, int32_t freeze)
{
	if (freeze < 0 || freeze > 1)
		return -ERANGE;
	int error = cg_check_setting(node);
	if (error || freeze == node->freeze)
		return error;

	node->freeze = freeze;
	for (struct cg_node *below = node; below; below = cg_next_below(below, node)) {
		bool froze = cg_node_freezes(below), frozen = cg_node_is_frozen(below);
		below->freezers += freeze ? 1U : -1U;
		if (cg_node_freezes(below) != froze)
			cg_node_changed(below, CG_CHANGED_FREEZE);
		if (cg_node_is_frozen(below) != frozen)
			cg_node_changed(below, CG_CHANGED_FROZEN);
	}
	return 0;
}
