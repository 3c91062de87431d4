// SPDX-License-Identifier: Apache-2.0
/*
 * qos.c - classes, shares and hints of tasks and groups: what the calls accept and answer, who inherits
 * what, and that a class moves when a task runs and not how much it gets.
 *
 *	qos          the calls
 *	qos virtual  in virtual time: latencies and shares
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "kernel/include/taper/sched.h"
#include "tests/guest/clock.h"
#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { NOBODY = 65534, WAKES = 200, MS = 1000000 };

#define FAILS(call, error) (errno = 0, (call) == -1 && errno == (error))

static struct sched_qos qos_of(pid_t task)
{
	struct sched_qos qos = { .qos_class = 99 };

	sched_get_qos(task, &qos, sizeof(qos));
	return qos;
}

/* A child that waits to be ended. */
static pid_t child_that_waits(void)
{
	pid_t child = fork();

	if (child == 0)
		for (;;)
			pause();
	return child;
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void test_settings(void)
{
	struct sched_qos qos = qos_of(0);

	ok(qos.qos_class == SCHED_QOS_NORMAL && qos.own_class == SCHED_QOS_INHERITED && qos.shares == 100 &&
	   !qos.latency_us && !qos.burst_us && qos.slice_us == 3000, "what a task begins with");
	for (unsigned int class = 0; class <= SCHED_QOS_INHERITED; class++) {
		int set = sched_set_qos_class(0, class);

		qos = qos_of(0);
		ok(set == 0 && qos.own_class == class, "class %u reads back", class);
		ok(sched_getscheduler(0) == (class == SCHED_QOS_IDLE ? SCHED_IDLE : SCHED_OTHER),
			"idle is SCHED_IDLE (%u)", class);
	}
	ok(FAILS(sched_set_qos_class(0, 5), EINVAL) && FAILS(sched_set_qos_class(0, -1U), EINVAL) &&
	   FAILS(sched_set_qos_class(-1, 1), EINVAL) && FAILS(sched_set_qos_class(99999, 1), ESRCH),
		"classes and tasks that there are not");
	ok(sched_set_shares(0, 300) == 300 && qos_of(0).shares == 300 && sched_set_shares(0, 0) == 1 &&
	   sched_set_shares(0, 5000) == 1000 && sched_set_shares(0, 100) == 100 &&
	   getpriority(PRIO_PROCESS, 0) == 0, "shares are cut to 1..1000");
	ok(sched_set_latency_hint(0, 1) == 100 && qos_of(0).slice_us == 100 &&
	   sched_set_latency_hint(0, 1L << 40) == 100000 && qos_of(0).latency_us == 100000 &&
	   sched_set_latency_hint(0, -5) == 0 && qos_of(0).slice_us == 3000, "latency is cut, 0 is none");
	ok(sched_set_burst_hint(0, 1L << 40) == 10000 && qos_of(0).burst_us == 10000 &&
	   sched_set_burst_hint(0, -1) == 0, "burst is cut");
	ok(FAILS(sched_get_qos(0, &qos, sizeof(qos) - 1), EINVAL) &&
	   FAILS(sched_get_qos(0, (void *)8, sizeof(qos)), EFAULT) &&
	   FAILS(sched_get_qos(-1, &qos, sizeof(qos)), EINVAL), "EINVAL, EFAULT");
}

static void test_affinity(void)
{
	unsigned long mask = 1, both = 3, beyond = 1UL << 63, seen = 0;

	ok(sched_set_affinity(0, sizeof(mask), &mask, 0) == 0 &&
	   sched_getaffinity(0, sizeof(seen), (cpu_set_t *)&seen) == 0 && seen == 1, "as sched_setaffinity");
	both |= beyond;
	ok(FAILS(sched_set_affinity(0, sizeof(both), &both, SCHED_AFFINITY_STRICT), EINVAL) &&
	   sched_getaffinity(0, sizeof(seen), (cpu_set_t *)&seen) == 0 && seen == 1,
		"strict: a CPU that the group lacks is refused");
	ok(sched_set_affinity(0, sizeof(both), &both, 0) == 0, "else it is cut away");
	ok(sched_set_affinity(0, sizeof(mask), &mask, SCHED_AFFINITY_STRICT) == 0, "strict, and all there");
	ok(FAILS(sched_set_affinity(0, sizeof(mask), &mask, 2), EINVAL), "no other flag");
	memset(&mask, 0xff, sizeof(mask));
	sched_set_affinity(0, sizeof(mask), &mask, 0);
}

static void test_privilege(void)
{
	pid_t root_child = child_that_waits();
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (setuid(NOBODY))
			_exit(1);
		if (sched_set_shares(0, 500) != 500 || !FAILS(sched_set_shares(0, 501), EPERM))
			_exit(2);
		if (!FAILS(sched_set_shares(root_child, 50), EPERM) ||
		    !FAILS(sched_set_qos_class(root_child, 2), EPERM) ||
		    !FAILS(sched_set_latency_hint(root_child, 100), EPERM) ||
		    !FAILS(sched_set_burst_hint(root_child, 100), EPERM))
			_exit(3);
		if (sched_set_qos_class(0, SCHED_QOS_INTERACTIVE) || sched_set_qos_class(0, SCHED_QOS_IDLE) ||
		    !FAILS(sched_set_qos_class(0, SCHED_QOS_NORMAL), EPERM))
			_exit(4);
		_exit(0);
	}
	waitpid(child, &status, 0);
	ok(status == 0, "nobody may have 500 shares, and nothing of others (%d)", WEXITSTATUS(status));
	struct sched_qos qos = qos_of(root_child);
	ok(qos.shares == 100 && qos.own_class == SCHED_QOS_INHERITED && !qos.latency_us && !qos.burst_us,
		"and nothing of it was done");
	end(root_child);
	ok(FAILS(sched_set_qos_class(3, 2), EINVAL) || errno == ESRCH, "a kernel thread stays as it is");
}

static void test_inheritance(const char *self)
{
	int status;

	group_make("quality");
	group_make("quality/below");
	ok(group_put("quality", "sched.qos", "interactive") == 0 &&
	   group_put("quality", "sched.latency_ms", "20") == 0, "a group's");
	pid_t child = child_that_waits();
	char text[32];

	snprintf(text, sizeof(text), "%d", child);
	group_put("quality/below", "cgroup.procs", text);
	struct sched_qos qos = qos_of(child);
	ok(qos.qos_class == SCHED_QOS_INTERACTIVE && qos.own_class == SCHED_QOS_INHERITED &&
	   qos.slice_us == 20000 && !qos.latency_us, "a task that moves in has it");
	group_put("quality", "sched.latency_ms", "0");
	ok(qos_of(child).slice_us == 400, "the class's, without a hint");
	group_put("quality/below", "sched.qos", "perf-burst");
	ok(qos_of(child).qos_class == SCHED_QOS_PERF_BURST, "the nearer group rules");
	sched_set_qos_class(child, SCHED_QOS_NORMAL);
	ok(qos_of(child).qos_class == SCHED_QOS_NORMAL && qos_of(child).slice_us == 3000, "and the task itself");
	group_put("", "cgroup.procs", text);
	sched_set_qos_class(child, SCHED_QOS_INHERITED);
	ok(qos_of(child).qos_class == SCHED_QOS_NORMAL, "outside it is gone");
	end(child);
	ok(group_put("quality", "sched.qos", "fast") == -EINVAL &&
	   group_put("quality", "sched.latency_ms", "101") == -ERANGE &&
	   group_put("quality", "sched.latency_ms", "x") == -EINVAL, "mistakes are refused");
	group_remove("quality/below");
	group_remove("quality");

	sched_set_qos_class(0, SCHED_QOS_INTERACTIVE);
	sched_set_shares(0, 200);
	sched_set_latency_hint(0, 5000);
	sched_set_burst_hint(0, 700);
	child = fork();
	if (child == 0) {
		qos = qos_of(0);
		if (qos.own_class != SCHED_QOS_INTERACTIVE || qos.shares != 200 || qos.latency_us != 5000 ||
		    qos.burst_us != 700)
			_exit(1);
		execl(self, self, "look", NULL);
		_exit(2);
	}
	waitpid(child, &status, 0);
	ok(status == 0, "a child has all of it, its program class and shares (%d)", WEXITSTATUS(status));
	const struct sched_param none = { 0 };
	sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &none);
	child = fork();
	if (child == 0) {
		qos = qos_of(0);
		_exit(qos.own_class != SCHED_QOS_INHERITED || qos.shares != 100 || qos.latency_us ||
		      qos.burst_us || qos.slice_us != 3000);
	}
	waitpid(child, &status, 0);
	ok(status == 0, "with RESET_ON_FORK it has none of it");
	sched_setscheduler(0, SCHED_OTHER, &none);
	sched_set_qos_class(0, SCHED_QOS_INHERITED);
	sched_set_shares(0, 100);
	sched_set_latency_hint(0, 0);
	sched_set_burst_hint(0, 0);
}

/* What execve leaves. */
static int look(void)
{
	struct sched_qos qos = qos_of(0);

	return qos.own_class == SCHED_QOS_INTERACTIVE && qos.shares == 200 && !qos.latency_us && !qos.burst_us
		? 0 : 3;
}

/* ---- virtual time ---- */

/* In hundredths of a second: /proc/PID/stat has no finer grain. */
static int64_t used_ns(pid_t task)
{
	char path[40], text[512] = "";
	unsigned long user = 0, system = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", task);
	FILE *file = fopen(path, "r");
	if (!file || !fgets(text, sizeof(text), file) ||
	    sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
		   &system) != 2)
		user = system = 0;
	if (file)
		fclose(file);
	return (int64_t)(user + system) * 10 * MS;
}

static pid_t spinner(void)
{
	pid_t child = fork();

	if (child == 0)
		for (volatile unsigned long turns = 0;; turns++)
			;
	return child;
}

static int by_value(const void *a, const void *b)
{
	int64_t difference = *(const int64_t *)a - *(const int64_t *)b;

	return difference < 0 ? -1 : difference > 0;
}

/* How late tasks were, by rank: so late or less were so many per cent. */
struct lateness {
	int64_t median, p95, p99;
};

/* How late a task of that class is that wakes every few milliseconds and works for one. One that works
 * less is hardly ever late, whatever its class: it is owed more than it takes. */
static struct lateness lateness_of(const char *name, unsigned int class)
{
	static int64_t late[WAKES];
	struct lateness lateness = { -1, -1, -1 };
	int ends[2];

	if (pipe(ends))
		return lateness;
	pid_t child = fork();
	if (child == 0) {
		sched_set_qos_class(0, class);
		for (int i = 0; i < WAKES; i++) {
			int64_t due = now_ns() + 7 * MS;
			struct timespec when = { due / 1000000000, due % 1000000000 };

			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
			late[i] = now_ns() - due;
			while (now_ns() < due + late[i] + MS)
				;
		}
		qsort(late, WAKES, sizeof(late[0]), by_value);
		lateness = (struct lateness){ late[WAKES / 2], late[WAKES * 95 / 100], late[WAKES * 99 / 100] };
		_exit(write(ends[1], &lateness, sizeof(lateness)) != sizeof(lateness));
	}
	close(ends[1]);
	if (read(ends[0], &lateness, sizeof(lateness)) < 0)
		lateness.median = -1;
	waitpid(child, NULL, 0);
	close(ends[0]);
	printf("# wake-up latency, %s: median %lld us, 95 %% %lld us, 99 %% %lld us\n", name,
		(long long)lateness.median / 1000, (long long)lateness.p95 / 1000,
		(long long)lateness.p99 / 1000);
	return lateness;
}

static void test_latency(void)
{
	enum { OTHERS = 4 };
	pid_t others[OTHERS];

	for (int i = 0; i < OTHERS; i++)
		others[i] = spinner();
	struct lateness normal = lateness_of("normal", SCHED_QOS_NORMAL);
	struct lateness interactive = lateness_of("interactive", SCHED_QOS_INTERACTIVE);
	struct lateness burst = lateness_of("perf-burst", SCHED_QOS_PERF_BURST);

	ok(normal.median > 0 && interactive.median >= 0 && interactive.median * 4 <= normal.median,
		"an interactive task wakes in a quarter of the time");
	ok(interactive.p99 >= 0 && interactive.p99 <= normal.p99, "and its worst case is no worse");
	ok(burst.median >= 0 && burst.median * 4 <= normal.median, "nor does one with a burst wait longer");
	for (int i = 0; i < OTHERS; i++)
		end(others[i]);
}

/* Two spinners of equal shares, one of which has asked for all that there is. */
static void test_shares(const char *what, unsigned int class, long latency_us, long burst_us)
{
	pid_t plain = spinner(), other = spinner();

	sched_set_qos_class(other, class);
	sched_set_latency_hint(other, latency_us);
	sched_set_burst_hint(other, burst_us);
	usleep(100000);
	int64_t plain_ns = -used_ns(plain), other_ns = -used_ns(other);
	usleep(2000000);
	plain_ns += used_ns(plain);
	other_ns += used_ns(other);
	printf("# %s: %lld of %lld us\n", what, (long long)other_ns / 1000, (long long)(plain_ns + other_ns) / 1000);
	ok(llabs(other_ns - plain_ns) * 50 <= plain_ns + other_ns, "%s: not more than its shares say", what);
	end(plain);
	end(other);
}

/* The very second that begins when one of two equal spinners sets every hint to its maximum. */
static void test_second(void)
{
	_Atomic int64_t *had_ns = mmap(NULL, 2 * sizeof(*had_ns), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int64_t before_ns[2];
	pid_t spinners[2];

	for (int i = 0; i < 2; i++) {
		spinners[i] = fork();
		for (struct timespec time; spinners[i] == 0;) {
			clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
			had_ns[i] = time.tv_sec * 1000000000LL + time.tv_nsec;
		}
	}
	usleep(100000);
	ok(sched_set_qos_class(spinners[1], SCHED_QOS_PERF_BURST) == 0 &&
	   sched_set_latency_hint(spinners[1], 1) == 100 &&
	   sched_set_burst_hint(spinners[1], 1 << 30) == 10000, "every hint at its maximum");
	for (int i = 0; i < 2; i++)
		before_ns[i] = had_ns[i];
	usleep(1000000);
	int64_t plain_us = (had_ns[0] - before_ns[0]) / 1000, greedy_us = (had_ns[1] - before_ns[1]) / 1000;
	ok(plain_us > 0 && greedy_us * 200 <= (plain_us + greedy_us) * 101,
		"it has no more than its half of the next second: %lld of %lld us",
		(long long)greedy_us, (long long)(plain_us + greedy_us));
	for (int i = 0; i < 2; i++)
		end(spinners[i]);
	munmap(had_ns, 2 * sizeof(*had_ns));
}

static _Noreturn void pass_round(const int *from, const int *to)
{
	char token;

	sched_set_qos_class(0, SCHED_QOS_PERF_BURST);
	sched_set_latency_hint(0, 100);
	sched_set_burst_hint(0, 10000);
	while (read(from[0], &token, 1) == 1) {
		for (int64_t end = now_ns() + MS; now_ns() < end;)
			;
		if (write(to[1], &token, 1) < 0)
			break;
	}
	_exit(1);
}

/* For how long the current task runs after a sleep before a spinner of its weight is let in. */
static int64_t stretch_ns(void)
{
	usleep(50000);
	int64_t begin = now_ns(), last = begin, now;
	while ((now = now_ns()) - last < MS)
		last = now;
	return last - begin;
}

/* A burst lets a task run ahead for that long, each time anew: what it ran ahead it pays back asleep, though
 * the other one is alone then and nobody charges it. */
static void test_burst(void)
{
	static const int bursts_us[] = { 0, 5000, 10000, 0 };
	pid_t other = spinner();

	sched_set_latency_hint(0, 1000);
	for (size_t i = 0; i < sizeof(bursts_us) / sizeof(bursts_us[0]); i++) {
		int64_t least = INT64_MAX, most = 0, wanted = bursts_us[i] * 1000LL;

		sched_set_burst_hint(0, bursts_us[i]);
		stretch_ns(); /* what it owed before is paid back */
		for (int round = 0; round < 5; round++) {
			int64_t stretch = stretch_ns();
			least = stretch < least ? stretch : least;
			most = stretch > most ? stretch : most;
		}
		ok(least >= wanted && most <= wanted + 3 * MS + MS / 10, "a burst of %d us: %lld to %lld us at a stretch",
			bursts_us[i], (long long)least / 1000, (long long)most / 1000);
	}
	sched_set_latency_hint(0, 0);
	end(other);
}

static int64_t group_usage_us(const char *group)
{
	return group_number(group, "cpu.stat", "usage_usec");
}

/* Tasks of a group that work in turns: each has paid back its burst when its turn comes again. */
static void test_ring(void)
{
	enum { MEMBERS = 8 };
	pid_t members[MEMBERS], rival;
	int pipes[MEMBERS][2];

	ok(!group_put("", "cgroup.subtree_control", "+cpu") && !group_make("ring") && !group_make("rival"),
		"two groups");
	for (int i = 0; i < MEMBERS; i++)
		ok(!pipe(pipes[i]), "a pipe");
	for (int i = 0; i < MEMBERS; i++) {
		members[i] = fork();
		if (members[i] == 0) {
			group_move("ring", 0);
			pass_round(pipes[i], pipes[(i + 1) % MEMBERS]);
		}
	}
	rival = spinner();
	ok(!group_move("rival", rival) && write(pipes[0][1], "x", 1) == 1, "they begin");
	usleep(200000);
	int64_t ring = -group_usage_us("ring"), other = -group_usage_us("rival");
	usleep(1000000);
	ring += group_usage_us("ring");
	other += group_usage_us("rival");
	ok(ring * 100 <= (ring + other) * 51 && ring * 100 >= (ring + other) * 40,
		"a group whose tasks burst in turns has no more than its share: %lld us, its rival %lld us",
		(long long)ring, (long long)other);
	for (int i = 0; i < MEMBERS; i++) {
		end(members[i]);
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	end(rival);
	ok(!group_remove("ring") && !group_remove("rival"), "the end");
}

static pid_t start_in(const char *group, long burst_us)
{
	pid_t child = spinner();

	ok(!group_move(group, child) && sched_set_burst_hint(child, burst_us) == burst_us, "one in %s", group);
	return child;
}

/* Two that compute for long ahead of each other owe no more for it than a burst or two. */
static void test_burst_after_two(void)
{
	ok(!group_make("two") && !group_make("rival"), "two groups");
	pid_t rival = start_in("rival", 0), fellow = start_in("two", 10000);
	ok(!group_move("two", 0) && sched_set_burst_hint(0, 10000) == 10000 && sched_set_latency_hint(0, 1000) == 1000,
	   "and this one");
	for (int64_t end = now_ns() + 3000LL * MS; now_ns() < end;)
		;
	end(fellow);
	usleep(300000);
	int64_t stretch = stretch_ns();
	ok(stretch >= 10 * MS, "who is left has its burst again: %lld us", (long long)stretch / 1000);
	sched_set_latency_hint(0, 0);
	sched_set_burst_hint(0, 0);
	end(rival);
	ok(!group_move("", 0) && !group_remove("two") && !group_remove("rival"), "the end");
}

static void test_idle(void)
{
	pid_t plain = spinner(), idle = spinner();

	sched_set_qos_class(idle, SCHED_QOS_IDLE);
	usleep(100000);
	int64_t plain_ns = -used_ns(plain), idle_ns = -used_ns(idle);
	usleep(1000000);
	plain_ns += used_ns(plain);
	idle_ns += used_ns(idle);
	ok(idle_ns * 100 < plain_ns, "idle runs when nobody else wants the CPU (%lld us)", (long long)idle_ns / 1000);
	end(plain);
	int64_t before = used_ns(idle);
	usleep(100000);
	ok(used_ns(idle) - before > 90 * MS, "and then it does");
	end(idle);
}

int main(int argc, char **argv)
{
	unsigned long first = 1;

	if (argc > 1 && !strcmp(argv[1], "look"))
		return look();
	if (argc > 1) {
		sched_set_affinity(0, sizeof(first), &first, 0);
		test_latency();
		test_shares("interactive", SCHED_QOS_INTERACTIVE, 0, 0);
		test_shares("perf-burst", SCHED_QOS_PERF_BURST, 0, 0);
		test_shares("every hint", SCHED_QOS_PERF_BURST, 100, 10000);
		test_second();
		test_burst();
		test_idle();
		test_ring();
		test_burst_after_two();
		return tap_done();
	}
	test_settings();
	test_affinity();
	test_privilege();
	test_inheritance(argv[0]);
	return tap_done();
}
