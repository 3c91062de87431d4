// SPDX-License-Identifier: Apache-2.0
/*
 * deadline.c - see deadline.h. Pure.
 */
#include <stddef.h>

#include "kernel/sched/deadline.h"

static int by_number(uint64_t a, uint64_t b, const struct class_entity *x, const struct class_entity *y)
{
	if (a != b)
		return a < b ? -1 : 1;
	return x < y ? -1 : x > y;
}

static int by_rank(const struct class_entity *a, const struct class_entity *b)
{
	return by_number(a->rank, b->rank, a, b);
}

static int by_replenishment(const struct class_entity *a, const struct class_entity *b)
{
	return by_number(a->replenish_ns, b->replenish_ns, a, b);
}

RB_GENERATE_STATIC(deadline_tree, class_entity, tree_link, by_rank)
RB_GENERATE_STATIC(throttled_tree, class_entity, tree_link, by_replenishment)

void deadline_init(struct deadline_queue *queue)
{
	RB_INIT(&queue->ready);
	RB_INIT(&queue->throttled);
	queue->earliest = NULL;
	queue->replenish_ns = UINT64_MAX;
}

void deadline_begin(struct class_entity *entity, uint64_t now_ns)
{
	entity->rank = now_ns + entity->deadline.deadline_ns;
	entity->budget_ns = (int64_t)entity->deadline.runtime_ns;
	entity->throttled = false;
}

/* When the period after that of its present deadline begins. */
static uint64_t next_period(const struct class_entity *entity)
{
	return entity->rank - entity->deadline.deadline_ns + entity->deadline.period_ns;
}

/* What is left, at the task's own rate, would last beyond its deadline. */
static bool is_too_much(const struct class_entity *entity, uint64_t now_ns)
{
	const struct deadline_parameters *deadline = &entity->deadline;

	return (unsigned __int128)entity->budget_ns * deadline->deadline_ns >
	       (unsigned __int128)(entity->rank - now_ns) * deadline->runtime_ns;
}

void deadline_wake(struct class_entity *entity, uint64_t now_ns)
{
	uint64_t next = next_period(entity);

	if (entity->budget_ns <= 0)
		return; /* deadline_insert() knows what to do with it */
	if (now_ns >= next) {
		deadline_begin(entity, now_ns);
	} else if (now_ns >= entity->rank) {
		entity->budget_ns = 0; /* its deadline is over, its period is not */
	} else if (is_too_much(entity, now_ns)) {
		if (entity->deadline.deadline_ns == entity->deadline.period_ns)
			deadline_begin(entity, now_ns);
		else /* no more than its rate allows: a new period now would exceed it */
			entity->budget_ns = (int64_t)((unsigned __int128)(entity->rank - now_ns) *
						      entity->deadline.runtime_ns /
						      entity->deadline.deadline_ns);
	}
}

/* The periods that have begun pay its debt; who is late all the same begins anew. */
static void replenish(struct class_entity *entity, uint64_t now_ns)
{
	while (entity->budget_ns <= 0 && next_period(entity) <= now_ns &&
	       entity->rank + entity->deadline.period_ns > now_ns) {
		entity->rank += entity->deadline.period_ns;
		entity->budget_ns += (int64_t)entity->deadline.runtime_ns;
	}
	if (entity->budget_ns <= 0 && next_period(entity) <= now_ns)
		deadline_begin(entity, now_ns);
}

void deadline_insert(struct deadline_queue *queue, struct class_entity *entity, uint64_t now_ns)
{
	replenish(entity, now_ns);
	entity->throttled = entity->budget_ns <= 0;
	if (entity->throttled) {
		entity->replenish_ns = next_period(entity);
		RB_INSERT(throttled_tree, &queue->throttled, entity);
		if (entity->replenish_ns < queue->replenish_ns)
			queue->replenish_ns = entity->replenish_ns;
		return;
	}
	RB_INSERT(deadline_tree, &queue->ready, entity);
	if (!queue->earliest || by_rank(entity, queue->earliest) < 0)
		queue->earliest = entity;
}

void deadline_remove(struct deadline_queue *queue, struct class_entity *entity)
{
	if (entity->throttled) {
		RB_REMOVE(throttled_tree, &queue->throttled, entity);
		const struct class_entity *first = RB_MIN(throttled_tree, &queue->throttled);
		queue->replenish_ns = first ? first->replenish_ns : UINT64_MAX;
		return;
	}
	if (queue->earliest == entity)
		queue->earliest = RB_NEXT(deadline_tree, &queue->ready, entity);
	RB_REMOVE(deadline_tree, &queue->ready, entity);
}

struct class_entity *deadline_next(struct class_entity *entity)
{
	return RB_NEXT(deadline_tree, NULL, entity);
}

struct class_entity *deadline_replenishable(struct deadline_queue *queue, uint64_t now_ns)
{
	return queue->replenish_ns <= now_ns ? RB_MIN(throttled_tree, &queue->throttled) : NULL;
}
