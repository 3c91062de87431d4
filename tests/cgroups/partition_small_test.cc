// SPDX-License-Identifier: Apache-2.0
/*
 * partition_small_test.cc - every sequence of changes up to a length, on every tree of four nodes
 * over three CPUs with one thread, equal states visited once: after each the masks are what the
 * naive specification says, and who asks to be a partition gets the specified answer.
 *
 * TAPER_SMALL_LENGTH sets the length.
 */
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <unordered_set>
#include <vector>

#include "tests/cgroups/machine.h"
#include "tests/cgroups/partition_spec.h"

static struct cpumask wide(unsigned int mask)
{
	struct cpumask result = cpumask_none();
	result.bits[0] = mask;
	return result;
}

/* The changes: for each of three nodes 8 lists, 8 exclusive lists and 3 kinds; then the machine's
 * CPUs, the thread's place and its pin. */
enum { LISTS = 24, EXCLUSIVES = 24, KINDS = 9, ONLINES = 7, MOVES = 4, PINS = 8 };
enum { CHANGES = LISTS + EXCLUSIVES + KINDS + ONLINES + MOVES + PINS };

struct Small {
	struct cg_node nodes[PartitionSpec::node_count];
	struct cg_member member;
	struct cg_tree tree;

	struct cg_node *node(unsigned int i)
	{
		return i ? &nodes[i] : &tree.root;
	}
	explicit Small(const PartitionSpec &shape)
	{
		struct cpumask all = wide(PartitionSpec::all);
		std::memset(static_cast<void *>(this), 0, sizeof(*this));
		cg_tree_init(&tree, &all, &all, CG_HAS_CPUSET);
		for (unsigned int i = 1; i < PartitionSpec::node_count; i++) {
			static const char names[] = "0123";
			struct cg_node *parent = node(shape.parent[i]);
			if (cg_set_subtree_control(parent, CG_HAS_CPUSET, 0) ||
				cg_create(parent, &nodes[i], &names[i], 1) ||
				cg_set_threaded(&nodes[i]))
				std::abort();
		}
		if (cg_attach(&member, &tree.root, 1))
			std::abort();
		cg_forget_changes(&tree);
	}
	size_t size() const
	{
		return offsetof(Small, tree) + offsetof(struct cg_tree, names);
	}
	void change(unsigned int number)
	{
		if (number < LISTS) {
			struct cpumask mask = wide(number % 8);
			cg_set_cpus(node(1 + number / 8), &mask);
		} else if ((number -= LISTS) < EXCLUSIVES) {
			struct cpumask mask = wide(number % 8);
			cg_set_exclusive(node(1 + number / 8), &mask);
		} else if ((number -= EXCLUSIVES) < KINDS) {
			cg_set_partition(node(1 + number / 3),
				static_cast<enum cg_partition>(number % 3), CG_PRIVILEGED);
		} else if ((number -= KINDS) < ONLINES) {
			struct cpumask mask = wide(number + 1);
			cg_set_online(&tree, &mask);
		} else if ((number -= ONLINES) < MOVES) {
			cg_move(&member, node(number), CG_THREAD);
		} else {
			struct cpumask mask = wide(number - MOVES);
			cg_pin(&member, &mask);
		}
		cg_forget_changes(&tree);
	}
	/* What was decided, for the specification to draw conclusions from. */
	PartitionSpec read(const PartitionSpec &shape)
	{
		PartitionSpec spec = shape;
		spec.place = 0;
		for (unsigned int i = 1; i < PartitionSpec::node_count; i++) {
			spec.cpus[i] = static_cast<uint8_t>(nodes[i].cpus.bits[0]);
			spec.exclusive[i] = static_cast<uint8_t>(nodes[i].exclusive.bits[0]);
			spec.kind[i] = nodes[i].partition;
			spec.valid[i] = cg_node_is_partition(&nodes[i]);
			spec.remote[i] = nodes[i].remote;
			spec.borrows[i] = nodes[i].borrows;
			spec.promised[i] =
				static_cast<uint8_t>(nodes[i].exclusive_effective.bits[0]);
			if (member.node == &nodes[i])
				spec.place = static_cast<uint8_t>(i);
		}
		spec.online = static_cast<uint8_t>(tree.online.bits[0]);
		spec.pin = member.pinned ? static_cast<uint8_t>(member.pin.bits[0]) : 0;
		return spec;
	}
	uint64_t code(const PartitionSpec &spec) const
	{
		uint64_t code = spec.online | spec.place << 3 | spec.pin << 5;
		for (unsigned int i = 1; i < PartitionSpec::node_count; i++)
			code = code << 17 | spec.cpus[i] | spec.exclusive[i] << 3 | spec.kind[i] << 6 |
			       spec.remote[i] << 8 | nodes[i].fault << 9 |
			       spec.borrows[i] << 16 |
			       (spec.remote[i] ? spec.promised[i] : 0) << 13;
		return code;
	}
	bool agrees(const PartitionSpec &spec)
	{
		for (unsigned int i = 0; i < PartitionSpec::node_count; i++)
			if (node(i)->effective.bits[0] != spec.effective(i) ||
				node(i)->exclusive_effective.bits[0] != spec.own(i))
				return false;
		return tree.given_out.bits[0] == spec.given(0) &&
		       cg_isolated(&tree).bits[0] == spec.isolated() &&
		       member.allowed.bits[0] == spec.allowed() && spec.is_sound();
	}
};

static enum cg_fault fault_of(PartitionSpec::Answer answer)
{
	static const enum cg_fault faults[] = {CG_FAULT_NONE, CG_FAULT_LIST, CG_FAULT_SHARED,
		CG_FAULT_NO_CPU, CG_FAULT_EMPTY, CG_FAULT_REMOTE};
	return faults[answer];
}

struct Counts {
	size_t states = 0, changes = 0;
};

/* One change from the state that `before` describes. */
static void attempt(Small &small, const PartitionSpec &before, unsigned int number)
{
	small.change(number);
	PartitionSpec after = small.read(before);
	ASSERT_TRUE(small.agrees(after)) << "change " << number;
	if (number < LISTS + EXCLUSIVES || number >= LISTS + EXCLUSIVES + KINDS)
		return;
	unsigned int which = (number - LISTS - EXCLUSIVES) / 3 + 1;
	unsigned int kind = (number - LISTS - EXCLUSIVES) % 3;
	ASSERT_EQ(small.nodes[which].partition, kind);
	if (kind && !before.valid[which])
		ASSERT_EQ(small.nodes[which].fault, fault_of(before.ask(which)))
			<< "change " << number;
	else
		ASSERT_EQ(small.nodes[which].fault, CG_FAULT_NONE);
}

static void explore(PartitionSpec shape, size_t length, Counts *counts)
{
	auto small = std::make_unique<Small>(shape);
	std::string start(reinterpret_cast<char *>(small.get()), small->size()), image;
	std::unordered_set<uint64_t> seen = {small->code(small->read(shape))};
	std::vector<std::vector<uint8_t>> level = {{}}, next;
	for (size_t step = 0; step < length; step++, level.swap(next), next.clear()) {
		for (const std::vector<uint8_t> &path : level) {
			std::memcpy(static_cast<void *>(small.get()), start.data(), start.size());
			for (uint8_t number : path)
				small->change(number);
			image.assign(reinterpret_cast<char *>(small.get()), small->size());
			PartitionSpec before = small->read(shape);
			for (unsigned int number = 0; number < CHANGES; number++) {
				std::memcpy(static_cast<void *>(small.get()), image.data(), image.size());
				attempt(*small, before, number);
				if (testing::Test::HasFatalFailure()) {
					for (uint8_t earlier : path)
						std::printf("after change %u\n", earlier);
					return;
				}
				counts->changes++;
				if (!seen.insert(small->code(small->read(shape))).second)
					continue;
				next.push_back(path);
				next.back().push_back(static_cast<uint8_t>(number));
			}
		}
	}
	counts->states += seen.size();
}

TEST(CgPartitionSmallScope, EverySequenceOnEveryTreeOfFourNodes)
{
	const char *wanted = std::getenv("TAPER_SMALL_LENGTH");
	Counts counts;
	for (uint8_t second = 0; second < 2; second++)
		for (uint8_t third = 0; third < 3; third++) {
			PartitionSpec shape;
			shape.parent[2] = second;
			shape.parent[3] = third;
			explore(shape, wanted ? std::strtoul(wanted, nullptr, 10) : 4, &counts);
			ASSERT_FALSE(HasFatalFailure());
		}
	std::printf("%zu states, %zu changes\n", counts.states, counts.changes);
	EXPECT_GT(counts.states, 1000000U);
}
