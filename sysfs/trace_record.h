// SPDX-License-Identifier: Apache-2.0
/*
 * trace_record.h - what /dev/trace reads: an array of these, for the kernel and for schedctl.
 */
#ifndef SYSFS_TRACE_RECORD_H
#define SYSFS_TRACE_RECORD_H

#include <stdint.h>

/* Every event: its name, what `other` and `value` are. The numbers never change. */
#define TRACE_EVENTS(EVENT) \
	EVENT(0, LOST)      /* value: records of this CPU that were overwritten unread */ \
	EVENT(1, SWITCH)    /* it runs now; other: who ran, value: enum trace_end */ \
	EVENT(2, WAKE)      /* it is runnable; other: who woke it, value: the CPU it had last */ \
	EVENT(3, MIGRATE)   /* it changed its CPU; other: from, value: to */ \
	EVENT(4, MASK)      /* it may use other CPUs; other: the first of them, value: how many */ \
	EVENT(5, THROTTLE)  /* it waits for a quota */ \
	EVENT(6, RELEASE)   /* it no longer does */ \
	EVENT(7, CPU)       /* other: a CPU, value: 1 it came, 0 it goes */

#define TRACE_NUMBER(number, name) TRACE_##name = (number),
enum trace_event { TRACE_EVENTS(TRACE_NUMBER) TRACE_EVENT_COUNT };
#undef TRACE_NUMBER

/* What became of the task that left the CPU. */
enum trace_end { TRACE_RUNNABLE, TRACE_SLEEPS, TRACE_THROTTLED, TRACE_ENDED };

enum { TRACE_NAME_SIZE = 16 };

/* TID 0 is a CPU's idle task. */
struct trace_record {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint16_t event;   /* enum trace_event */
	uint16_t cpu;     /* where it happened */
	int32_t tid;      /* whom it is about */
	int32_t other;
	uint32_t value;
	char name[TRACE_NAME_SIZE]; /* of the task it is about, without NUL when it is that long */
};

#ifndef __cplusplus
_Static_assert(sizeof(struct trace_record) == 40, "the format of /dev/trace");
#endif

#endif
