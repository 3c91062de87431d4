// SPDX-License-Identifier: Apache-2.0
/*
 * cpuset_files.c - the files of the cpuset controller.
 *
 * Context: the caller holds whatever guards the tree; the node is alive.
 */
#include <errno.h>

#include "cgroups/cpulist.h"
#include "sysfs/cells.h"

static void put_list(struct outbuf *out, const struct cpumask *mask)
{
	outbuf_list(out, mask);
	outbuf_char(out, '\n');
}

SYSFS_SHOW(cpuset_cpus)
{
	(void)environment;
	put_list(out, &node->cpus);
	return 0;
}

SYSFS_STORE(cpuset_cpus)
{
	struct cpumask cpus;
	(void)environment;
	int error = cpulist_parse(text, length, node->tree->cpu_count, &cpus);
	return error ? error : cg_set_cpus(node, &cpus);
}

SYSFS_SHOW(cpuset_cpus_effective)
{
	(void)environment;
	put_list(out, &node->effective);
	return 0;
}

SYSFS_SHOW(cpuset_cpus_exclusive)
{
	(void)environment;
	put_list(out, &node->exclusive);
	return 0;
}

SYSFS_STORE(cpuset_cpus_exclusive)
{
	struct cpumask cpus;
	(void)environment;
	int error = cpulist_parse(text, length, node->tree->cpu_count, &cpus);
	return error ? error : cg_set_exclusive(node, &cpus);
}

SYSFS_SHOW(cpuset_cpus_exclusive_effective)
{
	(void)environment;
	put_list(out, &node->exclusive_effective);
	return 0;
}

static const char *const partition_names[] = {
	[CG_MEMBER] = "member",
	[CG_ROOT] = "root",
	[CG_ISOLATED] = "isolated",
};

static const char *const fault_names[CG_FAULT_COUNT] = {
	[CG_FAULT_LIST] = "Invalid cpu list in cpuset.cpus.exclusive",
	[CG_FAULT_INVALID_PARENT] = "Parent is an invalid partition root",
	[CG_FAULT_PARENT] = "Parent is not a partition root",
	[CG_FAULT_SHARED] = "Cpu list in cpuset.cpus not exclusive",
	[CG_FAULT_NO_CPU] = "Parent unable to distribute cpu downstream",
	[CG_FAULT_HOTPLUG] = "No cpu available due to hotplug",
	[CG_FAULT_EMPTY] = "cpuset.cpus and cpuset.cpus.exclusive are empty",
	[CG_FAULT_HOUSEKEEPING] = "partition config conflicts with housekeeping setup",
	[CG_FAULT_PERMISSION] = "Enable partition not permitted",
	[CG_FAULT_REMOTE] = "Have remote partition underneath",
};

SYSFS_SHOW(cpuset_cpus_partition)
{
	(void)environment;
	outbuf_text(out, partition_names[node->partition]);
	if (node->fault) {
		outbuf_text(out, " invalid (");
		outbuf_text(out, fault_names[node->fault]);
		outbuf_char(out, ')');
	}
	outbuf_char(out, '\n');
	return 0;
}

SYSFS_STORE(cpuset_cpus_partition)
{
	struct text word = text_trim((struct text){ text, length });
	enum cg_privilege privilege = CG_PRIVILEGED;
	if (environment->may_take_root_cpus && environment->may_take_root_cpus(environment->context))
		privilege = CG_UNPRIVILEGED;
	for (unsigned int i = CG_MEMBER; i <= CG_ISOLATED; i++)
		if (text_equals(word, partition_names[i]))
			return cg_set_partition(node, (enum cg_partition)i, privilege);
	return -EINVAL;
}

SYSFS_SHOW(cpuset_cpus_isolated)
{
	struct cpumask isolated = cg_isolated(node->tree);
	(void)environment;
	put_list(out, &isolated);
	return 0;
}

static void put_mems(struct outbuf *out, uint64_t mems)
{
	struct cpumask mask = cpumask_none();
	mask.bits[0] = mems;
	put_list(out, &mask);
}

SYSFS_SHOW(cpuset_mems)
{
	(void)environment;
	put_mems(out, node->mems);
	return 0;
}

/* One more than the highest memory node that may be named: Linux's 4, or what the machine has. */
static unsigned int mem_count(const struct cg_tree *tree)
{
	unsigned int count = 4;
	while (count < CPUMASK_WORD_BITS && tree->mems >> count)
		count++;
	return count;
}

SYSFS_STORE(cpuset_mems)
{
	struct cpumask mems;
	(void)environment;
	int error = cpulist_parse(text, length, mem_count(node->tree), &mems);
	return error ? error : cg_set_mems(node, mems.bits[0]);
}

SYSFS_SHOW(cpuset_mems_effective)
{
	(void)environment;
	put_mems(out, node->effective_mems);
	return 0;
}

static const char *const cpu_classes[] = {
	[CG_ANY_CPU] = "any",
	[CG_PERFORMANCE] = "performance",
	[CG_EFFICIENCY] = "efficiency",
};

SYSFS_SHOW(sched_cpu_class)
{
	(void)environment;
	outbuf_text(out, cpu_classes[node->cpu_class]);
	outbuf_char(out, '\n');
	return 0;
}

SYSFS_STORE(sched_cpu_class)
{
	struct text word = text_trim((struct text){ text, length });
	(void)environment;
	for (unsigned int i = 0; i < CG_CPU_CLASS_COUNT; i++)
		if (text_equals(word, cpu_classes[i]))
			return cg_set_cpu_class(node, (enum cg_cpu_class)i);
	return -EINVAL;
}
