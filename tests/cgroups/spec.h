// SPDX-License-Identifier: Apache-2.0
/*
 * spec.h - what masks have to be, said naively for a tree of a root and three nodes over three CPUs
 * with one thread. It shares nothing with the tree; its state is all that is ever set.
 */
#ifndef TESTS_CGROUPS_SPEC_H
#define TESTS_CGROUPS_SPEC_H

#include <cerrno>
#include <cstdint>

struct Spec {
	static constexpr unsigned int cpu_count = 3, all = 7, node_count = 4;

	uint8_t parent[node_count] = {0, 0, 0, 0}; /* the shape: parents have lower numbers */

	uint8_t cpus[node_count] = {0, 0, 0, 0}; /* requests; the root has none */
	uint8_t online = all;
	uint8_t place = 0; /* the thread's node */
	uint8_t pin = 0;   /* its last request; 0: none yet */

	uint8_t effective(unsigned int node) const
	{
		if (node == 0)
			return online;
		uint8_t limit = effective(parent[node]);
		return cpus[node] & limit ? cpus[node] & limit : limit;
	}
	uint8_t allowed() const
	{
		uint8_t limit = effective(place);
		return pin & limit ? pin & limit : limit;
	}
	bool populated(unsigned int node) const
	{
		for (unsigned int at = place;; at = parent[at]) {
			if (at == node)
				return true;
			if (at == 0)
				return false;
		}
	}

	int set_cpus(unsigned int node, uint8_t request)
	{
		if (!request && cpus[node] && populated(node))
			return -ENOSPC;
		cpus[node] = request;
		return 0;
	}
	int set_online(uint8_t mask)
	{
		online = mask;
		return 0;
	}
	int move(unsigned int node)
	{
		place = static_cast<uint8_t>(node);
		return 0;
	}
	int set_pin(uint8_t request)
	{
		if (!(request & effective(place)))
			return -EINVAL;
		pin = request;
		return 0;
	}

	/* All that was set, as a number below 1 << 17. */
	uint32_t code() const
	{
		uint32_t requests = cpus[1] | cpus[2] << 3 | static_cast<uint32_t>(cpus[3]) << 6;
		return requests | static_cast<uint32_t>(online) << 9 |
		       static_cast<uint32_t>(place) << 12 | static_cast<uint32_t>(pin) << 14;
	}
	void decode(uint32_t code)
	{
		for (unsigned int node = 1; node < node_count; node++)
			cpus[node] = code >> 3 * (node - 1) & all;
		online = code >> 9 & all;
		place = code >> 12 & 3;
		pin = code >> 14 & all;
	}
};

#endif
