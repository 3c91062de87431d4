// SPDX-License-Identifier: Apache-2.0
// Who gets how much, and that nobody is lost: the kernel's queues and groups in simulated time.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "tests/sim/simulator.h"

namespace {

constexpr uint64_t kSecond = 1000000000;
constexpr uint64_t kMillisecond = 1000000;
constexpr uint32_t kShares = 1024;

class Fairness : public ::testing::Test {
protected:
	void Start(unsigned int cpus) { simulator_.reset(simulator_create(cpus)); }
	int Group(int parent, uint32_t weight)
	{
		return simulator_add_group(simulator_.get(), parent, weight);
	}
	int Task(int group, unsigned int cpu = 0, uint32_t shares = kShares)
	{
		return simulator_add_task(simulator_.get(), group, shares, cpu);
	}
	void Run(uint64_t duration_ns)
	{
		simulator_run(simulator_.get(), duration_ns);
		ASSERT_STREQ(simulator_check(simulator_.get()), nullptr);
	}
	uint64_t Received(int task) { return simulator_received_ns(simulator_.get(), task); }
	// Its part of `cpus` CPUs over the next ten seconds.
	void ExpectDue(const std::vector<std::pair<int, double>> &due)
	{
		std::vector<uint64_t> before;
		Run(kSecond / 10);
		for (auto [task, part] : due)
			before.push_back(Received(task));
		Run(10 * kSecond);
		for (size_t i = 0; i < due.size(); i++) {
			double got = static_cast<double>(Received(due[i].first) - before[i]) / (10.0 * kSecond);
			EXPECT_NEAR(got, due[i].second, 0.01 * due[i].second + 0.0005) << "task " << i;
		}
	}

	struct Destroy {
		void operator()(struct simulator *simulator) { simulator_destroy(simulator); }
	};
	std::unique_ptr<struct simulator, Destroy> simulator_;
};

using Sleep = Fairness;
using Move = Fairness;

TEST_F(Fairness, OfTwoEqualTasksIsAHalf)
{
	Start(1);
	int first = Task(0), second = Task(0);
	ExpectDue({{first, 0.5}, {second, 0.5}});
}

TEST_F(Fairness, FollowsTheWeightsOfGroups)
{
	Start(1);
	int light = Task(Group(0, 100)), heavy = Task(Group(0, 300));
	ExpectDue({{light, 0.25}, {heavy, 0.75}});
}

TEST_F(Fairness, HoldsAtTheEndsOfTheScale)
{
	Start(1);
	int light = Task(Group(0, 1)), heavy = Task(Group(0, 10000));
	ExpectDue({{light, 0.0001}, {heavy, 0.9999}});
}

TEST_F(Fairness, OfAGroupDoesNotDependOnItsNumberOfTasks)
{
	Start(1);
	int many = Group(0, 100), one = Group(0, 100);
	std::vector<std::pair<int, double>> due;
	for (int i = 0; i < 20; i++)
		due.push_back({Task(many), 0.025});
	due.push_back({Task(one), 0.5});
	ExpectDue(due);
}

TEST_F(Fairness, MultipliesDownTheTree)
{
	Start(1);
	int a = Group(0, 100), b = Group(0, 300);
	int x = Task(Group(a, 100)), y = Task(Group(b, 100)), z = Task(Group(b, 300));
	ExpectDue({{x, 0.25}, {y, 0.1875}, {z, 0.5625}});
}

TEST_F(Fairness, HoldsThirtyLevelsDeep)
{
	Start(1);
	int deep = 0;
	for (int i = 0; i < 30; i++)
		deep = Group(deep, 100);
	int below = Task(deep), above = Task(0);
	ExpectDue({{below, 0.5}, {above, 0.5}});
}

TEST_F(Fairness, OfSiblingsDeepDownFollowsWhatIsFarAbove)
{
	Start(1);
	int top = Group(0, 100), deep = top;
	for (int i = 0; i < 14; i++)
		deep = Group(deep, 100);
	int light = Task(Group(deep, 100)), heavy = Task(Group(deep, 300)), rival = Task(Group(0, 100));
	ExpectDue({{light, 0.125}, {heavy, 0.375}, {rival, 0.5}});
	simulator_set_weight(simulator_.get(), top, 300);
	ExpectDue({{light, 0.1875}, {heavy, 0.5625}, {rival, 0.25}});
}

TEST_F(Fairness, FollowsTheSharesOfTasksInsideAGroup)
{
	Start(1);
	int group = Group(0, 100);
	int light = Task(group, 0, 335), heavy = Task(group, 0, 1024);
	ExpectDue({{light, 335.0 / 1359}, {heavy, 1024.0 / 1359}});
}

TEST_F(Fairness, CountsOnlyGroupsThatHaveWork)
{
	Start(1);
	int a = Group(0, 100), idle = Group(0, 10000), b = Group(0, 300);
	int x = Task(a), sleeper = Task(idle), y = Task(b);
	simulator_sleep(simulator_.get(), sleeper);
	ExpectDue({{x, 0.25}, {y, 0.75}});
	EXPECT_FALSE(simulator_is_active(simulator_.get(), idle));
}

TEST_F(Fairness, OfTwoGroupsOverTwoCpus)
{
	Start(2);
	int a = Group(0, 100), b = Group(0, 300);
	std::vector<std::pair<int, double>> due;
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		due.push_back({Task(a, cpu), 0.25});
		due.push_back({Task(b, cpu), 0.75});
	}
	ExpectDue(due);
}

TEST_F(Fairness, FollowsAWeightThatChanges)
{
	Start(1);
	int a = Group(0, 100), b = Group(0, 100);
	int x = Task(a), y = Task(b);
	ExpectDue({{x, 0.5}, {y, 0.5}});
	simulator_set_weight(simulator_.get(), b, 900);
	ExpectDue({{x, 0.1}, {y, 0.9}});
}

TEST_F(Fairness, FollowsAGroupThatChangesItsParent)
{
	Start(1);
	int a = Group(0, 100), b = Group(0, 100), inner = Group(a, 100);
	int x = Task(inner), y = Task(b), z = Task(b);
	ExpectDue({{x, 0.5}, {y, 0.25}, {z, 0.25}});
	simulator_set_parent(simulator_.get(), inner, b);
	ExpectDue({{x, 100.0 / (100 + 2 * 100)}, {y, 1.0 / 3}, {z, 1.0 / 3}});
}

TEST_F(Fairness, EndsWithTheSleepOfTheOther)
{
	Start(1);
	int first = Task(0), second = Task(0);
	Run(kSecond);
	simulator_sleep(simulator_.get(), second);
	uint64_t before = Received(first);
	Run(kSecond);
	EXPECT_EQ(Received(first) - before, kSecond);
}

// Of two workers one works while the other sleeps: together they have what one has that never rests.
class Turns : public Fairness {
protected:
	// They may be the same; the next one is woken before the last one goes to sleep, or so long after it.
	void ExpectHalf(int worker, int other, int rival, uint64_t turn_ns, uint64_t rest_ns = 0, double most_off = 0.01)
	{
		Run(50 * kMillisecond);
		uint64_t begin = simulator_now_ns(simulator_.get()), rivals = Received(rival);
		while (simulator_now_ns(simulator_.get()) < begin + 2 * kSecond) {
			uint64_t end = Received(worker) + turn_ns;
			while (Received(worker) < end && simulator_now_ns(simulator_.get()) < begin + 3 * kSecond)
				Run(20000);
			if (rest_ns == 0) {
				simulator_wake(simulator_.get(), other);
				Run(1000);
			}
			simulator_sleep(simulator_.get(), worker);
			if (rest_ns != 0) {
				Run(rest_ns);
				simulator_wake(simulator_.get(), other);
			}
			std::swap(worker, other);
		}
		double span = static_cast<double>(simulator_now_ns(simulator_.get()) - begin);
		EXPECT_NEAR(static_cast<double>(Received(rival) - rivals) / span, 0.5, most_off) << turn_ns << " ns";
	}
	// One that sleeps at first.
	int Sleeper(int group)
	{
		int task = Task(group);
		simulator_sleep(simulator_.get(), task);
		return task;
	}

	// The last of so many groups, one below the other.
	int Line(int above, int levels)
	{
		while (levels--)
			above = Group(above, 100);
		return above;
	}

	static constexpr uint64_t kTurns[] = { 100000, 700000, kMillisecond, 2 * kMillisecond, 5 * kMillisecond };
};
constexpr uint64_t Turns::kTurns[];

TEST_F(Turns, InOneGroup)
{
	for (uint64_t turn : kTurns) {
		Start(1);
		int group = Group(0, 100);
		ExpectHalf(Task(group), Sleeper(group), Task(Group(0, 100)), turn);
	}
}

TEST_F(Turns, OfOneThatNaps)
{
	for (uint64_t turn : { kMillisecond, 2 * kMillisecond, 5 * kMillisecond }) {
		Start(1);
		int napper = Task(Group(0, 100));
		ExpectHalf(napper, napper, Task(Group(0, 100)), turn, 10000);
	}
}

TEST_F(Turns, WithAMomentBetween)
{
	for (uint64_t turn : { kMillisecond, 2 * kMillisecond, 5 * kMillisecond }) {
		Start(1);
		int group = Group(0, 100), worker = Task(group), other = Sleeper(group);
		for (int task : { worker, other }) // it is due at once when it wakes
			simulator_set_request(simulator_.get(), task, 100000, 0);
		ExpectHalf(worker, other, Task(Group(0, 100)), turn, 10000);
	}
}

TEST_F(Turns, InSiblingGroups)
{
	for (uint64_t turn : kTurns) {
		Start(1);
		int above = Group(0, 100);
		ExpectHalf(Task(Group(above, 100)), Sleeper(Group(above, 300)), Task(Group(0, 100)), turn);
	}
}

TEST_F(Turns, InGroupsWhoseParentsAreSiblings)
{
	for (uint64_t turn : kTurns) {
		Start(1);
		int above = Group(0, 100);
		ExpectHalf(Task(Group(Group(above, 100), 100)), Sleeper(Group(Group(above, 50), 100)),
			   Task(Group(0, 100)), turn);
	}
}

TEST_F(Turns, InGroupsFarApart)
{
	for (uint64_t turn : kTurns) {
		Start(1);
		int above = Group(0, 100), worker = Task(Line(above, 4)), other = Sleeper(Line(above, 5));
		ExpectHalf(worker, other, Task(Group(0, 100)), turn);
	}
}

TEST_F(Turns, InGroupsAtDifferentDepths)
{
	for (uint64_t turn : kTurns) {
		Start(1);
		int above = Group(0, 100), worker = Task(Line(above, 5)), other = Sleeper(Line(above, 1));
		ExpectHalf(worker, other, Task(Group(0, 100)), turn);
	}
}

TEST_F(Turns, InTheMiddleOfTheTree)
{
	for (uint64_t turn : kTurns) {
		Start(1);
		int top = Group(0, 100), middle = Group(top, 100);
		ExpectHalf(Task(Group(middle, 100)), Sleeper(Group(middle, 300)), Task(Group(Group(top, 100), 100)), turn);
	}
}

TEST_F(Turns, BesideABusyOneOfTheirGroup)
{
	for (uint64_t turn : kTurns) {
		Start(1);
		int group = Group(0, 100), mate = Task(group);
		uint64_t before = Received(mate);
		// Of three one is weighed late.
		ExpectHalf(Task(group), Sleeper(group), Task(Group(0, 100)), turn, 0, 0.015);
		EXPECT_GT(Received(mate) - before, kSecond / 4) << turn;
	}
}

TEST_F(Turns, OfOneThatNapsBesideABusyOneOfItsGroup)
{
	for (uint64_t turn : kTurns) {
		Start(1);
		int group = Group(0, 100), mate = Task(group), napper = Task(group);
		uint64_t before = Received(mate), nappers = Received(napper);
		ExpectHalf(napper, napper, Task(Group(0, 100)), turn, 10000);
		EXPECT_NEAR(static_cast<double>(Received(mate) - before) / static_cast<double>(Received(napper) - nappers),
			    1, 0.1) << turn;
	}
}

TEST_F(Sleep, EarnsAQuickStartButNoSavings)
{
	Start(1);
	int busy = Task(0), sleeper = Task(0);
	simulator_sleep(simulator_.get(), sleeper);
	Run(10 * kSecond);
	uint64_t busy_had = Received(busy), sleeper_had = Received(sleeper);
	simulator_wake(simulator_.get(), sleeper);
	Run(4 * kMillisecond);
	EXPECT_GT(Received(sleeper), sleeper_had) << "it starts when the other's request ends";
	Run(96 * kMillisecond);
	uint64_t had = Received(sleeper) - sleeper_had;
	EXPECT_LE(had, 50 * kMillisecond + 5 * kMillisecond) << "it does not make up for ten seconds";
	EXPECT_GE(Received(busy) - busy_had, 45 * kMillisecond);
}

TEST_F(Sleep, PaysBackABurstThoughTheOtherOneIsNotCharged)
{
	Start(1);
	int bursts = Task(0), other = Task(0);
	simulator_set_request(simulator_.get(), bursts, kMillisecond, 10 * kMillisecond);
	Run(kSecond / 10);
	for (int i = 0; i < 10; i++) {
		simulator_sleep(simulator_.get(), bursts);
		Run(i % 2 ? 2 * kSecond : 50 * kMillisecond);
		uint64_t before = Received(other);
		simulator_wake(simulator_.get(), bursts);
		Run(9 * kMillisecond);
		EXPECT_EQ(Received(other), before) << "round " << i;
		Run(10 * kMillisecond);
		EXPECT_GT(Received(other), before) << "round " << i;
	}
}

TEST_F(Sleep, ThatEndsDoesNotCutShortWhoWeighsTooLittleSinceHeBeganToWait)
{
	Start(1);
	int group = Group(0, 100);
	std::vector<int> tasks;
	for (int i = 0; i < 100; i++)
		tasks.push_back(Task(group));
	Run(kMillisecond);
	int first = simulator_running(simulator_.get(), 0), slept = 0;
	for (int task : tasks)
		if (task != first && slept < 90 && ++slept)
			simulator_sleep(simulator_.get(), task);
	while (simulator_running(simulator_.get(), 0) == first)
		Run(kMillisecond / 10);
	int second = simulator_running(simulator_.get(), 0);
	for (int task : tasks) {
		if (simulator_is_runnable(simulator_.get(), task))
			continue;
		simulator_wake(simulator_.get(), task);
		ASSERT_EQ(simulator_running(simulator_.get(), 0), second);
	}
}

TEST_F(Sleep, OfAnInstantDoesNotRippleThroughTheTree)
{
	Start(1);
	int outer = Group(0, 100), inner = Group(outer, 100);
	int napper = Task(inner);
	Run(10 * kMillisecond);
	simulator_sleep(simulator_.get(), napper);
	Run(kMillisecond);
	EXPECT_TRUE(simulator_is_active(simulator_.get(), outer));
	simulator_wake(simulator_.get(), napper);
	Run(10 * kMillisecond);
	simulator_sleep(simulator_.get(), napper);
	Run(10 * kMillisecond);
	EXPECT_FALSE(simulator_is_active(simulator_.get(), inner));
	EXPECT_FALSE(simulator_is_active(simulator_.get(), outer));
	EXPECT_EQ(simulator_load(simulator_.get(), 0), 0u);
}

TEST_F(Sleep, LeavesToSiblingsWhatTheirParentHas)
{
	Start(1);
	int outer = Group(0, 100), napping = Group(outer, 100), busy = Group(outer, 100);
	int napper = Task(napping), other = Task(busy), rival = Task(Group(0, 100));
	Run(10 * kMillisecond);
	simulator_sleep(simulator_.get(), napper);
	EXPECT_FALSE(simulator_is_active(simulator_.get(), napping));
	EXPECT_TRUE(simulator_is_active(simulator_.get(), outer));
	uint64_t others = Received(other), rivals = Received(rival);
	for (int i = 0; i < 2000; i++) {
		simulator_wake(simulator_.get(), napper);
		Run(i % 50);
		simulator_sleep(simulator_.get(), napper);
		Run(kMillisecond);
	}
	EXPECT_NEAR(static_cast<double>(Received(other) - others) / kSecond, 1, 0.02);
	EXPECT_NEAR(static_cast<double>(Received(rival) - rivals) / kSecond, 1, 0.02);
}

TEST_F(Sleep, OfAGroupThatIsRemovedEndsAtOnce)
{
	Start(2);
	int group = Group(0, 100);
	int task = Task(group, 1);
	Run(10 * kMillisecond);
	simulator_sleep(simulator_.get(), task);
	EXPECT_TRUE(simulator_is_active(simulator_.get(), group));
	simulator_retire(simulator_.get(), group);
	EXPECT_FALSE(simulator_is_active(simulator_.get(), group));
	EXPECT_EQ(simulator_load(simulator_.get(), 0), 0u);
	Run(10 * kMillisecond); // and no queue still has it in its list
}

TEST_F(Sleep, OfAPartnerInterruptsNobodyTooOften)
{
	Start(1);
	int busy = Task(0), napper = Task(0);
	uint64_t before = Received(busy);
	for (int i = 0; i < 1000; i++) {
		simulator_sleep(simulator_.get(), napper);
		Run(500000);
		simulator_wake(simulator_.get(), napper);
		Run(500000);
	}
	EXPECT_GE(Received(busy) - before, kSecond / 2 - 10 * kMillisecond);
}

TEST_F(Move, CarriesWhatATaskIsAheadOrBehind)
{
	Start(2);
	int moving = Task(0, 0), stays = Task(0, 0), other = Task(0, 1);
	Run(10 * kSecond); // CPU 1's only task had twice as much: no business of the newcomer's
	uint64_t had = Received(moving), other_had = Received(other);
	simulator_migrate(simulator_.get(), moving, 1);
	Run(kSecond);
	EXPECT_NEAR(static_cast<double>(Received(moving) - had), 0.5 * kSecond, 0.02 * kSecond);
	EXPECT_NEAR(static_cast<double>(Received(other) - other_had), 0.5 * kSecond, 0.02 * kSecond);
	EXPECT_GT(Received(stays), 0u);
}

TEST_F(Move, KeepsWhatATaskIsOwed)
{
	Start(2);
	int stays = Task(0, 0), moving = Task(0, 0), other = Task(0, 1);
	while (Received(stays) < Received(moving) + 2 * kMillisecond)
		Run(kMillisecond / 10);
	uint64_t had = Received(moving), other_had = Received(other); // one less than is due to it
	simulator_set_request(simulator_.get(), moving, kMillisecond / 10, 0);
	simulator_set_request(simulator_.get(), other, kMillisecond / 10, 0);
	simulator_migrate(simulator_.get(), moving, 1);
	Run(kSecond);
	auto more = static_cast<double>(Received(moving) - had - (Received(other) - other_had));
	EXPECT_GT(more, kMillisecond);
}

// Tasks of a random forest sleep, wake, move; weights change. Nobody is lost, nothing is
// miscounted, and no CPU's time goes anywhere but to tasks and to idleness.
TEST_F(Fairness, SurvivesTenThousandRandomSteps)
{
	constexpr int kTasks = 40, kGroups = 20, kCpus = 4;
	const unsigned int seed = std::random_device{}();
	SCOPED_TRACE(seed);
	std::mt19937 random(seed);
	auto below = [&](int bound) { return static_cast<int>(random() % static_cast<unsigned int>(bound)); };
	Start(kCpus);
	for (int i = 1; i < kGroups; i++)
		Group(below(i), 1 + static_cast<uint32_t>(below(10000)));
	for (int i = 0; i < kTasks; i++)
		Task(below(kGroups), static_cast<unsigned int>(below(kCpus)), 15 + static_cast<uint32_t>(below(80000)));
	uint64_t time = 0;
	for (int step = 0; step < 10000; step++) {
		int task = below(kTasks);
		switch (below(5)) {
		case 0: simulator_sleep(simulator_.get(), task); break;
		case 1: simulator_wake(simulator_.get(), task); break;
		case 2: simulator_migrate(simulator_.get(), task, static_cast<unsigned int>(below(kCpus))); break;
		case 3:
			simulator_set_weight(simulator_.get(), 1 + below(kGroups - 1),
					     1 + static_cast<uint32_t>(below(10000)));
			break;
		default: {
			uint64_t span = 500000 * static_cast<uint64_t>(1 + below(20));
			Run(span);
			time += span;
		}
		}
		ASSERT_STREQ(simulator_check(simulator_.get()), nullptr) << "step " << step;
	}
	Run(10 * kMillisecond);
	time += 10 * kMillisecond;
	uint64_t sum = 0;
	for (int i = 0; i < kTasks; i++)
		sum += Received(i);
	for (unsigned int cpu = 0; cpu < kCpus; cpu++)
		sum += simulator_idle_ns(simulator_.get(), cpu);
	EXPECT_EQ(sum, time * kCpus);
}

} // namespace
