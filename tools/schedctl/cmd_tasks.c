// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_tasks.c - move, run and pin.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/cpulist.h"
#include "tools/schedctl/commands.h"

enum {
	EXIT_NOT_EXECUTABLE = 126, /* the shell's numbers */
	EXIT_NOT_FOUND = 127,
};

enum exit_code command_move(struct session *session, int argc, char **argv)
{
	static const struct option options[] = {
		{ "threads", no_argument, NULL, 't' },
		COMMON_OPTIONS
	};
	enum sched_kind kind = SCHED_PROCESSES;
	struct sched_group group;
	enum exit_code code;
	pid_t task;
	int option;

	while ((option = option_next(session, argc, argv, ":th", options)) > 0)
		kind = SCHED_THREADS;
	if (!options_done(option, &code))
		return code;
	if (argc - optind < 2)
		return usage_error(session, "a group and a task are wanted");
	for (int i = optind + 1; i < argc; i++)
		if (!task_argument(session, argv[i], &task))
			return EXIT_USAGE;
	if (sched_group_parse(argv[optind], &group, &session->error) || !session_open(session))
		return session_failed(session);
	for (int i = optind + 1; i < argc; i++)
		if (sched_task_parse(argv[i], &task) ||
		    sched_task_move(&session->tree, &group, task, kind, &session->error))
			code = session_failed(session);
	return code;
}

/*
 * schedctl moves itself and becomes the command: one process, so signals, the terminal and the
 * exit status need no help, and the command has no instruction outside the group.
 */
enum exit_code command_run(struct session *session, int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS };
	struct sched_group group;
	enum exit_code code;

	if (!options_done(option_next(session, argc, argv, "+:h", options), &code))
		return code;
	if (optind == argc)
		return usage_error(session, "no group is named");
	const char *name = argv[optind++];
	if (optind < argc && !strcmp(argv[optind], "--"))
		optind++;
	if (optind == argc)
		return usage_error(session, "no command is given");
	if (sched_group_parse(name, &group, &session->error) || !session_open(session) ||
	    sched_task_move(&session->tree, &group, 0, SCHED_PROCESSES, &session->error))
		return session_failed(session);

	int number = -sched_exec(argv + optind);
	code = number == ENOENT ? (enum exit_code)EXIT_NOT_FOUND
				: (enum exit_code)EXIT_NOT_EXECUTABLE;
	sched_fail(&session->error, number, "%s: %s", argv[optind],
		   number == ENOENT ? "there is no such program" : strerrordesc_np(number));
	session_failed(session);
	return code;
}

struct pin {
	struct cpumask mask;
	enum pin_rule { PIN_INTERSECT, PIN_STRICT } rule;
};

/* With --strict the group must have every CPU; without, what it lacks is only told. */
static int pin_check(struct session *session, pid_t task, const struct pin *pin)
{
	char asked[256], had[256];
	struct sched_group group;
	struct cpumask allowed;

	int result = session_open(session) ? 0 : -session->error.number;
	if (!result)
		result = sched_task_group(task, &group, &session->error);
	if (!result)
		result = sched_group_effective(&session->tree, &group, &allowed, &session->error);
	if (result)
		return pin->rule == PIN_STRICT ? result : 0;
	struct cpumask outside = cpumask_andnot(&pin->mask, &allowed);
	if (cpumask_empty(&outside))
		return 0;
	sched_cpus_text(&allowed, had, sizeof(had));
	if (pin->rule == PIN_STRICT)
		return sched_fail(&session->error, EINVAL,
				  "%d: pin to %s: its group %s has CPUs %s; "
				  "without --strict the rest is remembered", (int)task,
				  sched_cpus_text(&pin->mask, asked, sizeof(asked)),
				  sched_group_label(&group), had);
	if (cpumask_intersects(&pin->mask, &allowed))
		fprintf(stderr, "schedctl: %d: %s not now: its group %s has CPUs %s (remembered)\n",
			(int)task, sched_cpus_text(&outside, asked, sizeof(asked)),
			sched_group_label(&group), had);
	return 0;
}

/* The next thread of the process; 0: no more. */
static pid_t next_thread(DIR *directory)
{
	pid_t thread;
	for (const struct dirent *entry; (entry = readdir(directory));)
		if (!sched_task_parse(entry->d_name, &thread))
			return thread;
	return 0;
}

static int pin_all(struct session *session, pid_t process, const struct pin *pin)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
	DIR *directory = opendir(path);
	if (!directory)
		return sched_fail(&session->error, ESRCH, "%d: there is no such process",
				  (int)process);
	int result = 0;
	for (pid_t thread; !result && (thread = next_thread(directory));) {
		result = sched_task_pin(thread, &pin->mask, &session->error);
		/* A thread that ended meanwhile needs no pin. */
		if (result == -ESRCH)
			result = 0;
	}
	closedir(directory);
	return result;
}

static bool pin_list(struct session *session, const char *text, struct cpumask *mask)
{
	char list[256];
	struct cpumask possible = sched_machine_cpus();
	unsigned int cpu_count = 0;

	cpumask_for_each(cpu, &possible)
		cpu_count = cpu + 1;
	int result = cpulist_parse(text, strlen(text), cpu_count, mask);
	if (!result && cpumask_empty(mask))
		result = -EINVAL;
	if (result == -ERANGE)
		sched_fail(&session->error, ERANGE, "%s: this machine has CPUs %s", text,
			   sched_cpus_text(&possible, list, sizeof(list)));
	else if (result)
		sched_fail(&session->error, -result, "%s: this is no CPU list such as 0-3,6", text);
	return !result;
}

enum exit_code command_pin(struct session *session, int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "strict", no_argument, NULL, 'S' },
		COMMON_OPTIONS
	};
	enum reach reach = REACH_ONE;
	struct pin pin = { .rule = PIN_INTERSECT };
	enum exit_code code;
	pid_t task;
	int option;

	while ((option = option_next(session, argc, argv, ":ah", options)) > 0) {
		if (option == 'a')
			reach = REACH_ALL;
		else
			pin.rule = PIN_STRICT;
	}
	if (!options_done(option, &code))
		return code;
	if (argc - optind != 2)
		return usage_error(session, "a task and a CPU list are wanted");
	if (!task_argument(session, argv[optind], &task))
		return EXIT_USAGE;
	if (!pin_list(session, argv[optind + 1], &pin.mask) || pin_check(session, task, &pin))
		return session_failed(session);
	if (reach == REACH_ALL ? pin_all(session, task, &pin)
			       : sched_task_pin(task, &pin.mask, &session->error))
		return session_failed(session);
	return EXIT_DONE;
}
