// SPDX-License-Identifier: Apache-2.0
/*
 * realtime.h - SCHED_FIFO and SCHED_RR: one list a priority. Pure. All O(1), but for
 * realtime_next(): O(priorities) at a list's end.
 */
#ifndef KERNEL_SCHED_REALTIME_H
#define KERNEL_SCHED_REALTIME_H

#include "kernel/sched/class.h"

void realtime_init(struct realtime_queue *queue);
/* Behind its equals, or with entity->to_front before them. */
void realtime_insert(struct realtime_queue *queue, struct class_entity *entity);
void realtime_remove(struct realtime_queue *queue, struct class_entity *entity);
/* The highest priority, among equals the first; the one behind another. NULL: none. */
struct class_entity *realtime_first(const struct realtime_queue *queue);
struct class_entity *realtime_next(const struct realtime_queue *queue,
				   const struct class_entity *entity);
/* Whether somebody waits that has the priority of `entity`, which runs. */
bool realtime_has_equal(const struct realtime_queue *queue, const struct class_entity *entity);

#endif
