// SPDX-License-Identifier: Apache-2.0
/*
 * tree_files.c - what the pseudo-files show and store: the pure rules of sysfs/, and what they ask of the
 * kernel, under tree_mutex.
 */
#include <string.h>

#include "kernel/dev/topology.h"
#include "kernel/kernel.h"
#include "kernel/proc/task.h"
#include "kernel/sched/admission.h"
#include "kernel/sched/audit.h"
#include "kernel/sched/bandwidth.h"
#include "kernel/sched/core.h"
#include "kernel/sched/group.h"
#include "kernel/sched/pressure.h"
#include "kernel/sched/pressure_trigger.h"
#include "kernel/sched/tree.h"
#include "kernel/smp/cpu.h"
#include "kernel/smp/hotplug.h"

static struct cg_member *find_member(void *unused, int32_t tid)
{
	(void)unused;
	if (tid == 0)
		return &current->member;
	struct task *task = task_find(tid);
	if (!task)
		return NULL;
	/* In the tree it stays while we hold the mutex: tree_exit() comes before its end. */
	struct cg_member *member = task->member.node ? &task->member : NULL;
	task_put(task);
	return member;
}

/* `context` of a store is a struct tree_writer. */
static int may_move(void *context, const struct cg_member *member, const struct cg_node *node,
		    enum cg_scope scope)
{
	const struct tree_writer *writer = context;
	int error = tree_may_move(writer->opener, member->node, node);

	if (!error)
		error = cg_check_attach(member, node, scope);
	return error ? error : admission_check_move(member, node, scope);
}

/* A remote partition takes CPUs from everybody: the writer needs the privilege, whoever opened the file. */
static int may_take_root_cpus(void *unused)
{
	(void)unused;
	return cred_has(&current->cred, CAP_SYS_ADMIN) ? 0 : -EPERM;
}

static void cpu_usage(void *unused, const struct cg_node *top, const struct cpumask *cpus,
		      struct sysfs_cpu_usage *usage)
{
	struct group_cpu sum = { .total_ns = 0 };

	(void)unused;
	sched_charge_running(cpus);
	for (const struct cg_node *node = top; node; node = cg_next_below(node, top))
		group_add_usage(tree_group_of((struct cg_node *)(uintptr_t)node), cpus, &sum);
	uint64_t user_ns = MIN(time_ticks_to_ns(sum.user_ticks), sum.total_ns);
	usage->user_us = user_ns / NSEC_PER_USEC;
	usage->system_us = (sum.total_ns - user_ns) / NSEC_PER_USEC;
	usage->nice_us = MIN(time_ticks_to_ns(sum.nice_ticks), user_ns) / NSEC_PER_USEC;
}

static void cpu_bandwidth(void *unused, const struct cg_node *node, struct sysfs_cpu_bandwidth *bandwidth)
{
	(void)unused;
	bandwidth_stat(tree_group_of((struct cg_node *)(uintptr_t)node), bandwidth);
}

static uint64_t cpu_interrupts(void *unused, unsigned int cpu)
{
	(void)unused;
	return __atomic_load_n(&cpu_table[cpu]->interrupts, __ATOMIC_RELAXED);
}

static void cpu_pressure(void *unused, const struct cg_node *node, struct sysfs_pressure *pressure)
{
	(void)unused;
	pressure_show(tree_group_of((struct cg_node *)(uintptr_t)node), pressure);
}

static int take_cpu_offline(void *unused, unsigned int cpu)
{
	(void)unused;
	return hotplug_take_offline(cpu);
}

static int bring_cpu_online(void *unused, unsigned int cpu)
{
	(void)unused;
	return hotplug_bring_online(cpu);
}

static const struct sysfs_environment environment = {
	.take_cpu_offline = take_cpu_offline,
	.bring_cpu_online = bring_cpu_online,
	.find_member = find_member,
	.may_move = may_move,
	.may_take_root_cpus = may_take_root_cpus,
	.cpu_usage = cpu_usage,
	.cpu_bandwidth = cpu_bandwidth,
	.cpu_pressure = cpu_pressure,
	.may_watch_often = pressure_may_watch_often,
	.watch_pressure = pressure_watch,
	.cpu_interrupts = cpu_interrupts,
	.kill = tree_kill,
	.memory_usage = tree_memory_usage,
	.topology = &machine_topology,
};

int64_t tree_show(const struct sysfs_row *row, struct cg_node *node, char *buffer, size_t size)
{
	struct outbuf out = { .data = buffer, .size = size };
	int error;

	mutex_lock(&tree_mutex);
	struct sysfs_environment of_reader = environment;

	of_reader.viewer = current->member.node;
	error = sysfs_show(&of_reader, row, node, &out);
	mutex_unlock(&tree_mutex);
	return error ? error : (int64_t)out.length;
}

int tree_store(const struct sysfs_row *row, struct cg_node *node, const struct tree_writer *writer,
	       const char *text, size_t length)
{
	struct sysfs_environment of_opener = environment;
	int error;

	of_opener.context = (void *)(uintptr_t)writer;
	mutex_lock(&tree_mutex);
	of_opener.viewer = current->member.node;
	error = sysfs_store(&of_opener, row, node, text, length);
	if (length)
		audit_store(row->name, node, text, strnlen(text, length), error);
	tree_publish_and_wait();
	tree_memory_enforce(node);
	return error;
}

int64_t tree_show_cpu(const struct sysfs_cpu_file *file, struct sysfs_cpu_place place, char *buffer,
		      size_t size)
{
	struct outbuf out = { .data = buffer, .size = size };

	mutex_lock(&tree_mutex);
	struct sysfs_environment of_reader = environment;

	of_reader.viewer = current->member.node;
	int error = sysfs_show_cpu(&of_reader, file, tree_root()->tree, place, &out);
	mutex_unlock(&tree_mutex);
	return error ? error : (int64_t)out.length;
}

int tree_store_cpu(const struct sysfs_cpu_file *file, unsigned int cpu, const char *text, size_t length)
{
	return file->store ? file->store(&environment, cpu, text, length) : -EINVAL;
}
