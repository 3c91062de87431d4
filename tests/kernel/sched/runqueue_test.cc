// SPDX-License-Identifier: Apache-2.0
// The books of a run queue: what goes along with a task to other queues, and what waits for its return.
#include <gtest/gtest.h>

#include <cstdlib>

extern "C" {
#include "kernel/sched/runqueue.h"
}

namespace {

constexpr uint64_t kMachine = 1ULL << SCHED_WEIGHT_SHIFT;
constexpr int64_t kMs = 1000000;

// A queue on which somebody else weighs that much; its mean stands still.
class Queue {
public:
	explicit Queue(uint64_t load)
	{
		runqueue_init(&queue_);
		other_.kin = &kin_;
		other_.weight = load;
		runqueue_join(&queue_, &other_);
	}
	struct runqueue *operator&() { return &queue_; }

private:
	struct runqueue queue_;
	struct sched_kin kin_ = {};
	struct sched_entity other_ = {};
};

// It weighs that much on the queue, and has had `ahead_ns` too much of it when it leaves.
void RunAhead(struct runqueue *queue, struct sched_entity *task, uint64_t weight, int64_t ahead_ns)
{
	static struct sched_kin kin;

	task->kin = &kin;
	task->weight = weight;
	task->lag_ns = -ahead_ns;
	runqueue_join(queue, task);
	runqueue_leave(queue, task);
}

void ExpectLag(const struct sched_entity &task, int64_t ns)
{
	EXPECT_LT(std::abs(task.lag_ns - ns), 1000) << task.lag_ns << " ns, not " << ns;
}

TEST(Debt, WaitsForWhoComesBack)
{
	Queue a(kMachine), b(kMachine);
	struct sched_entity task = {};

	RunAhead(&a, &task, kMachine, 2 * kMs);
	runqueue_migrate(&a, &b, &task, 0);
	task.lag_ns = 0; // it waits it off there
	runqueue_migrate(&b, &a, &task, 0);
	ExpectLag(task, -2 * kMs);
}

TEST(Debt, IsComparedInCpuTimeWhateverTheTaskWeighs)
{
	Queue a(kMachine), b(kMachine), c(kMachine);
	struct sched_entity task = {};

	RunAhead(&a, &task, kMachine, 2 * kMs);
	runqueue_migrate(&a, &b, &task, 0);
	RunAhead(&b, &task, kMachine / 1000, kMs); // a thousand times as much virtual time
	runqueue_migrate(&b, &c, &task, 0);
	task.lag_ns = 0;
	task.weight = kMachine;
	runqueue_migrate(&c, &a, &task, 0);
	ExpectLag(task, -2 * kMs);
}

TEST(Lag, IsHandedOverAndNobodyElseNotices)
{
	struct runqueue queue;
	struct sched_kin rivals = {}, kin = {};
	struct sched_entity rival = {}, parent = {}, child = {};

	runqueue_init(&queue);
	rival.weight = kMachine / 2;
	parent.weight = kMachine / 3;
	child.weight = kMachine / 5;
	rival.kin = &rivals;
	parent.kin = child.kin = &kin;
	for (struct sched_entity *entity : { &rival, &parent, &child })
		runqueue_join(&queue, entity);
	runqueue_charge(&queue, &parent, 2 * kMs);
	int64_t parents = runqueue_lag(&queue, &parent), childs = runqueue_lag(&queue, &child);
	int64_t rivals_lag = runqueue_lag(&queue, &rival), together = runqueue_kin_lag(&queue, &kin);
	uint64_t left = child.deadline_ns - child.virtual_ns;
	EXPECT_LT(parents, -kMs);
	EXPECT_LE(std::abs(together - parents - childs), 2);
	runqueue_transfer(&queue, &parent, &child, parents);
	EXPECT_LE(std::abs(runqueue_lag(&queue, &parent)), 2);
	EXPECT_LE(std::abs(runqueue_lag(&queue, &child) - parents - childs), 2);
	EXPECT_LE(std::abs(runqueue_lag(&queue, &rival) - rivals_lag), 2);
	EXPECT_LE(std::abs(runqueue_kin_lag(&queue, &kin) - together), 2);
	EXPECT_EQ(child.deadline_ns - child.virtual_ns, left);
	EXPECT_EQ(runqueue_lag(&queue, &rival), -runqueue_kin_lag(&queue, &kin));
	runqueue_reweigh(&queue, &child, kMachine / 7);
	EXPECT_LE(std::abs(runqueue_kin_lag(&queue, &kin) - together), 2);
	runqueue_leave(&queue, &parent);
	EXPECT_EQ(kin.weight, child.weight);
	EXPECT_EQ(kin.moment, child.weight * child.virtual_ns);
}

// However many leave their debts to one: 64 bits hold what it owes then.
TEST(Lag, IsHandedOverUpToTheGreatestThatOneMayHave)
{
	struct runqueue queue;
	struct sched_entity leaver = {}, mate = {}, rival = {};

	runqueue_init(&queue);
	leaver.weight = mate.weight = rival.weight = kMachine / 3;
	for (struct sched_entity *entity : { &leaver, &mate, &rival })
		runqueue_join(&queue, entity);
	for (int64_t debt_ns : { -200 * kMs, 200 * kMs })
		for (int i = 0; i < 100; i++) {
			int64_t had = runqueue_lag(&queue, &mate), rivals = runqueue_lag(&queue, &rival);
			int64_t handed = runqueue_transfer(&queue, &leaver, &mate, debt_ns);

			EXPECT_LE(std::abs(runqueue_lag(&queue, &mate) - had - handed), 2);
			EXPECT_LE(std::abs(runqueue_lag(&queue, &mate)), (1 << 28) + 2);
			EXPECT_LE(std::abs(runqueue_lag(&queue, &rival) - rivals), 2);
			EXPECT_EQ(handed == debt_ns, std::abs(had + debt_ns) <= 1 << 28);
		}
}

// Many who run ahead of their shares, or a host that stands still, keep one waiting for seconds.
TEST(Lag, MayBeSecondsForWhoWaits)
{
	for (bool reweighed : { false, true }) {
		struct runqueue queue;
		struct sched_entity waits = {}, runs = {}, other = {};
		uint64_t now = 0;

		runqueue_init(&queue);
		waits.weight = kMachine / 2;
		runs.weight = kMachine / 4;
		other.weight = kMachine / 8;
		for (struct sched_entity *entity : { &waits, &runs, &other }) {
			entity->slice_ns = SCHED_SLICE_NS;
			runqueue_join(&queue, entity);
		}
		while (now < 9000 * static_cast<uint64_t>(kMs))
			runqueue_charge(&queue, &runs, now += 1000 * static_cast<uint64_t>(kMs));
		int64_t owed = runqueue_lag(&queue, &waits);
		EXPECT_NEAR(static_cast<double>(owed), 9e9 * 4 / 7, 100);
		if (reweighed) {
			uint64_t due = waits.virtual_ns;
			runqueue_reweigh(&queue, &waits, kMachine / 16);
			EXPECT_LE(std::abs(runqueue_lag(&queue, &waits) - owed), 2);
			EXPECT_LT(static_cast<int64_t>(waits.virtual_ns - due), 0);
		} else {
			runqueue_leave(&queue, &waits);
			EXPECT_NEAR(static_cast<double>(runqueue_lag(&queue, &runs)), -3e9, 100); // as 9e9 / 3 for the other
			EXPECT_EQ(waits.lag_ns, 1 << 28);
		}
		EXPECT_LT(runqueue_lag(&queue, &runs), -kMs);
		EXPECT_GT(runqueue_lag(&queue, &other), kMs);
		EXPECT_GE(queue.remainder, 0);
		EXPECT_LT(static_cast<uint64_t>(queue.remainder), queue.load);
	}
}

TEST(Debt, IsPaidBackInASleepHoweverLongNobodyIsCharged)
{
	for (int64_t slept_ms : { 10, 1000, 1100, 100000 }) {
		Queue queue(kMachine);
		struct sched_entity task = {};

		RunAhead(&queue, &task, kMachine, 2 * kMs);
		runqueue_repay(&task, &queue, static_cast<uint64_t>(slept_ms * kMs));
		ExpectLag(task, 0);
	}
}

TEST(Lag, IsGivenUpByWhoYields)
{
	struct runqueue queue;
	struct sched_kin kin = {}, rivals = {};
	struct sched_entity yields = {}, rival = {};

	runqueue_init(&queue);
	yields.kin = &kin;
	rival.kin = &rivals;
	yields.weight = kMachine / 3;
	rival.weight = kMachine / 7;
	yields.slice_ns = rival.slice_ns = SCHED_SLICE_NS;
	runqueue_join(&queue, &yields);
	runqueue_join(&queue, &rival);
	runqueue_charge(&queue, &rival, 2 * kMs);
	EXPECT_GT(runqueue_lag(&queue, &yields), kMs);
	runqueue_yield(&queue, &yields, &rival);
	EXPECT_LT(std::abs(runqueue_lag(&queue, &yields)), 1000);
	EXPECT_LT(std::abs(runqueue_lag(&queue, &rival)), 1000);
	EXPECT_GT(yields.deadline_ns, rival.deadline_ns);
	EXPECT_EQ(kin.moment, yields.weight * yields.virtual_ns);
	int64_t owes = -kMs;
	runqueue_charge(&queue, &yields, 4 * kMs);
	EXPECT_LT(runqueue_lag(&queue, &yields), owes / 2);
	owes = runqueue_lag(&queue, &yields);
	runqueue_yield(&queue, &yields, &rival);
	EXPECT_EQ(runqueue_lag(&queue, &yields), owes);
}

TEST(Lag, FitsBesideWeightsOfManyMachines)
{
	// Thirty tasks that woke one after the other, each weighed as if it had the machine alone.
	Queue a(kMachine), b(40 * kMachine);
	struct sched_entity task = {};

	RunAhead(&a, &task, kMachine, 2 * kMs);
	runqueue_set_progress(&b, runqueue_progress(&a, 0));
	runqueue_carry(&a, &b, &task);
	// It is 4 ms ahead of the one it left: 2 of the mean, which it had pulled along by 2.
	ExpectLag(task, -4 * kMs * 40 / 41);
}

} // namespace
