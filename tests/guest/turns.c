// SPDX-License-Identifier: Apache-2.0
/*
 * turns.c - a group whose tasks work by turns has what a group has whose only task works all the time. Meant for
 * virtual time, with two CPUs.
 *
 * On CPU 0 a rival never rests. In another group of the same weight, or in groups below it, tasks work one after the
 * other, for less or for more than what they ask for at a time; both have half. So they have beside a mate, a busy
 * task of their own group, who is not forgotten. What each has is near to what Linux 6.12 gives it.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "kernel/include/taper/sched.h"
#include "tests/guest/policy.h"
#include "tests/guest/rival.h"
#include "tests/guest/tap.h"

enum { MEASURE_MS = 600, LATENCY_US = 100 };

/* As a shell does. */
static _Noreturn void have_it_done(int64_t turn_ns)
{
	signal(SIGCHLD, SIG_DFL);
	for (;;) {
		if (fork() == 0) {
			burn(turn_ns);
			_exit(0);
		}
		waitpid(-1, NULL, 0);
	}
}

static _Noreturn void pass_on(int from, int to, int64_t turn_ns, long rest)
{
	char token;

	for (;;) {
		(void)!read(from, &token, 1);
		if (rest)
			sleep_us(rest);
		burn(turn_ns);
		(void)!write(to, &token, 1);
	}
}

static _Noreturn void pass_between(const char *here, const char *there, int64_t turn_ns, long rest)
{
	int forth[2], back[2];

	(void)!pipe(forth);
	(void)!pipe(back);
	(void)!write(back[1], "", 1);
	if (fork() == 0) {
		group_move(there, 0);
		pass_on(forth[0], back[1], turn_ns, rest);
	}
	group_move(here, 0);
	pass_on(back[0], forth[1], turn_ns, rest);
}

static _Noreturn void wake_each_other(int64_t turn_ns)
{
	pass_between("turns/a", "turns/a", turn_ns, 0);
}

/* Each is woken by the clock, when the one before has gone to sleep. */
static _Noreturn void take_turns_by_clock(int64_t turn_ns)
{
	sched_set_latency_hint(0, LATENCY_US);
	pass_between("turns/a", "turns/a", turn_ns, 20);
}

static _Noreturn void serve_siblings(int64_t turn_ns)
{
	pass_between("turns/a", "turns/b", turn_ns, 0);
}

static _Noreturn void serve_cousins(int64_t turn_ns)
{
	pass_between("turns/c/a", "turns/d/b", turn_ns, 0);
}

static _Noreturn void serve_distant_cousins(int64_t turn_ns)
{
	pass_between("turns/c/e/g/a", "turns/d/f/h/b", turn_ns, 0);
}

static _Noreturn void serve_a_grandnephew(int64_t turn_ns)
{
	pass_between("turns/a", "turns/d/f/h/b", turn_ns, 0);
}

static _Noreturn void nap(int64_t turn_ns)
{
	for (;;) {
		burn(turn_ns);
		sleep_us(20);
	}
}

static _Noreturn void change_group(int64_t turn_ns)
{
	for (;;) {
		burn(turn_ns);
		group_move("turns/b", 0);
		group_move("turns/a", 0);
	}
}

static const struct scene {
	const char *name;
	void (*play)(int64_t turn_ns);
	int least, most; /* thousandths */
} scenes[] = {
	/* Who rests for 20 us after 200 has not asked for more than ten elevenths of what he waited for. */
	{ "one that naps", nap, 465, 510 },
	{ "children of one that waits for them", have_it_done, 480, 510 },
	{ "two that wake each other", wake_each_other, 485, 510 },
	{ "two that the clock wakes", take_turns_by_clock, 465, 510 },
	{ "one that goes to another group and back", change_group, 485, 510 },
	{ "two of sibling groups that wake each other", serve_siblings, 485, 510 },
	{ "two of groups with different parents that do", serve_cousins, 485, 510 },
	{ "two of groups far apart that do", serve_distant_cousins, 485, 510 },
	{ "two of groups at different depths that do", serve_a_grandnephew, 485, 510 },
};

static const int turns_us[] = { 200, 1000, 2000, 3000, 5000, 10000 };

static _Atomic int64_t *mate_ns; /* what the mate has had */

static void test(const struct scene *scene, int turn_us, bool has_mate)
{
	start_spinner("rival", 1, 0);
	if (has_mate)
		start_told_spinner("turns/a", 1, mate_ns);
	if (fork() == 0) {
		pin(1);
		group_move("turns/a", 0);
		scene->play(turn_us * 1000L);
	}
	sleep_ms(50);
	long long rival_us = -on_cpu_0_us("rival"), turns = -on_cpu_0_us("turns"), mate_us = -*mate_ns / 1000;
	sleep_ms(MEASURE_MS);
	rival_us += on_cpu_0_us("rival");
	turns += on_cpu_0_us("turns");
	mate_us += *mate_ns / 1000;
	end_group("rival");
	end_group("turns");
	long long part = turns * 1000 / (rival_us + turns);
	ok(part >= scene->least && part <= scene->most, "%s, %d us at a time%s: %lld/1000 of %lld us", scene->name, turn_us,
	   has_mate ? " beside a mate" : "", part, rival_us + turns);
	if (has_mate)
		ok(mate_us * 4 >= turns, "of which the mate has %lld us", mate_us);
}

int main(void)
{
	static const char *const parents[] = { "turns", "turns/c", "turns/c/e", "turns/c/e/g", "turns/d", "turns/d/f", "turns/d/f/h" };
	static const char *const groups[] = { "turns/a", "turns/b", "turns/c/a", "turns/d/b", "turns/c/e/g/a", "turns/d/f/h/b" };

	mate_ns = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	signal(SIGCHLD, SIG_IGN);
	pin(2);
	set_policy(0, SCHED_FIFO | POLICY_RESET_ON_FORK, 99);
	group_put("", "cgroup.subtree_control", "+cpuset +cpu");
	ok(!group_make("rival"), "rival");
	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
		ok(!group_make(parents[i]), "%s", parents[i]);
		group_put(parents[i], "cgroup.subtree_control", "+cpu");
	}
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		ok(!group_make(groups[i]), "%s", groups[i]);
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		for (size_t turn = 0; turn < sizeof(turns_us) / sizeof(turns_us[0]); turn++)
			for (int mates = 0; mates < 2; mates++)
				test(&scenes[i], turns_us[turn], mates);
	return tap_done();
}
