// SPDX-License-Identifier: Apache-2.0
/*
 * nested.c - shares down a tree: what each group of spinners gets of all CPUs, against what its weights and
 * those above it say, within 2 %. Meant for virtual time.
 *
 * The ideal is poured in from the top: each group hands on what it has by weight, never more to a child
 * than the tasks below that can use, and what is left over to the others.
 */
#define _GNU_SOURCE
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { NODES_MAX = 12, TASKS_MAX = 64, SETTLE_MS = 400, MEASURE_MS = 4000 };

/* Groups with those above them first; the first is the top. */
struct shape {
	const char *name;
	struct {
		const char *path;
		int parent; /* an index; -1: it is the top */
		int weight, tasks;
	} nodes[NODES_MAX];
};

static const struct shape shapes[] = {
	{ "three levels, eight groups", {
		{ "n", -1, 100, 0 },
		{ "n/a", 0, 300, 0 }, { "n/b", 0, 200, 0 },
		{ "n/a/p", 1, 100, 0 }, { "n/a/q", 1, 50, 5 }, { "n/b/r", 2, 100, 4 },
		{ "n/a/p/u", 3, 100, 4 }, { "n/a/p/v", 3, 300, 6 }, { "n/b/s", 2, 300, 4 } } },
	{ "a group of many and a group of one", {
		{ "n", -1, 100, 0 }, { "n/many", 0, 100, 16 }, { "n/one", 0, 100, 1 } } },
	{ "groups that cannot use their shares", {
		{ "n", -1, 100, 0 }, { "n/a", 0, 1000, 1 }, { "n/b", 0, 100, 4 }, { "n/c", 0, 50, 4 } } },
	{ "groups that are spread over all CPUs", {
		{ "n", -1, 100, 0 }, { "n/a", 0, 300, 4 }, { "n/b", 0, 100, 4 } } },
};

static int count_of(const struct shape *shape)
{
	int count = 0;

	while (count < NODES_MAX && shape->nodes[count].path)
		count++;
	return count;
}

/* CPUs that the tasks in it and below it can use. */
static double usable(const struct shape *shape, int at, int cpus)
{
	double sum = shape->nodes[at].tasks;

	for (int i = 0; i < count_of(shape); i++)
		if (shape->nodes[i].parent == at)
			sum += usable(shape, i, cpus);
	return sum < cpus ? sum : cpus;
}

/* Pours so many CPUs into a group. */
static void pour(const struct shape *shape, int at, double amount, int cpus, double *ideal)
{
	bool full[NODES_MAX] = { false };
	int count = count_of(shape);

	ideal[at] = amount;
	for (bool again = true; again;) {
		double weights = 0, left = amount;

		again = false;
		for (int i = 0; i < count; i++)
			if (shape->nodes[i].parent == at) {
				weights += full[i] ? 0 : shape->nodes[i].weight;
				left -= full[i] ? usable(shape, i, cpus) : 0;
			}
		for (int i = 0; i < count; i++) {
			if (shape->nodes[i].parent != at || full[i])
				continue;
			ideal[i] = left * shape->nodes[i].weight / weights;
			if (ideal[i] > usable(shape, i, cpus)) {
				full[i] = again = true;
				break;
			}
		}
	}
	for (int i = 0; i < count; i++)
		if (shape->nodes[i].parent == at)
			pour(shape, i, full[i] ? usable(shape, i, cpus) : ideal[i], cpus, ideal);
}

static long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static bool build(const struct shape *shape, pid_t *tasks, int *task_count)
{
	bool built = true;

	for (int i = 0; i < count_of(shape); i++) {
		char weight[16];

		snprintf(weight, sizeof(weight), "%d", shape->nodes[i].weight);
		built &= !group_make(shape->nodes[i].path) && !group_put(shape->nodes[i].path, "cpu.weight", weight);
		if (!shape->nodes[i].tasks)
			built &= !group_put(shape->nodes[i].path, "cgroup.subtree_control", "+cpu");
		for (int k = 0; k < shape->nodes[i].tasks; k++) {
			pid_t pid = fork();

			if (pid == 0) {
				if (group_move(shape->nodes[i].path, 0))
					_exit(1);
				for (;;)
					;
			}
			tasks[(*task_count)++] = pid;
		}
	}
	return built;
}

static void measure(const struct shape *shape, int cpus)
{
	double ideal[NODES_MAX] = { 0 };
	long long used[NODES_MAX];
	pid_t tasks[TASKS_MAX];
	int count = count_of(shape), task_count = 0;

	ok(build(shape, tasks, &task_count), "%s", shape->name);
	pour(shape, 0, usable(shape, 0, cpus), cpus, ideal);
	usleep(SETTLE_MS * 1000);
	long long begin = now_us();
	for (int i = 0; i < count; i++)
		used[i] = group_number(shape->nodes[i].path, "cpu.stat", "usage_usec");
	usleep(MEASURE_MS * 1000);
	long long end = now_us();
	for (int i = 0; i < count; i++) {
		long long now = group_number(shape->nodes[i].path, "cpu.stat", "usage_usec");
		double got = (double)(now - used[i]) / (double)(end - begin);

		ok(fabs(got - ideal[i]) <= 0.02 * ideal[i], "%s: %.4f CPUs, %.4f are due (%+.2f %%)",
		   shape->nodes[i].path, got, ideal[i], 100 * (got - ideal[i]) / ideal[i]);
	}
	while (task_count--) {
		kill(tasks[task_count], SIGKILL);
		waitpid(tasks[task_count], NULL, 0);
	}
	while (count--)
		ok(!group_remove(shape->nodes[count].path), "%s goes", shape->nodes[count].path);
}

int main(void)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);

	ok(!group_put("", "cgroup.subtree_control", "+cpu"), "the cpu controller");
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		measure(&shapes[i], cpus);
	return tap_done();
}
