// SPDX-License-Identifier: Apache-2.0
/*
 * exhaustion.c - processes until there is no memory for another: an errno, no death, and all of it
 * comes back. Threads and files likewise; a file system that is full leaves room for programs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { CHILDREN_MAX = 40000, THREADS_MAX = 1000 };

static pid_t children[CHILDREN_MAX];

static long free_kib(void)
{
	struct sysinfo info;

	usleep(100000);
	sysinfo(&info);
	return (long)(info.freeram / 1024);
}

static void test_processes(int round)
{
	int count = 0, reaped = 0, error;
	pid_t child;

	while (count < CHILDREN_MAX && (child = fork()) > 0)
		children[count++] = child;
	error = errno;
	if (count < CHILDREN_MAX && child == 0)
		for (;;)
			pause();
	ok(count > 100 && (error == ENOMEM || error == EAGAIN),
		"round %d: %d processes, then an errno", round, count);
	for (int i = 0; i < count; i++)
		kill(children[i], SIGKILL);
	while (wait(NULL) > 0)
		reaped++;
	ok(reaped == count, "round %d: each of them was there", round);
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *wait_at_gate(void *unused)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	return unused;
}

static int make_threads(void)
{
	static pthread_t threads[THREADS_MAX];
	pthread_attr_t small;
	int count = 0;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 16384);
	pthread_mutex_lock(&gate);
	while (count < THREADS_MAX &&
		pthread_create(&threads[count], &small, wait_at_gate, NULL) == 0)
		count++;
	pthread_mutex_unlock(&gate);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return count;
}

/* In a child: the C library keeps the stacks. */
static void test_threads(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(make_threads() > 100 ? 0 : 1);
	waitpid(child, &status, 0);
	ok(status == 0, "many threads at a time");
}

/* 4 KiB of memory each, none of it a page of a file's contents. */
static void test_links(void)
{
	static char target[4000];
	char name[32];
	int count = 0, left, error, status = -1;

	memset(target, 'x', sizeof(target) - 1);
	mkdir("/tmp/links", 0700);
	do
		snprintf(name, sizeof(name), "/tmp/links/%d", count);
	while (symlink(target, name) == 0 && ++count);
	error = errno;
	ok(count > 1000 && error == ENOSPC, "%d symbolic links, then ENOSPC", count);
	pid_t child = fork();
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", "echo /etc/passwd | xargs ls >/dev/null", NULL);
		_exit(127);
	}
	ok(child > 0 && waitpid(child, &status, 0) == child && status == 0,
	   "and programs still run");
	for (left = count; left > 0; left--) {
		snprintf(name, sizeof(name), "/tmp/links/%d", left - 1);
		if (unlink(name))
			break;
	}
	ok(left == 0 && rmdir("/tmp/links") == 0, "all of them can be removed");
}

static volatile sig_atomic_t is_under_fire;

static void hear(int number)
{
	(void)number;
	is_under_fire = 1;
}

/* Forks that a signal may interrupt on their way. */
static _Noreturn void fork_under_fire(void)
{
	const struct sigaction action = { .sa_handler = hear, .sa_flags = SA_RESTART };
	pid_t target = getpid(), pest;

	sigaction(SIGUSR1, &action, NULL);
	if ((pest = fork()) == 0)
		while (kill(target, SIGUSR1) == 0)
			;
	while (!is_under_fire)
		;
	for (int i = 0; i < 10; i++) {
		long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); /* fork() blocks signals */

		if (child == 0)
			_exit(0);
		waitpid((pid_t)child, NULL, 0);
	}
	kill(pest, SIGKILL);
	waitpid(pest, NULL, 0);
	_exit(0);
}

/* A fork that comes to nothing leaves nothing of its group behind. */
static void test_groups(void)
{
	enum { GROUPS = 300 };
	long before = free_kib();
	int removed = 0;

	group_put("", "cgroup.subtree_control", "+cpu");
	for (int i = 0; i < GROUPS; i++) {
		pid_t child;

		group_make("fire");
		if ((child = fork()) == 0) {
			group_move("fire", 0);
			fork_under_fire();
		}
		waitpid(child, NULL, 0);
		removed += !group_remove("fire");
	}
	long lost = before - free_kib();
	ok(removed == GROUPS && lost < GROUPS, "%d groups in which forks were interrupted: %ld KiB are gone", removed, lost);
}

int main(void)
{
	long before = free_kib(), after;

	for (int round = 1; round <= 3; round++)
		test_processes(round);
	test_threads();
	test_links();
	test_groups();
	after = free_kib();
	/* Kernel stacks and page frames stay in pools, until somebody needs them. */
	ok(after > before / 2, "the memory is back: %ld of %ld KiB", after, before);
	return tap_done();
}
