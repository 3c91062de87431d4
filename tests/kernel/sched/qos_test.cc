// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <climits>

extern "C" {
#include "kernel/include/taper/sched.h"
#include "kernel/sched/qos.h"
}

TEST(QosClampShares, KeepsToTheLimits)
{
	EXPECT_EQ(qos_clamp_shares(INT64_MIN), 1U);
	EXPECT_EQ(qos_clamp_shares(0), 1U);
	EXPECT_EQ(qos_clamp_shares(1), 1U);
	EXPECT_EQ(qos_clamp_shares(1000), 1000U);
	EXPECT_EQ(qos_clamp_shares(1001), 1000U);
	EXPECT_EQ(qos_clamp_shares(INT64_MAX), 1000U);
}

TEST(QosClampLatency, KeepsToTheLimitsAndNoneIsNone)
{
	EXPECT_EQ(qos_clamp_latency(INT64_MIN), (uint32_t)CG_LATENCY_NONE);
	EXPECT_EQ(qos_clamp_latency(0), (uint32_t)CG_LATENCY_NONE);
	EXPECT_EQ(qos_clamp_latency(1), (uint32_t)CG_LATENCY_MIN_US);
	EXPECT_EQ(qos_clamp_latency(CG_LATENCY_MIN_US), (uint32_t)CG_LATENCY_MIN_US);
	EXPECT_EQ(qos_clamp_latency(CG_LATENCY_MAX_US), (uint32_t)CG_LATENCY_MAX_US);
	EXPECT_EQ(qos_clamp_latency(INT64_MAX), (uint32_t)CG_LATENCY_MAX_US);
}

TEST(QosClampBurst, KeepsToTheLimits)
{
	EXPECT_EQ(qos_clamp_burst(-1), 0U);
	EXPECT_EQ(qos_clamp_burst(QOS_BURST_MAX_US), (uint32_t)QOS_BURST_MAX_US);
	EXPECT_EQ(qos_clamp_burst(INT64_MAX), (uint32_t)QOS_BURST_MAX_US);
}

TEST(QosClassExists, IsTrueOfTheFiveNumbersOfTheHeader)
{
	EXPECT_TRUE(qos_class_exists(SCHED_QOS_IDLE));
	EXPECT_TRUE(qos_class_exists(SCHED_QOS_NORMAL));
	EXPECT_TRUE(qos_class_exists(SCHED_QOS_INTERACTIVE));
	EXPECT_TRUE(qos_class_exists(SCHED_QOS_PERF_BURST));
	EXPECT_TRUE(qos_class_exists(SCHED_QOS_INHERITED));
	EXPECT_FALSE(qos_class_exists(SCHED_QOS_INHERITED + 1));
	EXPECT_FALSE(qos_class_exists(UINT32_MAX));
	EXPECT_EQ((int)SCHED_QOS_IDLE, (int)CG_QOS_IDLE);
	EXPECT_EQ((int)SCHED_QOS_NORMAL, (int)CG_QOS_NORMAL);
	EXPECT_EQ((int)SCHED_QOS_INTERACTIVE, (int)CG_QOS_INTERACTIVE);
	EXPECT_EQ((int)SCHED_QOS_PERF_BURST, (int)CG_QOS_PERF_BURST);
	EXPECT_EQ((int)SCHED_QOS_INHERITED, (int)CG_QOS_INHERITED);
}

TEST(QosSharesAreFree, EndsAtFiveHundred)
{
	EXPECT_TRUE(qos_shares_are_free(1));
	EXPECT_TRUE(qos_shares_are_free(500));
	EXPECT_FALSE(qos_shares_are_free(501));
	EXPECT_FALSE(qos_shares_are_free(1000));
}

TEST(QosToScheduler, ReadsBackEveryNumberOfShares)
{
	for (uint32_t shares = QOS_SHARES_MIN; shares <= QOS_SHARES_MAX; shares++)
		ASSERT_EQ(qos_from_scheduler(qos_to_scheduler(shares)), shares);
	EXPECT_EQ(qos_to_scheduler(QOS_SHARES_DEFAULT), (uint32_t)CG_SHARES_DEFAULT);
}

TEST(QosRequestOf, HintsGoBeforeTheClass)
{
	struct qos_request normal = qos_request_of(CG_QOS_NORMAL, CG_LATENCY_NONE, 0);
	struct qos_request interactive = qos_request_of(CG_QOS_INTERACTIVE, CG_LATENCY_NONE, 0);
	EXPECT_LT(interactive.slice_ns * 4, normal.slice_ns);
	EXPECT_EQ(normal.burst_ns, 0U);
	EXPECT_EQ(interactive.burst_ns, 0U);
	EXPECT_GT(qos_request_of(CG_QOS_PERF_BURST, CG_LATENCY_NONE, 0).burst_ns, 0U);
	EXPECT_GT(qos_request_of(CG_QOS_IDLE, CG_LATENCY_NONE, 0).slice_ns, normal.slice_ns);
	struct qos_request asked = qos_request_of(CG_QOS_INTERACTIVE, CG_LATENCY_MAX_US, QOS_BURST_MAX_US);
	EXPECT_EQ(asked.slice_ns, 100000000U);
	EXPECT_EQ(asked.burst_ns, 10000000U);
}
