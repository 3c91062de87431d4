// SPDX-License-Identifier: Apache-2.0
/*
 * sleep.c - who sleeps is woken, in time and always; who has nothing to do uses nothing.
 *
 * With the argument `virtual` (--icount) times are held to exact bounds; else only what must be true
 * on a busy host is.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

/* On a host that has other work too, a wake-up of another CPU may take it a millisecond. */
enum { ROUND_TRIPS = 25000, ROUND_TRIPS_BUSY_HOST = 500 };
enum { NAPS = 100, NAP_NS = 1000000, LATE_NS = 100000, REST_MS = 500 };

static int cpus, round_trips;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void pin(int cpu)
{
	unsigned long mask[8] = { 0 };

	mask[cpu / 64] = 1UL << cpu % 64;
	sched_setaffinity(0, sizeof(mask), (cpu_set_t *)mask);
}

static void test_naps(int is_virtual)
{
	static const struct timespec nap = { .tv_nsec = NAP_NS };
	uint64_t latest = 0;
	int early = 0;

	for (int i = 0; i < NAPS; i++) {
		uint64_t start = now_ns();
		nanosleep(&nap, NULL);
		uint64_t slept = now_ns() - start;
		early += slept < NAP_NS;
		latest = slept > latest ? slept : latest;
	}
	ok(early == 0, "nobody wakes before the time is over (%d do)", early);
	if (is_virtual)
		ok(latest - NAP_NS < LATE_NS, "nor later than %d us after it (%llu ns)", LATE_NS / 1000,
		   (unsigned long long)(latest - NAP_NS));
	struct timespec bad = { .tv_nsec = 1000000000 };
	ok(nanosleep(&bad, NULL) == -1 && errno == EINVAL, "a second of nanoseconds is EINVAL");
	struct timespec past = { 0 };
	ok(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &past, NULL) == 0, "the past is now");
}

/* An idle machine charges nothing to anybody. */
static void test_idle(int is_virtual)
{
	static const struct timespec rest = { .tv_nsec = REST_MS * 1000000 };
	long long before = group_number("", "cpu.stat", "usage_usec");
	nanosleep(&rest, NULL);
	long long used = group_number("", "cpu.stat", "usage_usec") - before;

	ok(before > 0 && used >= 0 && (!is_virtual || used < REST_MS * 10),
	   "%d ms of rest on %d CPUs cost %lld us", REST_MS, cpus, used);
}

static void pipes(int here, int there)
{
	int up[2], down[2], status, trips = 0;
	char byte = 0;

	if (pipe(up) || pipe(down))
		return;
	pid_t child = fork();
	if (child == 0) {
		pin(there);
		close(up[1]);
		close(down[0]);
		while (read(up[0], &byte, 1) == 1 && write(down[1], &byte, 1) == 1)
			;
		_exit(0);
	}
	pin(here);
	close(up[0]);
	close(down[1]);
	while (trips < round_trips && write(up[1], &byte, 1) == 1 && read(down[0], &byte, 1) == 1)
		trips++;
	close(up[1]);
	close(down[0]);
	waitpid(child, &status, 0);
	ok(trips == round_trips && status == 0, "%d round trips through pipes, CPU %d to %d", round_trips, here,
	   there);
}

static _Atomic uint32_t turn;
static int partner_cpu;

static void wait_while(uint32_t value)
{
	while (atomic_load(&turn) == value)
		syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void pass(uint32_t value)
{
	atomic_store(&turn, value);
	syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *partner(void *unused)
{
	pin(partner_cpu);
	for (int i = 0; i < round_trips; i++) {
		wait_while(0);
		pass(0);
	}
	return unused;
}

static void futexes(int here, int there)
{
	pthread_t thread;

	partner_cpu = there;
	atomic_store(&turn, 0);
	if (!ok(pthread_create(&thread, NULL, partner, NULL) == 0, "a thread on CPU %d", there))
		return;
	pin(here);
	for (int i = 0; i < round_trips; i++) {
		pass(1);
		wait_while(1);
	}
	pthread_join(thread, NULL);
	ok(1, "%d round trips through a futex, CPU %d to %d", round_trips, here, there);
}

int main(int argc, char **argv)
{
	int is_virtual = argc > 1 && !strcmp(argv[1], "virtual");

	cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	test_naps(is_virtual);
	test_idle(is_virtual);
	round_trips = ROUND_TRIPS;
	pipes(0, 0);
	futexes(0, 0);
	if (cpus > 1) {
		round_trips = is_virtual ? ROUND_TRIPS : ROUND_TRIPS_BUSY_HOST;
		pipes(0, cpus - 1);
		futexes(0, cpus - 1);
	}
	return tap_done();
}
