// SPDX-License-Identifier: Apache-2.0
/*
 * bandwidth.c - cpu.max: how much a group gets, and that whoever waits for its quota can be moved,
 * killed, frozen and set free meanwhile. Meant for virtual time (--icount), where CPU time is exact.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/guest/clock.h"
#include "tests/guest/group.h"
#include "tests/guest/online.h"
#include "tests/guest/tap.h"
#include "tests/guest/tasks.h"

enum { SETTLE_MS = 100 };

static struct shared {
	_Atomic uint64_t turns[TASKS_MAX];
	_Atomic int handled;
} *shared;

static int cpus;
static uint64_t grid_us, period_us; /* of the last quota: when its periods begin, how long they are */

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void on_term(int number)
{
	(void)number;
	shared->handled++;
}

static _Noreturn void spin(int place)
{
	signal(SIGTERM, on_term);
	for (;;)
		atomic_store_explicit(&shared->turns[place], shared->turns[place] + 1, memory_order_relaxed);
}

/* Each signal is taken at once, and its handler waits for the quota in its first instruction. */
static _Noreturn void spin_signalled(int place)
{
	struct sigaction action = { .sa_handler = on_term, .sa_flags = SA_NODEFER };

	sigaction(SIGUSR1, &action, NULL);
	spin(place);
}

/* The task at place 0 has no rest. */
static _Noreturn void signal_often(int place)
{
	for (;; shared->turns[place]++) {
		kill(tasks[0], SIGUSR1);
		sleep_us(200);
	}
}

/* Spins and sleeps by turns: half of the time each. */
static _Noreturn void doze(int place)
{
	for (;;) {
		uint64_t end = now_us() + 2000;
		while (now_us() < end)
			for (volatile int i = 0; i < 1000; i++)
				;
		sleep_us(2000);
		shared->turns[place]++;
	}
}

/* As much of the kernel as there is: each call is short. */
static _Noreturn void call(int place)
{
	char byte = 0;
	int pipes[2];

	if (pipe(pipes))
		_exit(1);
	for (;;) {
		if (write(pipes[1], &byte, 1) != 1 || read(pipes[0], &byte, 1) != 1)
			_exit(1);
		shared->turns[place]++;
	}
}

/* Each does a little and leaves the rest to a child of its own. */
static _Noreturn void bequeath(int place)
{
	do {
		for (volatile int i = 0; i < 20000; i++)
			;
		shared->turns[place]++;
	} while (fork() == 0);
	_exit(0);
}

static void *nothing(void *unused)
{
	for (volatile int i = 0; i < 5000; i++)
		;
	return unused;
}

static _Noreturn void thread_often(int place)
{
	for (;;) {
		pthread_t threads[4];

		for (int i = 0; i < 4; i++)
			pthread_create(&threads[i], NULL, nothing, NULL);
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
		shared->turns[place]++;
	}
}

static pid_t start(const char *group, void (*body)(int))
{
	int place = task_count;
	pid_t child = fork();

	if (child == 0) {
		group_move(group, 0);
		body(place);
	}
	tasks[task_count++] = child;
	return child;
}

static void start_many(const char *group, void (*body)(int), int count)
{
	while (count--)
		start(group, body);
}

static long long usage(const char *group)
{
	return group_number(group, "cpu.stat", "usage_usec");
}

static int limit(const char *group, const char *text)
{
	const char *period = strchr(text, ' ');
	int error = group_put(group, "cpu.max", text);

	grid_us = now_us();
	period_us = period ? strtoull(period, NULL, 10) : 100000;
	return error;
}

/* CPU time of the group in that time, in thousandths of one CPU. The time is a number of periods and
 * begins and ends shortly before one does: then the group stands still, and it does not matter by how
 * much one looks too late. */
static double measure(const char *group, uint64_t us)
{
	uint64_t settled = now_us() + SETTLE_MS * 1000 - grid_us;

	sleep_us((long)(SETTLE_MS * 1000 + period_us - settled % period_us - period_us / 10));
	long long before = usage(group);
	uint64_t begin = now_us();
	sleep_us((long)us);
	long long had = usage(group) - before;
	return 1000.0 * (double)had / (double)(now_us() - begin);
}

/* Within 1 % of what is due, in thousandths of one CPU. */
static void expect(const char *name, const char *group, double due, uint64_t us)
{
	double got = measure(group, us);

	ok(got > 0.99 * due && got < 1.01 * due, "%s: %.1f thousandths of a CPU, %.1f are due", name, got, due);
}

static void test_share(void)
{
	ok(limit("b/a", "30000 100000") == 0, "a quota is set");
	start("b/a", spin);
	expect("one spinner, 30 ms in 100", "b/a", 300, 1000000);
	start_many("b/a", spin, 3);
	expect("four spinners", "b/a", 300, 1000000);
	limit("b/a", "3000 10000");
	expect("the same in short periods", "b/a", 300, 1000000);
	limit("b/a", "5000 1000000");
	expect("little", "b/a", 5, 20000000);
	limit("b/a", "1000 1000");
	if (cpus > 1)
		expect("one CPU's worth in the shortest periods", "b/a", 1000, 500000);
	limit("b/a", cpus > 1 ? "250000 100000" : "99000 100000");
	expect("more than one CPU, or nearly one", "b/a", cpus > 1 ? 2500 : 990, 1000000);
	limit("b/a", "max");
	expect("no quota", "b/a", cpus * 1000, 300000);
	end_all();
}

static void test_loads(void)
{
	limit("b/a", "20000 50000");
	start_many("b/a", doze, 4 * cpus);
	expect("tasks that sleep half of their time", "b/a", 400, 1000000);
	end_all();
	start_many("b/a", call, 2);
	expect("tasks in system calls", "b/a", 400, 1000000);
	end_all();
	start_many("b/a", bequeath, cpus);
	expect("tasks that do not live long", "b/a", 400, 1000000);
	group_put("b/a", "cgroup.kill", "1");
	end_all();
	start_many("b/a", thread_often, cpus);
	expect("threads that come and go", "b/a", 400, 1000000);
	end_all();
	start("b/a", spin_signalled);
	sleep_us(20000);
	shared->handled = 0;
	start("b/free", signal_often);
	expect("a task with a signal every 200 us", "b/a", 400, 1000000);
	ok(shared->handled > 2000, "which has handled %d of them", shared->handled);
	end_all();
	start_many("b/a", spin, 100);
	expect("a hundred spinners", "b/a", 400, 1000000);
	end_all();
}

static void test_nested(void)
{
	limit("b/a", "40000 100000");
	limit("b/a/x", "10000 50000");
	limit("b/a/y", "90000 100000");
	start_many("b/a/x", spin, 2);
	expect("the inner quota is the smaller", "b/a/x", 200, 1000000);
	end_all();
	start_many("b/a/y", spin, 2);
	expect("the outer quota is the smaller", "b/a/y", 400, 1000000);
	start_many("b/a/x", spin, 2);
	expect("both below the outer one", "b/a", 400, 1000000);
	ok(measure("b/a/x", 500000) < 202, "and the inner one holds");
	limit("b/a/x", "max");
	limit("b/a/y", "max");
	expect("the outer one alone", "b/a", 400, 1000000);
	end_all();
	limit("b/a", "max");
}

static void test_stat(void)
{
	group_make("b/fresh");
	ok(group_number("b/fresh", "cpu.stat", "nr_periods") == 0 &&
	   group_number("b/fresh", "cpu.stat", "throttled_usec") == 0, "nothing is counted at first");
	limit("b/fresh", "25000 100000");
	start("b/fresh", spin);
	sleep_us(1050000);
	long long periods = group_number("b/fresh", "cpu.stat", "nr_periods");
	long long throttled = group_number("b/fresh", "cpu.stat", "nr_throttled");
	long long us = group_number("b/fresh", "cpu.stat", "throttled_usec");
	long long own = group_number("b/fresh", "cpu.stat.local", "throttled_usec");
	ok(periods == 10 && throttled >= 10 && throttled <= 11, "%lld periods, throttled in %lld", periods, throttled);
	ok(us > 740000 && us < 790000 && own >= us && own < us + 2000, "throttled for %lld us", us);
	ok(group_number("b", "cpu.stat", "nr_throttled") == 0 &&
	   group_number("b", "cpu.stat.local", "throttled_usec") == 0, "the group above is not");
	ok(group_number("", "cpu.stat", "nr_throttled") == 0, "the root counts none");
	end_all();
	long long after = group_number("b/fresh", "cpu.stat", "nr_periods");
	sleep_us(500000);
	ok(group_number("b/fresh", "cpu.stat", "nr_periods") <= after + 1, "idle periods do not count");
	ok(group_remove("b/fresh") == 0, "it is removed");
}

/* Sleeps for three periods' worth, then works as long as it may. */
static void test_burst(void)
{
	ok(group_put("b/a", "cpu.max.burst", "20000") == 0 || limit("b/a", "20000 100000") == 0, "a burst");
	limit("b/a", "20000 100000");
	ok(group_put("b/a", "cpu.max.burst", "21000") == -EINVAL, "a burst above the quota is EINVAL");
	ok(group_put("b/a", "cpu.max.burst", "20000") == 0, "one up to the quota is not");
	ok(limit("b/a", "10000 100000") == -EINVAL, "nor is then a smaller quota");
	sleep_us(320000); /* into a period, so that none begins in the next 60 ms */
	long long before = usage("b/a");
	start("b/a", spin);
	sleep_us(60000);
	long long first = usage("b/a") - before;
	ok(first > 39000 && first < 41000, "40 ms at once after rest (%lld us)", first);
	sleep_us(240000);
	long long rest = usage("b/a") - before - first;
	ok(rest > 58000 && rest < 62000, "then 20 ms a period (%lld us in three)", rest);
	ok(group_number("b/a", "cpu.stat", "nr_bursts") == 1, "one burst is counted");
	long long burst = group_number("b/a", "cpu.stat", "burst_usec");
	ok(burst > 19000 && burst < 21000, "of %lld us", burst);
	end_all();
	group_put("b/a", "cpu.max.burst", "0");
}

/* What the inner group has saved it may use only as far as the outer one allows. */
static void test_nested_burst(void)
{
	limit("b/a", "30000 100000");
	limit("b/a/x", "20000 100000");
	ok(group_put("b/a/x", "cpu.max.burst", "20000") == 0, "a burst below a quota");
	sleep_us(320000);
	long long before = usage("b/a/x");
	start("b/a/x", spin);
	sleep_us(60000);
	long long had = usage("b/a/x") - before;
	ok(had > 29000 && had < 31000, "of 40 ms saved the quota above lets 30 through (%lld us)", had);
	end_all();
	group_put("b/a/x", "cpu.max.burst", "0");
	limit("b/a/x", "max");
	limit("b/a", "max");
}

/* ---- while a task waits for its quota ---- */

static int state_of(pid_t pid)
{
	char path[64], text[256];
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "r");
	int state = file && fgets(text, sizeof(text), file) ? strrchr(text, ')')[2] : '?';

	if (file)
		fclose(file);
	return state;
}

/* How many of the tasks get anywhere in 20 ms. */
static int running(void)
{
	uint64_t before[TASKS_MAX];
	int moved = 0;

	for (int i = 0; i < task_count; i++)
		before[i] = shared->turns[i];
	sleep_us(20000);
	for (int i = 0; i < task_count; i++)
		moved += shared->turns[i] != before[i];
	return moved;
}

/* 1 ms in a second: whoever is in it waits nearly all of the time. */
static void hold(int count)
{
	limit("b/a", "1000 1000000");
	start_many("b/a", spin, count);
	sleep_us(50000);
}

static void test_waiting(void)
{
	int status;

	hold(2);
	ok(running() == 0 && state_of(tasks[0]) == 'R', "a task without quota stands still, runnable");
	ok(group_move("b/free", tasks[0]) == 0 && running() == 1, "moved out it goes on");
	ok(group_move("b/a", tasks[0]) == 0, "moved in again");
	sleep_us(20000);
	ok(running() == 0, "it stands still again");
	kill(tasks[0], SIGTERM);
	sleep_us(20000);
	ok(running() == 0, "a signal does not free it");
	uint64_t begin = now_us();
	kill(tasks[0], SIGKILL);
	ok(waitpid(tasks[0], &status, 0) == tasks[0] && now_us() - begin < 5000, "SIGKILL ends it at once");
	begin = now_us();
	limit("b/a", "max");
	ok(running() == 1, "the other one goes on when there is no quota any more");
	limit("b/a", "1000 1000000");
	sleep_us(20000);
	ok(running() == 0, "and stops when there is one");
	limit("b/a", "500000 1000000");
	ok(running() == 1, "a larger one is felt at once");
	limit("b/a", "1000 1000000");
	sleep_us(20000);
	ok(limit("b", "1000 1000000") == 0 && limit("b/a", "max") == 0, "from one level to the next");
	sleep_us(20000);
	ok(running() == 0, "it stands still for the outer one");
	ok(limit("b", "max") == 0 && running() == 1, "until that is gone");
	end_all();
}

/* Of all CPUs so far: how long they were idle, and how often they were interrupted. */
struct quiet {
	long long idle_ms, interrupts;
};

static struct quiet quiet_now(void)
{
	struct quiet quiet = { -1, -1 };
	char line[4096];
	FILE *file = fopen("/proc/stat", "r");

	while (file && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "cpu ", 4) && sscanf(line + 4, "%*d %*d %*d %lld", &quiet.idle_ms) == 1)
			quiet.idle_ms *= 10; /* there it is in hundredths of a second */
		sscanf(line, "intr %lld", &quiet.interrupts);
	}
	if (file)
		fclose(file);
	return quiet;
}

/* Nothing else has work: all CPUs have to be idle, and nobody keeps waking them to look. */
static void test_idle(void)
{
	enum { LOOK_MS = 800, IDLE_PERCENT = 98, INTERRUPTS_MAX = 20 };

	hold(3 * cpus);
	struct quiet before = quiet_now();
	sleep_us(LOOK_MS * 1000);
	struct quiet after = quiet_now();
	long long idle_ms = after.idle_ms - before.idle_ms, interrupts = after.interrupts - before.interrupts;
	ok(before.idle_ms >= 0 && idle_ms * 100 >= IDLE_PERCENT * LOOK_MS * cpus,
	   "while all that could run is throttled the CPUs are idle: %lld of %d ms", idle_ms, LOOK_MS * cpus);
	ok(before.interrupts >= 0 && interrupts <= INTERRUPTS_MAX, "and sleep: %lld interrupts", interrupts);
	ok(running() == 0, "none of the tasks has run");
	end_all();
}

static void test_controller(void)
{
	hold(1);
	group_put("b/a", "cgroup.subtree_control", "-cpu");
	ok(group_put("b", "cgroup.subtree_control", "-cpu") == 0 && running() == 1,
	   "without the controller there is no quota");
	ok(group_put("b", "cgroup.subtree_control", "+cpu") == 0 &&
	   group_is("b/a", "cpu.max", "max 100000"), "it is forgotten");
	end_all();
	group_put("b/a", "cgroup.subtree_control", "+cpu");
}

static int frozen(const char *group, int wanted)
{
	uint64_t end = now_us() + 500000;

	while (group_number(group, "cgroup.events", "frozen") != wanted)
		if (now_us() > end)
			return 0;
	return 1;
}

static void test_freeze(void)
{
	hold(2);
	group_put("b/a", "cgroup.freeze", "1");
	ok(frozen("b/a", 1), "tasks that wait for their quota freeze at once");
	limit("b/a", "max");
	ok(running() == 0, "and stay frozen without it");
	limit("b/a", "1000 1000000");
	group_put("b/a", "cgroup.freeze", "0");
	sleep_us(20000);
	ok(running() == 0, "thawed they wait");
	uint64_t begin = now_us();
	group_put("b/a", "cgroup.kill", "1");
	for (int i = 0; i < task_count; i++)
		waitpid(tasks[i], NULL, 0);
	ok(now_us() - begin < 10000, "cgroup.kill ends them at once");
	task_count = 0;
	ok(group_remove("b/a/x") == 0 && group_make("b/a/x") == 0, "a group below is removed");
}

/* Nobody else waits for a task without quota: it has let go of everything. */
static void test_locks(void)
{
	limit("b/a", "1000 100000");
	start_many("b/a", call, 4);
	pid_t mover = fork();
	if (mover == 0) {
		group_move("b/a", 0);
		for (;;) {
			group_make("b/a/m");
			group_remove("b/a/m");
		}
	}
	uint64_t longest = 0;
	for (int i = 0; i < 200; i++) {
		uint64_t begin = now_us();
		group_make("b/free/m");
		group_put("b/free/m", "cpu.weight", "50");
		group_remove("b/free/m");
		uint64_t took = now_us() - begin;
		longest = took > longest ? took : longest;
		sleep_us(1000);
	}
	kill(mover, SIGKILL);
	waitpid(mover, NULL, 0);
	ok(longest < 10000, "changes of the tree wait for no throttled writer (%llu us at most)",
	   (unsigned long long)longest);
	end_all();
	group_remove("b/a/m");
}

static void test_hotplug(void)
{
	limit("b/a", "30000 100000");
	start_many("b/a", spin, cpus);
	int refused = 0;
	for (int i = 0; i < 6; i++) {
		refused += set_online(1 + i % (cpus - 1), "0") != 0;
		sleep_us(30000);
		refused += set_online(1 + i % (cpus - 1), "1") != 0;
	}
	ok(!refused, "CPUs went and came");
	expect("after CPUs went and came", "b/a", 300, 1000000);
	end_all();
}

static void *change(void *unused)
{
	static const char *const texts[] = { "2000 10000", "max", "1000 1000", "5000 5000", "1000 100000" };
	uint64_t end = now_us() + 300000;

	(void)unused;
	for (int i = 0; now_us() < end; i++) {
		limit("b/a", texts[i % 5]);
		limit(i % 2 ? "b" : "b/a/x", texts[i % 3]);
		for (int task = 0; task < task_count; task++)
			group_move((i + task) & 1 ? "b/a/x" : "b/free", tasks[task]);
	}
	return NULL;
}

static void test_storm(void)
{
	pthread_t thread;

	start_many("b/a/x", spin, 2 * cpus);
	start_many("b/a/x", call, cpus);
	pthread_create(&thread, NULL, change, NULL);
	change(NULL);
	pthread_join(thread, NULL);
	limit("b", "max");
	limit("b/a", "max");
	limit("b/a/x", "max");
	sleep_us(100000);
	int left = 0;
	uint64_t before[TASKS_MAX];
	for (int i = 0; i < task_count; i++)
		before[i] = shared->turns[i];
	sleep_us(200000);
	for (int i = 0; i < task_count; i++)
		left += shared->turns[i] == before[i];
	ok(left == 0, "after a storm of changes all run");
	end_all();
	limit("b/a", "30000 100000");
	start_many("b/a", spin, 2);
	expect("and a quota is kept", "b/a", 300, 1000000);
	end_all();
	limit("b/a", "max");
}

int main(void)
{
	cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	group_put("", "cgroup.subtree_control", "+cpu");
	group_make("b");
	group_put("b", "cgroup.subtree_control", "+cpu");
	group_make("b/a");
	group_make("b/free");
	group_put("b/a", "cgroup.subtree_control", "+cpu");
	group_make("b/a/x");
	group_make("b/a/y");
	test_share();
	test_loads();
	test_nested();
	test_stat();
	test_burst();
	test_nested_burst();
	test_waiting();
	test_idle();
	test_controller();
	test_freeze();
	test_locks();
	if (cpus > 1)
		test_hotplug();
	test_storm();
	ok(!group_remove("b/a/x") && !group_remove("b/a/y") && !group_remove("b/a") &&
	   !group_remove("b/free") && !group_remove("b"), "nothing is left");
	return tap_done();
}
