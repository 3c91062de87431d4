// SPDX-License-Identifier: Apache-2.0
/*
 * migrations.c - ten thousand migrations a second for ten seconds, and no task is lost, doubled, or
 * where it may not be. Meant for virtual time (--icount).
 *
 * Every task sends itself to another CPU, over and over: sched_setaffinity(2) answers on the new one.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/clock.h"
#include "tests/guest/tap.h"

enum { TASKS = 16, SECONDS = 10, A_SECOND = 10000 };

/* One a task: what it says, and nobody else. */
struct traveller {
	atomic_int inside; /* who runs the task: 1, if there is one of it */
	atomic_long moves, misplaced, doubled, refused;
	char padding[24];
};

static struct traveller *travellers;
static atomic_int *is_over;

static _Noreturn void travel(struct traveller *self, int number, int cpus)
{
	int cpu = number % cpus;

	while (!atomic_load(is_over)) {
		cpu_set_t mask;

		cpu = (cpu + 1 + number % (cpus - 1)) % cpus;
		CPU_ZERO(&mask);
		CPU_SET((size_t)cpu, &mask);
		self->refused += sched_setaffinity(0, sizeof(mask), &mask) != 0;
		self->doubled += atomic_exchange(&self->inside, 1) != 0;
		self->misplaced += sched_getcpu() != cpu;
		self->moves++;
		atomic_store(&self->inside, 0);
	}
	_exit(0);
}

int main(void)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN), well = 0, status;
	long moves = 0, least = -1, misplaced = 0, doubled = 0, refused = 0;
	size_t size = sizeof(*travellers) * TASKS + sizeof(*is_over);
	pid_t pids[TASKS];

	travellers = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (travellers == MAP_FAILED || cpus < 2)
		return 1;
	is_over = (atomic_int *)(travellers + TASKS);
	for (int i = 0; i < TASKS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			travel(&travellers[i], i, cpus);
	}
	int64_t start = now_ns();
	nanosleep(&(struct timespec){ .tv_sec = SECONDS }, NULL);
	for (int i = 0; i < TASKS; i++)
		moves += travellers[i].moves;
	double seconds = (double)(now_ns() - start) / 1e9;
	ok((double)moves >= A_SECOND * seconds, "%ld migrations in %.2f seconds", moves, seconds);
	for (int i = 0; i < TASKS; i++) {
		long before = travellers[i].moves;
		int64_t limit = now_ns() + 1000000000;

		while (travellers[i].moves == before && now_ns() < limit)
			nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		well += travellers[i].moves > before;
	}
	ok(well == TASKS, "all %d tasks still go on (%d)", TASKS, well);
	atomic_store(is_over, 1);
	well = 0;
	for (int i = 0; i < TASKS; i++) {
		well += waitpid(pids[i], &status, 0) == pids[i] && status == 0;
		least = least < 0 || travellers[i].moves < least ? (long)travellers[i].moves : least;
		misplaced += travellers[i].misplaced;
		doubled += travellers[i].doubled;
		refused += travellers[i].refused;
	}
	ok(well == TASKS, "all end (%d)", well);
	ok(least > 0, "each has moved (%ld times at least)", least);
	ok(!misplaced && !doubled && !refused, "none is misplaced, doubled or refused (%ld, %ld, %ld)",
	   misplaced, doubled, refused);
	return tap_done();
}
