// SPDX-License-Identifier: Apache-2.0
/*
 * lock_rank_on_host.c - the kernel's file as it is, compiled for the host.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/kernel.h"
#include "kernel/proc/task.h"
#include "kernel/smp/cpu.h"
#include "tests/kernel/sync/lock_rank_on_host.h"

static struct cpu only_cpu;
static struct task tasks[2], *running = &tasks[0];

#undef current
#define current    running
#define this_cpu() (&only_cpu)

#include "kernel/sync/lock_rank.c" // NOLINT: the kernel's own target is for riscv64 alone

void lock_rank_switch_task(void)
{
	running = &tasks[running == &tasks[0]];
	*running = (struct task){ .cpu = &only_cpu };
}

_Noreturn void panic(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	abort();
}

_Noreturn void assertion_failed(const char *expression, const char *file, int line)
{
	panic("%s:%d: %s", file, line, expression);
}
