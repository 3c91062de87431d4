// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/cgroups/machine.h"

TEST(CgSetQos, RulesBelowUntilSomebodyNearerSpeaks)
{
	Machine machine;
	struct cg_node *a = machine.group("a"), *b = machine.group("a/b"), *c = machine.group("a/b/c");
	EXPECT_EQ(cg_node_qos(c), CG_QOS_NORMAL);
	ASSERT_EQ(cg_set_qos(a, CG_QOS_INTERACTIVE), 0);
	EXPECT_EQ(cg_node_qos(c), CG_QOS_INTERACTIVE);
	ASSERT_EQ(cg_set_qos(b, CG_QOS_PERF_BURST), 0);
	EXPECT_EQ(cg_node_qos(a), CG_QOS_INTERACTIVE);
	EXPECT_EQ(cg_node_qos(c), CG_QOS_PERF_BURST);
	ASSERT_EQ(cg_set_qos(b, CG_QOS_INHERITED), 0);
	EXPECT_EQ(cg_node_qos(c), CG_QOS_INTERACTIVE);
	cg_check(machine.tree.get());
}

TEST(CgSetQos, IdleIsIdleAmongSiblingsOnly)
{
	Machine machine;
	struct cg_node *a = machine.group("a"), *b = machine.group("a/b");
	ASSERT_EQ(cg_set_weight(a, 250), 0);
	ASSERT_EQ(cg_set_qos(a, CG_QOS_IDLE), 0);
	EXPECT_EQ(cg_node_shares(a), (uint32_t)CG_SHARES_IDLE);
	EXPECT_EQ(cg_node_shares(b), (uint32_t)CG_SHARES_DEFAULT);
	EXPECT_EQ(cg_node_qos(b), CG_QOS_IDLE);
	EXPECT_EQ(cg_node_weight(a), 1U);
	EXPECT_EQ(cg_node_nice(a), 19);
	ASSERT_EQ(cg_set_qos(a, CG_QOS_NORMAL), 0);
	EXPECT_EQ(cg_node_weight(a), 250U);
	EXPECT_EQ(cg_node_shares(a), 2560U);
	ASSERT_EQ(cg_set_qos(a, CG_QOS_IDLE), 0);
	ASSERT_EQ(cg_set_weight(a, 500), 0);
	EXPECT_EQ(cg_node_weight(a), 1U);
	ASSERT_EQ(cg_set_qos(a, CG_QOS_INHERITED), 0);
	EXPECT_EQ(cg_node_weight(a), 500U);
}

TEST(CgSetQos, QueuesTheNodesBelowAndNobodyForNothing)
{
	Machine machine;
	struct cg_node *a = machine.group("a");
	machine.group("a/b");
	machine.group("c");
	cg_forget_changes(machine.tree.get());
	ASSERT_EQ(cg_set_qos(a, CG_QOS_INTERACTIVE), 0);
	unsigned int what, count = 0;
	while (cg_next_changed_node(machine.tree.get(), &what)) {
		EXPECT_EQ(what, (unsigned int)CG_CHANGED_QOS);
		count++;
	}
	EXPECT_EQ(count, 2U);
	ASSERT_EQ(cg_set_qos(a, CG_QOS_INTERACTIVE), 0);
	EXPECT_EQ(cg_next_changed_node(machine.tree.get(), &what), nullptr);
}

TEST(CgSetQos, RefusesTheRootAndTheDead)
{
	Machine machine;
	EXPECT_EQ(cg_set_qos(&machine.tree->root, CG_QOS_IDLE), -EACCES);
	EXPECT_EQ(cg_set_latency(&machine.tree->root, 1000), -EACCES);
}

TEST(CgSetLatency, KeepsToTheLimits)
{
	Machine machine;
	struct cg_node *a = machine.group("a"), *b = machine.group("a/b");
	EXPECT_EQ(cg_set_latency(a, CG_LATENCY_MIN_US - 1), -ERANGE);
	EXPECT_EQ(cg_set_latency(a, CG_LATENCY_MAX_US + 1), -ERANGE);
	EXPECT_EQ(cg_set_latency(a, UINT64_MAX), -ERANGE);
	EXPECT_EQ(cg_node_latency_us(b), (uint32_t)CG_LATENCY_NONE);
	ASSERT_EQ(cg_set_latency(a, CG_LATENCY_MIN_US), 0);
	EXPECT_EQ(cg_node_latency_us(b), (uint32_t)CG_LATENCY_MIN_US);
	ASSERT_EQ(cg_set_latency(b, CG_LATENCY_MAX_US), 0);
	EXPECT_EQ(cg_node_latency_us(b), (uint32_t)CG_LATENCY_MAX_US);
	ASSERT_EQ(cg_set_latency(b, CG_LATENCY_NONE), 0);
	EXPECT_EQ(cg_node_latency_us(b), (uint32_t)CG_LATENCY_MIN_US);
}
