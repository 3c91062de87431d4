// SPDX-License-Identifier: Apache-2.0
/*
 * storm.c - processes that fork processes inside a group, as fast as they can: all of them stay
 * in it, on its CPUs, and nothing of them is left.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { ROOTS = 4, GENERATIONS = 40, LITTER = 3 };

static struct {
	atomic_int born, outside, errors, done;
} *counts;
static int cpus;
static pid_t session;

static int is_inside(void)
{
	int first = cpus > 1 ? cpus / 2 : 0;
	int cpu = sched_getcpu();

	return cpu >= first && cpu < cpus;
}

static pid_t fork_counted(void)
{
	pid_t child = fork();

	atomic_fetch_add(&counts->errors, child < 0);
	if (child == 0) {
		atomic_fetch_add(&counts->born, 1);
		atomic_fetch_add(&counts->outside, !is_inside());
	}
	return child;
}

/* Each generation forks a litter that dies at once and one heir that goes on. */
static _Noreturn void live(void)
{
	for (int left = GENERATIONS; left > 0; left--) {
		for (int i = 0; i < LITTER; i++)
			if (fork_counted() == 0)
				_exit(0);
		if (fork_counted() != 0)
			break;
	}
	while (wait(NULL) > 0)
		;
	atomic_fetch_add(&counts->outside, !is_inside());
	_exit(0);
}

/* How many of the root's processes belong to the storm. */
static int strays(void)
{
	static char list[65536];
	int count = 0;

	if (group_get("", "cgroup.procs", list, sizeof(list)) < 0)
		return -1;
	for (char *line = strtok(list, "\n"); line; line = strtok(NULL, "\n"))
		count += getsid(atoi(line)) == session;
	return count;
}

/* Leads the storm: in a session of its own, so that its processes can be told. */
static _Noreturn void lead(void)
{
	setsid();
	if (group_move("storm", 0))
		_exit(1);
	for (int i = 0; i < ROOTS; i++)
		if (fork_counted() == 0)
			live();
	while (wait(NULL) > 0)
		;
	atomic_store(&counts->done, 1);
	_exit(0);
}

int main(void)
{
	static const struct timespec pause = { .tv_nsec = 500000 };
	const int expected = ROOTS * ((GENERATIONS + 1) + GENERATIONS * LITTER);
	char list[32];
	int stray = 0, looks = 0, status;

	cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		return 1;
	group_put("", "cgroup.subtree_control", "+cpuset +cpu");
	snprintf(list, sizeof(list), "%d-%d", cpus > 1 ? cpus / 2 : 0, cpus - 1);
	ok(!group_make("storm") && !group_put("storm", "cpuset.cpus", list), "a group of CPUs %s", list);
	session = fork();
	if (session == 0)
		lead();
	while (!atomic_load(&counts->done) && waitpid(session, &status, WNOHANG) == 0) {
		nanosleep(&pause, NULL);
		if (looks++ > 2) /* it has moved by then */
			stray += group_is("storm", "cgroup.events", "populated 1\nfrozen 0") ? strays() : 0;
	}
	waitpid(session, &status, 0);
	ok(counts->done == 1 && counts->errors == 0, "the storm blows over (%d errors)", counts->errors);
	ok(counts->born == expected, "%d processes were born (%d)", expected, counts->born);
	ok(counts->outside == 0, "none saw a CPU outside (%d did)", counts->outside);
	ok(stray == 0, "none was in another group (%d looks, %d strays)", looks, stray);
	ok(group_is("storm", "cgroup.procs", ""), "none is left");
	ok(group_is("storm", "cgroup.events", "populated 0\nfrozen 0"), "the group knows");
	ok(group_remove("storm") == 0, "and goes");
	return tap_done();
}
