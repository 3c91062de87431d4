// SPDX-License-Identifier: Apache-2.0
/*
 * cores.c - see cores.h. Pure.
 */
#include "kernel/sched/cores.h"

const struct cpu_neighbours *cpu_neighbours;

static struct cpumask near_cpus(const struct topology *topology, unsigned int cpu)
{
	struct cpumask near = topology_siblings(topology, cpu, TOPOLOGY_PACKAGE);

	for (unsigned int other = 0; other < topology->cpu_count; other++)
		if (topology->cpus[other].memory_node != topology->cpus[cpu].memory_node)
			cpumask_clear(&near, other);
	return near;
}

/* More victims of a CPU, until there are `limit`. */
static void add_victims(struct cpu_neighbours *own, unsigned int cpu, const struct cpumask *mask,
			unsigned int limit)
{
	unsigned int count = cpumask_count(mask);

	while (count-- && own->victim_count < limit) {
		cpu = cpumask_next(mask, cpu + 1);
		if (cpu == NR_CPUS)
			cpu = cpumask_first(mask);
		own->victims[own->victim_count++] = (uint16_t)cpu;
	}
}

static void find_victims(struct cpu_neighbours *own, unsigned int cpu, unsigned int cpu_count)
{
	struct cpumask all = cpumask_below(cpu_count), self = cpumask_of(cpu);
	struct cpumask core = cpumask_andnot(&own->core, &self);
	struct cpumask near = cpumask_andnot(&own->near, &own->core);
	struct cpumask close = cpumask_or(&own->core, &own->near), far = cpumask_andnot(&all, &close);
	unsigned int limit = cpumask_empty(&far) ? CORES_SEARCH : CORES_SEARCH_NEAR;

	own->victim_count = 0;
	add_victims(own, cpu, &core, limit);
	own->sibling_count = own->victim_count;
	add_victims(own, cpu, &near, limit);
	add_victims(own, cpu, &far, CORES_SEARCH);
}

bool cores_describe(const struct topology *topology, struct cpu_neighbours *neighbours)
{
	bool matters = false;

	for (unsigned int cpu = 0; cpu < topology->cpu_count; cpu++) {
		neighbours[cpu].core = topology_siblings(topology, cpu, TOPOLOGY_CORE);
		neighbours[cpu].near = near_cpus(topology, cpu);
		find_victims(&neighbours[cpu], cpu, topology->cpu_count);
		matters |= cpumask_count(&neighbours[cpu].core) > 1 ||
			   cpumask_count(&neighbours[cpu].near) < topology->cpu_count;
	}
	return matters;
}

bool cores_is_beside(const struct cpu_neighbours *own, const struct cpumask *busy)
{
	for (unsigned int i = 0; i < own->sibling_count; i++)
		if (cpumask_test(busy, own->victims[i]))
			return true;
	return false;
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
	struct cpumask near = cpumask_and(choices, &neighbours[last].near);
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
