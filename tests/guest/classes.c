// SPDX-License-Identifier: Apache-2.0
/*
 * classes.c - sched.cpu_class on a machine of CPUs 0-1 of efficiency and 2-3 of performance: who asks
 * for a kind of core runs on such ones only, without knowing which they are.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

static int put_system(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	ssize_t length = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return length < 0 ? -errno : 0;
}

static void check_capacities(void)
{
	static const char *const wanted[] = { "446\n", "446\n", "1024\n", "1024\n" };

	for (int cpu = 0; cpu < 4; cpu++) {
		char path[64], text[16] = "";

		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cpu_capacity", cpu);
		FILE *file = fopen(path, "r");
		ok(file && fgets(text, sizeof(text), file) && !strcmp(text, wanted[cpu]),
		   "CPU %d has a strength of %s", cpu, wanted[cpu]);
		if (file)
			fclose(file);
	}
}

/* A child in the group tells by its exit status on which CPUs it found itself. */
static int cpus_used(const char *group)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		int used = 0;

		if (group_move(group, 0))
			_exit(255);
		for (int i = 0; i < 2000; i++) {
			used |= 1 << sched_getcpu();
			sched_yield();
		}
		_exit(used);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void check_class(const char *word, const char *cpus, int mask)
{
	ok(!group_put("c", "sched.cpu_class", word), "the group asks for %s", word);
	ok(group_is("c", "sched.cpu_class", word), "which is read back");
	ok(group_is("c", "cpuset.cpus.effective", cpus), "it has %s", cpus);
	ok(group_is("c/d", "cpuset.cpus.effective", cpus), "and so has the group below");
	int used = cpus_used("c/d");
	ok(used && !(used & ~mask), "a task there ran on %#x", (unsigned int)used);
}

static void check_running_task(void)
{
	cpu_set_t mask;
	pid_t pid = fork();

	if (!pid)
		for (;;)
			;
	ok(!group_move("c/d", pid), "a task spins there");
	group_put("c", "sched.cpu_class", "performance");
	ok(!sched_getaffinity(pid, sizeof(mask), &mask) && CPU_COUNT(&mask) == 2 && CPU_ISSET(2, &mask),
	   "it is led to the strong ones");
	CPU_ZERO(&mask);
	CPU_SET(0, &mask);
	ok(sched_setaffinity(pid, sizeof(mask), &mask) && errno == EINVAL,
	   "nor can it be pinned to a weak one, by anyone");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void check_fall_back(void)
{
	ok(!group_put("c", "cpuset.cpus", "0-1"), "the group is given weak ones only");
	ok(group_is("c", "cpuset.cpus.effective", "0-1"), "no strong one is left: it has those");
	ok(!group_put("c", "cpuset.cpus", "1-2") && group_is("c", "cpuset.cpus.effective", "2"),
	   "with a strong one among them it has that");
	ok(!put_system("/sys/devices/system/cpu/cpu2/online", "0"), "which goes");
	ok(group_is("c", "cpuset.cpus.effective", "1"), "it has the weak one meanwhile");
	ok(!put_system("/sys/devices/system/cpu/cpu2/online", "1"), "and comes back");
	ok(group_is("c", "cpuset.cpus.effective", "2"), "to the group, too");
}

int main(void)
{
	check_capacities();
	ok(!group_put("", "cgroup.subtree_control", "+cpuset") && !group_make("c") &&
	   !group_put("c", "cgroup.subtree_control", "+cpuset") && !group_make("c/d"),
	   "two groups");
	ok(group_is("c", "sched.cpu_class", "any"), "any CPU will do at first");
	check_class("performance", "2-3", 0xc);
	check_class("efficiency", "0-1", 0x3);
	check_class("any", "0-3", 0xf);
	ok(group_put("c", "sched.cpu_class", "fast") == -EINVAL, "no other word");
	ok(group_get("", "sched.cpu_class", (char[8]){ 0 }, 8) == -ENOENT, "the root has none");
	check_running_task();
	check_fall_back();
	ok(!group_remove("c/d") && !group_remove("c"), "the end");
	return tap_done();
}
