// SPDX-License-Identifier: Apache-2.0
/*
 * hotplug.c - CPUs go offline and come back under running tasks: masks follow, requests and pins stay,
 * nothing runs on a CPU that is gone, nothing is lost.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/guest/alone.h"
#include "tests/guest/group.h"
#include "tests/guest/online.h"
#include "tests/guest/tap.h"

enum { ROUNDS = 30, SPINNERS = 6 };

static int cpus;

static void online_list(char *list, size_t size)
{
	FILE *file = fopen("/sys/devices/system/cpu/online", "r");

	if (!file || !fgets(list, (int)size, file))
		list[0] = '\0';
	list[strcspn(list, "\n")] = '\0';
	if (file)
		fclose(file);
}

static void expect_online(const char *wanted)
{
	char list[64];

	online_list(list, sizeof(list));
	ok(!strcmp(list, wanted), "online is %s, wanted %s", list, wanted);
}

static void expect_effective(const char *group, const char *wanted)
{
	char list[64];

	group_get(group, "cpuset.cpus.effective", list, sizeof(list));
	ok(!strcmp(list, wanted), "%s: effective is %s, wanted %s", group, list, wanted);
}

static bool runs_on(pid_t pid, size_t cpu)
{
	cpu_set_t mask;

	CPU_ZERO(&mask);
	return !sched_getaffinity(pid, sizeof(mask), &mask) && CPU_ISSET(cpu, &mask) &&
	       CPU_COUNT(&mask) == 1;
}

/* Each counts where it finds itself while that CPU is marked as gone. */
struct shared {
	atomic_int gone[64];
	atomic_long turns[SPINNERS];
	atomic_long astray;
};

static void spin(struct shared *shared, int index)
{
	for (;;) {
		int cpu = sched_getcpu();

		/* Marked after the write has returned, cleared before the CPU may come back: both times, and between. */
		if (atomic_load(&shared->gone[cpu]) && sched_getcpu() == cpu && atomic_load(&shared->gone[cpu]))
			atomic_fetch_add(&shared->astray, 1);
		atomic_fetch_add(&shared->turns[index], 1);
	}
}

static void check_mistakes(void)
{
	char last[64];

	ok(set_online(0, "2") == -EINVAL, "2 is no answer to online");
	ok(set_online(0, "x") == -EINVAL, "nor is x");
	ok(set_online(0, "1") == 0, "a CPU that is on can be put on");
	for (int cpu = 0; cpu < cpus - 1; cpu++)
		set_online(cpu, "0");
	ok(set_online(cpus - 1, "0") == -EBUSY, "the last CPU stays");
	snprintf(last, sizeof(last), "%d", cpus - 1);
	expect_online(last);
	for (int cpu = 0; cpu < cpus - 1; cpu++)
		set_online(cpu, "1");
}

static void check_masks(pid_t child)
{
	char all[16], others[16];

	snprintf(all, sizeof(all), "0-%d", cpus - 1);
	group_put("", "cgroup.subtree_control", "+cpuset");
	group_make("pair");
	group_put("pair", "cpuset.cpus", "0-1");
	group_move("pair", child);
	ok(pin(child, 1) == 0, "pin to CPU 1");
	expect_effective("pair", "0-1");
	ok(set_online(1, "0") == 0, "CPU 1 goes");
	expect_effective("pair", "0");
	ok(runs_on(child, 0), "the pinned task runs on what is left");
	ok(set_online(0, cpus > 2 ? "0" : "1") == 0, "CPU 0 goes where there are others");
	snprintf(others, sizeof(others), "2-%d", cpus - 1);
	if (cpus > 2)
		expect_effective("pair", others);
	set_online(0, "1");
	ok(set_online(1, "1") == 0, "both come back");
	expect_effective("pair", "0-1");
	expect_online(all);
	ok(runs_on(child, 1), "the pin is remembered");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	ok(group_remove("pair") == 0, "the group goes");
}

static void check_storm(struct shared *shared)
{
	pid_t spinners[SPINNERS];
	bool failed = false;

	for (int i = 0; i < SPINNERS; i++) {
		spinners[i] = fork();
		if (spinners[i] == 0)
			spin(shared, i);
	}
	for (int round = 0; round < ROUNDS; round++) {
		int cpu = round % cpus;

		failed |= set_online(cpu, "0") != 0;
		atomic_store(&shared->gone[cpu], 1);
		usleep(2000);
		atomic_store(&shared->gone[cpu], 0);
		failed |= set_online(cpu, "1") != 0;
	}
	ok(!failed, "%d times off and on", ROUNDS);
	ok(shared->astray == 0, "nobody ran on a CPU that was gone (%ld)", shared->astray);
	for (int i = 0; i < SPINNERS; i++) {
		long before = shared->turns[i];

		for (int tries = 0; tries < 200 && shared->turns[i] == before; tries++)
			usleep(5000);
		ok(shared->turns[i] > before, "spinner %d still runs", i);
		kill(spinners[i], SIGKILL);
		waitpid(spinners[i], NULL, 0);
	}
}

int main(void)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	check_mistakes();
	if (cpus > 1) {
		pid_t child = fork();

		if (child == 0)
			for (;;)
				pause();
		check_masks(child);
		check_storm(shared);
	}
	return tap_done();
}
