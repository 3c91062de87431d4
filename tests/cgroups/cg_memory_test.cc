// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/cgroups/machine.h"

static const cg_controllers everything = CG_THREADED_CONTROLLERS | CG_HAS_MEMORY;

struct MemoryMachine : Machine {
	MemoryMachine() : Machine("0-7", "", everything)
	{
		make("a");
		make("a/b");
		make("a/b/c");
		for (const char *path : {"", "a", "a/b"})
			cg_set_subtree_control(node(path), CG_HAS_MEMORY, 0);
		cg_forget_changes(tree.get());
	}

	/* What changed in a node since the last time. */
	unsigned int changed(const std::string &path)
	{
		unsigned int what, answer = 0;
		while (struct cg_node *next = cg_next_changed_node(tree.get(), &what))
			if (next == node(path))
				answer |= what;
		return answer;
	}
};

TEST(CgSetMemoryMax, TakesPagesAndTellsTheSystem)
{
	MemoryMachine machine;
	struct cg_node *a = machine.node("a");
	EXPECT_EQ(a->memory_max, CG_MEMORY_NONE);
	EXPECT_EQ(cg_set_memory_max(a, 0), 0);
	EXPECT_EQ(a->memory_max, 0U);
	EXPECT_EQ(machine.changed("a"), CG_CHANGED_MEMORY_MAX);
	EXPECT_EQ(cg_set_memory_max(a, CG_MEMORY_NONE - 1), 0);
	EXPECT_EQ(a->memory_max, CG_MEMORY_NONE - 1);
	EXPECT_EQ(cg_set_memory_max(a, UINT64_MAX), 0);
	EXPECT_EQ(a->memory_max, CG_MEMORY_NONE);
	machine.check();
}

TEST(CgSetMemoryMax, RefusesTheRootAndTheDead)
{
	MemoryMachine machine;
	struct cg_node *c = machine.node("a/b/c");
	EXPECT_EQ(cg_set_memory_max(&machine.tree->root, 1), -EACCES);
	EXPECT_EQ(cg_set_memory_oom_group(&machine.tree->root, 1), -EACCES);
	ASSERT_EQ(cg_remove(c), 0);
	EXPECT_EQ(cg_set_memory_max(c, 1), -ENODEV);
	EXPECT_EQ(cg_set_memory_oom_group(c, 1), -ENODEV);
}

TEST(CgSetMemoryOomGroup, TakesZeroAndOne)
{
	MemoryMachine machine;
	struct cg_node *a = machine.node("a");
	EXPECT_EQ(cg_set_memory_oom_group(a, 1), 0);
	EXPECT_TRUE(a->memory_oom_group);
	EXPECT_EQ(cg_set_memory_oom_group(a, 2), -EINVAL);
	EXPECT_EQ(cg_set_memory_oom_group(a, -1), -EINVAL);
	EXPECT_TRUE(a->memory_oom_group);
	EXPECT_EQ(cg_set_memory_oom_group(a, 0), 0);
	EXPECT_FALSE(a->memory_oom_group);
}

TEST(CgMemoryEvent, CountsOnTheWayUpAndHere)
{
	MemoryMachine machine;
	struct cg_node *a = machine.node("a"), *b = machine.node("a/b");
	cg_memory_event(b, CG_MEMORY_EVENT_OOM);
	EXPECT_EQ(b->memory_events[CG_MEMORY_EVENT_OOM], 1U);
	EXPECT_EQ(b->memory_events_here[CG_MEMORY_EVENT_OOM], 1U);
	EXPECT_EQ(a->memory_events[CG_MEMORY_EVENT_OOM], 1U);
	EXPECT_EQ(a->memory_events_here[CG_MEMORY_EVENT_OOM], 0U);
	EXPECT_EQ(machine.node("a/b/c")->memory_events[CG_MEMORY_EVENT_OOM], 0U);
	EXPECT_EQ(b->memory_events[CG_MEMORY_EVENT_MAX], 0U);
	EXPECT_EQ(machine.tree->root.memory_events[CG_MEMORY_EVENT_OOM], 0U);
	cg_memory_event(&machine.tree->root, CG_MEMORY_EVENT_OOM);
	EXPECT_EQ(machine.tree->root.memory_events_here[CG_MEMORY_EVENT_OOM], 0U);
	EXPECT_EQ(machine.changed("a"), CG_CHANGED_MEMORY_EVENTS);
	cg_memory_event(b, CG_MEMORY_EVENT_OOM);
	EXPECT_EQ(machine.changed("a/b"), CG_CHANGED_MEMORY_EVENTS | CG_CHANGED_MEMORY_LOCAL);
}

TEST(CgMemoryOomGroup, IsTheHighestBelowTheLimit)
{
	MemoryMachine machine;
	struct cg_node *a = machine.node("a"), *b = machine.node("a/b"), *c = machine.node("a/b/c");
	EXPECT_EQ(cg_memory_oom_group(c, a), nullptr);
	cg_set_memory_oom_group(c, 1);
	EXPECT_EQ(cg_memory_oom_group(c, a), c);
	EXPECT_EQ(cg_memory_oom_group(b, a), nullptr);
	cg_set_memory_oom_group(a, 1);
	EXPECT_EQ(cg_memory_oom_group(c, a), a);
	EXPECT_EQ(cg_memory_oom_group(b, a), a);
	EXPECT_EQ(cg_memory_oom_group(c, b), c);
	EXPECT_EQ(cg_memory_oom_group(&machine.tree->root, &machine.tree->root), nullptr);
}

TEST(CgSetSubtreeControl, ForgetsWhatMemoryHadSet)
{
	MemoryMachine machine;
	struct cg_node *c = machine.node("a/b/c");
	cg_set_memory_max(c, 5);
	cg_set_memory_oom_group(c, 1);
	cg_memory_event(c, CG_MEMORY_EVENT_MAX);
	machine.changed("");
	ASSERT_EQ(cg_set_subtree_control(machine.node("a/b"), 0, CG_HAS_MEMORY), 0);
	EXPECT_EQ(c->memory_max, CG_MEMORY_NONE);
	EXPECT_FALSE(c->memory_oom_group);
	EXPECT_EQ(c->memory_events[CG_MEMORY_EVENT_MAX], 0U);
	EXPECT_EQ(c->memory_events_here[CG_MEMORY_EVENT_MAX], 0U);
	EXPECT_TRUE(machine.changed("a/b/c") & CG_CHANGED_MEMORY_MAX);
	machine.check();
}

TEST(CgSetSubtreeControl, MemoryComesOnlyWhereThereAreNoTasks)
{
	MemoryMachine machine;
	struct cg_node *b = machine.node("a/b");
	ASSERT_EQ(cg_set_subtree_control(b, 0, CG_HAS_MEMORY), 0);
	ASSERT_EQ(machine.spawn("t", b), 0);
	EXPECT_EQ(cg_set_subtree_control(b, CG_HAS_MEMORY, 0), -EBUSY);
	EXPECT_EQ(cg_move(machine.member("t"), machine.node("a"), CG_PROCESS), -EBUSY);
	EXPECT_EQ(cg_move(machine.member("t"), machine.node("a/b/c"), CG_PROCESS), 0);
	EXPECT_EQ(cg_set_subtree_control(b, CG_HAS_MEMORY, 0), 0);
	machine.check();
}
