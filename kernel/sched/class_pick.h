// SPDX-License-Identifier: Apache-2.0
/*
 * class_pick.h - the order of the classes on one CPU: deadline, real-time, fair. Pure.
 *
 * The fair ones are left a part: time in which they wait behind urgent tasks adds up, and at 95 ms
 * they are due. Then they go before the real-time tasks, and among the deadline tasks as one whose
 * deadline is 100 ms away, until each 19 ns of waiting have been paid with one of running: 5 %.
 * Once nobody of them waits they are owed 95 ms at most.
 */
#ifndef KERNEL_SCHED_CLASS_PICK_H
#define KERNEL_SCHED_CLASS_PICK_H

#include "kernel/sched/runqueue.h"

enum { FAIR_PERIOD_NS = 100000000, FAIR_PER_URGENT = 19, FAIR_STARVED_NS = 95000000 };

void pick_init(struct class_queue *classes);
/* An urgent task waits from now on: new, awake, from another CPU, or having left this one. */
void pick_insert(struct class_queue *classes, struct class_entity *entity, uint64_t now_ns);
void pick_remove(struct class_queue *classes, struct class_entity *entity);
/* The urgent task that runs next; NULL: the fair ones do. O(1). */
struct class_entity *pick_urgent(const struct runqueue *queue);
/* The ready ones in their order, whatever the fair ones are due; NULL: none (more). */
struct class_entity *pick_first(const struct class_queue *classes);
struct class_entity *pick_next(const struct class_queue *classes, struct class_entity *entity);
/* Any of them, a throttled one too; NULL: none. */
struct class_entity *pick_any(const struct class_queue *classes);

/* The running urgent task, or a fair one, has had `had_ns` until now. */
void pick_charge_urgent(struct runqueue *queue, struct class_entity *entity, uint64_t had_ns,
			uint64_t now_ns);
void pick_charge_fair(struct class_queue *classes, uint64_t had_ns);
/* The rank of what runs: urgent, fair, or nobody. */
uint64_t pick_running_rank(const struct runqueue *queue, const struct class_entity *running);
/* When, if nothing else happens, another one has to run or be asked: for `running`, charged up to
 * `charged_ns`. UINT64_MAX: never. */
uint64_t pick_turn_end(const struct runqueue *queue, const struct class_entity *running,
		       uint64_t charged_ns);

#endif
