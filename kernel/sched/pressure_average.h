// SPDX-License-Identifier: Apache-2.0
/*
 * pressure_average.h - from time stalled to avg10, avg60 and avg300, as Linux's PSI computes them:
 * exponential averages that step every 2 s. Whoever asks less often gets, for the steps between, the
 * mean of the whole time. pressure_average.c is pure.
 */
#ifndef KERNEL_SCHED_PRESSURE_AVERAGE_H
#define KERNEL_SCHED_PRESSURE_AVERAGE_H

#include <stdint.h>

enum { PRESSURE_AVERAGES = 3, PRESSURE_STEP_NS = 2000000000 };

struct pressure_average {
	uint64_t total_ns;  /* stalled so far; only grows */
	uint64_t seen_ns;   /* of that, what is in the averages */
	uint32_t average[PRESSURE_AVERAGES]; /* over 10, 60 and 300 s, in 1/2048 % */
};

/* The averages after `steps` (> 0) steps in which it was stalled as much as total_ns has grown, of
 * elapsed_ns (> 0) in all. */
void pressure_average_step(struct pressure_average *average, uint64_t steps, uint64_t elapsed_ns);
/* One of them in 1/100 %. */
uint32_t pressure_average_percent(const struct pressure_average *average, unsigned int which);

#endif
