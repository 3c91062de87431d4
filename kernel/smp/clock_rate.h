// SPDX-License-Identifier: Apache-2.0
/*
 * clock_rate.h - ticks of the machine's clock and nanoseconds, both counted from its reset. Pure.
 *
 * A deadline in ns is told to the hardware in ticks, so the way back has to be exact however long the machine is up:
 * an interrupt that comes a little before its deadline finds nothing due, asks for the same tick and comes again, and
 * a part of 10^-8 of a day is most of a millisecond.
 */
#ifndef KERNEL_SMP_CLOCK_RATE_H
#define KERNEL_SMP_CLOCK_RATE_H

#include <stdint.h>

enum { CLOCK_NS_BITS = 32, CLOCK_TICK_BITS = 62 };

struct clock_rate {
	uint64_t ns_multiplier;   /* ns = ticks * this >> CLOCK_NS_BITS */
	uint64_t tick_multiplier; /* ticks = ns * this >> CLOCK_TICK_BITS, or one more */
};

/* `hz`: ticks a second, 1 to 10^9. */
static inline struct clock_rate clock_rate_of(uint64_t hz)
{
	struct clock_rate rate;

	rate.ns_multiplier = (uint64_t)(((unsigned __int128)1000000000 << CLOCK_NS_BITS) / hz);
	rate.tick_multiplier =
		(uint64_t)(((unsigned __int128)1 << (CLOCK_NS_BITS + CLOCK_TICK_BITS)) / rate.ns_multiplier) + 1;
	return rate;
}

static inline uint64_t clock_ns_at(const struct clock_rate *rate, uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * rate->ns_multiplier >> CLOCK_NS_BITS);
}

/* The first tick at which `ns` have passed, or the one after it. `ns`: at most 2^62. */
static inline uint64_t clock_tick_after(const struct clock_rate *rate, uint64_t ns)
{
	return (uint64_t)((unsigned __int128)ns * rate->tick_multiplier >> CLOCK_TICK_BITS) + 1;
}

#endif
