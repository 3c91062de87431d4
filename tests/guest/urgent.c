// SPDX-License-Identifier: Apache-2.0
/*
 * urgent.c - the classes above the fair one at work: who runs, on which CPUs, how soon, and what is
 * left for the others. Meant for virtual time (--icount), `urgent deadlines` with short turns of the
 * emulated CPUs (--slice); `urgent storm` needs none: policies change and CPUs come and go under
 * everybody, and nobody is lost.
 *
 * The test itself is the most urgent task but for the deadline ones, or it would hear of nothing.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/guest/clock.h"
#include "tests/guest/group.h"
#include "tests/guest/online.h"
#include "tests/guest/policy.h"
#include "tests/guest/tap.h"

enum {
	TASKS_MAX = 32, MILLISECOND = 1000000, SETTLE_MS = 20,
	FORKERS = 4, STORM_S = 3, PATIENCE_S = 20, BIG = 4 << 20, BIG_TIMES = 32,
};

struct slot {
	_Atomic uint64_t cpu_ns; /* CPU time of a spinner */
	atomic_long jobs, misses;
	_Atomic int64_t worst_ns;
	pid_t pid;
	uint64_t before_ns;
	char padding[16];
};

static struct slot *slots;
static int cpus, task_count;

static int pin(pid_t pid, unsigned long mask)
{
	return sched_setaffinity(pid, sizeof(mask), (cpu_set_t *)&mask);
}

static unsigned long all_cpus(void)
{
	return (1UL << cpus) - 1;
}

static _Noreturn void spin(struct slot *slot)
{
	for (;;)
		atomic_store(&slot->cpu_ns, (uint64_t)clock_ns(CLOCK_THREAD_CPUTIME_ID));
}

/* A child in that policy and mask, from its first instruction; answers its number. */
static int start(void (*function)(struct slot *slot), int policy, int priority, unsigned long mask)
{
	int number = task_count++;
	struct slot *slot = &slots[number];

	memset(slot, 0, sizeof(*slot));
	pid_t pid = fork();
	if (pid == 0) {
		/* In this order: as the test's SCHED_FIFO it might find no room where it is pinned to. */
		if (set_policy(0, policy, priority) || pin(0, mask))
			_exit(1);
		function(slot);
	}
	slot->pid = pid;
	return number;
}

static int spinner(int policy, int priority, unsigned long mask)
{
	return start((void (*)(struct slot *))spin, policy, priority, mask);
}

static void stop_all(void)
{
	for (int i = 0; i < task_count; i++)
		kill(slots[i].pid, SIGKILL);
	for (int i = 0; i < task_count; i++)
		waitpid(slots[i].pid, NULL, 0);
	task_count = 0;
}

/* Lets them run; answers how long. */
static uint64_t measure(int ms)
{
	int64_t start = clock_ns(CLOCK_MONOTONIC);

	for (int i = 0; i < task_count; i++)
		slots[i].before_ns = slots[i].cpu_ns;
	sleep_ms(ms);
	return (uint64_t)(clock_ns(CLOCK_MONOTONIC) - start);
}

/* The part of a CPU that a task had in `span_ns`, in thousandths. */
static int part(int number, uint64_t span_ns)
{
	return (int)((slots[number].cpu_ns - slots[number].before_ns) * 1000 / span_ns);
}

static void test_fair_part(void)
{
	int fair = spinner(SCHED_OTHER, 0, 1), hog = spinner(SCHED_FIFO, 50, 1);
	int got[2];

	sleep_ms(200);
	uint64_t span = measure(2000);
	got[0] = part(fair, span);
	got[1] = part(hog, span);
	ok(got[0] >= 48 && got[0] <= 60, "beside SCHED_FIFO a fair task has a twentieth (%d/1000)", got[0]);
	ok(got[1] >= 920, "and no more (%d/1000 are left)", got[1]);
	kill(slots[fair].pid, SIGSTOP);
	span = measure(500);
	ok(part(hog, span) >= 990, "where no fair task waits nothing is taken (%d/1000)", part(hog, span));
	kill(slots[fair].pid, SIGCONT);
	set_policy(slots[hog].pid, SCHED_OTHER, 0);
	sleep_ms(SETTLE_MS);
	span = measure(400);
	ok(part(fair, span) >= 400 && part(hog, span) >= 400, "as equals they have half each (%d, %d)",
	   part(fair, span), part(hog, span));
	set_policy(slots[fair].pid, SCHED_RR, 1);
	sleep_ms(SETTLE_MS);
	span = measure(400);
	ok(part(fair, span) >= 920, "the other way round (%d)", part(fair, span));
	stop_all();
}

/* SCHED_IDLE gives way to whoever wants the CPU, and loses nothing else by it. */
static void test_idle(void)
{
	int idle = spinner(SCHED_IDLE, 0, 1), busy = spinner(SCHED_OTHER, 0, 1);
	uint64_t span;

	sleep_ms(SETTLE_MS);
	span = measure(500);
	ok(part(idle, span) <= 10 && part(busy, span) >= 985, "SCHED_IDLE beside SCHED_OTHER has next to nothing (%d, %d)",
	   part(idle, span), part(busy, span));
	kill(slots[busy].pid, SIGSTOP);
	span = measure(200);
	ok(part(idle, span) >= 985, "alone it has it all (%d)", part(idle, span));
	kill(slots[busy].pid, SIGCONT);
	set_policy(slots[idle].pid, SCHED_BATCH, 0);
	sleep_ms(SETTLE_MS);
	span = measure(400);
	ok(part(idle, span) >= 440 && part(busy, span) >= 440, "its shares come back with another policy (%d, %d)",
	   part(idle, span), part(busy, span));
	stop_all();
}

static void test_turns(void)
{
	int first = spinner(SCHED_RR, 10, 1), second = spinner(SCHED_RR, 10, 1);
	uint64_t span;

	sleep_ms(SETTLE_MS);
	span = measure(1200);
	ok(part(first, span) > 400 && part(second, span) > 400, "SCHED_RR takes turns (%d, %d)",
	   part(first, span), part(second, span));
	set_policy(slots[first].pid, SCHED_FIFO, 10);
	set_policy(slots[second].pid, SCHED_FIFO, 10);
	sleep_ms(SETTLE_MS);
	span = measure(300);
	int busy = part(first, span) > part(second, span) ? first : second, other = first + second - busy;
	ok(part(busy, span) > 980 && part(other, span) == 0, "SCHED_FIFO does not (%d, %d)", part(busy, span),
	   part(other, span));
	set_policy(slots[other].pid, SCHED_FIFO, 11);
	span = measure(300);
	ok(part(other, span) > 980, "a higher priority does at once (%d)", part(other, span));
	set_policy(slots[other].pid, SCHED_FIFO, 9);
	span = measure(300);
	ok(part(busy, span) > 980, "and ends with it (%d)", part(busy, span));
	stop_all();
}

/* How many of the tasks have a CPU nearly for themselves, from the most urgent one on. */
static int leading(const int *tasks, int count, uint64_t span)
{
	int leaders = 0;

	while (leaders < count && part(tasks[leaders], span) >= 900)
		leaders++;
	return leaders;
}

static void test_many_cpus(void)
{
	int tasks[TASKS_MAX], count = cpus + 2;

	/* The least urgent first, so that each that comes has to displace one. */
	for (int i = count - 1; i >= 0; i--)
		tasks[i] = spinner(i % 2 ? SCHED_FIFO : SCHED_RR, 80 - i, all_cpus());
	sleep_ms(50);
	uint64_t span = measure(300);
	ok(leading(tasks, count, span) == cpus && part(tasks[cpus], span) == 0 && part(tasks[cpus + 1], span) == 0,
	   "the %d most urgent of %d run (%d)", cpus, count, leading(tasks, count, span));
	set_policy(slots[tasks[count - 1]].pid, SCHED_FIFO, 90);
	sleep_ms(5);
	span = measure(200);
	ok(part(tasks[count - 1], span) >= 950 && part(tasks[cpus - 1], span) <= 20,
	   "the last is the first now, the last of those that ran waits (%d, %d)", part(tasks[count - 1], span),
	   part(tasks[cpus - 1], span));
	kill(slots[tasks[0]].pid, SIGSTOP);
	sleep_ms(5);
	span = measure(200);
	ok(part(tasks[cpus - 1], span) >= 950, "who stops makes room for the next (%d)",
	   part(tasks[cpus - 1], span));
	stop_all();

	/* Three that may run on two CPUs only, and one for which that leaves the others. */
	int pinned[3] = { spinner(SCHED_FIFO, 70, 3), spinner(SCHED_FIFO, 69, 3), spinner(SCHED_FIFO, 68, 3) };
	int free = spinner(SCHED_FIFO, 1, all_cpus());
	sleep_ms(SETTLE_MS);
	span = measure(200);
	ok(leading(pinned, 3, span) == 2 && part(pinned[2], span) == 0, "masks are obeyed (%d)",
	   leading(pinned, 3, span));
	ok((part(free, span) >= 950) == (cpus > 2), "who may goes elsewhere (%d)", part(free, span));
	pin(slots[pinned[2]].pid, all_cpus());
	sleep_ms(5);
	span = measure(200);
	ok((part(pinned[2], span) >= 950) == (cpus > 2), "a wider mask is used at once (%d)",
	   part(pinned[2], span));
	stop_all();
}

/* Fair tasks do not stay where an urgent one runs. */
static void test_fair_moves(void)
{
	int hog = spinner(SCHED_FIFO, 50, 1), fair[2];
	uint64_t span;

	for (int i = 0; i < 2; i++)
		fair[i] = spinner(SCHED_OTHER, 0, 3);
	sleep_ms(50);
	span = measure(300);
	int sum = part(fair[0], span) + part(fair[1], span);
	ok(part(hog, span) >= 930 && sum >= 930, "fair tasks leave its CPU (%d, %d)", part(hog, span), sum);
	stop_all();
}

/* Where urgent tasks run on all CPUs, a twentieth of each is for the fair ones, wherever those were. */
static void test_fair_everywhere(void)
{
	int first = task_count;

	for (int i = 0; i < cpus; i++)
		spinner(SCHED_OTHER, 0, 1);
	for (int i = 0; i < cpus; i++)
		spinner(SCHED_FIFO, 50, all_cpus());
	sleep_ms(SETTLE_MS);
	for (int i = 0; i < cpus; i++)
		pin(slots[first + i].pid, all_cpus());
	sleep_ms(200);
	uint64_t span = measure(2000);
	int least = 1000, sum = 0;
	for (int i = 0; i < cpus; i++) {
		int got = part(first + i, span);

		least = got < least ? got : least;
		sum += got;
	}
	ok(least >= 45 && sum >= 48 * cpus, "each of %d fair tasks has a twentieth of a CPU (%d/1000 at least, %d in all)",
	   cpus, least, sum);
	stop_all();
}

static void have_94_percent_of_100_ms(struct slot *slot)
{
	if (set_deadline(0, 94 * MILLISECOND, 100 * MILLISECOND, 100 * MILLISECOND) == 0)
		spin(slot);
}

static void have_94_percent_of_1_ms(struct slot *slot)
{
	if (set_deadline(0, 940000, MILLISECOND, MILLISECOND) == 0)
		spin(slot);
}

/* One of them a CPU: the first leaves the rest of it. */
static void have_a_whole_cpu(struct slot *slot)
{
	int percent = slot == slots ? 75 : 100;

	if (set_deadline(0, (uint64_t)percent * MILLISECOND, 100 * MILLISECOND, 100 * MILLISECOND) == 0)
		spin(slot);
}

/* Deadline tasks that use up all they have, and SCHED_FIFO ones that take what they leave, on every CPU. */
static void test_fair_beside_deadlines(const char *name, void (*body)(struct slot *), int policy,
				       unsigned long mask)
{
	for (int i = 0; i < cpus; i++)
		start(body, SCHED_OTHER, 0, all_cpus());
	for (int i = 0; i < cpus; i++)
		spinner(SCHED_FIFO, 50, all_cpus());
	int fair = spinner(policy, 0, mask);
	sleep_ms(300);
	uint64_t span = measure(1500);
	ok(part(fair, span) >= 45, "beside %s a fair task of CPUs %lx has its twentieth, too (%d/1000)", name, mask,
	   part(fair, span));
	stop_all();
}

/* Wakes every 2 ms and says how late. */
static void wake_often(struct slot *slot)
{
	int64_t next = clock_ns(CLOCK_MONOTONIC);

	for (;;) {
		next += 2 * MILLISECOND;
		struct timespec time = { next / 1000000000, next % 1000000000 };
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
		int64_t late = clock_ns(CLOCK_MONOTONIC) - next;
		if (late > slot->worst_ns)
			slot->worst_ns = late;
		slot->jobs++;
	}
}

static void test_latency(void)
{
	for (int i = 0; i < 6; i++)
		spinner(SCHED_OTHER, 0, 1);
	int urgent = start(wake_often, SCHED_FIFO, 60, 1);
	sleep_ms(400);
	ok(slots[urgent].jobs >= 190 && slots[urgent].worst_ns < 100000,
	   "SCHED_FIFO wakes over six fair tasks within 100 us (%ld times, worst %ld ns)",
	   (long)slots[urgent].jobs, (long)slots[urgent].worst_ns);
	stop_all();
}

/* A job of so much CPU time every period, and whether it ends in time. */
static void job_loop(struct slot *slot, int64_t period, int64_t work)
{
	int64_t next = clock_ns(CLOCK_MONOTONIC) + 5 * MILLISECOND;

	for (;; next += period) {
		struct timespec time = { next / 1000000000, next % 1000000000 };
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
		int64_t end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + work;
		while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end)
			;
		int64_t late = clock_ns(CLOCK_MONOTONIC) - next;
		slot->misses += late > period;
		if (late > slot->worst_ns)
			slot->worst_ns = late;
		slot->jobs++;
	}
}

static void jobs_20(struct slot *slot)
{
	if (set_deadline(0, 6 * MILLISECOND, 20 * MILLISECOND, 20 * MILLISECOND) == 0)
		job_loop(slot, 20 * MILLISECOND, 5 * MILLISECOND);
}

static void jobs_10(struct slot *slot)
{
	if (set_deadline(0, 4 * MILLISECOND, 10 * MILLISECOND, 10 * MILLISECOND) == 0)
		job_loop(slot, 10 * MILLISECOND, 3 * MILLISECOND);
}

/* The sharpest: others are in the kernel of its CPU, and their timers are counted as its own. */
static void jobs_4(struct slot *slot)
{
	if (set_deadline(0, MILLISECOND, 4 * MILLISECOND, 4 * MILLISECOND) == 0)
		job_loop(slot, 4 * MILLISECOND, MILLISECOND / 4);
}

/* Up to eight children at a time: one ends at once, one has some work to do, one becomes another program. */
static void storm(struct slot *slot)
{
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		if (fork() == 0) {
			for (volatile int i = 0; i < 20000 && slot->jobs % 3 == 1; i++)
				;
			if (slot->jobs % 3 == 2)
				execl("/proc/self/exe", "urgent", "nothing", NULL);
			_exit(0);
		}
		slot->jobs++;
		if (slot->jobs % 8 == 0)
			wait(NULL);
	}
}

/* One with many pages, a few again and again, to share with each child and to protect from it. */
static void big_storm(struct slot *slot)
{
	const size_t size = (size_t)BIG * BIG_TIMES;
	char *memory = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/tmp/storm", O_RDWR | O_CREAT, 0600), access = PROT_READ | PROT_WRITE;

	if (unlink("/tmp/storm") || ftruncate(fd, BIG))
		return;
	for (size_t at = 0; at < size; at += BIG)
		mmap(memory + at, BIG, access, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0);
	for (;; slot->jobs++) {
		if (fork() == 0)
			_exit(0);
		mprotect(memory, size, PROT_READ);
		mprotect(memory, size, access);
		wait(NULL);
	}
}

/* Forkers on every CPU, but for some that may go where they like; the first one is big. */
static int start_storm(void)
{
	int big = start(big_storm, SCHED_OTHER, 0, all_cpus());

	while (slots[big].jobs == 0)
		sleep_ms(10);
	for (int i = 0; i < cpus; i++)
		for (int j = 0; j < FORKERS; j++)
			start(storm, SCHED_OTHER, 0, j ? 1UL << i : all_cpus());
	return big;
}

/* Of the tasks from `first` on. */
static int least_jobs(int first)
{
	int least = INT_MAX;

	for (int i = first; i < task_count; i++)
		least = slots[i].jobs < least ? (int)slots[i].jobs : least;
	return least;
}

static void test_deadlines(void)
{
	int count = 2 * cpus + 1, fair, least, forks = 0;

	start(jobs_4, SCHED_OTHER, 0, all_cpus());
	for (int i = 0; i < cpus; i++) {
		start(jobs_10, SCHED_OTHER, 0, all_cpus());
		start(jobs_20, SCHED_OTHER, 0, all_cpus());
	}
	sleep_ms(SETTLE_MS);
	fair = spinner(SCHED_OTHER, 0, all_cpus());
	start(wake_often, SCHED_RR, 40, all_cpus());
	int first = start_storm();
	sleep_ms(STORM_S * 1000);
	/* A job of the big one may take longer than that. */
	for (int wait = 0; (least = least_jobs(first)) < 2 && wait < PATIENCE_S * 100; wait++)
		sleep_ms(10);
	for (int i = 0; i < count; i++) {
		struct slot *slot = &slots[i];
		int wanted = (i == 0 ? 225 : i % 2 ? 90 : 45) * STORM_S;

		ok(slot->misses == 0 && slot->jobs >= wanted,
		   "no deadline is missed in a fork storm (%ld jobs, %ld missed, worst %ld us)",
		   (long)slot->jobs, (long)slot->misses, (long)slot->worst_ns / 1000);
	}
	for (int i = first; i < task_count; i++)
		forks += (int)slots[i].jobs;
	ok(least > 1 && slots[fair].cpu_ns > 0, "%d forks by %d tasks, %d by the last of them, %ld ms for a fair task",
	   forks, task_count - first, least, (long)slots[fair].cpu_ns / MILLISECOND);
	stop_all();
}

static void jobs_100(struct slot *slot)
{
	if (set_deadline(0, 90 * MILLISECOND, 100 * MILLISECOND, 100 * MILLISECOND) == 0)
		job_loop(slot, 100 * MILLISECOND, 88 * MILLISECOND);
}

static void small_jobs(struct slot *slot)
{
	job_loop(slot, 100 * MILLISECOND, MILLISECOND / 2);
}

/* A fair task that has waited for long and wants little keeps an idle CPU from nobody, and nobody for long. */
static void test_small_wants(void)
{
	start(small_jobs, SCHED_OTHER, 0, all_cpus());
	sleep_ms(90); /* it wakes soon after the other does, and waits */
	int task = start(jobs_100, SCHED_OTHER, 0, all_cpus());
	sleep_ms(3000);
	ok(slots[task].misses == 0 && slots[task].jobs >= 28 && slots[task].worst_ns < 90 * MILLISECOND,
	   "88 of 100 ms are not kept waiting by who wants little (%ld jobs, %ld missed, worst %ld us)",
	   (long)slots[task].jobs, (long)slots[task].misses, (long)slots[task].worst_ns / 1000);
	stop_all();
}

static void overrun(struct slot *slot)
{
	if (set_deadline(0, 2 * MILLISECOND, 10 * MILLISECOND, 10 * MILLISECOND) == 0)
		spin(slot);
}

static void test_budget(void)
{
	int task = start(overrun, SCHED_OTHER, 0, all_cpus());

	sleep_ms(SETTLE_MS);
	uint64_t span = measure(500);
	ok(part(task, span) >= 190 && part(task, span) <= 210, "who has no more work than time has its part (%d/1000)",
	   part(task, span));
	stop_all();
}

/* ---- storm: policies and CPUs change ---- */

static void change_policy(int number, int step)
{
	static const int policies[] = { SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE };
	int policy = policies[(number + step) % 5];
	pid_t pid = slots[number].pid;

	if ((number + step) % 7 == 0) {
		pin(pid, all_cpus());
		set_deadline(pid, MILLISECOND, 50 * MILLISECOND, 50 * MILLISECOND);
		return;
	}
	set_policy(pid, policy, policy == SCHED_FIFO || policy == SCHED_RR ? 1 + (number * 7 + step) % 60 : 0);
	if (step % 3 == 0)
		pin(pid, 1UL << (number + step) % cpus);
	else
		pin(pid, all_cpus());
}

static void test_storm(void)
{
	int count = 3 * cpus + 2, failed = 0;

	for (int i = 0; i < count; i++)
		spinner(SCHED_OTHER, 0, all_cpus());
	for (int step = 0; step < 150; step++) {
		change_policy(step % count, step);
		change_policy((step * 5 + 1) % count, step);
		if (cpus > 1 && step % 5 == 0) {
			int cpu = step / 5 % cpus, error = set_online(cpu, "0");

			failed += error != 0 && error != -EBUSY;
			sleep_ms(1);
			failed += error == 0 && set_online(cpu, "1") != 0;
		}
		sleep_ms(1);
	}
	ok(failed == 0, "150 steps");
	for (int i = 0; i < count; i++) {
		set_policy(slots[i].pid, SCHED_OTHER, 0);
		pin(slots[i].pid, all_cpus());
	}
	int alive = 0;
	for (int i = 0; i < count; i++) {
		uint64_t before = slots[i].cpu_ns;

		for (int tries = 0; tries < 300 && slots[i].cpu_ns == before; tries++)
			sleep_ms(5);
		alive += slots[i].cpu_ns != before;
	}
	ok(alive == count, "all %d still run (%d)", count, alive);
	stop_all();
}

int main(int count, char **arguments)
{
	if (count > 1 && !strcmp(arguments[1], "nothing"))
		return 0;
	cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	slots = mmap(NULL, sizeof(*slots) * TASKS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ok(slots != MAP_FAILED && set_policy(0, SCHED_FIFO, 99) == 0, "the test is SCHED_FIFO");
	const char *part = count > 1 ? arguments[1] : "";
	if (!strcmp(part, "storm")) {
		test_storm();
		return tap_done();
	}
	if (!strcmp(part, "deadlines")) {
		test_budget();
		test_small_wants();
		test_deadlines();
		return tap_done();
	}
	test_fair_part();
	test_fair_beside_deadlines("deadline tasks", have_94_percent_of_100_ms, SCHED_OTHER, 1);
	test_fair_beside_deadlines("short deadlines", have_94_percent_of_1_ms, SCHED_IDLE, 1);
	if (cpus > 1) {
		test_fair_beside_deadlines("deadline tasks of a whole CPU", have_a_whole_cpu, SCHED_BATCH, 1);
		test_fair_beside_deadlines("deadline tasks of a whole CPU", have_a_whole_cpu, SCHED_OTHER,
					   all_cpus());
	}
	test_turns();
	test_idle();
	if (cpus > 1) {
		test_many_cpus();
		test_fair_moves();
		test_fair_everywhere();
	} else {
		test_latency();
	}
	return tap_done();
}
