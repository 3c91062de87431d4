// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_policy.c - policy: by which rule a task is scheduled.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/schedctl/commands.h"

enum { POLICY_FIFO = 1, POLICY_RR = 2, POLICY_DEADLINE = 6 };

static bool is_realtime(const struct sched_policy *policy)
{
	return policy->number == POLICY_FIFO || policy->number == POLICY_RR;
}

static enum exit_code print_policy(struct session *session, pid_t task)
{
	struct sched_policy policy;

	if (sched_task_policy(task, &policy, &session->error))
		return session_failed(session);
	printf("%s", sched_policy_name(policy.number));
	if (is_realtime(&policy))
		printf(" %u", policy.priority);
	if (policy.number == POLICY_DEADLINE)
		printf(" %" PRIu64 "/%" PRIu64 "/%" PRIu64, policy.runtime_us, policy.deadline_us,
		       policy.period_us);
	putchar('\n');
	return EXIT_DONE;
}

/* A number in decimal digits that ends with `end`; moves on behind it. */
static bool number_until(const char **text, char end, uint64_t *number)
{
	char *rest;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*number = strtoull(*text, &rest, 10);
	if (errno || *rest != end)
		return false;
	*text = rest + (end != '\0');
	return true;
}

/* RUNTIME/DEADLINE/PERIOD, where the period may be left out. */
static bool parse_times(const char *text, struct sched_policy *policy)
{
	if (!number_until(&text, '/', &policy->runtime_us))
		return false;
	const char *deadline = text;
	if (number_until(&text, '\0', &policy->deadline_us)) {
		policy->period_us = policy->deadline_us;
		return true;
	}
	text = deadline;
	return number_until(&text, '/', &policy->deadline_us) &&
	       number_until(&text, '\0', &policy->period_us);
}

/* What goes with the policy's name, or NULL. */
static bool parse_parameter(const char *text, struct sched_policy *policy)
{
	uint64_t priority;

	if (policy->number == POLICY_DEADLINE)
		return text && parse_times(text, policy);
	if (!is_realtime(policy))
		return !text;
	if (!text || !number_until(&text, '\0', &priority) || priority < 1 || priority > 99)
		return false;
	policy->priority = (unsigned int)priority;
	return true;
}

enum exit_code command_policy(struct session *session, int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS };
	struct sched_policy policy = { .number = 0 };
	enum exit_code code;
	pid_t task;

	if (!options_done(option_next(session, argc, argv, ":h", options), &code))
		return code;
	if (argc - optind < 1 || argc - optind > 3)
		return usage_error(session, "a task is wanted, and perhaps a policy");
	if (!task_argument(session, argv[optind], &task))
		return EXIT_USAGE;
	if (argc - optind == 1)
		return print_policy(session, task);
	const char *name = argv[optind + 1];
	int number = sched_policy_number(name);
	if (number < 0)
		return usage_error(session, "%s is no policy: other, batch, idle, fifo, rr or deadline", name);
	policy.number = (unsigned int)number;
	if (!parse_parameter(argc - optind == 3 ? argv[optind + 2] : NULL, &policy))
		return usage_error(session, "%s wants %s", name,
				   is_realtime(&policy) ? "a priority from 1 to 99" :
				   number == POLICY_DEADLINE ? "RUNTIME/DEADLINE[/PERIOD] in microseconds" :
				   "nothing else");
	return sched_task_set_policy(task, &policy, &session->error) ? session_failed(session) : EXIT_DONE;
}
