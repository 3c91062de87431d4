// SPDX-License-Identifier: Apache-2.0
/*
 * cores.c - see cores.h. Pure.
 */
#include "kernel/sched/cores.h"

const struct cpu_neighbours *cpu_neighbours;

bool cores_describe(const struct topology *topology, struct cpu_neighbours *neighbours)
{
	bool matters = false;

	for (unsigned int cpu = 0; cpu < topology->cpu_count; cpu++) {
		neighbours[cpu].core = topology_siblings(topology, cpu, TOPOLOGY_CORE);
		neighbours[cpu].package = topology_siblings(topology, cpu, TOPOLOGY_PACKAGE);
		matters |= cpumask_count(&neighbours[cpu].core) > 1 ||
			   cpumask_count(&neighbours[cpu].package) < topology->cpu_count;
	}
	return matters;
}

/* The first of them whose core is not busy; NR_CPUS: none of those that were looked at. */
static unsigned int first_free(const struct cpu_neighbours *neighbours, const struct cpumask *choices,
			       const struct cpumask *busy)
{
	unsigned int looked = 0;

	cpumask_for_each(cpu, choices) {
		if (!cpumask_intersects(&neighbours[cpu].core, busy))
			return cpu;
		if (++looked == CORES_SEARCH)
			break;
	}
	return NR_CPUS;
}

unsigned int cores_choose(const struct cpu_neighbours *neighbours, unsigned int last,
			  const struct cpumask *choices, const struct cpumask *busy)
{
	bool may_stay = cpumask_test(choices, last);

	if (may_stay && !cpumask_intersects(&neighbours[last].core, busy))
		return last;
	struct cpumask near = cpumask_and(choices, &neighbours[last].package);
	struct cpumask far = cpumask_andnot(choices, &near);
	unsigned int cpu = first_free(neighbours, &near, busy);

	if (cpu == NR_CPUS)
		cpu = first_free(neighbours, &far, busy);
	if (cpu != NR_CPUS)
		return cpu;
	if (may_stay)
		return last;
	return cpumask_first(cpumask_empty(&near) ? &far : &near);
}
