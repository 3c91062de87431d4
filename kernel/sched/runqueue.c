// SPDX-License-Identifier: Apache-2.0
/*
 * runqueue.c - the books of a run queue: see runqueue.h. Pure.
 *
 * Invariant: over all that count, sum(weight * (v - virtual_ns)) is `remainder`, and
 * 0 <= remainder < load. So virtual_ns is the weighted mean exactly, rounded down; no error ever adds
 * up, and somebody is always at or behind it.
 *
 * Products of a weight and a span of virtual time are CPU time << 32, of which 64 bits hold two
 * seconds. Lags are a few slices; LAG_MAX_NS bounds what is carried, and what one may have handed over to it. But who
 * waits while many run ahead of their shares, or while a CPU's host stands still, is owed without a bound.
 */
#include <stddef.h>

#include "kernel/sched/runqueue.h"

/* LONGEST_NS, about a second, is all that is counted at once: shifted, it fits. */
enum { LONGEST_NS = 1 << 30, LAG_MAX_NS = 1 << 28, CARRY_MAX_NS = 4 * SCHED_TICK_NS };

static int64_t within(int64_t value, int64_t least, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

/* What CPU time is in virtual time, at a weight. */
static int64_t virtual_of(int64_t duration_ns, uint64_t weight)
{
	return duration_ns * ((int64_t)1 << SCHED_WEIGHT_SHIFT) / (int64_t)weight;
}

/* Where 64 bits are not enough. */
static __attribute__((noinline)) void settle_far(struct runqueue *queue, __int128 remainder)
{
	__int128 load = (__int128)queue->load, shift = remainder / load;

	shift -= remainder % load < 0;
	queue->remainder = (int64_t)(remainder - shift * load);
	__atomic_store_n(&queue->virtual_ns, queue->virtual_ns + (uint64_t)shift, __ATOMIC_RELAXED);
}

/* Brings virtual_ns to the mean again. */
static inline __attribute__((always_inline)) void settle(struct runqueue *queue)
{
	int64_t load = (int64_t)queue->load, shift;

	if ((uint64_t)queue->remainder < queue->load)
		return;
	if (!load) {
		queue->remainder = 0;
		return;
	}
	shift = queue->remainder / load;
	shift -= queue->remainder % load < 0;
	queue->remainder -= shift * load;
	__atomic_store_n(&queue->virtual_ns, queue->virtual_ns + (uint64_t)shift, __ATOMIC_RELAXED);
}

/* weight * (v - V) */
static __int128 moment(const struct runqueue *queue, const struct sched_entity *entity)
{
	return (__int128)(int64_t)(entity->virtual_ns - queue->virtual_ns) * (int64_t)entity->weight;
}

static bool fits(__int128 value)
{
	return value == (int64_t)value;
}

static void set_load(struct runqueue *queue, uint64_t load)
{
	__atomic_store_n(&queue->load, load, __ATOMIC_RELAXED);
}

static void set_eligible(struct sched_entity *entity)
{
	entity->eligible_ns = entity->virtual_ns;
	if (entity->lent_ns)
		entity->eligible_ns -= (uint64_t)virtual_of(entity->lent_ns, entity->weight);
}

static inline void add_to_kin(struct sched_kin *kin, uint64_t weight, uint64_t moment)
{
	for (int level = 0; level < 2 && kin; level++, kin = kin->above) {
		kin->weight += weight;
		kin->moment += moment;
	}
}

static void join_kin(struct sched_kin *kin, struct sched_entity *entity)
{
	for (struct sched_kin *branch = kin; branch->above && !branch->weight; branch = branch->above)
		LIST_INSERT_HEAD(&branch->above->branches, branch, branch_link);
	LIST_INSERT_HEAD(&kin->members, entity, kin_link);
	kin->shares += entity->shares;
	add_to_kin(kin, entity->weight, entity->weight * entity->virtual_ns);
}

static void leave_kin(struct sched_kin *kin, struct sched_entity *entity)
{
	LIST_REMOVE(entity, kin_link);
	kin->shares -= entity->shares;
	add_to_kin(kin, -entity->weight, -(entity->weight * entity->virtual_ns));
	for (; kin->above && !kin->weight; kin = kin->above)
		LIST_REMOVE(kin, branch_link);
}

void runqueue_init(struct runqueue *queue)
{
	*queue = (struct runqueue){ .waiting_count = 0 };
	RB_INIT(&queue->waiting);
	LIST_INIT(&queue->resting);
	LIST_INIT(&queue->throttled);
	queue->rest_check_ns = queue->budget_end_ns = UINT64_MAX;
}

void runqueue_request(struct sched_entity *entity)
{
	set_eligible(entity);
	entity->deadline_ns =
		entity->eligible_ns + (uint64_t)virtual_of(entity->slice_ns, entity->weight);
}

/*
 * That its lag is the same afterwards, the mean must move by lag / load first, as the entity pulls it.
 * Nobody is owed anything on an empty queue.
 */
void runqueue_join(struct runqueue *queue, struct sched_entity *entity)
{
	if (queue->load) {
		int64_t shift = -virtual_of(entity->lag_ns, queue->load);

		queue->remainder -= shift * (int64_t)queue->load;
		__atomic_store_n(&queue->virtual_ns, queue->virtual_ns + (uint64_t)shift,
				 __ATOMIC_RELAXED);
		shift = -virtual_of(entity->lag_ns, entity->weight);
		entity->virtual_ns = queue->virtual_ns + (uint64_t)shift;
	} else {
		entity->virtual_ns = queue->virtual_ns;
	}
	queue->remainder += (int64_t)moment(queue, entity);
	set_load(queue, queue->load + entity->weight);
	settle(queue);
	if (entity->kin)
		join_kin(entity->kin, entity);
	runqueue_request(entity);
}

int64_t runqueue_lag(const struct runqueue *queue, const struct sched_entity *entity)
{
	return -(int64_t)(moment(queue, entity) >> SCHED_WEIGHT_SHIFT);
}

void runqueue_leave(struct runqueue *queue, struct sched_entity *entity)
{
	entity->lag_ns = within(runqueue_lag(queue, entity), -LAG_MAX_NS, LAG_MAX_NS);
	entity->lag_kind = LAG_WHOLE;
	entity->left_virtual_ns = queue->virtual_ns;
	if (entity->kin)
		leave_kin(entity->kin, entity);
	__int128 remainder = queue->remainder - moment(queue, entity);
	set_load(queue, queue->load - entity->weight);
	if (!fits(remainder) && queue->load) {
		settle_far(queue, remainder);
		return;
	}
	queue->remainder = (int64_t)remainder;
	settle(queue);
}

inline uint64_t runqueue_virtual(const struct runqueue *queue, uint64_t now_ns)
{
	uint64_t load = __atomic_load_n(&queue->load, __ATOMIC_RELAXED);
	int64_t had = (int64_t)(now_ns - __atomic_load_n(&queue->charged_ns, __ATOMIC_RELAXED));
	uint64_t virtual_ns = __atomic_load_n(&queue->virtual_ns, __ATOMIC_RELAXED);

	had = within(had, 0, LONGEST_NS);
	return load ? virtual_ns + ((uint64_t)had << SCHED_WEIGHT_SHIFT) / load : virtual_ns;
}

/* What is left of a debt after others have had so much of virtual time. */
static int64_t repaid(int64_t lag_ns, uint64_t weight, int64_t passed)
{
	if (lag_ns >= 0 || passed <= 0) /* the mean fell back when it left */
		return lag_ns;
	return passed >= -virtual_of(lag_ns, weight) ? 0 : lag_ns + (passed * (int64_t)weight >> SCHED_WEIGHT_SHIFT);
}

void runqueue_repay(struct sched_entity *entity, const struct runqueue *left, uint64_t now_ns)
{
	if (entity->lag_ns >= 0)
		return;
	uint64_t virtual_ns = runqueue_virtual(left, now_ns);
	int64_t passed = (int64_t)(virtual_ns - entity->left_virtual_ns);

	entity->lag_ns = repaid(entity->lag_ns, entity->weight, passed);
	if (passed > 0)
		entity->left_virtual_ns = virtual_ns;
}

/* As a lag on a queue, for one whose place is `behind_ns` behind its mean. Joining makes room for a lag by
 * moving the mean, so it is given as much less. */
static int64_t lag_of(const struct runqueue *queue, int64_t behind_ns, uint64_t weight)
{
	enum { FRACTION = 26 }; /* of 64 bits; old weights may add up to several machines */
	uint64_t others = (queue->load << FRACTION) / (queue->load + weight);

	return behind_ns * (int64_t)(weight * others >> FRACTION) >> SCHED_WEIGHT_SHIFT;
}

/* For how much of that queue's virtual time the debt still stands. */
static int64_t standing_ns(const struct sched_debt *debt, uint64_t now_ns)
{
	int64_t left = (int64_t)(debt->virtual_ns - runqueue_virtual(debt->queue, now_ns));

	return within(left, 0, virtual_of(CARRY_MAX_NS, debt->weight));
}

/* What it owes on that queue, which is remembered no longer; `queue` NULL: nothing. */
static struct sched_debt take_debt(struct sched_entity *entity, const struct runqueue *queue)
{
	struct sched_debt debt = { .queue = NULL };

	if (entity->debt.queue == queue) {
		debt = entity->debt;
		entity->debt.queue = NULL;
	}
	return debt;
}

/* In CPU time, which does not depend on what it weighs where. */
static int64_t owed_ns(const struct sched_debt *debt, uint64_t now_ns)
{
	return debt->queue ? standing_ns(debt, now_ns) * (int64_t)debt->weight >> SCHED_WEIGHT_SHIFT : 0;
}

/* Of two the greater is kept. */
static void keep_debt(const struct runqueue *queue, struct sched_entity *entity, uint64_t now_ns)
{
	if (entity->lag_ns >= 0)
		return;
	uint64_t ahead = (uint64_t)-virtual_of(entity->lag_ns, entity->weight);
	struct sched_debt debt = { queue, entity->left_virtual_ns + ahead, entity->weight };

	if (owed_ns(&debt, now_ns) >= owed_ns(&entity->debt, now_ns))
		entity->debt = debt;
}

void runqueue_migrate(const struct runqueue *from, const struct runqueue *to, struct sched_entity *entity,
		      uint64_t now_ns)
{
	struct sched_debt debt = take_debt(entity, to);

	if (entity->lag_kind != LAG_KEPT)
		keep_debt(from, entity, now_ns);
	entity->left_virtual_ns = runqueue_virtual(to, now_ns);
	int64_t standing = debt.queue ? standing_ns(&debt, now_ns) : 0;
	if (standing == 0)
		return;
	int64_t lag_ns = lag_of(to, -standing, debt.weight);
	if (lag_ns >= entity->lag_ns)
		return;
	entity->lag_ns = lag_ns;
	entity->left_virtual_ns = debt.virtual_ns + (uint64_t)virtual_of(lag_ns, debt.weight);
}

uint64_t runqueue_progress(const struct runqueue *queue, uint64_t now_ns)
{
	return runqueue_virtual(queue, now_ns) + __atomic_load_n(&queue->offset_ns, __ATOMIC_RELAXED);
}

void runqueue_set_progress(struct runqueue *queue, uint64_t progress_ns)
{
	__atomic_store_n(&queue->offset_ns, progress_ns - queue->virtual_ns, __ATOMIC_RELAXED);
}

/* Its place on the common scale is kept: v is to be as far behind the other's mean as the task is behind
 * that queue. */
void runqueue_carry(const struct runqueue *from, struct runqueue *to, struct sched_entity *entity)
{
	uint64_t here = entity->left_virtual_ns + from->offset_ns;
	int64_t behind = (int64_t)(to->virtual_ns + to->offset_ns - here);
	int64_t most = virtual_of(CARRY_MAX_NS, entity->weight);

	(void)take_debt(entity, to); /* it does not go there by its own doing */
	keep_debt(from, entity, from->charged_ns);
	if (!to->load) {
		runqueue_set_progress(to, here);
		return;
	}
	behind = within(behind, -most, most) + virtual_of(entity->lag_ns, entity->weight);
	entity->lag_ns = lag_of(to, behind, entity->weight);
}

void runqueue_reweigh(struct runqueue *queue, struct sched_entity *entity, uint64_t weight)
{
	int64_t left, further;
	uint64_t old = entity->weight * entity->virtual_ns;

	if (weight == entity->weight)
		return;
	__int128 ahead = moment(queue, entity);
	left = (int64_t)(entity->deadline_ns - entity->eligible_ns) * (int64_t)entity->weight;
	uint64_t more = weight - entity->weight;

	set_load(queue, queue->load + more);
	entity->weight = weight;
	further = fits(ahead) ? (int64_t)ahead / (int64_t)weight : (int64_t)(ahead / (int64_t)weight);
	entity->virtual_ns = queue->virtual_ns + (uint64_t)further;
	queue->remainder += (int64_t)(moment(queue, entity) - ahead);
	add_to_kin(entity->kin, more, weight * entity->virtual_ns - old);
	settle(queue);
	set_eligible(entity);
	entity->deadline_ns = entity->eligible_ns + (uint64_t)(left / (int64_t)weight);
}

/* So much further, in virtual time. The mean is to be settled. */
static inline void advance(struct runqueue *queue, struct sched_entity *entity, uint64_t ahead)
{
	entity->virtual_ns += ahead;
	entity->eligible_ns += ahead;
	queue->remainder += (int64_t)(ahead * entity->weight);
	add_to_kin(entity->kin, 0, ahead * entity->weight);
}

/* By CPU time, and as far from its deadline as before. */
static void shift(struct runqueue *queue, struct sched_entity *entity, int64_t ahead_ns)
{
	uint64_t ahead = (uint64_t)virtual_of(ahead_ns, entity->weight);

	advance(queue, entity, ahead);
	entity->deadline_ns += ahead;
}

int64_t runqueue_transfer(struct runqueue *queue, struct sched_entity *from, struct sched_entity *to, int64_t lag_ns)
{
	int64_t had_ns = runqueue_lag(queue, to);
	/* Who is beyond the limits already goes no further. */
	int64_t least_ns = had_ns < -LAG_MAX_NS ? had_ns : -LAG_MAX_NS;
	int64_t most_ns = had_ns > LAG_MAX_NS ? had_ns : LAG_MAX_NS;

	lag_ns = within(lag_ns, -LAG_MAX_NS, LAG_MAX_NS);
	lag_ns = within(had_ns + lag_ns, least_ns, most_ns) - had_ns;
	shift(queue, from, lag_ns);
	shift(queue, to, -lag_ns);
	settle(queue);
	return lag_ns;
}

int64_t runqueue_kin_lag(const struct runqueue *queue, const struct sched_kin *kin)
{
	return -((int64_t)(kin->moment - kin->weight * queue->virtual_ns) >> SCHED_WEIGHT_SHIFT);
}

int64_t runqueue_kin_left(const struct runqueue *queue, const struct sched_kin *kin)
{
	return repaid(kin->lag_ns, kin->left_weight, (int64_t)(queue->virtual_ns - kin->left_virtual_ns));
}

uint64_t runqueue_charge(struct runqueue *queue, struct sched_entity *entity, uint64_t now_ns)
{
	uint64_t had = now_ns - entity->charged_ns;

	if (virtual_is_before(now_ns, entity->charged_ns))
		return 0; /* the caller read its clock before somebody else charged */
	entity->charged_ns = now_ns;
	entity->total_ns += had;

	uint64_t passed = ((had < LONGEST_NS ? had : LONGEST_NS) << SCHED_WEIGHT_SHIFT) / entity->weight;
	__atomic_store_n(&queue->charged_ns, now_ns, __ATOMIC_RELAXED);
	advance(queue, entity, passed);
	settle(queue);
	if (!virtual_is_before(entity->eligible_ns, entity->deadline_ns)) {
		runqueue_request(entity);
		if (!queue->waiting_count)
			runqueue_start_turn(queue, entity, now_ns);
	}
	return had;
}

void runqueue_yield(struct runqueue *queue, struct sched_entity *entity, const struct sched_entity *next)
{
	enum { FRACTION = 16 };
	int64_t lag_ns = within(runqueue_lag(queue, entity), -LAG_MAX_NS, LAG_MAX_NS);
	uint64_t latest;

	if (lag_ns > 0) { /* the mean comes along, by its part of the weights */
		uint64_t to_others = (entity->weight << FRACTION) / (queue->load - entity->weight);
		int64_t mean_ns = lag_ns * within((int64_t)to_others, 0, 1LL << SCHED_WEIGHT_SHIFT) >> FRACTION;

		shift(queue, entity, within(lag_ns + mean_ns, 0, LAG_MAX_NS));
		settle(queue);
	}
	runqueue_request(entity);
	latest = entity->eligible_ns + (uint64_t)virtual_of(LONGEST_NS, entity->weight);
	if (!virtual_is_before(next->deadline_ns, entity->deadline_ns))
		entity->deadline_ns = next->deadline_ns + 1;
	if (virtual_is_before(latest, entity->deadline_ns))
		entity->deadline_ns = latest;
}

void runqueue_start_turn(struct runqueue *queue, struct sched_entity *entity, uint64_t now_ns)
{
	uint64_t left = (entity->deadline_ns - entity->eligible_ns) * entity->weight >> SCHED_WEIGHT_SHIFT;

	entity->charged_ns = queue->charged_ns = now_ns;
	queue->turn_end_ns = now_ns + (left < SCHED_TICK_NS ? left + 1 : SCHED_TICK_NS);
}
