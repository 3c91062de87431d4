// SPDX-License-Identifier: Apache-2.0
/*
 * kernel.h - what every kernel file may use: assertions, the log, small arithmetic.
 *
 * The kernel runs with interrupts off. A hart takes interrupts only from user mode and at
 * three named places: the idle loop, the way back to user mode, and preempt_point(). So an
 * interrupt never lands inside kernel code, no lock has to mask interrupts, and a task in the
 * kernel leaves its CPU only where it calls schedule() (docs/decisions/0001).
 */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>

/* Restart the interrupted call after a signal, or answer EINTR; never reaches user mode. */
#define ERESTARTSYS 512
/* As above, but only when no handler runs (nanosleep, poll: a handler means EINTR). */
#define ERESTARTNOHAND 514

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define ALIGN_UP(value, alignment)   (((value) + (alignment) - 1) & ~((alignment) - 1))
#define ALIGN_DOWN(value, alignment) ((value) & ~((alignment) - 1))

#define container_of(pointer, type, member) \
	((type *)((char *)(pointer) - offsetof(type, member)))

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define NSEC_PER_USEC 1000ULL
#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_SEC  1000000000ULL

/* A line (or part of one) of the kernel's log, on the console; "\n" ends a line. Any context. */
void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The machine is wrong and goes no further: says why and where, stops the other harts, powers
 * off with status 125. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The kernel's mistake, never the user's. Always on: a wrong kernel must not run on. */
_Noreturn void assertion_failed(const char *expression, const char *file, int line);
#define kassert(expression) \
	(likely(expression) ? (void)0 : assertion_failed(#expression, __FILE__, __LINE__))

/* Costly or hot-path checks: only in the checked kernel (TAPER_CHECKED), which every test boots. */
#ifdef TAPER_CHECKED
#define kcheck(expression) kassert(expression)
#else
#define kcheck(expression) ((void)sizeof(!(expression)))
#endif

#endif
