// SPDX-License-Identifier: Apache-2.0
/*
 * pressure_average.c - see pressure_average.h. Pure.
 */
#include "kernel/sched/pressure_average.h"

enum { ONE = 2048, STEPS_MAX = 2000 /* after 4000 s nothing is left of what was */ };

/* exp(-2 s / 10 s) and so on, in 1/ONE */
static const uint32_t decay[PRESSURE_AVERAGES] = { 1677, 1981, 2034 };

/* Rounded towards where it goes, so that it gets there. */
static uint32_t step(uint32_t average, uint32_t decay_by, uint32_t now)
{
	uint64_t sum = (uint64_t)average * decay_by + (uint64_t)now * (ONE - decay_by);

	return (uint32_t)((sum + (now > average ? ONE - 1 : 0)) / ONE);
}

void pressure_average_step(struct pressure_average *average, uint64_t steps, uint64_t elapsed_ns)
{
	uint64_t stalled_ns = average->total_ns - average->seen_ns;

	average->seen_ns = average->total_ns;
	if (stalled_ns > elapsed_ns)
		stalled_ns = elapsed_ns;
	uint32_t now = (uint32_t)((unsigned __int128)stalled_ns * 100 * ONE / elapsed_ns);
	for (uint64_t i = 0; i < steps && i < STEPS_MAX; i++)
		for (unsigned int which = 0; which < PRESSURE_AVERAGES; which++)
			average->average[which] = step(average->average[which], decay[which], now);
}

uint32_t pressure_average_percent(const struct pressure_average *average, unsigned int which)
{
	return (uint32_t)((uint64_t)average->average[which] * 100 / ONE);
}
