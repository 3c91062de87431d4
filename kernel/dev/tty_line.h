// SPDX-License-Identifier: Apache-2.0
/*
 * tty_line.h - between the two halves of a terminal: tty_input.c and tty.c.
 */
#ifndef KERNEL_DEV_TTY_LINE_H
#define KERNEL_DEV_TTY_LINE_H

#include "kernel/dev/tty.h"

enum tty_taken {
	TTY_TAKEN_PART, /* there may be more of it */
	TTY_TAKEN_END,  /* the end of a line, or of the file when no byte came */
};

/* Takes input that may be read, at most one line in canonical mode; answers how many bytes. */
size_t tty_take_input(struct tty *tty, uint8_t *bytes, size_t size, enum tty_taken *taken);
/* Forgets all input. The lock is held. */
void tty_flush_input_locked(struct tty *tty);

#endif
