// SPDX-License-Identifier: Apache-2.0
/*
 * realtime.c - see realtime.h. Pure.
 */
#include <stddef.h>

#include "kernel/sched/realtime.h"

/* The list of priority 99 is level 0, so that the first bit that is set is the one to take. */
static unsigned int level_of(const struct class_entity *entity)
{
	return (unsigned int)PRIORITY_MAX - entity->priority;
}

void realtime_init(struct realtime_queue *queue)
{
	queue->levels[0] = queue->levels[1] = 0;
	for (unsigned int level = 0; level < PRIORITY_MAX; level++)
		TAILQ_INIT(&queue->lists[level]);
}

void realtime_insert(struct realtime_queue *queue, struct class_entity *entity)
{
	unsigned int level = level_of(entity);

	if (entity->to_front)
		TAILQ_INSERT_HEAD(&queue->lists[level], entity, list_link);
	else
		TAILQ_INSERT_TAIL(&queue->lists[level], entity, list_link);
	entity->to_front = false;
	queue->levels[level / 64] |= 1ULL << level % 64;
}

void realtime_remove(struct realtime_queue *queue, struct class_entity *entity)
{
	unsigned int level = level_of(entity);

	TAILQ_REMOVE(&queue->lists[level], entity, list_link);
	if (TAILQ_EMPTY(&queue->lists[level]))
		queue->levels[level / 64] &= ~(1ULL << level % 64);
}

/* The first of the lists from `level` on. */
static struct class_entity *first_from(const struct realtime_queue *queue, unsigned int level)
{
	for (unsigned int word = level / 64; word < 2; word++) {
		uint64_t bits = queue->levels[word];

		if (word == level / 64)
			bits &= ~0ULL << level % 64;
		if (bits)
			return TAILQ_FIRST(&queue->lists[word * 64 + (unsigned int)__builtin_ctzll(bits)]);
	}
	return NULL;
}

struct class_entity *realtime_first(const struct realtime_queue *queue)
{
	return first_from(queue, 0);
}

struct class_entity *realtime_next(const struct realtime_queue *queue,
				   const struct class_entity *entity)
{
	struct class_entity *next = TAILQ_NEXT(entity, list_link);

	return next ? next : first_from(queue, level_of(entity) + 1);
}

bool realtime_has_equal(const struct realtime_queue *queue, const struct class_entity *entity)
{
	return !TAILQ_EMPTY(&queue->lists[level_of(entity)]);
}
