// SPDX-License-Identifier: Apache-2.0
/*
 * isolation.c - a task that has an isolated CPU for itself is not interrupted, whatever goes on elsewhere.
 *
 * isolation LIST: these CPUs were isolated at boot; isolation quiet: the last CPU runs without a tick, by
 * nohz_full= alone. Without an argument the test isolates CPUs itself, in a partition. In virtual time; ten seconds are ten seconds of the guest.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "tests/guest/alone.h"
#include "tests/guest/clock.h"
#include "tests/guest/group.h"
#include "tests/guest/online.h"
#include "tests/guest/policy.h"
#include "tests/guest/tap.h"

enum { ALONE = 3, BESIDE = 2, CPUS = 4 }; /* the isolated CPUs of a machine with four */

static struct shared {
	atomic_int ready, stop;
	atomic_int started;      /* busy tasks so far */
	int alone;               /* which CPU they are on */
	atomic_long turns[8];    /* of each */
	atomic_long cpu_changes; /* how often a task found itself elsewhere */
} *shared;

static void spin(void)
{
	int me = atomic_fetch_add(&shared->started, 1);

	for (volatile int i = 0; i < 200000; i++)
		; /* all pages and registers are there */
	atomic_store(&shared->ready, 1);
	while (!atomic_load(&shared->stop))
		atomic_fetch_add(&shared->turns[me], 1);
	shared->cpu_changes += sched_getcpu() != shared->alone;
	_exit(0);
}

/* Everything that makes a kernel busy with other CPUs: processes, mappings, timers, pipes, devices. */
static void make_noise(int which)
{
	static const struct timespec nap = { .tv_nsec = 300000 };
	int pipe_fds[2];
	char byte = 0;

	if (pipe(pipe_fds))
		_exit(1);
	for (int round = which;; round++) {
		pid_t child = fork();
		if (child == 0) {
			nanosleep(&nap, NULL);
			_exit(write(pipe_fds[1], &byte, 1) != 1);
		}
		char *memory = mmap(NULL, 64 << 12, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		memset(memory, round, 64 << 12);
		munmap(memory, 64 << 12);
		if (read(pipe_fds[0], &byte, 1) != 1)
			_exit(1);
		waitpid(child, NULL, 0);
		if (round % 8 == 0)
			dprintf(STDOUT_FILENO, "# noise of %d\n", which);
		sched_yield();
	}
}

static pid_t start(void (*function)(void))
{
	pid_t child = fork();

	if (child == 0)
		function();
	return child;
}

static pid_t start_noise(int which)
{
	pid_t child = fork();

	if (child == 0)
		make_noise(which);
	return child;
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* A busy task on the CPU, put there by its group or its pin. */
static pid_t start_busy(const char *group)
{
	atomic_store(&shared->ready, 0);
	pid_t busy = start(spin);
	if (group)
		group_move(group, busy);
	pin(busy, (size_t)shared->alone);
	while (!atomic_load(&shared->ready))
		sleep_ms(1);
	return busy;
}

static long interrupts_elsewhere(void)
{
	long sum = 0;

	for (int cpu = 0; cpu < CPUS; cpu++)
		sum += cpu == shared->alone ? 0 : interrupts_of(cpu);
	return sum;
}

static void test_silence(const char *group)
{
	pid_t noise[8], busy;

	shared->cpu_changes = 0;

	for (int i = 0; i < 8; i++)
		noise[i] = start_noise(i);
	busy = start_busy(group);
	sleep_ms(20);
	long before = interrupts_of(shared->alone), others = interrupts_elsewhere();
	sleep_ms(10000);
	long taken = interrupts_of(shared->alone) - before;
	others = interrupts_elsewhere() - others;
	ok(before >= 0 && taken == 0, "no interrupt of CPU %d in ten seconds (%ld)", shared->alone, taken);
	ok(others > 1000, "while the others have theirs (%ld)", others);
	atomic_store(&shared->stop, 1);
	waitpid(busy, NULL, 0);
	ok(shared->cpu_changes == 0, "the task stayed where it was");
	atomic_store(&shared->stop, 0);
	for (int i = 0; i < 8; i++)
		end(noise[i]);
}

/* Whoever runs with all CPUs allowed and sleeps comes back to others. */
static void roam(void)
{
	for (;;) {
		sleep_ms(1);
		if (sched_getcpu() >= BESIDE)
			shared->cpu_changes++;
		for (volatile int i = 0; i < 2000; i++)
			;
	}
}

static void test_no_visitors(void)
{
	pid_t roamers[6];
	cpu_set_t all;

	CPU_ZERO(&all);
	for (size_t cpu = 0; cpu < 4; cpu++)
		CPU_SET(cpu, &all);
	shared->cpu_changes = 0;
	for (int i = 0; i < 6; i++) {
		roamers[i] = start(roam);
		sched_setaffinity(roamers[i], sizeof(all), &all);
	}
	sleep_ms(300);
	ok(shared->cpu_changes == 0, "nobody comes who has another CPU (%ld times)", shared->cpu_changes);
	for (int i = 0; i < 6; i++)
		end(roamers[i]);
}

/* Its own sleeps and timers still work there, and two tasks share one such CPU. */
static void test_own_timers(const char *group)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct itimerval soon = { .it_value = { .tv_usec = 3000 } };
		struct timespec before, after;
		sigset_t alarm;
		int signal;

		if (group)
			group_move(group, 0);
		pin(0, ALONE);
		clock_gettime(CLOCK_MONOTONIC, &before);
		for (int i = 0; i < 20; i++)
			sleep_ms(2);
		clock_gettime(CLOCK_MONOTONIC, &after);
		long ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
		sigemptyset(&alarm);
		sigaddset(&alarm, SIGALRM);
		sigprocmask(SIG_BLOCK, &alarm, NULL);
		if (setitimer(ITIMER_REAL, &soon, NULL) || sigwait(&alarm, &signal))
			_exit(2);
		_exit(ms >= 40 && ms < 80 && sched_getcpu() == ALONE ? 0 : 1);
	}
	waitpid(child, &status, 0);
	ok(status == 0, "its own timers are in time (status %d)", status);

	pid_t one = start_busy(group), other = start_busy(group);
	long had[2];
	for (int i = 0; i < 2; i++)
		had[i] = shared->turns[shared->started - 2 + i];
	sleep_ms(200);
	for (int i = 0; i < 2; i++)
		had[i] = shared->turns[shared->started - 2 + i] - had[i];
	ok(had[0] > 100 && had[1] > had[0] / 2 && had[1] < had[0] * 2, "two tasks share it (%ld and %ld turns)",
	   had[0], had[1]);
	/* Once one is gone the other is alone again. */
	end(one);
	sleep_ms(10);
	long before = interrupts_of(ALONE);
	sleep_ms(1000);
	ok(interrupts_of(ALONE) == before, "and the one that is left has silence (%ld)",
	   interrupts_of(ALONE) - before);
	end(other);
}

/* A quota goes on where a CPU is isolated under its only task. */
static void test_quota(void)
{
	enum { QUOTA_US = 10000, PERIOD_US = 100000, SPAN_MS = 1000 };

	group_put("i", "cpu.max", "10000 100000");
	pid_t busy = start_busy("i");
	sleep_ms(PERIOD_US / 1000);
	group_put("i", "cpuset.cpus.partition", "isolated");
	long long had_us = group_number("i", "cpu.stat", "usage_usec");
	sleep_ms(SPAN_MS);
	had_us = group_number("i", "cpu.stat", "usage_usec") - had_us;
	long long due_us = QUOTA_US * SPAN_MS / (PERIOD_US / 1000);
	ok(had_us > due_us / 2 && had_us <= due_us + 2 * QUOTA_US, "a quota of %lld us holds (%lld us)", due_us, had_us);
	end(busy);
	group_put("i", "cpu.max", "max");
	group_put("i", "cpuset.cpus.partition", "member");
}

/* Works for so long, alone on the CPU; answers how often that was interrupted. */
static long interrupts_of_work(long ms)
{
	long before = interrupts_of(ALONE);
	struct timespec now, end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += ms * 1000000;
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec);
	return interrupts_of(ALONE) - before;
}

/* Who comes when a task with a quota has just gone is not interrupted for what that one had left. */
static void test_left_quota(void)
{
	int there[2], status;
	char byte = 0;

	group_make("q");
	group_put("q", "cpu.max", "900000 1000000");
	pid_t next = pipe(there) ? -1 : fork();
	if (next == 0) {
		pin(0, ALONE);
		_exit(read(there[0], &byte, 1) != 1 ? 99 : (int)interrupts_of_work(20));
	}
	pid_t busy = start_busy("q");
	sleep_ms(10);
	end(busy);
	if (write(there[1], &byte, 1) == 1 && waitpid(next, &status, 0) == next)
		ok(status == 0, "nothing is left of another's quota (status %d)", status);
	group_remove("q");
}

static int set_cpus(pid_t pid, unsigned long mask)
{
	return sched_setaffinity(pid, sizeof(mask), (cpu_set_t *)&mask) ? -errno : 0;
}

/* One that may run on those CPUs and sleeps; what it asks for is refused with that error. */
static pid_t promise(unsigned long mask, int error, const char *what)
{
	enum { MS = 1000000 };
	pid_t task = fork();

	if (task == 0)
		for (;;)
			pause();
	set_cpus(task, mask);
	int answer = set_deadline(task, 90 * MS, 100 * MS, 100 * MS);
	ok(answer == error, "a deadline task %s: %s", what, strerror(-answer));
	return task;
}

/* Deadline tasks of the root have the CPUs that are not isolated, or, who may run on no other, those that are:
 * nine tenths of each, and no more. */
static void test_deadlines(void)
{
	enum { SHARED = (1 << BESIDE) - 1, APART = 1 << BESIDE | 1 << ALONE, ALL = SHARED | APART };
	pid_t tasks[] = {
		promise(SHARED, 0, "of the shared CPUs"),       promise(SHARED, 0, "beside it"),
		promise(SHARED, -EBUSY, "too many"),            promise(1, -EPERM, "of one of them"),
		promise(APART, 0, "of the isolated CPUs"),      promise(APART, 0, "beside it"),
		promise(APART, -EBUSY, "too many"),             promise(1 << ALONE, -EPERM, "of one of them"),
		promise(APART | 1, -EPERM, "of some of each"),  promise(ALL, -EBUSY, "of all, which are the shared"),
	};

	ok(set_cpus(tasks[4], 1 << ALONE) == -EBUSY && set_cpus(tasks[4], APART) == 0, "it keeps both");
	ok(set_cpus(tasks[4], ALL) == -EBUSY && allowed(tasks[4]) == APART, "among the shared there is no room for it");
	ok(set_online(ALONE, "0") == -EBUSY && set_online(1, "0") == -EBUSY, "their CPUs stay");
	end(tasks[0]);
	ok(set_cpus(tasks[4], ALL) == 0 && allowed(tasks[4]) == ALL, "now there is");
	ok(set_online(ALONE, "0") == 0 && set_online(ALONE, "1") == 0, "one that is needed no longer goes");
	for (size_t i = 1; i < sizeof(tasks) / sizeof(tasks[0]); i++)
		end(tasks[i]);
}

static void test_at_boot(const char *list)
{
	char text[64] = "";
	pid_t child;

	ok(allowed(0) == (1 << BESIDE) - 1, "what the system starts keeps off (%#x)", allowed(0));
	ok(group_is("", "cpuset.cpus.effective", "0-3"), "the root shows all CPUs");
	ok(group_is("", "cpuset.cpus.isolated", list), "cpuset.cpus.isolated shows them");
	int fd = open("/sys/devices/system/cpu/isolated", O_RDONLY);
	ok(read(fd, text, sizeof(text) - 1) > 0 && !strncmp(text, list, strlen(list)), "isolated does, too");
	close(fd);
	ok(allowed(3) == (1 << BESIDE) - 1, "the kernel's thread keeps off, too (%#x)", allowed(3));
	child = fork();
	if (child == 0)
		_exit(setresuid(1000, 1000, 1000) || pin(0, ALONE) || sched_getcpu() != ALONE);
	int status;
	waitpid(child, &status, 0);
	ok(status == 0, "anybody may pin himself there");
	test_deadlines();
	test_silence(NULL);
	test_no_visitors();
	test_own_timers(NULL);
	test_left_quota();

	group_make("i");
	group_put("i", "cpuset.cpus", list);
	ok(!group_put("i", "cpuset.cpus.partition", "isolated") &&
	   group_is("i", "cpuset.cpus.partition", "isolated"), "an isolated partition may have them");
	test_silence("i");
}

static void test_partition(void)
{
	group_make("i");
	group_put("i", "cpuset.cpus", "2-3");
	test_quota();

	/* Timers of tasks that sleep on it when it is isolated, and of tasks that leave it. */
	pid_t sleepers[8];
	for (int i = 0; i < 8; i++) {
		sleepers[i] = fork();
		if (sleepers[i] == 0) {
			pin(0, i % 2 ? ALONE : BESIDE);
			for (;;)
				sleep_ms(5 + i);
		}
	}
	sleep_ms(50);
	ok(!group_put("i", "cpuset.cpus.partition", "isolated") &&
	   group_is("i", "cpuset.cpus.partition", "isolated"), "an isolated partition");
	long before = interrupts_of(ALONE);
	sleep_ms(200);
	ok(interrupts_of(ALONE) == before, "who slept there wakes elsewhere (%ld)",
	   interrupts_of(ALONE) - before);
	test_silence("i");
	test_no_visitors();
	test_own_timers("i");
	group_put("i", "cpuset.cpus.partition", "member");
	sleep_ms(100);
	ok(interrupts_of(ALONE) > before, "a member's CPU is as any other");
	for (int i = 0; i < 8; i++) {
		ok(allowed(sleepers[i]) == 1 << (i % 2 ? ALONE : BESIDE), "and pins are back");
		end(sleepers[i]);
	}

	/* The CPU that has served the devices so far. */
	shared->alone = 0;
	group_put("i", "cpuset.cpus", "0");
	ok(!group_put("i", "cpuset.cpus.partition", "isolated") &&
	   group_is("i", "cpuset.cpus.partition", "isolated"), "an isolated partition of the first CPU");
	test_silence("i");
	group_put("i", "cpuset.cpus.partition", "member");
}

/* A CPU without a tick that is otherwise like any other: who does not want it keeps off by a mask. */
static void test_quiet(void)
{
	ok(allowed(0) == (1 << CPUS) - 1, "what the system starts may use it (%#x)", allowed(0));
	group_make("i");
	group_put("i", "cpuset.cpus", "0-2");
	group_move("i", 0);
	test_silence("");
	group_move("", 0);
}

int main(int argc, char **argv)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	group_put("", "cgroup.subtree_control", "+cpuset +cpu");
	shared->alone = ALONE;
	if (argc > 1 && !strcmp(argv[1], "quiet"))
		test_quiet();
	else if (argc > 1)
		test_at_boot(argv[1]);
	else
		test_partition();
	group_remove("i");
	return tap_done();
}
