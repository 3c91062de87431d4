// SPDX-License-Identifier: Apache-2.0
/*
 * memory_files.c - the files of the memory controller.
 *
 * The tree has the settings and the events; what is charged, the surrounding system knows.
 *
 * Context: the caller holds whatever guards the tree; the node is alive.
 */
#include <errno.h>

#include "sysfs/cells.h"

static struct sysfs_memory_usage usage_of(const struct sysfs_environment *environment,
					  const struct cg_node *node)
{
	struct sysfs_memory_usage usage;
	environment->memory_usage(environment->context, node, &usage);
	return usage;
}

static void put_number(struct outbuf *out, uint64_t number)
{
	outbuf_unsigned(out, number);
	outbuf_char(out, '\n');
}

SYSFS_SHOW(memory_current)
{
	put_number(out, usage_of(environment, node).total);
	return 0;
}

SYSFS_SHOW(memory_peak)
{
	put_number(out, usage_of(environment, node).peak);
	return 0;
}

SYSFS_SHOW(memory_max)
{
	(void)environment;
	if (node->memory_max == CG_MEMORY_NONE)
		outbuf_text(out, "max\n");
	else
		put_number(out, node->memory_max * CG_PAGE_SIZE);
	return 0;
}

SYSFS_STORE(memory_max)
{
	struct text word = text_trim((struct text){ text, length });
	uint64_t bytes = UINT64_MAX;
	(void)environment;
	if (!text_equals(word, "max")) {
		int error = text_to_bytes(word, &bytes);
		if (error)
			return error;
	}
	return cg_set_memory_max(node, bytes / CG_PAGE_SIZE);
}

/* There are no memory.low and memory.high here: nothing ever happens to them. */
static void put_events(struct outbuf *out, const uint64_t *events)
{
	outbuf_field(out, "low", 0);
	outbuf_field(out, "high", 0);
	outbuf_field(out, "max", events[CG_MEMORY_EVENT_MAX]);
	outbuf_field(out, "oom", events[CG_MEMORY_EVENT_OOM]);
	outbuf_field(out, "oom_kill", events[CG_MEMORY_EVENT_OOM_KILL]);
	outbuf_field(out, "oom_group_kill", events[CG_MEMORY_EVENT_OOM_GROUP_KILL]);
}

SYSFS_SHOW(memory_events)
{
	(void)environment;
	put_events(out, node->memory_events);
	return 0;
}

SYSFS_SHOW(memory_events_local)
{
	(void)environment;
	put_events(out, node->memory_events_here);
	return 0;
}

/* All files are in memory, so what is `file` is `shmem`, too. */
SYSFS_SHOW(memory_stat)
{
	struct sysfs_memory_usage usage = usage_of(environment, node);
	outbuf_field(out, "anon", usage.anon);
	outbuf_field(out, "file", usage.file);
	outbuf_field(out, "kernel", usage.kernel);
	outbuf_field(out, "kernel_stack", usage.kernel_stack);
	outbuf_field(out, "pagetables", usage.page_tables);
	outbuf_field(out, "shmem", usage.file);
	return 0;
}

SYSFS_SHOW(memory_oom_group)
{
	(void)environment;
	put_number(out, node->memory_oom_group);
	return 0;
}

SYSFS_STORE(memory_oom_group)
{
	int32_t group;
	(void)environment;
	int error = text_to_int(text_trim((struct text){ text, length }), &group);
	return error ? error : cg_set_memory_oom_group(node, group);
}
