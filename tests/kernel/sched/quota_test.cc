// SPDX-License-Identifier: Apache-2.0
// The pool behind cpu.max: what it hands out, when, and what it counts.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <vector>

extern "C" {
#include "kernel/sched/quota.h"
}

namespace {

constexpr int64_t kMs = 1000000;
constexpr uint64_t kStart = 5000 * kMs;

struct quota Pool(int64_t quota_ms, int64_t period_ms, int64_t burst_ms = 0)
{
	struct quota pool = {};
	quota_set(&pool, static_cast<uint64_t>(quota_ms * kMs), static_cast<uint64_t>(period_ms * kMs),
		  static_cast<uint64_t>(burst_ms * kMs), kStart);
	return pool;
}

uint64_t At(int64_t ms) { return kStart + static_cast<uint64_t>(ms * kMs); }

TEST(QuotaTake, EndsWithTheQuota)
{
	struct quota pool = Pool(50, 100);
	EXPECT_EQ(quota_take(&pool, 30 * kMs, At(0)), 30 * kMs);
	EXPECT_EQ(quota_take(&pool, 30 * kMs, At(1)), 20 * kMs);
	EXPECT_EQ(quota_take(&pool, 1, At(99)), 0);
	EXPECT_EQ(quota_take(&pool, 1, At(100) - 1), 0);
	EXPECT_EQ(quota_take(&pool, 60 * kMs, At(100)), 50 * kMs);
}

TEST(QuotaTake, GivesAllThatIsWantedWithoutALimit)
{
	struct quota pool = {};
	quota_set(&pool, QUOTA_NONE, 100 * kMs, 0, kStart);
	EXPECT_EQ(quota_take(&pool, INT64_MAX, At(1)), INT64_MAX);
	EXPECT_EQ(quota_ready_ns(&pool, At(1)), At(1));
	EXPECT_EQ(pool.periods, 0U);
}

TEST(QuotaAdvance, KeepsNothingWithoutABurst)
{
	struct quota pool = Pool(50, 100);
	quota_take(&pool, 10 * kMs, At(0));
	EXPECT_EQ(quota_take(&pool, 90 * kMs, At(100)), 50 * kMs);
	EXPECT_EQ(quota_take(&pool, 900 * kMs, At(5000)), 50 * kMs);
	EXPECT_EQ(pool.bursts, 0U);
}

TEST(QuotaAdvance, KeepsUpToTheBurst)
{
	struct quota pool = Pool(50, 100, 30);
	quota_take(&pool, 40 * kMs, At(0));
	EXPECT_EQ(quota_take(&pool, 900 * kMs, At(100)), 60 * kMs);
	EXPECT_EQ(quota_take(&pool, 900 * kMs, At(1000)), 80 * kMs);
	quota_advance(&pool, At(1100));
	EXPECT_EQ(pool.bursts, 2U);
	EXPECT_EQ(pool.burst_used_ns, 40U * kMs);
	EXPECT_EQ(pool.periods, 3U); // those in which it was used
}

TEST(QuotaAdvance, LosesNothingWhenSomebodyHadToWait)
{
	struct quota pool = Pool(50, 100);
	quota_take(&pool, 50 * kMs, At(0));
	quota_begin_waiting(&pool, At(20));
	quota_give_back(&pool, 2 * kMs, At(30));
	quota_end_waiting(&pool, At(100));
	EXPECT_EQ(quota_take(&pool, 900 * kMs, At(100)), 52 * kMs);
	EXPECT_EQ(quota_take(&pool, 900 * kMs, At(300)), 50 * kMs);
}

TEST(QuotaAdvance, SavesNothingForAWaiterWhoDoesNotCome)
{
	struct quota pool = Pool(50, 100);
	quota_take(&pool, 50 * kMs, At(0));
	quota_begin_waiting(&pool, At(20));
	for (int period = 1; period < 10; period++)
		quota_advance(&pool, At(100 * period));
	EXPECT_EQ(quota_take(&pool, 900 * kMs, At(910)), 50 * kMs);
	EXPECT_EQ(pool.short_periods, 1U);
}

TEST(QuotaAdvance, CarriesADebt)
{
	struct quota pool = Pool(50, 100);
	quota_take(&pool, 50 * kMs, At(0));
	quota_give_back(&pool, -20 * kMs, At(70));
	EXPECT_EQ(quota_ready_ns(&pool, At(70)), At(100));
	EXPECT_EQ(quota_take(&pool, 900 * kMs, At(100)), 30 * kMs);
	quota_give_back(&pool, -50 * kMs, At(110));
	EXPECT_EQ(quota_ready_ns(&pool, At(110)), At(300)); // one fill pays it and leaves nothing
	quota_give_back(&pool, 1, At(110));
	EXPECT_EQ(quota_ready_ns(&pool, At(110)), At(200));
	EXPECT_EQ(quota_take(&pool, 900 * kMs, At(200)), 1);
}

TEST(QuotaAdvance, CountsPeriodsThatNobodyLookedAt)
{
	struct quota pool = Pool(50, 100);
	quota_take(&pool, 50 * kMs, At(0));
	quota_give_back(&pool, -120 * kMs, At(10));
	quota_begin_waiting(&pool, At(10));
	quota_end_waiting(&pool, At(300));
	EXPECT_EQ(pool.periods, 3U);
	EXPECT_EQ(pool.short_periods, 3U);
	quota_take(&pool, 1, At(300));
	quota_advance(&pool, At(900)); // used once, then idle
	EXPECT_EQ(pool.periods, 4U);
	EXPECT_EQ(pool.short_periods, 3U);
}

TEST(QuotaSet, BeginsAnew)
{
	struct quota pool = Pool(50, 100, 50);
	quota_take(&pool, 50 * kMs, At(0));
	quota_give_back(&pool, -500 * kMs, At(10));
	quota_set(&pool, 10 * kMs, 20 * kMs, 0, At(30));
	EXPECT_EQ(quota_take(&pool, 900 * kMs, At(49)), 10 * kMs);
	EXPECT_EQ(quota_take(&pool, 900 * kMs, At(50)), 10 * kMs);
}

TEST(QuotaSet, ForgetsWhoWaitedBefore)
{
	struct quota pool = Pool(20, 100);
	quota_take(&pool, 20 * kMs, At(0));
	quota_begin_waiting(&pool, At(20));
	quota_end_waiting(&pool, At(30));
	quota_set(&pool, 30 * kMs, 100 * kMs, 0, At(50));
	EXPECT_EQ(quota_take(&pool, 900 * kMs, At(160)), 30 * kMs);
	EXPECT_EQ(pool.short_periods, 0U);
}

TEST(QuotaSet, TakesTheLargestSettings)
{
	const uint64_t most = ((UINT64_C(1) << 44) - 1) * 1000;
	struct quota pool = {};
	quota_set(&pool, most, 1000000, 0, kStart);
	EXPECT_EQ(quota_take(&pool, 1, UINT64_MAX / 4), 1);
	EXPECT_EQ(static_cast<uint64_t>(pool.left_ns), most - 1);
	quota_set(&pool, most / 2, 1000000000, most / 2, kStart);
	quota_advance(&pool, UINT64_MAX / 4);
	EXPECT_EQ(static_cast<uint64_t>(pool.left_ns), most / 2 * 2);
}

TEST(QuotaSlice, IsAnEighthOfACpusPartWithinLimits)
{
	struct quota pool = Pool(64, 100);
	EXPECT_EQ(quota_slice_ns(&pool, 4), 2 * kMs);
	EXPECT_EQ(quota_slice_ns(&pool, 1), QUOTA_SLICE_MAX_NS);
	EXPECT_EQ(quota_slice_ns(&pool, 512), QUOTA_SLICE_MIN_NS);
	quota_set(&pool, QUOTA_NONE, 1, 0, kStart);
	EXPECT_EQ(quota_slice_ns(&pool, 1), QUOTA_SLICE_MAX_NS);
}

// CPUs that take, use, overrun, give back and wait at random.
struct Cpu {
	int64_t slice;
	bool waits;
};

void RunAtRandom(uint64_t seed)
{
	std::mt19937_64 random(seed);
	auto below = [&](int64_t bound) { return static_cast<int64_t>(random() % static_cast<uint64_t>(bound)); };
	int64_t quota = (1 + below(100)) * kMs, period = (1 + below(200)) * kMs;
	int64_t burst = below(2) ? below(quota) : 0, overrun_max = kMs / 2;
	struct quota pool = {};
	quota_set(&pool, static_cast<uint64_t>(quota), static_cast<uint64_t>(period),
		  static_cast<uint64_t>(burst), kStart);
	std::vector<Cpu> cpus(static_cast<size_t>(1 + below(8)));
	const int64_t slice = quota_slice_ns(&pool, static_cast<unsigned int>(cpus.size()));
	uint64_t now = kStart;
	int64_t used = 0;

	for (int step = 0; step < 20000; step++) {
		Cpu &cpu = cpus[static_cast<size_t>(below(static_cast<int64_t>(cpus.size())))];
		now += static_cast<uint64_t>(below(50) ? below(kMs) : below(5 * period));
		if (cpu.waits) {
			if (quota_ready_ns(&pool, now) > now)
				continue;
			quota_end_waiting(&pool, now);
			cpu.waits = false;
		}
		if (cpu.slice <= 0)
			cpu.slice += quota_take(&pool, slice - cpu.slice, now);
		if (cpu.slice <= 0) {
			quota_give_back(&pool, cpu.slice, now);
			cpu.slice = 0;
			uint64_t ready = quota_ready_ns(&pool, now);
			ASSERT_GT(ready, now);
			ASSERT_EQ((ready - pool.period_end_ns) % static_cast<uint64_t>(period), 0U);
			quota_begin_waiting(&pool, now);
			cpu.waits = true;
			continue;
		}
		int64_t had = below(4) ? below(cpu.slice + overrun_max) : below(cpu.slice);
		used += had;
		cpu.slice -= had;
		if (below(3) == 0) {
			quota_give_back(&pool, cpu.slice, now);
			cpu.slice = 0;
		}
		int64_t in_hands = 0, whole = static_cast<int64_t>((now - kStart) / static_cast<uint64_t>(period)) + 1;
		quota_advance(&pool, now);
		for (const Cpu &other : cpus)
			in_hands += other.slice;
		// Nothing comes from nowhere, and no more is kept than the burst and what came back late.
		ASSERT_LE(used + in_hands + pool.left_ns, whole * quota);
		ASSERT_LE(pool.left_ns, quota + burst + static_cast<int64_t>(cpus.size()) * slice);
		ASSERT_LE(pool.short_periods, pool.periods);
		ASSERT_LE(pool.periods, static_cast<uint64_t>(whole));
		ASSERT_GT(pool.period_end_ns, now);
	}
}

TEST(Quota, AddsUpWhateverHappens)
{
	const char *given = std::getenv("TAPER_FUZZ_SEED");
	uint64_t first = given ? std::strtoull(given, nullptr, 0) : 1;
	for (uint64_t seed = first; seed < first + (given ? 1 : 50) && !HasFatalFailure(); seed++) {
		SCOPED_TRACE("seed " + std::to_string(seed));
		RunAtRandom(seed);
	}
}

// Spinners that always want more use the quota to the nanosecond, whatever the CPUs.
TEST(Quota, IsUsedUpExactlyBySpinners)
{
	for (size_t count : {1, 3, 8}) {
		struct quota pool = Pool(50, 100);
		const int64_t slice = quota_slice_ns(&pool, static_cast<unsigned int>(count));
		std::vector<int64_t> slices(count, 0);
		int64_t used = 0;
		for (uint64_t now = kStart; now < At(1000); now += 50000)
			for (int64_t &mine : slices) {
				if (mine <= 0)
					mine += quota_take(&pool, slice - mine, now);
				if (mine > 0) {
					mine -= 50000;
					used += 50000;
				}
			}
		int64_t in_hands = 0;
		for (int64_t mine : slices)
			in_hands += mine;
		EXPECT_EQ(used + in_hands + pool.left_ns, 500 * kMs) << count << " CPUs";
		EXPECT_LE(in_hands, static_cast<int64_t>(count) * slice);
	}
}

} // namespace
