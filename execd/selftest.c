// SPDX-License-Identifier: Apache-2.0
/*
 * selftest.c - see selftest.h.
 *
 * Nothing here believes what was written: a task's CPUs are what sched_getaffinity(2) and
 * /proc/PID/stat say, its class and slice what its run queue goes by, shares are the CPU time that
 * competing tasks have had.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "execd/clock.h"
#include "execd/log.h"
#include "execd/selftest.h"

enum {
	MEASURE_NS = 800000000,
	CONFINED_NS = 200000000,
	BUSY_LOOPS = 4,
	NAPS = 25,
	NAP_NS = 7000000,
	WORK_NS = 1000000,
	PROCESSOR_FIELD = 39, /* of /proc/PID/stat */
	HEAVY_SHARES = 300,
	LIGHT_SHARES = 100,
	ERROR_PERCENT = 5, /* of the ratio of the two */
};

/* ---- what was started ---- */

/* The CPU that the task ran on last; -1: it is gone. */
static int task_cpu(pid_t pid)
{
	char path[40], text[1024];
	int cpu = -1;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return -1;
	char *at = fgets(text, sizeof(text), file) ? strrchr(text, ')') : NULL;
	fclose(file);
	for (int field = 2; at && field < PROCESSOR_FIELD; field++)
		at = strchr(at + 1, ' ');
	if (at)
		cpu = atoi(at + 1);
	return cpu;
}

/* Whether the group's file has something else than `usual`. */
static bool is_set(const struct sched_tree *tree, const struct sched_group *group, const char *file,
		   const char *usual)
{
	struct sched_error error;
	char *text;

	if (sched_file_read(tree, group, file, &text, &error))
		return false;
	bool set = strcmp(text, usual) != 0;
	free(text);
	return set;
}

static void check_affinity(const struct sched_tree *tree, const struct sched_group *group,
			   const struct recipe_service *service, pid_t pid)
{
	struct cpumask wanted, has;
	struct sched_error error;
	char list[512];

	if (sched_group_effective(tree, group, &wanted, &error) ||
	    sched_task_affinity(pid, &has, &error) || !cpumask_equal(&wanted, &has))
		return;
	int cpu = task_cpu(pid);
	if (cpu < 0 || !cpumask_test(&wanted, (unsigned int)cpu))
		return;
	log_info("affinity set (svc=%s mask=%s policy=%s)", service->name,
		 sched_cpus_text(&has, list, sizeof(list)),
		 is_set(tree, group, "sched.cpu_class", "any") ? "class"
		 : is_set(tree, group, "cpuset.cpus", "")      ? "cpus"
							       : "any");
}

/* ---- what is obeyed ---- */

static void rest(int64_t duration_ns)
{
	struct timespec left = { duration_ns / 1000000000, duration_ns % 1000000000 };

	while (nanosleep(&left, &left))
		;
}

static void end(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* A group with these settings ("FILE=VALUE", NULL at the end); false: it is not there. */
static bool make_group(const struct sched_tree *tree, struct sched_group *group, const char *path,
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

/* A child in the group that never rests. */
static pid_t spin_in(const struct sched_tree *tree, const struct sched_group *group)
{
	struct sched_error error;
	pid_t pid = sched_fork_into(tree, group, &error);

	if (!pid)
		for (volatile unsigned long turns = 0;; turns++)
			;
	return pid;
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

/* ---- QoS ---- */

static int by_value(const void *a, const void *b)
{
	int64_t difference = *(const int64_t *)a - *(const int64_t *)b;

	return difference < 0 ? -1 : difference > 0;
}

/* How much later than it asked to the current task runs, which works a little each time: the median. Who
 * works less is owed more than it takes, and is hardly ever late. */
static int64_t median_lateness_ns(void)
{
	int64_t late[NAPS];

	for (int i = 0; i < NAPS; i++) {
		int64_t due = now_ns() + NAP_NS;
		rest(NAP_NS);
		late[i] = now_ns() - due;
		while (now_ns() < due + late[i] + WORK_NS)
			;
	}
	qsort(late, NAPS, sizeof(late[0]), by_value);
	return late[NAPS / 2];
}

/* The same of a child in the group that has chosen a class; -1: it could not be measured. */
static int64_t lateness_of_class(const struct sched_tree *tree, const struct sched_group *group,
				 const char *qos_class)
{
	struct sched_error error;
	int64_t late = -1;
	int ends[2];

	if (pipe(ends))
		return -1;
	pid_t pid = sched_fork_into(tree, group, &error);
	if (!pid) {
		if (!sched_task_set_qos(0, (unsigned int)sched_qos_parse(qos_class), &error))
			late = median_lateness_ns();
		_exit(write(ends[1], &late, sizeof(late)) != sizeof(late));
	}
	close(ends[1]);
	if (read(ends[0], &late, sizeof(late)) != sizeof(late))
		late = -1;
	close(ends[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return late;
}

/* Beside busy loops, an interactive task waits for a quarter of what a normal one does at most. */
static bool measure_classes(const struct sched_tree *tree)
{
	struct sched_group group;
	struct sched_error error;

	if (!make_group(tree, &group, "selftest-qos", (const char *const[]){ "cpuset.cpus=0", NULL }))
		return false;
	pid_t busy[BUSY_LOOPS];
	for (int i = 0; i < BUSY_LOOPS; i++)
		busy[i] = spin_in(tree, &group);
	int64_t normal = lateness_of_class(tree, &group, "normal");
	int64_t interactive = lateness_of_class(tree, &group, "interactive");
	for (int i = 0; i < BUSY_LOOPS; i++)
		end(busy[i]);
	sched_group_remove(tree, &group, &error);
	return normal > 0 && interactive >= 0 && interactive * 4 <= normal;
}

static bool classes_hold(const struct sched_tree *tree)
{
	static enum { UNKNOWN, HOLD, FAIL } result;

	if (result == UNKNOWN)
		result = measure_classes(tree) ? HOLD : FAIL;
	return result == HOLD;
}

/* What the file says in the nearest group, from this one up, that says something; NULL: none does.
 * To be freed. */
static char *inherited_setting(const struct sched_tree *tree, const struct sched_group *group,
			       const char *file, const char *nothing)
{
	struct sched_group above = *group;
	struct sched_error error;
	char *text;

	while (*above.path && !sched_file_read(tree, &above, file, &text, &error)) {
		if (strcmp(text, nothing) != 0)
			return text;
		free(text);
		char *slash = strrchr(above.path, '/');
		*(slash ? slash : above.path) = '\0';
	}
	return NULL;
}

static void check_qos(const struct sched_tree *tree, const struct sched_group *group,
		      const struct recipe_service *service, pid_t pid)
{
	struct sched_task_qos qos;
	struct sched_error error;
	char *class = inherited_setting(tree, group, "sched.qos", "inherited");
	char *latency = inherited_setting(tree, group, "sched.latency_ms", "0");
	char *shares = NULL, *burst = NULL;

	if (classes_hold(tree) && !sched_task_qos(pid, &qos, &error) &&
	    !strcmp(class ? class : "normal", sched_qos_names[qos.qos_class]) &&
	    (!latency || strtoul(latency, NULL, 10) * 1000 == qos.slice_us) &&
	    !sched_file_read(tree, group, "cpu.weight", &shares, &error) &&
	    !sched_file_read(tree, group, "cpu.max.burst", &burst, &error))
		log_info("qos set (svc=%s class=%s shares=%s lat=%uus burst=%sus)", service->name,
			 sched_qos_names[qos.qos_class], shares, qos.slice_us, burst);
	free(class);
	free(latency);
	free(shares);
	free(burst);
}

void selftest_service(const struct sched_tree *tree, const struct recipe_service *service, pid_t pid)
{
	struct sched_group group;

	snprintf(group.path, sizeof(group.path), "%s", service->group);
	check_affinity(tree, &group, service, pid);
	check_qos(tree, &group, service, pid);
}

/* ---- shares and masks ---- */

/* Two that want all of one CPU get it in the ratio of their shares. */
static bool shares_hold(const struct sched_tree *tree)
{
	struct sched_group parent, heavy, light;
	bool made = make_group(tree, &parent, "selftest", (const char *const[]){ "cpuset.cpus=0", NULL }) &&
		    make_group(tree, &heavy, "selftest/heavy",
			       (const char *const[]){ "cpu.weight=300", NULL }) &&
		    make_group(tree, &light, "selftest/light",
			       (const char *const[]){ "cpu.weight=100", NULL });
	if (!made)
		return false;
	pid_t first = spin_in(tree, &heavy), second = spin_in(tree, &light);
	rest(MEASURE_NS / 8); /* both have begun */
	int64_t heavy_us = -usage_us(tree, &heavy), light_us = -usage_us(tree, &light);
	rest(MEASURE_NS);
	heavy_us += usage_us(tree, &heavy);
	light_us += usage_us(tree, &light);
	end(first);
	end(second);
	int64_t expected = light_us * HEAVY_SHARES / LIGHT_SHARES;
	return first > 0 && second > 0 && light_us > 0 &&
	       llabs(heavy_us - expected) * 100 <= expected * ERROR_PERCENT;
}

/* In the child: asks for every CPU again and again, and looks where it is. */
static _Noreturn void try_to_leave(unsigned int home)
{
	int64_t until = now_ns() + CONFINED_NS;
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	while (now_ns() < until) {
		sched_setaffinity(0, sizeof(all), &all);
		for (int i = 0; i < 1000; i++)
			if (sched_getcpu() != (int)home)
				_exit(1);
		sched_yield();
	}
	_exit(0);
}

/* Two that do what they can to leave their group's only CPU stay there, though one has to wait while others idle. */
static bool masks_hold(const struct sched_tree *tree)
{
	struct sched_group group;
	struct sched_error error;
	struct cpumask cpus = sched_machine_cpus();
	unsigned int home = 0;
	char setting[40];
	bool hold = true;

	cpumask_for_each(cpu, &cpus)
		home = cpu;
	snprintf(setting, sizeof(setting), "cpuset.cpus=%u", home);
	if (!make_group(tree, &group, "selftest-mask", (const char *const[]){ setting, NULL }))
		return false;
	pid_t pids[2];
	for (int i = 0; i < 2; i++) {
		pids[i] = sched_fork_into(tree, &group, &error);
		if (!pids[i])
			try_to_leave(home);
	}
	for (int i = 0; i < 2; i++) {
		int status = 1;

		hold &= pids[i] > 0 && waitpid(pids[i], &status, 0) == pids[i] && status == 0;
	}
	return hold;
}

void selftest_run(const struct sched_tree *tree)
{
	static const char *const groups[] = { "selftest/heavy", "selftest/light", "selftest",
					      "selftest-mask" };

	if (shares_hold(tree))
		log_line("SELFTEST: qos shares ratio ok");
	if (masks_hold(tree))
		log_line("SELFTEST: affinity applied ok");
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		struct sched_group group;
		struct sched_error error;

		snprintf(group.path, sizeof(group.path), "%s", groups[i]);
		sched_group_remove(tree, &group, &error);
	}
}
