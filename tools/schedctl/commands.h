// SPDX-License-Identifier: Apache-2.0
/*
 * commands.h - what the commands of schedctl share: one row each, options, errors.
 */
#ifndef TOOLS_SCHEDCTL_COMMANDS_H
#define TOOLS_SCHEDCTL_COMMANDS_H

#include <getopt.h>

#include "tools/schedctl/libsched.h"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1, /* the kernel, or a check of what was asked, said no */
	EXIT_USAGE = 2,  /* the command line makes no sense */
};

/* What -r and -a say. */
enum reach {
	REACH_ONE,
	REACH_ALL,
};

struct session {
	const char *root; /* --root */
	const struct command *command;
	struct sched_tree tree;
	struct sched_error error;
	bool incomplete; /* something that was wanted is left out for want of memory */
};

struct command {
	const char *name;
	const char *synopsis; /* what follows the name */
	const char *summary;  /* one line, for the list of commands */
	const char *details;  /* the rest of --help */
	enum exit_code (*run)(struct session *session, int argc, char **argv);
};

/* The commands, a name of NULL at the end (main.c). */
extern const struct command commands[];

enum exit_code command_create(struct session *session, int argc, char **argv);
enum exit_code command_remove(struct session *session, int argc, char **argv);
enum exit_code command_set(struct session *session, int argc, char **argv);
enum exit_code command_get(struct session *session, int argc, char **argv);
enum exit_code command_move(struct session *session, int argc, char **argv);
enum exit_code command_run(struct session *session, int argc, char **argv);
enum exit_code command_pin(struct session *session, int argc, char **argv);
enum exit_code command_policy(struct session *session, int argc, char **argv);
enum exit_code command_qos(struct session *session, int argc, char **argv);
enum exit_code command_tree(struct session *session, int argc, char **argv);
enum exit_code command_trace(struct session *session, int argc, char **argv);
enum exit_code command_show(struct session *session, int argc, char **argv);

/* Rows that end every command's option table. */
#define COMMON_OPTIONS \
	{ "help", no_argument, NULL, 'h' }, { "root", required_argument, NULL, 'R' }, \
	{ NULL, 0, NULL, 0 }

enum {
	OPTIONS_END = -1,  /* optind is the first argument */
	OPTIONS_HELP = -2, /* help was printed: leave with EXIT_DONE */
	OPTIONS_WRONG = -3, /* the mistake was printed: leave with EXIT_USAGE */
};

/* The next option of a command, as getopt_long; --help and --root are dealt with here. */
int option_next(struct session *session, int argc, char **argv, const char *letters,
		const struct option *options);

/* Whether the options ended well; else *code is what to leave with. */
bool options_done(int option, enum exit_code *code);

/* Opens the tree. */
bool session_open(struct session *session);

/* "schedctl: TEXT" on standard error; answers EXIT_FAILED. */
enum exit_code session_failed(const struct session *session);

/* "schedctl: COMMAND: TEXT", and where to read more; answers EXIT_USAGE. */
enum exit_code usage_error(const struct session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Parses an argument that names a task; says what is wrong with it. */
bool task_argument(struct session *session, const char *text, pid_t *task);

#endif
