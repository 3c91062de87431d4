// SPDX-License-Identifier: Apache-2.0
// The lock-order checker: that it lets right orders pass, and stops the kernel at each wrong one.
#include <gtest/gtest.h>

#include "tests/kernel/sync/lock_rank_on_host.h"

namespace {

void Take(int rank) { lock_rank_acquire(static_cast<enum lock_rank>(rank), nullptr); }
void Drop(int rank) { lock_rank_release(static_cast<enum lock_rank>(rank), nullptr); }

class LockRank : public ::testing::Test {
protected:
	void TearDown() override { lock_rank_forget(); }
};

using LockRankDeath = LockRank;

TEST_F(LockRank, LetsAllBeTakenInTheirOrder)
{
	for (int rank = LOCK_RANK_NONE + 1; rank < LOCK_RANK_COUNT; rank++)
		Take(rank);
	for (int rank = LOCK_RANK_NONE + 1; rank < LOCK_RANK_COUNT; rank++)
		Drop(rank);
	lock_check_may_sleep();
	lock_check_may_touch_user();
}

TEST_F(LockRankDeath, StopsEveryPairInTheWrongOrder)
{
	for (int held = LOCK_RANK_NONE + 1; held < LOCK_RANK_COUNT; held++) {
		Take(held);
		for (int taken : { LOCK_RANK_NONE + 1, (LOCK_RANK_NONE + held) / 2 + 1, held })
			EXPECT_DEATH(Take(taken), "lock order") << taken << " under " << held;
		Drop(held);
	}
}

TEST_F(LockRankDeath, KeepsBothOfAPair)
{
	Take(LOCK_RANK_RUNQUEUE);
	lock_rank_note(LOCK_RANK_RUNQUEUE);
	Drop(LOCK_RANK_RUNQUEUE);
	EXPECT_DEATH(Take(LOCK_RANK_TASK), "lock order");
	Drop(LOCK_RANK_RUNQUEUE);
	Take(LOCK_RANK_TASK);
}

TEST_F(LockRankDeath, LetsNobodySleepWithASpinlock)
{
	Take(LOCK_RANK_TREE);
	lock_check_may_sleep();
	Take(LOCK_RANK_FIRST_SPINLOCK);
	EXPECT_DEATH(lock_check_may_sleep(), "a task sleeps");
}

TEST_F(LockRankDeath, LetsNobodyTouchUserMemoryWithWhatAFaultTakes)
{
	Take(LOCK_RANK_TREE);
	lock_check_may_touch_user();
	Take(LOCK_RANK_ADDRESS_SPACE);
	EXPECT_DEATH(lock_check_may_touch_user(), "user memory");
	Drop(LOCK_RANK_ADDRESS_SPACE);
	Take(LOCK_RANK_PAGE);
	EXPECT_DEATH(lock_check_may_touch_user(), "user memory");
}

TEST_F(LockRankDeath, GivesMutexesToTheTaskAndSpinlocksToTheCpu)
{
	Take(LOCK_RANK_TREE);
	Take(LOCK_RANK_RUNQUEUE);
	lock_rank_switch_task(); // the run queue's lock is let go by who arrives
	EXPECT_DEATH(Take(LOCK_RANK_TREE), "lock order");
	Drop(LOCK_RANK_RUNQUEUE);
	Take(LOCK_RANK_TREE);
}

TEST_F(LockRankDeath, StopsAReleaseOfWhatIsNotHeld)
{
	EXPECT_DEATH(Drop(LOCK_RANK_TREE), "held");
	EXPECT_DEATH(Drop(LOCK_RANK_PAGE), "count");
}

} // namespace
