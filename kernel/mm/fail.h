// SPDX-License-Identifier: Apache-2.0
/*
 * fail.h - allocations that fail on purpose, to see that everybody copes: the checked kernel only.
 *
 * /proc/fail-nth says which allocation of the task that writes it fails next, as Linux's
 * /proc/self/fail-nth does. Faults in user mode are left out: they could only kill the task.
 */
#ifndef KERNEL_MM_FAIL_H
#define KERNEL_MM_FAIL_H

#include "kernel/proc/task.h"

#ifdef TAPER_CHECKED

/* Asked by every allocator before it allocates. */
static inline bool allocation_must_fail(void)
{
	return unlikely(current->fail_nth) && --current->fail_nth == 0;
}

/* The fault in user mode begins, and ends. */
static inline uint64_t fail_pause(void)
{
	uint64_t nth = current->fail_nth;
	current->fail_nth = 0;
	return nth;
}

static inline void fail_resume(uint64_t nth)
{
	current->fail_nth = nth;
}

#else

static inline bool allocation_must_fail(void) { return false; }
static inline uint64_t fail_pause(void) { return 0; }
static inline void fail_resume(uint64_t nth) { (void)nth; }

#endif

#endif
