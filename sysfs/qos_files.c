// SPDX-License-Identifier: Apache-2.0
/*
 * qos_files.c - sched.qos and sched.latency_ms.
 *
 * Context: the caller holds whatever guards the tree; the node is alive.
 */
#include <errno.h>

#include "sysfs/cells.h"

enum { US_PER_MS = 1000 };

static const char *const words[] = {
	[CG_QOS_IDLE] = "idle",
	[CG_QOS_NORMAL] = "normal",
	[CG_QOS_INTERACTIVE] = "interactive",
	[CG_QOS_PERF_BURST] = "perf-burst",
	[CG_QOS_INHERITED] = "inherited",
};

SYSFS_SHOW(sched_qos)
{
	(void)environment;
	outbuf_text(out, words[node->qos]);
	outbuf_char(out, '\n');
	return 0;
}

SYSFS_STORE(sched_qos)
{
	struct text word = text_trim((struct text){ text, length });
	(void)environment;
	for (unsigned int i = 0; i <= CG_QOS_INHERITED; i++)
		if (text_equals(word, words[i]))
			return cg_set_qos(node, (enum cg_qos)i);
	return -EINVAL;
}

SYSFS_SHOW(sched_latency)
{
	(void)environment;
	outbuf_unsigned(out, node->latency_us / US_PER_MS);
	outbuf_char(out, '\n');
	return 0;
}

SYSFS_STORE(sched_latency)
{
	uint64_t milliseconds;
	int error = text_to_unsigned(text_trim((struct text){ text, length }), &milliseconds);
	(void)environment;
	if (error)
		return error;
	if (milliseconds > CG_LATENCY_MAX_US / US_PER_MS)
		return -ERANGE;
	return cg_set_latency(node, milliseconds * US_PER_MS);
}
