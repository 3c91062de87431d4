// SPDX-License-Identifier: Apache-2.0
/*
 * console.h - the kernel's log: a ring in memory, and the console.
 */
#ifndef KERNEL_DEV_CONSOLE_H
#define KERNEL_DEV_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

/* Where console output goes. `write` is polled, never fails and may be called in any context. */
struct console_device {
	const char *name;
	void (*write)(const char *bytes, size_t count);
};
void console_register(const struct console_device *device);

/* Log lines no longer reach the console ("quiet"); panics still do. */
void console_quiet(void);

/* The last bytes of the log, oldest first; answers how many were copied. */
size_t log_copy(char *buffer, size_t size);
/* How much of it there is to copy. */
size_t log_length(void);

/* panic: from now on no lock is taken to log. */
void console_bust_locks(void);

#endif
