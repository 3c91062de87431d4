// SPDX-License-Identifier: Apache-2.0
/*
 * pressure_window.h - when a trigger of cpu.pressure fires: once its tasks have been stalled for so much of
 * a window of time. pressure_window.c is pure.
 *
 * The window slides, but only two numbers of its past are kept, as in Linux's PSI: how much the total has
 * grown since the window began, and how much it grew in the window before, which is taken to have been
 * even. So a stall of twice the threshold within one window is never missed, at a steady rate the threshold
 * itself is exact, and less than the threshold in two windows never fires (but for what looks are late by).
 * What is reached again in the window after an event is told at its end: events are delayed, not lost.
 */
#ifndef KERNEL_SCHED_PRESSURE_WINDOW_H
#define KERNEL_SCHED_PRESSURE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

/* How often a window is looked at, and of what all looks are multiples: 4 ms. */
enum { PRESSURE_LOOKS = 10, PRESSURE_LOOK_GRID_NS = 1 << 22 };

struct pressure_window {
	uint64_t size_ns, threshold_ns; /* 0 < threshold_ns <= size_ns */
	uint64_t start_ns, start_total_ns; /* when this window began, and what the total was then */
	uint64_t before_ns;             /* how much it grew in the one before */
	uint64_t quiet_until_ns;        /* no event before: one a window */
	bool exceeded;                  /* the threshold was reached since the last event */
};

/* A window that begins now, when the total is `total_ns`. */
void pressure_window_begin(struct pressure_window *window, uint64_t size_ns, uint64_t threshold_ns,
			   uint64_t now_ns, uint64_t total_ns);
/* The total has become `total_ns`, neither it nor the time less than before: whether that is an event. */
bool pressure_window_update(struct pressure_window *window, uint64_t now_ns, uint64_t total_ns);

#endif
