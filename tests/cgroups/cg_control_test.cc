// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/cgroups/machine.h"

static const cg_controllers everything = CG_THREADED_CONTROLLERS | CG_HAS_MEMORY;

TEST(CgSetSubtreeControl, HandsControllersDown)
{
	Machine machine;
	machine.make("a");
	EXPECT_EQ(cg_node_controllers(&machine.tree->root), CG_THREADED_CONTROLLERS);
	EXPECT_EQ(cg_node_controllers(machine.node("a")), 0);
	ASSERT_EQ(cg_set_subtree_control(&machine.tree->root, CG_HAS_CPU, 0), 0);
	EXPECT_EQ(cg_node_controllers(machine.node("a")), CG_HAS_CPU);
	ASSERT_EQ(cg_set_subtree_control(&machine.tree->root, CG_HAS_CPUSET, CG_HAS_CPU), 0);
	EXPECT_EQ(cg_node_controllers(machine.node("a")), CG_HAS_CPUSET);
	machine.check();
}

TEST(CgSetSubtreeControl, RefusesWhatTheNodeDoesNotHave)
{
	Machine machine;
	machine.make("a");
	std::string before = machine.image();
	EXPECT_EQ(cg_set_subtree_control(machine.node("a"), CG_HAS_CPU, 0), -ENOENT);
	EXPECT_EQ(cg_set_subtree_control(&machine.tree->root, CG_HAS_CPU | CG_HAS_MEMORY, 0),
		-ENOENT);
	EXPECT_EQ(machine.image(), before);
}

TEST(CgSetSubtreeControl, RefusesToDisableWhatAChildHandsOn)
{
	Machine machine;
	machine.group("a/b");
	std::string before = machine.image();
	EXPECT_EQ(cg_set_subtree_control(&machine.tree->root, 0, CG_HAS_CPU), -EBUSY);
	EXPECT_EQ(machine.image(), before);
	ASSERT_EQ(cg_set_subtree_control(machine.node("a"), 0, CG_HAS_CPU), 0);
	EXPECT_EQ(cg_set_subtree_control(&machine.tree->root, 0, CG_HAS_CPU), 0);
}

TEST(CgSetSubtreeControl, TheFirstControllerInTheWayDecides)
{
	Machine machine("0-7", "", CG_HAS_CPUSET | CG_HAS_CPU);
	machine.make("a");
	cg_set_subtree_control(&machine.tree->root, CG_HAS_CPUSET | CG_HAS_CPU, 0);
	cg_set_subtree_control(machine.node("a"), CG_HAS_CPU, 0);
	/* cpu comes before pids, and cpuset before cpu */
	EXPECT_EQ(cg_set_subtree_control(&machine.tree->root, CG_HAS_PIDS, CG_HAS_CPU), -EBUSY);
	cg_set_subtree_control(machine.node("a"), CG_HAS_CPUSET, 0);
	EXPECT_EQ(
		cg_set_subtree_control(&machine.tree->root, CG_HAS_MEMORY, CG_HAS_CPUSET), -EBUSY);
}

TEST(CgSetSubtreeControl, NothingToDoIsNoError)
{
	Machine machine;
	machine.group("a");
	EXPECT_EQ(cg_set_subtree_control(&machine.tree->root, CG_HAS_CPU, 0), 0);
	EXPECT_EQ(cg_set_subtree_control(machine.node("a"), 0, CG_HAS_CPU), 0);
	EXPECT_EQ(cg_set_subtree_control(machine.node("a"), 0, 0), 0);
}

TEST(CgSetSubtreeControl, ResetsTheSettingsOfAControllerTakenAway)
{
	Machine machine;
	struct cg_node *a = machine.group("a");
	machine.spawn("t", a);
	machine.set_cpus("a", "2");
	cg_set_weight(a, 300);
	cg_set_pids_max(a, 5);
	EXPECT_EQ(machine.allowed("t"), "2");
	ASSERT_EQ(cg_set_subtree_control(&machine.tree->root, 0, CG_THREADED_CONTROLLERS), 0);
	EXPECT_EQ(machine.effective("a"), "0-7");
	EXPECT_EQ(machine.allowed("t"), "0-7");
	EXPECT_EQ(cg_node_weight(a), 100U);
	EXPECT_EQ(a->pids_max, CG_LIMIT_NONE);
	machine.check();
	ASSERT_EQ(cg_set_subtree_control(&machine.tree->root, CG_THREADED_CONTROLLERS, 0), 0);
	EXPECT_EQ(cg_node_weight(a), 100U);
	EXPECT_TRUE(cpumask_empty(&a->cpus));
}

TEST(CgSetSubtreeControl, TheRootMixesTasksAndDomains)
{
	Machine machine("0-7", "", everything);
	machine.make("a");
	machine.spawn("t", machine.node("."));
	EXPECT_EQ(cg_set_subtree_control(&machine.tree->root, everything, 0), 0);
	EXPECT_EQ(cg_node_type(machine.node("a")), CG_DOMAIN);
	EXPECT_EQ(machine.spawn("u", machine.node("a")), 0);
}

TEST(CgSetSubtreeControl, NoDomainControllerBesideTasks)
{
	Machine machine("0-7", "", everything);
	machine.make("a");
	machine.make("a/b");
	cg_set_subtree_control(&machine.tree->root, everything, 0);
	machine.spawn("t", machine.node("a"));
	EXPECT_EQ(cg_set_subtree_control(machine.node("a"), CG_HAS_MEMORY, 0), -EBUSY);
	machine.end("t");
	EXPECT_EQ(cg_set_subtree_control(machine.node("a"), CG_HAS_MEMORY, 0), 0);
	std::string before = machine.image();
	EXPECT_EQ(machine.spawn("t", machine.node("a")), -EBUSY);
	EXPECT_EQ(machine.image(), before);
	EXPECT_EQ(machine.spawn("t", machine.node("a/b")), 0);
}

TEST(CgNodeType, TasksAndThreadedControllersMakeAThreadRoot)
{
	Machine machine;
	struct cg_node *a = machine.group("a");
	machine.make("a/b");
	machine.make("a/b/c");
	machine.spawn("t", a);
	EXPECT_EQ(cg_node_type(a), CG_DOMAIN);
	EXPECT_EQ(cg_set_subtree_control(a, CG_HAS_CPU, 0), 0);
	EXPECT_EQ(cg_node_type(a), CG_DOMAIN_THREADED);
	EXPECT_EQ(cg_node_type(machine.node("a/b")), CG_DOMAIN_INVALID);
	EXPECT_EQ(cg_node_type(machine.node("a/b/c")), CG_DOMAIN_INVALID);
	EXPECT_EQ(machine.spawn("u", machine.node("a/b")), -EOPNOTSUPP);
	EXPECT_EQ(cg_set_subtree_control(machine.node("a/b"), CG_HAS_CPU, 0), -EOPNOTSUPP);
	machine.end("t");
	EXPECT_EQ(cg_node_type(a), CG_DOMAIN);
	EXPECT_EQ(cg_node_type(machine.node("a/b")), CG_DOMAIN);
}

TEST(CgSetThreaded, JoinsTheParentsDomain)
{
	Machine machine;
	struct cg_node *a = machine.group("a"), *b;
	machine.make("a/b");
	b = machine.node("a/b");
	ASSERT_EQ(cg_set_threaded(b), 0);
	EXPECT_EQ(cg_node_type(b), CG_THREADED);
	EXPECT_EQ(cg_node_type(a), CG_DOMAIN_THREADED);
	EXPECT_EQ(b->domain, a);
	EXPECT_EQ(cg_set_threaded(b), 0);
	EXPECT_EQ(a->threaded_children, 1U);
	machine.make("a/b/c");
	EXPECT_EQ(cg_node_type(machine.node("a/b/c")), CG_DOMAIN_INVALID);
	ASSERT_EQ(cg_set_threaded(machine.node("a/b/c")), 0);
	EXPECT_EQ(machine.node("a/b/c")->domain, a);
	machine.check();
	ASSERT_EQ(machine.remove("a/b/c"), 0);
	ASSERT_EQ(machine.remove("a/b"), 0);
	EXPECT_EQ(cg_node_type(a), CG_DOMAIN);
	machine.check();
}

TEST(CgSetThreaded, TakesThreadedNodesBelowAlong)
{
	Machine machine;
	machine.group("a/b/c");
	ASSERT_EQ(cg_set_threaded(machine.node("a/b/c")), 0);
	ASSERT_EQ(cg_set_threaded(machine.node("a/b")), 0);
	EXPECT_EQ(machine.node("a/b/c")->domain, machine.node("a"));
	machine.check();
}

TEST(CgSetThreaded, RefusesWhatCannotBeThreaded)
{
	Machine machine("0-7", "", everything);
	for (const char *path : {"a", "a/b", "a/c", "a/b/d"})
		machine.make(path);
	cg_set_subtree_control(&machine.tree->root, everything, 0);
	EXPECT_EQ(cg_set_threaded(&machine.tree->root), -EACCES);
	machine.spawn("t", machine.node("a/b"));
	EXPECT_EQ(cg_set_threaded(machine.node("a/b")), -EOPNOTSUPP); /* populated */
	EXPECT_EQ(cg_set_threaded(machine.node("a/c")), -EOPNOTSUPP); /* its sibling is, a domain */
	machine.end("t");
	cg_set_subtree_control(machine.node("a"), CG_HAS_MEMORY, 0);
	EXPECT_EQ(
		cg_set_threaded(machine.node("a/c")), -EOPNOTSUPP); /* the parent hands on memory */
	cg_set_subtree_control(machine.node("a/b"), CG_HAS_MEMORY, 0);
	EXPECT_EQ(cg_set_threaded(machine.node("a/b")), -EOPNOTSUPP); /* it hands on memory */
	cg_set_subtree_control(machine.node("a/b"), 0, CG_HAS_MEMORY);
	cg_set_subtree_control(machine.node("a"), 0, CG_HAS_MEMORY);
	ASSERT_EQ(cg_set_threaded(machine.node("a/c")), 0);
	EXPECT_EQ(cg_set_threaded(machine.node("a/b/d")),
		-EOPNOTSUPP); /* an invalid domain's child */
	machine.check();
}

TEST(CgSetThreaded, TheRootTakesThreadedChildrenBesideDomains)
{
	Machine machine;
	machine.group("a");
	machine.make("b");
	machine.spawn("t", machine.node("b"));
	ASSERT_EQ(cg_set_threaded(machine.node("a")), 0);
	EXPECT_EQ(cg_node_type(machine.node("b")), CG_DOMAIN);
	EXPECT_EQ(machine.spawn("u", machine.node("b")), 0);
	machine.check();
}

TEST(CgSetSubtreeControl, NoDomainControllerInsideAThreadedSubtree)
{
	Machine machine("0-7", "", everything);
	machine.make("a");
	machine.make("a/b");
	cg_set_subtree_control(&machine.tree->root, everything, 0);
	cg_set_threaded(machine.node("a/b"));
	EXPECT_EQ(cg_set_subtree_control(machine.node("a"), CG_HAS_MEMORY, 0), -EOPNOTSUPP);
	EXPECT_EQ(cg_set_subtree_control(machine.node("a"), CG_HAS_CPU, 0), 0);
	EXPECT_EQ(cg_set_subtree_control(machine.node("a/b"), CG_HAS_CPU, 0), 0);
}
