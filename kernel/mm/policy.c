// SPDX-License-Identifier: Apache-2.0
/*
 * policy.c - see policy.h.
 */
#include "kernel/mm/policy.h"

#include "kernel/kernel.h"
#include "kernel/mm/node.h"

static unsigned int count_of(uint64_t nodes)
{
	return (unsigned int)__builtin_popcountll(nodes);
}

int policy_decode(uint64_t argument, enum policy_mode *mode, uint16_t *flags)
{
	uint32_t value = (uint32_t)argument;
	*flags = value & POLICY_FLAGS;
	value &= ~(uint32_t)POLICY_FLAGS;
	if (value >= POLICY_MODE_COUNT)
		return -EINVAL;
	*mode = (enum policy_mode)value;
	if (*flags & POLICY_STATIC && *flags & POLICY_RELATIVE)
		return -EINVAL;
	if (*flags & POLICY_BALANCING && *mode != POLICY_BIND && *mode != POLICY_PREFERRED_MANY)
		return -EINVAL;
	return 0;
}

/* The n-th of `mems` for each n that is asked for, counting around. */
static uint64_t nodes_within(uint64_t asked, uint64_t mems)
{
	uint64_t result = 0, places = 0, rest = asked;
	node_for_each(node, rest)
		places |= node_bit(node % count_of(mems));
	unsigned int place = 0;
	node_for_each(member, mems)
		result |= places & node_bit(place++) ? node_bit(member) : 0;
	return result;
}

static uint64_t nodes_mapped(uint64_t nodes, uint64_t from, uint64_t to)
{
	uint64_t result = 0;
	node_for_each(node, nodes)
		result |= node_bit(node_remap(node, from, to));
	return result;
}

/* Whether the mode goes with nodes or without: 0 or -EINVAL. *mode: one that says the same. */
static int check_request(enum policy_mode *mode, uint16_t flags, uint64_t nodes)
{
	bool keeps = flags & (POLICY_STATIC | POLICY_RELATIVE);
	switch (*mode) {
	case POLICY_DEFAULT:
		return nodes ? -EINVAL : 0;
	case POLICY_LOCAL:
		return nodes || keeps ? -EINVAL : 0;
	case POLICY_PREFERRED:
		if (nodes)
			return 0;
		*mode = POLICY_LOCAL;
		return keeps ? -EINVAL : 0;
	default:
		return nodes ? 0 : -EINVAL;
	}
}

int policy_make(struct memory_policy *policy, enum policy_mode mode, uint16_t flags, uint64_t nodes,
		uint64_t mems)
{
	int error = check_request(&mode, flags, nodes);
	*policy = (struct memory_policy){ .mode = POLICY_DEFAULT };
	if (error || mode == POLICY_DEFAULT)
		return error;
	uint64_t usable = flags & POLICY_RELATIVE ? nodes_within(nodes, mems) : nodes & mems;
	if (mode != POLICY_LOCAL && !usable)
		return -EINVAL;
	*policy = (struct memory_policy){
		.mode = (uint8_t)mode,
		.home = POLICY_NO_HOME,
		.flags = flags,
		.nodes = mode == POLICY_PREFERRED ? usable & -usable : usable,
	};
	policy->basis = policy_keeps_request(policy) ? nodes : mems;
	return 0;
}

/* A preferred node is only a wish: it stays, in whichever set. */
void policy_rebind(struct memory_policy *policy, uint64_t mems)
{
	bool keeps = policy_keeps_request(policy);
	if (policy->mode == POLICY_DEFAULT || policy->mode == POLICY_LOCAL)
		return;
	if (policy->mode == POLICY_PREFERRED || policy->mode == POLICY_PREFERRED_MANY) {
		policy->basis = keeps ? policy->basis : mems;
		return;
	}
	if (policy->flags & POLICY_STATIC) {
		policy->nodes = policy->basis & mems;
	} else if (policy->flags & POLICY_RELATIVE) {
		policy->nodes = nodes_within(policy->basis, mems);
	} else {
		policy->nodes = nodes_mapped(policy->nodes, policy->basis, mems);
		policy->basis = mems;
	}
	if (!policy->nodes)
		policy->nodes = mems;
}

uint64_t policy_nodes(const struct memory_policy *policy)
{
	return policy_keeps_request(policy) ? policy->basis : policy->nodes;
}

unsigned int policy_next(uint64_t nodes, unsigned int last)
{
	uint64_t above = last + 1 < NODES_MAX ? nodes & ~(node_bit(last + 1) - 1) : 0;
	return node_first(above ? above : nodes);
}

static unsigned int nth(uint64_t nodes, uint64_t n)
{
	for (n %= count_of(nodes); n; n--)
		nodes &= nodes - 1;
	return node_first(nodes);
}

struct policy_place policy_place(const struct memory_policy *policy, uint64_t mems, uint64_t number,
				 unsigned int here)
{
	uint64_t set = policy->nodes & mems ? policy->nodes & mems : mems;
	unsigned int home = policy->home == POLICY_NO_HOME ? here : policy->home;
	switch (policy->mode) {
	case POLICY_PREFERRED:
		return (struct policy_place){ node_first(policy->nodes), mems, 0 };
	case POLICY_BIND:
		return (struct policy_place){ home, set, 0 };
	case POLICY_INTERLEAVE:
		return (struct policy_place){ nth(policy->nodes, number), mems, 0 };
	case POLICY_PREFERRED_MANY:
		return (struct policy_place){ home, set, mems & ~set };
	default:
		return (struct policy_place){ here, mems, 0 };
	}
}
