// SPDX-License-Identifier: Apache-2.0
/*
 * exhaustion.c - processes until there is no memory for another: an errno, no death, and all of it
 * comes back. Threads and files likewise; a file system that is full leaves room for programs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
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

/* Forks as often as it can: the child has its parent's memory, and nothing to do. */
static int end_at_once(void *unused)
{
	(void)unused;
	_exit(0);
}

static _Noreturn void fork_on(void)
{
	static char stack[4096] __attribute__((aligned(16)));

	for (;;)
		waitpid(clone(end_at_once, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL), NULL, 0);
}

/* Its last tasks are somebody else's children, and end about now. */
static bool remove_emptied(const char *group)
{
	int error, tries = 1000;

	while ((error = group_remove(group)) == -EBUSY && tries--)
		usleep(1000);
	return !error;
}

/* A fork that its parent's end cuts short leaves nothing of its group behind. */
static void test_groups(void)
{
	enum { GROUPS = 300, FORKERS = 8 };
	long before = free_kib();
	int removed = 0;

	group_put("", "cgroup.subtree_control", "+cpu");
	for (int i = 0; i < GROUPS; i++) {
		group_make("ended");
		for (int k = 0; k < FORKERS; k++) {
			pid_t child = fork();

			if (child == 0)
				fork_on();
			group_move("ended", child);
		}
		usleep(1000 + (useconds_t)i * 10);
		group_put("ended", "cgroup.kill", "1");
		while (wait(NULL) > 0)
			;
		removed += remove_emptied("ended");
	}
	long lost = before - free_kib();
	ok(removed == GROUPS && lost < GROUPS, "%d groups ended while they forked: %ld KiB are gone", removed, lost);
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
