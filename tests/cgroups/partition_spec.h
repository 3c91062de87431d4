// SPDX-License-Identifier: Apache-2.0
/*
 * partition_spec.h - the rules of docs/cgroups.md for a tree of a root and up to three nodes over
 * three CPUs with one thread, said as plainly as they can be: arrays, recursion, every sum taken
 * anew, and what a change makes due done on the spot. It shares nothing with the tree.
 */
#ifndef TESTS_CGROUPS_PARTITION_SPEC_H
#define TESTS_CGROUPS_PARTITION_SPEC_H

#include <cerrno>
#include <cstdint>

struct PartitionSpec {
	static constexpr unsigned int node_max = 4, all = 7, nobody = 99;
	enum Kind { MEMBER, ROOT, ISOLATED };
	enum Fault {
		NONE,
		LIST,
		INVALID_PARENT,
		PARENT,
		SHARED,
		NO_CPU,
		HOTPLUG,
		EMPTY,
		HOUSEKEEPING,
		PERMISSION,
		REMOTE,
	};

	/* A rule left out on purpose: whoever compares has to notice. */
	enum Rule {
		ALL_HOLD,
		PARENT_STARVES,
		SIBLINGS_CONFLICT,
		CHILDREN_OUTSIDE_FALL,
		SIBLINGS_ARE_LOOKED_AT,
		PROMISES_TRAVEL,
		HOTPLUG_WAKES,
		RULE_COUNT,
	};

	uint8_t broken = ALL_HOLD;
	uint8_t count = node_max;
	uint8_t parent[node_max] = {0, 0, 0, 0};
	uint8_t cpus[node_max] = {0, 0, 0, 0}, exclusive[node_max] = {0, 0, 0, 0};
	uint8_t kind[node_max] = {ROOT, 0, 0, 0}, fault[node_max] = {0, 0, 0, 0};
	bool remote[node_max] = {false, false, false, false};
	bool borrows[node_max] = {false, false, false, false};
	uint8_t own[node_max] = {all, 0, 0, 0};         /* cpuset.cpus.exclusive.effective */
	uint8_t shown[node_max] = {all, all, all, all}; /* cpuset.cpus.effective */
	uint8_t online = all, place = 0, pin = 0;

	/* ---- what follows from the state ---- */

	bool valid(unsigned int node) const
	{
		return kind[node] && !fault[node];
	}
	uint8_t claim(unsigned int node) const
	{
		return exclusive[node] ? exclusive[node] : cpus[node];
	}
	unsigned int giver(unsigned int node) const
	{
		return remote[node] ? 0 : parent[node];
	}
	uint8_t given(unsigned int from, unsigned int except = nobody) const
	{
		unsigned int sum = 0;
		for (unsigned int node = 1; node < count; node++)
			if (node != except && valid(node) && giver(node) == from)
				sum |= own[node];
		return static_cast<uint8_t>(sum);
	}
	uint8_t effective(unsigned int node) const
	{
		if (valid(node) && !borrows[node])
			return static_cast<uint8_t>(own[node] & online & ~given(node));
		uint8_t limit = shown[parent[node]];
		return cpus[node] & limit ? cpus[node] & limit : limit;
	}
	uint8_t isolated() const
	{
		unsigned int sum = 0;
		for (unsigned int node = 1; node < count; node++)
			if (valid(node) && kind[node] == ISOLATED)
				sum |= own[node];
		for (unsigned int node = 1; node < count; node++)
			if (valid(node) && kind[node] == ROOT && kind[giver(node)] == ISOLATED)
				sum &= ~own[node] & all;
		return static_cast<uint8_t>(sum);
	}
	uint8_t allowed() const
	{
		unsigned int node = place;
		while (!shown[node])
			node = parent[node];
		return shown[node] & pin ? shown[node] & pin : shown[node];
	}
	bool below(unsigned int node, unsigned int top) const
	{
		while (node && node != top)
			node = parent[node];
		return node == top;
	}
	bool used(unsigned int node, unsigned int except = nobody) const
	{
		if (node == 0 || place == node)
			return true;
		for (unsigned int child = 1; child < count; child++)
			if (parent[child] == node && child != except && !valid(child) &&
				below(place, child))
				return true;
		return false;
	}
	bool strands(unsigned int node, unsigned int mask) const
	{
		return !(mask & online) && used(node);
	}
	bool starves(unsigned int node, unsigned int mask) const
	{
		return (broken != PARENT_STARVES && !(shown[parent[node]] & ~mask) &&
			       used(parent[node], node)) ||
		       strands(node, mask);
	}
	bool beside(unsigned int node, unsigned int other) const
	{
		return other != node && other && parent[other] == parent[node];
	}
	bool conflicts(unsigned int node, uint8_t asks, uint8_t names, bool alone) const
	{
		uint8_t wants = names ? names : asks;
		for (unsigned int other = 1; other < count; other++) {
			if (!beside(node, other) || broken == SIBLINGS_CONFLICT)
				continue;
			uint8_t its = exclusive[other];
			if (alone || valid(other) || (names && its)) {
				if (wants & claim(other))
					return true;
			} else if (names && cpus[other] && !(cpus[other] & ~names)) {
				return true;
			} else if (its && asks && !(asks & ~its)) {
				return true;
			}
		}
		return false;
	}
	bool has_remote_below(unsigned int node) const
	{
		for (unsigned int other = 1; other < count; other++)
			if (other != node && remote[other] && below(other, node))
				return true;
		return false;
	}
	Fault taken(unsigned int node, unsigned int mask) const
	{
		for (unsigned int other = 1; other < count; other++)
			if (beside(node, other) && valid(other) && !remote[other] && own[other] & mask)
				return SHARED;
		if (has_remote_below(node))
			return REMOTE;
		return parent[node] == 0 && given(0, node) & mask ? REMOTE : NONE;
	}

	/* ---- what a change makes due ---- */

	void set(unsigned int node, uint8_t new_kind, uint8_t new_fault)
	{
		unsigned int from = giver(node);
		unsigned int before = valid(node) ? own[node] : 0;
		kind[node] = new_kind;
		fault[node] = new_fault;
		borrows[node] = false;
		remote[node] &= valid(node);
		own[node] = (valid(node) ? claim(node) : exclusive[node]) & own[parent[node]];
		if (before == (valid(node) ? own[node] : 0) || !valid(from))
			return;
		shown[from] = effective(from);
		if (broken == SIBLINGS_ARE_LOOKED_AT)
			return;
		for (unsigned int child = 1; child < count; child++)
			if (parent[child] == from && child != node && !remote[child] &&
				(valid(child) || shown[child] != effective(child)))
				look(child, false);
	}
	/* The state of the node stands; what is below it may not. */
	void look(unsigned int node, bool always)
	{
		judge(node);
		spread(node, always);
	}
	void spread(unsigned int node, bool always)
	{
		uint8_t before = shown[node];
		shown[node] = effective(node);
		if (shown[node] == before && !kind[node] && !always)
			return;
		for (unsigned int child = 1; child < count; child++)
			if (parent[child] == node && !remote[child])
				follow(child, always);
	}
	void follow(unsigned int node, bool always)
	{
		judge(node);
		if (!kind[node])
			promise(node);
		else if (!valid(parent[node]))
			set(node, kind[node], kind[parent[node]] ? INVALID_PARENT : PARENT);
		else
			reconsider(node);
		spread(node, always);
	}
	void promise(unsigned int node)
	{
		own[node] = exclusive[node] & own[parent[node]];
		for (unsigned int child = 1; child < count; child++)
			if (parent[child] == node && !valid(child) && broken != PROMISES_TRAVEL)
				promise(child);
	}
	void judge(unsigned int node)
	{
		if (node == 0 || !valid(node))
			return;
		borrows[node] &= used(node);
		unsigned int left = own[node] & online;
		bool in_use = used(node);
		for (unsigned int child = 1; child < count; child++) {
			if (parent[child] != node || !valid(child))
				continue;
			bool outside = own[child] & ~own[node] && broken != CHILDREN_OUTSIDE_FALL;
			uint8_t found = outside                           ? LIST
					: in_use && !(left & ~own[child]) ? NO_CPU
									  : NONE;
			left &= found ? all : ~own[child] & all;
			fault[child] = found;
			borrows[child] &= !found;
			own[child] = found ? exclusive[child] & own[node] : own[child];
		}
	}
	void reconsider(unsigned int node)
	{
		if (!claim(node))
			return;
		bool was = valid(node);
		uint8_t limit = own[parent[node]], found = NONE;
		if (starves(node, claim(node)))
			found = NO_CPU;
		else if (!was && !(claim(node) & ~limit) &&
			 conflicts(node, cpus[node], exclusive[node], true))
			found = SHARED;
		else
			found = taken(node, claim(node) & limit);
		set(node, kind[node], found);
		borrows[node] = valid(node) && !own[node] && (!was || used(node));
	}
	/* A partition with tasks and without a CPU is none. */
	void settle()
	{
		for (unsigned int node = 1; node < count; node++)
			if (valid(node) && !shown[node] && used(node)) {
				set(node, kind[node], NO_CPU);
				look(node, false);
				node = 0;
			}
	}

	/* ---- the changes; what the write answers ---- */

	int write_partition(unsigned int node, uint8_t wanted)
	{
		if (kind[node] == wanted && !fault[node])
			return 0;
		if (wanted && valid(node)) {
			kind[node] = wanted;
		} else if (!wanted) {
			set(node, MEMBER, NONE);
		} else {
			Fault found = ask(node);
			remote[node] = !found && !valid(parent[node]);
			set(node, wanted, found);
		}
		look(node, !wanted);
		settle();
		return 0;
	}
	Fault ask(unsigned int node) const
	{
		unsigned int up = parent[node], has = claim(node) & own[up];
		if (conflicts(node, cpus[node], exclusive[node], true))
			return SHARED;
		if (!claim(node))
			return EMPTY;
		if ((up == 0 && claim(node) & given(0)) || has_remote_below(node))
			return REMOTE;
		if (valid(up))
			return !has ? LIST : starves(node, claim(node)) ? NO_CPU : NONE;
		if (!has || has & given(0) || !(shown[0] & ~has))
			return LIST;
		return strands(node, has) ? NO_CPU : NONE;
	}
	uint8_t change_remote(unsigned int node, unsigned int has, uint8_t found) const
	{
		unsigned int added = has & ~own[node] & all;
		if (!has)
			return EMPTY;
		if (added && found)
			return found;
		if (added & given(0) || (added && !(shown[0] & ~added)))
			return NO_CPU;
		return strands(node, has) ? NO_CPU : NONE;
	}
	uint8_t change_local(unsigned int node, unsigned int has) const
	{
		if (!valid(parent[node]))
			return fault[node];
		if (!has)
			return EMPTY;
		unsigned int back = valid(node) ? claim(node) & ~has & own[parent[node]] : 0;
		if ((starves(node, claim(node)) || starves(node, has)) && !(back & online))
			return NO_CPU;
		return taken(node, has & own[parent[node]]);
	}
	int write_cpus(unsigned int node, uint8_t mask)
	{
		if (!mask && cpus[node] && below(place, node))
			return -ENOSPC;
		if (!mask && valid(node) && !exclusive[node])
			return -EBUSY;
		if (mask == cpus[node])
			return 0;
		uint8_t before = own[node], claims = exclusive[node] ? exclusive[node] : mask;
		uint8_t has = (valid(node) ? claims : exclusive[node]) & own[parent[node]];
		uint8_t found = valid(node) && !has  ? LIST
				: starves(node, has) ? NO_CPU
						     : NONE;
		if (kind[node] && !valid(node) && found)
			fault[node] = found;
		bool shared = conflicts(node, mask, exclusive[node], valid(node));
		for (unsigned int other = 1; shared && other < count; other++)
			if (beside(node, other) && valid(other) && own[other] & claims) {
				set(other, kind[other], SHARED);
				look(other, false);
			}
		uint8_t wants = !has && !valid(node) ? mask : has;
		if (remote[node])
			found = change_remote(node, has, found);
		else if (!found && !shared)
			found = change_local(node, wants);
		else if (!valid(node))
			found = fault[node];
		else if (!found)
			found = SHARED;
		cpus[node] = mask;
		if (kind[node])
			set(node, kind[node], found);
		look(node, own[node] != before);
		settle();
		return 0;
	}
	int write_exclusive(unsigned int node, uint8_t mask)
	{
		if (mask == exclusive[node])
			return 0;
		if (conflicts(node, cpus[node], mask, valid(node)))
			return -EINVAL;
		uint8_t before = own[node], has = mask & own[parent[node]], found = NONE;
		bool was = valid(node);
		if (kind[node]) {
			found = !has ? LIST : starves(node, has) ? NO_CPU : NONE;
			if (!found)
				found = remote[node] ? change_remote(node, has, NONE)
						     : change_local(node, has);
		} else if (mask) {
			for (unsigned int other = 1; other < count; other++)
				if (remote[other] && shown[other] & before & ~has) {
					set(other, MEMBER, NONE);
					look(other, false);
				}
		}
		exclusive[node] = mask;
		set(node, kind[node], found);
		if (was || valid(node) || has != before)
			look(node, has != before);
		settle();
		return 0;
	}
	int write_online(uint8_t mask)
	{
		if (mask == online)
			return 0;
		online = mask;
		shown[0] = effective(0);
		for (unsigned int child = 1; child < count; child++)
			if (parent[child] == 0)
				plug(child);
		settle();
		return 0;
	}
	void plug(unsigned int node)
	{
		if (!valid(node))
			promise(node);
		judge(node);
		uint8_t left = effective(node);
		bool parent_valid = valid(parent[node]);
		uint8_t found = HOTPLUG;
		if (valid(node) && giver(node) == 0) {
			if ((!shown[0] && own[node] & online) || strands(node, left))
				set(node, kind[node], found);
		} else if (valid(node)) {
			if (!parent_valid)
				found = kind[parent[node]] ? INVALID_PARENT : PARENT;
			if (!parent_valid || starves(node, left))
				set(node, kind[node], found);
		} else if (kind[node] && parent_valid && broken != HOTPLUG_WAKES &&
			   (fault[node] == HOTPLUG || fault[node] == INVALID_PARENT || own[node])) {
			reconsider(node);
		}
		shown[node] = effective(node);
		for (unsigned int child = 1; child < count; child++)
			if (parent[child] == node)
				plug(child);
	}
	int move(uint8_t to)
	{
		if (to != place && !shown[to])
			return -ENOSPC;
		place = to;
		return 0;
	}
	int set_pin(uint8_t mask)
	{
		if (!(mask & shown[place]))
			return -EINVAL;
		pin = mask;
		return 0;
	}

	/* What must hold of every state, whatever led to it. */
	bool is_sound() const
	{
		for (unsigned int node = 0; node < count; node++) {
			if (shown[node] != effective(node) || (used(node) && valid(node) && !shown[node]))
				return false;
			if (node && valid(node) && !remote[node] && !valid(parent[node]))
				return false;
			if (valid(node) && node && own[node] & given(giver(node), node))
				return false;
		}
		return shown[place] && shown[0];
	}
};

#endif
