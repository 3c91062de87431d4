// SPDX-License-Identifier: Apache-2.0
/*
 * libsched_qos.c - a task's QoS: names, bounds, and Taper's own calls (taper/sched.h).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "kernel/include/taper/sched.h"
#include "tools/schedctl/libsched.h"

const char *const sched_qos_names[] = {
	[SCHED_QOS_IDLE] = "idle",
	[SCHED_QOS_NORMAL] = "normal",
	[SCHED_QOS_INTERACTIVE] = "interactive",
	[SCHED_QOS_PERF_BURST] = "perf-burst",
	[SCHED_QOS_INHERITED] = "inherited",
	NULL,
};

static const struct {
	const char *name;
	long min, max;
} hints[] = {
	[SCHED_HINT_SHARES] = { "shares", 1, 1000 },
	[SCHED_HINT_LATENCY] = { "latency", 100, 100000 },
	[SCHED_HINT_BURST] = { "burst", 0, 10000 },
};

static const char *reason_of(int number)
{
	switch (number) {
	case ENOSYS: return "this kernel has no QoS of tasks";
	case ESRCH:  return "there is no such task";
	case EPERM:  return "not allowed: another user's task, more than 500 shares, or out of idle; be root";
	case EINVAL: return "kernel threads stay as they are, and a real-time task cannot be idle";
	default:     return strerrordesc_np(number);
	}
}

int sched_qos_parse(const char *name)
{
	for (int i = 0; sched_qos_names[i]; i++)
		if (!strcmp(sched_qos_names[i], name))
			return i;
	return -EINVAL;
}

bool sched_hint_allows(enum sched_hint hint, long value)
{
	return (value >= hints[hint].min && value <= hints[hint].max) ||
	       (hint == SCHED_HINT_LATENCY && value == 0);
}

int sched_task_qos(pid_t task, struct sched_task_qos *answer, struct sched_error *error)
{
	struct sched_qos qos;

	if (sched_get_qos(task, &qos, sizeof(qos)))
		return sched_fail(error, errno, "%d: %s", (int)task, reason_of(errno));
	*answer = (struct sched_task_qos){
		.qos_class = qos.qos_class,
		.is_inherited = qos.own_class == SCHED_QOS_INHERITED,
		.shares = qos.shares,
		.latency_us = qos.latency_us,
		.burst_us = qos.burst_us,
		.slice_us = qos.slice_us,
	};
	return 0;
}

int sched_task_set_qos(pid_t task, unsigned int qos_class, struct sched_error *error)
{
	if (!sched_set_qos_class(task, qos_class))
		return 0;
	return sched_fail(error, errno, "%d: class %s: %s", (int)task, sched_qos_names[qos_class],
			  reason_of(errno));
}

int sched_task_set_hint(pid_t task, enum sched_hint hint, long value, struct sched_error *error)
{
	int result = hint == SCHED_HINT_SHARES    ? sched_set_shares(task, value)
		     : hint == SCHED_HINT_LATENCY ? sched_set_latency_hint(task, value)
						  : sched_set_burst_hint(task, value);

	if (result >= 0)
		return 0;
	return sched_fail(error, errno, "%d: %s %ld: %s", (int)task, hints[hint].name, value,
			  reason_of(errno));
}
