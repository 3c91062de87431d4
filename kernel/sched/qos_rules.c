// SPDX-License-Identifier: Apache-2.0
/*
 * qos_rules.c - classes and hints to slices and bursts: see qos.h. Pure.
 */
#include "kernel/sched/qos.h"
#include "kernel/sched/runqueue.h"

enum { NS_PER_US = 1000 };

/* Whoever asks for less at a time is served sooner; a batch of work asks for more and is left alone. */
static const struct qos_request class_requests[] = {
	[CG_QOS_IDLE] = { 10000000, 0 },
	[CG_QOS_NORMAL] = { SCHED_SLICE_NS, 0 },
	[CG_QOS_INTERACTIVE] = { 400000, 0 },
	[CG_QOS_PERF_BURST] = { SCHED_SLICE_NS, 5000000 },
};

struct qos_request qos_request_of(enum cg_qos qos, uint32_t latency_us, uint32_t burst_us)
{
	struct qos_request request = class_requests[qos];

	if (latency_us != CG_LATENCY_NONE)
		request.slice_ns = latency_us * NS_PER_US;
	if (burst_us)
		request.burst_ns = burst_us * NS_PER_US;
	return request;
}

static uint32_t clamp(int64_t value, uint32_t least, uint32_t most)
{
	if (value < (int64_t)least)
		return least;
	return value > (int64_t)most ? most : (uint32_t)value;
}

uint32_t qos_clamp_shares(int64_t shares)
{
	return clamp(shares, QOS_SHARES_MIN, QOS_SHARES_MAX);
}

uint32_t qos_clamp_latency(int64_t latency_us)
{
	return latency_us <= 0 ? (uint32_t)CG_LATENCY_NONE
			       : clamp(latency_us, CG_LATENCY_MIN_US, CG_LATENCY_MAX_US);
}

uint32_t qos_clamp_burst(int64_t burst_us)
{
	return clamp(burst_us, 0, QOS_BURST_MAX_US);
}

bool qos_class_exists(uint32_t number)
{
	return number <= CG_QOS_INHERITED;
}

bool qos_shares_are_free(uint32_t shares)
{
	return shares <= QOS_SHARES_FREE;
}

uint32_t qos_to_scheduler(uint32_t shares)
{
	return (shares * CG_SHARES_DEFAULT + QOS_SHARES_DEFAULT / 2) / QOS_SHARES_DEFAULT;
}

uint32_t qos_from_scheduler(uint32_t shares)
{
	return (uint32_t)(((uint64_t)shares * QOS_SHARES_DEFAULT + CG_SHARES_DEFAULT / 2) /
			  CG_SHARES_DEFAULT);
}
