// SPDX-License-Identifier: Apache-2.0
/*
 * privilege.c - who may change whose scheduling: each cell of the table in docs/privilege.md, tried.
 *
 * Targets sleep in groups; an actor of each kind tries each change on each of them.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kernel/include/taper/sched.h"
#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { ALICE = 1000, BOB = 1001, TARGETS = 6 };

static const struct target {
	const char *name, *group;
	uid_t user;
} targets[TARGETS] = {
	{ "alice's, same group", "a", ALICE },
	{ "alice's, below", "a/below", ALICE },
	{ "alice's, beside", "b", ALICE },
	{ "bob's, same group", "a", BOB },
	{ "bob's, below", "a/below", BOB },
	{ "root's, same group", "a", 0 },
};
static pid_t pids[TARGETS];

static int pin(pid_t pid)
{
	cpu_set_t mask;

	CPU_ZERO(&mask);
	CPU_SET(0, &mask);
	return sched_setaffinity(pid, sizeof(mask), &mask) ? -errno : 0;
}

static int make_nicer(pid_t pid)
{
	return setpriority(PRIO_PROCESS, (id_t)pid, 5) ? -errno : 0;
}

static int make_batch(pid_t pid)
{
	const struct sched_param none = { 0 };

	return sched_setscheduler(pid, SCHED_BATCH, &none) ? -errno : 0;
}

static int pin_by_own_call(pid_t pid)
{
	const uint64_t mask = 1;

	return sched_set_affinity(pid, sizeof(mask), &mask, SCHED_AFFINITY_STRICT) < 0 ? -errno : 0;
}

static int make_interactive(pid_t pid)
{
	return sched_set_qos_class(pid, SCHED_QOS_INTERACTIVE) < 0 ? -errno : 0;
}

static int give_shares(pid_t pid)
{
	return sched_set_shares(pid, 200) < 0 ? -errno : 0;
}

static int hint_latency(pid_t pid)
{
	return sched_set_latency_hint(pid, 1000) < 0 ? -errno : 0;
}

static int hint_burst(pid_t pid)
{
	return sched_set_burst_hint(pid, 1000) < 0 ? -errno : 0;
}

static const struct change {
	const char *name;
	int (*try)(pid_t pid);
} changes[] = {
	{ "sched_setaffinity", pin },
	{ "setpriority", make_nicer },
	{ "sched_setscheduler", make_batch },
	{ "sched_set_affinity", pin_by_own_call },
	{ "sched_set_qos_class", make_interactive },
	{ "sched_set_shares", give_shares },
	{ "sched_set_latency_hint", hint_latency },
	{ "sched_set_burst_hint", hint_burst },
};
enum { CHANGES = sizeof(changes) / sizeof(changes[0]) };

static pid_t start_target(const struct target *target)
{
	pid_t pid = fork();

	if (!pid) {
		if (group_move(target->group, 0) || setgid(target->user) || setuid(target->user))
			_exit(1);
		for (;;)
			pause();
	}
	return pid;
}

/* What an actor of that user in group a is answered, by change and target. */
static void act(uid_t user, int answers[CHANGES][TARGETS])
{
	int ends[2], status;

	if (pipe(ends))
		return;
	pid_t pid = fork();
	if (!pid) {
		if (group_move("a", 0) || setgid(user) || setuid(user))
			_exit(1);
		for (int change = 0; change < CHANGES; change++)
			for (int i = 0; i < TARGETS; i++)
				answers[change][i] = changes[change].try(pids[i]);
		_exit(write(ends[1], answers, sizeof(int[CHANGES][TARGETS])) < 0);
	}
	close(ends[1]);
	ok(read(ends[0], answers, sizeof(int[CHANGES][TARGETS])) == sizeof(int[CHANGES][TARGETS]),
	   "an actor of user %d tried everything", (int)user);
	close(ends[0]);
	waitpid(pid, &status, 0);
}

static void expect(const char *actor, int answers[CHANGES][TARGETS], const int wanted[TARGETS])
{
	for (int change = 0; change < CHANGES; change++)
		for (int i = 0; i < TARGETS; i++)
			ok(answers[change][i] == wanted[i], "%s: %s of %s: %d, wanted %d", actor,
			   changes[change].name, targets[i].name, answers[change][i], wanted[i]);
}

static void check_table(void)
{
	static const int to_alice[TARGETS] = { 0, 0, -EPERM, -EPERM, -EPERM, -EPERM };
	static const int to_bob[TARGETS] = { -EPERM, -EPERM, -EPERM, 0, 0, -EPERM };
	static const int to_root[TARGETS] = { 0 };
	int answers[CHANGES][TARGETS];

	act(ALICE, answers);
	expect("alice", answers, to_alice);
	act(BOB, answers);
	expect("bob", answers, to_bob);
	act(0, answers);
	expect("root", answers, to_root);
}

/* ---- within a process ---- */

static pid_t thread_id;
static pthread_barrier_t barrier;

static void *wait_for_the_end(void *unused)
{
	thread_id = (pid_t)syscall(SYS_gettid);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return unused;
}

static void check_own_process(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		pthread_t thread;

		pthread_barrier_init(&barrier, NULL, 2);
		if (setuid(ALICE) || pthread_create(&thread, NULL, wait_for_the_end, NULL))
			_exit(2);
		pthread_barrier_wait(&barrier);
		int error = 0;
		for (int change = 0; change < CHANGES; change++)
			error |= changes[change].try(thread_id);
		pthread_barrier_wait(&barrier);
		pthread_join(thread, NULL);
		_exit(error);
	}
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "threads of one process change each other freely");
}

/* ---- what nobody may ---- */

static int run_as(uid_t user, const char *group, int (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(group_move(group, 0) || setgid(user) || setuid(user) ? 99 : body());
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

/* Beyond the node's mask; the answer is where the task may run. */
static int pin_beyond(void)
{
	cpu_set_t mask;
	int beyond, within;

	CPU_ZERO(&mask);
	CPU_SET(3, &mask);
	beyond = sched_setaffinity(0, sizeof(mask), &mask) ? errno : 0;
	memset(&mask, 0xff, sizeof(mask));
	within = sched_setaffinity(0, sizeof(mask), &mask) || sched_getaffinity(0, sizeof(mask), &mask);
	return beyond == EINVAL && !within && CPU_COUNT(&mask) == 2 && !CPU_ISSET(3, &mask) ? 0 : 1;
}

static int raise_own(void)
{
	const struct sched_param first = { .sched_priority = 1 }, none = { 0 };

	if (!setpriority(PRIO_PROCESS, 0, -5) || errno != EACCES)
		return 1;
	if (!sched_setscheduler(0, SCHED_FIFO, &first) || errno != EPERM)
		return 2;
	return sched_setscheduler(0, SCHED_BATCH, &none) ? 3 : 0;
}

static int write_groups(void)
{
	if (group_put("a", "cpuset.cpus", "0-3") != -EACCES || group_put("a", "cpu.weight", "10000") != -EACCES)
		return 1;
	if (group_put("a", "sched.cpu_class", "performance") != -EACCES ||
	    group_put("a", "sched.opaque", "1") != -EACCES)
		return 2;
	return group_move("b", 0) != -EACCES || group_move("", 0) != -EACCES ? 3 : 0;
}

static int touch_kernel_threads(void)
{
	for (pid_t pid = 2; pid < 4; pid++) {
		char path[32], name[64] = "";

		snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
		int fd = open(path, O_RDONLY);
		bool kernel = fd >= 0 && read(fd, name, sizeof(name)) == 0;
		if (fd >= 0)
			close(fd);
		if (!kernel)
			continue;
		for (int change = 0; change < CHANGES; change++)
			if (!changes[change].try(pid))
				return 1;
		if (!group_move("a", pid))
			return 2;
	}
	return 0;
}

static void check_limits(void)
{
	ok(!run_as(ALICE, "a", pin_beyond), "nobody pins himself beyond his node's mask");
	ok(!run_as(0, "a", pin_beyond), "root neither");
	int answer = run_as(ALICE, "a", raise_own);
	ok(!answer, "a user raises neither level nor class of his own (%d)", answer);
	answer = run_as(ALICE, "a", write_groups);
	ok(!answer, "a user writes no group of root's, and leaves his own not (%d)", answer);
	ok(!run_as(0, "a", touch_kernel_threads), "kernel threads are nobody's");
	ok(!run_as(ALICE, "a", touch_kernel_threads), "a user's neither");
}

int main(void)
{
	ok(!group_put("", "cgroup.subtree_control", "+cpuset +cpu") && !group_make("a") && !group_make("b"),
	   "two groups");
	ok(!group_put("a", "cpuset.cpus", "0-1") && !group_make("a/below"), "of CPUs 0-1");
	for (int i = 0; i < TARGETS; i++)
		pids[i] = start_target(&targets[i]);
	usleep(200000);
	check_table();
	check_own_process();
	check_limits();
	for (int i = 0; i < TARGETS; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	ok(!group_remove("a/below") && !group_remove("a") && !group_remove("b"), "the end");
	return tap_done();
}
