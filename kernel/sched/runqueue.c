// SPDX-License-Identifier: Apache-2.0
/*
 * runqueue.c - see runqueue.h. Pure.
 */
#include <stddef.h>

#include "kernel/sched/runqueue.h"

/* LONGEST_NS, about a second, is all that is counted at once: shifted, it fits. */
enum { WEIGHT_SHIFT = 32, LONGEST_NS = 1 << 30 };

static int by_virtual_time(const struct sched_entity *a, const struct sched_entity *b)
{
	/* The difference, not the values: virtual time may wrap. */
	int64_t difference = (int64_t)(a->virtual_ns - b->virtual_ns);

	if (difference)
		return difference < 0 ? -1 : 1;
	return a < b ? -1 : a > b;
}

RB_GENERATE_STATIC(entity_tree, sched_entity, link, by_virtual_time)

static bool is_before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

/* What `duration_ns` of the whole CPU adds to the virtual time of all that are on it. */
static uint64_t virtual_span(const struct runqueue *queue, uint64_t duration_ns)
{
	uint64_t load = queue->load;

	return load ? (duration_ns << WEIGHT_SHIFT) / load : duration_ns;
}

void runqueue_init(struct runqueue *queue)
{
	*queue = (struct runqueue){ .waiting_count = 0 };
	RB_INIT(&queue->waiting);
	LIST_INIT(&queue->resting);
	queue->rest_check_ns = UINT64_MAX;
}

void runqueue_insert(struct runqueue *queue, struct sched_entity *entity)
{
	RB_INSERT(entity_tree, &queue->waiting, entity);
	if (!queue->first || by_virtual_time(entity, queue->first) < 0)
		queue->first = entity;
	queue->waiting_count++;
}

void runqueue_remove(struct runqueue *queue, struct sched_entity *entity)
{
	if (queue->first == entity)
		queue->first = RB_NEXT(entity_tree, &queue->waiting, entity);
	RB_REMOVE(entity_tree, &queue->waiting, entity);
	queue->waiting_count--;
}

struct sched_entity *runqueue_next(struct sched_entity *entity)
{
	return RB_NEXT(entity_tree, NULL, entity);
}

struct sched_entity *runqueue_last(struct runqueue *queue)
{
	return RB_MAX(entity_tree, &queue->waiting);
}

struct sched_entity *runqueue_previous(struct sched_entity *entity)
{
	return RB_PREV(entity_tree, NULL, entity);
}

void runqueue_reweigh(const struct runqueue *queue, struct sched_entity *entity, uint64_t weight)
{
	uint64_t ahead = entity->virtual_ns - queue->virtual_ns;

	if (weight != entity->weight && is_before(queue->virtual_ns, entity->virtual_ns)) {
		uint64_t had_ns = (uint64_t)((unsigned __int128)ahead * entity->weight >> WEIGHT_SHIFT);

		had_ns = had_ns < LONGEST_NS ? had_ns : LONGEST_NS;
		entity->virtual_ns = queue->virtual_ns + (had_ns << WEIGHT_SHIFT) / weight;
	}
	entity->weight = weight;
}

uint64_t runqueue_charge(struct runqueue *queue, struct sched_entity *entity, uint64_t now_ns)
{
	uint64_t had = now_ns - entity->charged_ns;

	if (is_before(now_ns, entity->charged_ns))
		return 0; /* the caller read its clock before somebody else charged */
	entity->charged_ns = now_ns;
	entity->total_ns += had;
	entity->virtual_ns += ((had < LONGEST_NS ? had : LONGEST_NS) << WEIGHT_SHIFT) / entity->weight;

	uint64_t least = entity->virtual_ns;
	if (queue->first && is_before(queue->first->virtual_ns, least))
		least = queue->first->virtual_ns;
	if (is_before(queue->virtual_ns, least))
		queue->virtual_ns = least;
	return had;
}

void runqueue_place(struct runqueue *queue, struct sched_entity *entity)
{
	uint64_t earliest = queue->virtual_ns - virtual_span(queue, SCHED_SLICE_NS / 2);

	if (is_before(entity->virtual_ns, earliest))
		entity->virtual_ns = earliest;
}

void runqueue_carry(struct runqueue *to, struct sched_entity *entity, uint64_t from_virtual_ns)
{
	entity->virtual_ns += to->virtual_ns - from_virtual_ns;
	entity->migrations++;
}

bool runqueue_should_preempt(const struct runqueue *queue, const struct sched_entity *woken,
			     const struct sched_entity *running)
{
	uint64_t margin = virtual_span(queue, SCHED_WAKE_GRANULARITY_NS);

	return is_before(woken->virtual_ns + margin, running->virtual_ns);
}
