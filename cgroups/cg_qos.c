// SPDX-License-Identifier: Apache-2.0
/*
 * cg_qos.c - when the tasks of a subtree run: sched.qos and sched.latency_ms.
 *
 * A node says what members below it have that asked for nothing themselves; the nearest that says
 * anything rules. Neither changes how much anybody gets, but for CG_QOS_IDLE: that is cpu.idle in
 * another word (cg_node_shares).
 *
 * Context: the caller holds whatever guards the tree.
 */
#include <errno.h>

#include "cgroups/cg_internal.h"

/* Its members, and those below that do not say otherwise. */
static void queue_below(struct cg_node *top)
{
	for (struct cg_node *node = top; node; node = cg_next_below(node, top))
		cg_node_changed(node, CG_CHANGED_QOS);
}

int cg_set_qos(struct cg_node *node, enum cg_qos qos)
{
	int error = cg_check_setting(node);
	cg_assert(qos <= CG_QOS_INHERITED);
	if (error || node->qos == qos)
		return error;

	uint32_t shares = cg_node_shares(node);
	node->qos = (uint8_t)qos;
	if (cg_node_shares(node) != shares)
		cg_node_changed(node, CG_CHANGED_SHARES);
	queue_below(node);
	return 0;
}

int cg_set_latency(struct cg_node *node, uint64_t latency_us)
{
	if (latency_us != CG_LATENCY_NONE &&
	    (latency_us < CG_LATENCY_MIN_US || latency_us > CG_LATENCY_MAX_US))
		return -ERANGE;
	int error = cg_check_setting(node);
	if (error || node->latency_us == latency_us)
		return error;

	node->latency_us = (uint32_t)latency_us;
	queue_below(node);
	return 0;
}

enum cg_qos cg_node_qos(const struct cg_node *node)
{
	while (node && node->qos == CG_QOS_INHERITED)
		node = node->parent;
	return node ? (enum cg_qos)node->qos : CG_QOS_NORMAL;
}

uint32_t cg_node_latency_us(const struct cg_node *node)
{
	while (node && node->latency_us == CG_LATENCY_NONE)
		node = node->parent;
	return node ? node->latency_us : (uint32_t)CG_LATENCY_NONE;
}
