// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/cgroups/machine.h"

TEST(CpumaskSet, ReachesTheFirstAndTheLastCpuOfEveryWord)
{
	for (unsigned int cpu : {0U, 63U, 64U, 127U, 128U, 448U, 511U}) {
		struct cpumask mask = cpumask_of(cpu);
		EXPECT_TRUE(cpumask_test(&mask, cpu));
		EXPECT_EQ(cpumask_count(&mask), 1U);
		EXPECT_EQ(cpumask_first(&mask), cpu);
		cpumask_clear(&mask, cpu);
		EXPECT_TRUE(cpumask_empty(&mask));
	}
}

TEST(CpumaskBelow, HasExactlyTheCpusBelow)
{
	for (unsigned int count = 0; count <= NR_CPUS; count++) {
		struct cpumask mask = cpumask_below(count);
		EXPECT_EQ(cpumask_count(&mask), count);
		EXPECT_EQ(cpumask_next_absent(&mask, 0), count);
	}
}

TEST(CpumaskNext, FindsTheCpuItself)
{
	struct cpumask mask = mask_of("5,64,511");
	EXPECT_EQ(cpumask_next(&mask, 0), 5U);
	EXPECT_EQ(cpumask_next(&mask, 5), 5U);
	EXPECT_EQ(cpumask_next(&mask, 6), 64U);
	EXPECT_EQ(cpumask_next(&mask, 65), 511U);
	EXPECT_EQ(cpumask_next(&mask, 511), 511U);
	EXPECT_EQ(cpumask_next(&mask, 512), (unsigned int)NR_CPUS);
}

TEST(CpumaskNext, AnswersNrCpusBehindTheLast)
{
	struct cpumask mask = mask_of("5");
	EXPECT_EQ(cpumask_next(&mask, 6), (unsigned int)NR_CPUS);
	struct cpumask all = cpumask_below(NR_CPUS);
	EXPECT_EQ(cpumask_next_absent(&all, 0), (unsigned int)NR_CPUS);
	EXPECT_EQ(cpumask_next_absent(&all, NR_CPUS), (unsigned int)NR_CPUS);
}

TEST(CpumaskForEach, VisitsEachCpuOnceInOrder)
{
	struct cpumask mask = mask_of("0,3,63-65,511");
	std::vector<unsigned int> visited;
	cpumask_for_each (cpu, &mask)
		visited.push_back(cpu);
	EXPECT_EQ(visited, (std::vector<unsigned int>{0, 3, 63, 64, 65, 511}));
}

TEST(CpumaskAlgebra, WorksOnEveryWord)
{
	struct cpumask a = mask_of("0-100,400-511"), b = mask_of("50-450");
	EXPECT_EQ(list_of(cpumask_and(&a, &b)), "50-100,400-450");
	EXPECT_EQ(list_of(cpumask_or(&a, &b)), "0-511");
	EXPECT_EQ(list_of(cpumask_andnot(&a, &b)), "0-49,451-511");
	EXPECT_TRUE(cpumask_intersects(&a, &b));
	EXPECT_FALSE(cpumask_equal(&a, &b));
	EXPECT_TRUE(cpumask_equal(&a, &a));
}

TEST(CpumaskSubset, HoldsForEmptyAndEqualSets)
{
	struct cpumask none = cpumask_none(), some = mask_of("1,500"), more = mask_of("1,2,500");
	EXPECT_TRUE(cpumask_subset(&none, &none));
	EXPECT_TRUE(cpumask_subset(&none, &some));
	EXPECT_TRUE(cpumask_subset(&some, &some));
	EXPECT_TRUE(cpumask_subset(&some, &more));
	EXPECT_FALSE(cpumask_subset(&more, &some));
	EXPECT_FALSE(cpumask_intersects(&none, &more));
}
