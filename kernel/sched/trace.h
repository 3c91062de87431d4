// SPDX-License-Identifier: Apache-2.0
/*
 * trace.h - what the scheduler did lately: a ring of records per CPU, read through /dev/trace.
 *
 * Only the CPU itself writes its ring, and the kernel is not interrupted, so a record costs no lock: it
 * is stored, then the count of records goes up. A reader copies what it has not seen, looks at the count
 * again, and drops what may have been overwritten meanwhile; it learns how many were lost. Off, which
 * is when nobody has the device open, each event costs a load and a branch.
 */
#ifndef KERNEL_SCHED_TRACE_H
#define KERNEL_SCHED_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "cgroups/cpumask.h"
#include "kernel/kernel.h"
#include "sysfs/trace_record.h"

struct task;

extern uint32_t trace_readers; /* (a) who has it open: records are made */

void trace_write(enum trace_event event, const struct task *task, int32_t other, uint32_t value);
/* About `task`, on this CPU. Any context. */
static inline void trace(enum trace_event event, const struct task *task, int32_t other, uint32_t value)
{
	if (unlikely(__atomic_load_n(&trace_readers, __ATOMIC_RELAXED)))
		trace_write(event, task, other, value);
}
/* It may run there from now on. */
static inline void trace_mask(const struct task *task, const struct cpumask *allowed)
{
	if (unlikely(__atomic_load_n(&trace_readers, __ATOMIC_RELAXED)))
		trace_write(TRACE_MASK, task, (int32_t)cpumask_first(allowed), cpumask_count(allowed));
}
/* The current task wakes it. */
void trace_write_wake(const struct task *task);
static inline void trace_wake(const struct task *task)
{
	if (unlikely(__atomic_load_n(&trace_readers, __ATOMIC_RELAXED)))
		trace_write_wake(task);
}
/* This CPU goes from one task to the other. */
void trace_write_switch(const struct task *previous, const struct task *next);
static inline void trace_switch(const struct task *previous, const struct task *next)
{
	if (unlikely(__atomic_load_n(&trace_readers, __ATOMIC_RELAXED)))
		trace_write_switch(previous, next);
}

/* Where a reader stands in every CPU's ring. */
struct trace_cursor;
/* Begins tracing for one reader, with the next record. NULL: no memory. Sleeps. */
struct trace_cursor *trace_open(void);
void trace_close(struct trace_cursor *cursor);
/* Up to `room` records (> 0) that it has not seen, CPU by CPU, each CPU's oldest first: how many; 0: none
 * now. One reader at a time. */
size_t trace_take(struct trace_cursor *cursor, struct trace_record *records, size_t room);

#endif
