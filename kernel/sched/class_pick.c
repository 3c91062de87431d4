// SPDX-License-Identifier: Apache-2.0
/*
 * class_pick.c - see class_pick.h. Pure.
 */
#include <stddef.h>

#include "kernel/sched/deadline.h"
#include "kernel/sched/class_pick.h"
#include "kernel/sched/realtime.h"

void pick_init(struct class_queue *classes)
{
	realtime_init(&classes->realtime);
	deadline_init(&classes->deadline);
	classes->running_rank = classes->first_rank = RANK_FAIR;
}

void pick_insert(struct class_queue *classes, struct class_entity *entity, uint64_t now_ns)
{
	if (entity->policy == POLICY_DEADLINE) {
		if (entity->yields && entity->budget_ns > 0)
			entity->budget_ns = 0;
		deadline_insert(&classes->deadline, entity, now_ns);
	} else {
		if (entity->policy == POLICY_RR && entity->slice_left_ns == 0) {
			entity->slice_left_ns = REALTIME_SLICE_NS;
			entity->to_front = false;
		}
		entity->to_front &= !entity->yields;
		realtime_insert(&classes->realtime, entity);
	}
	entity->yields = false;
	classes->count++;
	classes->ready_count += !entity->throttled;
}

void pick_remove(struct class_queue *classes, struct class_entity *entity)
{
	if (entity->policy == POLICY_DEADLINE)
		deadline_remove(&classes->deadline, entity);
	else
		realtime_remove(&classes->realtime, entity);
	classes->count--;
	classes->ready_count -= !entity->throttled;
	entity->throttled = false;
}

struct class_entity *pick_first(const struct class_queue *classes)
{
	return classes->deadline.earliest ? classes->deadline.earliest
					  : realtime_first(&classes->realtime);
}

struct class_entity *pick_next(const struct class_queue *classes, struct class_entity *entity)
{
	struct class_entity *next;

	if (entity->policy != POLICY_DEADLINE)
		return realtime_next(&classes->realtime, entity);
	next = deadline_next(entity);
	return next ? next : realtime_first(&classes->realtime);
}

struct class_entity *pick_any(const struct class_queue *classes)
{
	struct class_entity *first = pick_first(classes);

	return first ? first : RB_ROOT(&classes->deadline.throttled);
}

struct class_entity *pick_urgent(const struct runqueue *queue)
{
	const struct class_queue *classes = &queue->classes;
	struct class_entity *first = pick_first(classes);

	if (first && classes->fair_due && queue->first && first->rank > classes->fair_rank)
		return NULL;
	return first;
}

/* Once they are due, a new deadline counts from when they began to wait for it. */
static void starve(struct class_queue *classes, uint64_t had_ns, uint64_t now_ns)
{
	classes->starved_ns += had_ns;
	if (classes->fair_due || classes->starved_ns < FAIR_STARVED_NS)
		return;
	classes->fair_due = true;
	classes->fair_rank = now_ns + FAIR_PERIOD_NS;
}

/* Nobody waits: for what they did not want they will not keep others waiting. */
static void forgive(struct class_queue *classes)
{
	classes->fair_due = false;
	if (classes->starved_ns > FAIR_STARVED_NS)
		classes->starved_ns = FAIR_STARVED_NS;
}

void pick_charge_urgent(struct runqueue *queue, struct class_entity *entity, uint64_t had_ns,
			uint64_t now_ns)
{
	struct class_queue *classes = &queue->classes;

	if (entity->policy == POLICY_DEADLINE)
		entity->budget_ns -= (int64_t)had_ns;
	else if (entity->policy == POLICY_RR)
		entity->slice_left_ns -= had_ns < entity->slice_left_ns ? had_ns : entity->slice_left_ns;
	if (queue->first)
		starve(classes, had_ns, now_ns);
	else
		forgive(classes);
}

void pick_charge_fair(struct class_queue *classes, uint64_t had_ns)
{
	uint64_t paid = had_ns < FAIR_STARVED_NS ? had_ns * FAIR_PER_URGENT : classes->starved_ns;

	classes->starved_ns -= paid < classes->starved_ns ? paid : classes->starved_ns;
	if (classes->starved_ns == 0)
		classes->fair_due = false;
}

/* Before urgent ones that wait. Who was due and then wanted less leaves it to the next; nobody is due nothing. */
static bool fair_go_first(const struct runqueue *queue)
{
	return queue->classes.ready_count && queue->classes.fair_due && queue->load;
}

uint64_t pick_running_rank(const struct runqueue *queue, const struct class_entity *running)
{
	if (running->urgent)
		return running->rank;
	return fair_go_first(queue) ? queue->classes.fair_rank : RANK_FAIR;
}

uint64_t pick_turn_end(const struct runqueue *queue, const struct class_entity *running,
		       uint64_t charged_ns)
{
	const struct class_queue *classes = &queue->classes;
	uint64_t left = UINT64_MAX, starved = classes->starved_ns;

	if (!running->urgent)
		left = fair_go_first(queue) ? starved / FAIR_PER_URGENT + 1 : left;
	else if (running->policy == POLICY_DEADLINE)
		left = running->budget_ns > 0 ? (uint64_t)running->budget_ns : 0;
	else if (running->policy == POLICY_RR && realtime_has_equal(&classes->realtime, running))
		left = running->slice_left_ns;
	if (running->urgent && queue->first && !classes->fair_due) {
		uint64_t until_due = starved < FAIR_STARVED_NS ? FAIR_STARVED_NS - starved : 0;

		left = until_due < left ? until_due : left;
	}
	return left == UINT64_MAX ? UINT64_MAX : charged_ns + left;
}
