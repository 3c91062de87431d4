// SPDX-License-Identifier: Apache-2.0
/*
 * cells.h - the functions behind the rows of the tables: one a cell, named after its file.
 *
 * Context: the caller holds whatever guards the tree; the node is alive.
 */
#ifndef SYSFS_CELLS_H
#define SYSFS_CELLS_H

#include "sysfs/sysfs.h"
#include "sysfs/textparse.h"

#define SYSFS_SHOW(file) \
	int file##_show(const struct sysfs_environment *environment, const struct cg_node *node, \
			struct outbuf *out)
#define SYSFS_STORE(file) \
	int file##_store(const struct sysfs_environment *environment, struct cg_node *node, \
			 const char *text, size_t length)

/* cgroup_files.c */
SYSFS_SHOW(cgroup_type);
SYSFS_STORE(cgroup_type);
SYSFS_SHOW(cgroup_procs);
SYSFS_STORE(cgroup_procs);
SYSFS_SHOW(cgroup_threads);
SYSFS_STORE(cgroup_threads);
SYSFS_SHOW(cgroup_controllers);
SYSFS_SHOW(cgroup_subtree_control);
SYSFS_STORE(cgroup_subtree_control);
SYSFS_SHOW(cgroup_events);
SYSFS_SHOW(cgroup_max_depth);
SYSFS_STORE(cgroup_max_depth);
SYSFS_SHOW(cgroup_max_descendants);
SYSFS_STORE(cgroup_max_descendants);
SYSFS_SHOW(cgroup_stat);
SYSFS_SHOW(cgroup_freeze);
SYSFS_STORE(cgroup_freeze);
SYSFS_STORE(cgroup_kill);
SYSFS_SHOW(sched_opaque);
SYSFS_STORE(sched_opaque);

/* cpuset_files.c */
SYSFS_SHOW(cpuset_cpus);
SYSFS_STORE(cpuset_cpus);
SYSFS_SHOW(cpuset_cpus_effective);
SYSFS_SHOW(cpuset_cpus_exclusive);
SYSFS_STORE(cpuset_cpus_exclusive);
SYSFS_SHOW(cpuset_cpus_exclusive_effective);
SYSFS_SHOW(cpuset_cpus_partition);
SYSFS_STORE(cpuset_cpus_partition);
SYSFS_SHOW(cpuset_cpus_isolated);
SYSFS_SHOW(cpuset_mems);
SYSFS_STORE(cpuset_mems);
SYSFS_SHOW(cpuset_mems_effective);
SYSFS_SHOW(sched_cpu_class);
SYSFS_STORE(sched_cpu_class);

/* qos_files.c */
SYSFS_SHOW(sched_qos);
SYSFS_STORE(sched_qos);
SYSFS_SHOW(sched_latency);
SYSFS_STORE(sched_latency);

/* cpu_files.c */
SYSFS_SHOW(cpu_weight);
SYSFS_STORE(cpu_weight);
SYSFS_SHOW(cpu_weight_nice);
SYSFS_STORE(cpu_weight_nice);
SYSFS_SHOW(cpu_idle);
SYSFS_STORE(cpu_idle);
SYSFS_SHOW(cpu_max);
SYSFS_STORE(cpu_max);
SYSFS_SHOW(cpu_max_burst);
SYSFS_STORE(cpu_max_burst);
SYSFS_SHOW(cpu_stat);
SYSFS_SHOW(cpu_stat_local);
SYSFS_SHOW(cpu_stat_percpu);

/* pressure_files.c */
SYSFS_SHOW(cpu_pressure);
SYSFS_STORE(cpu_pressure);

/* pids_files.c */
SYSFS_SHOW(pids_max);
SYSFS_STORE(pids_max);
SYSFS_SHOW(pids_current);
SYSFS_SHOW(pids_events);
SYSFS_SHOW(pids_events_local);

/* memory_files.c */
SYSFS_SHOW(memory_current);
SYSFS_SHOW(memory_peak);
SYSFS_SHOW(memory_max);
SYSFS_STORE(memory_max);
SYSFS_SHOW(memory_events);
SYSFS_SHOW(memory_events_local);
SYSFS_SHOW(memory_stat);
SYSFS_SHOW(memory_oom_group);
SYSFS_STORE(memory_oom_group);

/* topology_files.c: the node is the root */
SYSFS_SHOW(topology_online);
SYSFS_SHOW(topology_offline);
SYSFS_SHOW(topology_possible);
SYSFS_SHOW(topology_present);
SYSFS_SHOW(topology_isolated);
SYSFS_SHOW(topology_nohz_full);
SYSFS_SHOW(topology_kernel_max);

#endif
