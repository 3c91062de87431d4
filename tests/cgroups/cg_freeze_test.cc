// SPDX-License-Identifier: Apache-2.0
/* Freezing, where members take their time to stop. */
#include <cerrno>

#include <gtest/gtest.h>

#include "tests/cgroups/machine.h"

namespace
{

/* What changed in a node since the last call. */
unsigned int changes(Machine &machine, const struct cg_node *wanted)
{
	unsigned int what, found = 0;
	while (struct cg_node *node = cg_next_changed_node(machine.tree.get(), &what))
		if (node == wanted)
			found = what;
	cg_forget_changes(machine.tree.get());
	return found;
}

class Freeze : public testing::Test
{
      protected:
	Freeze()
	{
		cg_count_running(machine.tree.get());
		machine.make("a");
		machine.make("a/b");
		top = machine.node("a");
		below = machine.node("a/b");
		cg_forget_changes(machine.tree.get());
	}
	~Freeze() override
	{
		machine.check();
	}

	Machine machine;
	struct cg_node *top, *below;
};

TEST_F(Freeze, AnEmptyGroupIsFrozenAtOnce)
{
	EXPECT_EQ(cg_set_freeze(top, 1), 0);
	EXPECT_TRUE(cg_node_is_frozen(top) && cg_node_is_frozen(below));
	EXPECT_FALSE(below->freeze);
	EXPECT_EQ(changes(machine, below), CG_CHANGED_FREEZE | CG_CHANGED_FROZEN);
	EXPECT_EQ(cg_set_freeze(top, 1), 0);
	EXPECT_EQ(changes(machine, top), 0U);
	EXPECT_EQ(machine.make("a/new"), 0);
	EXPECT_TRUE(cg_node_is_frozen(machine.node("a/new")));
	EXPECT_EQ(cg_set_freeze(top, 2), -ERANGE);
	EXPECT_EQ(cg_set_freeze(&machine.tree->root, 1), -EACCES);
}

TEST_F(Freeze, FrozenOnceAllHaveStopped)
{
	machine.spawn("one", top);
	machine.spawn("two", below);
	cg_forget_changes(machine.tree.get());
	cg_set_freeze(top, 1);
	EXPECT_TRUE(cg_node_freezes(below));
	EXPECT_FALSE(cg_node_is_frozen(top) || cg_node_is_frozen(below));
	EXPECT_EQ(changes(machine, top), (unsigned int)CG_CHANGED_FREEZE);
	cg_member_stopped(machine.member("two"));
	EXPECT_TRUE(cg_node_is_frozen(below));
	EXPECT_FALSE(cg_node_is_frozen(top));
	cg_member_stopped(machine.member("one"));
	cg_member_stopped(machine.member("one"));
	EXPECT_TRUE(cg_node_is_frozen(top));
	EXPECT_EQ(changes(machine, top), (unsigned int)CG_CHANGED_FROZEN);
	cg_set_freeze(top, 0);
	EXPECT_FALSE(cg_node_is_frozen(top) || cg_node_is_frozen(below));
	cg_member_continued(machine.member("one"));
	cg_member_continued(machine.member("two"));
	machine.check();
}

TEST_F(Freeze, WhoComesInRuns)
{
	machine.spawn("one", &machine.tree->root);
	cg_set_freeze(below, 1);
	EXPECT_TRUE(cg_node_is_frozen(below));
	EXPECT_EQ(cg_move(machine.member("one"), below, CG_PROCESS), 0);
	EXPECT_FALSE(cg_node_is_frozen(below));
	cg_member_stopped(machine.member("one"));
	EXPECT_TRUE(cg_node_is_frozen(below));
	machine.fork("two", "one", CG_THREAD);
	EXPECT_FALSE(cg_node_is_frozen(below));
	machine.end("two");
	EXPECT_TRUE(cg_node_is_frozen(below));
	EXPECT_EQ(cg_move(machine.member("one"), top, CG_PROCESS), 0);
	EXPECT_FALSE(cg_node_is_frozen(top));
	machine.check();
	cg_member_continued(machine.member("one"));
}

TEST_F(Freeze, BothRequestsMustGo)
{
	cg_set_freeze(top, 1);
	cg_set_freeze(below, 1);
	changes(machine, below);
	cg_set_freeze(top, 0);
	EXPECT_TRUE(cg_node_is_frozen(below));
	EXPECT_FALSE(cg_node_is_frozen(top));
	EXPECT_EQ(changes(machine, below), 0U);
	cg_set_freeze(below, 0);
	EXPECT_FALSE(cg_node_is_frozen(below));
}

} // namespace
