// SPDX-License-Identifier: Apache-2.0
/*
 * partition.c - cpuset partitions: who gets the CPUs, who is told, who may ask, and what happens to
 * tasks, the root's, the kernel's own and those that come later.
 */
#define _GNU_SOURCE
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { NEWS = POLLPRI | POLLERR, LAST_USER = 1000 };

static int cpus;
static char all[16], last[16], others[16]; /* lists: every CPU, the last one, the rest */

static int has_news(int fd)
{
	struct pollfd entry = { .fd = fd, .events = POLLPRI };

	return poll(&entry, 1, 0) == 1 && (entry.revents & NEWS) == NEWS;
}

static int is_news_once(int fd)
{
	char text[256];
	int news = has_news(fd);

	if (pread(fd, text, sizeof(text), 0) < 0)
		return 0;
	return news && !has_news(fd);
}

static void expect(const char *group, const char *file, const char *wanted)
{
	char text[GROUP_PATH];

	if (group_get(group, file, text, sizeof(text)) < 0)
		strcpy(text, "?");
	ok(!strcmp(text, wanted), "/%s %s: %s, wanted %s", group, file, text, wanted);
}

static pid_t start_sleeper(void)
{
	pid_t child = fork();

	if (child == 0) {
		pause();
		_exit(0);
	}
	return child;
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* The task's Cpus_allowed_list, as /proc has it. */
static int may_run_on(pid_t pid, const char *wanted)
{
	char path[64], line[256], list[64] = "?";

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *status = fopen(path, "r");
	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "Cpus_allowed_list: %63s", list) == 1)
			break;
	if (status)
		fclose(status);
	if (strcmp(list, wanted))
		printf("# %d may run on %s, wanted %s\n", (int)pid, list, wanted);
	return !strcmp(list, wanted);
}

static pid_t find_kernel_thread(const char *name)
{
	for (pid_t pid = 2; pid < 64; pid++) {
		char path[32], text[64] = "";

		snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
		FILE *comm = fopen(path, "r");
		if (!comm)
			continue;
		if (fgets(text, sizeof(text), comm))
			text[strcspn(text, "\n")] = '\0';
		fclose(comm);
		if (!strcmp(text, name))
			return pid;
	}
	return 0;
}

static void test_root_tasks(void)
{
	pid_t here = start_sleeper(), thread = find_kernel_thread("alarm");

	ok(thread != 0, "there is a kernel thread");
	ok(may_run_on(here, all), "a task of the root may run everywhere");
	group_put("p", "cpuset.cpus", last);
	ok(group_put("p", "cpuset.cpus.partition", "root") == 0, "a partition of the last CPU");
	expect("p", "cpuset.cpus.partition", "root");
	expect("p", "cpuset.cpus.effective", last);
	expect("", "cpuset.cpus.effective", others);
	ok(may_run_on(here, others), "the root's task keeps off it");
	ok(may_run_on(thread, others), "so does the kernel's");
	ok(may_run_on(getpid(), others), "and whoever wrote it");
	ok(group_move("p", here) == 0 && may_run_on(here, last), "it is there for its own");
	ok(group_put("p", "cpuset.cpus.partition", "isolated") == 0, "an isolated one");
	expect("", "cpuset.cpus.isolated", last);
	ok(may_run_on(here, last) && may_run_on(getpid(), others), "moves nobody");
	ok(group_put("p", "cpuset.cpus.partition", "member") == 0, "and a member again");
	expect("", "cpuset.cpus.effective", all);
	expect("", "cpuset.cpus.isolated", "");
	ok(may_run_on(getpid(), all) && may_run_on(thread, all), "gives the CPU back");
	ok(group_put("p", "cpuset.cpus.partition", "roots") == -EINVAL, "another word is EINVAL");
	end(here);
}

static void test_news(void)
{
	int poll_fd = group_open("p", "cpuset.cpus.partition", O_RDONLY);
	int below = group_open("p/q", "cpuset.cpus.partition", O_RDONLY);
	int watch = inotify_init1(IN_NONBLOCK);
	struct inotify_event event;

	ok(inotify_add_watch(watch, GROUP_ROOT "/p/cpuset.cpus.partition", IN_MODIFY) > 0, "a watch");
	ok(is_news_once(poll_fd) && is_news_once(below), "what was never read is news");
	group_put("p", "cpuset.cpus.partition", "root");
	ok(is_news_once(poll_fd), "becoming a partition is news");
	ok(read(watch, &event, sizeof(event)) == sizeof(event) && event.mask == IN_MODIFY,
	   "and told to inotify");
	ok(!has_news(below), "for that group alone");
	group_put("p", "cpuset.cpus.partition", "root");
	ok(!has_news(poll_fd), "writing the same is none");
	group_put("p", "cpuset.cpus.partition", "isolated");
	ok(is_news_once(poll_fd), "another kind is");
	group_put("p/q", "cpuset.cpus.partition", "root");
	ok(is_news_once(below), "one that cannot be is news, too");
	expect("p/q", "cpuset.cpus.partition",
	       "root invalid (cpuset.cpus and cpuset.cpus.exclusive are empty)");
	group_put("p", "cpuset.cpus.partition", "member");
	ok(is_news_once(poll_fd) && is_news_once(below), "a parent's change tells both");
	expect("p/q", "cpuset.cpus.partition", "root invalid (Parent is not a partition root)");
	group_put("p/q", "cpuset.cpus.partition", "member");
	ok(is_news_once(below), "giving up is news");
	close(poll_fd);
	close(below);
	close(watch);
}

/* Writes a remote partition's file as another user; what it wrote into belongs to that one. */
static void write_as_user(const char *group)
{
	char path[GROUP_PATH];
	pid_t child;

	group_path(path, group, "cpuset.cpus.partition");
	ok(chown(path, LAST_USER, LAST_USER) == 0, "a delegated file");
	child = fork();
	if (child == 0) {
		int error = setresuid(LAST_USER, LAST_USER, LAST_USER);
		_exit(error || group_put(group, "cpuset.cpus.partition", "root"));
	}
	int status;
	waitpid(child, &status, 0);
	ok(status == 0, "its owner's write is answered 0");
}

static void test_privilege(void)
{
	group_put("p", "cpuset.cpus", "\n");
	ok(group_put("p", "cpuset.cpus.exclusive", last) == 0 &&
	   group_put("p/q", "cpuset.cpus.exclusive", last) == 0, "CPUs for a remote partition");
	write_as_user("p/q");
	expect("p/q", "cpuset.cpus.partition", "root invalid (Enable partition not permitted)");
	expect("", "cpuset.cpus.effective", all);
	group_put("p/q", "cpuset.cpus.partition", "root");
	expect("p/q", "cpuset.cpus.partition", "root");
	expect("", "cpuset.cpus.effective", others);
	group_put("p/q", "cpuset.cpus.partition", "member");
	group_put("p/q", "cpuset.cpus.exclusive", "\n");
	group_put("p", "cpuset.cpus.exclusive", "\n");
	expect("", "cpuset.cpus.effective", all);
}

/* A partition that has given all of its CPUs away takes no tasks. */
static void test_empty(void)
{
	group_put("p", "cpuset.cpus", last);
	group_put("p", "cpuset.cpus.partition", "root");
	group_put("p/q", "cpuset.cpus", last);
	group_put("p/q", "cpuset.cpus.partition", "root");
	expect("p/q", "cpuset.cpus.partition", "root");
	expect("p", "cpuset.cpus.effective", "");
	pid_t child = start_sleeper();
	ok(group_move("p", child) == -ENOSPC, "no task goes where no CPU is");
	struct clone_args arguments = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (unsigned int)open(GROUP_ROOT "/p", O_PATH | O_DIRECTORY),
	};
	long made = syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (made == 0)
		_exit(0);
	ok(made == -1 && errno == ENOSPC, "nor is one made there");
	close((int)arguments.cgroup);
	ok(group_move("p/q", child) == 0 && may_run_on(child, last), "but below");
	end(child);
	group_put("p/q", "cpuset.cpus.partition", "member");
	group_put("p", "cpuset.cpus.partition", "member");
}

static void set_online(const char *cpu, const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%s/online", cpu);
	int fd = open(path, O_WRONLY);
	ok(fd >= 0 && write(fd, value, 1) == 1, "CPU %s: online %s", cpu, value);
	close(fd);
}

static void test_hotplug(void)
{
	pid_t child = start_sleeper();

	group_put("p", "cpuset.cpus", last);
	group_put("p", "cpuset.cpus.partition", "root");
	group_move("p", child);
	int news = group_open("p", "cpuset.cpus.partition", O_RDONLY);
	is_news_once(news);
	set_online(last, "0");
	ok(is_news_once(news), "a partition that loses its last CPU tells");
	expect("p", "cpuset.cpus.partition", "root invalid (No cpu available due to hotplug)");
	ok(may_run_on(child, others), "its task goes on elsewhere");
	set_online(last, "1");
	ok(is_news_once(news), "and again when it is back");
	expect("p", "cpuset.cpus.partition", "root");
	ok(may_run_on(child, last) && may_run_on(getpid(), others), "with everything as it was");
	close(news);
	end(child);
	ok(group_remove("p/q") == 0 && group_remove("p") == 0, "a partition's group can go");
	expect("", "cpuset.cpus.effective", all);
	ok(may_run_on(getpid(), all), "and its CPU is everybody's");
}

int main(void)
{
	cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	snprintf(all, sizeof(all), "0-%d", cpus - 1);
	snprintf(last, sizeof(last), "%d", cpus - 1);
	snprintf(others, sizeof(others), cpus > 2 ? "0-%d" : "%d", cpus - 2);
	group_put("", "cgroup.subtree_control", "+cpuset");
	group_make("p");
	group_put("p", "cgroup.subtree_control", "+cpuset");
	group_make("p/q");
	test_root_tasks();
	test_news();
	test_privilege();
	test_empty();
	test_hotplug();
	return tap_done();
}
