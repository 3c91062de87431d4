// SPDX-License-Identifier: Apache-2.0
// The averages of cpu.pressure against the exponentials that they stand for.
#include <gtest/gtest.h>

#include <cmath>

extern "C" {
#include "kernel/sched/pressure_average.h"
}

namespace {

constexpr uint64_t kStep = PRESSURE_STEP_NS;
constexpr double kOver[PRESSURE_AVERAGES] = {10, 60, 300};

TEST(PressureAverage, FollowsTheExponential)
{
	struct pressure_average average = {};
	for (int step = 1; step <= 100; step++) {
		average.total_ns += kStep / 4;
		pressure_average_step(&average, 1, kStep);
		for (unsigned int which = 0; which < PRESSURE_AVERAGES; which++) {
			double wanted = 25 * (1 - std::exp(-2.0 * step / kOver[which]));
			EXPECT_NEAR(pressure_average_percent(&average, which) / 100.0, wanted, 0.3) << step;
		}
	}
}

TEST(PressureAverage, ReachesBothEnds)
{
	struct pressure_average average = {};
	for (int step = 0; step < 1500; step++) {
		average.total_ns += kStep;
		pressure_average_step(&average, 1, kStep);
	}
	for (unsigned int which = 0; which < PRESSURE_AVERAGES; which++)
		EXPECT_EQ(pressure_average_percent(&average, which), 10000U);
	for (int step = 0; step < 3000; step++)
		pressure_average_step(&average, 1, kStep);
	for (unsigned int which = 0; which < PRESSURE_AVERAGES; which++)
		EXPECT_EQ(pressure_average_percent(&average, which), 0U);
}

TEST(PressureAverage, TakesManyStepsAtOnceAsTheirMean)
{
	struct pressure_average many = {}, one = {};
	many.total_ns = 7 * kStep / 2;
	pressure_average_step(&many, 7, 7 * kStep);
	for (int step = 0; step < 7; step++) {
		one.total_ns += kStep / 2;
		pressure_average_step(&one, 1, kStep);
	}
	for (unsigned int which = 0; which < PRESSURE_AVERAGES; which++)
		EXPECT_EQ(many.average[which], one.average[which]);
	many.total_ns += kStep;
	pressure_average_step(&many, UINT64_MAX, UINT64_MAX); // ends, and forgets all
	EXPECT_EQ(pressure_average_percent(&many, 2), 0U);
}

TEST(PressureAverage, NeverShowsMoreThanAllOfTheTime)
{
	struct pressure_average average = {};
	average.total_ns = 5 * kStep;
	pressure_average_step(&average, 5000, kStep);
	EXPECT_EQ(pressure_average_percent(&average, 0), 10000U);
}

} // namespace
