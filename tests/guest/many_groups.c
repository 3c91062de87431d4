// SPDX-License-Identifier: Apache-2.0
/*
 * many_groups.c - what it costs to sleep and to wake another does not grow with the number of groups: a token
 * goes round among tasks that have a group each, so many that they all rest at once, and among as many tasks of
 * one group. Meant for virtual time, where a nanosecond is an instruction, and one CPU.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/guest/clock.h"
#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { FEW = 20, MANY = 1000, FIRST_LAP = 2, HOPS = 6000 };

struct seat {
	atomic_int has_token;
	char padding[60];
};

static struct shared {
	struct seat seats[MANY];
	int laps;
	_Atomic int64_t begin_ns, end_ns;
} *shared;

static void give(struct seat *seat)
{
	seat->has_token = 1;
	syscall(SYS_futex, &seat->has_token, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void wait_for_token(struct seat *seat)
{
	while (!seat->has_token)
		syscall(SYS_futex, &seat->has_token, FUTEX_WAIT, 0, NULL, NULL, 0);
	seat->has_token = 0;
}

static void count_lap(int count)
{
	int lap = shared->laps++;

	if (lap == FIRST_LAP)
		shared->begin_ns = now_ns();
	if (lap == FIRST_LAP + HOPS / count)
		shared->end_ns = now_ns();
}

static _Noreturn void sit(int place, int count)
{
	for (;;) {
		wait_for_token(&shared->seats[place]);
		if (place == 0)
			count_lap(count);
		give(&shared->seats[(place + 1) % count]);
	}
}

static void name_of(char name[16], int place)
{
	snprintf(name, 16, "many%d", place);
}

/* Instructions from one to the next of so many tasks, in a group each or all in one; 0: it went wrong. */
static int64_t hop(int count, bool in_groups)
{
	static pid_t pids[MANY];
	char name[16];
	int errors = 0;

	memset(shared, 0, sizeof(*shared));
	for (int i = 0; i < count; i++) {
		name_of(name, i);
		errors += in_groups && group_make(name);
		pids[i] = fork();
		if (pids[i] == 0) {
			if (in_groups && group_move(name, 0))
				_exit(1);
			sit(i, count);
		}
		errors += pids[i] < 0;
	}
	usleep(100000);
	give(&shared->seats[0]);
	for (int tries = 0; tries < 1000 && !shared->end_ns; tries++)
		usleep(10000);
	for (int i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
	for (int i = 0; i < count; i++)
		waitpid(pids[i], NULL, 0);
	for (int i = 0; i < count && in_groups; i++) {
		name_of(name, i);
		errors += group_remove(name) != 0;
	}
	return errors || !shared->end_ns ? 0 : (shared->end_ns - shared->begin_ns) / (HOPS / count * count);
}

int main(void)
{
	unsigned long first = 1;

	sched_setaffinity(0, sizeof(first), (cpu_set_t *)&first);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ok(!group_put("", "cgroup.subtree_control", "+cpu"), "the cpu controller");
	int64_t few = hop(FEW, true), tasks = hop(MANY, false), groups = hop(MANY, true);
	ok(few && tasks && groups && groups * 100 <= tasks * 115,
	   "%d groups: %lld instructions a switch, as many tasks of one group: %lld, %d groups: %lld", MANY,
	   (long long)groups, (long long)tasks, FEW, (long long)few);
	return tap_done();
}
