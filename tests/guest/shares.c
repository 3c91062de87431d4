// SPDX-License-Identifier: Apache-2.0
/*
 * shares.c - who gets how much. Meant for virtual time (--icount), where an instruction is a fixed
 * time. On one CPU spinners count what they do. CPUs that are emulated in turns (of a millisecond: see
 * BUILD) make uneven progress, so over several it is the CPU time of their groups that counts.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { SPINNERS_MAX = 12, SETTLE_MS = 150, MEASURE_MS = 400 };
enum { TOLERANCE_PERCENT = 2, TURN_NS = 3000000 };

struct counter {
	_Atomic uint64_t turns;
	char padding[56];
};

struct spinner {
	const char *group; /* below /sys/fs/cgroup/s */
	unsigned long cpus;
	double due; /* of one CPU: the spinner, or its group when CPU time is measured */
	int nice;
	int counter;
};

#define NICE(name, mask, part, level) \
	{ .group = (name), .cpus = (mask), .due = (part), .nice = (level) }
#define ON(name, mask, part) NICE(name, mask, part, 0)
#define CHECK(name, measure, ...) \
	check(name, (struct spinner[])__VA_ARGS__, \
	      sizeof((struct spinner[])__VA_ARGS__) / sizeof(struct spinner), measure)

static struct counter *counters;
static void (*change)(const pid_t *pids); /* what happens when all run, before it is measured */
static double speed = 1; /* turns of a spinner alone in a nanosecond */

static void sleep_ms(int ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

static int pin(pid_t pid, unsigned long cpus)
{
	return sched_setaffinity(pid, sizeof(cpus), (cpu_set_t *)&cpus);
}

static _Noreturn void spin(struct counter *counter)
{
	for (;;)
		atomic_store_explicit(&counter->turns, counter->turns + 1, memory_order_relaxed);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static double cpu_time_ns(const struct spinner *spinner)
{
	char name[64];

	snprintf(name, sizeof(name), "s/%s", spinner->group);
	return 1000.0 * (double)group_number(name, "cpu.stat", "usage_usec");
}

static double turns(const struct spinner *spinner)
{
	return (double)counters[spinner->counter].turns / speed;
}

/* Runs the spinners together; got[i] is what `measure` grew by, answers the time that took. */
static double run(struct spinner *spinners, int count, double (*measure)(const struct spinner *),
		  double *got)
{
	pid_t pids[SPINNERS_MAX];
	char name[64];
	int error = 0;

	for (int i = 0; i < count; i++) {
		spinners[i].counter = i;
		counters[i].turns = 0;
		pids[i] = fork();
		if (pids[i] == 0)
			spin(&counters[i]);
		snprintf(name, sizeof(name), "s/%s", spinners[i].group);
		error |= setpriority(PRIO_PROCESS, (id_t)pids[i], spinners[i].nice);
		error |= group_move(name, pids[i]) | pin(pids[i], spinners[i].cpus);
	}
	sleep_ms(SETTLE_MS);
	if (change) {
		change(pids);
		sleep_ms(SETTLE_MS);
	}
	uint64_t start = now_ns();
	for (int i = 0; i < count; i++)
		got[i] = measure(&spinners[i]);
	sleep_ms(MEASURE_MS);
	uint64_t end = now_ns();
	for (int i = 0; i < count; i++)
		got[i] = measure(&spinners[i]) - got[i];
	for (int i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
	for (int i = 0; i < count; i++)
		waitpid(pids[i], NULL, 0);
	return error ? 0 : (double)(end - start);
}

/* A turn more or less is a matter of when one looks. */
static void check(const char *name, struct spinner *spinners, int count,
		  double (*measure)(const struct spinner *))
{
	double got[SPINNERS_MAX], worst = 0;
	double duration = run(spinners, count, measure, got);

	for (int i = 0; i < count; i++) {
		double due = spinners[i].due * duration;
		double off = got[i] > due ? got[i] - due : due - got[i];
		printf("# %s: %s got %.4f of a CPU, %.4f was due\n", name, spinners[i].group,
		       got[i] / duration, spinners[i].due);
		off = off > TURN_NS ? (off - TURN_NS) / due : 0;
		worst = off > worst ? off : worst;
	}
	ok(duration > 0 && 100 * worst <= TOLERANCE_PERCENT,
	   "%s: within %d %% of what is due (%.2f %%)", name, TOLERANCE_PERCENT, 100 * worst);
}

static int group(const char *path, const char *weight)
{
	char name[64];

	snprintf(name, sizeof(name), "s/%s", path);
	return group_make(name) || group_put(name, "cpu.weight", weight) ||
	       group_put(name, "cgroup.subtree_control", "+cpu");
}

static void ungroup(const char *path)
{
	char name[64];

	snprintf(name, sizeof(name), "s/%s", path);
	group_remove(name);
}


static void test_one_cpu(void)
{
	group("a", "100");
	group("b", "300");
	CHECK("shares 100:300", turns, { ON("a", 1, 0.25), ON("b", 1, 0.75) });
	CHECK("a group of four against a group of one", turns, { ON("a", 1, 0.0625), ON("a", 1, 0.0625), ON("a", 1, 0.0625),
		ON("a", 1, 0.0625), ON("b", 1, 0.75) });
	CHECK("nice 5 against nice 0 in one group (335:1024)", turns, { NICE("a", 1, 0.2465, 5), ON("a", 1, 0.7535) });
	CHECK("nice does not reach across groups", turns, { ON("a", 1, 0.25), NICE("b", 1, 0.75, 10) });
	group_put("s/a", "cpu.weight", "300");
	CHECK("shares written while nobody runs", turns, { ON("a", 1, 0.5), ON("b", 1, 0.5) });
	group_put("s/a", "cpu.weight", "1");
	group_put("s/b", "cpu.weight", "50");
	CHECK("shares 1:50", turns, { ON("a", 1, 1 / 51.0), ON("b", 1, 50 / 51.0) });
	ungroup("a");
	ungroup("b");
}

/* A group with cpu.idle has what the others leave over: 3 shares where 1024 are usual, and all of it alone. */
static void test_idle(void)
{
	group("a", "10000");
	group("b", "100");
	group("a/x", "100");
	group_put("s/a", "cpu.idle", "1");
	CHECK("an idle group beside another", turns, { ON("a/x", 1, 3 / 1027.0), ON("b", 1, 1024 / 1027.0) });
	CHECK("an idle group alone", turns, { ON("a/x", 1, 0.5), ON("a/x", 1, 0.5) });
	group_put("s/b", "cpu.idle", "1");
	CHECK("two idle groups", turns, { ON("a/x", 1, 0.5), ON("b", 1, 0.5) });
	group_put("s/a", "cpu.idle", "0");
	group_put("s/a", "sched.qos", "idle");
	CHECK("sched.qos says it in another word", turns, { ON("a/x", 1, 0.5), ON("b", 1, 0.5) });
	group_put("s/b", "cpu.idle", "0");
	group_put("s/a", "sched.qos", "normal");
	group_put("s/a", "cpu.weight", "300");
	CHECK("weights count again afterwards", turns, { ON("a/x", 1, 0.75), ON("b", 1, 0.25) });
	ungroup("a/x");
	ungroup("a");
	ungroup("b");
}

static void test_nested(void)
{
	group("a", "100");
	group("b", "300");
	group("a/x", "100");
	group("b/y", "100");
	group("b/z", "300");
	CHECK("nested groups", turns, { ON("a/x", 1, 0.25), ON("b/y", 1, 0.1875), ON("b/z", 1, 0.5625) });
	CHECK("a sibling that is idle is not waited for", turns, { ON("a/x", 1, 0.25), ON("b/y", 1, 0.75) });
	ungroup("a/x");
	ungroup("b/y");
	ungroup("b/z");
	ungroup("a");
	ungroup("b");
}

static void test_two_cpus(void)
{
	group("a", "100");
	group("b", "300");
	CHECK("two groups of two over two CPUs", cpu_time_ns,
	      { ON("a", 3, 0.5), ON("a", 3, 0.5), ON("b", 3, 1.5), ON("b", 3, 1.5) });
	CHECK("as many spinners as CPUs have one each, whatever their shares", cpu_time_ns,
	      { ON("a", 3, 1), ON("b", 3, 1) });
	CHECK("pinned apart they do not compete", cpu_time_ns,
	      { ON("a", 1, 1), ON("b", 2, 1) });
	ungroup("a");
	ungroup("b");
}

static void raise_weight(const pid_t *pids)
{
	(void)pids;
	group_put("s/a", "cpu.weight", "10000");
}

static void lower_weight(const pid_t *pids)
{
	(void)pids;
	group_put("s/b", "cpu.weight", "1");
}

/* The second spinner leaves a group for good, and goes on where it spins. */
static void move_second(const pid_t *pids)
{
	pin(0, 1); /* where it does not disturb it */
	group_move("s/a/y", pids[1]);
	sleep_ms(SETTLE_MS);
	group_move("s/c", pids[1]);
}

static void test_changes(int cpus)
{
	group("a", "1");
	group("b", "10000");
	change = raise_weight;
	CHECK("a weight that rises counts at once", turns, { ON("a", 1, 0.5), ON("b", 1, 0.5) });
	group_put("s/a", "cpu.weight", "1");
	change = lower_weight;
	CHECK("and so does another's that falls", turns, { ON("a", 1, 0.5), ON("b", 1, 0.5) });
	group_put("s/a", "cpu.weight", "100");
	group_put("s/b", "cpu.weight", "100");
	change = move_second;
	group("a/x", "100");
	group("a/y", "100");
	group("c", "100");
	if (cpus > 1)
		CHECK("a group is idle from when its last task leaves it", cpu_time_ns,
		      { ON("a/x", 1, 0.5), ON("c", 2, 1), ON("b", 1, 0.5) });
	change = NULL;
	pin(0, 1UL << (cpus - 1));
	ungroup("a/x");
	ungroup("a/y");
	ungroup("a");
	ungroup("b");
	ungroup("c");
}

int main(void)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	struct spinner alone = ON("alone", 1, 1);
	double got[SPINNERS_MAX];

	counters = mmap(NULL, sizeof(*counters) * SPINNERS_MAX, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	group_put("", "cgroup.subtree_control", "+cpu");
	int error = group_make("s");
	error = error ? error : group_put("s", "cgroup.subtree_control", "+cpu");
	ok(counters != MAP_FAILED && error == 0, "a group for the test (%s)", strerror(-error));
	if (cpus > 1)
		pin(0, 1UL << (cpus - 1));
	group("alone", "100");
	double duration = run(&alone, 1, turns, got);
	ok(duration > 0 && got[0] > 0, "a spinner alone makes %.0f turns in %.0f ns", got[0], duration);
	speed = got[0] / duration;
	ungroup("alone");

	test_one_cpu();
	test_idle();
	test_nested();
	test_changes(cpus);
	if (cpus > 1)
		test_two_cpus();
	ok(group_remove("s") == 0, "nothing is left");
	return tap_done();
}
