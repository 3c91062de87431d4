// SPDX-License-Identifier: Apache-2.0
/*
 * partition_spec.h - what partitions make of a tree of a root and three nodes over three CPUs, said
 * naively: every mask from the requests and from who is a partition, and what a node that asks to
 * be one is answered. It shares nothing with the tree.
 */
#ifndef TESTS_CGROUPS_PARTITION_SPEC_H
#define TESTS_CGROUPS_PARTITION_SPEC_H

#include <cstdint>

struct PartitionSpec {
	static constexpr unsigned int node_count = 4, all = 7;
	enum Kind { MEMBER, ROOT, ISOLATED };
	enum Answer { YES, LIST, SHARED, NO_CPU, EMPTY, REMOTE };

	uint8_t parent[node_count] = {0, 0, 0, 0};
	uint8_t cpus[node_count] = {0, 0, 0, 0}, exclusive[node_count] = {0, 0, 0, 0};
	uint8_t kind[node_count] = {ROOT, 0, 0, 0};
	bool valid[node_count] = {true, false, false, false};
	bool remote[node_count] = {false, false, false, false};
	bool borrows[node_count] = {false, false, false, false}; /* lives on its parent's for want */
	uint8_t promised[node_count] = {0, 0, 0, 0}; /* what a remote one took */
	uint8_t online = all, place = 0, pin = 0;

	/* What `mask` has and `without` has not. */
	static uint8_t less(unsigned int mask, unsigned int without)
	{
		return static_cast<uint8_t>(mask & ~without);
	}
	uint8_t claim(unsigned int node) const
	{
		return exclusive[node] ? exclusive[node] : cpus[node];
	}
	uint8_t own(unsigned int node) const
	{
		if (node == 0)
			return all;
		if (remote[node])
			return promised[node];
		return less(valid[node] ? claim(node) : exclusive[node], ~own(parent[node]) & all);
	}
	bool takes_from(unsigned int node, unsigned int from) const
	{
		return node && valid[node] && (remote[node] ? 0U : parent[node]) == from;
	}
	uint8_t given(unsigned int from) const
	{
		uint8_t sum = 0;
		for (unsigned int node = 1; node < node_count; node++)
			if (takes_from(node, from))
				sum |= own(node);
		return sum;
	}
	uint8_t effective(unsigned int node) const
	{
		if (node == 0 || (valid[node] && !borrows[node]))
			return less(own(node) & online, given(node));
		uint8_t limit = effective(parent[node]);
		return cpus[node] & limit ? cpus[node] & limit : limit;
	}
	uint8_t isolated() const
	{
		uint8_t sum = 0;
		for (unsigned int node = 1; node < node_count; node++)
			if (valid[node] && kind[node] == ISOLATED)
				sum |= less(own(node), given(node));
		return sum;
	}
	uint8_t allowed() const
	{
		uint8_t limit = effective(place);
		return pin & limit ? pin & limit : limit;
	}
	bool below(unsigned int node, unsigned int top) const
	{
		while (node && node != top)
			node = parent[node];
		return node == top;
	}
	/* Whether the thread lives on the node's own CPUs, the child `but` left aside. */
	bool used(unsigned int node, unsigned int but) const
	{
		if (node == 0)
			return true;
		if (!below(place, node))
			return false;
		if (place == node)
			return true;
		unsigned int child = place;
		while (parent[child] != node)
			child = parent[child];
		return child != but && !valid[child];
	}
	/* What a member, or one with a fault, is answered that asks to be a partition. */
	Answer ask(unsigned int node) const
	{
		unsigned int up = parent[node];
		for (unsigned int other = 1; other < node_count; other++)
			if (other != node && parent[other] == up && claim(other) & claim(node))
				return SHARED;
		if (!claim(node))
			return EMPTY;
		if (up == 0 && claim(node) & given(0))
			return REMOTE;
		if (!valid[up]) {
			unsigned int has = claim(node) & own(up);
			if (!has || has & given(0) || !(effective(0) & ~has))
				return LIST;
			return !(has & online) && used(node, 0) ? NO_CPU : YES;
		}
		if (!(claim(node) & own(up)))
			return LIST;
		if (!(effective(up) & ~claim(node)) && used(up, node))
			return NO_CPU;
		return !(claim(node) & online) && used(node, 0) ? NO_CPU : YES;
	}
	/* What must hold of every state, whatever led to it. */
	bool is_sound() const
	{
		if (!effective(0) || !effective(place))
			return false;
		for (unsigned int node = 1; node < node_count; node++) {
			if (valid[node] && !remote[node] && !valid[parent[node]])
				return false;
			if (borrows[node] && (!valid[node] || own(node)))
				return false;
			for (unsigned int other = 1; other < node; other++)
				for (unsigned int from = 0; from < node_count; from++)
					if (takes_from(node, from) && takes_from(other, from) &&
					    own(node) & own(other))
						return false;
		}
		return true;
	}
};

#endif
