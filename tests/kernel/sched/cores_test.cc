// SPDX-License-Identifier: Apache-2.0
/*
 * cores_test.cc - which idle CPU is chosen on a machine of two packages with two cores of two threads each:
 * CPUs 0-1, 2-3 in the first, 4-5, 6-7 in the second.
 */
#include <gtest/gtest.h>

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
	EXPECT_EQ(list_of(neighbours_[5].package), "4-7");
}

TEST_F(Cores, DoNotMatterWhereAllAreAlike)
{
	for (int cpu = 0; cpu < 8; cpu++) {
		cpus_[static_cast<size_t>(cpu)].package_id = 0;
		cpus_[static_cast<size_t>(cpu)].core_id = cpu;
	}
	EXPECT_FALSE(cores_describe(&topology_, neighbours_.data()));
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
