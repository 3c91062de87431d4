// SPDX-License-Identifier: Apache-2.0
/*
 * node_test.cc - whose an address is, and in which order nodes are asked.
 */
#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

extern "C" {
#define _Static_assert static_assert
#define _Noreturn      [[noreturn]]
#define restrict       __restrict
#include "kernel/mm/node.h"
#undef restrict

void node_forget(void);

[[noreturn]] void assertion_failed(const char *expression, const char *file, int line)
{
	std::fprintf(stderr, "%s:%d: %s\n", file, line, expression);
	std::abort();
}
}

namespace {

class Node : public ::testing::Test {
protected:
	void SetUp() override
	{
		node_forget();
	}

	static std::vector<int> Order(unsigned from)
	{
		unsigned count;
		const uint8_t *order = node_order(from, &count);
		return { order, order + count };
	}
};

TEST_F(Node, IsNode0WhenNothingIsSaid)
{
	paddr_t end;
	node_settle();
	EXPECT_EQ(node_count, 1U);
	EXPECT_EQ(nodes_with_memory, 1U);
	EXPECT_EQ(node_of_address(0x80000000, &end), 0U);
	EXPECT_EQ(end, UINT64_MAX);
	EXPECT_EQ(Order(0), (std::vector<int>{ 0 }));
	EXPECT_EQ(node_distance(0, 0), 10);
}

TEST_F(Node, FindsTheOwnerOfAnAddress)
{
	paddr_t end;
	node_add_memory(0, 0x1000, 0x3000);
	node_add_memory(5, 0x4000, 0x9000);
	node_settle();
	EXPECT_EQ(node_count, 6U);
	EXPECT_EQ(nodes_with_memory, 0x21U);
	EXPECT_EQ(node_of_address(0x2fff, &end), 0U);
	EXPECT_EQ(end, 0x3000U);
	EXPECT_EQ(node_of_address(0x3000, &end), 0U); /* nobody's */
	EXPECT_EQ(end, 0x4000U);
	EXPECT_EQ(node_of_address(0x4000, &end), 5U);
	EXPECT_EQ(end, 0x9000U);
}

TEST_F(Node, AsksTheNearestFirst)
{
	for (unsigned node = 0; node < 4; node++)
		node_add_memory(node, node << 20, (node + 1) << 20);
	node_set_distance(0, 1, 40);
	node_set_distance(0, 2, 15);
	node_set_distance(0, 3, 30);
	node_settle();
	EXPECT_EQ(Order(0), (std::vector<int>{ 0, 2, 3, 1 }));
	EXPECT_EQ(node_distance(1, 0), 40);
	EXPECT_EQ(node_distance(1, 2), 20);
	EXPECT_EQ(Order(1), (std::vector<int>{ 1, 2, 3, 0 }));
	EXPECT_EQ(node_nearest(0, 0xa), 3U);
	EXPECT_EQ(node_nearest(0, 0xf), 0U);
}

TEST_F(Node, TurnsToTheNextNumberAmongEquals)
{
	for (unsigned node = 0; node < 4; node++)
		node_add_memory(node, node << 20, (node + 1) << 20);
	node_settle();
	EXPECT_EQ(Order(1), (std::vector<int>{ 1, 2, 3, 0 }));
	EXPECT_EQ(Order(3), (std::vector<int>{ 3, 0, 1, 2 }));
}

TEST_F(Node, NamesNoNodeWithoutMemory)
{
	node_add_cpu(0);
	node_add_memory(1, 0, 0x1000);
	node_add_cpu(2);
	node_settle();
	EXPECT_EQ(node_count, 3U);
	EXPECT_EQ(nodes_with_cpus, 5U);
	EXPECT_EQ(Order(0), (std::vector<int>{ 1 }));
	EXPECT_EQ(Order(2), (std::vector<int>{ 1 }));
	EXPECT_EQ(node_nearest(2, 4), 2U); /* none of the set has memory */
}

TEST_F(Node, TellsEachWayWhenBothAreGiven)
{
	node_add_memory(0, 0, 0x1000);
	node_add_memory(1, 0x1000, 0x2000);
	node_set_distance(0, 1, 25);
	node_set_distance(1, 0, 35);
	node_settle();
	EXPECT_EQ(node_distance(0, 1), 25);
	EXPECT_EQ(node_distance(1, 0), 35);
}

TEST_F(Node, KeepsAPlaceFromOneSetToAnother)
{
	EXPECT_EQ(node_remap(3, 0x0c, 0x03), 1U);
	EXPECT_EQ(node_remap(2, 0x0c, 0x03), 0U);
	EXPECT_EQ(node_remap(2, 0x07, 0x30), 4U); /* the third of two: around again */
	EXPECT_EQ(node_remap(1, 0x0c, 0x03), 1U); /* not one of them */
	EXPECT_EQ(node_remap(2, 0x04, 0), 2U);
	EXPECT_EQ(node_remap(63, UINT64_MAX, UINT64_MAX), 63U);
}

TEST_F(Node, AssertsOnANumberThatASetCannotHold)
{
	EXPECT_DEATH(node_add_cpu(NODES_MAX), "NODES_MAX");
}

} // namespace
