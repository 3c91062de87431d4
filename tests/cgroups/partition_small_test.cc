// SPDX-License-Identifier: Apache-2.0
/*
 * partition_small_test.cc - every sequence of changes up to a length, on every tree of a root and
 * three nodes over three CPUs with one thread, equal states visited once: after each the tree's
 * whole state, and what it answered, is what the naive specification says. Then long random
 * sequences, for what lies deeper. A specification with a rule left out is found out.
 *
 * TAPER_SMALL_LENGTH sets the length.
 */
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
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

static int change(PartitionSpec &spec, unsigned int number)
{
	if (number < LISTS)
		return spec.write_cpus(1 + number / 8, number % 8);
	if ((number -= LISTS) < EXCLUSIVES)
		return spec.write_exclusive(1 + number / 8, number % 8);
	if ((number -= EXCLUSIVES) < KINDS)
		return spec.write_partition(1 + number / 3, static_cast<uint8_t>(number % 3));
	if ((number -= KINDS) < ONLINES)
		return spec.write_online(static_cast<uint8_t>(number + 1));
	if ((number -= ONLINES) < MOVES)
		return spec.move(static_cast<uint8_t>(number));
	return spec.set_pin(static_cast<uint8_t>(number - MOVES));
}

/* All of it: what is not here follows from it. */
static uint64_t code(const PartitionSpec &spec)
{
	uint64_t code = spec.online | spec.place << 3 | spec.pin << 5;
	for (unsigned int i = 1; i < PartitionSpec::node_max; i++)
		code = code << 17 | spec.cpus[i] | spec.exclusive[i] << 3 | spec.kind[i] << 6 |
		       spec.remote[i] << 8 | spec.fault[i] << 9 | spec.own[i] << 13 |
		       spec.borrows[i] << 16;
	return code;
}

struct Small {
	struct cg_node nodes[PartitionSpec::node_max];
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
		for (unsigned int i = 1; i < PartitionSpec::node_max; i++) {
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
	/* The names never change. */
	size_t size() const
	{
		return offsetof(Small, tree) + offsetof(struct cg_tree, names);
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

struct Step {
	PartitionSpec spec;
	uint8_t length, path[8];
};

/* What a search has done, and whether it met a disagreement. */
struct Search {
	size_t states = 0, changes = 0;
	bool failed = false;

	/* One change from a state that both are in. */
	bool attempt(Small &small, PartitionSpec &spec, unsigned int number)
	{
		changes++;
		failed |= small.change(number) != change(spec, number);
		failed |= !small.agrees(spec) || !spec.is_sound();
		return !failed;
	}
	void explore(const PartitionSpec &shape, size_t length)
	{
		auto small = std::make_unique<Small>(shape);
		std::string start(reinterpret_cast<char *>(small.get()), small->size()), image;
		std::unordered_set<uint64_t> seen = {code(shape)};
		std::vector<Step> level = {{shape, 0, {}}}, next;
		for (size_t step = 0; step < length; step++, level.swap(next), next.clear())
			for (const Step &from : level) {
				std::memcpy(static_cast<void *>(small.get()), start.data(), start.size());
				for (unsigned int i = 0; i < from.length; i++)
					small->change(from.path[i]);
				image.assign(reinterpret_cast<char *>(small.get()), small->size());
				for (unsigned int number = 0; number < CHANGES; number++) {
					Step to = from;
					std::memcpy(static_cast<void *>(small.get()), image.data(),
						image.size());
					to.path[to.length++] = static_cast<uint8_t>(number);
					if (!attempt(*small, to.spec, number))
						return tell(*small, to);
					if (seen.insert(code(to.spec)).second && step + 1 < length)
						next.push_back(to);
				}
			}
		states += seen.size();
	}
	void walk(const PartitionSpec &shape, uint32_t seed, size_t length)
	{
		std::mt19937 random(seed);
		auto small = std::make_unique<Small>(shape);
		PartitionSpec spec = shape;
		for (size_t i = 0; i < length && !failed; i++) {
			unsigned int number = static_cast<unsigned int>(random() % CHANGES);
			if (!attempt(*small, spec, number) && !spec.broken) {
				std::printf("seed %u, step %zu, change %u\n", seed, i, number);
				small->tell(spec);
			}
		}
	}
	static void tell(Small &small, const Step &step)
	{
		if (step.spec.broken)
			return;
		for (unsigned int i = 0; i < step.length; i++)
			std::printf("change %u\n", step.path[i]);
		small.tell(step.spec);
	}
};

static PartitionSpec shape_of(int number)
{
	PartitionSpec shape;
	shape.parent[2] = static_cast<uint8_t>(number % 2);
	shape.parent[3] = static_cast<uint8_t>(number / 2);
	return shape;
}

class CgPartitionSmallScope : public testing::TestWithParam<int>
{
};

TEST_P(CgPartitionSmallScope, EverySequenceAgreesWithTheSpecification)
{
	const char *wanted = std::getenv("TAPER_SMALL_LENGTH");
	Search search;
	search.explore(shape_of(GetParam()), wanted ? std::strtoul(wanted, nullptr, 10) : 4);
	EXPECT_FALSE(search.failed);
	std::printf("%zu states, %zu changes\n", search.states, search.changes);
	EXPECT_GT(search.states, 100000U);
}

TEST_P(CgPartitionSmallScope, LongSequencesAgree)
{
	for (uint32_t seed = 1; seed <= 20; seed++) {
		Search search;
		search.walk(shape_of(GetParam()), seed, 20000);
		ASSERT_FALSE(search.failed) << "seed " << seed;
	}
}

INSTANTIATE_TEST_SUITE_P(Trees, CgPartitionSmallScope, testing::Range(0, 6));

TEST(CgPartitionSpec, FindsEveryRuleThatIsLeftOut)
{
	for (uint8_t rule = 1; rule < PartitionSpec::RULE_COUNT; rule++) {
		Search search;
		for (int number = 0; number < 6; number++) {
			PartitionSpec shape = shape_of(number);
			shape.broken = rule;
			search.explore(shape, 2);
			for (uint32_t seed = 1; seed <= 5; seed++)
				search.walk(shape, seed, 5000);
		}
		EXPECT_TRUE(search.failed) << "rule " << static_cast<int>(rule);
	}
}
