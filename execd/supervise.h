// SPDX-License-Identifier: Apache-2.0
/*
 * supervise.h - keeps what was asked for running until somebody ends it.
 */
#ifndef EXECD_SUPERVISE_H
#define EXECD_SUPERVISE_H

#include <stdint.h>

#include "execd/machine.h"
#include "execd/recipes.h"

/* A service as it is now. Times are CLOCK_MONOTONIC's nanoseconds. */
struct service_state {
	pid_t pid;          /* 0: it does not run */
	int64_t started_ns;
	int64_t delay_ns;   /* the last wait before a restart */
	int64_t due_ns;     /* when it starts next; SERVICE_DONE: never */
};

#define SERVICE_DONE INT64_MAX

struct supervisor {
	struct sched_tree tree;
	struct recipes *recipes;
	struct service_state services[RECIPE_SERVICE_MAX];
	struct service_state policy; /* policyd, where there is a policy */
	struct service_state front; /* the shell, or the command */
	char **command;             /* NULL: a shell */
	bool selftest;              /* tells what it measures of each service */
};

/* How it ended. */
struct supervised {
	enum machine_end how;
	int status;
};

/* Catches the signals that matter: before the first child is started. */
void supervise_prepare(void);

/* Starts all services, then the shell or the command; returns when the command ended or a signal
 * asked for the end. */
struct supervised supervise(struct supervisor *supervisor);

/* Starts policyd, for supervise() to look after. */
void supervise_policy_start(struct supervisor *supervisor);

/* SIGTERM to everything, three seconds of grace, SIGKILL. */
void supervise_stop(const struct supervisor *supervisor);

#endif
