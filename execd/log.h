// SPDX-License-Identifier: Apache-2.0
/*
 * log.h - execd's own lines, on the console: "execd: TEXT". One write a line, so that lines of
 * several writers do not mix.
 */
#ifndef EXECD_LOG_H
#define EXECD_LOG_H

/* Where lines go; standard error at first. */
void log_to(int fd);

/* No more log_info. */
void log_quiet(void);

/* What a user need not read. */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What went wrong. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A line as it is, without execd's name. */
void log_line(const char *text);

#endif
