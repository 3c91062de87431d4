// SPDX-License-Identifier: Apache-2.0
/*
 * waiting.c - no CPU idles for longer than a tick while a task that may run there waits. Tasks with masks of
 * one to all CPUs work and sleep at random, some before the others, some with masks that change; every moment of
 * it is taken from the trace. Meant for virtual time (--icount) with short turns of the emulated CPUs: else one
 * stands still while others go on.
 *
 *	waiting [SEED [ROUNDS]]
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "sysfs/trace_record.h"
#include "tests/guest/group.h"
#include "tests/guest/policy.h"
#include "tests/guest/tap.h"

enum {
	TICK_NS = 3000000,    /* the kernel's SCHED_TICK_NS */
	LATE_NS = 250000,     /* until both CPUs have had their turns, of 20 us each, and done it */
	ROUND_NS = 250000000,
	LOOK_NS = 50000000,   /* the rings hold more than that */
	SPAN_MAX_US = 12000,  /* that a task works or sleeps at a time */
	FEW_TASKS = 12, TASKS_MAX = 40,
	CPUS_MAX = 8,
	RECORDS_MAX = 100000,
};

static struct trace_record *records;
static size_t record_count;
static int cpus, trace;
static uint64_t random_state;

static uint32_t chance(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % below;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static void sleep_ns(uint64_t ns)
{
	struct timespec time = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };

	nanosleep(&time, NULL);
}

static void pin(unsigned long mask)
{
	sched_setaffinity(0, sizeof(mask), (cpu_set_t *)&mask);
}

/* ---- the tasks of a round ---- */

static struct worker {
	pid_t pid;
	unsigned long first_mask;
	unsigned long mask;   /* by the trace */
	bool moves;           /* its mask is changed, and is always one of neighbours */
	bool waits;
} workers[TASKS_MAX];
static int worker_count;

/* The trace tells the first one and how many. */
static unsigned long neighbours(unsigned int first, unsigned int count)
{
	return ((1UL << count) - 1) << first;
}

static unsigned long random_neighbours(void)
{
	unsigned int first = chance((uint32_t)cpus);

	return neighbours(first, 1 + chance((uint32_t)cpus - first));
}

/* Now and then somebody who was started before is sent elsewhere. */
static void move_another(int self)
{
	int other = (int)chance((uint32_t)self + 1);
	unsigned long mask = random_neighbours();

	if (other != self && workers[other].moves && !chance(4))
		sched_setaffinity(workers[other].pid, sizeof(mask), (cpu_set_t *)&mask);
}

/* Works and sleeps by turns; `duty` of eight parts of the time it works. */
static _Noreturn void work(int self, unsigned int duty)
{
	for (;;) {
		move_another(self);
		uint64_t end = now_ns() + chance(SPAN_MAX_US * duty / 8) * UINT64_C(1000);
		while (now_ns() < end)
			for (volatile int i = 0; i < 200; i++)
				;
		if (duty < 8)
			sleep_ns(chance(SPAN_MAX_US * (8 - duty) / 8) * UINT64_C(1000));
	}
}

/* Half of the masks are of a single CPU or two, so that there is work which only some may do. */
static unsigned long random_mask(void)
{
	unsigned long all = (1UL << cpus) - 1, mask;

	do {
		mask = chance(2) ? 1UL << chance((uint32_t)cpus) | 1UL << chance((uint32_t)cpus) : chance(1U << cpus);
	} while (!(mask & all));
	return mask & all;
}

static void start_workers(void)
{
	worker_count = 1 + (int)chance(chance(4) ? FEW_TASKS : TASKS_MAX);
	for (int i = 0; i < worker_count; i++) {
		struct worker *worker = &workers[i];
		unsigned int duty = 1 + chance(8), nice = chance(8);
		bool is_urgent = !chance(8);
		*worker = (struct worker){ .moves = !chance(4), .mask = (1UL << cpus) - 1 };
		worker->first_mask = worker->moves ? random_neighbours() : random_mask();
		worker->pid = fork();
		if (worker->pid == 0) {
			random_state += (uint64_t)i * 0x9e3779b97f4a7c15U;
			pin(worker->first_mask);
			setpriority(PRIO_PROCESS, 0, (int)nice);
			if (is_urgent)
				set_policy(0, SCHED_RR, 1 + (int)nice);
			work(i, is_urgent ? 1 + duty / 4 : duty);
		}
	}
}

static void end_workers(void)
{
	for (int i = 0; i < worker_count; i++)
		kill(workers[i].pid, SIGKILL);
	for (int i = 0; i < worker_count; i++)
		waitpid(workers[i].pid, NULL, 0);
}

/* ---- what the trace says of them ---- */

static void drain(void)
{
	ssize_t bytes;

	while ((bytes = read(trace, records + record_count, (RECORDS_MAX - record_count) * sizeof(*records))) > 0)
		record_count += (size_t)bytes / sizeof(*records);
}

/* Those of one CPU are in order already; what happens to one task is never within the clock's grain. */
static int by_time(const void *a, const void *b)
{
	const struct trace_record *first = a, *second = b;

	if (first->time_ns != second->time_ns)
		return first->time_ns < second->time_ns ? -1 : 1;
	return a < b ? -1 : a > b;
}

static struct worker *worker_of(pid_t tid)
{
	for (int i = 0; i < worker_count; i++)
		if (workers[i].pid == tid)
			return &workers[i];
	return NULL;
}

static bool is_idle[CPUS_MAX];
static uint64_t wasted_since[CPUS_MAX]; /* one or the other who may run there waits; 0: none */

struct findings {
	uint64_t longest_ns;   /* that a CPU idled beside one who waited */
	uint64_t at_ns;        /* when that ended */
	int cpu;
	uint64_t waits, idles; /* how often somebody began to wait, a CPU to idle */
	bool lost;
};

static bool is_wanted(int cpu)
{
	for (int i = 0; i < worker_count; i++)
		if (workers[i].waits && workers[i].mask >> cpu & 1)
			return true;
	return false;
}

/* After each record: for how long each CPU has idled beside tasks that wait for it, now one, now another. */
static void look(struct findings *found, uint64_t now)
{
	for (int cpu = 0; cpu < cpus; cpu++) {
		uint64_t *since = &wasted_since[cpu];

		if (*since && now - *since > found->longest_ns) {
			found->longest_ns = now - *since;
			found->at_ns = now;
			found->cpu = cpu;
		}
		if (!is_idle[cpu] || !is_wanted(cpu))
			*since = 0;
		else if (!*since)
			*since = now;
	}
}

static void begin_waiting(struct findings *found, struct worker *worker)
{
	if (!worker)
		return;
	worker->waits = true;
	found->waits++;
}

static void take(struct findings *found, const struct trace_record *record)
{
	struct worker *worker = worker_of(record->tid);

	if (record->event == TRACE_LOST)
		found->lost = true;
	if (record->event == TRACE_WAKE)
		begin_waiting(found, worker);
	if (record->event == TRACE_MASK && worker)
		worker->mask = worker->moves ? neighbours((unsigned int)record->other, record->value)
					     : worker->first_mask;
	if (record->event != TRACE_SWITCH)
		return;
	if (record->value == TRACE_RUNNABLE)
		begin_waiting(found, worker_of(record->other));
	if (worker)
		worker->waits = false;
	is_idle[record->cpu] = !record->tid;
	found->idles += !record->tid;
}

static struct findings evaluate(void)
{
	struct findings found = { .cpu = -1 };

	qsort(records, record_count, sizeof(*records), by_time);
	memset(is_idle, 0, sizeof(is_idle));
	memset(wasted_since, 0, sizeof(wasted_since));
	for (size_t i = 0; i < record_count; i++) {
		take(&found, &records[i]);
		look(&found, records[i].time_ns);
	}
	return found;
}

static void tell(int round, const struct findings *found)
{
	printf("# round %d: CPU %d idled beside work for %llu us until %llu us\n", round, found->cpu,
	       (unsigned long long)found->longest_ns / 1000, (unsigned long long)found->at_ns / 1000);
	for (int i = 0; i < worker_count; i++)
		printf("#   task %d: %#lx%s\n", workers[i].pid, workers[i].first_mask,
		       workers[i].moves ? " at first" : "");
	for (size_t i = 0; i < record_count; i++)
		if (records[i].time_ns + found->longest_ns + 2 * TICK_NS > found->at_ns &&
		    records[i].time_ns <= found->at_ns)
			printf("#   %llu CPU %u event %u task %d other %d value %u\n",
			       (unsigned long long)records[i].time_ns / 1000, records[i].cpu, records[i].event,
			       records[i].tid, records[i].other, records[i].value);
}

static struct findings play_round(void)
{
	drain();
	record_count = 0;
	/* Each CPU switches once, and is known from then on. */
	for (int cpu = 0; cpu < cpus; cpu++)
		pin(1UL << cpu);
	pin((1UL << cpus) - 1);
	start_workers();
	for (uint64_t end = now_ns() + ROUND_NS; now_ns() < end;) {
		sleep_ns(LOOK_NS);
		drain();
	}
	end_workers();
	return evaluate();
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	int rounds = argc > 2 ? atoi(argv[2]) : 20;
	struct findings all = { 0 };

	cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	records = malloc(RECORDS_MAX * sizeof(*records));
	trace = open("/dev/trace", O_RDONLY | O_CLOEXEC);
	printf("# seed %llu\n", (unsigned long long)seed);
	random_state = (seed + 1) * 0x9e3779b97f4a7c15U;
	for (int round = 0; round < rounds; round++) {
		struct findings found = play_round();

		if (found.longest_ns > TICK_NS + LATE_NS)
			tell(round, &found);
		if (found.longest_ns > all.longest_ns)
			all.longest_ns = found.longest_ns;
		all.waits += found.waits;
		all.idles += found.idles;
		all.lost |= found.lost;
	}
	ok(trace >= 0 && !all.lost, "every moment of it was traced");
	ok(all.waits > (uint64_t)rounds * 100 && all.idles > (uint64_t)rounds * 20 && all.longest_ns > 0,
	   "tasks waited (%llu times) and CPUs idled (%llu times)", (unsigned long long)all.waits,
	   (unsigned long long)all.idles);
	ok(all.longest_ns <= TICK_NS + LATE_NS, "no CPU idled for longer than a tick beside tasks that waited for it: %llu us",
	   (unsigned long long)all.longest_ns / 1000);
	return tap_done();
}
