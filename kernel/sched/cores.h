// SPDX-License-Identifier: Apache-2.0
/*
 * cores.h - which of the idle CPUs a task goes to, where CPUs are threads of cores, or cores of several
 * packages or memory nodes. Pure.
 *
 * A thread whose core does nothing else is worth more than one beside a busy thread, and a CPU near the one
 * that the task was on finds its caches warm. The first counts for more: it lasts.
 */
#ifndef KERNEL_SCHED_CORES_H
#define KERNEL_SCHED_CORES_H

#include "sysfs/topology.h"

enum { CORES_SEARCH = 32, CORES_SEARCH_NEAR = 24 };

struct cpu_neighbours {
	struct cpumask core; /* its own core, itself included */
	struct cpumask near; /* its package's CPUs on its memory node, itself included */
	/*
	 * Whom it steals from when it has nothing to run: the others of its core, then those near it,
	 * then the rest, each from its own number on. Where there is a rest, at most CORES_SEARCH_NEAR
	 * go before it.
	 */
	uint16_t victims[CORES_SEARCH];
	unsigned int victim_count, sibling_count; /* the first `sibling_count` are those of its core */
};

/* By CPU, fixed after boot; NULL: all CPUs are cores near each other, and it does not matter. */
extern const struct cpu_neighbours *cpu_neighbours;

/* Fills neighbours[0..cpu_count); false: it does not matter. O(CPUs squared). */
bool cores_describe(const struct topology *topology, struct cpu_neighbours *neighbours);

/* Whether one of the `busy` CPUs is another thread of its core. */
bool cores_is_beside(const struct cpu_neighbours *own, const struct cpumask *busy);

/*
 * One of the `choices`, of which there is one, for a task that last ran on `last`; `busy` are the online CPUs that
 * run something. In this order: a CPU whose core is not busy, `last` first, then near it; any choice, in the
 * same order. At most CORES_SEARCH choices are looked at near it and as many beyond.
 */
unsigned int cores_choose(const struct cpu_neighbours *neighbours, unsigned int last,
			  const struct cpumask *choices, const struct cpumask *busy);

#endif
