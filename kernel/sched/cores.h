// SPDX-License-Identifier: Apache-2.0
/*
 * cores.h - which of the idle CPUs a task wakes up on, where CPUs are threads of cores, or cores of several
 * packages. Pure.
 *
 * A thread whose core does nothing else is worth more than one beside a busy thread, and a CPU in the package
 * that the task was in finds its caches warm. The first counts for more: it lasts.
 */
#ifndef KERNEL_SCHED_CORES_H
#define KERNEL_SCHED_CORES_H

#include "sysfs/topology.h"

/* A CPU's own core and package, itself included. */
struct cpu_neighbours {
	struct cpumask core, package;
};

/* By CPU, fixed after boot; NULL: all CPUs are cores of one package, and it does not matter. */
extern const struct cpu_neighbours *cpu_neighbours;

/* Fills neighbours[0..cpu_count); false: it does not matter. O(CPUs squared). */
bool cores_describe(const struct topology *topology, struct cpu_neighbours *neighbours);

/*
 * One of the `choices`, of which there is one, for a task that last ran on `last`; `busy` are the online CPUs that
 * run something. In this order: a CPU whose core is not busy, `last` first, then in the same package; any
 * choice, in the same order. At most CORES_SEARCH choices are looked at in a package and as many beyond.
 */
enum { CORES_SEARCH = 32 };
unsigned int cores_choose(const struct cpu_neighbours *neighbours, unsigned int last,
			  const struct cpumask *choices, const struct cpumask *busy);

#endif
