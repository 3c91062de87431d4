// SPDX-License-Identifier: Apache-2.0
/*
 * cpu_files.c - the files of the cpu controller, and cpu.stat, which every node has.
 *
 * Context: the caller holds whatever guards the tree; the node is alive.
 */
#include "sysfs/cells.h"

SYSFS_SHOW(cpu_weight)
{
	(void)environment;
	outbuf_unsigned(out, cg_node_weight(node));
	outbuf_char(out, '\n');
	return 0;
}

SYSFS_STORE(cpu_weight)
{
	uint64_t weight;
	(void)environment;
	int error = text_to_unsigned((struct text){ text, length }, &weight);
	return error ? error : cg_set_weight(node, weight);
}

SYSFS_SHOW(cpu_weight_nice)
{
	(void)environment;
	outbuf_signed(out, cg_node_nice(node));
	outbuf_char(out, '\n');
	return 0;
}

SYSFS_STORE(cpu_weight_nice)
{
	int64_t nice;
	(void)environment;
	int error = text_to_signed((struct text){ text, length }, &nice);
	return error ? error : cg_set_nice(node, nice);
}

SYSFS_SHOW(cpu_idle)
{
	(void)environment;
	outbuf_unsigned(out, node->idle);
	outbuf_char(out, '\n');
	return 0;
}

SYSFS_STORE(cpu_idle)
{
	int64_t idle;
	(void)environment;
	int error = text_to_signed((struct text){ text, length }, &idle);
	return error ? error : cg_set_idle(node, idle);
}

SYSFS_SHOW(cpu_stat)
{
	struct sysfs_cpu_usage usage = { 0, 0, 0 };
	environment->cpu_usage(environment->context, node, &usage);
	outbuf_field(out, "usage_usec", usage.user_us + usage.system_us);
	outbuf_field(out, "user_usec", usage.user_us);
	outbuf_field(out, "system_usec", usage.system_us);
	outbuf_field(out, "nice_usec", usage.nice_us);
	return 0;
}
