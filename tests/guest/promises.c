// SPDX-License-Identifier: Apache-2.0
/*
 * promises.c - a partition keeps the CPUs that its deadline tasks were promised: what is refused for their
 * sake (and then changes nothing), and what is not. The answers are Linux 6.12's, but for those about
 * cpuset.cpus.exclusive (docs/syscalls.md).
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "tests/guest/group.h"
#include "tests/guest/online.h"
#include "tests/guest/policy.h"
#include "tests/guest/tap.h"
#include "tests/guest/tasks.h"

enum { MILLISECOND = 1000000 };


#define ANSWERS(error, call) answers(error, call, #call, __LINE__)
static void answers(int wanted, int got, const char *call, int line)
{
	ok(got == wanted, "%s is %s, line %d (%s)", call, wanted ? strerror(-wanted) : "0", line, strerror(-got));
}

static int set_percent(pid_t pid, int percent)
{
	return set_deadline(pid, (uint64_t)percent * MILLISECOND, 100 * MILLISECOND, 100 * MILLISECOND);
}

/* A task in that group that is promised so much of a CPU, and sleeps; its number, or -errno. */
static int promise(const char *group, int percent)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	tasks[task_count++] = pid;
	int error = group_move(group, pid);
	error = error ? error : set_percent(pid, percent);
	return error ? error : task_count - 1;
}

static int make_partition(const char *group, const char *cpus)
{
	int error = group_make(group);

	error = error ? error : group_put(group, "cpuset.cpus", cpus);
	return error ? error : group_put(group, "cpuset.cpus.partition", "root");
}

static bool has(const char *group, const char *cpus, const char *partition)
{
	return group_is(group, "cpuset.cpus.effective", cpus) && group_is(group, "cpuset.cpus.partition", partition);
}

static void test_cpus(void)
{
	ANSWERS(0, make_partition("dl", "2-3"));
	ok(promise("dl", 90) >= 0 && promise("dl", 100) >= 0, "two CPUs are promised to two tasks");
	ANSWERS(-EBUSY, group_put("dl", "cpuset.cpus", "2"));
	ok(group_is("dl", "cpuset.cpus", "2-3") && has("dl", "2-3", "root"), "and nothing has changed");
	ANSWERS(-EBUSY, group_put("dl", "cpuset.cpus", "1"));
	ANSWERS(-ENOSPC, group_put("dl", "cpuset.cpus", "\n"));
	ANSWERS(0, group_put("dl", "cpuset.cpus", "1-2"));
	ok(has("dl", "1-2", "root"), "others as many will do");
	ANSWERS(0, group_put("dl", "cpuset.cpus", "1-3"));
	ANSWERS(0, group_put("dl", "cpuset.cpus", "2-3"));
	ANSWERS(0, set_percent(tasks[1], 5));
	ANSWERS(0, group_put("dl", "cpuset.cpus", "2"));
	ok(has("dl", "2", "root"), "with less promised it may shrink");
	ANSWERS(-EBUSY, set_percent(tasks[1], 6));
	ANSWERS(0, group_put("dl", "cpuset.cpus", "2-3"));
	ANSWERS(0, set_percent(tasks[1], 100));
	kill(tasks[0], SIGKILL);
	waitpid(tasks[0], NULL, 0);
	ANSWERS(-EBUSY, group_put("dl", "cpuset.cpus", "2"));
	ANSWERS(0, set_policy(tasks[1], SCHED_OTHER, 0));
	ANSWERS(0, group_put("dl", "cpuset.cpus", "2"));
	end_all();
	ANSWERS(0, group_remove("dl"));
}

static void test_exclusive(void)
{
	ANSWERS(0, make_partition("dl", "1-3"));
	promise("dl", 90);
	promise("dl", 90);
	ANSWERS(-EBUSY, group_put("dl", "cpuset.cpus.exclusive", "3"));
	ok(group_is("dl", "cpuset.cpus.exclusive", "") && has("dl", "1-3", "root"), "and nothing has changed");
	ANSWERS(0, group_put("dl", "cpuset.cpus.exclusive", "2-3"));
	ANSWERS(-EBUSY, group_put("dl", "cpuset.cpus.exclusive", "2"));
	ANSWERS(0, group_put("dl", "cpuset.cpus", "2"));
	ok(has("dl", "2-3", "root"), "cpuset.cpus has no say then");
	ANSWERS(-EBUSY, group_put("dl", "cpuset.cpus.exclusive", "\n"));
	ANSWERS(0, group_put("dl", "cpuset.cpus.partition", "isolated"));
	ANSWERS(-EBUSY, group_put("dl", "cpuset.cpus.exclusive", "2"));
	ok(has("dl", "2-3", "isolated"), "an isolated partition promises, too");
	end_all();
	ANSWERS(0, group_remove("dl"));
}

static void test_hotplug(void)
{
	ANSWERS(0, make_partition("dl", "1-3"));
	promise("dl", 90);
	promise("dl", 90);
	ANSWERS(0, set_online(1, "0"));
	ANSWERS(-EBUSY, set_online(2, "0"));
	ok(has("dl", "2-3", "root"), "the second stays");
	ANSWERS(-EBUSY, group_put("dl", "cpuset.cpus", "1-2"));
	ANSWERS(0, set_online(1, "1"));
	ANSWERS(0, group_put("dl", "cpuset.cpus", "1-2"));
	end_all();
	ANSWERS(0, group_remove("dl"));
}

/* What takes the CPUs away by the way is not refused; what is promised above goes on counting. */
static void test_not_refused(void)
{
	ANSWERS(0, make_partition("dl", "1-3"));
	ANSWERS(0, group_put("dl", "cgroup.subtree_control", "+cpuset"));
	promise("dl", 90);
	promise("dl", 90);
	ANSWERS(0, make_partition("dl/below", "2-3"));
	ok(has("dl", "1", "root"), "a partition below takes CPUs");
	ANSWERS(0, group_put("dl/below", "cpuset.cpus.partition", "member"));
	ANSWERS(0, group_remove("dl/below"));
	ANSWERS(0, make_partition("beside", "3"));
	ok(group_is("dl", "cpuset.cpus.partition", "root invalid (Cpu list in cpuset.cpus not exclusive)"),
	   "one beside it makes it invalid");
	ANSWERS(0, group_remove("beside"));
	ANSWERS(0, group_put("dl", "cpuset.cpus.partition", "member"));
	ANSWERS(0, group_put("dl", "cpuset.cpus", "1"));
	ok(has("dl", "1", "member"), "a member is no partition");
	ANSWERS(0, group_put("dl", "cpuset.cpus.partition", "root"));
	ok(has("dl", "1", "root"), "nor is it asked what it may become");
	ANSWERS(-EBUSY, set_percent(tasks[0], 89));
	end_all();
	ANSWERS(0, group_remove("dl"));
}

/* Without cpuset the tasks of two partitions come to the CPU that is left above them. */
static void test_controller(void)
{
	ANSWERS(0, make_partition("dl", "1-3"));
	ANSWERS(0, group_put("dl", "cgroup.subtree_control", "+cpuset"));
	ANSWERS(0, make_partition("dl/one", "2"));
	ANSWERS(0, make_partition("dl/two", "3"));
	promise("dl/one", 50);
	int second = promise("dl/two", 50);
	ANSWERS(-EBUSY, group_put("dl", "cgroup.subtree_control", "-cpuset"));
	ok(has("dl/one", "2", "root") && has("dl/two", "3", "root") && has("dl", "1", "root"), "all are there");
	ANSWERS(0, set_policy(tasks[second], SCHED_OTHER, 0));
	ANSWERS(0, group_put("dl", "cgroup.subtree_control", "-cpuset"));
	ok(group_is("dl", "cpuset.cpus.effective", "1-3"), "one alone fits");
	end_all();
	ANSWERS(0, group_remove("dl/one"));
	ANSWERS(0, group_remove("dl/two"));
	ANSWERS(0, group_remove("dl"));
}

static pthread_barrier_t promised;

static void *six_tenths(void *unused)
{
	set_percent(0, 60);
	pthread_barrier_wait(&promised);
	for (;;)
		pause();
	return unused;
}

/* A process of two threads with that. */
static pid_t start_pair(const char *group)
{
	int ready[2];
	char byte;

	if (pipe(ready))
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		pthread_t thread;

		group_move(group, 0);
		pthread_barrier_init(&promised, NULL, 2);
		pthread_create(&thread, NULL, six_tenths, NULL);
		pthread_barrier_wait(&promised);
		_exit(set_percent(0, 60) || write(ready[1], "", 1) != 1 || pause());
	}
	close(ready[1]);
	ok(read(ready[0], &byte, 1) == 1, "a process is promised six tenths of a CPU twice");
	close(ready[0]);
	tasks[task_count++] = pid;
	return pid;
}

static void test_moves(void)
{
	ANSWERS(0, make_partition("one", "1"));
	ANSWERS(0, make_partition("two", "2-3"));
	int first = promise("two", 50), second = promise("two", 50);
	ANSWERS(0, group_move("one", tasks[first]));
	ANSWERS(-EBUSY, group_move("one", tasks[second]));
	ANSWERS(0, group_move("", tasks[first]));
	ANSWERS(0, group_move("one", tasks[second]));
	ANSWERS(-EBUSY, group_move("one", tasks[first]));
	ANSWERS(0, group_move("two", tasks[first]));
	end_all();
	pid_t pair = start_pair("two");
	ANSWERS(-EBUSY, group_move("one", pair));
	ANSWERS(-EBUSY, group_move("", pair));
	ANSWERS(0, group_remove("one"));
	ANSWERS(0, group_move("", pair));
	end_all();
	ANSWERS(0, group_remove("two"));
}

int main(void)
{
	group_put("", "cgroup.subtree_control", "+cpuset");
	test_cpus();
	test_exclusive();
	test_hotplug();
	test_not_refused();
	test_controller();
	test_moves();
	return tap_done();
}
