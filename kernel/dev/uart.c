// SPDX-License-Identifier: Apache-2.0
/*
 * uart.c - see uart.h (National Semiconductor PC16550D data sheet). Speed and format stay as
 * firmware left them.
 */
#include "kernel/dev/console.h"
#include "kernel/dev/plic.h"
#include "kernel/dev/uart.h"
#include "kernel/fs/vfs.h"
#include "kernel/kernel.h"
#include "kernel/riscv/csr.h"

enum { DATA = 0, INTERRUPT_ENABLE = 1, FIFO_CONTROL = 2, LINE_STATUS = 5 };
enum { RECEIVE_INTERRUPT = 1, FIFO_ENABLE = 1, STATUS_RECEIVED = 1, STATUS_EMPTY = 0x20 };
enum { FIFO_SIZE = 16 };

static uintptr_t base;  /* (i) */
static uint32_t stride; /* (i) log2 of the distance between registers */

static volatile uint8_t *reg(unsigned int number)
{
	return (volatile uint8_t *)(base + ((uintptr_t)number << stride));
}

/* The console's lock is held: one writer at a time. */
static void uart_write(const char *bytes, size_t count)
{
	while (count) {
		while (!(*reg(LINE_STATUS) & STATUS_EMPTY))
			cpu_pause();
		for (unsigned int room = FIFO_SIZE; room && count; room--, count--)
			*reg(DATA) = (uint8_t)*bytes++;
	}
}

static const struct console_device uart_console = { "ttyS0", uart_write };

void uart_init(uintptr_t registers, uint32_t shift)
{
	base = registers;
	stride = shift;
	*reg(INTERRUPT_ENABLE) = 0;
	*reg(FIFO_CONTROL) = FIFO_ENABLE;
	console_register(&uart_console);
}

static void receive(void *unused)
{
	uint8_t bytes[FIFO_SIZE];
	size_t count = 0;

	(void)unused;
	while (*reg(LINE_STATUS) & STATUS_RECEIVED) {
		bytes[count++] = *reg(DATA);
		if (count == sizeof(bytes)) {
			tty_receive(console_tty, bytes, count);
			count = 0;
		}
	}
	if (count)
		tty_receive(console_tty, bytes, count);
}

void uart_start_input(unsigned int interrupt)
{
	if (!base)
		return;
	if (interrupt_register(interrupt, receive, NULL) != 0) {
		printk("uart: interrupt %u cannot be had; the console takes no input\n", interrupt);
		return;
	}
	*reg(INTERRUPT_ENABLE) = RECEIVE_INTERRUPT;
}
