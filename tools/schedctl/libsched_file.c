// SPDX-License-Identifier: Apache-2.0
/*
 * libsched_file.c - pseudo-files: whole texts read, single values written.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/cpulist.h"
#include "tools/schedctl/libsched_explain.h"

enum {
	TEXT_FIRST = 512,           /* what a pseudo-file takes, mostly */
	TEXT_MAX = 16 * 1024 * 1024, /* a million tasks' numbers */
	LINE_MAX_BYTES = 4096,
};

/* Opens group/file below the mount; -1 with errno. */
static int file_open(const struct sched_tree *tree, const struct sched_group *group,
		     const char *file, int flags)
{
	char path[SCHED_PATH_MAX + NAME_MAX + 2];
	int length = snprintf(path, sizeof(path), "%s%s%s", group->path, group->path[0] ? "/" : "",
			      file);
	if (length < 0 || (size_t)length >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return openat(tree->fd, path, flags | O_CLOEXEC);
}

/* Reads to the end into memory of its own. */
static int text_load(int fd, char **text, size_t *length)
{
	size_t size = TEXT_FIRST;
	char *buffer = malloc(size);
	*length = 0;
	while (buffer) {
		ssize_t count = read(fd, buffer + *length, size - *length - 1);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0) {
			int number = count ? errno : 0;
			buffer[*length] = '\0';
			*text = buffer;
			if (number)
				free(buffer);
			return -number;
		}
		*length += (size_t)count;
		if (*length + 1 < size)
			continue;
		size *= 2;
		char *larger = size <= TEXT_MAX ? realloc(buffer, size) : NULL;
		if (!larger)
			free(buffer);
		buffer = larger;
	}
	return -ENOMEM;
}

int sched_file_read(const struct sched_tree *tree, const struct sched_group *group,
		    const char *file, char **text, struct sched_error *error)
{
	size_t length;
	int fd = file_open(tree, group, file, O_RDONLY);
	if (fd < 0)
		return sched_explain(tree, group, file, NULL, errno, error);
	int result = text_load(fd, text, &length);
	close(fd);
	if (result)
		return sched_explain(tree, group, file, NULL, -result, error);
	if (length && (*text)[length - 1] == '\n')
		(*text)[length - 1] = '\0';
	return 0;
}

int sched_file_write(const struct sched_tree *tree, const struct sched_group *group,
		     const char *file, const char *value, struct sched_error *error)
{
	char line[LINE_MAX_BYTES + 1];
	int result = sched_value_check(group, file, value, error);
	if (result)
		return result;
	/* A write of no bytes changes nothing: clearing takes a newline. */
	int length = snprintf(line, sizeof(line), "%s\n", value);
	if (length < 0 || (size_t)length >= sizeof(line))
		return sched_fail(error, E2BIG, "%s: %s: a value has at most %d bytes",
				  sched_group_label(group), file, LINE_MAX_BYTES - 1);
	int fd = file_open(tree, group, file, O_WRONLY);
	if (fd < 0)
		return sched_explain(tree, group, file, value, errno, error);
	int number = write(fd, line, (size_t)length) < 0 ? errno : 0;
	close(fd);
	return number ? sched_explain(tree, group, file, value, number, error) : 0;
}

/* Reads a short file of the machine's; "" when it is not there. */
static void machine_read(const char *path, char *buffer, size_t size)
{
	ssize_t count = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		count = read(fd, buffer, size - 1);
		close(fd);
	}
	buffer[count > 0 ? count : 0] = '\0';
	buffer[strcspn(buffer, "\n")] = '\0';
}

struct cpumask sched_machine_cpus(void)
{
	char text[LINE_MAX_BYTES];
	struct cpumask mask;
	machine_read("/sys/devices/system/cpu/possible", text, sizeof(text));
	if (!text[0] || cpulist_parse(text, strlen(text), NR_CPUS, &mask) || cpumask_empty(&mask))
		return cpumask_below(NR_CPUS);
	return mask;
}

char *sched_cpus_text(const struct cpumask *mask, char *buffer, size_t size)
{
	size_t length = cpulist_format(mask, buffer, size - 1);
	if (length > size - 1)
		length = size - 1;
	buffer[length] = '\0';
	if (!length)
		snprintf(buffer, size, "-");
	return buffer;
}

int sched_group_effective(const struct sched_tree *tree, const struct sched_group *group,
			  struct cpumask *mask, struct sched_error *error)
{
	struct sched_group at = *group;
	char *text;

	/* Below a node without cpuset's files the tasks are held by the nearest ancestor's. */
	int result = sched_file_read(tree, &at, "cpuset.cpus.effective", &text, error);
	while (result == -ENOENT && sched_group_parent(&at, &at))
		result = sched_file_read(tree, &at, "cpuset.cpus.effective", &text, error);
	if (result)
		return result;
	result = cpulist_parse(text, strlen(text), NR_CPUS, mask);
	free(text);
	return result ? sched_explain(tree, &at, "cpuset.cpus.effective", NULL, -result, error) : 0;
}
