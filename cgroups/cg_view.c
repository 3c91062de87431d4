// SPDX-License-Identifier: Apache-2.0
/*
 * cg_view.c - sched.opaque: what those in a subtree see of the CPUs of others.
 *
 * A view has a top: the nearest opaque node at or above the viewer's. It sees the top and what is
 * below; nothing beside and above. The root is never opaque.
 *
 * Invariant (cg_check): opaque_count is how many nodes are opaque.
 *
 * Context: the caller holds whatever guards the tree.
 */
#include <errno.h>

#include "cgroups/cg_internal.h"

int cg_set_opaque(struct cg_node *node, int32_t opaque)
{
	if (opaque < 0 || opaque > 1)
		return -ERANGE;
	int error = cg_check_setting(node);
	if (error)
		return error;

	node->tree->opaque_count += (uint32_t)opaque - (uint32_t)node->opaque;
	node->opaque = opaque;
	return 0;
}

const struct cg_node *cg_opaque_top(const struct cg_node *node)
{
	while (node && !node->opaque)
		node = node->parent;
	return node;
}

bool cg_sees(const struct cg_node *viewer, const struct cg_node *node)
{
	const struct cg_node *top = cg_opaque_top(viewer);
	while (node && top && node->depth > top->depth)
		node = node->parent;
	return !top || node == top;
}
