// SPDX-License-Identifier: Apache-2.0
/*
 * libsched_task.c - tasks: where they are, moving, pinning, starting inside a group.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/schedctl/libsched_explain.h"

static const char *kind_file(enum sched_kind kind)
{
	return kind == SCHED_PROCESSES ? "cgroup.procs" : "cgroup.threads";
}

static int task_compare(const void *one, const void *other)
{
	pid_t a = *(const pid_t *)one, b = *(const pid_t *)other;
	return (a > b) - (a < b);
}

int sched_tasks_read(const struct sched_tree *tree, const struct sched_group *group,
		     enum sched_kind kind, struct sched_tasks *tasks, struct sched_error *error)
{
	char *text;

	tasks->task = NULL;
	tasks->count = 0;
	int result = sched_file_read(tree, group, kind_file(kind), &text, error);
	if (result == -EOPNOTSUPP && kind == SCHED_PROCESSES)
		result = sched_file_read(tree, group, kind_file(SCHED_THREADS), &text, error);
	if (result)
		return result;

	size_t line_count = 1;
	for (const char *at = text; *at; at++)
		line_count += *at == '\n';
	tasks->task = calloc(line_count, sizeof(*tasks->task));
	if (!tasks->task) {
		free(text);
		return sched_explain(tree, group, kind_file(kind), NULL, ENOMEM, error);
	}
	char *end;
	for (const char *at = text; *at; at = *end ? end + 1 : end) {
		long task = strtol(at, &end, 10);
		if (end == at)
			break;
		tasks->task[tasks->count++] = (pid_t)task;
	}
	free(text);
	qsort(tasks->task, tasks->count, sizeof(*tasks->task), task_compare);
	return 0;
}

void sched_tasks_free(struct sched_tasks *tasks)
{
	free(tasks->task);
	tasks->task = NULL;
	tasks->count = 0;
}

int sched_task_move(const struct sched_tree *tree, const struct sched_group *group, pid_t task,
		    enum sched_kind kind, struct sched_error *error)
{
	char number[16];
	snprintf(number, sizeof(number), "%d", (int)task);
	return sched_file_write(tree, group, kind_file(kind), number, error);
}

/* One of the task's files in /proc; the length, or -Exxx. */
static ssize_t proc_read(pid_t task, const char *file, char *buffer, size_t size)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)task, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	ssize_t count = read(fd, buffer, size - 1);
	if (count < 0)
		count = -errno;
	close(fd);
	buffer[count > 0 ? count : 0] = '\0';
	return count;
}

int sched_task_group(pid_t task, struct sched_group *group, struct sched_error *error)
{
	char text[SCHED_PATH_MAX + 512];
	ssize_t length = proc_read(task, "cgroup", text, sizeof(text));
	if (length < 0)
		return sched_fail(error, (int)-length, "%d: %s", (int)task,
				  length == -ESRCH ? "there is no such task"
						   : strerrordesc_np((int)-length));
	for (char *line = text; *line;) {
		size_t here = strcspn(line, "\n");
		char *next = line + here + (line[here] == '\n');
		line[here] = '\0';
		if (!strncmp(line, "0::/", 4))
			return sched_group_parse(line + 3, group, error);
		line = next;
	}
	return sched_fail(error, ENOENT, "%d: /proc/%d/cgroup names no cgroup v2 group", (int)task,
			  (int)task);
}

char *sched_task_name(pid_t task, char *buffer, size_t size)
{
	if (proc_read(task, "comm", buffer, size) <= 0)
		snprintf(buffer, size, "?");
	buffer[strcspn(buffer, "\n")] = '\0';
	return buffer;
}

int sched_task_pin(pid_t task, const struct cpumask *mask, struct sched_error *error)
{
	char list[256];
	if (!syscall(SYS_sched_setaffinity, task, sizeof(*mask), mask))
		return 0;
	int number = errno;
	const char *reason = number == ESRCH ? "there is no such task"
		: number == EPERM ? "not allowed; be root, or the task's user"
		: number == EINVAL ? "its group has none of these CPUs, or it is a kernel thread"
		: strerrordesc_np(number);
	return sched_fail(error, number, "%d: pin to %s: %s", (int)task,
			  sched_cpus_text(mask, list, sizeof(list)), reason);
}

int sched_task_affinity(pid_t task, struct cpumask *mask, struct sched_error *error)
{
	*mask = cpumask_none();
	if (syscall(SYS_sched_getaffinity, task, sizeof(*mask), mask) >= 0)
		return 0;
	return sched_fail(error, errno, "%d: %s", (int)task,
			  errno == ESRCH ? "there is no such task" : strerrordesc_np(errno));
}

int sched_exec(char *const argv[])
{
	const char *rest = getenv("PATH");
	char file[PATH_MAX];
	int answer = -ENOENT;

	if (strchr(argv[0], '/')) {
		execv(argv[0], argv);
		return -errno;
	}
	for (rest = rest ? rest : "/bin:/usr/bin"; rest; rest = *rest ? rest + 1 : NULL) {
		int length = (int)strcspn(rest, ":");

		snprintf(file, sizeof(file), "%.*s/%s", length, rest, argv[0]);
		rest += length;
		execv(file, argv);
		if (errno == EACCES)
			answer = -EACCES; /* there may be another one further on */
		else if (errno != ENOENT && errno != ENOTDIR)
			return -errno;
	}
	return answer;
}

pid_t sched_fork_into(const struct sched_tree *tree, const struct sched_group *group,
		      struct sched_error *error)
{
	int fd = sched_group_open(tree, group, error);
	if (fd < 0)
		return fd;
	struct clone_args arguments = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (unsigned int)fd,
	};
	/* As fork() does: a child must not write out again what the parent buffered. */
	fflush(NULL);
	pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
	int number = errno;
	if (pid)
		close(fd);
	return pid < 0 ? sched_explain(tree, group, "clone3", NULL, number, error) : pid;
}
