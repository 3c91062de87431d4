// SPDX-License-Identifier: Apache-2.0
/*
 * sysfs_rows.c - THE tables of pseudo-files, and what holds for all of them.
 *
 * docs/sysfs.md has a section for each row; a test holds the two together.
 *
 * Context: the caller holds whatever guards the tree.
 */
#include <errno.h>
#include <string.h>

#include "sysfs/cells.h"

enum { LIST_WRITE_MAX = 100 + 6 * NR_CPUS };

#define NAMED(text)     .name = (text), .name_length = sizeof(text) - 1
#define READ_ONLY(file)  .mode = 0444, .show = file##_show
#define READ_WRITE(file) .mode = 0644, .show = file##_show, .store = file##_store

static const struct sysfs_row cgroup_rows[] = {
	{ NAMED("cgroup.type"), .where = SYSFS_BELOW_ROOT, READ_WRITE(cgroup_type) },
	{ NAMED("cgroup.procs"), .where = SYSFS_EVERYWHERE, READ_WRITE(cgroup_procs) },
	{ NAMED("cgroup.threads"), .where = SYSFS_EVERYWHERE, READ_WRITE(cgroup_threads) },
	{ NAMED("cgroup.controllers"), .where = SYSFS_EVERYWHERE, READ_ONLY(cgroup_controllers) },
	{ NAMED("cgroup.subtree_control"), .where = SYSFS_EVERYWHERE,
	  READ_WRITE(cgroup_subtree_control) },
	{ NAMED("cgroup.events"), .where = SYSFS_BELOW_ROOT, READ_ONLY(cgroup_events) },
	{ NAMED("cgroup.max.descendants"), .where = SYSFS_EVERYWHERE,
	  READ_WRITE(cgroup_max_descendants) },
	{ NAMED("cgroup.max.depth"), .where = SYSFS_EVERYWHERE, READ_WRITE(cgroup_max_depth) },
	{ NAMED("cgroup.stat"), .where = SYSFS_EVERYWHERE, READ_ONLY(cgroup_stat) },
	{ NAMED("cgroup.freeze"), .where = SYSFS_BELOW_ROOT, .features = CG_FEATURE_FREEZE,
	  READ_WRITE(cgroup_freeze) },
	{ NAMED("cgroup.kill"), .where = SYSFS_BELOW_ROOT, .features = CG_FEATURE_KILL,
	  .mode = 0200, .store = cgroup_kill_store },
	{ NAMED("cpu.stat"), .where = SYSFS_EVERYWHERE, READ_ONLY(cpu_stat) },
	{ NAMED("cpu.stat.local"), .where = SYSFS_EVERYWHERE, .features = CG_FEATURE_BANDWIDTH,
	  READ_ONLY(cpu_stat_local) },
	{ NAMED("cpu.stat.percpu"), .tells_cpus = true, .where = SYSFS_EVERYWHERE, READ_ONLY(cpu_stat_percpu) },
	{ NAMED("cpu.pressure"), .where = SYSFS_EVERYWHERE, READ_WRITE(cpu_pressure) },

	{ NAMED("sched.qos"), .where = SYSFS_BELOW_ROOT, READ_WRITE(sched_qos) },
	{ NAMED("sched.latency_ms"), .where = SYSFS_BELOW_ROOT, READ_WRITE(sched_latency) },
	{ NAMED("sched.opaque"), .where = SYSFS_BELOW_ROOT, READ_WRITE(sched_opaque) },

	{ NAMED("cpuset.cpus"), .tells_cpus = true, .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_CPUSET,
	  .write_max = LIST_WRITE_MAX, READ_WRITE(cpuset_cpus) },
	{ NAMED("cpuset.cpus.effective"), .tells_cpus = true, .where = SYSFS_EVERYWHERE, .controllers = CG_HAS_CPUSET,
	  READ_ONLY(cpuset_cpus_effective) },
	{ NAMED("cpuset.cpus.exclusive"), .tells_cpus = true, .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_CPUSET,
	  .features = CG_FEATURE_PARTITIONS, .write_max = LIST_WRITE_MAX,
	  READ_WRITE(cpuset_cpus_exclusive) },
	{ NAMED("cpuset.cpus.exclusive.effective"), .tells_cpus = true, .where = SYSFS_BELOW_ROOT,
	  .controllers = CG_HAS_CPUSET, .features = CG_FEATURE_PARTITIONS,
	  READ_ONLY(cpuset_cpus_exclusive_effective) },
	{ NAMED("cpuset.cpus.partition"), .tells_cpus = true, .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_CPUSET,
	  .features = CG_FEATURE_PARTITIONS, READ_WRITE(cpuset_cpus_partition) },
	{ NAMED("cpuset.cpus.isolated"), .tells_cpus = true, .where = SYSFS_ON_ROOT, .controllers = CG_HAS_CPUSET,
	  .features = CG_FEATURE_PARTITIONS, READ_ONLY(cpuset_cpus_isolated) },
	{ NAMED("cpuset.mems"), .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_CPUSET,
	  .features = CG_FEATURE_MEMS, .write_max = LIST_WRITE_MAX, READ_WRITE(cpuset_mems) },
	{ NAMED("cpuset.mems.effective"), .where = SYSFS_EVERYWHERE, .controllers = CG_HAS_CPUSET,
	  .features = CG_FEATURE_MEMS, READ_ONLY(cpuset_mems_effective) },
	{ NAMED("sched.cpu_class"), .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_CPUSET,
	  READ_WRITE(sched_cpu_class) },

	{ NAMED("cpu.weight"), .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_CPU,
	  READ_WRITE(cpu_weight) },
	{ NAMED("cpu.weight.nice"), .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_CPU,
	  READ_WRITE(cpu_weight_nice) },
	{ NAMED("cpu.idle"), .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_CPU,
	  READ_WRITE(cpu_idle) },
	{ NAMED("cpu.max"), .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_CPU,
	  .features = CG_FEATURE_BANDWIDTH, READ_WRITE(cpu_max) },
	{ NAMED("cpu.max.burst"), .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_CPU,
	  .features = CG_FEATURE_BANDWIDTH, READ_WRITE(cpu_max_burst) },

	{ NAMED("memory.current"), .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_MEMORY,
	  READ_ONLY(memory_current) },
	{ NAMED("memory.peak"), .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_MEMORY,
	  READ_ONLY(memory_peak) },
	{ NAMED("memory.max"), .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_MEMORY,
	  READ_WRITE(memory_max) },
	{ NAMED("memory.events"), .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_MEMORY,
	  READ_ONLY(memory_events) },
	{ NAMED("memory.events.local"), .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_MEMORY,
	  READ_ONLY(memory_events_local) },
	{ NAMED("memory.stat"), .where = SYSFS_EVERYWHERE, .controllers = CG_HAS_MEMORY,
	  READ_ONLY(memory_stat) },
	{ NAMED("memory.oom.group"), .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_MEMORY,
	  READ_WRITE(memory_oom_group) },

	{ NAMED("pids.max"), .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_PIDS,
	  READ_WRITE(pids_max) },
	{ NAMED("pids.current"), .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_PIDS,
	  READ_ONLY(pids_current) },
	{ NAMED("pids.events"), .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_PIDS,
	  READ_ONLY(pids_events) },
	{ NAMED("pids.events.local"), .where = SYSFS_BELOW_ROOT, .controllers = CG_HAS_PIDS,
	  READ_ONLY(pids_events_local) },
};

static const struct sysfs_row cpu_rows[] = {
	{ NAMED("online"), .where = SYSFS_ON_ROOT, READ_ONLY(topology_online) },
	{ NAMED("offline"), .where = SYSFS_ON_ROOT, READ_ONLY(topology_offline) },
	{ NAMED("possible"), .where = SYSFS_ON_ROOT, READ_ONLY(topology_possible) },
	{ NAMED("present"), .where = SYSFS_ON_ROOT, READ_ONLY(topology_present) },
	{ NAMED("isolated"), .where = SYSFS_ON_ROOT, READ_ONLY(topology_isolated) },
	{ NAMED("nohz_full"), .where = SYSFS_ON_ROOT, READ_ONLY(topology_nohz_full) },
	{ NAMED("kernel_max"), .where = SYSFS_ON_ROOT, READ_ONLY(topology_kernel_max) },
};

enum {
	CGROUP_ROW_COUNT = sizeof(cgroup_rows) / sizeof(cgroup_rows[0]),
	CPU_ROW_COUNT = sizeof(cpu_rows) / sizeof(cpu_rows[0]),
};

const struct sysfs_row *sysfs_cgroup_rows(size_t *count)
{
	*count = CGROUP_ROW_COUNT;
	return cgroup_rows;
}

const struct sysfs_row *sysfs_cpu_rows(size_t *count)
{
	*count = CPU_ROW_COUNT;
	return cpu_rows;
}

bool sysfs_row_visible(const struct sysfs_row *row, const struct cg_node *node)
{
	if (node->dead || !(row->where & (node->parent ? SYSFS_BELOW_ROOT : SYSFS_ON_ROOT)))
		return false;
	if (row->features & ~node->tree->features)
		return false;
	return !row->controllers || row->controllers & cg_node_controllers(node);
}

static bool row_has_name(const struct sysfs_row *row, const char *name, size_t length)
{
	return row->name_length == length && !memcmp(row->name, name, length);
}

const struct sysfs_row *sysfs_find_row(const struct cg_node *node, const char *name, size_t length)
{
	for (size_t i = 0; i < CGROUP_ROW_COUNT; i++)
		if (row_has_name(&cgroup_rows[i], name, length))
			return sysfs_row_visible(&cgroup_rows[i], node) ? &cgroup_rows[i] : NULL;
	return NULL;
}

const struct sysfs_row *sysfs_find_cpu_row(const char *name, size_t length)
{
	for (size_t i = 0; i < CPU_ROW_COUNT; i++)
		if (row_has_name(&cpu_rows[i], name, length))
			return &cpu_rows[i];
	return NULL;
}

bool sysfs_is_opaque(const struct sysfs_environment *environment)
{
	return cg_opaque_top(environment->viewer);
}

struct cpumask sysfs_seen_cpus(const struct sysfs_environment *environment,
			       const struct cg_tree *tree)
{
	return sysfs_is_opaque(environment) ? environment->viewer->effective : tree->possible;
}

int sysfs_show(const struct sysfs_environment *environment, const struct sysfs_row *row,
	       const struct cg_node *node, struct outbuf *out)
{
	if (!sysfs_row_visible(row, node))
		return -ENODEV;
	if (!row->show)
		return -EINVAL;
	if (row->tells_cpus && !cg_sees(environment->viewer, node))
		return -EACCES;
	return row->show(environment, node, out);
}

int sysfs_store(const struct sysfs_environment *environment, const struct sysfs_row *row,
		struct cg_node *node, const char *text, size_t length)
{
	if (length > (row->write_max ? row->write_max : (size_t)SYSFS_WRITE_MAX))
		return -E2BIG;
	if (!sysfs_row_visible(row, node))
		return -ENODEV;
	if (!length)
		return 0;
	if (!row->store)
		return -EINVAL;
	return row->store(environment, node, text, text_until_nul(text, length).length);
}
