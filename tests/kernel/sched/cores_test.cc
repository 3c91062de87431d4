// SPDX-License-Identifier: Apache-2.0
/*
 * cores_test.cc - which idle CPU is chosen on a machine of two packages with two cores of two threads each:
 * CPUs 0-1, 2-3 in the first, 4-5, 6-7 in the second.
 */
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/cgroups/machine.h"

extern "C" {
#include "kernel/sched/cores.h"
}

namespace {

class Cores : public testing::Test
{
      protected:
	Cores()
	{
		for (int cpu = 0; cpu < 8; cpu++) {
			cpus_[static_cast<size_t>(cpu)].package_id = cpu / 4;
			cpus_[static_cast<size_t>(cpu)].cluster_id = -1;
			cpus_[static_cast<size_t>(cpu)].core_id = cpu / 2 % 2;
		}
		matters_ = cores_describe(&topology_, neighbours_.data());
	}
	unsigned int choose(unsigned int last, const std::string &choices, const std::string &busy)
	{
		struct cpumask choice_mask = mask_of(choices), busy_mask = mask_of(busy);
		return cores_choose(neighbours_.data(), last, &choice_mask, &busy_mask);
	}

	/* Instead of that machine another one. */
	void make(int packages, int cores, int threads)
	{
		topology_.cpu_count = static_cast<unsigned int>(packages * cores * threads);
		cpus_.assign(topology_.cpu_count, {});
		neighbours_.assign(topology_.cpu_count, {});
		for (size_t cpu = 0; cpu < cpus_.size(); cpu++) {
			cpus_[cpu].package_id = static_cast<int>(cpu) / (cores * threads);
			cpus_[cpu].core_id = static_cast<int>(cpu) / threads % cores;
		}
		topology_.cpus = cpus_.data();
		matters_ = cores_describe(&topology_, neighbours_.data());
	}
	bool is_beside(unsigned int cpu, const std::string &busy)
	{
		struct cpumask busy_mask = mask_of(busy);
		return cores_is_beside(&neighbours_[cpu], &busy_mask);
	}
	std::vector<int> victims(unsigned int cpu)
	{
		const struct cpu_neighbours &own = neighbours_[cpu];
		return std::vector<int>(own.victims, own.victims + own.victim_count);
	}

	std::vector<struct topology_cpu> cpus_ = std::vector<struct topology_cpu>(8);
	std::vector<struct cpu_neighbours> neighbours_ = std::vector<struct cpu_neighbours>(8);
	struct topology topology_ = {8, cpus_.data(), {}};
	bool matters_;
};

} // namespace

TEST_F(Cores, AreDescribed)
{
	EXPECT_TRUE(matters_);
	EXPECT_EQ(list_of(neighbours_[5].core), "4-5");
	EXPECT_EQ(list_of(neighbours_[5].near), "4-7");
}

TEST_F(Cores, AreNotNearOnAnotherMemoryNode)
{
	cpus_[6].memory_node = cpus_[7].memory_node = 1;
	EXPECT_TRUE(cores_describe(&topology_, neighbours_.data()));
	EXPECT_EQ(list_of(neighbours_[5].near), "4-5");
	EXPECT_EQ(list_of(neighbours_[6].near), "6-7");
	EXPECT_EQ(choose(5, "0-3,6-7", "4"), 0U);
}

TEST_F(Cores, DoNotMatterWhereAllAreAlike)
{
	for (int cpu = 0; cpu < 8; cpu++) {
		cpus_[static_cast<size_t>(cpu)].package_id = 0;
		cpus_[static_cast<size_t>(cpu)].core_id = cpu;
	}
	EXPECT_FALSE(cores_describe(&topology_, neighbours_.data()));
}

TEST_F(Cores, AreBesideAnotherBusyThreadOfTheirOwn)
{
	EXPECT_TRUE(is_beside(5, "4"));
	EXPECT_TRUE(is_beside(4, "4-5"));
	EXPECT_FALSE(is_beside(5, "5")) << "itself";
	EXPECT_FALSE(is_beside(5, "0-3,6-7"));
	make(1, 3, 3);
	EXPECT_TRUE(is_beside(3, "5"));
	EXPECT_TRUE(is_beside(5, "3"));
	EXPECT_FALSE(is_beside(4, "0-2,4,6-8"));
	make(2, 4, 1);
	EXPECT_FALSE(is_beside(4, "0-7")) << "no threads";
}

TEST_F(Cores, StealFromTheCoreThenNearThenFar)
{
	EXPECT_EQ(victims(0), (std::vector<int>{1, 2, 3, 4, 5, 6, 7}));
	EXPECT_EQ(victims(5), (std::vector<int>{4, 6, 7, 0, 1, 2, 3}));
	EXPECT_EQ(victims(3), (std::vector<int>{2, 0, 1, 4, 5, 6, 7}));
}

TEST_F(Cores, StealFromEverybodyOnceAndNeverFromThemselves)
{
	static const int shapes[][3] = {{1, 4, 2}, {2, 2, 1}, {3, 5, 2}, {2, 32, 1}, {1, 32, 4}, {16, 8, 4}, {25, 1, 1}};

	for (const auto &shape : shapes) {
		make(shape[0], shape[1], shape[2]);
		EXPECT_TRUE(matters_);
		for (unsigned int cpu = 0; cpu < topology_.cpu_count; cpu++) {
			std::vector<int> all = victims(cpu);
			std::set<int> once(all.begin(), all.end());
			EXPECT_EQ(once.size(), all.size());
			EXPECT_EQ(once.count(static_cast<int>(cpu)), 0U);
			EXPECT_LT(*once.rbegin(), static_cast<int>(topology_.cpu_count));
			EXPECT_TRUE(topology_.cpu_count > CORES_SEARCH_NEAR + 1 ||
				    all.size() == topology_.cpu_count - 1);
		}
	}
}

TEST_F(Cores, StealFromAfarTooWhereManyAreNear)
{
	make(2, 64, 1);
	EXPECT_EQ(victims(60).size(), static_cast<size_t>(CORES_SEARCH));
	EXPECT_EQ(victims(60)[0], 61);
	EXPECT_EQ(victims(60)[4], 1) << "around the package";
	EXPECT_EQ(victims(60)[CORES_SEARCH_NEAR], 64) << "then the other one";
	make(1, 32, 4);
	EXPECT_EQ(victims(126).size(), static_cast<size_t>(CORES_SEARCH));
	EXPECT_EQ(victims(126)[0], 127);
	EXPECT_EQ(victims(126)[2], 125) << "the whole core";
	EXPECT_EQ(victims(126)[3], 0);
}

TEST_F(Cores, StayWhereTheCoreIsFree)
{
	EXPECT_EQ(choose(3, "0-7", ""), 3U);
	EXPECT_EQ(choose(3, "0-3,5-7", "4"), 3U);
}

TEST_F(Cores, LeaveABusySiblingForAFreeCoreInThePackage)
{
	EXPECT_EQ(choose(3, "0-1,3-7", "2"), 0U);
	EXPECT_EQ(choose(5, "0-3,5-7", "4"), 6U);
}

TEST_F(Cores, GoToTheOtherPackageForAFreeCore)
{
	EXPECT_EQ(choose(3, "1,3-7", "0,2"), 4U);
}

TEST_F(Cores, TakeAThreadWhenNoCoreIsFree)
{
	EXPECT_EQ(choose(3, "1,3,5,7", "0,2,4,6"), 3U) << "where it was";
	EXPECT_EQ(choose(2, "1,5,7", "0,2-4,6"), 1U) << "in its package";
	EXPECT_EQ(choose(2, "5,7", "0-4,6"), 5U) << "anywhere";
}

TEST_F(Cores, KeepToTheChoices)
{
	EXPECT_EQ(choose(3, "7", "6"), 7U) << "a free core that it may not use does not count";
	EXPECT_EQ(choose(0, "7", ""), 7U);
}
