// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>
#include <random>

#include "tests/cgroups/machine.h"

namespace {

/* CPUs 0-3 are of efficiency, 4-7 of performance. */
class CgSetCpuClass : public ::testing::Test
{
      protected:
	CgSetCpuClass()
	{
		struct cpumask performance = mask_of("4-7"), efficiency = mask_of("0-3");
		cg_tree_set_classes(machine.tree.get(), &performance, &efficiency);
	}
	int set(const std::string &path, enum cg_cpu_class cpu_class)
	{
		return cg_set_cpu_class(machine.node(path), cpu_class);
	}
	void set_online(const std::string &list)
	{
		struct cpumask online = mask_of(list);
		cg_set_online(machine.tree.get(), &online);
	}
	Machine machine;
};

} // namespace

TEST_F(CgSetCpuClass, NarrowsToTheClass)
{
	machine.group("a/b");
	ASSERT_EQ(set("a", CG_PERFORMANCE), 0);
	EXPECT_EQ(machine.effective("a"), "4-7");
	EXPECT_EQ(machine.effective("a/b"), "4-7");
	ASSERT_EQ(set("a", CG_EFFICIENCY), 0);
	EXPECT_EQ(machine.effective("a/b"), "0-3");
	ASSERT_EQ(set("a", CG_ANY_CPU), 0);
	EXPECT_EQ(machine.effective("a/b"), "0-7");
	machine.check();
}

TEST_F(CgSetCpuClass, TakesItsPartOfTheList)
{
	machine.group("a");
	machine.set_cpus("a", "2-5");
	ASSERT_EQ(set("a", CG_PERFORMANCE), 0);
	EXPECT_EQ(machine.effective("a"), "4-5");
	machine.set_cpus("a", "3-4");
	EXPECT_EQ(machine.effective("a"), "4");
	machine.check();
}

TEST_F(CgSetCpuClass, FallsBackWhenThereIsNoneOfTheClass)
{
	machine.group("a/b");
	machine.set_cpus("a", "0-2");
	ASSERT_EQ(set("a", CG_PERFORMANCE), 0);
	EXPECT_EQ(machine.effective("a"), "0-2");
	machine.set_cpus("a", "0-4");
	EXPECT_EQ(machine.effective("a"), "4");
	ASSERT_EQ(set("a/b", CG_EFFICIENCY), 0); /* above there are none of these */
	EXPECT_EQ(machine.effective("a/b"), "4");
	machine.check();
}

TEST_F(CgSetCpuClass, FollowsCpusThatComeAndGo)
{
	machine.group("a");
	machine.spawn("t", machine.node("a"));
	ASSERT_EQ(set("a", CG_PERFORMANCE), 0);
	EXPECT_EQ(machine.allowed("t"), "4-7");
	set_online("0-3");
	EXPECT_EQ(machine.allowed("t"), "0-3");
	set_online("0-5");
	EXPECT_EQ(machine.allowed("t"), "4-5");
	machine.check();
}

TEST_F(CgSetCpuClass, KeepsPinsWithinTheClass)
{
	machine.group("a");
	machine.spawn("t", machine.node("a"));
	struct cpumask pin = mask_of("3-4");
	ASSERT_EQ(cg_pin(machine.member("t"), &pin), 0);
	ASSERT_EQ(set("a", CG_PERFORMANCE), 0);
	EXPECT_EQ(machine.allowed("t"), "4");
	struct cpumask outside = mask_of("0-3");
	EXPECT_EQ(cg_pin(machine.member("t"), &outside), -EINVAL);
	ASSERT_EQ(set("a", CG_EFFICIENCY), 0);
	EXPECT_EQ(machine.allowed("t"), "3");
	machine.check();
}

TEST_F(CgSetCpuClass, LeavesPartitionsTheirCpus)
{
	machine.group("a/b");
	machine.set_cpus("a", "2-5");
	ASSERT_EQ(cg_set_partition(machine.node("a"), CG_ROOT, CG_PRIVILEGED), 0);
	ASSERT_EQ(set("a", CG_PERFORMANCE), 0);
	EXPECT_EQ(machine.effective("a"), "2-5");
	ASSERT_EQ(set("a/b", CG_PERFORMANCE), 0);
	EXPECT_EQ(machine.effective("a/b"), "4-5");
	ASSERT_EQ(cg_set_partition(machine.node("a"), CG_MEMBER, CG_PRIVILEGED), 0);
	EXPECT_EQ(machine.effective("a"), "4-5"); /* a member again */
	machine.check();
}

TEST_F(CgSetCpuClass, IsForgottenWithTheController)
{
	machine.group("a");
	ASSERT_EQ(set("a", CG_PERFORMANCE), 0);
	ASSERT_EQ(cg_set_subtree_control(&machine.tree->root, 0, CG_HAS_CPUSET), 0);
	EXPECT_EQ(machine.effective("a"), "0-7");
	EXPECT_EQ(machine.node("a")->cpu_class, CG_ANY_CPU);
	machine.check();
}

TEST_F(CgSetCpuClass, RefusesTheRoot)
{
	std::string before = machine.image();
	EXPECT_EQ(set(".", CG_PERFORMANCE), -EACCES);
	EXPECT_EQ(machine.image(), before);
}

TEST(CgTreeSetClasses, EachCpuIsOfBothUntilThen)
{
	Machine machine;
	machine.group("a");
	ASSERT_EQ(cg_set_cpu_class(machine.node("a"), CG_EFFICIENCY), 0);
	EXPECT_EQ(machine.effective("a"), "0-7");
}

/* Whatever is done to lists, classes, partitions and CPUs, in any order: the checker agrees. */
TEST_F(CgSetCpuClass, HoldsTheInvariantsInAnyOrder)
{
	const unsigned int seed = std::random_device{}();
	RecordProperty("seed", std::to_string(seed));
	SCOPED_TRACE("seed " + std::to_string(seed));
	std::mt19937 random(seed);
	const char *const paths[] = {"a", "a/b", "a/b/c", "a/d", "e"};
	for (const char *path : paths)
		machine.group(path);
	machine.spawn("t", machine.node("a/b/c"));
	machine.spawn("u", machine.node("e"));
	for (int step = 0; step < 4000; step++) {
		struct cg_node *node = machine.node(paths[random() % 5]);
		struct cpumask mask = cpumask_none();
		mask.bits[0] = random() % 255 + 1;
		switch (random() % 4) {
		case 0:
			cg_set_cpu_class(node, (enum cg_cpu_class)(random() % 3));
			break;
		case 1:
			cg_set_cpus(node, &mask);
			break;
		case 2:
			cg_set_partition(node, (enum cg_partition)(random() % 3), CG_PRIVILEGED);
			break;
		default:
			cg_set_online(machine.tree.get(), &mask);
		}
		machine.check();
		cg_forget_changes(machine.tree.get());
	}
}
