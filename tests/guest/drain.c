// SPDX-License-Identifier: Apache-2.0
/*
 * drain.c - CPUs go off and on in a loop under every kind of task, with partitions coming and going:
 * nothing is lost, nothing runs twice, and every pin is there in the end.
 *
 * Each CPU has its own workers, pinned to it: one that spins, one that naps, one whose interval timer
 * ticks, one that forks, and a station of a ring in which one token goes round. A worker's count
 * is kept twice, so that running in two places at once would show.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/guest/alone.h"
#include "tests/guest/group.h"
#include "tests/guest/online.h"
#include "tests/guest/tap.h"

enum { CPUS_MAX = 8, ROUNDS = 40 };
enum kind { SPINS, NAPS, TICKS, FORKS, PASSES, KINDS };

static const char *const kind_names[KINDS] = { "spins", "naps", "ticks", "forks", "passes" };

struct worker {
	volatile long count;   /* plain: two writers would lose some of it */
	atomic_long astray;    /* the count was not what its only writer had left there */
	pid_t pid;
};

static struct worker (*workers)[KINDS];
static int cpus, ring[CPUS_MAX][2];
static uint64_t seed = 20260303;

static unsigned int choose(unsigned int below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(seed >> 33) % below;
}

/* One unit of the kind's work. */
static void work_once(enum kind kind, int cpu)
{
	static const struct timespec nap = { .tv_nsec = 700000 };
	sigset_t alarm;
	int signal;
	char token;

	switch (kind) {
	case SPINS:
		for (volatile int i = 0; i < 500; i++)
			;
		break;
	case NAPS:
		nanosleep(&nap, NULL);
		break;
	case TICKS:
		sigemptyset(&alarm);
		sigaddset(&alarm, SIGALRM);
		sigwait(&alarm, &signal);
		break;
	case FORKS: {
		pid_t child = fork();
		if (child == 0)
			_exit(0);
		if (child < 0 || waitpid(child, NULL, 0) != child)
			_exit(4);
		break;
	}
	default:
		if (read(ring[cpu][0], &token, 1) != 1 || write(ring[(cpu + 1) % cpus][1], &token, 1) != 1)
			_exit(5);
	}
}

static void work(enum kind kind, int cpu)
{
	struct worker *me = &workers[cpu][kind];
	struct itimerval often = { { 0, 1500 }, { 0, 1500 } };
	sigset_t alarm;

	if (kind == TICKS) {
		sigemptyset(&alarm);
		sigaddset(&alarm, SIGALRM);
		sigprocmask(SIG_BLOCK, &alarm, NULL);
		setitimer(ITIMER_REAL, &often, NULL);
	}
	for (long mine = 0;;) {
		work_once(kind, cpu);
		if (me->count != mine)
			atomic_fetch_add(&me->astray, 1);
		me->count = ++mine;
	}
}

static int start(void)
{
	char token = 1;

	for (int cpu = 0; cpu < cpus; cpu++)
		if (pipe(ring[cpu]))
			return -errno;
	for (int cpu = 0; cpu < cpus; cpu++)
		for (int kind = 0; kind < KINDS; kind++) {
			pid_t pid = fork();
			if (pid == 0)
				work((enum kind)kind, cpu);
			if (pid < 0 || pin(pid, (size_t)cpu))
				return -errno;
			workers[cpu][kind].pid = pid;
		}
	return write(ring[0][1], &token, 1) == 1 ? 0 : -errno;
}

/* A partition of one CPU, whose workers thereby live elsewhere for a while. */
static void switch_partition(void)
{
	static const char *const kinds[] = { "member", "root", "isolated" };
	char list[16];

	snprintf(list, sizeof(list), "%u", choose((unsigned int)cpus));
	if (choose(2))
		group_put("p", "cpuset.cpus", list);
	group_put("p", "cpuset.cpus.partition", kinds[choose(3)]);
}

static int storm(void)
{
	int failures = 0;

	for (int round = 0; round < ROUNDS; round++) {
		int first = (int)choose((unsigned int)cpus), second = (first + 1) % cpus;
		bool both = cpus > 2 && choose(2);

		failures += set_online(first, "0") != 0;
		failures += both && set_online(second, "0") != 0;
		switch_partition();
		usleep(1000 + choose(3000));
		failures += set_online(first, "1") != 0;
		failures += both && set_online(second, "1") != 0;
		if (choose(2))
			switch_partition();
	}
	return failures;
}

static bool is_home(const struct worker *worker, size_t cpu)
{
	cpu_set_t mask;

	CPU_ZERO(&mask);
	return !sched_getaffinity(worker->pid, sizeof(mask), &mask) && CPU_ISSET(cpu, &mask) &&
	       CPU_COUNT(&mask) == 1;
}

static bool goes_on(const struct worker *worker)
{
	long before = worker->count;

	for (int tries = 0; tries < 2000 && worker->count < before + 2; tries++)
		usleep(2000);
	return worker->count >= before + 2;
}

static void check_kind(enum kind kind)
{
	int home = 0, going = 0, astray = 0;

	for (int cpu = 0; cpu < cpus; cpu++) {
		const struct worker *worker = &workers[cpu][kind];

		home += is_home(worker, (size_t)cpu);
		going += goes_on(worker);
		astray += worker->astray != 0;
	}
	ok(home == cpus, "who %s is pinned as before (%d of %d)", kind_names[kind], home, cpus);
	ok(going == cpus, "and goes on (%d of %d)", going, cpus);
	ok(astray == 0, "each in one place at a time (%d are not)", astray);
}

/* Stopped, the ring holds its one token, in a pipe or in a worker's hands. Those before it have passed it
 * on once more than those behind, and one of these may have been stopped before he counted that. */
static void check_token(void)
{
	long least = workers[0][PASSES].count, most = least;

	for (int cpu = 0; cpu < cpus; cpu++)
		kill(workers[cpu][PASSES].pid, SIGSTOP);
	usleep(50000);
	least = most = workers[0][PASSES].count;
	for (int cpu = 1; cpu < cpus; cpu++) {
		long count = workers[cpu][PASSES].count;

		least = count < least ? count : least;
		most = count > most ? count : most;
	}
	ok(most - least <= 2, "one token went round, no more (%ld to %ld rounds)", least, most);
}

int main(void)
{
	cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	cpus = cpus < CPUS_MAX ? cpus : CPUS_MAX;
	workers = mmap(NULL, sizeof(*workers) * CPUS_MAX, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	group_put("", "cgroup.subtree_control", "+cpuset");
	group_make("p");
	ok(start() == 0, "%d workers", cpus * KINDS);
	int failures = storm();
	ok(failures == 0, "CPUs go and come %d times (%d fail)", ROUNDS, failures);
	group_put("p", "cpuset.cpus.partition", "member");
	for (int kind = 0; kind < KINDS; kind++)
		check_kind((enum kind)kind);
	check_token();
	for (int cpu = 0; cpu < cpus; cpu++)
		for (int kind = 0; kind < KINDS; kind++) {
			kill(workers[cpu][kind].pid, SIGKILL);
			waitpid(workers[cpu][kind].pid, NULL, 0);
		}
	ok(group_remove("p") == 0, "the group goes");
	return tap_done();
}
