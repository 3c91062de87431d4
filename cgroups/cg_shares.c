// SPDX-License-Identifier: Apache-2.0
/*
 * cg_shares.c - how much of its parent's CPU time a node may claim beside its siblings.
 *
 * One number per node, in shares of which 1024 are weight 100. cpu.weight and cpu.weight.nice are
 * two scales over it: a weight written is read back exactly, a nice level exactly as well, and each
 * reads as the nearest value of the other. cpu.idle lies over it and hides it while it is set.
 *
 * Context: the caller holds whatever guards the tree.
 */
#include <errno.h>

#include "cgroups/cg_internal.h"

enum { NICE_LEVELS = CG_NICE_MAX - CG_NICE_MIN + 1 };

/* Linux's shares of each nice level, from -20 on: a step is a quarter more or less CPU time. */
static const uint32_t nice_shares[NICE_LEVELS] = {
	88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,
	9548,  7620,  6100,  4904,  3906,  3121,  2501,  1991,  1586,  1277,
	1024,  820,   655,   526,   423,   335,   272,   215,   172,   137,
	110,   87,    70,    56,    45,    36,    29,    23,    18,    15,
};

static int check_shares(const struct cg_node *node)
{
	int error = cg_check_setting(node);
	if (error)
		return error;
	return node->idle ? -EINVAL : 0;
}

static void set_shares(struct cg_node *node, uint32_t shares, bool idle)
{
	uint32_t before = cg_node_shares(node);
	node->shares = shares;
	node->idle = idle;
	if (cg_node_shares(node) != before)
		cg_node_changed(node, CG_CHANGED_SHARES);
}

uint32_t cg_shares_of_nice(int nice)
{
	cg_assert(nice >= CG_NICE_MIN && nice <= CG_NICE_MAX);
	return nice_shares[nice - CG_NICE_MIN];
}

int cg_nice_of_shares(int64_t shares)
{
	int64_t nearest = INT64_MAX;
	int level = 0;
	for (; level < NICE_LEVELS; level++) {
		int64_t distance = nice_shares[level] - shares;
		if (distance < 0)
			distance = -distance;
		if (distance >= nearest)
			break; /* the table falls: from here on it only gets worse */
		nearest = distance;
	}
	return CG_NICE_MIN + level - 1;
}

int cg_set_weight(struct cg_node *node, uint64_t weight)
{
	if (weight < CG_WEIGHT_MIN || weight > CG_WEIGHT_MAX)
		return -ERANGE;
	int error = check_shares(node);
	if (error)
		return error;

	set_shares(node, cg_shares_of_weight((uint32_t)weight), false);
	return 0;
}

int cg_set_nice(struct cg_node *node, int64_t nice)
{
	if (nice < CG_NICE_MIN || nice > CG_NICE_MAX)
		return -ERANGE;
	int error = check_shares(node);
	if (error)
		return error;

	set_shares(node, cg_shares_of_nice((int)nice), false);
	return 0;
}

int cg_set_idle(struct cg_node *node, int64_t idle)
{
	int error = cg_check_setting(node);
	if (error)
		return error;
	if (idle < 0 || idle > 1)
		return -EINVAL;

	set_shares(node, node->shares, idle);
	return 0;
}

unsigned int cg_node_weight(const struct cg_node *node)
{
	uint32_t scaled = cg_node_shares(node) * CG_WEIGHT_DEFAULT;
	uint32_t weight = (scaled + CG_SHARES_DEFAULT / 2) / CG_SHARES_DEFAULT;
	return weight < CG_WEIGHT_MIN ? CG_WEIGHT_MIN
	       : weight > CG_WEIGHT_MAX ? CG_WEIGHT_MAX : weight;
}

int cg_node_nice(const struct cg_node *node)
{
	return cg_nice_of_shares(cg_node_shares(node));
}

struct cg_node *cg_node_group(struct cg_node *node)
{
	while (node->parent && !(cg_node_controllers(node) & CG_HAS_CPU))
		node = node->parent;
	return node;
}

/* The node begins or ends to compete as a group, too: always news to the scheduler. */
void cg_shares_reset(struct cg_node *node)
{
	node->shares = CG_SHARES_DEFAULT;
	node->idle = false;
	cg_node_changed(node, CG_CHANGED_SHARES);
}
