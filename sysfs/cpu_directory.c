// SPDX-License-Identifier: Apache-2.0
/*
 * cpu_directory.c - the files of /sys/devices/system/cpu/cpuN, of one CPU each: whether it runs, and
 * what of the machine's shape concerns it.
 *
 * Who is behind sched.opaque sees its own CPUs as equal cores of one package.
 *
 * Siblings and sharers are those that run. A CPU that does not run tells nothing of its shape:
 * ENODEV.
 *
 * Context: show: the caller holds whatever guards the tree. store: it does not, for the change
 * itself takes it.
 */
#include <errno.h>

#include "sysfs/sysfs.h"
#include "sysfs/textparse.h"

#define CPU_SHOW(file) \
	static int file##_show(const struct sysfs_environment *environment, \
			       const struct cg_tree *tree, struct sysfs_cpu_place place, \
			       struct outbuf *out)

static int end_line(struct outbuf *out)
{
	outbuf_char(out, '\n');
	return 0;
}

static int show_number(struct outbuf *out, int64_t number)
{
	outbuf_signed(out, number);
	return end_line(out);
}

CPU_SHOW(online)
{
	(void)environment;
	return show_number(out, cpumask_test(&tree->online, place.cpu));
}

static int online_store(const struct sysfs_environment *environment, unsigned int cpu,
			const char *text, size_t length)
{
	struct text value = text_trim((struct text){ text, length });

	if (text_equals(value, "0"))
		return environment->take_cpu_offline(environment->context, cpu);
	if (text_equals(value, "1"))
		return environment->bring_cpu_online(environment->context, cpu);
	return -EINVAL;
}

CPU_SHOW(cpu_capacity)
{
	(void)tree;
	return show_number(out, sysfs_is_opaque(environment) ?
				TOPOLOGY_CAPACITY_FULL :
				environment->topology->cpus[place.cpu].capacity);
}

CPU_SHOW(sched_interrupts)
{
	(void)tree;
	outbuf_unsigned(out, environment->cpu_interrupts(environment->context, place.cpu));
	return end_line(out);
}

/* ---- topology/ ---- */

enum form { AS_MASK, AS_LIST };

static int show_running(const struct cg_tree *tree, unsigned int cpu, struct cpumask mask,
			enum form form, struct outbuf *out)
{
	if (!cpumask_test(&tree->online, cpu))
		return -ENODEV;
	mask = cpumask_and(&mask, &tree->online);
	if (form == AS_LIST)
		outbuf_list(out, &mask);
	else
		outbuf_mask(out, &mask, tree->cpu_count);
	return end_line(out);
}

static struct cpumask siblings(const struct sysfs_environment *environment, const struct cg_tree *tree,
			       unsigned int cpu, enum topology_level level)
{
	if (!sysfs_is_opaque(environment))
		return topology_siblings(environment->topology, cpu, level);
	return level == TOPOLOGY_PACKAGE ? sysfs_seen_cpus(environment, tree) : cpumask_of(cpu);
}

#define SIBLINGS(file, level, form) \
	CPU_SHOW(file) \
	{ \
		return show_running(tree, place.cpu, \
				    siblings(environment, tree, place.cpu, level), form, out); \
	}

SIBLINGS(core_cpus, TOPOLOGY_CORE, AS_MASK)
SIBLINGS(core_cpus_list, TOPOLOGY_CORE, AS_LIST)
SIBLINGS(cluster_cpus, TOPOLOGY_CLUSTER, AS_MASK)
SIBLINGS(cluster_cpus_list, TOPOLOGY_CLUSTER, AS_LIST)
SIBLINGS(package_cpus, TOPOLOGY_PACKAGE, AS_MASK)
SIBLINGS(package_cpus_list, TOPOLOGY_PACKAGE, AS_LIST)

#define NUMBER(file, when_opaque) \
	CPU_SHOW(file) \
	{ \
		if (!cpumask_test(&tree->online, place.cpu)) \
			return -ENODEV; \
		return show_number(out, sysfs_is_opaque(environment) ? \
					(int32_t)(when_opaque) : \
					environment->topology->cpus[place.cpu].file); \
	}

NUMBER(core_id, place.cpu)
NUMBER(cluster_id, -1)
NUMBER(package_id, 0)

/* ---- cache/indexN/ ---- */

static const struct topology_cache *cache_of(const struct sysfs_environment *environment,
					     struct sysfs_cpu_place place)
{
	return &environment->topology->cpus[place.cpu].caches[place.cache];
}

#define CACHE_NUMBER(file, number) \
	CPU_SHOW(file) \
	{ \
		if (!cpumask_test(&tree->online, place.cpu)) \
			return -ENODEV; \
		const struct topology_cache *cache = cache_of(environment, place); \
		return show_number(out, number); \
	}

CACHE_NUMBER(level, cache->level)
CACHE_NUMBER(coherency_line_size, cache->line_size)
CACHE_NUMBER(number_of_sets, cache->set_count)
CACHE_NUMBER(ways_of_associativity, topology_cache_ways(cache))

CPU_SHOW(size)
{
	if (!cpumask_test(&tree->online, place.cpu))
		return -ENODEV;
	outbuf_unsigned(out, cache_of(environment, place)->size / 1024);
	outbuf_char(out, 'K');
	return end_line(out);
}

CPU_SHOW(type)
{
	static const char *const names[] = {
		[TOPOLOGY_UNIFIED] = "Unified",
		[TOPOLOGY_INSTRUCTION] = "Instruction",
		[TOPOLOGY_DATA] = "Data",
	};

	if (!cpumask_test(&tree->online, place.cpu))
		return -ENODEV;
	outbuf_text(out, names[cache_of(environment, place)->type]);
	return end_line(out);
}

#define SHARERS(file, form) \
	CPU_SHOW(file) \
	{ \
		return show_running(tree, place.cpu, \
				    topology_cache_sharers(environment->topology, place.cpu, \
							   place.cache), \
				    form, out); \
	}

SHARERS(shared_cpu_map, AS_MASK)
SHARERS(shared_cpu_list, AS_LIST)

static bool knows_size(const struct topology_cache *cache)
{
	return cache->size;
}

static bool knows_line_size(const struct topology_cache *cache)
{
	return cache->line_size;
}

static bool knows_sets(const struct topology_cache *cache)
{
	return cache->set_count;
}

static bool knows_ways(const struct topology_cache *cache)
{
	return topology_cache_ways(cache);
}

/* ---- the table ---- */

static const struct sysfs_cpu_file files[] = {
	{ "online", SYSFS_OF_CPU, 0644, online_show, online_store, NULL },
	{ "cpu_capacity", SYSFS_OF_CPU, 0444, cpu_capacity_show, NULL, NULL },
	{ "sched.interrupts", SYSFS_OF_CPU, 0444, sched_interrupts_show, NULL, NULL },

	{ "physical_package_id", SYSFS_OF_TOPOLOGY, 0444, package_id_show, NULL, NULL },
	{ "cluster_id", SYSFS_OF_TOPOLOGY, 0444, cluster_id_show, NULL, NULL },
	{ "core_id", SYSFS_OF_TOPOLOGY, 0444, core_id_show, NULL, NULL },
	{ "core_cpus", SYSFS_OF_TOPOLOGY, 0444, core_cpus_show, NULL, NULL },
	{ "core_cpus_list", SYSFS_OF_TOPOLOGY, 0444, core_cpus_list_show, NULL, NULL },
	{ "thread_siblings", SYSFS_OF_TOPOLOGY, 0444, core_cpus_show, NULL, NULL },
	{ "thread_siblings_list", SYSFS_OF_TOPOLOGY, 0444, core_cpus_list_show, NULL, NULL },
	{ "cluster_cpus", SYSFS_OF_TOPOLOGY, 0444, cluster_cpus_show, NULL, NULL },
	{ "cluster_cpus_list", SYSFS_OF_TOPOLOGY, 0444, cluster_cpus_list_show, NULL, NULL },
	{ "package_cpus", SYSFS_OF_TOPOLOGY, 0444, package_cpus_show, NULL, NULL },
	{ "package_cpus_list", SYSFS_OF_TOPOLOGY, 0444, package_cpus_list_show, NULL, NULL },
	{ "core_siblings", SYSFS_OF_TOPOLOGY, 0444, package_cpus_show, NULL, NULL },
	{ "core_siblings_list", SYSFS_OF_TOPOLOGY, 0444, package_cpus_list_show, NULL, NULL },

	{ "level", SYSFS_OF_CACHE, 0444, level_show, NULL, NULL },
	{ "type", SYSFS_OF_CACHE, 0444, type_show, NULL, NULL },
	{ "size", SYSFS_OF_CACHE, 0444, size_show, NULL, knows_size },
	{ "coherency_line_size", SYSFS_OF_CACHE, 0444, coherency_line_size_show, NULL,
	  knows_line_size },
	{ "number_of_sets", SYSFS_OF_CACHE, 0444, number_of_sets_show, NULL, knows_sets },
	{ "ways_of_associativity", SYSFS_OF_CACHE, 0444, ways_of_associativity_show, NULL,
	  knows_ways },
	{ "shared_cpu_map", SYSFS_OF_CACHE, 0444, shared_cpu_map_show, NULL, NULL },
	{ "shared_cpu_list", SYSFS_OF_CACHE, 0444, shared_cpu_list_show, NULL, NULL },
};

int sysfs_show_cpu(const struct sysfs_environment *environment, const struct sysfs_cpu_file *file,
		   const struct cg_tree *tree, struct sysfs_cpu_place place, struct outbuf *out)
{
	struct cpumask seen = sysfs_seen_cpus(environment, tree);
	if (!cpumask_test(&seen, place.cpu) ||
	    (file->directory == SYSFS_OF_CACHE && sysfs_is_opaque(environment)))
		return -ENOENT;
	return file->show(environment, tree, place, out);
}

const struct sysfs_cpu_file *sysfs_cpu_files(size_t *count)
{
	*count = sizeof(files) / sizeof(files[0]);
	return files;
}
