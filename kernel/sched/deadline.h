// SPDX-License-Identifier: Apache-2.0
/*
 * deadline.h - SCHED_DEADLINE: earliest deadline first, each task within its budget (a constant
 * bandwidth server). Pure. All O(log of the deadline tasks of one CPU).
 *
 * A task has `runtime` to use until its absolute deadline, its rank. Who has used it up is throttled
 * until the next period begins. Who wakes goes on with what is left, unless that is more than it may
 * use at its rate until the old deadline: then a new period begins.
 */
#ifndef KERNEL_SCHED_DEADLINE_H
#define KERNEL_SCHED_DEADLINE_H

#include "kernel/sched/class.h"

void deadline_init(struct deadline_queue *queue);
/* Puts a task where it belongs: among the ready, or the throttled when its budget is used up or its
 * next period has not begun. One whose time has come has its new budget at once. */
void deadline_insert(struct deadline_queue *queue, struct class_entity *entity, uint64_t now_ns);
void deadline_remove(struct deadline_queue *queue, struct class_entity *entity);
/* The one behind it among the ready; NULL: none. */
struct class_entity *deadline_next(struct class_entity *entity);
/* A throttled task whose next period has begun; NULL: none. To be removed and inserted again. */
struct class_entity *deadline_replenishable(struct deadline_queue *queue, uint64_t now_ns);

/* A period begins now: whoever has just become a deadline task. */
void deadline_begin(struct class_entity *entity, uint64_t now_ns);
/* It wakes. */
void deadline_wake(struct class_entity *entity, uint64_t now_ns);

#endif
