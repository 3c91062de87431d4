// SPDX-License-Identifier: Apache-2.0
/*
 * group.h - the tree from a test's side: groups by their path below /sys/fs/cgroup ("" is the
 * root), one call a file. Everything answers 0 or a length, or -errno.
 */
#ifndef TESTS_GUEST_GROUP_H
#define TESTS_GUEST_GROUP_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define GROUP_ROOT "/sys/fs/cgroup"

enum { GROUP_PATH = 4096 };

static inline void group_path(char *path, const char *group, const char *file)
{
	snprintf(path, GROUP_PATH, GROUP_ROOT "/%s/%s", group, file);
}

static inline int group_make(const char *group)
{
	char path[GROUP_PATH];

	group_path(path, group, "");
	return mkdir(path, 0755) ? -errno : 0;
}

static inline int group_remove(const char *group)
{
	char path[GROUP_PATH];

	group_path(path, group, "");
	return rmdir(path) ? -errno : 0;
}

static inline int group_open(const char *group, const char *file, int flags)
{
	char path[GROUP_PATH];

	group_path(path, group, file);
	int fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static inline int group_put(const char *group, const char *file, const char *text)
{
	int fd = group_open(group, file, O_WRONLY);
	if (fd < 0)
		return fd;
	ssize_t length = write(fd, text, strlen(text));
	int error = length < 0 ? -errno : 0;
	close(fd);
	return error;
}

/* The file's text, without its last newline. */
static inline int group_get(const char *group, const char *file, char *text, size_t size)
{
	int fd = group_open(group, file, O_RDONLY);
	if (fd < 0)
		return fd;
	size_t length = 0;
	ssize_t more;
	while (length < size - 1 && (more = read(fd, text + length, size - 1 - length)) > 0)
		length += (size_t)more;
	int error = more < 0 ? -errno : 0;
	close(fd);
	if (length && text[length - 1] == '\n')
		length--;
	text[length] = '\0';
	return error ? error : (int)length;
}

/* Whether the file reads as `text`. */
static inline int group_is(const char *group, const char *file, const char *text)
{
	char buffer[GROUP_PATH];

	return group_get(group, file, buffer, sizeof(buffer)) >= 0 && !strcmp(buffer, text);
}

/* The number behind `key` in a file of "key value" lines; -1: not there. */
static inline long long group_number(const char *group, const char *file, const char *key)
{
	char text[GROUP_PATH];
	size_t length = strlen(key);

	if (group_get(group, file, text, sizeof(text)) < 0)
		return -1;
	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, length) && line[length] == ' ')
			return atoll(line + length);
	}
	return -1;
}

/* Moves a process (0: the caller) into the group. */
static inline int group_move(const char *group, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	return group_put(group, "cgroup.procs", text);
}

#endif
