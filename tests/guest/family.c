// SPDX-License-Identifier: Apache-2.0
/*
 * family.c - everything that can happen to processes, at once: on every CPU children with threads
 * fork, exec, exit, stop and are killed at moments that nobody chose (the seed is printed). Every
 * child must be waited for exactly once, and end in one of the ways it was meant to.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/tap.h"

enum { WORKERS = 8, ROUNDS = 120, LEFT = 17, EXECUTED = 23 };

static char *self;

static void *spin_or_sleep(void *argument)
{
	for (volatile unsigned int i = 0;; i++)
		if ((uintptr_t)argument % 2)
			usleep(100);
	return NULL;
}

static void *leave_soon(void *argument)
{
	usleep((useconds_t)(uintptr_t)argument);
	_exit(LEFT); /* exit() takes the unwinder's tables from under the first thread's pthread_exit() */
}

static void *exec_soon(void *argument)
{
	usleep((useconds_t)(uintptr_t)argument);
	execl(self, self, "executed", NULL);
	return NULL;
}

static void *fork_often(void *argument)
{
	for (;;) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		if (child > 0)
			waitpid(child, NULL, 0);
	}
	return argument;
}

/* A process with threads that do what they must not be disturbed in. */
static void live(unsigned int seed)
{
	pthread_t thread;
	uintptr_t delay = (uintptr_t)(rand_r(&seed) % 3000);

	pthread_create(&thread, NULL, spin_or_sleep, (void *)(uintptr_t)rand_r(&seed));
	switch (rand_r(&seed) % 4) {
	case 0:
		pthread_create(&thread, NULL, leave_soon, (void *)delay);
		break;
	case 1:
		pthread_create(&thread, NULL, exec_soon, (void *)delay);
		break;
	case 2:
		pthread_create(&thread, NULL, fork_often, NULL);
		break;
	default:
		usleep((useconds_t)delay);
		exit(LEFT);
	}
	pthread_exit(NULL); /* the process lives on without its first thread */
}

static int ended_as_meant(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGTERM;
	return WIFEXITED(status) &&
	       (WEXITSTATUS(status) == LEFT || WEXITSTATUS(status) == EXECUTED);
}

static int work(unsigned int seed)
{
	int good = 1;

	for (int round = 0; round < ROUNDS; round++) {
		unsigned int choice = (unsigned int)rand_r(&seed),
			     moment = (unsigned int)rand_r(&seed) % 4000;
		int status = -1;
		pid_t child = fork();

		if (child == 0)
			live(choice);
		usleep(moment);
		if (choice % 3 == 0) {
			kill(child, SIGSTOP);
			usleep(moment / 4);
			kill(child, SIGCONT);
		}
		if (choice % 2)
			usleep(2000);
		kill(child, choice % 5 ? SIGKILL : SIGTERM);
		good &= waitpid(child, &status, 0) == child && ended_as_meant(status);
	}
	return good && waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD;
}

int main(int count, char **argument)
{
	unsigned int seed = 20260101;
	pid_t workers[WORKERS];

	self = argument[0];
	if (count > 1)
		return EXECUTED;
	printf("# seed %u\n", seed);
	fflush(stdout);
	for (int i = 0; i < WORKERS; i++) {
		workers[i] = fork();
		if (workers[i] == 0)
			_exit(work(seed + (unsigned int)i) ? 0 : 1);
	}
	for (int i = 0; i < WORKERS; i++) {
		int status = -1;

		waitpid(workers[i], &status, 0);
		ok(status == 0, "worker %d: %d children, each ended as it was meant to", i, ROUNDS);
	}
	return tap_done();
}
