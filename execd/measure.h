// SPDX-License-Identifier: Apache-2.0
/*
 * measure.h - what tasks in groups get, found out by running some: CPU time, and when they have it.
 *
 * Nothing else should want the CPU meanwhile. Each takes a few hundred milliseconds and leaves nothing behind but
 * the caller's groups. Whatever cannot be measured answers false or -1.
 */
#ifndef EXECD_MEASURE_H
#define EXECD_MEASURE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tools/schedctl/libsched.h"

/* Sleeps. */
void measure_rest(int64_t duration_ns);

/* A group with these settings ("FILE=VALUE", NULL at the end); false: it is not there. */
bool measure_make_group(const struct sched_tree *tree, struct sched_group *group, const char *path,
			const char *const settings[]);

/* A child in the group that never rests, until measure_end(). */
pid_t measure_spin(const struct sched_tree *tree, const struct sched_group *group);
void measure_end(pid_t pid);

/* Whether two groups of these shares, each with a busy loop on that CPU, have its time in their ratio,
 * within 5 %. A ratio of 3 is measured best. */
struct measure_side {
	const struct sched_group *group;
	uint32_t shares;
};
bool measure_ratio(const struct sched_tree *tree, const struct measure_side sides[2], unsigned int cpu);

/* What a child in the group finds out for its parent; at most 0: it could not. */
int64_t measure_in(const struct sched_tree *tree, const struct sched_group *group,
		   int64_t (*find_out)(int64_t argument), int64_t argument);

/* How much later than it asked to the current task runs, which works a little each time: the median. */
int64_t measure_lateness_ns(void);
/* For how long the current task runs at a stretch, until something else has the CPU or most_ns are over. */
int64_t measure_stretch_ns(int64_t most_ns);
/* The same, as it is when the task has slept for rest_ns: the median. */
int64_t measure_stretch_after_rest_ns(int64_t rest_ns, int64_t most_ns);

#endif
