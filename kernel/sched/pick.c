// SPDX-License-Identifier: Apache-2.0
/*
 * pick.c - the order of a run queue: see runqueue.h. Pure.
 *
 * The waiting are a red-black tree by virtual deadline. Each knows the least eligible_ns of those
 * below it, so the search for the first eligible one goes down a single path.
 */
#include <stddef.h>

#include "kernel/sched/runqueue.h"

/* What sys/tree.h keeps up to date in every node that it touches. */
#undef RB_AUGMENT
#define RB_AUGMENT(entity) update_least(entity)

static uint64_t lesser(uint64_t least, const struct sched_entity *below)
{
	if (below && virtual_is_before(below->least_eligible_ns, least))
		return below->least_eligible_ns;
	return least;
}

static void update_least(struct sched_entity *entity)
{
	uint64_t least = lesser(entity->eligible_ns, RB_LEFT(entity, link));

	entity->least_eligible_ns = lesser(least, RB_RIGHT(entity, link));
}

static int by_deadline(const struct sched_entity *a, const struct sched_entity *b)
{
	int64_t difference = (int64_t)(a->deadline_ns - b->deadline_ns);

	if (difference)
		return difference < 0 ? -1 : 1;
	return a < b ? -1 : a > b;
}

RB_GENERATE_STATIC(entity_tree, sched_entity, link, by_deadline)

/* The tree's own updates stop where it was balanced. Queues of one are common, and cost nothing. */
static void update_upwards(struct sched_entity *entity)
{
	for (; entity; entity = RB_PARENT(entity, link))
		update_least(entity);
}

void runqueue_insert(struct runqueue *queue, struct sched_entity *entity)
{
	entity->least_eligible_ns = entity->eligible_ns;
	if (!queue->waiting_count++) {
		RB_SET(entity, NULL, link);
		RB_COLOR(entity, link) = RB_BLACK;
		RB_ROOT(&queue->waiting) = queue->first = entity;
		return;
	}
	RB_INSERT(entity_tree, &queue->waiting, entity);
	update_upwards(entity);
	if (by_deadline(entity, queue->first) < 0)
		queue->first = entity;
}

void runqueue_remove(struct runqueue *queue, struct sched_entity *entity)
{
	struct sched_entity *parent = RB_PARENT(entity, link);

	if (!--queue->waiting_count) {
		RB_ROOT(&queue->waiting) = queue->first = NULL;
		return;
	}
	if (queue->first == entity)
		queue->first = RB_NEXT(entity_tree, &queue->waiting, entity);
	RB_REMOVE(entity_tree, &queue->waiting, entity);
	update_upwards(parent);
}

static bool has_come(const struct runqueue *queue, uint64_t eligible_ns)
{
	return !virtual_is_before(queue->virtual_ns, eligible_ns);
}

struct sched_entity *runqueue_pick(const struct runqueue *queue)
{
	struct sched_entity *at = RB_ROOT(&queue->waiting);

	if (queue->first && has_come(queue, queue->first->eligible_ns))
		return queue->first;
	while (at) {
		struct sched_entity *left = RB_LEFT(at, link);

		if (left && has_come(queue, left->least_eligible_ns))
			at = left;
		else if (has_come(queue, at->eligible_ns))
			return at;
		else
			at = RB_RIGHT(at, link);
	}
	return NULL;
}

/* Who asks for as much as the running one, or for more, comes early only when it is well before it. */
bool runqueue_should_preempt(const struct runqueue *queue, const struct sched_entity *woken,
			     const struct sched_entity *running)
{
	uint64_t margin = 0;

	if (!has_come(queue, woken->eligible_ns))
		return false;
	if (woken->slice_ns >= running->slice_ns)
		margin = ((uint64_t)SCHED_WAKE_GRANULARITY_NS << SCHED_WEIGHT_SHIFT) / queue->load;
	return virtual_is_before(woken->deadline_ns + margin, running->deadline_ns);
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
