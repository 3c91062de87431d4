// SPDX-License-Identifier: Apache-2.0
/*
 * libsched_names.c - the names of groups, settings and tasks, and one-line errors.
 *
 * Pure: text in, text out.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/schedctl/libsched.h"

struct setting {
	const char *name;
	const char *file;
};

static const struct setting settings[] = {
	{ "cpus", "cpuset.cpus" },
	{ "effective", "cpuset.cpus.effective" },
	{ "exclusive", "cpuset.cpus.exclusive" },
	{ "mems", "cpuset.mems" },
	{ "partition", "cpuset.cpus.partition" },
	{ "shares", "cpu.weight" },
};

const char *const sched_setting_names[] = { "cpus", "effective", "exclusive", "mems", "partition", "shares", NULL };

int sched_fail(struct sched_error *error, int number, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	error->number = number;

	size_t used = length < 0 ? 0 : (size_t)length;
	if (used < sizeof(error->text)) {
		const char *name = strerrorname_np(number);
		snprintf(error->text + used, sizeof(error->text) - used, " (%s)",
			 name ? name : "?");
	}
	return -number;
}

/* The length of the component that text starts with. */
static size_t component_length(const char *text)
{
	return strcspn(text, "/");
}

static int component_check(const char *text, size_t length, const char *whole,
			   struct sched_error *error)
{
	if (length > SCHED_COMPONENT_MAX)
		return sched_fail(error, ENAMETOOLONG,
				  "%.40s...: a group's name has at most %d bytes", text,
				  SCHED_COMPONENT_MAX);
	if ((length == 1 && text[0] == '.') || (length == 2 && text[0] == '.' && text[1] == '.'))
		return sched_fail(error, EINVAL, "%s: '%.*s' is no name of a group", whole,
				  (int)length, text);
	if (memchr(text, '\n', length))
		return sched_fail(error, EINVAL, "a group's name holds no newline");
	return 0;
}

int sched_group_parse(const char *text, struct sched_group *group, struct sched_error *error)
{
	size_t used = 0;

	if (!*text)
		return sched_fail(error, EINVAL, "a group's name is empty; '/' is the root");
	group->path[0] = '\0';
	for (const char *at = text; *at;) {
		if (*at == '/') {
			at++;
			continue;
		}
		size_t length = component_length(at);
		int result = component_check(at, length, text, error);
		if (result)
			return result;
		if (used + length + 2 > sizeof(group->path))
			return sched_fail(error, ENAMETOOLONG,
					  "%.40s...: a path has at most %d bytes", text,
					  SCHED_PATH_MAX - 1);
		if (used)
			group->path[used++] = '/';
		memcpy(group->path + used, at, length);
		used += length;
		group->path[used] = '\0';
		at += length;
	}
	return 0;
}

const char *sched_group_label(const struct sched_group *group)
{
	return group->path[0] ? group->path : "/";
}

bool sched_group_parent(const struct sched_group *group, struct sched_group *parent)
{
	if (!group->path[0])
		return false;
	const char *slash = strrchr(group->path, '/');
	size_t length = slash ? (size_t)(slash - group->path) : 0;
	memmove(parent->path, group->path, length);
	parent->path[length] = '\0';
	return true;
}

int sched_path_compare(const char *one, const char *other)
{
	while (*one && *one == *other) {
		one++;
		other++;
	}
	/* The end comes before a slash, and a slash before every byte of a longer name. */
	int a = !*one ? 0 : *one == '/' ? 1 : (unsigned char)*one + 1;
	int b = !*other ? 0 : *other == '/' ? 1 : (unsigned char)*other + 1;
	return a - b;
}

const char *sched_setting_file(const char *name)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (!strcmp(settings[i].name, name))
			return settings[i].file;
	return strchr(name, '.') && !strchr(name, '/') && name[0] != '.' ? name : NULL;
}

/* Decimal digits alone, from low to high. */
static int number_parse(const char *text, long low, long high, long *number)
{
	if (!*text || text[strspn(text, "0123456789")])
		return -EINVAL;
	errno = 0;
	*number = strtol(text, NULL, 10);
	return errno || *number < low || *number > high ? -ERANGE : 0;
}

int sched_shares_parse(const char *text, unsigned int *shares)
{
	long number;
	int result = number_parse(text, SCHED_SHARES_MIN, SCHED_SHARES_MAX, &number);
	if (!result)
		*shares = (unsigned int)number;
	return result;
}

int sched_task_parse(const char *text, pid_t *task)
{
	long number;
	int result = number_parse(text, 1, INT_MAX, &number);
	if (!result)
		*task = (pid_t)number;
	return result;
}
