// SPDX-License-Identifier: Apache-2.0
/*
 * partition_pair.h - a small tree and its naive specification, with every change there is by number.
 */
#ifndef TESTS_CGROUPS_PARTITION_PAIR_H
#define TESTS_CGROUPS_PARTITION_PAIR_H

#include <cstdint>
#include <cstdio>

#include "tests/cgroups/partition_spec.h"
#include "tests/cgroups/small_tree.h"

/* The changes: for each of three nodes 8 lists, 8 exclusive lists and 3 kinds; then the machine's
 * CPUs, the thread's place and its pin. */
enum { LISTS = 24, EXCLUSIVES = 24, KINDS = 9, ONLINES = 7, MOVES = 4, PINS = 8 };
enum { CHANGES = LISTS + EXCLUSIVES + KINDS + ONLINES + MOVES + PINS };

inline int change(PartitionSpec &spec, unsigned int number)
{
	if (number < LISTS)
		return spec.write_cpus(1 + number / 8, static_cast<uint8_t>(number % 8));
	if ((number -= LISTS) < EXCLUSIVES)
		return spec.write_exclusive(1 + number / 8, static_cast<uint8_t>(number % 8));
	if ((number -= EXCLUSIVES) < KINDS)
		return spec.write_partition(1 + number / 3, static_cast<uint8_t>(number % 3));
	if ((number -= KINDS) < ONLINES)
		return spec.write_online(static_cast<uint8_t>(number + 1));
	if ((number -= ONLINES) < MOVES)
		return spec.move(static_cast<uint8_t>(number));
	return spec.set_pin(static_cast<uint8_t>(number - MOVES));
}

/* All of it: what is not here follows from it. */
inline uint64_t code(const PartitionSpec &spec)
{
	uint64_t code = static_cast<uint64_t>(spec.online | spec.place << 3 | spec.pin << 5);
	for (unsigned int i = 1; i < PartitionSpec::node_max; i++)
		code = code << 17 | spec.cpus[i] | spec.exclusive[i] << 3 | spec.kind[i] << 6 |
		       spec.remote[i] << 8 | spec.fault[i] << 9 | spec.own[i] << 13 |
		       spec.borrows[i] << 16;
	return code;
}

struct Small : SmallTree {
	explicit Small(const PartitionSpec &shape) : SmallTree(shape.parent, PartitionSpec::all)
	{
	}
	int carry_out(unsigned int number)
	{
		struct cpumask mask = wide(number % 8);
		if (number < LISTS)
			return cg_set_cpus(node(1 + number / 8), &mask);
		if ((number -= LISTS) < EXCLUSIVES)
			return cg_set_exclusive(node(1 + number / 8), &mask);
		if ((number -= EXCLUSIVES) < KINDS)
			return cg_set_partition(node(1 + number / 3),
				static_cast<enum cg_partition>(number % 3), CG_PRIVILEGED);
		if ((number -= KINDS) < ONLINES) {
			mask = wide(number + 1);
			cg_set_online(&tree, &mask);
			return 0;
		}
		if ((number -= ONLINES) < MOVES)
			return cg_move(&member, node(number), CG_THREAD);
		mask = wide(number - MOVES);
		return cg_pin(&member, &mask);
	}
	int change(unsigned int number)
	{
		int answer = carry_out(number);
		cg_forget_changes(&tree);
		return answer;
	}
	bool node_agrees(const PartitionSpec &spec, unsigned int i)
	{
		static const enum cg_fault faults[] = {CG_FAULT_NONE, CG_FAULT_LIST,
			CG_FAULT_INVALID_PARENT, CG_FAULT_PARENT, CG_FAULT_SHARED, CG_FAULT_NO_CPU,
			CG_FAULT_HOTPLUG, CG_FAULT_EMPTY, CG_FAULT_HOUSEKEEPING,
			CG_FAULT_PERMISSION, CG_FAULT_REMOTE};
		const struct cg_node *it = node(i);
		return it->cpus.bits[0] == spec.cpus[i] &&
		       it->exclusive.bits[0] == spec.exclusive[i] &&
		       it->exclusive_effective.bits[0] == spec.own[i] &&
		       it->effective.bits[0] == spec.shown[i] && it->fault == faults[spec.fault[i]] &&
		       it->remote == spec.remote[i] && it->borrows == spec.borrows[i] &&
		       (!i || it->partition == spec.kind[i]);
	}
	bool agrees(const PartitionSpec &spec)
	{
		for (unsigned int i = 0; i < PartitionSpec::node_max; i++)
			if (!node_agrees(spec, i))
				return false;
		return tree.given_out.bits[0] == spec.given(0) &&
		       cg_isolated(&tree).bits[0] == spec.isolated() &&
		       tree.online.bits[0] == spec.online && member.node == node(spec.place) &&
		       member.allowed.bits[0] == spec.allowed();
	}
	void tell(const PartitionSpec &spec)
	{
		for (unsigned int i = 0; i < PartitionSpec::node_max; i++)
			std::printf("%u below %u: cpus %x exclusive %x; tree/specification: own %x/%x "
				    "effective %x/%x kind %d/%d fault %d/%d remote %d/%d borrows %d/%d\n",
				i, spec.parent[i], spec.cpus[i], spec.exclusive[i],
				static_cast<unsigned int>(node(i)->exclusive_effective.bits[0]),
				spec.own[i], static_cast<unsigned int>(node(i)->effective.bits[0]),
				spec.shown[i], node(i)->partition, spec.kind[i], node(i)->fault,
				spec.fault[i], node(i)->remote, spec.remote[i], node(i)->borrows,
				spec.borrows[i]);
	}
};

/* The six trees of a root and three nodes. */
inline PartitionSpec shape_of(int number)
{
	PartitionSpec shape;
	shape.parent[2] = static_cast<uint8_t>(number % 2);
	shape.parent[3] = static_cast<uint8_t>(number / 2);
	return shape;
}

#endif
