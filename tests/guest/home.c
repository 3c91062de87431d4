// SPDX-License-Identifier: Apache-2.0
/*
 * home.c - a task that wakes up, and a child that is born, run near the task's memory when a CPU is idle
 * there, wherever they ran before; and elsewhere when none is. For 2 or 4 memory nodes with 8 CPUs.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "tests/guest/group.h"
#include "tests/guest/nodes.h"
#include "tests/guest/tap.h"

enum { MANY = 1500, WAKES = 40, SOME = WAKES * 9 / 10, CPUS = 8 };

static unsigned int here(void)
{
	unsigned int cpu, node;
	return syscall(SYS_getcpu, &cpu, &node, NULL) ? 99 : node;
}

static void unpin(void)
{
	cpu_set_t all;
	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
}

/* Of how many wake-ups one ends on a node, after it has run elsewhere. */
static int wakes_on(unsigned int node, unsigned int from)
{
	int count = 0;
	run_on_node(from);
	unpin();
	for (int i = 0; i < WAKES; i++) {
		usleep(2000);
		count += here() == node;
	}
	printf("# %d of %d wake-ups on node %u\n", count, WAKES, node);
	return count;
}

/* Memory that is on a node, whoever touches it. */
static char *memory_on(unsigned int node)
{
	uint64_t nodes = UINT64_C(1) << node;
	char *memory = pages_new(MANY, MAP_PRIVATE);
	bind_to(memory, MANY, BIND, nodes, 0);
	pages_touch(memory, MANY);
	return memory;
}

static void test_memory(void)
{
	uint64_t node0 = 1, node1 = 2;
	char *memory = memory_on(1);
	ok(wakes_on(1, 0) >= SOME, "one wakes up where most of one's memory is");
	ok(wakes_on(1, 1) >= SOME, "and stays there");
	cpu_set_t away;
	CPU_ZERO(&away);
	CPU_SET(0, &away);
	sched_setaffinity(0, sizeof(away), &away);
	usleep(2000);
	ok(here() == 0, "a pin goes before it");
	unpin();
	ok(migrate(0, 64, &node1, &node0) >= 0 && wakes_on(0, 1) >= SOME, "memory moved: one follows");
	munmap(memory, MANY * PAGE);
}

static int child_runs_on(unsigned int node, unsigned int from)
{
	int count = 0, status;
	run_on_node(from);
	unpin();
	for (int i = 0; i < WAKES; i++) {
		pid_t child = fork();
		if (child == 0)
			_exit(here() == node ? 0 : 1);
		waitpid(child, &status, 0);
		count += status == 0;
		usleep(2000); /* it may still be on its way out of a CPU */
	}
	printf("# %d of %d children on node %u\n", count, WAKES, node);
	return count;
}

static void test_fork(void)
{
	char *memory = memory_on(1);
	ok(child_runs_on(1, 0) >= SOME, "children begin where their parent's memory is");
	munmap(memory, MANY * PAGE);
}

static void test_policies(void)
{
	char *memory = memory_on(0);
	policy(BIND, 2);
	ok(wakes_on(1, 0) >= SOME, "BIND: near the nodes that one is bound to");
	policy(PREFERRED, 1);
	ok(wakes_on(0, 1) >= SOME, "PREFERRED: near the node that is preferred");
	policy(DEFAULT, 0);
	munmap(memory, MANY * PAGE);
}

static void test_urgent(void)
{
	struct sched_param least = { .sched_priority = 1 }, none = { .sched_priority = 0 };
	char *memory = memory_on(1);
	ok(!sched_setscheduler(0, SCHED_FIFO, &least) && wakes_on(1, 0) >= SOME && wakes_on(1, 1) >= SOME,
	   "a real-time task wakes up near its memory, too");
	ok(child_runs_on(1, 0) >= SOME, "and its children begin there");
	ok(!sched_setscheduler(0, SCHED_OTHER, &none), "it is real-time no more");
	munmap(memory, MANY * PAGE);
}

static void test_mems(void)
{
	char *memory = memory_on(0);
	ok(!group_put("m", "cpuset.mems", "0") && !group_move("m", 0) && wakes_on(0, 1) >= SOME,
	   "cpuset.mems: near its nodes");
	ok(!group_put("m", "cpuset.mems", "1") && wakes_on(1, 0) >= SOME, "and near the next ones");
	ok(!group_move("", 0) && pages_on(0, memory, MANY, 2) == MANY && wakes_on(1, 0) >= SOME,
	   "that is remembered with all nodes");
	munmap(memory, MANY * PAGE);
}

/* Every CPU of node 1 has something to do: idle ones elsewhere are better than to wait. */
static void test_busy(void)
{
	pid_t spinners[CPUS];
	int count = 0, status;
	char *memory = memory_on(1);
	for (int cpu = 0; cpu < CPUS; cpu++) {
		pid_t child = fork();
		if (child == 0) {
			cpu_set_t set;
			CPU_ZERO(&set);
			CPU_SET((size_t)cpu, &set);
			sched_setaffinity(0, sizeof(set), &set);
			if (here() != 1)
				_exit(0);
			for (;;)
				;
		}
		spinners[count++] = child;
	}
	usleep(100000);
	ok(wakes_on(1, 0) <= WAKES - SOME, "where all CPUs are busy there, one wakes up elsewhere");
	while (count) {
		kill(spinners[--count], SIGKILL);
		waitpid(spinners[count], &status, 0);
	}
	munmap(memory, MANY * PAGE);
}

int main(void)
{
	group_put("", "cgroup.subtree_control", "+cpuset");
	ok(!group_make("m"), "a group");
	test_memory();
	test_fork();
	test_policies();
	test_urgent();
	test_mems();
	test_busy();
	ok(!group_remove("m"), "nothing is left of it");
	return tap_done();
}
