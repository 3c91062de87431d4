// SPDX-License-Identifier: Apache-2.0
/*
 * cg_bandwidth.c - how much CPU time a node may have at most: cpu.max.
 *
 * Settings only, whose limits make sure that a system that enforces them never sees a quota or a
 * period that it cannot work with.
 *
 * Invariant (cg_check): the limits, and burst never above a quota that there is.
 *
 * Context: the caller holds whatever guards the tree.
 */
#include <errno.h>

#include "cgroups/cg_internal.h"

static int check_bandwidth(const struct cg_node *node, uint64_t quota_us, uint64_t period_us,
			   uint64_t burst_us)
{
	int error = cg_check_setting(node);
	if (error)
		return error;
	if (period_us < CG_PERIOD_MIN_US || period_us > CG_PERIOD_MAX_US)
		return -EINVAL;
	if (burst_us > UINT64_MAX / 1000) /* in ns it would not fit */
		return -EINVAL;
	if (quota_us == CG_QUOTA_NONE)
		return 0;
	if (quota_us < CG_QUOTA_MIN_US || quota_us > CG_QUOTA_MAX_US)
		return -EINVAL;
	if (burst_us > quota_us || burst_us + quota_us > CG_QUOTA_MAX_US)
		return -EINVAL;
	return 0;
}

static int set_bandwidth(struct cg_node *node, uint64_t quota_us, uint64_t period_us,
			 uint64_t burst_us)
{
	int error = check_bandwidth(node, quota_us, period_us, burst_us);
	if (error)
		return error;

	node->quota_us = quota_us;
	node->period_us = period_us;
	node->burst_us = burst_us;
	cg_node_changed(node, CG_CHANGED_BANDWIDTH);
	return 0;
}

int cg_set_bandwidth(struct cg_node *node, uint64_t quota_us, uint64_t period_us)
{
	return set_bandwidth(node, quota_us, period_us, node->burst_us);
}

int cg_set_burst(struct cg_node *node, uint64_t burst_us)
{
	return set_bandwidth(node, node->quota_us, node->period_us, burst_us);
}

void cg_bandwidth_reset(struct cg_node *node)
{
	bool fresh = node->quota_us == CG_QUOTA_NONE && node->period_us == CG_PERIOD_DEFAULT_US &&
		     !node->burst_us;
	if (!fresh)
		cg_node_changed(node, CG_CHANGED_BANDWIDTH);
	node->quota_us = CG_QUOTA_NONE;
	node->period_us = CG_PERIOD_DEFAULT_US;
	node->burst_us = 0;
}
