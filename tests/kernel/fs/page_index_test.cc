// SPDX-License-Identifier: Apache-2.0
/*
 * page_index_test.cc - the pages of a file by number: found, cut off, none lost, no node left over.
 */
#include <gtest/gtest.h>

#include <map>
#include <random>

extern "C" {
#include "tests/kernel/fs/page_index_on_host.h"
}

namespace {

constexpr uint64_t kEnd = 1ULL << 36; /* page numbers that have a place */

class PageIndex : public ::testing::Test {
protected:
	void SetUp() override
	{
		index_nodes = 0;
		index_nodes_max = -1;
		index_pages_put = 0;
		fixture = index_create();
	}
	void TearDown() override
	{
		index_destroy(fixture);
		EXPECT_EQ(index_nodes, 0) << "nodes were left behind";
	}

	struct index_fixture *fixture;
};

TEST_F(PageIndex, FindsNothingInAnEmptyFile)
{
	EXPECT_EQ(index_get(fixture, 0), 0u);
	EXPECT_EQ(index_get(fixture, kEnd - 1), 0u);
	EXPECT_EQ(index_cut(fixture, 0), 0u);
}

TEST_F(PageIndex, FindsPagesAtBothSidesOfEveryHeight)
{
	for (uint64_t border = 1; border < kEnd; border *= 64) {
		ASSERT_EQ(index_put(fixture, border - 1, border), 0);
		ASSERT_EQ(index_put(fixture, border, border + 1), 0);
	}
	ASSERT_EQ(index_put(fixture, kEnd - 1, 77), 0);
	EXPECT_EQ(index_get(fixture, 63), 64u);
	EXPECT_EQ(index_get(fixture, 64), 65u);
	EXPECT_EQ(index_get(fixture, 4095), 4096u);
	EXPECT_EQ(index_get(fixture, 4096), 4097u);
	EXPECT_EQ(index_get(fixture, 65), 0u);
	EXPECT_EQ(index_get(fixture, kEnd - 1), 77u);
}

TEST_F(PageIndex, CutsInTheMiddleOfALeaf)
{
	for (uint64_t i = 0; i < 200; i++)
		ASSERT_EQ(index_put(fixture, i, i + 1), 0);
	EXPECT_EQ(index_cut(fixture, 100), 100u);
	EXPECT_EQ(index_get(fixture, 99), 100u);
	EXPECT_EQ(index_get(fixture, 100), 0u);
	EXPECT_EQ(index_pages_put, 100u);
}

TEST_F(PageIndex, AnswersNoMemoryAndStaysWhole)
{
	ASSERT_EQ(index_put(fixture, 5, 6), 0);
	index_nodes_max = index_nodes + 2;
	EXPECT_EQ(index_put(fixture, 1ULL << 30, 7), -1);
	EXPECT_EQ(index_get(fixture, 5), 6u);
	index_nodes_max = -1;
	EXPECT_EQ(index_put(fixture, 1ULL << 30, 7), 0);
	EXPECT_EQ(index_get(fixture, 1ULL << 30), 7u);
}

TEST_F(PageIndex, AgreesWithAMapOverTenThousandRandomSteps)
{
	const unsigned int seed = std::random_device{}();
	SCOPED_TRACE(seed);
	std::mt19937_64 random(seed);
	std::map<uint64_t, uintptr_t> model;

	for (int step = 0; step < 10000; step++) {
		uint64_t number = (random() % kEnd) >> (random() % 37);

		if (random() % 100 == 0) {
			auto first = model.lower_bound(number);
			auto gone = static_cast<uint64_t>(std::distance(first, model.end()));

			ASSERT_EQ(index_cut(fixture, number), gone);
			model.erase(first, model.end());
			if (model.empty() && number == 0) {
				ASSERT_EQ(index_nodes, 0);
			}
		} else {
			ASSERT_EQ(index_put(fixture, number, step + 1), 0);
			model[number] = step + 1;
		}
		number = (random() % kEnd) >> (random() % 37);
		auto found = model.find(number);
		ASSERT_EQ(index_get(fixture, number), found == model.end() ? 0 : found->second);
	}
	for (auto [number, page] : model)
		ASSERT_EQ(index_get(fixture, number), page);
}

} // namespace
