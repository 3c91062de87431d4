// SPDX-License-Identifier: Apache-2.0
/*
 * isolation_deadlines.c - deadline tasks and isolated partitions: one that is on a CPU as it becomes isolated, those
 * that have to leave it, one that comes. Nobody misses a deadline, nobody has more than his runtime, and all is as
 * before in the end. In virtual time.
 */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "tests/guest/alone.h"
#include "tests/guest/clock.h"
#include "tests/guest/group.h"
#include "tests/guest/policy.h"
#include "tests/guest/tap.h"
#include "tests/guest/tasks.h"

enum { ALONE = 3, CPUS = 4, ALL = (1 << CPUS) - 1, MS = 1000000, PERIOD_MS = 20, RUNTIME_MS = 6, WORK_MS = 4 };

static struct slot {
	atomic_int ready;
	atomic_long jobs, misses, worst_us, visits; /* visits: jobs that ended on CPU ALONE */
	_Atomic int64_t cpu_ns;
} *slots; /* as tasks[] */

static _Noreturn void work_in_time(struct slot *slot)
{
	int64_t next = clock_ns(CLOCK_MONOTONIC) + PERIOD_MS * MS;

	for (;; next += PERIOD_MS * MS) {
		struct timespec time = { next / 1000000000, next % 1000000000 };

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
		int64_t end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + WORK_MS * MS;
		while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end)
			;
		long late_us = (long)(clock_ns(CLOCK_MONOTONIC) - next) / 1000;
		slot->misses += late_us > PERIOD_MS * 1000;
		slot->worst_us = late_us > slot->worst_us ? late_us : slot->worst_us;
		slot->visits += sched_getcpu() == ALONE;
		slot->jobs++;
	}
}

static _Noreturn void work_always(struct slot *slot)
{
	for (;; slot->visits += sched_getcpu() == ALONE)
		slot->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* A child, in that group by now; its number. */
static int start(const char *group, void (*body)(struct slot *))
{
	int number = task_count++;

	slots[number] = (struct slot){ 0 };
	tasks[number] = fork();
	if (tasks[number] == 0) {
		group_move(group, 0);
		set_policy(0, SCHED_OTHER, 0);
		slots[number].ready = 1;
		body(&slots[number]);
		_exit(0);
	}
	while (!slots[number].ready)
		sleep_ms(1);
	return number;
}

static int start_in_time(const char *group)
{
	int number = start(group, work_in_time);

	ok(set_deadline(tasks[number], RUNTIME_MS * MS, PERIOD_MS * MS, PERIOD_MS * MS) == 0,
	   "a deadline task in '%s'", group);
	return number;
}

static bool is_as_it_was(int number)
{
	struct attr attr = { .size = sizeof(attr) };

	return !get_attr(tasks[number], &attr, sizeof(attr), 0) && attr.policy == SCHED_DEADLINE &&
	       attr.runtime == RUNTIME_MS * MS && attr.deadline == PERIOD_MS * MS && attr.period == PERIOD_MS * MS;
}

/* Forks, mappings and the like, where everybody may run. */
static _Noreturn void storm(struct slot *slot)
{
	for (;; slot->jobs++) {
		char *memory = mmap(NULL, 16 << 12, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		memset(memory, 1, 16 << 12);
		pid_t child = fork();
		if (child == 0)
			_exit(0);
		mprotect(memory, 16 << 12, PROT_READ);
		munmap(memory, 16 << 12);
		waitpid(child, NULL, 0);
	}
}

static void ok_in_time(int number, long jobs, const char *when)
{
	const struct slot *slot = &slots[number];

	ok(slot->misses == 0 && slot->jobs >= jobs, "no deadline is missed %s (%ld jobs, %ld missed, worst %ld us)",
	   when, (long)slot->jobs, (long)slot->misses, (long)slot->worst_us);
}

static int set_partition(const char *kind)
{
	return group_put("d", "cpuset.cpus.partition", kind) ? -1
							     : group_is("d", "cpuset.cpus.partition", kind);
}

static void make_partition(const char *kind)
{
	ok(!group_make("d") && !group_put("d", "cpuset.cpus", "3") && set_partition(kind) == 1, "a partition: %s", kind);
}

static void remove_partition(void)
{
	end_all();
	ok(!group_remove("d"), "the end of it");
}

/* Its CPU becomes isolated under it, and is no longer. */
static void test_who_stays(void)
{
	make_partition("root");
	int stays = start_in_time("d");
	start("", storm);
	sleep_ms(300);
	ok(set_partition("isolated") == 1, "its CPU becomes isolated");
	sleep_ms(100);
	long before = interrupts_of(ALONE), jobs = slots[stays].jobs;
	sleep_ms(1000);
	jobs = slots[stays].jobs - jobs;
	before = interrupts_of(ALONE) - before;
	ok(jobs >= 49 && before <= jobs + 2, "a wake-up a job, and no other interrupt (%ld in %ld jobs)", before, jobs);
	ok(set_partition("root") == 1 && is_as_it_was(stays) && allowed(tasks[stays]) == 1 << ALONE, "and no longer");
	sleep_ms(200);
	ok_in_time(stays, 70, "where it stays");
	ok(slots[stays].visits == slots[stays].jobs, "and it has stayed");
	remove_partition();
}

/* The deadline tasks of all CPUs leave one that becomes isolated. */
static void test_who_leaves(void)
{
	enum { TASKS = CPUS + 1 };
	long visits = 0, jobs = 0;

	for (int i = 0; i < TASKS; i++)
		start_in_time("");
	start("", storm);
	sleep_ms(300);
	for (int i = 0; i < TASKS; i++)
		visits += slots[i].visits;
	ok(visits > 0, "some run on CPU %d (%ld jobs)", ALONE, visits);
	make_partition("isolated");
	int masks = ALL;
	for (int i = 0; i < TASKS; i++) {
		masks &= allowed(tasks[i]);
		slots[i].visits = 0;
	}
	ok(masks == ALL >> 1, "they may no longer (%#x)", masks);
	sleep_ms(30);
	long before = interrupts_of(ALONE);
	sleep_ms(1000);
	ok(interrupts_of(ALONE) == before, "where they were is silence (%ld)", interrupts_of(ALONE) - before);
	for (int i = 0; i < TASKS; i++) {
		jobs += slots[i].jobs;
		ok_in_time(i, 60, "by who had to leave");
	}
	visits = 0;
	for (int i = 0; i < TASKS; i++)
		visits += slots[i].visits;
	ok(visits <= TASKS, "no job is done there but those that ran (%ld of %ld)", visits, jobs);
	/* They have 5 * 30 % of the 3 * 95 % that are left. */
	int more = start("", work_always), too_much = start("", work_always);
	ok(set_deadline(tasks[more], 94 * MS, 100 * MS, 100 * MS) == 0 &&
	   set_deadline(tasks[too_much], 94 * MS, 100 * MS, 100 * MS) == -EBUSY, "what is promised fits the CPUs left");
	ok(set_partition("member") == 1, "it is a member again");
	masks = ALL;
	for (int i = 0; i < TASKS; i++)
		masks &= allowed(tasks[i]);
	ok(masks == ALL && is_as_it_was(0), "all have their masks back (%#x)", masks);
	ok(set_deadline(tasks[too_much], 94 * MS, 100 * MS, 100 * MS) == 0, "what did not fit does now");
	visits = slots[more].visits + slots[too_much].visits;
	sleep_ms(300);
	for (int i = 0; i < TASKS; i++)
		ok_in_time(i, 75, "in the end");
	ok(slots[more].visits + slots[too_much].visits > visits, "and the CPU is used again");
	remove_partition();
}

/* One comes to an isolated CPU, and has its runtime there whatever it wants, alone or not. */
static void test_who_comes(void)
{
	make_partition("isolated");
	int comes = start_in_time(""), second = start("", work_always), greedy;
	ok(set_deadline(tasks[second], 80 * MS, 100 * MS, 100 * MS) == 0, "one that asks for 80 %%");
	sleep_ms(100);
	ok(!group_move("d", tasks[comes]) && is_as_it_was(comes) && allowed(tasks[comes]) == 1 << ALONE, "one moves there");
	int error = group_move("d", tasks[second]);
	ok(error == -EBUSY && allowed(tasks[second]) == ALL >> 1, "another does not fit in (%s, %#x)", strerror(-error),
	   allowed(tasks[second]));
	sleep_ms(400);
	ok_in_time(comes, 20, "by who comes");
	ok(!group_move("", tasks[comes]) && allowed(tasks[comes]) == ALL >> 1, "it goes back");
	sleep_ms(100);
	ok_in_time(comes, 25, "by who goes back");
	end_all();

	greedy = start("d", work_always);
	ok(set_deadline(tasks[greedy], RUNTIME_MS * MS, PERIOD_MS * MS, PERIOD_MS * MS) == 0, "admitted there");
	for (int others = 0; others < 2; others++) {
		sleep_ms(50);
		int64_t had = slots[greedy].cpu_ns, begin = clock_ns(CLOCK_MONOTONIC);
		long interrupts = interrupts_of(ALONE);
		sleep_ms(1000);
		had = slots[greedy].cpu_ns - had;
		int64_t span = clock_ns(CLOCK_MONOTONIC) - begin, due = span * RUNTIME_MS / PERIOD_MS;
		interrupts = interrupts_of(ALONE) - interrupts;
		ok(had <= due + RUNTIME_MS * MS && had >= due - RUNTIME_MS * MS,
		   "it has its runtime and no more %s (%lld of %lld us)", others ? "beside another" : "alone",
		   (long long)had / 1000, (long long)span / 1000);
		ok(interrupts <= 2 * span / MS / PERIOD_MS + 4,
		   "at the end of its budget and at its next one, and no other time (%ld times)", interrupts);
		if (!others)
			start("d", work_always);
	}
	end_all();
	remove_partition();
}

int main(void)
{
	slots = mmap(NULL, TASKS_MAX * sizeof(*slots), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	group_put("", "cgroup.subtree_control", "+cpuset +cpu");
	set_policy(0, SCHED_FIFO, 50); /* or it would hear of nothing */
	test_who_stays();
	test_who_leaves();
	test_who_comes();
	return tap_done();
}
