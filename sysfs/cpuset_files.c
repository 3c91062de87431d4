// SPDX-License-Identifier: Apache-2.0
/*
 * cpuset_files.c - the files of the cpuset controller.
 *
 * Context: the caller holds whatever guards the tree; the node is alive.
 */
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
