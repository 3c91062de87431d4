// SPDX-License-Identifier: Apache-2.0
/*
 * panic.c - the kernel found a mistake of its own: say what, where and by whom, and stop.
 */
#include <stdio.h>

#include "kernel/dev/console.h"
#include "kernel/dev/machine.h"
#include "kernel/kernel.h"
#include "kernel/mm/layout.h"
#include "kernel/smp/cpu.h"
#include "kernel/smp/smp.h"

enum { PANIC_STATUS = 125, BACKTRACE_MAX = 16 };

extern char _text_start[], _text_end[];

/* Return addresses as they lie on the stack: some may be stale, none is missing. */
static void backtrace(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t end = ALIGN_UP(here + 1, KERNEL_STACK_SIZE);
	unsigned int count = 0;

	printk("possible callers:");
	for (uintptr_t at = ALIGN_UP(here, 8UL); at < end && count < BACKTRACE_MAX; at += 8) {
		uintptr_t value = *(uintptr_t *)at;

		if (value > (uintptr_t)_text_start && value < (uintptr_t)_text_end) {
			printk(" %lx", (unsigned long)value);
			count++;
		}
	}
	printk("\n");
}

_Noreturn void panic(const char *format, ...)
{
	static uint32_t panicking;
	char reason[200];
	va_list arguments;

	if (__atomic_exchange_n(&panicking, 1, __ATOMIC_SEQ_CST))
		machine_halt(); /* another CPU was first, or the panic itself failed */
	lock_rank_forget();
	smp_stop_others();
	console_bust_locks();
	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	printk("\nPANIC: %s\n", reason);
	printk("CPU %u, task %d (%s)\n", this_cpu()->id, current->tid, current->name);
	backtrace();
	machine_power_off(PANIC_STATUS);
}

_Noreturn void assertion_failed(const char *expression, const char *file, int line)
{
	panic("assertion failed: %s (%s:%d)", expression, file, line);
}
