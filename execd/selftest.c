// SPDX-License-Identifier: Apache-2.0
/*
 * selftest.c - see selftest.h.
 *
 * Nothing here believes what was written: a task's CPUs are what sched_getaffinity(2) and
 * /proc/PID/stat say, its class and slice what its run queue goes by, shares and bursts are CPU time
 * that tasks have had (measure.h).
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroups/cg.h"
#include "execd/clock.h"
#include "execd/log.h"
#include "execd/measure.h"
#include "execd/selftest.h"

enum {
	MS = 1000000, /* in ns */
	US = 1000,
	CONFINED_NS = 200 * MS,
	BUSY_LOOPS = 4,
	PROCESSOR_FIELD = 39, /* of /proc/PID/stat */
	RATIO = 3,
	BURST_US = 10000,
	SHORT_SLICE_US = 1000,
	TRIES = 5, /* the host may have been busy: what does not hold never does */
	QUOTA_LEAST_US = 20000,
	PERIOD_MOST_US = 1000000,
	ERROR_PERCENT = 5,
};

/* What has been measured in the groups before any service ran in them. */
static bool classes_hold, bursts_hold;
static struct group_facts {
	long long weight, burst_us; /* -1: it was not obeyed */
} facts[RECIPE_SERVICE_MAX];

/* ---- QoS, before services are started ---- */

static int64_t lateness_of_class(int64_t qos_class)
{
	struct sched_error error;

	if (sched_task_set_qos(0, (unsigned int)qos_class, &error))
		return -1;
	return measure_lateness_ns();
}

static int64_t stretch_with_burst(int64_t burst_us)
{
	struct sched_error error;

	if (sched_task_set_hint(0, SCHED_HINT_LATENCY, SHORT_SLICE_US, &error) ||
	    sched_task_set_hint(0, SCHED_HINT_BURST, (long)burst_us, &error))
		return -1;
	return measure_stretch_after_rest_ns(50 * MS, 100 * MS);
}

/* Beside a busy loop of the same weight, a task with a burst runs for so much longer before the loop is let in. */
static bool measure_bursts(const struct sched_tree *tree, const struct sched_group *group)
{
	pid_t busy = measure_spin(tree, group);
	int64_t without = measure_in(tree, group, stretch_with_burst, 0);
	int64_t with = measure_in(tree, group, stretch_with_burst, BURST_US);

	measure_end(busy);
	return without > 0 && llabs(with - without - BURST_US * US) <= 2 * SHORT_SLICE_US * US;
}

/* Beside busy loops, an interactive task waits for a quarter of what a normal one does at most. */
static bool measure_classes(const struct sched_tree *tree, const struct sched_group *group)
{
	pid_t busy[BUSY_LOOPS];

	for (int i = 0; i < BUSY_LOOPS; i++)
		busy[i] = measure_spin(tree, group);
	int64_t normal = measure_in(tree, group, lateness_of_class, CG_QOS_NORMAL);
	int64_t interactive = measure_in(tree, group, lateness_of_class, CG_QOS_INTERACTIVE);
	for (int i = 0; i < BUSY_LOOPS; i++)
		measure_end(busy[i]);
	return normal > 0 && interactive >= 0 && interactive * 4 <= normal;
}

/* The number that the group's file has; -1: none. */
static long long number_in(const struct sched_tree *tree, const struct sched_group *group, const char *file)
{
	struct sched_error error;
	char *text, *end;

	if (sched_file_read(tree, group, file, &text, &error))
		return -1;
	long long number = strtoll(text, &end, 10);
	number = end == text || *end ? -1 : number;
	free(text);
	return number;
}

/* Whether the group's file reads as this. */
static bool reads_as(const struct sched_tree *tree, const struct sched_group *group, const char *file,
		     const char *wanted)
{
	struct sched_error error;
	char *text;

	if (sched_file_read(tree, group, file, &text, &error))
		return false;
	bool same = !strcmp(text, wanted);
	free(text);
	return same;
}

static bool is_idle(const struct sched_tree *tree, const struct sched_group *group)
{
	return number_in(tree, group, "cpu.idle") == 1 || reads_as(tree, group, "sched.qos", "idle");
}

/* Whether the group has CPU time by its weight, beside one with three times as much, or a third. */
static bool weight_holds(const struct sched_tree *tree, const struct sched_group *group, uint32_t weight,
			 unsigned int cpu)
{
	uint32_t other = weight > CG_WEIGHT_MAX / RATIO ? weight / RATIO : weight * RATIO;
	const char *slash = strrchr(group->path, '/');
	struct sched_group beside;
	struct sched_error error;
	char path[sizeof(beside.path)], setting[40];

	snprintf(path, sizeof(path), "%.*sselftest-beside", slash ? (int)(slash + 1 - group->path) : 0,
		 group->path);
	snprintf(setting, sizeof(setting), "cpu.weight=%u", other);
	bool made = measure_make_group(tree, &beside, path, (const char *const[]){ setting, NULL });
	const struct measure_side sides[2] = {
		{ group, is_idle(tree, group) ? (uint32_t)CG_SHARES_IDLE : cg_shares_of_weight(weight) },
		{ &beside, cg_shares_of_weight(other) },
	};
	bool holds = made && measure_ratio(tree, sides, cpu);
	sched_group_remove(tree, &beside, &error);
	return holds;
}

/* Whether the group, which has rested for a period, may use its quota and its burst at a stretch. It has a
 * quota for as long as this takes. */
static bool burst_holds(const struct sched_tree *tree, const struct sched_group *group, int64_t burst_us)
{
	int64_t quota_us = burst_us > QUOTA_LEAST_US ? burst_us : QUOTA_LEAST_US, period_us = 4 * quota_us;
	struct sched_error error;
	char setting[48], *before;

	period_us = period_us < PERIOD_MOST_US ? period_us : PERIOD_MOST_US;
	if ((quota_us + burst_us) * 10 > period_us * 9 ||
	    sched_file_read(tree, group, "cpu.max", &before, &error))
		return false;
	snprintf(setting, sizeof(setting), "%lld %lld", (long long)quota_us, (long long)period_us);
	bool holds = !sched_file_write(tree, group, "cpu.max", setting, &error);
	measure_rest((period_us + period_us / 16) * US);
	int64_t due_ns = (quota_us + burst_us) * US;
	int64_t had_ns = measure_in(tree, group, measure_stretch_ns, period_us * US);
	holds = holds && llabs(had_ns - due_ns) * 100 <= due_ns * ERROR_PERCENT;
	holds = !sched_file_write(tree, group, "cpu.max", before, &error) && holds;
	free(before);
	return holds;
}

static struct group_facts measure_group(const struct sched_tree *tree, const char *path)
{
	struct group_facts found = { -1, -1 };
	struct sched_group group;
	struct sched_error error;
	struct cpumask cpus;

	snprintf(group.path, sizeof(group.path), "%s", path);
	long long weight = number_in(tree, &group, "cpu.weight");
	long long burst_us = number_in(tree, &group, "cpu.max.burst");
	if (weight < 0 || burst_us < 0 || sched_group_effective(tree, &group, &cpus, &error))
		return found;
	for (int i = 0; i < TRIES && found.weight < 0; i++)
		if (weight_holds(tree, &group, (uint32_t)weight, cpumask_first(&cpus)))
			found.weight = weight;
	for (int i = 0; i < TRIES && found.weight >= 0 && found.burst_us < 0; i++)
		if (burst_holds(tree, &group, burst_us))
			found.burst_us = burst_us;
	return found;
}

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
		 !reads_as(tree, group, "sched.cpu_class", "any") ? "class"
		 : !reads_as(tree, group, "cpuset.cpus", "")	  ? "cpus"
								  : "any");
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
		      const struct recipe_service *service, const struct group_facts *found, pid_t pid)
{
	struct sched_task_qos qos;
	struct sched_error error;
	char *class = inherited_setting(tree, group, "sched.qos", "inherited");
	char *latency = inherited_setting(tree, group, "sched.latency_ms", "0");

	if (classes_hold && bursts_hold && !sched_task_qos(pid, &qos, &error) &&
	    !strcmp(class ? class : "normal", sched_qos_names[qos.qos_class]) &&
	    (!latency || strtoul(latency, NULL, 10) * 1000 == qos.slice_us) &&
	    found->weight >= 0 && found->weight == number_in(tree, group, "cpu.weight") &&
	    found->burst_us >= 0 && found->burst_us == number_in(tree, group, "cpu.max.burst"))
		log_info("qos set (svc=%s class=%s shares=%lld lat=%uus burst=%lldus)", service->name,
			 sched_qos_names[qos.qos_class], found->weight, qos.slice_us, found->burst_us);
	free(class);
	free(latency);
}

void selftest_service(const struct sched_tree *tree, const struct recipes *recipes, size_t index, pid_t pid)
{
	const struct recipe_service *service = &recipes->services[index];
	struct sched_group group;

	snprintf(group.path, sizeof(group.path), "%s", service->group);
	check_affinity(tree, &group, service, pid);
	check_qos(tree, &group, service, &facts[index], pid);
}

/* ---- shares and masks ---- */

/* Two that want all of one CPU get it in the ratio of their shares. */
static bool shares_hold(const struct sched_tree *tree)
{
	struct sched_group parent, heavy, light;
	const struct measure_side sides[2] = { { &heavy, 300 }, { &light, 100 } };

	bool made =
		measure_make_group(tree, &parent, "selftest", (const char *const[]){ NULL }) &&
		measure_make_group(tree, &heavy, "selftest/heavy", (const char *const[]){ "cpu.weight=300", NULL }) &&
		measure_make_group(tree, &light, "selftest/light", (const char *const[]){ "cpu.weight=100", NULL });
	bool hold = false;

	for (int i = 0; i < TRIES && made && !hold; i++)
		hold = measure_ratio(tree, sides, 0);
	return hold;
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
	if (cpumask_first(&cpus) == home)
		return false; /* there is nowhere to go, and nothing to measure */
	snprintf(setting, sizeof(setting), "cpuset.cpus=%u", home);
	if (!measure_make_group(tree, &group, "selftest-mask", (const char *const[]){ setting, NULL }))
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

static void measure_qos(const struct sched_tree *tree, const struct recipes *recipes)
{
	struct sched_group group;

	if (measure_make_group(tree, &group, "selftest-qos", (const char *const[]){ "cpuset.cpus=0", NULL })) {
		for (int i = 0; i < TRIES && !classes_hold; i++)
			classes_hold = measure_classes(tree, &group);
		for (int i = 0; i < TRIES && classes_hold && !bursts_hold; i++)
			bursts_hold = measure_bursts(tree, &group);
	}
	for (size_t i = 0; classes_hold && bursts_hold && i < recipes->service_count; i++)
		facts[i] = measure_group(tree, recipes->services[i].group);
}

void selftest_run(const struct sched_tree *tree, const struct recipes *recipes)
{
	static const char *const groups[] = { "selftest/heavy", "selftest/light", "selftest",
					      "selftest-mask", "selftest-qos" };

	if (shares_hold(tree))
		log_line("SELFTEST: qos shares ratio ok");
	if (masks_hold(tree))
		log_line("SELFTEST: affinity applied ok");
	measure_qos(tree, recipes);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		struct sched_group group;
		struct sched_error error;

		snprintf(group.path, sizeof(group.path), "%s", groups[i]);
		sched_group_remove(tree, &group, &error);
	}
}
