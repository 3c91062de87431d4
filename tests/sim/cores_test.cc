// SPDX-License-Identifier: Apache-2.0
/*
 * cores_test.cc - the kernel's stealing on machines of several packages with cores of several threads, in the
 * simulator: whose tasks are taken first, and that none of it breaks what random_test.cc checks.
 *
 * --seed=N repeats a run.
 */
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "tests/sim/simulator.h"

extern "C" {
#include "kernel/sched/cores.h"
}

namespace {

constexpr uint64_t kMillisecond = 1000000;

uint64_t seed = std::random_device{}();

class Machine
{
      public:
	Machine(int packages, int cores, int threads)
		: count_(static_cast<unsigned int>(packages * cores * threads)), neighbours_(count_),
		  simulator_(simulator_create(count_))
	{
		std::vector<struct topology_cpu> cpus(count_);
		struct topology topology = {count_, cpus.data(), {}};

		for (size_t cpu = 0; cpu < count_; cpu++) {
			cpus[cpu].package_id = static_cast<int>(cpu) / (cores * threads);
			cpus[cpu].core_id = static_cast<int>(cpu) / threads % cores;
		}
		if (cores_describe(&topology, neighbours_.data()))
			cpu_neighbours = neighbours_.data();
	}
	~Machine()
	{
		cpu_neighbours = nullptr;
		simulator_destroy(simulator_);
	}
	Machine(const Machine &) = delete;
	Machine &operator=(const Machine &) = delete;

	unsigned int count() const { return count_; }
	struct simulator *get() const { return simulator_; }

      private:
	unsigned int count_;
	std::vector<struct cpu_neighbours> neighbours_;
	struct simulator *simulator_;
};

} // namespace

/* Every CPU has a task; those of CPUs 0, 4 and 6 have a second one; the task of CPU 7 goes to sleep, and so does
 * whichever comes. */
TEST(Steal, TakesFromTheCoreThenThePackageThenElsewhere)
{
	Machine machine(2, 2, 2);
	struct simulator *simulator = machine.get();
	std::vector<int> came_from;

	for (unsigned int cpu = 0; cpu < 8; cpu++)
		simulator_add_task(simulator, 0, 1024, cpu);
	for (unsigned int cpu : {0U, 4U, 6U})
		simulator_add_task(simulator, 0, 1024, cpu);
	static const int home[] = {0, 1, 2, 3, 4, 5, 6, 7, 0, 4, 6};
	for (int i = 0; i < 4; i++) {
		int task = simulator_running(simulator, 7);
		ASSERT_GE(task, 0);
		came_from.push_back(home[task]);
		simulator_sleep(simulator, task);
		ASSERT_STREQ(simulator_check(simulator), nullptr);
	}
	EXPECT_EQ(came_from, (std::vector<int>{7, 6, 4, 0}));
	EXPECT_EQ(simulator_running(simulator, 7), -1);
}

TEST(Steal, KeepsEveryInvariantOnRandomMachines)
{
	std::mt19937_64 random(seed);
	auto below = [&random](size_t bound) { return static_cast<int>(random() % bound); };

	RecordProperty("seed", std::to_string(seed));
	for (int round = 0; round < 100; round++) {
		Machine machine(1 + below(4), 1 + below(8), 1 + below(3));
		struct simulator *simulator = machine.get();
		int tasks = 1 + below(3 * static_cast<size_t>(machine.count()));

		simulator_balance(simulator, true);
		for (int task = 0; task < tasks; task++)
			simulator_add_task(simulator, 0, 1024, static_cast<unsigned int>(below(machine.count())));
		for (int step = 0; step < 1000; step++) {
			int task = below(static_cast<size_t>(tasks));

			if (below(4) == 0)
				simulator_sleep(simulator, task);
			else if (below(3) == 0)
				simulator_wake_anywhere(simulator, task);
			else
				simulator_run(simulator, static_cast<uint64_t>(below(2 * kMillisecond)));
			ASSERT_STREQ(simulator_check(simulator), nullptr) << "round " << round << ", --seed=" << seed;
		}
	}
}

int main(int argc, char **argv)
{
	testing::InitGoogleTest(&argc, argv);
	for (int i = 1; i < argc; i++)
		if (!strncmp(argv[i], "--seed=", 7))
			seed = strtoull(argv[i] + 7, nullptr, 0);
	printf("--seed=%llu\n", static_cast<unsigned long long>(seed));
	return RUN_ALL_TESTS();
}
