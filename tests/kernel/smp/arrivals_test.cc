// SPDX-License-Identifier: Apache-2.0
// CPUs that were started: for whom somebody waits, until when, and what becomes of the others.
#include <gtest/gtest.h>

extern "C" {
#include "kernel/smp/arrivals.h"
}

namespace {

constexpr uint64_t kSecond = 1000000000;
constexpr uint64_t kStart = 77 * kSecond;

struct cpumask stopped;

bool IsStopped(unsigned int id) { return cpumask_test(&stopped, id); }

class ArrivalsGoOn : public ::testing::Test {
protected:
	void SetUp() override { stopped = cpumask_none(); }

	void Expect(unsigned int count)
	{
		for (unsigned int id = 1; id < count; id++)
			arrivals_expect(&arrivals_, id, kStart);
	}

	bool Come(unsigned int id)
	{
		bool may = arrivals_come(&arrivals_, id);
		if (may)
			cpumask_set(&online_, id);
		return may;
	}

	bool GoOn(uint64_t now_ns) { return arrivals_go_on(&arrivals_, &online_, IsStopped, now_ns); }

	struct arrivals arrivals_ = {};
	struct cpumask online_ = cpumask_of(0);
};

TEST_F(ArrivalsGoOn, EndsWhenAllAreThere)
{
	EXPECT_FALSE(GoOn(kStart));
	Expect(3);
	EXPECT_TRUE(GoOn(kStart));
	EXPECT_TRUE(Come(2));
	EXPECT_TRUE(GoOn(kStart + 1));
	EXPECT_TRUE(Come(1));
	EXPECT_FALSE(GoOn(kStart + 2));
}

TEST_F(ArrivalsGoOn, WaitsForAsLongAsTheyCome)
{
	uint64_t now_ns = kStart;

	Expect(NR_CPUS);
	for (unsigned int id = NR_CPUS - 1; id > 0; id--) {
		now_ns += ARRIVALS_PATIENCE_NS - 1;
		ASSERT_TRUE(GoOn(now_ns)) << id;
		ASSERT_TRUE(Come(id));
		ASSERT_EQ(GoOn(now_ns), id > 1) << id;
	}
}

TEST_F(ArrivalsGoOn, GivesUpWhoDoesNotComeAndLetsNobodyInAfterwards)
{
	Expect(130);
	EXPECT_TRUE(Come(65));
	EXPECT_TRUE(GoOn(kStart + kSecond));
	EXPECT_TRUE(GoOn(kStart + kSecond + ARRIVALS_PATIENCE_NS - 1));
	EXPECT_FALSE(GoOn(kStart + kSecond + ARRIVALS_PATIENCE_NS));
	for (unsigned int id = 1; id < 130; id++)
		EXPECT_FALSE(Come(id)) << id;
	arrivals_expect(&arrivals_, 129, kStart + 100 * kSecond);
	EXPECT_TRUE(GoOn(kStart + 100 * kSecond + 1));
	EXPECT_TRUE(Come(129));
	EXPECT_FALSE(GoOn(kStart + 100 * kSecond + 2));
}

TEST_F(ArrivalsGoOn, DoesNotWaitForWhoIsStopped)
{
	Expect(5);
	cpumask_set(&stopped, 1);
	cpumask_set(&stopped, 3);
	cpumask_set(&stopped, 4);
	EXPECT_TRUE(GoOn(kStart + 1));
	EXPECT_TRUE(GoOn(kStart + 2));
	EXPECT_TRUE(Come(2));
	EXPECT_TRUE(GoOn(kStart + 3));
	EXPECT_FALSE(GoOn(kStart + 4));
	EXPECT_FALSE(Come(1) || Come(3) || Come(4));
}

TEST_F(ArrivalsGoOn, WaitsForWhoIsJustComing)
{
	Expect(2);
	EXPECT_TRUE(arrivals_come(&arrivals_, 1)); /* and is not online yet */
	EXPECT_TRUE(GoOn(kStart + 2 * ARRIVALS_PATIENCE_NS));
	EXPECT_FALSE(arrivals_give_up(&arrivals_, 1));
	cpumask_set(&online_, 1);
	EXPECT_FALSE(GoOn(kStart + 2 * ARRIVALS_PATIENCE_NS + 1));
}

TEST_F(ArrivalsGoOn, ForgetsWhoCouldNotBeStarted)
{
	Expect(2);
	EXPECT_TRUE(arrivals_give_up(&arrivals_, 1));
	EXPECT_FALSE(GoOn(kStart));
	EXPECT_FALSE(Come(1));
}

} // namespace
