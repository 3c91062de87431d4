// SPDX-License-Identifier: Apache-2.0
/*
 * timer.h - the clock, and one-shot timers kept per CPU. There is no tick: the hardware timer
 * is set to the earliest of the CPU's timers and the end of the running task's turn.
 */
#ifndef KERNEL_SMP_TIMER_H
#define KERNEL_SMP_TIMER_H

#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/sync/spinlock.h"

/* Nanoseconds since the clock started (CLOCK_MONOTONIC); never goes back. */
uint64_t time_now_ns(void);
/* Nanoseconds of CLOCK_REALTIME minus CLOCK_MONOTONIC (from the machine's RTC, else 0), and its setting. */
int64_t time_realtime_offset_ns(void);
void time_set_realtime_offset_ns(int64_t offset_ns);

struct cpu;

struct timer {
	RB_ENTRY(timer) link;             /* (T) */
	uint64_t deadline_ns;             /* (T) */
	void (*expire)(struct timer *timer); /* (i) called once, with the base's lock held: wake, send */
	struct timer_base *base;          /* (T) NULL when not armed */
};

RB_HEAD(timer_tree, timer);

struct timer_base {
	struct spinlock lock;   /* (T) LOCK_RANK_TIMER */
	struct timer_tree tree; /* (T) */
	uint64_t first_ns;      /* (T) the earliest deadline; UINT64_MAX: none */
	uint64_t programmed_ns; /* only this CPU: what the hardware timer is set to */
	uint64_t slice_end_ns;  /* only this CPU: UINT64_MAX when nobody else wants the CPU */
};

static inline void timer_init(struct timer *timer, void (*expire)(struct timer *timer))
{
	timer->expire = expire;
	timer->base = 0;
}
/* Arms on this CPU, or on its keeper; re-arms when armed. Ranks below LOCK_RANK_TIMER may be held. */
void timer_arm(struct timer *timer, uint64_t deadline_ns);
/* Whether it will fire: no longer once its callback has begun, for which it waits. Locks as timer_arm(). */
bool timer_is_armed(const struct timer *timer);
/* When it returns, the callback neither runs nor will. Answers whether it was armed. */
bool timer_cancel(struct timer *timer);

/* ---- for the CPU itself ---- */

void time_init(void);                             /* boot: the rate of the clock */
void time_read_rtc(void);                         /* boot: the date, where the machine knows it */
uint64_t time_ticks_to_ns(uint64_t ticks);        /* a duration */
void timer_start_here(void);                      /* this CPU has none, and its interrupt is set to never */
/* The CPU's timers fire on another one, which has to be told (IPI_TIMER). False: that one may have none, for it is
 * offline or quiet; nothing has moved. */
bool timer_move_all(struct cpu *from, struct cpu *to);
void timer_give_away(void);                       /* this CPU, which has a keeper: all to that one */
void timer_interrupt(void);                       /* runs what is due */
void timer_set_slice_end(uint64_t deadline_ns);   /* the running task's turn; UINT64_MAX: no end */
/* A quiet CPU: the hardware timer to what comes next, and to nothing that is over. */
void timer_set_exactly(void);
void timer_wake_at(uint64_t deadline_ns);         /* boot: one interrupt then */

#endif
