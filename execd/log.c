// SPDX-License-Identifier: Apache-2.0
/*
 * log.c - execd's own lines, on the console.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "execd/log.h"

enum {
	LOG_LINE_MAX = 2048,
};

static int log_fd = STDERR_FILENO;
static bool log_is_quiet;

void log_to(int fd)
{
	log_fd = fd;
}

void log_quiet(void)
{
	log_is_quiet = true;
}

static void log_write(const char *format, va_list arguments)
{
	char line[LOG_LINE_MAX] = "execd: ";
	int used = 7;
	int length = vsnprintf(line + used, sizeof(line) - (size_t)used - 1, format, arguments);

	used += length < 0 ? 0 : length;
	if (used > LOG_LINE_MAX - 2)
		used = LOG_LINE_MAX - 2;
	line[used++] = '\n';
	/* When the console does not take it there is nobody left to tell. */
	if (write(log_fd, line, (size_t)used) < 0)
		return;
}

void log_info(const char *format, ...)
{
	va_list arguments;
	if (log_is_quiet)
		return;
	va_start(arguments, format);
	log_write(format, arguments);
	va_end(arguments);
}

void log_error(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	log_write(format, arguments);
	va_end(arguments);
}

void log_line(const char *text)
{
	if (dprintf(log_fd, "%s\n", text) < 0)
		return;
}
