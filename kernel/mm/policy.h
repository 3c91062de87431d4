// SPDX-License-Identifier: Apache-2.0
/*
 * policy.h - memory policies: from which nodes a page is to come, for a task or for one mapping.
 *
 * Modes, flags and rules are Linux 6.12's. A policy is small and copied; nobody shares one. It is made
 * under a set of memory nodes (the task's cpuset.mems) and rebound when that changes: by default its
 * nodes are mapped from the old set to the new one, place by place; with POLICY_STATIC they stay what
 * was asked for, with POLICY_RELATIVE they count within the set.
 *
 * Pure: it runs under the host's tests.
 */
#ifndef KERNEL_MM_POLICY_H
#define KERNEL_MM_POLICY_H

#include <stdbool.h>
#include <stdint.h>

enum policy_mode {
	POLICY_DEFAULT,        /* a mapping: the task's; a task: like POLICY_LOCAL */
	POLICY_PREFERRED,      /* a node, then the nearest to it */
	POLICY_BIND,           /* a set and nothing else, nearest first */
	POLICY_INTERLEAVE,     /* a set in turn */
	POLICY_LOCAL,          /* the CPU's node, then the nearest to it */
	POLICY_PREFERRED_MANY, /* a set, nearest first, and then the others */
	POLICY_MODE_COUNT,
};
enum {
	POLICY_STATIC = 1 << 15,
	POLICY_RELATIVE = 1 << 14,
	POLICY_BALANCING = 1 << 13, /* kept and told; there is no balancing of pages */
	POLICY_FLAGS = POLICY_STATIC | POLICY_RELATIVE | POLICY_BALANCING,
};
enum { POLICY_NO_HOME = 0xff };

struct memory_policy {
	uint8_t mode;   /* enum policy_mode; all of it 0: POLICY_DEFAULT */
	uint8_t home;   /* set_mempolicy_home_node: where a set begins; POLICY_NO_HOME: the CPU's node */
	uint16_t flags; /* POLICY_FLAGS */
	uint64_t nodes; /* as they hold now */
	uint64_t basis; /* POLICY_STATIC, _RELATIVE: what was asked for; else the set they hold in */
};

/* Takes mode and flags apart as set_mempolicy(2) and mbind(2) give them: 0; -EINVAL: no such mode or
 * combination. */
int policy_decode(uint64_t argument, enum policy_mode *mode, uint16_t *flags);
/* Makes a policy for a task that may use `mems`, none of which is empty: 0; -EINVAL: the mode wants
 * nodes, or none, or has no such flag; or none of the nodes is one of `mems`. */
int policy_make(struct memory_policy *policy, enum policy_mode mode, uint16_t flags, uint64_t nodes,
		uint64_t mems);
/* The nodes that may be used are others now. */
void policy_rebind(struct memory_policy *policy, uint64_t mems);
/* The nodes as get_mempolicy(2) tells them. */
uint64_t policy_nodes(const struct memory_policy *policy);

static inline bool policy_keeps_request(const struct memory_policy *policy)
{
	return policy->flags & (POLICY_STATIC | POLICY_RELATIVE);
}

static inline bool policy_equal(const struct memory_policy *a, const struct memory_policy *b)
{
	return a->mode == b->mode && a->home == b->home && a->flags == b->flags &&
	       a->nodes == b->nodes && a->basis == b->basis;
}

/* Where to look for a page: in `first` from `node` on, then in `then` (0: no more). */
struct policy_place {
	unsigned int node;
	uint64_t first, then;
};
/* For the page of that number in its object, for a task on node `here` that may use `mems`. */
struct policy_place policy_place(const struct memory_policy *policy, uint64_t mems, uint64_t number,
				 unsigned int here);
/* The node whose turn comes after `last` in an interleaved set, which is not empty. */
unsigned int policy_next(uint64_t nodes, unsigned int last);

#endif
