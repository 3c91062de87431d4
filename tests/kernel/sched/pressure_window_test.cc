// SPDX-License-Identifier: Apache-2.0
// When a trigger of cpu.pressure fires: against hand-made stalls, and random ones with their whole past kept.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>

extern "C" {
#include "kernel/sched/pressure_window.h"
}

namespace {

constexpr uint64_t kMs = 1000000, kSize = 1000 * kMs, kStart = 77 * kMs, kBefore = 5 * kMs;

struct pressure_window Window(uint64_t threshold_ns)
{
	struct pressure_window window;
	pressure_window_begin(&window, kSize, threshold_ns, kStart, kBefore);
	return window;
}

bool Update(struct pressure_window &window, uint64_t ms, uint64_t stalled_ns)
{
	return pressure_window_update(&window, kStart + ms * kMs, kBefore + stalled_ns);
}

TEST(PressureWindow, TellsOnceTheThresholdIsReached)
{
	struct pressure_window window = Window(150 * kMs);
	EXPECT_FALSE(Update(window, 100, 100 * kMs));
	EXPECT_FALSE(Update(window, 200, 150 * kMs - 1));
	EXPECT_TRUE(Update(window, 300, 150 * kMs));
}

TEST(PressureWindow, CountsNothingFromBeforeItBegan)
{
	struct pressure_window window = Window(1);
	for (uint64_t ms = 0; ms < 5000; ms += 100)
		EXPECT_FALSE(Update(window, ms, 0)) << ms;
	EXPECT_TRUE(Update(window, 5000, 1));
}

TEST(PressureWindow, TellsOfASteadyStallOnceAWindow)
{
	struct pressure_window window = Window(150 * kMs);
	uint64_t told = 0, told_ms = 0;
	for (uint64_t ms = 0; ms <= 100000; ms += 100)
		if (Update(window, ms, ms * kMs * 15 / 100)) {
			EXPECT_EQ(ms, told ? told_ms + 1000 : 1000);
			told_ms = ms;
			told++;
		}
	EXPECT_EQ(told, 100U);
	window = Window(150 * kMs + 1);
	for (uint64_t ms = 0; ms <= 100000; ms += 100)
		EXPECT_FALSE(Update(window, ms, ms * kMs * 15 / 100)) << ms;
}

TEST(PressureWindow, TakesTheWindowBeforeAsEven)
{
	struct pressure_window window = Window(300 * kMs);
	EXPECT_FALSE(Update(window, 1000, 200 * kMs)); // of these 80 % are left 200 ms later
	EXPECT_FALSE(Update(window, 1200, 200 * kMs + 140 * kMs - 1));
	EXPECT_TRUE(Update(window, 1200, 200 * kMs + 140 * kMs));
}

TEST(PressureWindow, TellsLaterWhatWasReachedTooSoon)
{
	struct pressure_window window = Window(100 * kMs);
	EXPECT_TRUE(Update(window, 100, 100 * kMs));
	EXPECT_FALSE(Update(window, 200, 200 * kMs));
	EXPECT_FALSE(Update(window, 1099, 200 * kMs));
	EXPECT_TRUE(Update(window, 1100, 200 * kMs));
	for (uint64_t ms = 2200; ms < 9000; ms += 100)
		EXPECT_FALSE(Update(window, ms, 200 * kMs)) << ms;
}

TEST(PressureWindow, LooksAtTheMeanWhenItIsLate)
{
	struct pressure_window window = Window(200 * kMs), other = window;
	EXPECT_FALSE(Update(window, 5000, 1000 * kMs - 5));
	EXPECT_TRUE(Update(other, 5000, 1000 * kMs));
}

TEST(PressureWindow, HoldsForTheWholeWindowAndHugeTotals)
{
	struct pressure_window window;
	uint64_t hours = 400000ULL * 3600 * 1000 * kMs, size = 10000 * kMs; // 45 years
	pressure_window_begin(&window, size, size, hours, hours);
	EXPECT_FALSE(pressure_window_update(&window, hours + size / 2, hours + size / 2));
	EXPECT_TRUE(pressure_window_update(&window, hours + size, hours + size));
	EXPECT_FALSE(pressure_window_update(&window, hours + 2 * size - 1, hours + 2 * size - 1));
	EXPECT_TRUE(pressure_window_update(&window, hours + 2 * size, hours + 2 * size));
}

// The total at each look, to ask for what it was at any time in between (as if even).
class Past
{
      public:
	explicit Past(uint64_t now, uint64_t total) { totals[now] = total; }
	void add(uint64_t now, uint64_t total) { totals[now] = total; }
	uint64_t at(uint64_t time) const
	{
		auto after = totals.lower_bound(time);
		if (after == totals.begin() || after->first == time)
			return after->second;
		auto before = std::prev(after);
		return before->second + (after->second - before->second) * (time - before->first) /
						(after->first - before->first);
	}
	uint64_t grown(uint64_t now, uint64_t over) const
	{
		return at(now) - at(now - std::min(over, now - totals.begin()->first));
	}

      private:
	std::map<uint64_t, uint64_t> totals;
};

// Stalls come and go at random; looks come about ten a window. Never missed: 2.5 times the threshold in
// a window (twice, and what late looks take off). Never told: less than the threshold in all that is counted,
// two windows and what they are late.
TEST(PressureWindow, HoldsItsBoundsAtRandom)
{
	const char *given = std::getenv("SEED");
	unsigned int seed = given ? static_cast<unsigned int>(std::strtoul(given, nullptr, 0))
				  : std::random_device{}();
	std::mt19937 random(seed);
	uint64_t told = 0, untold = 0;

	for (int run = 0; run < 200; run++) {
		uint64_t threshold = kSize / 2 / (1 + random() % 50);
		struct pressure_window window;
		uint64_t now = kStart, total = 0, last_told = 0, due = 0, possible = 0;
		Past past(now, total);
		bool stalled = false;
		pressure_window_begin(&window, kSize, threshold, now, total);
		for (int look = 0; look < 500; look++) {
			uint64_t step = 60 * kMs + random() % (40 * kMs);
			if (random() % 8 == 0)
				stalled = !stalled;
			now += step;
			total += stalled ? step : step * (random() % 3 == 0) / 50;
			past.add(now, total);
			if (past.grown(now, 22 * kSize / 10) >= threshold)
				possible = now;
			if (!due && past.grown(now, std::min(kSize, now - last_told)) * 2 >= 5 * threshold)
				due = now;
			if (pressure_window_update(&window, now, total)) {
				ASSERT_GT(possible, last_told) << "seed " << seed << " run " << run;
				if (last_told) {
					ASSERT_GE(now - last_told, kSize) << "seed " << seed;
				}
				last_told = now;
				due = 0;
				told++;
			} else {
				untold++;
			}
			if (due) {
				ASSERT_LT(now - due, 11 * kSize / 10) << "seed " << seed << " run " << run;
			}
		}
	}
	EXPECT_GT(told, 1000U) << "seed " << seed;
	EXPECT_GT(untold, 1000U) << "seed " << seed;
}

} // namespace
