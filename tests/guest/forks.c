// SPDX-License-Identifier: Apache-2.0
/*
 * forks.c - forks and signals at a time. Signals come before a fork or after it, and no rate of them keeps a process
 * from forking. What is sent to several processes meanwhile is for the child, too; what is sent to its parent is not.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tests/guest/tap.h"
#include "tests/guest/tasks.h"

enum { MEMORY = 32 << 20, FORKS = 20, ROUNDS = 300, ROUNDS_MIN = ROUNDS * 9 / 10, FIRE_US = 100 };

static struct shared {
	atomic_int round;   /* of the fork that has begun */
	atomic_int forks;   /* done under fire */
	atomic_long heard;  /* signals handled under fire */
} *shared;

/* Forks that take their time: so much memory has a table to be copied. */
static void grow(void)
{
	char *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(memory, 1, MEMORY);
}

/* fork() of the C library blocks signals. */
static pid_t fork_unblocked(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static void hear(int number)
{
	(void)number;
	shared->heard++;
}

static void fork_under_fire(void)
{
	grow();
	while (shared->forks < FORKS) {
		pid_t child = fork_unblocked();

		if (child == 0)
			_exit(0);
		if (waitpid(child, NULL, 0) == child)
			shared->forks++;
	}
}

static void test_fire(void)
{
	const struct sigaction action = { .sa_handler = hear, .sa_flags = SA_RESTART };

	sigaction(SIGUSR1, &action, NULL);
	pid_t target = start_task(fork_under_fire);
	pid_t pest = fork();

	if (pest == 0)
		while (kill(target, SIGUSR1) == 0)
			usleep(FIRE_US); /* less than a fork takes, more than a handler */
	tasks[task_count++] = pest;
	for (int i = 0; i < 3000 && shared->forks < FORKS; i++)
		usleep(10000);
	int forks = shared->forks;
	ok(forks == FORKS && shared->heard, "%d of %d forks under fire (%ld signals)", forks, FORKS, shared->heard);
	end_all();
}

static bool is_pending(int number)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, number);
}

/* Whether it comes soon, if it is to come. */
static bool has_come(int number, bool is_due)
{
	for (int i = 0; is_due && i < 100 && !is_pending(number); i++)
		usleep(1000);
	return is_pending(number);
}

static pid_t target; /* of kill(2): the parent, or its group */

/* Once a round, when its fork has begun, is under way or has just ended. */
static void send_by_turns(void)
{
	for (int round = 1; round <= ROUNDS; round++) {
		while (shared->round < round)
			sched_yield();
		for (volatile int i = rand() % 3000; i > 0; i--)
			;
		kill(target, SIGUSR2);
	}
}

/* Whether the child of a fork has the signal that is sent about now, and that all of them block. */
static bool child_has_it(int round, bool is_due)
{
	int status;

	shared->round = round;
	pid_t child = fork_unblocked();
	if (child == 0)
		_exit(has_come(SIGUSR2, is_due));
	has_come(SIGUSR2, true); /* it is sent */
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

/* `ROUNDS` signals; how many of them the child had that was forked meanwhile. */
static int count_shared(bool to_group)
{
	const struct timespec now = { 0, 0 };
	sigset_t set;
	int count = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setpgid(0, 0);
	target = to_group ? -getpid() : getpid();
	shared->round = 0;
	pid_t sender = fork();
	if (sender == 0) {
		setpgid(0, 0);
		send_by_turns();
		_exit(0);
	}
	for (int round = 1; round <= ROUNDS; round++) {
		count += child_has_it(round, to_group);
		sigtimedwait(&set, NULL, &now);
	}
	waitpid(sender, NULL, 0);
	return count;
}

static void test_groups(void)
{
	grow();
	int count = count_shared(true);
	/* Not all: a signal may overtake the first steps of the fork. */
	ok(count >= ROUNDS_MIN, "a group's signal is for a child on its way: %d of %d", count, ROUNDS);
	count = count_shared(false);
	ok(count == 0, "and its parent's is not: %d of %d", count, ROUNDS);
}

int main(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	test_fire();
	test_groups();
	return tap_done();
}
