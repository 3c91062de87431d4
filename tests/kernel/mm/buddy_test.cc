// SPDX-License-Identifier: Apache-2.0
/*
 * buddy_test.cc - blocks of frames: aligned, disjoint, merged again, none lost.
 *
 * No memory stands behind the frames: the buddy only keeps books.
 */
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <vector>

extern "C" {
#define _Static_assert static_assert
#define _Noreturn      [[noreturn]]
#define restrict       __restrict
#include "kernel/mm/buddy.h"
#undef restrict

void assertion_failed(const char *expression, const char *file, int line)
{
	std::fprintf(stderr, "%s:%d: %s\n", file, line, expression);
	std::abort();
}
}

namespace {

/* Ranges of any shape, books included. */
class Buddy : public ::testing::Test {
protected:
	void SetUp() override
	{
		page_range_count = 0;
		buddy_init(&buddy);
	}

	void Add(paddr_t start, uint64_t frames)
	{
		books.emplace_back(frames, page{});
		for (page &frame : books.back())
			frame.kind = PAGE_RESERVED;
		page_range &range = page_ranges[page_range_count++];
		range.start = start;
		range.size = frames << PAGE_SHIFT;
		range.pages = books.back().data();
		buddy_add(&buddy, start, start + range.size);
		buddy_check(&buddy);
	}

	unsigned BlockCount()
	{
		unsigned count = 0;
		for (page_list &list : buddy.free) {
			page *block;
			LIST_FOREACH(block, &list, link)
				count++;
		}
		return count;
	}

	struct buddy buddy;
	std::vector<std::vector<page>> books;
};

TEST_F(Buddy, AddsEveryFrameOfAnOddRange)
{
	Add(0x80201000, 12345);
	EXPECT_EQ(buddy.free_pages, 12345U);
	EXPECT_EQ(buddy.total_pages, 12345U);
}

TEST_F(Buddy, GivesEveryFrameOnce)
{
	Add(0x80003000, 1021);
	for (int i = 0; i < 1021; i++) {
		page *frame = buddy_alloc(&buddy, 0);
		ASSERT_NE(frame, nullptr);
		ASSERT_EQ(frame->owner, nullptr);
		frame->owner = this;
	}
	EXPECT_EQ(buddy_alloc(&buddy, 0), nullptr);
	EXPECT_EQ(buddy.free_pages, 0U);
}

TEST_F(Buddy, RefusesABlockThatNoRangeHolds)
{
	Add(0x80000000, 1023);
	EXPECT_EQ(buddy_alloc(&buddy, PAGE_ORDER_MAX), nullptr);
	Add(0x90000000, 1024);
	EXPECT_NE(buddy_alloc(&buddy, PAGE_ORDER_MAX), nullptr);
	EXPECT_EQ(buddy_alloc(&buddy, PAGE_ORDER_MAX), nullptr);
}

TEST_F(Buddy, AlignsBlocksToTheirSize)
{
	Add(0x80001000, 4000);
	for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++) {
		page *block = buddy_alloc(&buddy, order);
		ASSERT_NE(block, nullptr);
		EXPECT_EQ(page_to_phys(block) % (PAGE_SIZE << order), 0U) << order;
		EXPECT_EQ(phys_to_page(page_to_phys(block)), block);
	}
}

TEST_F(Buddy, NeverMergesAcrossRanges)
{
	Add(0x80000000, 1);
	Add(0x80001000, 1);
	page *a = buddy_alloc(&buddy, 0), *b = buddy_alloc(&buddy, 0);
	buddy_free(&buddy, a, 0);
	buddy_free(&buddy, b, 0);
	buddy_check(&buddy);
	EXPECT_EQ(BlockCount(), 2U);
	EXPECT_EQ(buddy_alloc(&buddy, 1), nullptr);
}

TEST_F(Buddy, NeverMergesAcrossNodes)
{
	std::vector<page> frames(8, page{});
	for (int i = 3; i < 8; i++)
		frames[i].node = 1;
	page_ranges[page_range_count++] = { 0x80000000, 8 << PAGE_SHIFT, frames.data() };
	struct buddy other;
	buddy_init(&other);
	buddy_add(&buddy, 0x80000000, 0x80003000);
	buddy_add(&other, 0x80003000, 0x80008000);
	buddy_check(&buddy);
	buddy_check(&other);
	EXPECT_EQ(BlockCount(), 2U); /* 2 + 1 */
	EXPECT_EQ(buddy.free_pages, 3U);
	for (int i = 0; i < 5; i++) {
		page *frame = buddy_alloc(&other, 0);
		ASSERT_NE(frame, nullptr);
		EXPECT_EQ(frame->node, 1);
	}
	EXPECT_EQ(buddy_alloc(&other, 0), nullptr);
	buddy_free(&other, &frames[3], 0);
	buddy_check(&other);
	EXPECT_EQ(buddy_alloc(&buddy, 2), nullptr);
}

TEST_F(Buddy, LeavesReservedFramesAlone)
{
	std::vector<page> frames(64, page{});
	page_ranges[page_range_count++] = { 0x80000000, 64 << PAGE_SHIFT, frames.data() };
	buddy_add(&buddy, 0x80000000, 0x80010000);
	buddy_add(&buddy, 0x80011000, 0x80040000);
	buddy_check(&buddy);
	EXPECT_EQ(buddy.free_pages, 63U);
	for (int i = 0; i < 63; i++)
		EXPECT_NE(buddy_alloc(&buddy, 0), &frames[16]);
	EXPECT_EQ(buddy_alloc(&buddy, 0), nullptr);
	buddy_add(&buddy, 0x80010000, 0x80011000);
	EXPECT_EQ(buddy_alloc(&buddy, 0), &frames[16]);
}

TEST_F(Buddy, FindsTheRangeOfAnAddress)
{
	Add(0x80000000, 16);
	Add(0x90000000, 16);
	EXPECT_TRUE(phys_is_ram(0x80000000));
	EXPECT_TRUE(phys_is_ram(0x8000ffff));
	EXPECT_FALSE(phys_is_ram(0x80010000));
	EXPECT_FALSE(phys_is_ram(0x7fffffff));
	EXPECT_TRUE(phys_is_ram(0x9000ffff));
	EXPECT_FALSE(phys_is_ram(0));
}

TEST_F(Buddy, SurvivesRandomUseAndMergesEverythingAgain)
{
	Add(0x80207000, 9000);
	Add(0x84000000, 777);
	unsigned blocks = BlockCount();
	std::mt19937 random(20260101);
	struct held { page *block; unsigned order; };
	std::vector<held> held;
	for (int step = 0; step < 20000; step++) {
		if (held.empty() || random() % 2) {
			unsigned limit = random() % 4 ? 3 : PAGE_ORDER_MAX + 1;
			auto order = static_cast<unsigned>(random() % limit);
			page *block = buddy_alloc(&buddy, order);
			if (!block)
				continue;
			for (unsigned i = 0; i < 1U << order; i++) {
				ASSERT_EQ(block[i].owner, nullptr) << "step " << step;
				block[i].owner = this;
			}
			held.push_back({ block, order });
		} else {
			std::swap(held[random() % held.size()], held.back());
			for (unsigned i = 0; i < 1U << held.back().order; i++)
				held.back().block[i].owner = nullptr;
			buddy_free(&buddy, held.back().block, held.back().order);
			held.pop_back();
		}
		if (step % 64 == 0)
			buddy_check(&buddy);
	}
	for (const auto &one : held)
		buddy_free(&buddy, one.block, one.order);
	buddy_check(&buddy);
	EXPECT_EQ(buddy.free_pages, 9777U);
	EXPECT_EQ(BlockCount(), blocks);
}

TEST_F(Buddy, AssertsOnABlockFreedTwice)
{
	Add(0x80000000, 64);
	page *block = buddy_alloc(&buddy, 0);
	buddy_free(&buddy, block, 0);
	EXPECT_DEATH(buddy_free(&buddy, block, 0), "PAGE_FREE");
}

} // namespace
