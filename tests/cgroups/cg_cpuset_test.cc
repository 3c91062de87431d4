// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "tests/cgroups/machine.h"

TEST(CgSetCpus, NarrowsToThePartOfTheParent)
{
	Machine machine;
	machine.group("a/b");
	ASSERT_EQ(machine.set_cpus("a", "0-3"), 0);
	ASSERT_EQ(machine.set_cpus("a/b", "2-5"), 0);
	EXPECT_EQ(machine.effective("a/b"), "2-3");
	machine.check();
}

TEST(CgSetCpus, FallsBackToTheParentWhenNothingIsLeft)
{
	Machine machine;
	machine.group("a/b/c");
	machine.set_cpus("a", "0-3");
	ASSERT_EQ(machine.set_cpus("a/b", "6-7"), 0);
	EXPECT_EQ(machine.effective("a/b"), "0-3");
	EXPECT_EQ(machine.effective("a/b/c"), "0-3");
	EXPECT_EQ(list_of(machine.node("a/b")->cpus), "6-7");
	machine.set_cpus("a", "3-6");
	EXPECT_EQ(machine.effective("a/b/c"), "6");
	machine.check();
}

TEST(CgSetCpus, ClearingMeansTheParents)
{
	Machine machine;
	machine.group("a");
	machine.set_cpus("a", "1");
	ASSERT_EQ(machine.set_cpus("a", ""), 0);
	EXPECT_EQ(machine.effective("a"), "0-7");
}

TEST(CgSetCpus, RefusesToClearWhatIsPopulated)
{
	Machine machine;
	machine.group("a/b");
	machine.spawn("t", machine.node("a/b"));
	EXPECT_EQ(machine.set_cpus("a", ""), 0); /* it was empty before */
	machine.set_cpus("a", "1");
	std::string before = machine.image();
	EXPECT_EQ(machine.set_cpus("a", ""), -ENOSPC);
	EXPECT_EQ(machine.image(), before);
	machine.end("t");
	EXPECT_EQ(machine.set_cpus("a", ""), 0);
}

TEST(CgSetCpus, TakesPossibleCpusOnly)
{
	Machine machine("0-3,6", "0-2");
	machine.group("a");
	EXPECT_EQ(machine.set_cpus("a", "6"), 0); /* offline is fine */
	EXPECT_EQ(machine.effective("a"), "0-2");
	std::string before = machine.image();
	EXPECT_EQ(machine.set_cpus("a", "0,5"), -EINVAL);
	EXPECT_EQ(machine.set_cpus("a", "7"), -EINVAL);
	EXPECT_EQ(machine.set_cpus(".", "0"), -EACCES);
	EXPECT_EQ(machine.image(), before);
}

TEST(CgSetCpus, TellsExactlyTheNodesThatChanged)
{
	Machine machine;
	for (const char *path : {"a/b/c", "a/d", "a/e/f"})
		machine.group(path);
	machine.set_cpus("a/d", "0");
	machine.spawn("t", machine.node("a/b/c"));
	machine.spawn("u", machine.node("a/d"));
	cg_forget_changes(machine.tree.get());
	ASSERT_EQ(machine.set_cpus("a", "0-1"), 0);
	std::set<struct cg_node *> changed;
	unsigned int what;
	while (struct cg_node *node = cg_next_changed_node(machine.tree.get(), &what)) {
		EXPECT_EQ(what, (unsigned int)CG_CHANGED_EFFECTIVE);
		EXPECT_TRUE(changed.insert(node).second);
	}
	EXPECT_EQ(changed,
		(std::set<struct cg_node *>{machine.node("a"), machine.node("a/b"),
			machine.node("a/b/c"), machine.node("a/e"), machine.node("a/e/f")}));
	EXPECT_EQ(cg_next_changed_member(machine.tree.get()), machine.member("t"));
	EXPECT_EQ(cg_next_changed_member(machine.tree.get()), nullptr);
}

TEST(CgSetCpus, TheSameAgainChangesNothing)
{
	Machine machine;
	machine.group("a");
	machine.set_cpus("a", "1");
	cg_forget_changes(machine.tree.get());
	EXPECT_EQ(machine.set_cpus("a", "1"), 0);
	unsigned int what;
	EXPECT_EQ(cg_next_changed_node(machine.tree.get(), &what), nullptr);
}

TEST(CgSetCpus, WorksOnTheLastOf512)
{
	Machine machine("0-511");
	machine.group("a");
	ASSERT_EQ(machine.set_cpus("a", "511"), 0);
	EXPECT_EQ(machine.effective("a"), "511");
}

TEST(CgSetOnline, FollowsCpusDownAndUp)
{
	Machine machine;
	machine.group("a");
	machine.set_cpus("a", "4-5");
	machine.spawn("t", machine.node("a"));
	auto online = [&](const char *list) {
		struct cpumask mask = mask_of(list);
		cg_set_online(machine.tree.get(), &mask);
		machine.check();
	};
	online("0-3,5-7");
	EXPECT_EQ(machine.allowed("t"), "5");
	online("0-3,6-7");
	EXPECT_EQ(machine.effective("a"), "0-3,6-7");
	EXPECT_EQ(machine.allowed("t"), "0-3,6-7");
	EXPECT_EQ(list_of(machine.node("a")->cpus), "4-5");
	online("0-7");
	EXPECT_EQ(machine.allowed("t"), "4-5");
}
