// SPDX-License-Identifier: Apache-2.0
/*
 * tty_input_on_host.c - the kernel's file as it is, compiled for the host.
 */
#include "tests/kernel/dev/tty_input_on_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/dev/tty_input.c" // NOLINT: the kernel's own target is for riscv64 alone

enum { GROUP = 7, SHOWN_MAX = 1 << 16 };

static struct tty terminal;
static char shown[SHOWN_MAX], answer[SHOWN_MAX];
static size_t shown_length;
static uint32_t signals_sent;

void spin_lock(struct spinlock *lock)
{
	(void)lock;
}

void spin_unlock(struct spinlock *lock)
{
	(void)lock;
}

void waitqueue_wake_all(struct waitqueue *queue)
{
	(void)queue;
}

unsigned int signal_send_group(int32_t group, int number, const struct signal_info *info)
{
	(void)info;
	if (group == GROUP)
		signals_sent |= 1u << number;
	return 1;
}

static size_t show(struct tty *tty, const char *bytes, size_t count)
{
	(void)tty;
	memcpy(shown + shown_length, bytes, count);
	shown_length += count;
	return count;
}

static const struct tty_driver driver = { .write = show };

void terminal_reset(enum terminal_kind kind)
{
	memset(&terminal, 0, sizeof(terminal));
	shown_length = 0;
	signals_sent = 0;
	terminal.driver = &driver;
	terminal.foreground = GROUP;
	terminal.settings = (struct tty_settings){
		.control_bytes =
			{
				[VINTR] = 3,
				[VQUIT] = 28,
				[VERASE] = 127,
				[VKILL] = 21,
				[VEOF] = 4,
				[VMIN] = 1,
				[VSUSP] = 26,
				[VWERASE] = 23,
			},
	};
	if (kind == TERMINAL_RAW)
		return;
	terminal.settings.input = ICRNL | IUTF8;
	terminal.settings.output = OPOST | ONLCR;
	terminal.settings.local = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
}

void terminal_type(const char *bytes, size_t count)
{
	tty_receive(&terminal, (const uint8_t *)bytes, count);
}

size_t terminal_take(char *bytes, size_t size, int *ended)
{
	enum tty_taken taken;
	size_t count = tty_take_input(&terminal, (uint8_t *)bytes, size, &taken);

	*ended = taken == TTY_TAKEN_END;
	return count;
}

size_t terminal_room(void)
{
	return tty_receive_room(&terminal);
}

const char *terminal_shown(void)
{
	memcpy(answer, shown, shown_length);
	answer[shown_length] = '\0';
	shown_length = 0;
	return answer;
}

uint32_t terminal_signals(void)
{
	uint32_t sent = signals_sent;

	signals_sent = 0;
	return sent;
}

size_t terminal_readable(void)
{
	return (size_t)(terminal.edited - terminal.tail);
}
