// SPDX-License-Identifier: Apache-2.0
/*
 * main.c - schedctl: the hand on the tree. The command table, help, and what the commands share.
 *
 * A command is a row here and a function in the file of its group, cmd_*.c. Results go to standard
 * output, everything else to standard error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/schedctl/commands.h"

const struct command commands[] = {
	{ "create", "[-p] [--cpus LIST] [--shares N] GROUP...", "make groups",
	  "  -p, --parents     make the parents too; a group that is there already is fine\n"
	  "  -c, --cpus LIST   the CPUs it may use, such as 0-3,6\n"
	  "  -s, --shares N    its part against its siblings, 1 to 10000 (100 when not said)\n"
	  "\n"
	  "The controllers cpuset and cpu are enabled in the parent (with -p in all ancestors),\n"
	  "so that the new group has its files. When a setting is refused, no group is left.\n",
	  command_create },
	{ "remove", "[-r] GROUP...", "remove groups",
	  "  -r, --recursive   with everything below\n"
	  "\n"
	  "A group that holds tasks is not removed: move them out first.\n",
	  command_remove },
	{ "move", "[-t] GROUP TASK...", "move running tasks into a group",
	  "  -t, --threads     move single threads (within a threaded subtree), not processes\n"
	  "\n"
	  "When the command returns, no moved task runs on a CPU outside the group.\n",
	  command_move },
	{ "run", "GROUP [--] COMMAND [ARGUMENT...]", "run a command inside a group",
	  "The command takes the place of schedctl: its first instruction runs inside the group,\n"
	  "and its exit status is the answer (126: it cannot be run, 127: it is not there).\n",
	  command_run },
	{ "set", "GROUP NAME=VALUE...", "change a group's settings",
	  "  cpus=LIST     the CPUs it may use; 'cpus=' takes the request back (no task inside)\n"
	  "  shares=N      its part against its siblings, 1 to 10000\n"
	  "  mems=LIST     the memory nodes it may use\n"
	  "  exclusive=LIST       the CPUs that a partition here or below may have for itself\n"
	  "  partition=KIND       member, root (its CPUs are its own) or isolated (and left alone)\n"
	  "  FILE=VALUE    any pseudo-file, such as cpu.max=\"50000 100000\"\n"
	  "\n"
	  "Settings are applied from left to right; the first that is refused ends the command.\n"
	  "Values that can never be right are refused before anything is changed.\n",
	  command_set },
	{ "get", "GROUP [NAME...]", "print a group's settings",
	  "One NAME prints the bare value, several print NAME=VALUE. Without a NAME: cpus,\n"
	  "effective and shares. Names: cpus, effective, shares, mems, exclusive, partition, or any\n"
	  "pseudo-file.\n",
	  command_get },
	{ "pin", "[-a] [--strict] TASK LIST", "choose a task's CPUs within its group",
	  "  -a, --all         all threads of the process, not the one task\n"
	  "      --strict      refuse when the group lacks one of the CPUs\n"
	  "\n"
	  "The whole request is remembered: it holds again when the group gets the CPUs.\n",
	  command_pin },
	{ "policy", "TASK [POLICY [PARAMETER]]", "print or choose by which rule a task is scheduled",
	  "  other, batch, idle      share by weight; idle takes what nobody else wants\n"
	  "  fifo N, rr N            before those, by priority: 1 to 99\n"
	  "  deadline R/D[/P]        before all: R microseconds of CPU time in each P, within D\n"
	  "\n"
	  "A deadline task needs all CPUs of its partition and is refused when they are promised.\n",
	  command_policy },
	{ "qos", "TASK [NAME=VALUE...]", "print or choose when a task runs, and its shares",
	  "  class=CLASS   idle, normal, interactive, perf-burst, or inherited: its group's\n"
	  "  shares=N      its part among the tasks of its group, 1 to 1000 (100); root beyond 500\n"
	  "  latency=US    how soon it should run when it wakes: 100 to 100000, 0 for none\n"
	  "  burst=US      how far it may run ahead of its share: up to 10000\n"
	  "\n"
	  "A class and hints move when it runs, never how much it gets. slice is what it asks for\n"
	  "at a time. They can be chosen for a group, too: set GROUP sched.qos=CLASS.\n",
	  command_qos },
	{ "tree", "[-a] [GROUP]", "draw the groups",
	  "  -a, --all         every task of a group, not the first few\n"
	  "\n"
	  "CPUS is what was asked for, EFFECTIVE what the tasks may use. PARTITION is shown where\n"
	  "a group wants CPUs for itself alone; 'get GROUP partition' says why one is invalid.\n",
	  command_tree },
	{ "show", "GROUP|TASK", "print everything about a group or a task",
	  "A number is a task unless a group has that name.\n",
	  command_show },
	{ "trace", "[-s SECONDS] [-o FILE] [--] [COMMAND...]", "record what the scheduler does",
	  "  -s, --seconds N   for so long (1), or until ^C; with a COMMAND: until it ends\n"
	  "  -o, --output FILE where the timeline goes (standard output)\n"
	  "\n"
	  "The timeline is JSON in the Trace Event format, which ui.perfetto.dev and chrome://tracing\n"
	  "open: a track a CPU, a slice for each turn of a task, arrows from a wake-up to the turn\n"
	  "that it led to. The exit status is the command's. Needs the privilege to administer the\n"
	  "machine.\n",
	  command_trace },
	{ NULL, NULL, NULL, NULL, NULL },
};

static void print_overview(FILE *stream)
{
	fputs("schedctl - which CPUs run what: groups of tasks, their CPUs and their shares\n\n"
	      "usage: schedctl [--root DIR] COMMAND ...\n\n", stream);
	for (const struct command *command = commands; command->name; command++)
		fprintf(stream, "  %-8s %-42s %s\n", command->name, command->synopsis,
			command->summary);
	fputs("\n'schedctl COMMAND --help' tells more. GROUP is a path such as web/api, or /.\n"
	      "--root DIR is any cgroup2 mount (" SCHED_ROOT_DEFAULT ").\n"
	      "Exit status: 0 done, 1 refused, 2 the command line makes no sense.\n", stream);
}

static void print_command(const struct command *command)
{
	printf("usage: schedctl %s %s\n\n%s.\n\n%s", command->name, command->synopsis,
	       command->summary, command->details);
	printf("\n  --root DIR        the cgroup2 mount (%s)\n", SCHED_ROOT_DEFAULT);
}

int option_next(struct session *session, int argc, char **argv, const char *letters,
		const struct option *options)
{
	for (;;) {
		int option = getopt_long(argc, argv, letters, options, NULL);
		switch (option) {
		case -1:
			return OPTIONS_END;
		case 'h':
			print_command(session->command);
			return OPTIONS_HELP;
		case 'R':
			session->root = optarg;
			continue;
		case ':':
			usage_error(session, "%s wants a value", argv[optind - 1]);
			return OPTIONS_WRONG;
		case '?':
			if (optopt > ' ' && optopt < 127 && argv[optind - 1][1] != '-')
				usage_error(session, "there is no option -%c", optopt);
			else
				usage_error(session, "there is no option %s", argv[optind - 1]);
			return OPTIONS_WRONG;
		default:
			return option;
		}
	}
}

bool options_done(int option, enum exit_code *code)
{
	*code = option == OPTIONS_WRONG ? EXIT_USAGE : EXIT_DONE;
	return option == OPTIONS_END;
}

bool session_open(struct session *session)
{
	return !sched_tree_open(&session->tree, session->root, &session->error);
}

enum exit_code session_failed(const struct session *session)
{
	fprintf(stderr, "schedctl: %s\n", session->error.text);
	return EXIT_FAILED;
}

enum exit_code usage_error(const struct session *session, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "schedctl: %s: ", session->command->name);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, " (schedctl %s --help)\n", session->command->name);
	return EXIT_USAGE;
}

bool task_argument(struct session *session, const char *text, pid_t *task)
{
	if (!sched_task_parse(text, task))
		return true;
	usage_error(session, "'%s' is no task: a number from 1 on is wanted", text);
	return false;
}

static const struct command *command_find(const char *name)
{
	for (const struct command *command = commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

static enum exit_code unknown_command(const char *typed)
{
	const char *names[sizeof(commands) / sizeof(commands[0])];
	size_t count = 0;

	for (const struct command *command = commands; command->name; command++)
		names[count++] = command->name;
	names[count] = NULL;

	const char *meant = sched_suggest(typed, names);
	if (meant)
		fprintf(stderr, "schedctl: there is no command '%s'; '%s' is one\n", typed, meant);
	else
		fprintf(stderr, "schedctl: there is no command '%s' (schedctl --help lists them)\n",
			typed);
	return EXIT_USAGE;
}

/* What was printed must have arrived: a full disk or a closed pipe is a failure too. */
static int finish(enum exit_code code)
{
	if ((fflush(stdout) || ferror(stdout)) && code == EXIT_DONE) {
		fprintf(stderr, "schedctl: standard output: %s\n", strerrordesc_np(errno));
		return EXIT_FAILED;
	}
	return (int)code;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS };
	static struct session session = { .root = SCHED_ROOT_DEFAULT, .tree = { .fd = -1 } };
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:hR:", options, NULL)) != -1) {
		if (option == 'h') {
			print_overview(stdout);
			return finish(EXIT_DONE);
		}
		if (option != 'R') {
			fprintf(stderr, "schedctl: %s '%s' (schedctl --help)\n",
				option == ':' ? "a value is missing behind" : "there is no option",
				argv[optind - 1]);
			return EXIT_USAGE;
		}
		session.root = optarg;
	}
	if (optind == argc) {
		print_overview(stderr);
		return EXIT_USAGE;
	}
	session.command = command_find(argv[optind]);
	if (!session.command)
		return finish(unknown_command(argv[optind]));
	argc -= optind;
	argv += optind;
	optind = 0; /* glibc: start anew, on the command's own arguments */
	enum exit_code code = session.command->run(&session, argc, argv);
	sched_tree_close(&session.tree);
	return finish(code);
}
