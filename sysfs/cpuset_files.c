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
