// SPDX-License-Identifier: Apache-2.0
#include "execd/restart.h"

#include <csignal>

#include "gtest/gtest.h"

namespace {

/* Wait statuses as wait(2) makes them. */
constexpr int exited(int code) { return code << 8; }
constexpr int killed(int signal) { return signal; }

TEST(RestartWanted, FollowsThePolicy)
{
	EXPECT_TRUE(restart_wanted(RECIPE_RESTART_ALWAYS, exited(0)));
	EXPECT_TRUE(restart_wanted(RECIPE_RESTART_ALWAYS, killed(SIGKILL)));
	EXPECT_FALSE(restart_wanted(RECIPE_RESTART_ON_FAILURE, exited(0)));
	EXPECT_TRUE(restart_wanted(RECIPE_RESTART_ON_FAILURE, exited(1)));
	EXPECT_TRUE(restart_wanted(RECIPE_RESTART_ON_FAILURE, killed(SIGTERM)));
	EXPECT_FALSE(restart_wanted(RECIPE_RESTART_NEVER, exited(1)));
	EXPECT_FALSE(restart_wanted(RECIPE_RESTART_NEVER, killed(SIGSEGV)));
}

TEST(RestartDelay, DoublesUpToItsLimit)
{
	int64_t delay = restart_delay(0, 0);
	EXPECT_EQ(delay, RESTART_DELAY_FIRST_NS);
	for (int i = 0; i < 8; i++) {
		EXPECT_EQ(restart_delay(delay, RESTART_SETTLED_NS - 1), 2 * delay);
		delay *= 2;
	}
	EXPECT_EQ(restart_delay(delay, 0), RESTART_DELAY_MAX_NS);
	EXPECT_EQ(restart_delay(RESTART_DELAY_MAX_NS, 0), RESTART_DELAY_MAX_NS);
}

TEST(RestartDelay, BeginsAnewForWhoRanLong)
{
	EXPECT_EQ(restart_delay(RESTART_DELAY_MAX_NS, RESTART_SETTLED_NS), RESTART_DELAY_FIRST_NS);
}

}  // namespace
