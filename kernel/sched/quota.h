// SPDX-License-Identifier: Apache-2.0
/*
 * quota.h - the CPU time that a node may still use in this period: the arithmetic of cpu.max.
 *
 * A pool is filled with the quota at the beginning of each period. CPUs take slices from it, run on
 * them, and give back what they have left or owe; what is in CPUs' hands is none of its business. It
 * is filled when it is next looked at, not by a timer: periods that nobody noticed count together.
 *
 * A period in which somebody had to wait loses nothing: what CPUs gave back too late is there in the
 * next one. Else what is left over is kept up to the burst.
 *
 * quota.c is pure: it takes the time as an argument, and the caller guards the pool.
 */
#ifndef KERNEL_SCHED_QUOTA_H
#define KERNEL_SCHED_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#define QUOTA_NONE UINT64_MAX

enum { QUOTA_SLICE_MIN_NS = 100000, QUOTA_SLICE_MAX_NS = 4000000 };

struct quota {
	uint64_t quota_ns;      /* in each period; QUOTA_NONE: no limit */
	uint64_t period_ns;
	uint64_t burst_ns;      /* how much may be kept of what was not used */
	uint64_t period_end_ns;
	int64_t left_ns;        /* nobody has taken it; negative: owed */
	int64_t began_ns;       /* left_ns when the period began */
	uint32_t waiting;       /* how many wait now */
	bool used;              /* in this period somebody took, or wanted to */
	bool was_short;         /* in this period somebody had to wait */

	uint64_t periods;       /* in which it was used, or waited for */
	uint64_t short_periods; /* of them, in which somebody had to wait */
	uint64_t bursts;        /* periods in which more than the quota was used */
	uint64_t burst_used_ns; /* how much more, in all */
};

/* New settings; the first period begins now, with a whole quota. Counts and waiters stay. quota_ns +
 * burst_ns (without a limit: burst_ns) below 2^62, period_ns not 0. */
void quota_set(struct quota *quota, uint64_t quota_ns, uint64_t period_ns, uint64_t burst_ns,
	       uint64_t now_ns);
/* Ends the periods that are over. The functions below do it first. */
void quota_advance(struct quota *quota, uint64_t now_ns);
/* Takes up to wanted_ns (> 0): how much there was, 0 nothing is left. */
int64_t quota_take(struct quota *quota, int64_t wanted_ns, uint64_t now_ns);
/* A CPU's rest, or its debt. */
void quota_give_back(struct quota *quota, int64_t rest_ns, uint64_t now_ns);
/* When there will be something: now_ns, or the beginning of a period. */
uint64_t quota_ready_ns(struct quota *quota, uint64_t now_ns);
/* Somebody waits for it, and no longer. */
void quota_begin_waiting(struct quota *quota, uint64_t now_ns);
void quota_end_waiting(struct quota *quota, uint64_t now_ns);
/* How much one of so many CPUs (> 0) should take at a time: an eighth of its part, within the limits
 * above. */
int64_t quota_slice_ns(const struct quota *quota, unsigned int cpu_count);

#endif
