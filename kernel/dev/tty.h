// SPDX-License-Identifier: Apache-2.0
/*
 * tty.h - terminals: a line discipline between a device and its readers.
 *
 * A device fills in a driver, calls tty_init(), and hands what it receives to tty_receive()
 * (kernel/fs/vfs.h).
 */
#ifndef KERNEL_DEV_TTY_H
#define KERNEL_DEV_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/sync/mutex.h"

enum { TTY_BUFFER_SIZE = 4096, TTY_CONTROL_COUNT = 19 };

/* struct termios of the system calls. */
struct tty_settings {
	uint32_t input, output, control, local; /* c_iflag, c_oflag, c_cflag, c_lflag */
	uint8_t line;
	uint8_t control_bytes[TTY_CONTROL_COUNT]; /* c_cc */
};
_Static_assert(sizeof(struct tty_settings) == 36, "struct termios");

struct tty_window {
	uint16_t rows, columns, x_pixels, y_pixels;
};

struct tty;

struct tty_driver {
	/* Takes bytes for output, and answers how many: all of them, or what fits now. Never
	 * sleeps. A driver that takes less wakes tty->writable when it can take more. */
	size_t (*write)(struct tty *tty, const char *bytes, size_t count);
	/* Whether it would take a byte now; NULL: always. */
	bool (*can_write)(struct tty *tty);
	/* A reader made room: hands over what waited for it. NULL: nothing ever waits. */
	void (*pull)(struct tty *tty);
};

/* (l) lock   (r) read_mutex   (i) fixed */
struct tty {
	struct spinlock lock;        /* LOCK_RANK_FILE_STATE: never held while anything sleeps */
	const struct tty_driver *driver; /* (i) */
	void *driver_data;           /* (i) */
	uint32_t device;             /* (i) its device number */
	struct tty_settings settings; /* (l) */
	struct tty_window window;    /* (l) */
	int32_t session;             /* (l) whose controlling terminal it is; 0: nobody's */
	int32_t foreground;          /* (l) process group; 0: none */

	/* Input. Bytes count up and never wrap. In canonical mode `edited` ends the lines that may
	 * be read; behind it is the line being typed. A line's end is '\n', EOL, or EOF (kept as a
	 * mark in `ends`, and not read). */
	uint64_t head, edited, tail; /* (l) */
	uint32_t column;             /* (l) where the echo stands */
	uint32_t line_column;        /* (l) where the line being typed began */
	uint8_t input[TTY_BUFFER_SIZE];        /* (l) */
	uint8_t ends[TTY_BUFFER_SIZE / 8];     /* (l) a bit a byte: it ends a line by EOF or EOL */

	struct mutex read_mutex;     /* LOCK_RANK_STREAM: one reader at a time */
	struct mutex write_mutex;    /* LOCK_RANK_STREAM: one writer's bytes together */
	struct waitqueue readable, writable;
};

/* With the settings of a terminal at which somebody sits, or of a plain stream of bytes. */
void tty_init_cooked(struct tty *tty, const struct tty_driver *driver, uint32_t device);
void tty_init_raw(struct tty *tty, const struct tty_driver *driver, uint32_t device);
/* How many more bytes tty_receive() could keep. Any context. */
size_t tty_receive_room(struct tty *tty);
/* The session's leader is gone: the terminal is free, its foreground group gets SIGHUP. */
void tty_leave_session(struct tty *tty, int32_t session);

struct file;
/* open(2) of the terminal's device node. */
int tty_open(struct file *file, struct tty *tty);
/* Every open of /dev/console or of the terminal itself but O_NOCTTY may make it the controlling
 * one. */
void tty_acquire(struct tty *tty);
/* What /proc/PID/stat says of a process's terminal: its device number and foreground group. */
uint32_t tty_device(const struct tty *tty);
int32_t tty_foreground(struct tty *tty);

/* The console's terminal, made at boot. */
void console_tty_init(void);

#endif
