// SPDX-License-Identifier: Apache-2.0
// The classes above the fair one: their order, budgets, slices, and what they leave the fair ones.
// The kernel's own files, in time that the test gives; a random run is held against a naive model.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "tests/kernel/sched/classes.h"

namespace {

constexpr uint64_t kMillisecond = 1000000;
constexpr uint64_t kSecond = 1000 * kMillisecond;

class Classes : public ::testing::Test {
protected:
	void SetUp() override { queue_.reset(classes_create()); }
	struct classes *queue() { return queue_.get(); }
	int Realtime(int priority, int policy = CLASSES_FIFO)
	{
		return classes_add_realtime(queue(), policy, priority);
	}
	int Deadline(uint64_t runtime, uint64_t deadline, uint64_t period)
	{
		return classes_add_deadline(queue(), runtime, deadline, period);
	}
	void Run(uint64_t span)
	{
		classes_run(queue(), span);
		ASSERT_STREQ(classes_check(queue()), nullptr);
	}
	uint64_t Had(int task) { return classes_received_ns(queue(), task); }
	int Running() { return classes_running(queue()); }

	struct Destroy {
		void operator()(struct classes *queue) { classes_destroy(queue); }
	};
	std::unique_ptr<struct classes, Destroy> queue_;
};

TEST_F(Classes, RunInTheirOrder)
{
	int fair = classes_add_fair(queue()), low = Realtime(1), high = Realtime(99);
	int deadline = Deadline(kMillisecond, 10 * kMillisecond, 10 * kMillisecond);
	EXPECT_EQ(Running(), deadline);
	classes_sleep(queue(), deadline);
	EXPECT_EQ(Running(), high);
	classes_sleep(queue(), high);
	EXPECT_EQ(Running(), low);
	classes_sleep(queue(), low);
	EXPECT_EQ(Running(), fair);
}

TEST_F(Classes, EqualFifoTasksDoNotTakeTurns)
{
	int first = Realtime(50), second = Realtime(50);
	Run(kSecond);
	EXPECT_EQ(Had(first), kSecond);
	EXPECT_EQ(Had(second), 0u);
	classes_yield(queue(), first);
	EXPECT_EQ(Running(), second);
}

TEST_F(Classes, EqualRoundRobinTasksDo)
{
	int first = Realtime(50, CLASSES_RR), second = Realtime(50, CLASSES_RR);
	Run(100 * kMillisecond - 1);
	EXPECT_EQ(Running(), first);
	Run(1);
	EXPECT_EQ(Running(), second);
	Run(kSecond - 100 * kMillisecond);
	EXPECT_EQ(Had(first), 500 * kMillisecond);
	EXPECT_EQ(Had(second), 500 * kMillisecond);
}

TEST_F(Classes, WhoIsPreemptedGoesOnBeforeItsEquals)
{
	int first = Realtime(50, CLASSES_RR), second = Realtime(50, CLASSES_RR);
	Run(30 * kMillisecond);
	int high = Realtime(60);
	Run(10 * kMillisecond);
	EXPECT_EQ(Had(high), 10 * kMillisecond);
	classes_sleep(queue(), high);
	EXPECT_EQ(Running(), first);
	Run(70 * kMillisecond);
	EXPECT_EQ(Had(first), 100 * kMillisecond);
	EXPECT_EQ(Running(), second);
}

TEST_F(Classes, LeaveTheFairOnesATwentieth)
{
	int fair = classes_add_fair(queue()), hog = Realtime(99);
	for (int second = 1; second <= 20; second++) {
		Run(kSecond);
		EXPECT_GE(Had(fair), static_cast<uint64_t>(second) * 49 * kMillisecond);
	}
	EXPECT_NEAR(static_cast<double>(Had(fair)), 1.0 * kSecond, 0.005 * kSecond);
	EXPECT_EQ(Had(hog) + Had(fair), 20 * kSecond);
}

TEST_F(Classes, StealNothingWhereNobodyFairWaits)
{
	int hog = Realtime(1);
	Run(10 * kSecond);
	EXPECT_EQ(Had(hog), 10 * kSecond);
	int fair = classes_add_fair(queue());
	Run(90 * kMillisecond);
	EXPECT_EQ(Had(fair), 0u);
	Run(10 * kMillisecond);
	EXPECT_GE(Had(fair), 4 * kMillisecond);
}

TEST_F(Classes, WhatTheFairOnesHadByThemselvesIsNoDebt)
{
	int fair = classes_add_fair(queue());
	Run(10 * kSecond);
	int hog = Realtime(1);
	uint64_t had = Had(fair);
	Run(10 * kSecond);
	EXPECT_NEAR(static_cast<double>(Had(fair) - had), 0.5 * kSecond, 0.01 * kSecond);
	EXPECT_GT(Had(hog), 9 * kSecond);
}

TEST_F(Classes, ADeadlineTaskHasItsRuntimeInEveryPeriodAndNoMore)
{
	int task = Deadline(3 * kMillisecond, 10 * kMillisecond, 10 * kMillisecond);
	int fair = classes_add_fair(queue());
	for (int period = 1; period <= 100; period++) {
		Run(10 * kMillisecond);
		EXPECT_EQ(Had(task), static_cast<uint64_t>(period) * 3 * kMillisecond);
	}
	EXPECT_EQ(Had(fair), 700 * kMillisecond);
}

TEST_F(Classes, YieldGivesUpTheRestOfThePeriod)
{
	int task = Deadline(5 * kMillisecond, 10 * kMillisecond, 10 * kMillisecond);
	int fair = classes_add_fair(queue());
	Run(kMillisecond);
	classes_yield(queue(), task);
	EXPECT_EQ(Running(), fair);
	Run(9 * kMillisecond - 1);
	EXPECT_EQ(Had(task), kMillisecond);
	Run(1);
	EXPECT_EQ(Running(), task);
}

TEST_F(Classes, TheEarliestDeadlineGoesFirst)
{
	int later = Deadline(kMillisecond, 20 * kMillisecond, 20 * kMillisecond);
	int sooner = Deadline(kMillisecond, 5 * kMillisecond, 20 * kMillisecond);
	EXPECT_EQ(Running(), sooner);
	Run(kMillisecond);
	EXPECT_EQ(Running(), later);
}

TEST_F(Classes, AWakeUpWithinTheRateKeepsItsDeadline)
{
	int task = Deadline(5 * kMillisecond, 10 * kMillisecond, 10 * kMillisecond);
	Run(2 * kMillisecond);
	classes_sleep(queue(), task);
	Run(2 * kMillisecond); // 3 ms are left for 6 ms: no more than its rate
	classes_wake(queue(), task);
	Run(3 * kMillisecond);
	EXPECT_EQ(Running(), -1);
	Run(3 * kMillisecond);
	EXPECT_EQ(Running(), task);
}

TEST_F(Classes, AWakeUpThatIsTooLateBeginsAPeriod)
{
	int task = Deadline(5 * kMillisecond, 10 * kMillisecond, 10 * kMillisecond);
	Run(kMillisecond);
	classes_sleep(queue(), task);
	Run(6 * kMillisecond); // 4 ms left, but only 3 until the deadline
	classes_wake(queue(), task);
	Run(5 * kMillisecond);
	EXPECT_EQ(Had(task), 6 * kMillisecond);
	EXPECT_EQ(Running(), -1);
}

// Deadlines that a CPU can keep are kept, beside real-time and fair tasks that never sleep: 75 % and
// the 5 % of the fair ones are less than a CPU.
TEST_F(Classes, NoDeadlineIsMissedBesideAHogAndFairTasks)
{
	int quick = Deadline(kMillisecond, 4 * kMillisecond, 4 * kMillisecond);
	int middle = Deadline(5 * kMillisecond, 20 * kMillisecond, 20 * kMillisecond);
	int slow = Deadline(50 * kMillisecond, 200 * kMillisecond, 200 * kMillisecond);
	int fair = classes_add_fair(queue());
	Realtime(99);
	for (uint64_t time = 4; time <= 20000; time += 4) {
		Run(4 * kMillisecond);
		ASSERT_EQ(Had(quick), time / 4 * kMillisecond);
		ASSERT_GE(Had(middle), time / 20 * 5 * kMillisecond);
		ASSERT_GE(Had(slow), time / 200 * 50 * kMillisecond);
	}
	EXPECT_GE(Had(fair), 20 * kSecond / 20 - 10 * kMillisecond);
}

// Random tasks sleep, wake, yield and go; whoever runs is who a plain search over all finds.
TEST_F(Classes, AgreeWithANaiveModelOverAHundredThousandSteps)
{
	const unsigned int seed = std::random_device{}();
	printf("seed %u\n", seed);
	SCOPED_TRACE(seed);
	std::mt19937 random(seed);
	auto below = [&](int bound) { return static_cast<int>(random() % static_cast<unsigned int>(bound)); };
	std::vector<int> tasks;
	for (int i = 0; i < 4; i++)
		tasks.push_back(classes_add_fair(queue()));
	for (int i = 0; i < 24; i++)
		tasks.push_back(Realtime(1 + below(i < 12 ? 4 : 99), below(2) ? CLASSES_RR : CLASSES_FIFO));
	for (int i = 0; i < 12; i++) {
		uint64_t period = (1 + static_cast<uint64_t>(below(50))) * kMillisecond;
		uint64_t deadline = period - static_cast<uint64_t>(below(2)) * period / 4;
		tasks.push_back(Deadline(deadline / (4 + static_cast<uint64_t>(below(40))), deadline, period));
	}
	for (int step = 0; step < 100000; step++) {
		int task = tasks[static_cast<size_t>(below(static_cast<int>(tasks.size())))];
		switch (below(6)) {
		case 0:
		case 1: classes_sleep(queue(), task); break;
		case 2: classes_wake(queue(), task); break;
		case 3:
			if (Running() >= 0)
				classes_yield(queue(), Running());
			break;
		case 4:
			classes_set_priority(queue(), task, 1 + below(99));
			break;
		default: classes_run(queue(), 1 + static_cast<uint64_t>(below(3000000)));
		}
		classes_run(queue(), 0); // the timer, if it is due at once
		ASSERT_STREQ(classes_check(queue()), nullptr) << "step " << step;
	}
}

} // namespace
