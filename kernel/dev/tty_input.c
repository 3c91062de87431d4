// SPDX-License-Identifier: Apache-2.0
/*
 * tty_input.c - what happens to a received byte: signals, editing, echo.
 *
 * Bytes enter at `head`. In canonical mode the line being typed lies between `edited` and `head`
 * and may still be changed; its end moves `edited`. Otherwise every byte may be read at once.
 *
 * Context: tty_receive() is called where interrupts are served, with no lock held; it never sleeps.
 */
#include "kernel/dev/tty.h"
#include "kernel/dev/tty_flags.h"
#include "kernel/dev/tty_line.h"
#include "kernel/fs/vfs.h"
#include "kernel/kernel.h"
#include "kernel/proc/signal.h"

enum { TAB_WIDTH = 8 };

static uint8_t *input_at(struct tty *tty, uint64_t position)
{
	return &tty->input[position % TTY_BUFFER_SIZE];
}

static bool is_control(uint8_t byte)
{
	return byte < ' ' || byte == 0x7f;
}

static bool is_continuation(const struct tty *tty, uint8_t byte)
{
	return (tty->settings.input & IUTF8) && (byte & 0xc0) == 0x80;
}

/* The column behind `byte` when it is echoed in `column`. */
static uint32_t next_column(const struct tty *tty, uint32_t column, uint8_t byte)
{
	if (byte == '\t')
		return (column / TAB_WIDTH + 1) * TAB_WIDTH;
	if (is_control(byte))
		return tty->settings.local & ECHOCTL ? column + 2 : column;
	return is_continuation(tty, byte) ? column : column + 1;
}

static void put(struct tty *tty, const char *bytes, size_t count)
{
	tty->driver->write(tty, bytes, count);
}

static void put_newline(struct tty *tty)
{
	if ((tty->settings.output & (OPOST | ONLCR)) == (OPOST | ONLCR))
		put(tty, "\r\n", 2);
	else
		put(tty, "\n", 1);
	tty->column = 0;
}

static void echo(struct tty *tty, uint8_t byte)
{
	char shown[2] = { '^', (char)(byte ^ 0x40) };

	if (byte == '\n') {
		if (tty->settings.local & (ECHO | ECHONL))
			put_newline(tty);
		return;
	}
	if (!(tty->settings.local & ECHO))
		return;
	if (is_control(byte) && byte != '\t' && (tty->settings.local & ECHOCTL))
		put(tty, shown, 2);
	else
		put(tty, (const char *)&byte, 1);
	tty->column = next_column(tty, tty->column, byte);
}

/* Takes `count` columns back, and what stood there when it was not a tab's space. */
static void rub_out(struct tty *tty, uint32_t count, uint8_t byte)
{
	for (; count > 0; count--) {
		if (byte == '\t')
			put(tty, "\b", 1);
		else
			put(tty, "\b \b", 3);
		tty->column--;
	}
}

/* The column where the line being typed ends without its last byte. */
static uint32_t column_before_last(struct tty *tty)
{
	uint32_t column = tty->line_column;

	for (uint64_t i = tty->edited; i + 1 < tty->head; i++)
		column = next_column(tty, column, *input_at(tty, i));
	return column;
}

/* The last character of the line, all its bytes. */
static void erase(struct tty *tty)
{
	while (tty->head > tty->edited) {
		uint8_t byte = *input_at(tty, tty->head - 1);

		if (tty->settings.local & ECHO) {
			uint32_t column = column_before_last(tty);

			if (column < tty->column)
				rub_out(tty, tty->column - column, byte);
		}
		tty->head--;
		if (!is_continuation(tty, byte))
			break;
	}
}

static void erase_word(struct tty *tty)
{
	while (tty->head > tty->edited && *input_at(tty, tty->head - 1) == ' ')
		erase(tty);
	while (tty->head > tty->edited && *input_at(tty, tty->head - 1) != ' ')
		erase(tty);
}

static void erase_line(struct tty *tty)
{
	while (tty->head > tty->edited)
		erase(tty);
}

static bool is_key(const struct tty *tty, int key, uint8_t byte)
{
	return byte != 0 && tty->settings.control_bytes[key] == byte;
}

static void keep(struct tty *tty, uint8_t byte, uint8_t end)
{
	uint64_t at = tty->head % TTY_BUFFER_SIZE;

	tty->input[at] = byte;
	tty->ends[at / 8] =
		(uint8_t)((tty->ends[at / 8] & ~(1u << at % 8)) | (uint32_t)end << at % 8);
	tty->head++;
}

/* The last place in the buffer is for the end of a line. */
static void receive_canonical(struct tty *tty, uint8_t byte)
{
	uint64_t used = tty->head - tty->tail;

	if (is_key(tty, VERASE, byte) || byte == '\b') {
		erase(tty);
	} else if (is_key(tty, VWERASE, byte) && (tty->settings.local & IEXTEN)) {
		erase_word(tty);
	} else if (is_key(tty, VKILL, byte)) {
		erase_line(tty);
	} else if (byte == '\n' || is_key(tty, VEOL, byte) || is_key(tty, VEOL2, byte) ||
		   is_key(tty, VEOF, byte)) {
		bool eof = byte != '\n' && is_key(tty, VEOF, byte);

		if (used >= TTY_BUFFER_SIZE)
			return;
		if (!eof)
			echo(tty, byte);
		keep(tty, eof ? 0 : byte, byte == '\n' ? 0 : 1);
		tty->edited = tty->head;
	} else if (used < TTY_BUFFER_SIZE - 1) {
		if (tty->head == tty->edited)
			tty->line_column = tty->column;
		keep(tty, byte, 0);
		echo(tty, byte);
	}
}

void tty_flush_input_locked(struct tty *tty)
{
	tty->tail = tty->head;
	tty->edited = tty->head;
}

/* The signal that the byte stands for, or 0. */
static int signal_of(struct tty *tty, uint8_t byte)
{
	int number = 0;

	if (!(tty->settings.local & ISIG))
		return 0;
	if (is_key(tty, VINTR, byte))
		number = KSIGINT;
	else if (is_key(tty, VQUIT, byte))
		number = KSIGQUIT;
	else if (is_key(tty, VSUSP, byte))
		number = KSIGTSTP;
	if (number) {
		if (!(tty->settings.local & NOFLSH))
			tty_flush_input_locked(tty);
		echo(tty, byte);
	}
	return number;
}

/* Answers the signal it calls for, or 0. */
static int receive_byte(struct tty *tty, uint8_t byte)
{
	uint32_t input = tty->settings.input;

	if (byte == '\r') {
		if (input & IGNCR)
			return 0;
		if (input & ICRNL)
			byte = '\n';
	} else if (byte == '\n' && (input & INLCR)) {
		byte = '\r';
	}
	int number = signal_of(tty, byte);

	if (number)
		return number;
	if (tty->settings.local & ICANON) {
		receive_canonical(tty, byte);
	} else if (tty->head - tty->tail < TTY_BUFFER_SIZE) {
		keep(tty, byte, 0);
		tty->edited = tty->head;
		echo(tty, byte);
	}
	return 0;
}

void tty_receive(struct tty *tty, const uint8_t *bytes, size_t count)
{
	size_t i = 0;

	while (i < count) {
		int number = 0;

		spin_lock(&tty->lock);
		while (i < count && number == 0)
			number = receive_byte(tty, bytes[i++]);
		int32_t group = tty->foreground;
		bool readable = tty->edited != tty->tail;
		spin_unlock(&tty->lock);
		if (number && group)
			signal_send_group(group, number, NULL);
		if (readable)
			waitqueue_wake_all(&tty->readable);
	}
}

size_t tty_receive_room(struct tty *tty)
{
	spin_lock(&tty->lock);
	size_t room = TTY_BUFFER_SIZE - (size_t)(tty->head - tty->tail);

	/* The last place is for a line's end. A line that is too long is cut, so that its end and
	 * the signals still come through. */
	if (tty->settings.local & ICANON)
		room = tty->edited == tty->tail ? TTY_BUFFER_SIZE : room - (room > 0);
	spin_unlock(&tty->lock);
	return room;
}

/* One line, or the part of it that fits; what an EOF mark ends, without the mark. */
static size_t take_line(struct tty *tty, uint8_t *bytes, size_t size, enum tty_taken *taken)
{
	size_t count = 0;

	*taken = TTY_TAKEN_PART;
	while (tty->tail < tty->edited) {
		uint64_t at = tty->tail % TTY_BUFFER_SIZE;
		uint8_t byte = tty->input[at];
		bool end = tty->ends[at / 8] >> (at % 8) & 1;

		if (end && byte == 0) {
			tty->tail++;
			*taken = TTY_TAKEN_END;
			break;
		}
		if (count == size)
			break;
		bytes[count++] = byte;
		tty->tail++;
		if (end || byte == '\n') {
			*taken = TTY_TAKEN_END;
			break;
		}
	}
	return count;
}

size_t tty_take_input(struct tty *tty, uint8_t *bytes, size_t size, enum tty_taken *taken)
{
	size_t count = 0;

	spin_lock(&tty->lock);
	if (tty->settings.local & ICANON) {
		count = take_line(tty, bytes, size, taken);
	} else {
		while (count < size && tty->tail < tty->edited)
			bytes[count++] = *input_at(tty, tty->tail++);
		*taken = TTY_TAKEN_PART;
	}
	spin_unlock(&tty->lock);
	return count;
}
