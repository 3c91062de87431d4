// SPDX-License-Identifier: Apache-2.0
/*
 * cg_memory.c - what the memory controller remembers of a node: its limit and what happened to it.
 *
 * Charging is the surrounding system's business, and so is whom it kills: the tree says who is
 * killed together and counts.
 *
 * Context: the caller holds whatever guards the tree.
 */
#include <errno.h>
#include <string.h>

#include "cgroups/cg_internal.h"

int cg_set_memory_max(struct cg_node *node, uint64_t pages)
{
	int error = cg_check_setting(node);
	if (error)
		return error;
	node->memory_max = pages < CG_MEMORY_NONE ? pages : CG_MEMORY_NONE;
	cg_node_changed(node, CG_CHANGED_MEMORY_MAX);
	return 0;
}

int cg_set_memory_oom_group(struct cg_node *node, int32_t group)
{
	int error = cg_check_setting(node);
	if (error)
		return error;
	if (group < 0 || group > 1)
		return -EINVAL;
	node->memory_oom_group = group;
	return 0;
}

void cg_memory_event(struct cg_node *node, enum cg_memory_event event)
{
	if (!node->parent)
		return;
	node->memory_events_here[event]++;
	cg_node_changed(node, CG_CHANGED_MEMORY_LOCAL);
	for (struct cg_node *up = node; up->parent; up = up->parent) {
		up->memory_events[event]++;
		cg_node_changed(up, CG_CHANGED_MEMORY_EVENTS);
	}
}

struct cg_node *cg_memory_oom_group(struct cg_node *victim, const struct cg_node *limited)
{
	struct cg_node *group = NULL;
	for (struct cg_node *up = victim; up->parent; up = up->parent) {
		if (up->memory_oom_group)
			group = up;
		if (up == limited)
			break;
	}
	return group;
}

void cg_memory_reset(struct cg_node *node)
{
	memset(node->memory_events, 0, sizeof(node->memory_events));
	memset(node->memory_events_here, 0, sizeof(node->memory_events_here));
	node->memory_oom_group = false;
	node->memory_max = CG_MEMORY_NONE;
	cg_node_changed(node, CG_CHANGED_MEMORY_MAX);
}
