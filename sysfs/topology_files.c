// SPDX-License-Identifier: Apache-2.0
/*
 * topology_files.c - the files of /sys/devices/system/cpu: which CPUs there are, as far as the
 * reader sees them.
 *
 * Context: the caller holds whatever guards the tree; the node is its root.
 */
#include "sysfs/cells.h"

/* Of the mask what the reader sees. */
static int show_list(const struct sysfs_environment *environment, const struct cg_node *root,
		     struct outbuf *out, const struct cpumask *mask)
{
	struct cpumask seen = sysfs_seen_cpus(environment, root->tree);
	seen = cpumask_and(&seen, mask);
	outbuf_list(out, &seen);
	outbuf_char(out, '\n');
	return 0;
}

SYSFS_SHOW(topology_online)
{
	return show_list(environment, node, out, &node->tree->online);
}

SYSFS_SHOW(topology_offline)
{
	struct cpumask offline = cpumask_andnot(&node->tree->possible, &node->tree->online);
	return show_list(environment, node, out, &offline);
}

SYSFS_SHOW(topology_possible)
{
	return show_list(environment, node, out, &node->tree->possible);
}

/* No CPU is ever plugged in or pulled out: what is possible is present. */
SYSFS_SHOW(topology_present)
{
	return show_list(environment, node, out, &node->tree->possible);
}

/* What the boot took out of ordinary scheduling, and what isolated partitions have. */
SYSFS_SHOW(topology_isolated)
{
	struct cpumask isolated = cg_isolated(node->tree);
	return show_list(environment, node, out, &isolated);
}

SYSFS_SHOW(topology_nohz_full)
{
	return show_list(environment, node, out, &environment->topology->nohz_full);
}

SYSFS_SHOW(topology_kernel_max)
{
	(void)environment;
	(void)node;
	outbuf_unsigned(out, NR_CPUS - 1);
	outbuf_char(out, '\n');
	return 0;
}
