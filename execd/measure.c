// SPDX-License-Identifier: Apache-2.0
/*
 * measure.c - see measure.h.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "execd/clock.h"
#include "execd/measure.h"

enum {
	SETTLE_NS = 50000000,
	SHARES_NS = 300000000,
	SHORT_SLICE_US = 1000, /* by a slice at either end CPU time may differ */
	ERROR_PERCENT = 5,     /* of a ratio of shares */
	NAPS = 25,
	NAP_NS = 7000000,
	WORK_NS = 1000000,
	STRETCHES = 5,
};

void measure_rest(int64_t duration_ns)
{
	struct timespec left = { duration_ns / 1000000000, duration_ns % 1000000000 };

	while (nanosleep(&left, &left))
		;
}

bool measure_make_group(const struct sched_tree *tree, struct sched_group *group, const char *path,
			const char *const settings[])
{
	struct sched_error error;
	unsigned int made;

	snprintf(group->path, sizeof(group->path), "%s", path);
	if (sched_group_create(tree, group, SCHED_CREATE_PARENTS, &made, &error))
		return false;
	for (; *settings; settings++) {
		const char *value = strchr(*settings, '=') + 1;
		char file[64];

		snprintf(file, sizeof(file), "%.*s", (int)(value - *settings - 1), *settings);
		if (sched_file_write(tree, group, file, value, &error))
			return false;
	}
	return true;
}

/* ---- how much ---- */

static _Noreturn void spin(void)
{
	for (volatile unsigned long turns = 0;; turns++)
		;
}

pid_t measure_spin(const struct sched_tree *tree, const struct sched_group *group)
{
	struct sched_error error;
	pid_t pid = sched_fork_into(tree, group, &error);

	if (!pid)
		spin();
	return pid;
}

void measure_end(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* One that takes its turns on that CPU, and takes short ones. */
static pid_t spin_on(const struct sched_tree *tree, const struct sched_group *group, unsigned int cpu)
{
	struct cpumask mask = cpumask_none();
	struct sched_error error;
	pid_t pid = sched_fork_into(tree, group, &error);

	if (pid)
		return pid;
	cpumask_set(&mask, cpu);
	if (sched_task_pin(0, &mask, &error) ||
	    sched_task_set_hint(0, SCHED_HINT_LATENCY, SHORT_SLICE_US, &error))
		_exit(1);
	spin();
}

static int64_t usage_us(const struct sched_tree *tree, const struct sched_group *group)
{
	struct sched_error error;
	long long usage = -1;
	char *text;

	if (sched_file_read(tree, group, "cpu.stat", &text, &error))
		return -1;
	if (sscanf(text, "usage_usec %lld", &usage) != 1)
		usage = -1;
	free(text);
	return usage;
}

bool measure_ratio(const struct sched_tree *tree, const struct measure_side sides[2], unsigned int cpu)
{
	int64_t had_us[2];
	pid_t pids[2];

	for (int i = 0; i < 2; i++)
		pids[i] = spin_on(tree, sides[i].group, cpu);
	measure_rest(SETTLE_NS);
	for (int i = 0; i < 2; i++)
		had_us[i] = -usage_us(tree, sides[i].group);
	measure_rest(SHARES_NS);
	for (int i = 0; i < 2; i++)
		had_us[i] += usage_us(tree, sides[i].group);
	for (int i = 0; i < 2; i++)
		measure_end(pids[i]);
	int64_t first = had_us[0] * sides[1].shares, second = had_us[1] * sides[0].shares;
	return pids[0] > 0 && pids[1] > 0 && second > 0 &&
	       llabs(first - second) * 100 <= second * ERROR_PERCENT;
}

/* ---- when ---- */

int64_t measure_in(const struct sched_tree *tree, const struct sched_group *group,
		   int64_t (*find_out)(int64_t argument), int64_t argument)
{
	struct sched_error error;
	int64_t result = -1;
	int ends[2];

	if (pipe(ends))
		return -1;
	pid_t pid = sched_fork_into(tree, group, &error);
	if (!pid) {
		result = find_out(argument);
		_exit(write(ends[1], &result, sizeof(result)) != sizeof(result));
	}
	close(ends[1]);
	if (read(ends[0], &result, sizeof(result)) != sizeof(result))
		result = -1;
	close(ends[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return result;
}

static int by_value(const void *a, const void *b)
{
	int64_t difference = *(const int64_t *)a - *(const int64_t *)b;

	return difference < 0 ? -1 : difference > 0;
}

static int64_t median(int64_t values[], size_t count)
{
	qsort(values, count, sizeof(values[0]), by_value);
	return values[count / 2];
}

/* Who works less is owed more than it takes, and is hardly ever late. */
int64_t measure_lateness_ns(void)
{
	int64_t late[NAPS];

	for (int i = 0; i < NAPS; i++) {
		int64_t due = now_ns() + NAP_NS;
		measure_rest(NAP_NS);
		late[i] = now_ns() - due;
		while (now_ns() < due + late[i] + WORK_NS)
			;
	}
	return median(late, NAPS);
}

/* How often something else had the CPU. */
static long switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw + usage.ru_nivcsw;
}

int64_t measure_stretch_ns(int64_t most_ns)
{
	int64_t begin = now_ns(), last = begin, now = begin;
	long before = switches();

	while (switches() == before && now - begin < most_ns) {
		last = now;
		now = now_ns();
	}
	return last - begin;
}

int64_t measure_stretch_after_rest_ns(int64_t rest_ns, int64_t most_ns)
{
	int64_t stretches[STRETCHES];

	for (int i = 0; i < STRETCHES; i++) {
		measure_rest(rest_ns);
		stretches[i] = measure_stretch_ns(most_ns);
	}
	return median(stretches, STRETCHES);
}
