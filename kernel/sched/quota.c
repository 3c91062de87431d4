// SPDX-License-Identifier: Apache-2.0
/*
 * quota.c - see quota.h. Pure.
 */
#include "kernel/sched/quota.h"

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void quota_set(struct quota *quota, uint64_t quota_ns, uint64_t period_ns, uint64_t burst_ns,
	       uint64_t now_ns)
{
	quota_advance(quota, now_ns);
	quota->quota_ns = quota_ns;
	quota->period_ns = period_ns;
	quota->burst_ns = burst_ns;
	quota->period_end_ns = now_ns + period_ns;
	quota->left_ns = quota_ns == QUOTA_NONE ? 0 : (int64_t)quota_ns;
	quota->began_ns = quota->left_ns;
	quota->used = quota->was_short = false;
}

/* What the period that ends leaves in the books; it is the first of `elapsed`. */
static void count_period(struct quota *quota, uint64_t elapsed)
{
	int64_t unused_ns = quota->left_ns > 0 ? quota->left_ns : 0;
	int64_t more_ns = quota->began_ns - unused_ns - (int64_t)quota->quota_ns;
	bool in_debt = quota->waiting && quota->left_ns <= 0;
	uint64_t whole = in_debt ? elapsed : 1;

	if (quota->used || in_debt)
		quota->periods += whole;
	if (quota->was_short || in_debt)
		quota->short_periods += whole;
	if (quota->burst_ns && more_ns > 0) {
		quota->bursts++;
		quota->burst_used_ns += (uint64_t)more_ns;
	}
}

void quota_advance(struct quota *quota, uint64_t now_ns)
{
	if (!quota->period_ns || now_ns < quota->period_end_ns)
		return;
	uint64_t elapsed = (now_ns - quota->period_end_ns) / quota->period_ns + 1;

	quota->period_end_ns += elapsed * quota->period_ns;
	if (quota->quota_ns == QUOTA_NONE)
		return;
	count_period(quota, elapsed);
	int64_t kept_max = (int64_t)(quota->quota_ns + quota->burst_ns);
	if (quota->was_short && quota->left_ns > (int64_t)quota->burst_ns)
		kept_max = quota->left_ns + (int64_t)quota->quota_ns;
	__int128 filled = quota->left_ns + (__int128)elapsed * quota->quota_ns;
	quota->left_ns = filled < kept_max ? (int64_t)filled : kept_max;
	quota->began_ns = quota->left_ns;
	quota->used = quota->was_short = false;
}

int64_t quota_take(struct quota *quota, int64_t wanted_ns, uint64_t now_ns)
{
	quota_advance(quota, now_ns);
	if (quota->quota_ns == QUOTA_NONE)
		return wanted_ns;
	quota->used = true;
	if (quota->left_ns <= 0)
		return 0;
	int64_t taken = least(wanted_ns, quota->left_ns);
	quota->left_ns -= taken;
	return taken;
}

void quota_give_back(struct quota *quota, int64_t rest_ns, uint64_t now_ns)
{
	quota_advance(quota, now_ns);
	if (quota->quota_ns != QUOTA_NONE)
		quota->left_ns += rest_ns;
}

uint64_t quota_ready_ns(struct quota *quota, uint64_t now_ns)
{
	quota_advance(quota, now_ns);
	if (quota->quota_ns == QUOTA_NONE || quota->left_ns > 0)
		return now_ns;
	uint64_t more = (uint64_t)-quota->left_ns / quota->quota_ns;
	return quota->period_end_ns + more * quota->period_ns;
}

void quota_begin_waiting(struct quota *quota, uint64_t now_ns)
{
	quota_advance(quota, now_ns);
	quota->waiting++;
	quota->was_short = true;
}

void quota_end_waiting(struct quota *quota, uint64_t now_ns)
{
	quota_advance(quota, now_ns);
	quota->waiting--;
}

int64_t quota_slice_ns(const struct quota *quota, unsigned int cpu_count)
{
	uint64_t slice = quota->quota_ns / cpu_count / 8;

	if (slice < QUOTA_SLICE_MIN_NS)
		return QUOTA_SLICE_MIN_NS;
	return slice > QUOTA_SLICE_MAX_NS ? QUOTA_SLICE_MAX_NS : (int64_t)slice;
}
