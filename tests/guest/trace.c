// SPDX-License-Identifier: Apache-2.0
/*
 * trace.c - /dev/trace: every switch of a known pattern is there, in order, whoever reads how slowly; and
 * who may open it. In virtual time ("exact") nothing but the pattern makes the tasks switch.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "sysfs/trace_record.h"
#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { RECORDS_MAX = 400000, ROUNDS = 500, CPUS_MAX = 16 };

static struct trace_record *records;
static bool is_exact;
static size_t record_count;
static uint64_t lost;

static int open_trace(void)
{
	record_count = 0;
	lost = 0;
	return open("/dev/trace", O_RDONLY | O_CLOEXEC);
}

static void drain(int fd)
{
	ssize_t bytes;

	while ((bytes = read(fd, records + record_count,
			     (RECORDS_MAX - record_count) * sizeof(*records))) > 0)
		record_count += (size_t)bytes / sizeof(*records);
}

static void pin(int cpu)
{
	unsigned long mask = 1UL << cpu;

	sched_setaffinity(0, sizeof(mask), (cpu_set_t *)&mask);
}

/* Whether each CPU's records hang together: times never go back, and who is switched from is who was
 * switched to, unless records between were lost. */
static bool is_consistent(void)
{
	uint64_t time[CPUS_MAX] = { 0 };
	int32_t running[CPUS_MAX];

	memset(running, -1, sizeof(running));
	for (size_t i = 0; i < record_count; i++) {
		const struct trace_record *record = &records[i];
		if (record->cpu >= CPUS_MAX || record->event >= TRACE_EVENT_COUNT || record->tid < 0) {
			printf("# record %zu: cpu %u event %u tid %d\n", i, record->cpu, record->event, record->tid);
			return false;
		}
		if (record->time_ns < time[record->cpu]) {
			printf("# record %zu goes back in time\n", i);
			return false;
		}
		time[record->cpu] = record->time_ns;
		if (record->event == TRACE_LOST) {
			lost += record->value;
			running[record->cpu] = -1;
		}
		if (record->event != TRACE_SWITCH)
			continue;
		if (running[record->cpu] != -1 && running[record->cpu] != record->other) {
			printf("# record %zu: %d was switched to, %d away\n", i, running[record->cpu], record->other);
			return false;
		}
		running[record->cpu] = record->tid;
	}
	return true;
}

static int count(enum trace_event event, pid_t task, int32_t other)
{
	int found = 0;

	for (size_t i = 0; i < record_count; i++)
		found += records[i].event == event && records[i].tid == task &&
			 (other < 0 || records[i].other == other);
	return found;
}

/* Two processes on CPU 0 that hand a byte to and fro: answers the other one's PID. */
static pid_t ping_pong(int rounds)
{
	int there[2], back[2];
	char byte = 0;

	if (pipe(there) || pipe(back))
		return -1;
	pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_NAME, "pong");
		for (int i = 0; i < rounds; i++)
			if (read(there[0], &byte, 1) != 1 || write(back[1], &byte, 1) != 1)
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < rounds; i++)
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			break;
	waitpid(child, NULL, 0);
	close(there[0]);
	close(there[1]);
	close(back[0]);
	close(back[1]);
	return child;
}

static void test_pattern(void)
{
	int fd = open_trace();
	pid_t self = getpid();

	ok(fd >= 0, "the device is there");
	pin(0);
	pid_t other = ping_pong(ROUNDS);
	drain(fd);
	ok(is_consistent() && lost == 0, "the records hang together");
	int to = count(TRACE_SWITCH, other, self), from = count(TRACE_SWITCH, self, other);
	ok(to >= ROUNDS && from >= ROUNDS, "every switch there and back is in it (%d, %d of %d)", to, from, ROUNDS);
	int woken = count(TRACE_WAKE, other, self);
	if (is_exact)
		ok(woken >= ROUNDS && woken <= ROUNDS + 10, "and every wake-up (%d)", woken);
	bool named = false, ended = false;
	for (size_t i = 0; i < record_count; i++) {
		named |= records[i].tid == other && !strncmp(records[i].name, "pong", TRACE_NAME_SIZE);
		ended |= records[i].event == TRACE_SWITCH && records[i].other == other &&
			 records[i].value == TRACE_ENDED;
	}
	ok(named, "tasks have their names");
	ok(ended, "the end of one is told");
	char byte;
	ok(read(fd, &byte, 1) == 0, "less room than a record reads nothing");
	close(fd);
}

static void test_events(int cpus)
{
	int fd = open_trace();
	unsigned long all = (1UL << cpus) - 1, first = 1;
	pid_t self = getpid();

	sched_setaffinity(0, sizeof(all), (cpu_set_t *)&all);
	if (cpus > 1) {
		pin(cpus - 1);
		drain(fd);
		ok(count(TRACE_MASK, self, cpus - 1) == 1 && count(TRACE_MIGRATE, self, 0) >= 1,
		   "a mask and the migration that it causes");
		sched_setaffinity(0, sizeof(first), (cpu_set_t *)&first);
	}
	group_put("", "cgroup.subtree_control", "+cpu");
	group_make("t");
	group_put("t", "cpu.max", "1000 20000");
	pid_t child = fork();
	if (child == 0) {
		group_move("t", 0);
		for (;;)
			;
	}
	usleep(100000);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	drain(fd);
	int throttled = count(TRACE_THROTTLE, child, -1), released = count(TRACE_RELEASE, child, -1);
	ok(throttled >= (is_exact ? 3 : 1) && released == throttled, "a quota throttles %d times", throttled);
	group_remove("t");
	if (cpus > 1) {
		group_put("../../devices/system/cpu/cpu1", "online", "0");
		group_put("../../devices/system/cpu/cpu1", "online", "1");
		drain(fd);
		ok(count(TRACE_CPU, self, 1) == 2, "a CPU goes and comes");
	}
	ok(is_consistent(), "the records hang together");
	close(fd);
}

/* ---- readers against writers ---- */

static _Atomic bool stop;

static void *hurry(void *unused)
{
	(void)unused;
	while (!stop)
		ping_pong(50);
	return NULL;
}

static void test_races(int cpus)
{
	pthread_t threads[8];
	int others = cpus < 4 ? cpus : 4, fd = open_trace();
	unsigned long all = (1UL << cpus) - 1;
	struct timespec begin, now;

	sched_setaffinity(0, sizeof(all), (cpu_set_t *)&all);
	stop = false;
	for (int i = 0; i < others; i++)
		pthread_create(&threads[i], NULL, hurry, NULL);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		drain(fd);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - begin.tv_sec < 2 && record_count < RECORDS_MAX);
	ok(record_count > 1000 && is_consistent(), "a reader in a hurry (%zu records, %llu lost)", record_count,
	   (unsigned long long)lost);
	record_count = 0;
	for (int i = 0; i < 2; i++) {
		usleep(50000);
		drain(fd);
	}
	ok(is_consistent() && (lost > 0 || !is_exact), "one that dawdles while they go on (%llu lost)", (unsigned long long)lost);
	stop = true;
	for (int i = 0; i < others; i++)
		pthread_join(threads[i], NULL);
	close(fd);

	fd = open_trace();
	for (int i = 0; i < 40; i++)
		ping_pong(200);
	drain(fd);
	ok(is_consistent() && lost > 0, "a late reader learns how many it missed (%llu)", (unsigned long long)lost);
	ok(record_count + lost > 40 * 200 * 2, "and none is neither read nor lost");
	int second = open("/dev/trace", O_RDONLY | O_CLOEXEC);
	record_count = 0;
	drain(second);
	ok(count(TRACE_WAKE, getpid(), -1) < 100, "a second reader begins with now");
	close(second);
	close(fd);
}

static void test_rights(void)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (chmod("/dev/trace", 0666) || setgid(1000) || setuid(1000))
			_exit(2);
		_exit(open("/dev/trace", O_RDONLY) < 0 && errno == EPERM ? 0 : 1);
	}
	waitpid(child, &status, 0);
	chmod("/dev/trace", 0600);
	ok(status == 0, "without the privilege it is EPERM, whatever the mode");
}

int main(int argc, char **argv)
{
	is_exact = argc > 1 && !strcmp(argv[1], "exact");
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);

	records = malloc(RECORDS_MAX * sizeof(*records));
	test_pattern();
	test_events(cpus);
	test_races(cpus);
	test_rights();
	return tap_done();
}
