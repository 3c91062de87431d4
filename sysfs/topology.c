// SPDX-License-Identifier: Apache-2.0
/*
 * topology.c - what follows from the machine's shape.
 *
 * Context: any.
 */
#include "sysfs/topology.h"

static bool are_siblings(const struct topology_cpu *a, const struct topology_cpu *b,
			 enum topology_level level)
{
	if (a->package_id != b->package_id)
		return false;
	if (level == TOPOLOGY_PACKAGE)
		return true;
	if (a->cluster_id != b->cluster_id)
		return false;
	return level == TOPOLOGY_CLUSTER ? a->cluster_id >= 0 : a->core_id == b->core_id;
}

struct cpumask topology_siblings(const struct topology *topology, unsigned int cpu,
				 enum topology_level level)
{
	struct cpumask mask = cpumask_of(cpu);
	for (unsigned int other = 0; other < topology->cpu_count; other++)
		if (are_siblings(&topology->cpus[cpu], &topology->cpus[other], level))
			cpumask_set(&mask, other);
	return mask;
}

static bool has_cache(const struct topology_cpu *cpu, const struct topology_cache *cache)
{
	for (unsigned int i = 0; i < cpu->cache_count; i++)
		if (cpu->caches[i].identity == cache->identity &&
		    cpu->caches[i].level == cache->level && cpu->caches[i].type == cache->type)
			return true;
	return false;
}

struct cpumask topology_cache_sharers(const struct topology *topology, unsigned int cpu,
				      unsigned int index)
{
	struct cpumask mask = cpumask_of(cpu);
	for (unsigned int other = 0; other < topology->cpu_count; other++)
		if (has_cache(&topology->cpus[other], &topology->cpus[cpu].caches[index]))
			cpumask_set(&mask, other);
	return mask;
}

uint32_t topology_cache_ways(const struct topology_cache *cache)
{
	/* one set means fully associative, which Linux shows as nothing */
	if (cache->set_count < 2 || !cache->line_size)
		return 0;
	return cache->size / cache->set_count / cache->line_size;
}

struct cpumask topology_class_cpus(const struct topology *topology, enum cg_cpu_class wanted)
{
	struct cpumask mask = cpumask_none();
	unsigned int weakest = TOPOLOGY_CAPACITY_FULL, strongest = 0;
	for (unsigned int cpu = 0; cpu < topology->cpu_count; cpu++) {
		unsigned int capacity = topology->cpus[cpu].capacity;
		weakest = capacity < weakest ? capacity : weakest;
		strongest = capacity > strongest ? capacity : strongest;
	}
	for (unsigned int cpu = 0; cpu < topology->cpu_count; cpu++) {
		bool strong = 2U * topology->cpus[cpu].capacity > weakest + strongest;
		if (wanted == CG_ANY_CPU || weakest == strongest || strong == (wanted == CG_PERFORMANCE))
			cpumask_set(&mask, cpu);
	}
	return mask;
}
