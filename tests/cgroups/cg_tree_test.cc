// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/cgroups/machine.h"

TEST(CgTreeInit, GivesTheRootWhatIsOnline)
{
	Machine machine("0-7", "0,2-7");
	EXPECT_EQ(machine.effective("."), "0,2-7");
	EXPECT_EQ(machine.tree->cpu_count, 8U);
	machine.check();
}

TEST(CgTreeInit, CountsCpusUpToTheLastPossible)
{
	EXPECT_EQ(Machine("511").tree->cpu_count, 512U);
	EXPECT_EQ(Machine("0").tree->cpu_count, 1U);
}

TEST(CgCreate, MakesTheYoungestChild)
{
	Machine machine;
	ASSERT_EQ(machine.make("a"), 0);
	ASSERT_EQ(machine.make("b"), 0);
	ASSERT_EQ(machine.make("a/c"), 0);
	EXPECT_EQ(cg_first_child(&machine.tree->root), machine.node("a"));
	EXPECT_EQ(cg_next_sibling(machine.node("a")), machine.node("b"));
	EXPECT_EQ(cg_next_sibling(machine.node("b")), nullptr);
	EXPECT_EQ(machine.tree->root.descendant_count, 3U);
	EXPECT_EQ(machine.node("a/c")->depth, 2);
	machine.check();
}

TEST(CgCreate, AcceptsAnyNameButANewlineOrASlash)
{
	Machine machine;
	EXPECT_EQ(machine.make(".hid"), 0);
	EXPECT_EQ(machine.make("cpu.foo"), 0);
	EXPECT_EQ(machine.make("\xff\x01 "), 0);
	EXPECT_EQ(machine.make(std::string(255, 'x')), 0);
	EXPECT_EQ(machine.make(std::string(256, 'x')), -EINVAL);
	EXPECT_EQ(machine.make("a\nb"), -EINVAL);
	struct cg_node node;
	EXPECT_EQ(cg_create(&machine.tree->root, &node, "", 0), -EINVAL);
	EXPECT_EQ(cg_create(&machine.tree->root, &node, "a/b", 3), -EINVAL);
	EXPECT_EQ(cg_create(&machine.tree->root, &node, "a\0b", 3), -EINVAL);
	machine.check();
}

TEST(CgCreate, RefusesANameThatIsThere)
{
	Machine machine;
	ASSERT_EQ(machine.make("a"), 0);
	std::string before = machine.image();
	EXPECT_EQ(machine.make("a"), -EEXIST);
	EXPECT_EQ(machine.image(), before);
	EXPECT_EQ(machine.make("a/a"), 0);
	EXPECT_EQ(machine.make("A"), 0);
}

TEST(CgCreate, RefusesBelowADeadNode)
{
	Machine machine;
	machine.make("a");
	struct cg_node *a = machine.node("a"), child;
	ASSERT_EQ(machine.remove("a"), 0);
	EXPECT_EQ(cg_create(a, &child, "b", 1), -ENODEV);
}

TEST(CgCreate, ObeysEveryAncestorsDepthLimit)
{
	Machine machine;
	machine.make("a");
	ASSERT_EQ(cg_set_depth_max(&machine.tree->root, 2), 0);
	EXPECT_EQ(machine.make("a/b"), 0);
	std::string before = machine.image();
	EXPECT_EQ(machine.make("a/b/c"), -EAGAIN);
	EXPECT_EQ(machine.image(), before);
	ASSERT_EQ(cg_set_depth_max(&machine.tree->root, 3), 0);
	EXPECT_EQ(machine.make("a/b/c"), 0);
	ASSERT_EQ(cg_set_depth_max(machine.node("a/b"), 0), 0);
	EXPECT_EQ(machine.make("a/b/d"), -EAGAIN);
}

TEST(CgCreate, ObeysEveryAncestorsDescendantLimit)
{
	Machine machine;
	machine.make("a");
	ASSERT_EQ(cg_set_descendants_max(&machine.tree->root, 2), 0);
	EXPECT_EQ(machine.make("a/b"), 0);
	EXPECT_EQ(machine.make("a/c"), -EAGAIN);
	EXPECT_EQ(machine.make("d"), -EAGAIN);
	ASSERT_EQ(machine.remove("a/b"), 0);
	EXPECT_EQ(machine.make("d"), 0);
	ASSERT_EQ(cg_set_descendants_max(&machine.tree->root, 0), 0);
	EXPECT_EQ(machine.make("e"), -EAGAIN);
	machine.check();
}

TEST(CgCreate, InheritsTheParentsEffectiveMask)
{
	Machine machine;
	machine.group("a");
	machine.set_cpus("a", "2-3");
	machine.make("a/b");
	EXPECT_EQ(machine.effective("a/b"), "2-3");
}

TEST(CgRemove, RefusesTheRootAndParentsAndHomes)
{
	Machine machine;
	machine.make("a");
	machine.make("a/b");
	machine.spawn("t", machine.node("a/b"));
	std::string before = machine.image();
	EXPECT_EQ(cg_remove(&machine.tree->root), -EBUSY);
	EXPECT_EQ(machine.remove("a"), -EBUSY);
	EXPECT_EQ(machine.remove("a/b"), -EBUSY);
	EXPECT_EQ(machine.image(), before);
	machine.end("t");
	EXPECT_EQ(machine.remove("a/b"), 0);
	EXPECT_EQ(machine.remove("a"), 0);
	EXPECT_EQ(machine.tree->root.descendant_count, 0U);
	machine.check();
}

TEST(CgRemove, LeavesADeadNodeThatAnswersEnodev)
{
	Machine machine;
	struct cg_node *a = machine.group("a");
	struct cpumask mask = mask_of("1");
	struct cg_member member;
	ASSERT_EQ(machine.remove("a"), 0);
	EXPECT_TRUE(cg_node_is_dead(a));
	EXPECT_EQ(cg_remove(a), -ENODEV);
	EXPECT_EQ(cg_set_cpus(a, &mask), -ENODEV);
	EXPECT_EQ(cg_set_weight(a, 100), -ENODEV);
	EXPECT_EQ(cg_set_nice(a, 0), -ENODEV);
	EXPECT_EQ(cg_set_idle(a, 0), -ENODEV);
	EXPECT_EQ(cg_set_pids_max(a, 1), -ENODEV);
	EXPECT_EQ(cg_set_threaded(a), -ENODEV);
	EXPECT_EQ(cg_set_subtree_control(a, 0, 0), -ENODEV);
	EXPECT_EQ(cg_set_depth_max(a, 1), -ENODEV);
	EXPECT_EQ(cg_set_descendants_max(a, 1), -ENODEV);
	EXPECT_EQ(cg_attach(&member, a, 1), -ENODEV);
	EXPECT_EQ(cg_find_child(a, "b", 1), nullptr);
	EXPECT_EQ(cg_node_controllers(a), 0);
	/* The name is free again. */
	EXPECT_EQ(machine.make("a"), 0);
	EXPECT_NE(machine.node("a")->id, a->id);
}

TEST(CgRemove, TakesItsNewsOffTheQueue)
{
	Machine machine;
	machine.group("a");
	cg_forget_changes(machine.tree.get());
	machine.set_cpus("a", "1");
	ASSERT_EQ(machine.remove("a"), 0);
	unsigned int what;
	EXPECT_EQ(cg_next_changed_node(machine.tree.get(), &what), nullptr);
}

TEST(CgFindChild, TellsParentsAndNamesApart)
{
	Machine machine;
	for (int i = 0; i < 3000; i++)
		ASSERT_EQ(machine.make("n" + std::to_string(i)), 0);
	machine.make("n1/n2");
	for (int i = 0; i < 3000; i++) {
		std::string name = "n" + std::to_string(i);
		EXPECT_EQ(cg_find_child(&machine.tree->root, name.data(), name.size()),
			machine.node(name));
	}
	EXPECT_EQ(cg_find_child(machine.node("n1"), "n2", 2), machine.node("n1/n2"));
	EXPECT_EQ(cg_find_child(machine.node("n2"), "n2", 2), nullptr);
	EXPECT_EQ(cg_find_child(&machine.tree->root, "n11", 2), machine.node("n1"));
	EXPECT_EQ(cg_find_child(&machine.tree->root, "x", 1), nullptr);
	machine.check();
}

TEST(CgNextBelow, VisitsParentsFirstAndStaysBelow)
{
	Machine machine;
	for (const char *path : {"a", "a/b", "a/b/c", "a/d", "e", "e/f"})
		machine.make(path);
	std::vector<struct cg_node *> visited;
	struct cg_node *top = machine.node("a");
	for (struct cg_node *node = top; node; node = cg_next_below(node, top))
		visited.push_back(node);
	EXPECT_EQ(visited, (std::vector<struct cg_node *>{top, machine.node("a/b"),
				   machine.node("a/b/c"), machine.node("a/d")}));
	EXPECT_EQ(cg_next_beside(machine.node("a/b"), top), machine.node("a/d"));
	EXPECT_EQ(cg_next_beside(top, top), nullptr);
	EXPECT_EQ(cg_next_beside(machine.node("a/d"), &machine.tree->root), machine.node("e"));
}
