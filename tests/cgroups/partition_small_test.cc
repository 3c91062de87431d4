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
#include <string>
#include <unordered_set>
#include <vector>

#include "tests/cgroups/partition_pair.h"

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
			auto number = static_cast<unsigned int>(random() % CHANGES);
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

class CgPartitionSmallScope : public testing::TestWithParam<int>
{
};

TEST_P(CgPartitionSmallScope, EverySequenceAgreesWithTheSpecification)
{
	const char *wanted = std::getenv("TAPER_SMALL_LENGTH");
	Search search;
	search.explore(shape_of(GetParam()), wanted ? std::strtoul(wanted, nullptr, 10) : 5);
	EXPECT_FALSE(search.failed);
	std::printf("%zu states, %zu changes\n", search.states, search.changes);
	EXPECT_GT(search.states, 1000000U);
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
