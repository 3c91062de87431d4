// SPDX-License-Identifier: Apache-2.0
/*
 * topology_files.c - the files of /sys/devices/system/cpu: which CPUs there are.
 *
 * Context: the caller holds whatever guards the tree; the node is its root.
 */
#include "sysfs/cells.h"

static int show_list(struct outbuf *out, const struct cpumask *mask)
{
	outbuf_list(out, mask);
	outbuf_char(out, '\n');
	return 0;
}

SYSFS_SHOW(topology_online)
{
	(void)environment;
	return show_list(out, &node->tree->online);
}

SYSFS_SHOW(topology_offline)
{
	(void)environment;
	struct cpumask offline = cpumask_andnot(&node->tree->possible, &node->tree->online);
	return show_list(out, &offline);
}

SYSFS_SHOW(topology_possible)
{
	(void)environment;
	return show_list(out, &node->tree->possible);
}

/* No CPU is ever plugged in or pulled out: what is possible is present. */
SYSFS_SHOW(topology_present)
{
	(void)environment;
	return show_list(out, &node->tree->possible);
}

/* What the boot took out of ordinary scheduling, and what isolated partitions have. */
SYSFS_SHOW(topology_isolated)
{
	(void)environment;
	struct cpumask isolated = cg_isolated(node->tree);
	return show_list(out, &isolated);
}

SYSFS_SHOW(topology_nohz_full)
{
	(void)node;
	return show_list(out, &environment->topology->nohz_full);
}

SYSFS_SHOW(topology_kernel_max)
{
	(void)environment;
	(void)node;
	outbuf_unsigned(out, NR_CPUS - 1);
	outbuf_char(out, '\n');
	return 0;
}
