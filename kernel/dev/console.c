// SPDX-License-Identifier: Apache-2.0
/*
 * console.c - printk, the ring behind dmesg, and the way to the console device.
 *
 * Lines are stamped with the time since boot. What was logged before a device was found is
 * written when it registers.
 */
#include <stdio.h>
#include <string.h>

#include "kernel/dev/console.h"
#include "kernel/fs/vfs.h"
#include "kernel/kernel.h"
#include "kernel/riscv/sbi.h"
#include "kernel/smp/timer.h"
#include "kernel/sync/spinlock.h"

enum { LOG_SIZE = 16384, LINE_SIZE = 256 };

/* (l) `lock`, LOCK_RANK_CONSOLE */
static struct {
	struct spinlock lock;
	char ring[LOG_SIZE];  /* (l) byte n of the log is at n % LOG_SIZE */
	uint64_t written;     /* (l) bytes logged since boot */
	bool in_line;         /* (l) the last line is not ended */
	bool quiet, busted;   /* (l) */
	const struct console_device *device; /* (l) set once */
} log = { .lock = SPINLOCK_INIT(LOCK_RANK_CONSOLE) };

static void lock(void)
{
	if (!log.busted)
		spin_lock(&log.lock);
}

static void unlock(void)
{
	if (!log.busted)
		spin_unlock(&log.lock);
}

static void device_write(const char *bytes, size_t count)
{
	while (count) {
		const char *newline = memchr(bytes, '\n', count);
		size_t line = newline ? (size_t)(newline - bytes) : count;

		log.device->write(bytes, line);
		if (!newline)
			return;
		log.device->write("\r\n", 2);
		bytes += line + 1;
		count -= line + 1;
	}
}

static void append(const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		log.ring[log.written++ % LOG_SIZE] = bytes[i];
	if (log.device && !log.quiet)
		device_write(bytes, count);
}

static void print(const char *format, va_list arguments)
{
	char line[LINE_SIZE];
	int length = vsnprintf(line, sizeof(line), format, arguments);

	if (length <= 0)
		return;
	if (length >= (int)sizeof(line)) {
		length = sizeof(line) - 1;
		line[length - 1] = '\n';
	}
	lock();
	if (!log.in_line) {
		char stamp[32];
		uint64_t now = time_now_ns();
		int size = snprintf(stamp, sizeof(stamp), "[%5u.%06u] ",
				    (unsigned int)(now / NSEC_PER_SEC),
				    (unsigned int)(now % NSEC_PER_SEC / NSEC_PER_USEC));

		append(stamp, (size_t)size);
	}
	append(line, (size_t)length);
	log.in_line = line[length - 1] != '\n';
	unlock();
}

void printk(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(format, arguments);
	va_end(arguments);
}

static size_t ring_length(void)
{
	return log.written < LOG_SIZE ? (size_t)log.written : LOG_SIZE;
}

void console_register(const struct console_device *device)
{
	lock();
	log.device = device;
	for (uint64_t i = log.written - ring_length(); i < log.written && !log.quiet; i++)
		device_write(&log.ring[i % LOG_SIZE], 1);
	unlock();
}

void console_write(const char *bytes, size_t count)
{
	lock();
	if (log.device)
		log.device->write(bytes, count);
	unlock();
}

void console_quiet(void)
{
	log.quiet = true;
}

static void sbi_write(const char *bytes, size_t count)
{
	while (count--)
		sbi_console_putchar((uint8_t)*bytes++);
}

static const struct console_device sbi_console = { "SBI", sbi_write };

void console_bust_locks(void)
{
	if (!log.device)
		console_register(&sbi_console); /* a panic before the UART was found */
	log.busted = true;
	log.quiet = false;
}

size_t log_length(void)
{
	return ring_length();
}

size_t log_copy(char *buffer, size_t size)
{
	lock();
	size_t count = MIN(size, ring_length());
	for (size_t i = 0; i < count; i++)
		buffer[i] = log.ring[(log.written - count + i) % LOG_SIZE];
	unlock();
	return count;
}
