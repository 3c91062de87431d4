// SPDX-License-Identifier: Apache-2.0
/*
 * tty_input_on_host.h - the kernel's line discipline with a test at both ends.
 */
#ifndef TESTS_KERNEL_DEV_TTY_INPUT_ON_HOST_H
#define TESTS_KERNEL_DEV_TTY_INPUT_ON_HOST_H

#include <stddef.h>
#include <stdint.h>

enum terminal_kind { TERMINAL_COOKED, TERMINAL_RAW };

/* One terminal, new each time. */
void terminal_reset(enum terminal_kind kind);
void terminal_type(const char *bytes, size_t count);
/* What a read(2) of `size` bytes would take; *ended: it stopped at the end of a line or file. */
size_t terminal_take(char *bytes, size_t size, int *ended);
size_t terminal_room(void);
/* What was shown since the last call, NUL-terminated. */
const char *terminal_shown(void);
/* The signals sent to the foreground group since the last call, as bits 1 << number. */
uint32_t terminal_signals(void);
size_t terminal_readable(void);

#endif
