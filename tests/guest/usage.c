// SPDX-License-Identifier: Apache-2.0
/*
 * usage.c - whose CPU time is counted where: by CPU, at a nice level, after its group is gone. Meant
 * for virtual time on two CPUs.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { SPIN_US = 50000, SLACK_US = 2500 };

static uint64_t used_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static void pin(unsigned long cpus)
{
	sched_setaffinity(0, sizeof(cpus), (cpu_set_t *)&cpus);
}

/* A child that uses so much CPU time on that CPU, and ends. */
static void spin(const char *group, int cpu, int nice, uint64_t us)
{
	pid_t child = fork();

	if (child == 0) {
		group_move(group, 0);
		pin(1UL << cpu);
		setpriority(PRIO_PROCESS, 0, nice);
		while (used_us() < us)
			for (volatile int i = 0; i < 20000; i++)
				;
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static int about(long long value, long long wanted)
{
	return llabs(value - wanted) <= SLACK_US;
}

static void test_cpus(void)
{
	spin("u/a", 0, 0, SPIN_US);
	spin("u/b", 1, 0, 2 * SPIN_US);
	long long a0 = group_number("u/a", "cpu.stat.percpu", "cpu0");
	long long a1 = group_number("u/a", "cpu.stat.percpu", "cpu1");
	long long b1 = group_number("u/b", "cpu.stat.percpu", "cpu1");
	long long u0 = group_number("u", "cpu.stat.percpu", "cpu0");
	long long u1 = group_number("u", "cpu.stat.percpu", "cpu1");

	ok(about(a0, SPIN_US) && about(a1, 0), "time is counted on its CPU (%lld and %lld us)", a0, a1);
	ok(about(b1, 2 * SPIN_US), "and in its group (%lld us)", b1);
	ok(u0 >= a0 && u1 >= a1 + b1 && about(u1, 2 * SPIN_US), "a group's is that of those below");
	long long usage = group_number("u", "cpu.stat", "usage_usec");
	ok(usage - (u0 + u1) >= 0 && usage - (u0 + u1) < 10, "cpu.stat is the sum");
	ok(group_number("u", "cpu.stat.percpu", "cpu2") == -1, "a CPU that cannot be has no line");
	long long user = group_number("u", "cpu.stat", "user_usec");
	ok(user > 9 * usage / 10 && user + group_number("u", "cpu.stat", "system_usec") - usage <= 1,
	   "a spinner's is user time (%lld of %lld us)", user, usage);
}

static void test_nice(void)
{
	ok(group_number("u", "cpu.stat", "nice_usec") == 0, "nobody was nice so far");
	spin("u/a", 0, 5, SPIN_US);
	long long nice = group_number("u/a", "cpu.stat", "nice_usec");
	ok(about(nice, SPIN_US), "nice 5 was, for %lld us", nice);
	spin("u/a", 0, -5, SPIN_US);
	ok(group_number("u/a", "cpu.stat", "nice_usec") == nice, "nice -5 is not");
	struct sched_param none = { 0 };
	sched_setscheduler(0, SCHED_IDLE, &none);
	spin("u/a", 0, 0, SPIN_US);
	sched_setscheduler(0, SCHED_OTHER, &none);
	ok(group_number("u/a", "cpu.stat", "nice_usec") == nice, "nor is SCHED_IDLE at level 0");
}

static void test_removal(void)
{
	long long before = group_number("u", "cpu.stat", "usage_usec");
	long long on_1 = group_number("u", "cpu.stat.percpu", "cpu1");
	long long nice = group_number("u", "cpu.stat", "nice_usec");

	group_remove("u/a");
	group_remove("u/b");
	long long after = group_number("u", "cpu.stat", "usage_usec");
	ok(after == before && group_number("u", "cpu.stat.percpu", "cpu1") == on_1 &&
	   group_number("u", "cpu.stat", "nice_usec") == nice, "a removed group's time stays (%lld us)", after);
}

int main(void)
{
	group_make("u");
	group_make("u/a");
	group_make("u/b");
	test_cpus();
	test_nice();
	test_removal();
	ok(group_remove("u") == 0, "nothing is left");
	return tap_done();
}
