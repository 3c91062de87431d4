// SPDX-License-Identifier: Apache-2.0
/*
 * pids_files.c - the files of the pids controller.
 *
 * Context: the caller holds whatever guards the tree; the node is alive.
 */
#include "sysfs/cells.h"

static void put_number(struct outbuf *out, int32_t number)
{
	outbuf_signed(out, number);
	outbuf_char(out, '\n');
}

SYSFS_SHOW(pids_max)
{
	(void)environment;
	if (node->pids_max == CG_LIMIT_NONE)
		outbuf_text(out, "max\n");
	else
		put_number(out, node->pids_max);
	return 0;
}

SYSFS_STORE(pids_max)
{
	struct text word = text_trim((struct text){ text, length });
	int64_t limit = CG_LIMIT_NONE;
	(void)environment;
	if (!text_equals(word, "max")) {
		int error = text_to_signed(word, &limit);
		if (error)
			return error;
		if (limit > CG_PIDS_MAX)
			limit = -1; /* CG_LIMIT_NONE is a word, not a number */
	}
	return cg_set_pids_max(node, limit);
}

SYSFS_SHOW(pids_current)
{
	(void)environment;
	put_number(out, node->task_count);
	return 0;
}

SYSFS_SHOW(pids_events)
{
	(void)environment;
	outbuf_field(out, "max", node->pids_refused);
	return 0;
}

SYSFS_SHOW(pids_events_local)
{
	(void)environment;
	outbuf_field(out, "max", node->pids_refused_here);
	return 0;
}
