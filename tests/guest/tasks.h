// SPDX-License-Identifier: Apache-2.0
/*
 * tasks.h - the children that a program keeps busy, to be ended together.
 */
#ifndef TESTS_GUEST_TASKS_H
#define TESTS_GUEST_TASKS_H

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TASKS_MAX = 128 };

static pid_t tasks[TASKS_MAX];
static int task_count;

/* A child that does it, and ends when that is done. */
static inline pid_t start_task(void (*body)(void))
{
	pid_t child = fork();

	if (child == 0) {
		body();
		_exit(0);
	}
	tasks[task_count++] = child;
	return child;
}

static void end_all(void)
{
	for (int i = 0; i < task_count; i++)
		kill(tasks[i], SIGKILL);
	for (int i = 0; i < task_count; i++)
		waitpid(tasks[i], NULL, 0);
	task_count = 0;
}

#endif
