// SPDX-License-Identifier: Apache-2.0
/*
 * tap.h - what every guest test prints: one line a check (Test Anything Protocol), the plan last.
 */
#ifndef TESTS_GUEST_TAP_H
#define TESTS_GUEST_TAP_H

#include <stdarg.h>
#include <stdio.h>

static int tap_count, tap_failures;

/* One check; its name says what is true when it passes. Answers the condition. */
__attribute__((format(printf, 2, 3))) static inline int ok(int condition, const char *name, ...)
{
	va_list arguments;

	printf("%sok %d - ", condition ? "" : "not ", ++tap_count);
	va_start(arguments, name);
	vprintf(name, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout); /* a child must not inherit it */
	tap_failures += !condition;
	return condition;
}

/* The plan; answers main's exit status. */
static inline int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures != 0;
}

#endif
