// SPDX-License-Identifier: Apache-2.0
/*
 * debts.c - who has run ahead of his share owes it, whatever he does in between: change his policy, his
 * group, his level, his hints, his CPU, or leave the rest to a child. Meant for virtual time, with two CPUs.
 *
 * A debtor and a rival share CPU 0. After every 2 ms the debtor does something that might rid him of what he
 * owes, so that he would be the next to run once more; of the time that fair tasks have there the rival has
 * his half all the same. Beside a mate, a busy task of his group, the debtor has no more than a quarter.
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

enum { TURN_NS = 2 * MILLISECOND, LATENCY_US = 2700, MEASURE_MS = 600 };

static _Atomic int64_t *mate_ns;   /* what the mate has had */
static _Atomic int64_t *urgent_ns; /* the debtor's on CPU 0; how long a burst took */

/* ---- what the debtor does ---- */

static int64_t begin_urgent(void)
{
	int64_t since_ns = cpu_ns();

	set_policy(0, SCHED_FIFO, 1);
	return since_ns;
}

static void end_urgent(int64_t since_ns)
{
	set_policy(0, SCHED_OTHER, 0);
	*urgent_ns += cpu_ns() - since_ns;
}

static void do_nothing(void)
{
}

static void be_urgent(void)
{
	end_urgent(begin_urgent());
}

static void sleep_urgently(void)
{
	int64_t since_ns = begin_urgent();

	sleep_us(20);
	end_urgent(since_ns);
}

static void be_urgent_elsewhere(void)
{
	int64_t since_ns = begin_urgent();

	*urgent_ns += cpu_ns() - since_ns;
	pin(2);
	sleep_us(20);
	pin(1);
	since_ns = cpu_ns();
	sleep_us(20);
	end_urgent(since_ns);
}

static void have_a_deadline(void)
{
	int64_t since_ns = cpu_ns();

	pin(3);
	set_deadline(0, MILLISECOND, 50 * MILLISECOND, 50 * MILLISECOND);
	sleep_us(20);
	end_urgent(since_ns);
	pin(1);
}

static void be_idle(void)
{
	set_policy(0, SCHED_IDLE, 0);
	set_policy(0, SCHED_BATCH, 0);
	set_policy(0, SCHED_OTHER, 0);
}

static void change_group(void)
{
	group_move("debtor/other", 0);
	group_move("debtor", 0);
}

static void change_level(void)
{
	setpriority(PRIO_PROCESS, 0, 19);
	setpriority(PRIO_PROCESS, 0, 0);
}

static void change_hint(void)
{
	sched_set_burst_hint(0, 10000);
	sched_set_burst_hint(0, 0);
	sched_set_latency_hint(0, 100);
	sched_set_latency_hint(0, LATENCY_US);
}

static void nap(void)
{
	sleep_us(20);
}

/* As a shell does. */
static void have_it_done(void)
{
	for (int i = 0; i < 4; i++) {
		if (fork() == 0) {
			burn(TURN_NS);
			_exit(0);
		}
		waitpid(-1, NULL, 0);
	}
}

static void leave_it_to_a_child(void)
{
	if (fork())
		_exit(0);
}

static void change_cpu(void)
{
	pin(2);
	pin(1);
}

/* Borrows of his mate what he does not wait for, and forgets it. */
static void forget_an_advance(void)
{
	sleep_us(20);
	set_policy(0, SCHED_BATCH, 0);
	set_policy(0, SCHED_OTHER, 0);
}

/* ---- what is done to him while he sleeps, by a helper on CPU 1 ---- */

struct help {
	pid_t debtor;
	void (*asleep)(pid_t debtor), (*awake)(pid_t debtor);
};

static int asked[2], given[2];

static void start_helper(void)
{
	struct help help;

	(void)!pipe(asked);
	(void)!pipe(given);
	if (fork())
		return;
	pin(2);
	close(asked[1]);
	while (read(asked[0], &help, sizeof(help)) == sizeof(help)) {
		sleep_us(50);
		help.asleep(help.debtor);
		(void)!write(given[1], "", 1);
		help.awake(help.debtor);
	}
	_exit(0);
}

static void sleep_and_have(void (*asleep)(pid_t debtor), void (*awake)(pid_t debtor))
{
	struct help help = { getpid(), asleep, awake };
	char token;

	(void)!write(asked[1], &help, sizeof(help));
	(void)!read(given[0], &token, 1);
}

static void have_nothing_done(pid_t debtor)
{
	(void)debtor;
}

static void take_shares(pid_t debtor)
{
	sched_set_shares(debtor, 1);
}

static void give_shares(pid_t debtor)
{
	sched_set_shares(debtor, 100);
}

static void sleep_with_many_shares(void)
{
	sleep_and_have(take_shares, give_shares);
}

static void sleep_with_few_shares(void)
{
	take_shares(0);
	sleep_and_have(give_shares, have_nothing_done);
}

static void move_to_other(pid_t debtor)
{
	group_move("debtor/other", debtor);
}

/* Into a group that has run ahead, and away from what he gives there. */
static void be_moved_asleep(void)
{
	group_move("debtor/other", 0);
	group_move("debtor", 0);
	sleep_and_have(move_to_other, have_nothing_done);
}

static const struct trick {
	const char *name;
	void (*play)(void);
} tricks[] = {
	{ "does nothing", do_nothing },
	{ "is urgent for a moment", be_urgent },
	{ "sleeps as an urgent task", sleep_urgently },
	{ "does so on another CPU", be_urgent_elsewhere },
	{ "has a deadline", have_a_deadline },
	{ "is idle for a moment", be_idle },
	{ "changes its group", change_group },
	{ "changes its nice level", change_level },
	{ "changes its hints", change_hint },
	{ "naps", nap },
	{ "has it done by children", have_it_done },
	{ "leaves it to a child", leave_it_to_a_child },
	{ "changes its CPU", change_cpu },
	{ "forgets an advance", forget_an_advance },
	{ "sleeps with many shares", sleep_with_many_shares },
	{ "sleeps with few shares", sleep_with_few_shares },
	{ "is moved while it sleeps", be_moved_asleep },
};

/* ---- the measurement ---- */

static void start_debtor(const struct trick *trick)
{
	if (fork())
		return;
	pin(1);
	group_move("debtor", 0);
	sched_set_latency_hint(0, LATENCY_US);
	for (;;) {
		burn(TURN_NS);
		trick->play();
	}
}

static void test(const struct trick *trick, bool has_mate)
{
	start_helper();
	start_spinner("rival", 1, 0);
	if (has_mate)
		start_told_spinner("debtor", 1, mate_ns);
	start_debtor(trick);
	sleep_ms(50);
	long long rival_us = -on_cpu_0_us("rival"), debtor_us = -on_cpu_0_us("debtor"), urgent_us = -*urgent_ns / 1000,
		  mate_us = -*mate_ns / 1000;
	sleep_ms(MEASURE_MS);
	rival_us += on_cpu_0_us("rival");
	debtor_us += on_cpu_0_us("debtor");
	urgent_us += *urgent_ns / 1000;
	mate_us += *mate_ns / 1000;
	end_group("rival");
	end_group("debtor");
	close(asked[0]);
	close(asked[1]);
	close(given[0]);
	close(given[1]);
	long long fair_us = debtor_us - urgent_us, part = rival_us * 1000 / (rival_us + fair_us);
	ok(part >= (has_mate ? 475 : 490), "a debtor who %s%s has his half and no more: %lld us, %lld urgent, the rival %lld us (%lld/1000)",
	   trick->name, has_mate ? " beside a mate" : "", debtor_us, urgent_us, rival_us, part);
	if (!has_mate)
		return;
	/* His tricks may cost his own group something, and the rival has that. */
	long long own_us = fair_us - mate_us, own_part = own_us * 1000 / (rival_us + fair_us);
	ok(own_part <= 262 && mate_us * 1000 >= fair_us * 450,
	   "of which he has his half, %lld us (a quarter is 250/1000: %lld), and his mate %lld us (%lld/1000)", own_us,
	   own_part, mate_us, mate_us * 1000 / fair_us);
}

/* What an urgent task has is not taken from what its group may run ahead when it is fair. */
static void test_burst_of_group(void)
{
	start_spinner("rival", 1, 0);
	if (fork() == 0) {
		pin(1);
		group_move("debtor", 0);
		sched_set_burst_hint(0, 10000);
		set_policy(0, SCHED_FIFO, 1);
		burn(100 * MILLISECOND);
		set_policy(0, SCHED_OTHER, 0);
		sleep_ms(40);
		int64_t begin_ns = clock_ns(CLOCK_MONOTONIC);
		burn(6 * MILLISECOND);
		*urgent_ns = clock_ns(CLOCK_MONOTONIC) - begin_ns;
		_exit(0);
	}
	while (!group_is("debtor", "cgroup.procs", "") || !*urgent_ns)
		sleep_ms(10);
	end_group("rival");
	ok(*urgent_ns < 7 * MILLISECOND, "who was urgent has his burst afterwards: 6 ms took %ld us",
	   (long)*urgent_ns / 1000);
}

int main(void)
{
	mate_ns = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	urgent_ns = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	signal(SIGCHLD, SIG_IGN);
	pin(2);
	set_policy(0, SCHED_FIFO | POLICY_RESET_ON_FORK, 99);
	group_put("", "cgroup.subtree_control", "+cpuset +cpu");
	ok(!group_make("rival") && !group_make("debtor") && !group_make("debtor/other") && !group_make("light"),
	   "groups");
	/* On CPU 1 virtual time flies. */
	group_put("light", "cpu.weight", "1");
	start_spinner("light", 2, 19);
	for (size_t i = 0; i < sizeof(tricks) / sizeof(tricks[0]); i++)
		for (int mates = 0; mates < 2; mates++)
			test(&tricks[i], mates);
	*urgent_ns = 0;
	test_burst_of_group();
	return tap_done();
}
