// SPDX-License-Identifier: Apache-2.0
/*
 * arrivals.h - CPUs that were started and are not online yet: for which ones somebody waits and how long, and that
 * one that comes when nobody waits any more stays out.
 *
 * A slow machine brings its CPUs one by one, and its clock may be another's: each one that comes renews the
 * patience with the rest. Who is known to be stopped is not waited for.
 *
 * Invariant: a started CPU is taken out of `due` once: by itself, which then comes online, or by whoever gives it
 * up, which it then does not.
 *
 * Context: pure. One waits at a time; CPUs come at any time.
 */
#ifndef KERNEL_SMP_ARRIVALS_H
#define KERNEL_SMP_ARRIVALS_H

#include <stdbool.h>
#include <stdint.h>

#include "cgroups/cpumask.h"

/* So long nobody came: nobody will. */
#define ARRIVALS_PATIENCE_NS 10000000000ULL

struct arrivals {
	struct cpumask due;     /* (a) neither come nor given up */
	struct cpumask missing; /* (w) started and not seen online */
	uint64_t news_ns;       /* (w) the last one was started, or seen; w: whoever waits */
};

/* Before the CPU is started. */
void arrivals_expect(struct arrivals *arrivals, unsigned int id, uint64_t now_ns);
/* It has not come and is not to come any more. False: it is just coming online. */
bool arrivals_give_up(struct arrivals *arrivals, unsigned int id);
/* Whether one is still to come. Gives up those who are not: a CPU that is_stopped(), and all after the patience. */
bool arrivals_go_on(struct arrivals *arrivals, const struct cpumask *online, bool (*is_stopped)(unsigned int id),
		    uint64_t now_ns);

/* The CPU that comes: whether it was not given up. */
bool arrivals_come(struct arrivals *arrivals, unsigned int id);

#endif
