// SPDX-License-Identifier: Apache-2.0
/*
 * cores.c - where tasks run on a machine of two packages with two cores of two threads each: CPUs 0-1
 * and 2-3 in the first package, 4-5 and 6-7 in the second. Wants virtual time: who is busy when is exact.
 *
 *   cores nodes     on a machine with memory nodes in the place of packages: who is stolen from, and who
 *                   leaves a core that he shares
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/guest/group.h"
#include "tests/guest/policy.h"
#include "tests/guest/tap.h"

enum { CPUS = 8, ALL = 0xff, FIRST = 0x0f, SECOND = 0xf0, MS = 1000000 };

/* CPU n is bit n. */
static const struct scene {
	const char *what;
	int last; /* where the task ran last, or its parent runs */
	unsigned int busy, mask, wanted;
} wake_ups[] = {
	{ "stays where nothing else runs", 3, 0, ALL, 1 << 3 },
	{ "stays beside busy cores", 3, 0x01 | SECOND, ALL, 1 << 3 },
	{ "leaves a busy CPU for the free core of its package", 3, 1 << 3, ALL, 0x03 },
	{ "so does one of the second package", 5, 1 << 5, ALL, 0xc0 },
	{ "leaves its idle CPU beside a busy thread for the free core", 7, 1 << 6, ALL, 0x30 },
	{ "takes the other package's free core before a thread of its own", 3, 0x09, ALL, SECOND },
	{ "leaves a full package", 6, SECOND, ALL, FIRST },
	{ "takes no thread beside a busy one there", 6, SECOND | 0x01, ALL, 0x0c },
	{ "stays where no core is free", 7, 0x55, ALL, 1 << 7 },
	{ "takes a thread of its package where no core is free", 7, 0x95, ALL, 0x60 },
	{ "takes any thread where its package is full", 7, SECOND | 0x05, ALL, 0x0a },
	{ "keeps to its mask, beside the busy thread", 3, 1 << 3, 0x0c, 1 << 2 },
	{ "keeps to its mask, in the other package", 3, 0x18, 0x28, 1 << 5 },
	{ "keeps to its mask, on a busy CPU", 3, 1 << 3, 1 << 3, 1 << 3 },
}, births[] = {
	{ "begins on the free core of the package", 0, 0, ALL, 0x0c },
	{ "so does one of the second package", 6, 0, ALL, 0x30 },
	{ "takes the other package's free core before the parent's", 5, 1 << 6, ALL, FIRST },
	{ "takes the parent's core where none is free", 7, 0x15, ALL, 1 << 6 | 1 << 5 },
	{ "keeps to the mask, beside the parent", 7, 0, 0xc0, 1 << 6 },
	{ "keeps to the mask, in the other package", 3, 0x10, 0x28, 1 << 5 },
};

/* A CPU has run out of work, and on these waits somebody who may run there. */
static const struct theft {
	const char *what;
	int thief;
	unsigned int victims;
	int wanted;
} thefts[] = {
	{ "its own core", 5, 0x51, 4 },
	{ "its own core, whose numbers are lower", 7, 0x71, 6 },
	{ "near it", 7, 0x11, 4 },
	{ "near it, where numbers are lower", 3, 0x31, 0 },
	{ "afar, where there is nothing else", 2, 0x20, 5 },
};

/* Two share core 0-1. The others are busy on these CPUs; one of them becomes idle. */
static const struct refuge {
	const char *what;
	unsigned int masks[2]; /* of the one on CPU 0, the one on CPU 1 */
	unsigned int busy;
	int freed;
	unsigned int wanted;   /* where one of the two goes; 0: both stay */
} refuges[] = {
	{ "goes to the core that becomes free", { ALL, ALL }, 0x54, 2, 0x0c },
	{ "goes there as its mask allows, though that CPU was idle before", { 0x0b, 0x03 }, 0x54, 2, 1 << 3 },
	{ "who may goes there", { 0x03, ALL }, 0x54, 2, 0x0c },
	{ "stays while the core's other thread is busy", { ALL, ALL }, 0x5c, 2, 0 },
	{ "stays in its mask", { 0x03, 0x23 }, 0x54, 2, 0 },
}, far_refuge = { "goes to the other package", { ALL, ALL }, 0x54, 4, 0x30 },
  far_node = { "stays on its memory node", { ALL, ALL }, 0x54, 4, 0 };

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 * MS + (uint64_t)now.tv_nsec;
}

static void sleep_until(uint64_t time_ns)
{
	struct timespec end = { .tv_sec = (time_t)(time_ns / (1000 * MS)),
				.tv_nsec = (long)(time_ns % (1000 * MS)) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL);
}

static void spin_until(uint64_t time_ns)
{
	while (now_ns() < time_ns)
		;
}

static int here(void)
{
	unsigned int cpu;

	return syscall(SYS_getcpu, &cpu, NULL, NULL) ? -1 : (int)cpu;
}

static int allow(pid_t pid, unsigned int mask)
{
	return sched_setaffinity(pid, sizeof(unsigned long), (cpu_set_t *)&(unsigned long){ mask });
}

static int keep_to(unsigned int mask) { return allow(0, mask); }

/* Its CPU is busy from `start` on for three milliseconds; exit status 0: it was there in time. */
static void keep_busy(int cpu, uint64_t start_ns)
{
	if (fork())
		return;
	int late = keep_to(1U << cpu) || now_ns() >= start_ns;
	sleep_until(start_ns);
	spin_until(start_ns + 3 * MS);
	_exit(late);
}

static int all_were_in_time(void)
{
	int status, good = 1;

	while (wait(&status) > 0)
		good = good && WIFEXITED(status) && !WEXITSTATUS(status);
	return good;
}

static int birthplace(void)
{
	int status;
	pid_t child = fork();

	if (!child)
		_exit(here());
	waitpid(child, &status, 0); /* the idle CPU must leave it where it is due to run */
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* In the middle of the scene the task wakes up where it was last, or has a child. */
static void play(const struct scene *scene, int policy, int is_birth)
{
	uint64_t start_ns = now_ns() + 4 * MS;
	int cpu, good;

	keep_to(ALL);
	for (cpu = 0; cpu < CPUS; cpu++)
		if (scene->busy >> cpu & 1)
			keep_busy(cpu, start_ns);
	good = !set_policy(0, policy, policy == SCHED_FIFO) && !keep_to(1U << scene->last) &&
	       !keep_to(scene->mask) && here() == scene->last && now_ns() < start_ns;
	if (is_birth) {
		spin_until(start_ns + MS);
		good = good && here() == scene->last;
		cpu = birthplace();
	} else {
		sleep_until(start_ns + MS);
		cpu = here();
	}
	good = !set_policy(0, SCHED_OTHER, 0) && good;
	good = all_were_in_time() && good;
	ok(good && cpu >= 0 && scene->wanted >> cpu & 1, "%s%s %s: CPU %d, by %02x%s",
	   policy == SCHED_FIFO ? "real-time " : "", is_birth ? "child" : "task", scene->what, cpu,
	   scene->wanted, good ? "" : " (the scene was not set)");
}

/* An urgent task on its CPU until `end`. */
static void keep_urgent(int cpu, uint64_t start_ns, uint64_t end_ns)
{
	if (fork())
		return;
	int late = keep_to(1U << cpu) || set_policy(0, SCHED_FIFO, 1) || now_ns() >= start_ns;
	sleep_until(start_ns);
	spin_until(end_ns);
	_exit(late);
}

/* Waits behind an urgent task on a CPU from `start` on. The first that runs on the thief's says where it
 * comes from: others may be given to it later. */
static pid_t wait_on(int cpu, uint64_t start_ns, int thief, int *from)
{
	pid_t child = fork();

	if (child)
		return child;
	int late = keep_to(1U << cpu) || now_ns() >= start_ns;
	sleep_until(start_ns + MS / 2);
	if (here() == thief && *from < 0)
		*from = cpu;
	spin_until(start_ns + 3 * MS);
	_exit(late);
}

static void steal(const struct theft *theft)
{
	uint64_t start_ns = now_ns() + 8 * MS;
	int *from = mmap(NULL, sizeof(*from), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t waiting[CPUS] = { 0 };
	int good = 1;

	*from = -1;
	keep_to(ALL);
	keep_urgent(theft->thief, start_ns, start_ns + 2 * MS);
	for (int cpu = 0; cpu < CPUS; cpu++)
		if (theft->victims >> cpu & 1) {
			keep_urgent(cpu, start_ns, start_ns + 3 * MS);
			waiting[cpu] = wait_on(cpu, start_ns, theft->thief, from);
		}
	sleep_until(start_ns + MS);
	for (int cpu = 0; cpu < CPUS; cpu++)
		if (waiting[cpu])
			good = good && !allow(waiting[cpu], 1U << cpu | 1U << theft->thief);
	good = good && now_ns() < start_ns + 2 * MS;
	good = all_were_in_time() && good;
	ok(good && *from == theft->wanted, "CPU %d steals from %s: CPU %d, by %d%s", theft->thief,
	   theft->what, *from, theft->wanted, good ? "" : " (the scene was not set)");
	munmap(from, sizeof(*from));
}

/* Alone on its CPU at first, then wherever it may be. Exit status: the CPU, FAILED: it was late. */
enum { FAILED = 64 };
static void share(int cpu, unsigned int mask, int policy, uint64_t start_ns)
{
	int late = set_policy(0, policy, policy == SCHED_FIFO) || keep_to(1U << cpu) || now_ns() >= start_ns;

	sleep_until(start_ns);
	late |= keep_to(mask) || here() != cpu;
	spin_until(start_ns + 2 * MS);
	int end = late ? FAILED : here();
	spin_until(start_ns + 3 * MS);
	_exit(end);
}

/* One CPU is busy for a millisecond less than the others, and its task ends after all of them. */
static void become_idle(int cpu, uint64_t start_ns)
{
	if (fork())
		return;
	int late = keep_to(1U << cpu) || now_ns() >= start_ns - MS;
	sleep_until(start_ns - MS);
	spin_until(start_ns + MS);
	sleep_until(start_ns + 4 * MS);
	_exit(late);
}

static void leave_core(const struct refuge *refuge, int policy)
{
	uint64_t start_ns = now_ns() + 8 * MS;
	pid_t sharers[2];
	int ends[2], status;

	keep_to(ALL);
	for (int cpu = 2; cpu < CPUS; cpu++)
		if (cpu == refuge->freed)
			become_idle(cpu, start_ns);
		else if (refuge->busy >> cpu & 1)
			keep_busy(cpu, start_ns - MS / 2);
	for (int i = 0; i < 2; i++) {
		sharers[i] = fork();
		if (!sharers[i])
			share(i, refuge->masks[i], policy, start_ns);
	}
	int good = now_ns() < start_ns - MS;
	sleep_until(start_ns + 5 * MS);
	for (int i = 0; i < 2; i++) {
		waitpid(sharers[i], &status, 0);
		ends[i] = WIFEXITED(status) ? WEXITSTATUS(status) : FAILED;
		good = good && ends[i] != FAILED;
	}
	good = all_were_in_time() && good;
	int mover = ends[0] != 0 ? 0 : 1, moves = (ends[0] != 0) + (ends[1] != 1);
	ok(good && moves == (refuge->wanted != 0) &&
		   (!moves || (refuge->wanted & refuge->masks[mover]) >> ends[mover] & 1),
	   "%stask that shares its core %s: CPUs %d, %d, by %02x%s", policy == SCHED_FIFO ? "real-time " : "",
	   refuge->what, ends[0], ends[1], refuge->wanted, good ? "" : " (the scene was not set)");
}

static void leave_cores(const struct refuge *far, int policy)
{
	for (size_t i = 0; i < sizeof(refuges) / sizeof(refuges[0]); i++)
		leave_core(&refuges[i], policy);
	leave_core(far, policy);
}

static void play_all(int policy)
{
	for (size_t i = 0; i < sizeof(wake_ups) / sizeof(wake_ups[0]); i++)
		play(&wake_ups[i], policy, 0);
	for (size_t i = 0; i < sizeof(births) / sizeof(births[0]); i++)
		play(&births[i], policy, 1);
}

/* What /sys says of a CPU. */
static void check_file(int cpu, const char *name, const char *wanted)
{
	char path[128], text[64] = "";

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/topology/%s", cpu, name);
	FILE *file = fopen(path, "r");
	int good = file && fgets(text, sizeof(text), file);
	if (file)
		fclose(file);
	text[strcspn(text, "\n")] = '\0';
	ok(good && !strcmp(text, wanted), "cpu%d/topology/%s is '%s', wanted '%s'", cpu, name, text, wanted);
}

static void check_files(void)
{
	static const char *const cores[] = { "0-1", "2-3", "4-5", "6-7" };
	static const char *const core_masks[] = { "03", "0c", "30", "c0" };

	for (int cpu = 0; cpu < CPUS; cpu++) {
		check_file(cpu, "physical_package_id", cpu < 4 ? "0" : "1");
		check_file(cpu, "core_id", cpu / 2 % 2 ? "1" : "0");
		check_file(cpu, "thread_siblings_list", cores[cpu / 2]);
		check_file(cpu, "core_cpus_list", cores[cpu / 2]);
		check_file(cpu, "core_cpus", core_masks[cpu / 2]);
		check_file(cpu, "core_siblings_list", cpu < 4 ? "0-3" : "4-7");
		check_file(cpu, "package_cpus_list", cpu < 4 ? "0-3" : "4-7");
		check_file(cpu, "package_cpus", cpu < 4 ? "0f" : "f0");
	}
}

int main(int count, char **arguments)
{
	(void)arguments;
	if (count == 1) {
		check_files();
		play_all(SCHED_OTHER);
		play_all(SCHED_FIFO);
	}
	leave_cores(count == 1 ? &far_refuge : &far_node, SCHED_OTHER);
	leave_cores(count == 1 ? &far_refuge : &far_node, SCHED_FIFO);
	for (size_t i = 0; i < sizeof(thefts) / sizeof(thefts[0]); i++)
		steal(&thefts[i]);
	return tap_done();
}
