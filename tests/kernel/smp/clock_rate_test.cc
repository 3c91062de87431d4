// SPDX-License-Identifier: Apache-2.0
// Ticks and nanoseconds: a deadline's tick is never before it, and soon after it, however long the machine is up.
#include <gtest/gtest.h>

#include <random>

extern "C" {
#include "kernel/smp/clock_rate.h"
}

namespace {

constexpr uint64_t kSecond = 1000000000, kYear = 365 * 86400 * kSecond;

class ClockRate : public ::testing::TestWithParam<uint64_t> {
protected:
	const struct clock_rate rate_ = clock_rate_of(GetParam());

	uint64_t NsAfter(uint64_t ns) const { return clock_ns_at(&rate_, clock_tick_after(&rate_, ns)); }
};

TEST_P(ClockRate, ASecondIsASecond)
{
	uint64_t second = clock_ns_at(&rate_, GetParam());

	EXPECT_LE(second, kSecond);
	EXPECT_GE(second, kSecond - 1);
}

TEST_P(ClockRate, ADeadlineIsOverAtItsTickAndNotLongBefore)
{
	const uint64_t seed = std::random_device{}();
	const uint64_t two_ticks = 2 * kSecond / GetParam() + 2;
	std::mt19937_64 random(seed);

	for (int i = 0; i < 1000000; i++) {
		uint64_t ns = random() % (10 * kYear) >> random() % 40;

		ASSERT_GE(NsAfter(ns), ns) << "seed " << seed;
		ASSERT_LE(NsAfter(ns), ns + two_ticks) << "seed " << seed;
	}
}

INSTANTIATE_TEST_SUITE_P(Rates, ClockRate, ::testing::Values(32768, 1000000, 10000000, 24000000, 62500000, 1000000000));

}  // namespace
