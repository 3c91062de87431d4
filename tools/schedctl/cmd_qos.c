// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_qos.c - qos: when a task runs and what its shares are.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/schedctl/commands.h"

static const char *const keys[] = {
	[SCHED_HINT_SHARES] = "shares", [SCHED_HINT_LATENCY] = "latency", [SCHED_HINT_BURST] = "burst",
	"class", NULL,
};
static const char *const bounds[] = {
	[SCHED_HINT_SHARES] = "1 to 1000",
	[SCHED_HINT_LATENCY] = "100 to 100000 microseconds, or 0 for none",
	[SCHED_HINT_BURST] = "0 to 10000 microseconds",
};
enum { KEY_CLASS = SCHED_HINT_BURST + 1 };

struct wish {
	int key;
	long value;
};

static bool parse_value(struct session *session, const char *text, struct wish *wish)
{
	char *rest = "";

	errno = 0;
	wish->value = wish->key == KEY_CLASS ? sched_qos_parse(text) : strtol(text, &rest, 10);
	if (wish->key == KEY_CLASS && wish->value < 0)
		usage_error(session, "%s is no class: idle, normal, interactive, perf-burst or inherited",
			    text);
	else if (wish->key != KEY_CLASS && (errno || !*text || *rest ||
					    !sched_hint_allows((enum sched_hint)wish->key, wish->value)))
		usage_error(session, "%s=%s: %s", keys[wish->key], text, bounds[wish->key]);
	else
		return true;
	return false;
}

/* NAME=VALUE; false after saying what is wrong. */
static bool parse_wish(struct session *session, char *text, struct wish *wish)
{
	char *equals = strchr(text, '=');

	if (!equals) {
		usage_error(session, "'%s' is not NAME=VALUE", text);
		return false;
	}
	*equals = '\0';
	for (wish->key = 0; keys[wish->key]; wish->key++)
		if (!strcmp(keys[wish->key], text))
			return parse_value(session, equals + 1, wish);
	const char *meant = sched_suggest(text, keys);
	if (meant)
		usage_error(session, "there is no '%s'; '%s' is one", text, meant);
	else
		usage_error(session, "there is no '%s': class, shares, latency and burst are there", text);
	return false;
}

static enum exit_code print_qos(struct session *session, pid_t task)
{
	struct sched_task_qos qos;

	if (sched_task_qos(task, &qos, &session->error))
		return session_failed(session);
	printf("class=%s%s shares=%u latency=%u burst=%u slice=%u\n", sched_qos_names[qos.qos_class],
	       qos.is_inherited ? " (inherited)" : "", qos.shares, qos.latency_us, qos.burst_us,
	       qos.slice_us);
	return EXIT_DONE;
}

enum exit_code command_qos(struct session *session, int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS };
	struct wish wishes[16];
	enum exit_code code;
	int count = 0;
	pid_t task;

	if (!options_done(option_next(session, argc, argv, ":h", options), &code))
		return code;
	int given = argc - optind - 1;
	if (given < 0 || given > (int)(sizeof(wishes) / sizeof(wishes[0])))
		return usage_error(session, "a task is wanted, and perhaps NAME=VALUE");
	if (!task_argument(session, argv[optind], &task))
		return EXIT_USAGE;
	if (!given)
		return print_qos(session, task);
	for (; count < given; count++)
		if (!parse_wish(session, argv[optind + 1 + count], &wishes[count]))
			return EXIT_USAGE;
	for (const struct wish *wish = wishes; wish < wishes + count; wish++)
		if (wish->key == KEY_CLASS
			    ? sched_task_set_qos(task, (unsigned int)wish->value, &session->error)
			    : sched_task_set_hint(task, (enum sched_hint)wish->key, wish->value,
						  &session->error))
			return session_failed(session);
	return EXIT_DONE;
}
