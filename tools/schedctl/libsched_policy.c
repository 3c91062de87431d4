// SPDX-License-Identifier: Apache-2.0
/*
 * libsched_policy.c - a task's scheduling policy: its name, and asking the kernel.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/schedctl/libsched.h"

/* The kernel's struct sched_attr, first version: the C library has none. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static const struct {
	const char *name;
	uint32_t number;
} policies[] = {
	{ "other", 0 }, { "fifo", 1 }, { "rr", 2 }, { "batch", 3 }, { "idle", 5 }, { "deadline", 6 },
};
enum { POLICY_DEADLINE = 6 };
enum { POLICY_COUNT = sizeof(policies) / sizeof(policies[0]), NS_PER_US = 1000 };

const char *sched_policy_name(unsigned int number)
{
	for (size_t i = 0; i < POLICY_COUNT; i++)
		if (policies[i].number == number)
			return policies[i].name;
	return "?";
}

int sched_policy_number(const char *name)
{
	for (size_t i = 0; i < POLICY_COUNT; i++)
		if (!strcmp(policies[i].name, name))
			return (int)policies[i].number;
	return -1;
}

static const char *reason_of(int number)
{
	switch (number) {
	case ESRCH:  return "there is no such task";
	case EPERM:  return "not allowed; be root, and let a deadline task have all CPUs of its partition";
	case EBUSY:  return "the deadline tasks of its partition would ask for more than 95 % of its CPUs";
	case EINVAL: return "fifo and rr have priorities 1 to 99, a deadline task has "
			    "RUNTIME <= DEADLINE <= PERIOD, and kernel threads stay as they are";
	default:     return strerrordesc_np(number);
	}
}

int sched_task_set_policy(pid_t task, const struct sched_policy *policy, struct sched_error *error)
{
	struct attr attr = { .size = sizeof(attr) };

	/* The nice level and what else is not asked for stays. */
	if (syscall(SYS_sched_getattr, task, &attr, sizeof(attr), 0))
		return sched_fail(error, errno, "%d: %s", (int)task, reason_of(errno));
	/* Of a fair task it is the length of a turn. */
	if (policy->number == POLICY_DEADLINE || attr.policy == POLICY_DEADLINE)
		attr.runtime = policy->runtime_us * NS_PER_US;
	attr.size = sizeof(attr);
	attr.policy = policy->number;
	attr.priority = policy->priority;
	attr.deadline = policy->deadline_us * NS_PER_US;
	attr.period = policy->period_us * NS_PER_US;
	if (!syscall(SYS_sched_setattr, task, &attr, 0))
		return 0;
	return sched_fail(error, errno, "%d: policy %s: %s", (int)task, sched_policy_name(policy->number),
			  reason_of(errno));
}

int sched_task_policy(pid_t task, struct sched_policy *policy, struct sched_error *error)
{
	struct attr attr = { .size = sizeof(attr) };

	if (syscall(SYS_sched_getattr, task, &attr, sizeof(attr), 0))
		return sched_fail(error, errno, "%d: %s", (int)task, reason_of(errno));
	*policy = (struct sched_policy){
		.number = attr.policy,
		.priority = attr.priority,
		.runtime_us = attr.runtime / NS_PER_US,
		.deadline_us = attr.deadline / NS_PER_US,
		.period_us = attr.period / NS_PER_US,
	};
	return 0;
}
