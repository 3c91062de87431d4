// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/cgroups/machine.h"

static int pin(Machine &machine, const char *name, const char *list)
{
	struct cpumask mask = mask_of(list);
	return cg_pin(machine.member(name), &mask);
}

TEST(CgPin, AllowsWhatTheNodeHasOfIt)
{
	Machine machine;
	machine.group("a");
	machine.set_cpus("a", "0-3");
	machine.spawn("t", machine.node("a"));
	ASSERT_EQ(pin(machine, "t", "2-5"), 0);
	EXPECT_EQ(machine.allowed("t"), "2-3");
	machine.check();
}

TEST(CgPin, RefusesWhatTheNodeLacks)
{
	Machine machine;
	machine.group("a");
	machine.set_cpus("a", "0-3");
	machine.spawn("t", machine.node("a"));
	pin(machine, "t", "1");
	std::string before = machine.image();
	EXPECT_EQ(pin(machine, "t", "4"), -EINVAL);
	EXPECT_EQ(pin(machine, "t", ""), -EINVAL);
	EXPECT_EQ(machine.image(), before);
}

TEST(CgPin, IsKeptOverEveryChangeOfTheNode)
{
	Machine machine;
	machine.group("a");
	machine.set_cpus("a", "0-3");
	machine.spawn("t", machine.node("a"));
	pin(machine, "t", "1");
	machine.set_cpus("a", "2-3");
	EXPECT_EQ(machine.allowed("t"), "2-3");
	machine.set_cpus("a", "1-3");
	EXPECT_EQ(machine.allowed("t"), "1");
	struct cpumask online = mask_of("0,2-7");
	cg_set_online(machine.tree.get(), &online);
	EXPECT_EQ(machine.allowed("t"), "2-3");
	online = mask_of("0-7");
	cg_set_online(machine.tree.get(), &online);
	EXPECT_EQ(machine.allowed("t"), "1");
	machine.check();
}

TEST(CgPin, RemembersCpusNotAllowedNow)
{
	Machine machine;
	machine.group("a");
	machine.set_cpus("a", "0-3");
	machine.spawn("t", machine.node("a"));
	pin(machine, "t", "3-5");
	machine.set_cpus("a", "4-7");
	EXPECT_EQ(machine.allowed("t"), "4-5");
}

TEST(CgFork, CopiesNodeAndPin)
{
	Machine machine;
	machine.group("a");
	machine.set_cpus("a", "0-3");
	machine.spawn("t", machine.node("a"));
	pin(machine, "t", "3-5");
	ASSERT_EQ(machine.fork("u", "t", CG_PROCESS), 0);
	EXPECT_EQ(machine.member("u")->node, machine.node("a"));
	EXPECT_EQ(machine.allowed("u"), "3");
	EXPECT_TRUE(machine.member("u")->leads);
	EXPECT_EQ(machine.member("u")->pid, machine.member("u")->tid);
	machine.set_cpus("a", "4-7");
	EXPECT_EQ(machine.allowed("u"), "4-5");
	machine.check();
}

TEST(CgFork, AThreadJoinsItsProcess)
{
	Machine machine;
	machine.spawn("t", machine.node("."));
	ASSERT_EQ(machine.fork("x", "t", CG_THREAD), 0);
	ASSERT_EQ(machine.fork("y", "x", CG_THREAD), 0);
	EXPECT_EQ(machine.member("y")->pid, machine.member("t")->tid);
	EXPECT_FALSE(machine.member("y")->leads);
	machine.check();
	machine.end("t");
	EXPECT_NE(machine.member("x")->leads, machine.member("y")->leads);
	machine.check();
	machine.end("x");
	EXPECT_TRUE(machine.member("y")->leads);
	machine.check();
}

TEST(CgFork, GoesIntoAnotherNode)
{
	Machine machine;
	machine.group("a");
	machine.set_cpus("a", "2");
	machine.spawn("t", machine.node("."));
	pin(machine, "t", "1-3");
	ASSERT_EQ(machine.fork("u", "t", CG_PROCESS, machine.node("a")), 0);
	EXPECT_EQ(machine.allowed("u"), "2");
	EXPECT_EQ(machine.member("t")->node, machine.node("."));
	/* one thread alone cannot leave its resource domain */
	EXPECT_EQ(machine.fork("v", "t", CG_THREAD, machine.node("a")), -EOPNOTSUPP);
	machine.check();
}

TEST(CgFork, RefusesABadNode)
{
	Machine machine;
	machine.group("a/b");
	struct cg_node *b = machine.node("a/b");
	machine.spawn("t", machine.node("."));
	machine.spawn("u", machine.node("a"));
	EXPECT_EQ(cg_node_type(b), CG_DOMAIN_INVALID);
	EXPECT_EQ(machine.fork("v", "t", CG_PROCESS, b), -EOPNOTSUPP);
	machine.remove("a/b");
	EXPECT_EQ(machine.fork("v", "t", CG_PROCESS, b), -ENODEV);
}

TEST(CgFork, StopsAtPidsMaxAndCountsIt)
{
	Machine machine;
	machine.group("a/b");
	machine.make("a/b/c");
	struct cg_node *a = machine.node("a"), *b = machine.node("a/b"), *c = machine.node("a/b/c");
	machine.spawn("t", c);
	ASSERT_EQ(cg_set_pids_max(b, 2), 0);
	EXPECT_EQ(machine.fork("u", "t", CG_PROCESS), 0);
	cg_forget_changes(machine.tree.get());
	EXPECT_EQ(machine.fork("v", "t", CG_THREAD), -EAGAIN);
	EXPECT_EQ(b->pids_refused_here, 1U);
	EXPECT_EQ(b->pids_refused, 1U);
	EXPECT_EQ(a->pids_refused, 1U);
	EXPECT_EQ(a->pids_refused_here, 0U);
	EXPECT_EQ(c->pids_refused, 0U);
	unsigned int what;
	EXPECT_EQ(cg_next_changed_node(machine.tree.get(), &what), b);
	EXPECT_EQ(what, (unsigned int)CG_CHANGED_PIDS);
	machine.end("u");
	EXPECT_EQ(machine.fork("v", "t", CG_THREAD), 0);
	machine.check();
}

TEST(CgSetPidsMax, KeepsToTheLimitsAndLetsAttachPass)
{
	Machine machine;
	struct cg_node *a = machine.group("a");
	EXPECT_EQ(cg_set_pids_max(a, 0), 0);
	EXPECT_EQ(machine.spawn("t", a), 0);
	EXPECT_EQ(machine.fork("u", "t", CG_PROCESS), -EAGAIN);
	EXPECT_EQ(cg_set_pids_max(a, CG_PIDS_MAX), 0);
	EXPECT_EQ(cg_set_pids_max(a, CG_LIMIT_NONE), 0);
	EXPECT_EQ(cg_set_pids_max(a, CG_PIDS_MAX + 1), -EINVAL);
	EXPECT_EQ(cg_set_pids_max(a, -1), -EINVAL);
	EXPECT_EQ(cg_set_pids_max(&machine.tree->root, 1), -EACCES);
}

TEST(CgMove, TakesTheWholeProcess)
{
	Machine machine;
	machine.group("a");
	machine.set_cpus("a", "2");
	machine.spawn("t", machine.node("."));
	machine.fork("x", "t", CG_THREAD);
	machine.fork("u", "t", CG_PROCESS);
	ASSERT_EQ(cg_move(machine.member("x"), machine.node("a"), CG_PROCESS), 0);
	EXPECT_EQ(machine.allowed("t"), "2");
	EXPECT_EQ(machine.allowed("x"), "2");
	EXPECT_EQ(machine.allowed("u"), "0-7");
	EXPECT_EQ(machine.node("a")->task_count, 2);
	EXPECT_EQ(machine.tree->root.task_count, 3);
	machine.check();
}

TEST(CgMove, TakesOneThreadInsideItsDomainOnly)
{
	Machine machine;
	machine.group("a/b");
	machine.group("c");
	cg_set_threaded(machine.node("a/b"));
	machine.spawn("t", machine.node("a"));
	machine.fork("x", "t", CG_THREAD);
	ASSERT_EQ(cg_move(machine.member("x"), machine.node("a/b"), CG_THREAD), 0);
	EXPECT_EQ(machine.member("t")->node, machine.node("a"));
	machine.check();
	std::string before = machine.image();
	EXPECT_EQ(cg_move(machine.member("x"), machine.node("c"), CG_THREAD), -EOPNOTSUPP);
	EXPECT_EQ(machine.image(), before);
	EXPECT_EQ(cg_move(machine.member("x"), machine.node("c"), CG_PROCESS), 0);
	EXPECT_EQ(machine.member("t")->node, machine.node("c"));
	EXPECT_EQ(cg_node_is_populated(machine.node("a")), false);
	machine.check();
}

TEST(CgMove, AWholeProcessMayEnterAThreadedNode)
{
	Machine machine;
	machine.group("a/b");
	cg_set_threaded(machine.node("a/b"));
	machine.spawn("t", machine.node("."));
	EXPECT_EQ(cg_move(machine.member("t"), machine.node("a/b"), CG_PROCESS), 0);
	machine.check();
}

TEST(CgMove, RefusesDeadInvalidAndBusyNodes)
{
	Machine machine("0-7", "", CG_THREADED_CONTROLLERS | CG_HAS_MEMORY);
	machine.make("a");
	machine.make("a/b");
	cg_set_subtree_control(&machine.tree->root, CG_HAS_MEMORY | CG_HAS_CPU, 0);
	cg_set_subtree_control(machine.node("a"), CG_HAS_MEMORY, 0);
	machine.spawn("t", machine.node("."));
	std::string before = machine.image();
	EXPECT_EQ(cg_move(machine.member("t"), machine.node("a"), CG_PROCESS), -EBUSY);
	EXPECT_EQ(machine.image(), before);
	struct cg_node *b = machine.node("a/b");
	machine.remove("a/b");
	EXPECT_EQ(cg_move(machine.member("t"), b, CG_PROCESS), -ENODEV);
}

TEST(CgMove, TellsWhoMovedAndWhatBecamePopulated)
{
	Machine machine;
	machine.group("a/b");
	machine.group("a/c");
	cg_set_subtree_control(machine.node("a"), 0, CG_THREADED_CONTROLLERS);
	machine.spawn("t", machine.node("a/b"));
	cg_forget_changes(machine.tree.get());
	ASSERT_EQ(cg_move(machine.member("t"), machine.node("a/c"), CG_PROCESS), 0);
	unsigned int what;
	/* a stays populated all the time and is not told */
	EXPECT_EQ(cg_next_changed_node(machine.tree.get(), &what), machine.node("a/c"));
	EXPECT_EQ(what, (unsigned int)CG_CHANGED_EVENTS);
	EXPECT_EQ(cg_next_changed_node(machine.tree.get(), &what), machine.node("a/b"));
	EXPECT_EQ(cg_next_changed_node(machine.tree.get(), &what), nullptr);
	EXPECT_EQ(cg_next_changed_member(machine.tree.get()), machine.member("t"));
	EXPECT_EQ(cg_next_changed_member(machine.tree.get()), nullptr);
	ASSERT_EQ(cg_move(machine.member("t"), machine.node("a/c"), CG_PROCESS), 0);
	EXPECT_EQ(cg_next_changed_member(machine.tree.get()), nullptr);
}

TEST(CgAttachKernelThread, IsNeverMovedPinnedOrMasked)
{
	Machine machine("0-7", "0-3");
	machine.group("a");
	struct cg_member thread;
	cg_attach_kernel_thread(&thread, machine.tree.get(), 2);
	struct cpumask mask = mask_of("1");
	EXPECT_EQ(cg_pin(&thread, &mask), -EINVAL);
	EXPECT_EQ(cg_move(&thread, machine.node("a"), CG_PROCESS), -EINVAL);
	EXPECT_EQ(cg_move(&thread, machine.node("a"), CG_THREAD), -EINVAL);
	mask = mask_of("0-1");
	cg_set_online(machine.tree.get(), &mask);
	EXPECT_EQ(list_of(thread.allowed), "0-7");
	machine.check();
	cg_detach(&thread);
	machine.check();
}

TEST(CgDetach, TakesItsNewsOffTheQueue)
{
	Machine machine;
	machine.group("a");
	machine.spawn("t", machine.node("a"));
	machine.set_cpus("a", "1");
	machine.end("t");
	EXPECT_EQ(cg_next_changed_member(machine.tree.get()), nullptr);
	EXPECT_FALSE(cg_node_is_populated(machine.node("a")));
	machine.check();
}

TEST(CgNextMember, GoesThroughOneNodeInOrderOfArrival)
{
	Machine machine;
	machine.group("a/b");
	machine.spawn("t", machine.node("."));
	machine.spawn("u", machine.node("."));
	EXPECT_EQ(cg_next_member(machine.node("."), nullptr), machine.member("t"));
	EXPECT_EQ(cg_next_member(machine.node("."), machine.member("t")), machine.member("u"));
	EXPECT_EQ(cg_next_member(machine.node("."), machine.member("u")), nullptr);
	EXPECT_EQ(cg_next_member(machine.node("a"), nullptr), nullptr);
}

/* CPUs 6-7 are isolated at boot; "init" is what the system starts. */
class CgFirstMask : public testing::Test
{
      protected:
	CgFirstMask()
	{
		struct cpumask isolated = mask_of("6-7");
		cg_tree_set_isolated(machine.tree.get(), &isolated);
		machine.spawn("init", machine.node("."));
		machine.fork("child", "init", CG_PROCESS);
	}
	~CgFirstMask() override
	{
		machine.check();
	}
	Machine machine;
};

TEST_F(CgFirstMask, KeepsOffIsolatedCpusAndIsInherited)
{
	EXPECT_EQ(machine.allowed("init"), "0-5");
	EXPECT_EQ(machine.allowed("child"), "0-5");
	EXPECT_EQ(machine.effective(""), "0-7");
}

TEST_F(CgFirstMask, GivesWayToAPin)
{
	EXPECT_EQ(pin(machine, "child", "5-7"), 0);
	EXPECT_EQ(machine.allowed("child"), "5-7");
	EXPECT_EQ(machine.allowed("init"), "0-5");
}

TEST_F(CgFirstMask, GivesWayToAnotherMaskOfItsNodeOnly)
{
	machine.group("same");
	machine.group("other");
	machine.set_cpus("other", "4-7");
	EXPECT_EQ(cg_move(machine.member("child"), machine.node("same"), CG_PROCESS), 0);
	EXPECT_EQ(machine.allowed("child"), "0-5");
	EXPECT_EQ(cg_move(machine.member("init"), machine.node("other"), CG_PROCESS), 0);
	EXPECT_EQ(machine.allowed("init"), "4-7");
	machine.set_cpus("same", "2-7");
	EXPECT_EQ(machine.allowed("child"), "2-7");
}

TEST_F(CgFirstMask, OutlivesHotplugButNoPartition)
{
	struct cpumask online = mask_of("0-3,6-7");
	cg_set_online(machine.tree.get(), &online);
	EXPECT_EQ(machine.allowed("init"), "0-3");
	online = mask_of("6-7");
	cg_set_online(machine.tree.get(), &online);
	EXPECT_EQ(machine.allowed("init"), "6-7") << "rather there than nowhere";
	online = mask_of("0-7");
	cg_set_online(machine.tree.get(), &online);
	EXPECT_EQ(machine.allowed("init"), "0-5");
	machine.group("p");
	machine.set_cpus("p", "0");
	cg_set_partition(machine.node("p"), CG_ROOT, CG_PRIVILEGED);
	EXPECT_EQ(machine.allowed("init"), "1-7");
}
