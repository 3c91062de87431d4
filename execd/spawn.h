// SPDX-License-Identifier: Apache-2.0
/*
 * spawn.h - starts a service in its group, the shell, or the machine's one command.
 *
 * Each gets a session of its own, default signals and the root directory.
 */
#ifndef EXECD_SPAWN_H
#define EXECD_SPAWN_H

#include "execd/recipes.h"

/*
 * The service's first instruction runs inside its group. Standard input is /dev/null, output goes
 * to the console. Answers when the program runs: its process, or -Exxx with *error saying why not
 * (a missing program too).
 */
pid_t spawn_service(const struct sched_tree *tree, const struct recipe_service *service,
		    struct sched_error *error);

/* A login shell on the console, its controlling terminal. -Exxx: none could be made. */
pid_t spawn_shell(void);

/*
 * The command, in the root node: input and output on /dev/hvc0 (raw) where there is one, else on
 * the console, and errors on the console (raw). A program that cannot be run is told there and
 * ends with 127 (not there) or 126.
 */
pid_t spawn_command(char **arguments);

#endif
