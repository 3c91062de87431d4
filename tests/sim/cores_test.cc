// SPDX-License-Identifier: Apache-2.0
/*
 * cores_test.cc - the kernel's choices on machines of several packages with cores of several threads, in the
 * simulator: whose tasks a CPU takes that has nothing to run, who leaves a shared core for a free one, that a CPU
 * which runs empty takes whoever waits for it, and that none of it breaks what random_test.cc checks.
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
#include "kernel/sched/isolation.h"
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

/* Which task each CPU runs. */
static std::vector<int> all_running(const struct simulator *simulator, unsigned int cpus)
{
	std::vector<int> running;

	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		running.push_back(simulator_running(simulator, cpu));
	return running;
}

TEST(Invite, TakesFromASharedCoreWhenItsOwnIsFree)
{
	Machine machine(2, 2, 2);
	struct simulator *simulator = machine.get();

	for (unsigned int cpu : {0U, 1U, 2U, 4U, 6U})
		simulator_add_task(simulator, 0, 1024, cpu);
	EXPECT_EQ(all_running(simulator, 8), (std::vector<int>{0, 1, 2, -1, 3, -1, 4, -1}));
	simulator_sleep(simulator, 3);
	EXPECT_EQ(all_running(simulator, 8), (std::vector<int>{-1, 1, 2, -1, 0, -1, 4, -1}));
	simulator_sleep(simulator, 2);
	EXPECT_EQ(all_running(simulator, 8), (std::vector<int>{-1, 1, -1, -1, 0, -1, 4, -1}));
}

TEST(Invite, AsksNobodyWhileAnotherThreadOfTheCoreIsBusy)
{
	Machine machine(1, 2, 2);
	struct simulator *simulator = machine.get();

	for (unsigned int cpu = 0; cpu < 4; cpu++)
		simulator_add_task(simulator, 0, 1024, cpu);
	simulator_sleep(simulator, 3);
	EXPECT_EQ(all_running(simulator, 4), (std::vector<int>{0, 1, 2, -1}));
	simulator_sleep(simulator, 2);
	EXPECT_EQ(all_running(simulator, 4), (std::vector<int>{-1, 1, 0, -1}));
}

TEST(Invite, GoesByTheMask)
{
	Machine machine(1, 2, 2);
	struct simulator *simulator = machine.get();
	struct cpumask own = cpumask_below(2), own_or_third = cpumask_below(3);

	for (unsigned int cpu = 0; cpu < 3; cpu++)
		simulator_add_task(simulator, 0, 1024, cpu);
	simulator_set_mask(simulator, 0, &own);
	simulator_set_mask(simulator, 1, &own);
	simulator_sleep(simulator, 2);
	EXPECT_EQ(all_running(simulator, 4), (std::vector<int>{0, 1, -1, -1}));
	simulator_set_mask(simulator, 1, &own_or_third);
	simulator_wake(simulator, 2);
	simulator_sleep(simulator, 2);
	EXPECT_EQ(all_running(simulator, 4), (std::vector<int>{0, -1, 1, -1}));
}

TEST(Invite, BringsNobodyToIsolatedCpus)
{
	Machine machine(1, 2, 2);
	struct simulator *simulator = machine.get();
	struct cpumask first = cpumask_below(2), all = cpumask_below(4);

	for (unsigned int cpu = 0; cpu < 3; cpu++)
		simulator_add_task(simulator, 0, 1024, cpu);
	isolation_cpus = cpumask_andnot(&all, &first);
	isolation_is_used = true;
	simulator_sleep(simulator, 2);
	EXPECT_EQ(all_running(simulator, 4), (std::vector<int>{0, 1, -1, -1}));
	isolation_is_used = false;
}

/* One CPU of each core is isolated, and the second core runs out of tasks. */
TEST(Invite, TakesNobodyFromIsolatedCpus)
{
	Machine machine(1, 2, 2);
	struct simulator *simulator = machine.get();
	struct cpumask isolated = cpumask_of(1);

	cpumask_set(&isolated, 3);
	for (unsigned int cpu = 0; cpu < 3; cpu++)
		simulator_add_task(simulator, 0, 1024, cpu);
	simulator_set_mask(simulator, 1, &isolated);
	for (int task : {0, 2}) {
		struct cpumask own = cpumask_of(task == 0 ? 0U : 2U);
		simulator_set_mask(simulator, task, &own);
	}
	isolation_cpus = isolated;
	isolation_is_used = true;
	simulator_sleep(simulator, 2);
	EXPECT_EQ(all_running(simulator, 4), (std::vector<int>{0, 1, -1, -1}));
	isolation_is_used = false;
}

namespace {

/* How many events there are in a second on three CPUs with two tasks each, beside an idle one. */
long events_beside(const struct cpumask &isolated, const struct cpumask &mask)
{
	Machine machine(1, 4, 1);
	struct simulator *simulator = machine.get();
	uint64_t end = simulator_now_ns(simulator) + 1000 * kMillisecond;
	long events = 0;

	simulator_balance(simulator, true);
	isolation_cpus = isolated;
	isolation_is_used = true;
	for (int task = 0; task < 6; task++) {
		simulator_add_task(simulator, 0, 1024, static_cast<unsigned int>(task % 3));
		simulator_set_mask(simulator, task, &mask);
	}
	for (; simulator_now_ns(simulator) < end; events++)
		simulator_advance(simulator, end);
	EXPECT_EQ(simulator_running(simulator, 3), -1);
	isolation_is_used = false;
	return events;
}

} // namespace

/* Who waits looks at an idle CPU that is isolated as little as at one that his mask has not. */
TEST(Offer, LooksAtNoIsolatedCpu)
{
	EXPECT_EQ(events_beside(cpumask_of(3), cpumask_below(4)), events_beside(cpumask_of(3), cpumask_below(3)));
}

namespace {

std::mt19937_64 random_numbers;

int below(size_t bound) { return static_cast<int>(random_numbers() % bound); }

/* Whether a core is free while two threads of another are busy; all have as many. */
bool wastes_a_core(const Machine &machine, unsigned int threads)
{
	bool is_free = false, is_shared = false;

	for (unsigned int core = 0; core < machine.count() / threads; core++) {
		unsigned int busy = 0;

		for (unsigned int thread = 0; thread < threads; thread++)
			busy += simulator_running(machine.get(), core * threads + thread) >= 0;
		is_free |= busy == 0;
		is_shared |= busy > 1;
	}
	return is_free && is_shared;
}

void step(struct simulator *simulator, int tasks)
{
	int task = below(static_cast<size_t>(tasks));

	if (below(4) == 0)
		simulator_sleep(simulator, task);
	else if (below(3) == 0)
		simulator_wake_anywhere(simulator, task);
	else
		simulator_run(simulator, static_cast<uint64_t>(below(2 * kMillisecond)));
}

/* All tasks are asleep. */
int add_tasks(Machine &machine)
{
	int tasks = 1 + below(3 * static_cast<size_t>(machine.count()));

	simulator_balance(machine.get(), true);
	for (int task = 0; task < tasks; task++) {
		simulator_add_task(machine.get(), 0, 1024, static_cast<unsigned int>(below(machine.count())));
		simulator_sleep(machine.get(), task);
	}
	return tasks;
}

} // namespace

TEST(Random, MachinesKeepEveryInvariant)
{
	random_numbers.seed(seed);
	for (int round = 0; round < 100; round++) {
		Machine machine(1 + below(4), 1 + below(8), 1 + below(3));
		int tasks = add_tasks(machine);

		for (int i = 0; i < 1000; i++) {
			step(machine.get(), tasks);
			ASSERT_STREQ(simulator_check(machine.get()), nullptr)
				<< "round " << round << ", --seed=" << seed;
		}
	}
}

/* Whether somebody waits who may run on that CPU. */
static bool is_wanted(const Machine &machine, unsigned int cpu, const std::vector<struct cpumask> &masks)
{
	std::vector<bool> runs(masks.size(), false);

	for (int task : all_running(machine.get(), machine.count()))
		if (task >= 0)
			runs[static_cast<size_t>(task)] = true;
	for (size_t task = 0; task < masks.size(); task++)
		if (simulator_is_runnable(machine.get(), static_cast<int>(task)) && !runs[task] &&
		    cpumask_test(&masks[task], cpu))
			return true;
	return false;
}

/* Stealing alone: nothing is evened out, and no time passes. With all other CPUs and tasks within one search it is
 * exact. */
TEST(Random, CpusThatRunEmptyTakeWhoWaits)
{
	random_numbers.seed(seed);
	for (int round = 0; round < 1000; round++) {
		Machine machine(1 + below(2), 1 + below(3), 1 + below(2));
		struct simulator *simulator = machine.get();
		std::vector<struct cpumask> masks;

		for (int i = below(17); i >= 0; i--) {
			struct cpumask mask = cpumask_none();

			for (int bits = 1 + below(4); bits; bits--)
				cpumask_set(&mask, static_cast<unsigned int>(below(machine.count())));
			simulator_add_task(simulator, 0, 1024, static_cast<unsigned int>(below(machine.count())));
			simulator_set_mask(simulator, static_cast<int>(masks.size()), &mask);
			masks.push_back(mask);
		}
		for (size_t task = 0; task < masks.size(); task++) {
			std::vector<int> before = all_running(simulator, machine.count());

			simulator_sleep(simulator, static_cast<int>(task));
			for (unsigned int cpu = 0; cpu < machine.count(); cpu++) {
				bool runs_empty = before[cpu] >= 0 && simulator_running(simulator, cpu) < 0;

				ASSERT_FALSE(runs_empty && is_wanted(machine, cpu, masks))
					<< "round " << round << ", CPU " << cpu << ", --seed=" << seed;
			}
		}
	}
}

/* With all other CPUs within one search it is exact. */
TEST(Random, MachinesLeaveNoCoreFreeWhileAnotherIsShared)
{
	random_numbers.seed(seed);
	for (int round = 0; round < 100; round++) {
		int threads = 2 + below(2);
		Machine machine(1 + below(2), 1 + below(5), threads);
		int tasks = add_tasks(machine);

		for (int i = 0; i < 1000; i++) {
			step(machine.get(), tasks);
			ASSERT_FALSE(wastes_a_core(machine, static_cast<unsigned int>(threads)))
				<< "round " << round << ", step " << i << ", --seed=" << seed;
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
