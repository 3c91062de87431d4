// SPDX-License-Identifier: Apache-2.0
// A million steps of random machines: after every one nobody is lost, doubled, outside its mask or owed too
// much, no CPU idles beside work, and over two hundred slices everybody has what the tree gives it.
//
// --seed=N repeats a run; --steps=N makes it longer.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "tests/sim/simulator.h"

namespace {

constexpr uint64_t kMillisecond = 1000000;
constexpr uint64_t kSlice = 3 * kMillisecond;

uint64_t seed = std::random_device{}();
long steps = 1000000;

struct Destroy {
	void operator()(struct simulator *simulator) { simulator_destroy(simulator); }
};
using Simulator = std::unique_ptr<struct simulator, Destroy>;

class Random : public ::testing::Test {
protected:
	Random() : random_(seed) { RecordProperty("seed", std::to_string(seed)); }

	int Below(size_t bound) { return static_cast<int>(random_() % bound); }
	bool OneIn(size_t count) { return Below(count) == 0; }

	std::mt19937_64 random_;
};

// ---- structure ----

class Machine {
public:
	Machine(unsigned int cpus, int tasks, int groups, std::mt19937_64 &random)
		: cpus_(cpus), tasks_(tasks), groups_(groups), random_(random), simulator_(simulator_create(cpus))
	{
		simulator_balance(get(), true);
		for (int i = 1; i < groups; i++)
			simulator_add_group(get(), Below(static_cast<size_t>(i)), Weight());
		for (int i = 0; i < tasks; i++)
			simulator_add_task(get(), Below(static_cast<size_t>(groups)),
					   10 + static_cast<uint32_t>(Below(10230)),
					   static_cast<unsigned int>(Below(cpus)));
	}

	// What happens next: mostly time passes.
	void Step()
	{
		int task = Below(static_cast<size_t>(tasks_));

		switch (Below(16)) {
		case 0: case 1: simulator_sleep(get(), task); break;
		case 2: case 3: case 4: simulator_wake_anywhere(get(), task); break;
		case 5: SetMask(task); break;
		case 6: simulator_migrate(get(), task, static_cast<unsigned int>(Below(cpus_))); break;
		case 7:
			if (groups_ > 1)
				simulator_set_weight(get(), 1 + Below(static_cast<size_t>(groups_ - 1)), Weight());
			break;
		case 8:
			simulator_set_request(get(), task, 100000 + static_cast<uint32_t>(Below(20000000)),
					      static_cast<uint32_t>(Below(4) ? 0 : Below(10000000)));
			break;
		default:
			simulator_advance(get(), simulator_now_ns(get()) +
							 static_cast<uint64_t>(Below(2 * kMillisecond)));
		}
	}

	const char *Check() { return simulator_check(get()); }

private:
	struct simulator *get() { return simulator_.get(); }
	int Below(size_t bound) { return static_cast<int>(random_() % bound); }
	uint32_t Weight() { return 1 + static_cast<uint32_t>(Below(Below(2) ? 10000 : 100)); }

	// All CPUs, one, or some.
	void SetMask(int task)
	{
		struct cpumask mask = cpumask_below(cpus_);

		if (Below(2)) {
			mask = cpumask_of(static_cast<unsigned int>(Below(cpus_)));
			for (int more = Below(2) ? 0 : Below(4); more; more--)
				cpumask_set(&mask, static_cast<unsigned int>(Below(cpus_)));
		}
		simulator_set_mask(get(), task, &mask);
	}

	unsigned int cpus_;
	int tasks_, groups_;
	std::mt19937_64 &random_;
	Simulator simulator_;
};

TEST_F(Random, MachinesLoseNobody)
{
	// CPUs, tasks, groups, and of every thousand steps how many.
	static const struct { unsigned int cpus; int tasks, groups, part; } kinds[] = {
		{1, 8, 6, 200},    {2, 8, 6, 200},    {3, 12, 8, 150},     {4, 16, 10, 250},
		{8, 24, 12, 120},  {16, 64, 20, 50},  {64, 160, 40, 20},   {128, 300, 60, 6},
		{512, 1200, 100, 4},
	};
	constexpr long kLife = 5000; // steps until a machine makes place for another

	long done = 0;
	for (const auto &kind : kinds) {
		std::unique_ptr<Machine> machine;
		for (long step = 0; step < steps * kind.part / 1000; step++, done++) {
			if (step % kLife == 0)
				machine = std::make_unique<Machine>(
					kind.cpus, 1 + Below(static_cast<size_t>(kind.tasks)),
					1 + Below(static_cast<size_t>(kind.groups)), random_);
			machine->Step();
			ASSERT_STREQ(machine->Check(), nullptr)
				<< kind.cpus << " CPUs, step " << step << ", --seed=" << seed;
		}
	}
	std::printf("%ld steps, --seed=%llu\n", done, static_cast<unsigned long long>(seed));
}

// ---- shares ----

// A tree whose tasks are always runnable, and what is due to each by the definition.
struct Tree {
	std::vector<int> parent, tasks_group;
	std::vector<double> weight, shares;

	double Fraction(int group) const
	{
		double among = 0;

		if (group == 0)
			return 1;
		for (size_t i = 1; i < parent.size(); i++)
			if (parent[i] == parent[static_cast<size_t>(group)] && HasTasks(static_cast<int>(i)))
				among += weight[i];
		for (size_t i = 0; i < shares.size(); i++)
			if (tasks_group[i] == parent[static_cast<size_t>(group)])
				among += shares[i];
		return Fraction(parent[static_cast<size_t>(group)]) * weight[static_cast<size_t>(group)] / among;
	}

	bool HasTasks(int group) const
	{
		for (int of : tasks_group)
			for (int at = of; at > 0; at = parent[static_cast<size_t>(at)])
				if (at == group)
					return true;
		return false;
	}

	double TaskFraction(size_t task) const
	{
		int group = tasks_group[task];
		double among = 0;

		for (size_t i = 0; i < shares.size(); i++)
			among += tasks_group[i] == group ? shares[i] : 0;
		for (size_t i = 1; i < parent.size(); i++)
			among += parent[i] == group && HasTasks(static_cast<int>(i)) ? weight[i] : 0;
		return Fraction(group) * shares[task] / among;
	}

	// Of `cpus` CPUs, none more than one: who is due more leaves the rest to the others.
	std::vector<double> Due(double cpus) const
	{
		std::vector<double> fraction, due(shares.size(), 0);
		double left = cpus, among = 0;

		for (size_t i = 0; i < shares.size(); i++)
			among += fraction.emplace_back(TaskFraction(i));
		for (bool again = true; again;) {
			again = false;
			for (size_t i = 0; i < due.size(); i++)
				if (due[i] == 0 && fraction[i] * left > among) {
					due[i] = 1;
					left -= 1;
					among -= fraction[i];
					again = true;
				}
		}
		for (size_t i = 0; i < due.size(); i++)
			due[i] = due[i] == 0 ? left * fraction[i] / among : due[i];
		return due;
	}
};

class Shares : public Random {
protected:
	// The worst error of a task's CPU time over `slices` slices of who is due least.
	double WorstError(const Tree &tree, unsigned int cpus, uint64_t slices)
	{
		Simulator simulator(simulator_create(cpus));
		std::vector<double> due = tree.Due(cpus);
		double least = *std::min_element(due.begin(), due.end());
		auto span = static_cast<uint64_t>(static_cast<double>(slices * kSlice) / least);
		std::vector<uint64_t> before;
		double worst = 0;

		simulator_balance(simulator.get(), true);
		for (size_t i = 1; i < tree.parent.size(); i++)
			simulator_add_group(simulator.get(), tree.parent[i],
					    static_cast<uint32_t>(tree.weight[i] * 100 / 1024));
		for (size_t i = 0; i < tree.shares.size(); i++)
			simulator_add_task(simulator.get(), tree.tasks_group[i],
					   static_cast<uint32_t>(tree.shares[i]),
					   static_cast<unsigned int>(Below(cpus)));
		simulator_run(simulator.get(), 1000 * kMillisecond);
		for (size_t i = 0; i < due.size(); i++)
			before.push_back(simulator_received_ns(simulator.get(), static_cast<int>(i)));
		simulator_run(simulator.get(), span);
		EXPECT_STREQ(simulator_check(simulator.get()), nullptr);
		for (size_t i = 0; i < due.size(); i++) {
			double got = static_cast<double>(
				simulator_received_ns(simulator.get(), static_cast<int>(i)) - before[i]);
			double error = std::abs(got - due[i] * static_cast<double>(span));
			worst = std::max(worst, error / due[i] / static_cast<double>(span));
		}
		return worst;
	}

	// Weights are in shares: 1024 is weight 100.
	Tree RandomTree(int groups, int tasks)
	{
		Tree tree;
		tree.parent.push_back(-1);
		tree.weight.push_back(1024);
		for (int i = 1; i < groups; i++) {
			tree.parent.push_back(Below(static_cast<size_t>(i)));
			tree.weight.push_back(static_cast<double>((50 + 25 * Below(7)) * 1024 / 100));
		}
		for (int i = 0; i < tasks; i++) {
			tree.tasks_group.push_back(Below(static_cast<size_t>(groups)));
			tree.shares.push_back(512 * (1 + Below(4)));
		}
		return tree;
	}

	// One whose tasks are due between a twentieth and `most` of a CPU each.
	Tree TreeFor(unsigned int cpus, double most)
	{
		for (;;) {
			Tree tree = RandomTree(1 + Below(8), static_cast<int>(cpus) + 1 + Below(2 * cpus));
			std::vector<double> due = tree.Due(cpus);

			if (*std::min_element(due.begin(), due.end()) >= 0.05 &&
			    *std::max_element(due.begin(), due.end()) <= most)
				return tree;
		}
	}
};

// EEVDF lets a task be a slice off at either end: two slices, of two hundred.
TEST_F(Shares, AreWithinOnePercentOverTwoHundredSlices)
{
	for (unsigned int cpus : {1u, 2u, 3u, 4u, 8u, 16u, 32u}) {
		double worst = 0;
		for (int round = 0; round < (cpus < 16 ? 20 : 3); round++)
			worst = std::max(worst, WorstError(TreeFor(cpus, 1), cpus, 200));
		std::printf("%u CPUs: the worst error is %.2f %%\n", cpus, 100 * worst);
		EXPECT_LE(worst, 0.01) << cpus << " CPUs, --seed=" << seed;
	}
}

// A search looks at 32 CPUs: of more, if nobody is due a whole one.
TEST_F(Shares, AreWithinOnePercentOnMoreCpusThanASearchLooksAt)
{
	for (unsigned int cpus : {64u, 512u}) {
		double worst = WorstError(TreeFor(cpus, 0.95), cpus, 200);
		std::printf("%u CPUs: the worst error is %.2f %%\n", cpus, 100 * worst);
		EXPECT_LE(worst, 0.01) << cpus << " CPUs, --seed=" << seed;
	}
}

// Whoever wakes for a moment halves all weights for that moment; nobody's place may remember it.
TEST_F(Shares, StayWhileSomebodyWakesForMoments)
{
	Simulator simulator(simulator_create(2));
	int top = simulator_add_group(simulator.get(), 0, 100);
	int light = simulator_add_group(simulator.get(), top, 100);
	int heavy = simulator_add_group(simulator.get(), top, 300);
	int tasks[] = {
		simulator_add_task(simulator.get(), light, 1024, 0),
		simulator_add_task(simulator.get(), light, 1024, 1),
		simulator_add_task(simulator.get(), heavy, 1024, 0),
		simulator_add_task(simulator.get(), heavy, 1024, 1),
	};
	int waker = simulator_add_task(simulator.get(), 0, 1024, 1);
	uint64_t start = simulator_now_ns(simulator.get());

	simulator_balance(simulator.get(), true);
	for (int i = 0; i < 100; i++) {
		simulator_sleep(simulator.get(), waker);
		simulator_run(simulator.get(), 9 * kMillisecond + static_cast<uint64_t>(Below(2 * kMillisecond)));
		simulator_wake(simulator.get(), waker);
		simulator_run(simulator.get(), kMillisecond / 20);
	}
	auto span = static_cast<double>(simulator_now_ns(simulator.get()) - start);
	for (int task : tasks) {
		double due = task == tasks[0] || task == tasks[1] ? 0.25 : 0.75;
		auto got = static_cast<double>(simulator_received_ns(simulator.get(), task));
		EXPECT_NEAR(got / span, due, 0.02) << "task " << task << ", --seed=" << seed;
	}
}

} // namespace

int main(int argc, char **argv)
{
	::testing::InitGoogleTest(&argc, argv);
	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "--seed=", 7))
			seed = strtoull(argv[i] + 7, nullptr, 0);
		if (!strncmp(argv[i], "--steps=", 8))
			steps = strtol(argv[i] + 8, nullptr, 0);
	}
	std::printf("--seed=%llu\n", static_cast<unsigned long long>(seed));
	return RUN_ALL_TESTS();
}
