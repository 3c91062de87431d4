// SPDX-License-Identifier: Apache-2.0
/*
 * opaque.c - sched.opaque: a task behind it sees its own CPUs, as flat cores, and nobody else's,
 * wherever it looks.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

#define CPUS "/sys/devices/system/cpu"

/* The file's text without its last newline; -errno. */
static int get(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	size_t length = 0;
	ssize_t more = 0;

	if (fd < 0)
		return -errno;
	while (length < size - 1 && (more = read(fd, text + length, size - 1 - length)) > 0)
		length += (size_t)more;
	int error = more < 0 ? -errno : 0;
	close(fd);
	text[length] = '\0';
	if (length && text[length - 1] == '\n')
		text[length - 1] = '\0';
	return error;
}

static void expect(const char *path, const char *wanted)
{
	char text[256];
	int error = get(path, text, sizeof(text));

	ok(!error && !strcmp(text, wanted), "%s is '%s' (%d), wanted '%s'", path, text, error, wanted);
}

static int listed_cpus(void)
{
	DIR *directory = opendir(CPUS);
	int mask = 0, cpu;

	for (struct dirent *entry; directory && (entry = readdir(directory));)
		if (sscanf(entry->d_name, "cpu%d", &cpu) == 1)
			mask |= 1 << cpu;
	if (directory)
		closedir(directory);
	return mask;
}

static int count_of(const char *path, const char *word)
{
	static char text[65536];
	int count = 0;

	if (get(path, text, sizeof(text)))
		return -1;
	for (const char *at = text; (at = strstr(at, word)); at++)
		count++;
	return count;
}

/* In a group of CPU 1 behind an opaque one of CPUs 1-2; `outside` is a process that is not there. */
static int look(pid_t outside)
{
	char path[64], text[256];
	cpu_set_t mask;

	expect(CPUS "/online", "1");
	expect(CPUS "/possible", "1");
	expect(CPUS "/present", "1");
	expect(CPUS "/offline", "");
	ok(listed_cpus() == 1 << 1, "one CPU is listed: %#x", (unsigned int)listed_cpus());
	ok(access(CPUS "/cpu0", F_OK) && errno == ENOENT, "another's directory is not there");
	ok(access(CPUS "/cpu0/topology/core_id", F_OK) && errno == ENOENT, "nor what is below it");
	expect(CPUS "/cpu1/topology/package_cpus_list", "1");
	expect(CPUS "/cpu1/topology/cluster_id", "-1");
	expect(CPUS "/cpu1/cpu_capacity", "1024");
	ok(count_of("/proc/cpuinfo", "processor") == 1, "/proc/cpuinfo has one CPU");
	ok(count_of("/proc/stat", "cpu") == 2, "/proc/stat has one, and the sum");
	ok(group_get("", "cpuset.cpus.effective", text, sizeof(text)) == -EACCES,
	   "the root's CPUs are hidden");
	ok(group_get("other", "cpuset.cpus", text, sizeof(text)) == -EACCES, "and another group's");
	ok(group_get("other", "cpu.stat.percpu", text, sizeof(text)) == -EACCES, "and where it has run");
	ok(group_is("o/p", "cpuset.cpus.effective", "1"), "the own ones are not");
	ok(group_is("o", "cpuset.cpus.effective", "1-2"), "nor those of the opaque group");
	ok(sched_getaffinity(outside, sizeof(mask), &mask) && errno == EPERM,
	   "where somebody outside may run is not told");
	snprintf(path, sizeof(path), "/proc/%d/status", (int)outside);
	ok(!count_of(path, "Cpus_allowed"), "nor by /proc");
	ok(count_of("/proc/self/status", "Cpus_allowed") == 2, "where I may run is");
	ok(!sched_getaffinity(0, sizeof(mask), &mask) && CPU_COUNT(&mask) == 1, "by the call, too");
	ok(group_put("o", "sched.opaque", "0") == -EPERM, "nobody lifts it from behind, root neither");
	ok(sysconf(_SC_NPROCESSORS_ONLN) == 1, "the C library counts one CPU");
	return tap_failures != 0;
}

int main(void)
{
	int status;
	pid_t outside = fork();

	if (!outside)
		for (;;)
			pause();
	ok(!group_put("", "cgroup.subtree_control", "+cpuset +cpu") && !group_make("o") &&
	   !group_put("o", "cgroup.subtree_control", "+cpuset") && !group_make("o/p") &&
	   !group_make("other"), "three groups");
	ok(!group_put("o", "cpuset.cpus", "1-2") && !group_put("o/p", "cpuset.cpus", "1"),
	   "CPUs 1-2, and 1 below");
	ok(!group_put("other", "cpuset.cpus", "3"), "and another with CPU 3");
	ok(!group_put("o", "sched.opaque", "1") && group_is("o", "sched.opaque", "1"), "opaque");
	fflush(stdout);
	pid_t pid = fork();
	if (!pid)
		_exit(group_move("o/p", 0) ? 2 : look(outside));
	waitpid(pid, &status, 0);
	tap_count += 23;
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "all of it was so behind it (%#x)",
	   (unsigned int)status);
	expect(CPUS "/online", "0-3");
	ok(listed_cpus() == 0xf, "who is outside sees everything");
	ok(group_is("o/p", "cpuset.cpus.effective", "1"), "the group's CPUs, too");
	ok(!group_put("o", "sched.opaque", "0"), "and lifts it");
	kill(outside, SIGKILL);
	waitpid(outside, NULL, 0);
	ok(!group_remove("o/p") && !group_remove("o") && !group_remove("other"), "the end");
	return tap_done();
}
