// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/cgroups/machine.h"

TEST(CgSetWeight, ReadsBackEveryWeight)
{
	Machine machine;
	struct cg_node *a = machine.group("a");
	for (uint64_t weight = 1; weight <= 10000; weight++) {
		ASSERT_EQ(cg_set_weight(a, weight), 0);
		ASSERT_EQ(cg_node_weight(a), weight);
	}
}

TEST(CgSetWeight, KeepsToTheLimits)
{
	Machine machine;
	struct cg_node *a = machine.group("a");
	std::string before = machine.image();
	EXPECT_EQ(cg_set_weight(a, 0), -ERANGE);
	EXPECT_EQ(cg_set_weight(a, 10001), -ERANGE);
	EXPECT_EQ(cg_set_weight(a, UINT64_MAX), -ERANGE);
	EXPECT_EQ(cg_set_weight(&machine.tree->root, 100), -EACCES);
	EXPECT_EQ(machine.image(), before);
}

TEST(CgSetNice, ReadsBackEveryLevelAndItsWeight)
{
	Machine machine;
	struct cg_node *a = machine.group("a");
	for (int nice = -20; nice <= 19; nice++) {
		ASSERT_EQ(cg_set_nice(a, nice), 0);
		EXPECT_EQ(cg_node_nice(a), nice);
	}
	const std::pair<int, unsigned int> weights[] = {
		{-20, 8668}, {-1, 125}, {0, 100}, {1, 80}, {5, 33}, {19, 1}};
	for (auto [nice, weight] : weights) {
		cg_set_nice(a, nice);
		EXPECT_EQ(cg_node_weight(a), weight);
	}
}

TEST(CgSetNice, KeepsToTheLimits)
{
	Machine machine;
	struct cg_node *a = machine.group("a");
	EXPECT_EQ(cg_set_nice(a, -21), -ERANGE);
	EXPECT_EQ(cg_set_nice(a, 20), -ERANGE);
	EXPECT_EQ(cg_set_nice(a, INT64_MIN), -ERANGE);
	EXPECT_EQ(cg_set_nice(&machine.tree->root, 0), -EACCES);
}

TEST(CgNodeNice, IsTheNearestOfAWeight)
{
	Machine machine;
	struct cg_node *a = machine.group("a");
	const std::pair<unsigned int, int> levels[] = {
		{1, 19}, {10000, -20}, {100, 0}, {110, 0}, {115, -1}, {79, 1}, {1000, -10}};
	for (auto [weight, nice] : levels) {
		cg_set_weight(a, weight);
		EXPECT_EQ(cg_node_nice(a), nice) << weight;
	}
}

TEST(CgSetIdle, HidesTheWeightAndGivesItBack)
{
	Machine machine;
	struct cg_node *a = machine.group("a");
	cg_set_weight(a, 250);
	ASSERT_EQ(cg_set_idle(a, 1), 0);
	EXPECT_EQ(cg_node_weight(a), 1U);
	EXPECT_EQ(cg_node_nice(a), 19);
	EXPECT_EQ(cg_node_shares(a), (uint32_t)CG_SHARES_IDLE);
	std::string before = machine.image();
	EXPECT_EQ(cg_set_weight(a, 100), -EINVAL);
	EXPECT_EQ(cg_set_nice(a, 0), -EINVAL);
	EXPECT_EQ(cg_set_weight(a, 0), -ERANGE);
	EXPECT_EQ(machine.image(), before);
	ASSERT_EQ(cg_set_idle(a, 0), 0);
	EXPECT_EQ(cg_node_weight(a), 250U);
}

TEST(CgSetIdle, TakesZeroAndOne)
{
	Machine machine;
	struct cg_node *a = machine.group("a");
	EXPECT_EQ(cg_set_idle(a, -1), -EINVAL);
	EXPECT_EQ(cg_set_idle(a, 2), -EINVAL);
	EXPECT_EQ(cg_set_idle(&machine.tree->root, 0), -EACCES);
}

TEST(CgSetWeight, TellsAChangeAndOnlyAChange)
{
	Machine machine;
	struct cg_node *a = machine.group("a");
	unsigned int what;
	cg_forget_changes(machine.tree.get());
	cg_set_weight(a, 100);
	EXPECT_EQ(cg_next_changed_node(machine.tree.get(), &what), nullptr);
	cg_set_weight(a, 101);
	EXPECT_EQ(cg_next_changed_node(machine.tree.get(), &what), a);
	EXPECT_EQ(what, (unsigned int)CG_CHANGED_SHARES);
}

TEST(CgNodeGroup, IsTheNearestWithTheController)
{
	Machine machine;
	machine.make("a");
	machine.make("a/b");
	EXPECT_EQ(cg_node_group(machine.node("a/b")), &machine.tree->root);
	cg_forget_changes(machine.tree.get());
	cg_set_subtree_control(&machine.tree->root, CG_HAS_CPU, 0);
	EXPECT_EQ(cg_node_group(machine.node("a/b")), machine.node("a"));
	EXPECT_EQ(cg_node_group(machine.node("a")), machine.node("a"));
	EXPECT_EQ(cg_node_group(&machine.tree->root), &machine.tree->root);
	unsigned int what;
	EXPECT_EQ(cg_next_changed_node(machine.tree.get(), &what), machine.node("a"));
	EXPECT_EQ(what, (unsigned int)CG_CHANGED_SHARES);
}
