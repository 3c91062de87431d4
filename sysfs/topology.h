// SPDX-License-Identifier: Apache-2.0
/*
 * topology.h - the machine's shape: which CPUs are threads of one core, cores of one cluster, of
 * one package, what caches they share, and how strong each is.
 *
 * Whoever knows the machine fills it in before it is used; it never changes afterwards. It speaks
 * of all possible CPUs: who wants those that run cuts them out.
 *
 * Context: any.
 */
#ifndef SYSFS_TOPOLOGY_H
#define SYSFS_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

#include "cgroups/cg.h"
#include "cgroups/cpumask.h"

enum {
	TOPOLOGY_CACHES_MAX = 8,      /* of one CPU */
	TOPOLOGY_CAPACITY_FULL = 1024, /* of the strongest CPU */
};

enum topology_cache_type { TOPOLOGY_UNIFIED, TOPOLOGY_INSTRUCTION, TOPOLOGY_DATA };

struct topology_cache {
	uint32_t identity;  /* two CPUs share it when identity, level and type are the same */
	uint32_t size;      /* bytes, as line_size; 0: not known, as the other two */
	uint32_t line_size;
	uint32_t set_count;
	uint8_t level;      /* from 1 */
	uint8_t type;       /* enum topology_cache_type */
};

struct topology_cpu {
	int32_t package_id;
	int32_t cluster_id; /* within its package; -1: in none */
	int32_t core_id;    /* within its cluster */
	uint16_t capacity;  /* 1 to TOPOLOGY_CAPACITY_FULL */
	uint8_t cache_count;
	struct topology_cache caches[TOPOLOGY_CACHES_MAX]; /* the nearest first */
	int32_t memory_node; /* as the device tree numbers it */
};

struct topology {
	unsigned int cpu_count;
	struct topology_cpu *cpus;
	struct cpumask nohz_full; /* CPUs that were booted to run without a tick */
};

/* From the narrowest: a CPU's own core, cluster, package. */
enum topology_level { TOPOLOGY_CORE, TOPOLOGY_CLUSTER, TOPOLOGY_PACKAGE };

/* The CPUs in the same core, cluster or package, itself included. O(CPUs). */
struct cpumask topology_siblings(const struct topology *topology, unsigned int cpu,
				 enum topology_level level);

/* The CPUs that share its cache of that index, itself included. O(CPUs). */
struct cpumask topology_cache_sharers(const struct topology *topology, unsigned int cpu,
				      unsigned int index);

/* Lines in a set of the cache; 0: not known. */
uint32_t topology_cache_ways(const struct topology_cache *cache);

/*
 * What a CPU is good for. Stronger than the middle between the weakest and the strongest is
 * performance, the others are efficiency; where all are equal each CPU is both. O(CPUs).
 */
struct cpumask topology_class_cpus(const struct topology *topology, enum cg_cpu_class wanted);

#endif
