// SPDX-License-Identifier: Apache-2.0
/*
 * group.c - see group.h.
 *
 * Activation walks up until it meets an active group; deactivation is at once for LEVELS_AT_ONCE, and from
 * there, or where the root is near, the reaper's, at rest's end, or group_end_rest()'s. A walker adds to a
 * group's load first and looks at `active` under the group's lock after; who deactivates looks at the load
 * under that lock before he clears `active`. So either he sees the load, or the walker sees the cleared flag
 * and sets it again.
 */
#include "kernel/kernel.h"
#include "kernel/riscv/csr.h"
#include "kernel/sched/group.h"
#include "kernel/smp/cpu.h"

/* Levels above an emptied group that know at once: fraction() takes their parts as of now. */
enum { LEVELS_AT_ONCE = 2 };

/* FINE_SHIFT: by how much the fractions of groups are finer than the weights of tasks. */
enum { FRACTION_BITS = 40, FINE_SHIFT = 7, EPOCH_SHIFT = 20 /* about 1 ms */ };
/* Of what is above a group and its parent: it is a millisecond old at most, or walked up to. */
enum freshness { OF_EPOCH, OF_NOW };
#define FRACTION_MASK ((1ULL << FRACTION_BITS) - 1)
#define FRACTION_FINE (FRACTION_ONE << FINE_SHIFT)

static void activate(struct task_group *group)
{
	for (;;) {
		spin_lock(&group->lock);
		struct task_group *parent = group->parent;
		bool is_counted = group->active || !parent;
		group->active = true;
		if (!is_counted)
			is_counted = __atomic_fetch_add(&parent->load, group->weight, __ATOMIC_RELAXED) != 0;
		spin_unlock(&group->lock);
		if (is_counted)
			return; /* or somebody is about to count the parent */
		group = parent;
	}
}

/* Takes an idle group's weight out of its parent; answers the parent when that ran empty too. */
static struct task_group *deactivate_one(struct task_group *group)
{
	struct task_group *emptied = NULL;

	spin_lock(&group->lock);
	if (group->active && group->parent && !group_load(group)) {
		group->active = false;
		if (__atomic_sub_fetch(&group->parent->load, group->weight, __ATOMIC_RELAXED) == 0)
			emptied = group->parent;
	}
	spin_unlock(&group->lock);
	return emptied;
}

static void deactivate(struct task_group *group)
{
	while (group)
		group = deactivate_one(group);
}

void group_add_load(struct task_group *group, uint32_t shares)
{
	if (__atomic_fetch_add(&group->load, shares, __ATOMIC_RELAXED) == 0)
		activate(group);
}

void group_remove_load(struct task_group *group, uint32_t shares, struct cpu *cpu, uint64_t now_ns)
{
	if (__atomic_sub_fetch(&group->load, shares, __ATOMIC_SEQ_CST) != 0)
		return;
	for (int levels = LEVELS_AT_ONCE; levels && group->parent && group->parent->parent; levels--)
		if ((group = deactivate_one(group)) == NULL)
			return;
	__atomic_store_n(&group->idle_since_ns, now_ns, __ATOMIC_RELAXED);
	if (__atomic_load_n(&group->resting, __ATOMIC_RELAXED) ||
	    __atomic_exchange_n(&group->resting, 1, __ATOMIC_ACQUIRE))
		return;
	if (cpu->keeper) {
		/* A quiet CPU has no timer for the end of a rest. */
		__atomic_store_n(&group->resting, 0, __ATOMIC_RELEASE);
		full_barrier();
		deactivate(group);
		return;
	}
	group->resting_on = cpu;
	LIST_INSERT_HEAD(&cpu->queue.resting, group, rest_link);
	cpu->queue.rest_check_ns = MIN(cpu->queue.rest_check_ns, now_ns + GROUP_REST_NS);
}

uint64_t group_end_rests(struct cpu *cpu, uint64_t now_ns)
{
	struct task_group *group = LIST_FIRST(&cpu->queue.resting), *next;
	uint64_t again = UINT64_MAX, soonest = now_ns + GROUP_REST_LOOK_NS;

	for (; group; group = next) {
		uint64_t end = __atomic_load_n(&group->idle_since_ns, __ATOMIC_RELAXED) + GROUP_REST_NS;
		bool idle = !group_load(group);

		next = LIST_NEXT(group, rest_link);
		if (idle && end > now_ns) {
			again = MIN(again, MAX(end, soonest));
			continue;
		}
		LIST_REMOVE(group, rest_link);
		__atomic_store_n(&group->resting, 0, __ATOMIC_RELEASE);
		full_barrier();
		deactivate(group);
	}
	return again;
}

void group_end_rest(struct task_group *group)
{
	for (; !group_load(group) && group->parent && group->parent->parent; group = group->parent)
		(void)deactivate_one(group);
}

/* Nobody adds to it any more, but a CPU may be about to let go of it: with every queue locked once,
 * none is. */
void group_retire(struct task_group *group)
{
	for (unsigned int id = 0; group->resting_on && id < cpu_count; id++) {
		struct cpu *cpu = cpu_table[id];

		spin_lock(&cpu->queue.lock);
		if (group->resting && group->resting_on == cpu) {
			LIST_REMOVE(group, rest_link);
			group->resting = 0;
		}
		spin_unlock(&cpu->queue.lock);
	}
	deactivate(group);
	kcheck(!group->active && group_load(group) == 0);
}

/* What a group gets of its parent's fraction, where that is divided `among` so many. */
static uint64_t part_of(uint64_t above, const struct task_group *group, uint64_t among)
{
	/* Racing with its siblings, the sum may lag behind the part. */
	return among > group->weight ? above * group->weight / among : above;
}

static uint64_t epoch_at(uint64_t now_ns)
{
	return now_ns >> EPOCH_SHIFT << FRACTION_BITS;
}

static bool is_of(uint64_t cached, uint64_t epoch)
{
	return (cached & ~FRACTION_MASK) == epoch;
}

/* Of which loads a fraction is a part: of its parent, and of the next above. They are looked at first. */
struct loads {
	uint64_t among, above;
};

/* Not of the root. */
static struct loads loads_over(const struct task_group *group)
{
	const struct task_group *above = group->parent->parent;

	return (struct loads){ group_load(group->parent), above ? group_load(above) : 0 };
}

static uint64_t keep_fraction(struct task_group *group, uint64_t fraction, struct loads loads, uint64_t epoch)
{
	__atomic_store_n(&group->cached_among, loads.among, __ATOMIC_RELAXED);
	__atomic_store_n(&group->cached_among_above, loads.above, __ATOMIC_RELAXED);
	__atomic_store_n(&group->cached_fraction, epoch | fraction, __ATOMIC_RELAXED);
	return fraction;
}

static uint64_t walk_up(struct task_group *group, uint64_t epoch)
{
	struct loads loads = loads_over(group);
	uint64_t result = FRACTION_FINE;

	for (const struct task_group *at = group; at->parent; at = at->parent)
		result = part_of(result, at, group_load(at->parent));
	return keep_fraction(group, result, loads, epoch);
}

/* Who walks at the same time writes the same, but for what changes meanwhile, which is felt in the next epoch. */
static uint64_t fraction_of(struct task_group *group, uint64_t epoch, enum freshness freshness)
{
	uint64_t cached = __atomic_load_n(&group->cached_fraction, __ATOMIC_RELAXED);

	return freshness == OF_EPOCH && is_of(cached, epoch) ? cached & FRACTION_MASK : walk_up(group, epoch);
}

/* Whether it is among as many as when its fraction was cached. What children of the root have is as of an epoch. */
static bool is_among_as_many(const struct task_group *group)
{
	return !group->parent->parent ||
	       group_load(group->parent) == __atomic_load_n(&group->cached_among, __ATOMIC_RELAXED);
}

static bool is_parent_among_as_many(const struct task_group *group)
{
	const struct task_group *above = group->parent->parent;

	return !above || !above->parent ||
	       group_load(above) == __atomic_load_n(&group->cached_among_above, __ATOMIC_RELAXED);
}

/* What its parent has: of that one's parent's fraction, which is as fresh as said, its part as of now. */
static uint64_t fraction_above(struct task_group *group, uint64_t epoch, enum freshness freshness)
{
	struct task_group *parent = group->parent;
	uint64_t cached = __atomic_load_n(&parent->cached_fraction, __ATOMIC_RELAXED);

	if (!parent->parent->parent)
		return fraction_of(parent, epoch, freshness);
	if (freshness == OF_EPOCH && is_of(cached, epoch) && is_among_as_many(parent))
		return cached & FRACTION_MASK;
	struct loads loads = loads_over(parent);
	uint64_t above = fraction_of(parent->parent, epoch, freshness);

	return keep_fraction(parent, part_of(above, parent, loads.among), loads, epoch);
}

static uint64_t compute(struct task_group *group, uint64_t epoch, enum freshness freshness)
{
	if (!group->parent->parent)
		return walk_up(group, epoch);
	struct loads loads = loads_over(group);
	uint64_t above = fraction_above(group, epoch, freshness);

	return keep_fraction(group, part_of(above, group, loads.among), loads, epoch);
}

static uint64_t fraction(struct task_group *group, uint64_t now_ns)
{
	uint64_t epoch = epoch_at(now_ns);
	uint64_t cached = __atomic_load_n(&group->cached_fraction, __ATOMIC_RELAXED);

	if (!group->parent)
		return FRACTION_FINE;
	if (is_of(cached, epoch) && is_among_as_many(group) && is_parent_among_as_many(group))
		return cached & FRACTION_MASK;
	return compute(group, epoch, OF_EPOCH);
}

/* What a task has of its group's fraction. */
static uint64_t weigh(struct sched_entity *entity, uint64_t fraction)
{
	uint64_t load = group_load(entity->group);

	entity->among = load;
	if (load > entity->shares)
		fraction = fraction * entity->shares / load;
	return MAX(fraction >> FINE_SHIFT, (uint64_t)WEIGHT_LEAST);
}

uint64_t group_task_weight(struct sched_entity *entity, uint64_t now_ns)
{
	return weigh(entity, fraction(entity->group, now_ns));
}

uint64_t group_task_weight_anew(struct sched_entity *entity, uint64_t now_ns)
{
	return weigh(entity, compute(entity->group, epoch_at(now_ns), OF_NOW));
}

bool group_still_preempts(struct runqueue *queue, const struct sched_entity *woken,
			 struct sched_entity *running, uint64_t now_ns)
{
	runqueue_reweigh(queue, running, group_task_weight(running, now_ns));
	return runqueue_should_preempt(queue, woken, running);
}

void group_lend(struct sched_entity *entity, const struct runqueue *queue, unsigned int cpu,
		uint64_t virtual_ns, uint64_t had_ns)
{
	struct task_group *top = __atomic_load_n(&entity->group->top, __ATOMIC_RELAXED);
	uint64_t passed = (MIN(had_ns, (uint64_t)NSEC_PER_SEC) << SCHED_WEIGHT_SHIFT) / entity->weight;

	entity->lent_ns = entity->burst_ns;
	if (!top)
		return;
	uint64_t *together = &top->cpus[cpu].burst_virtual_ns;
	uint64_t most = ((uint64_t)entity->burst_ns << SCHED_WEIGHT_SHIFT) / entity->weight;

	if (virtual_is_before(*together, queue->virtual_ns))
		*together = queue->virtual_ns;
	/* Several at a time pass more than one would: what nobody is lent any more need not be added up. */
	if (*together - queue->virtual_ns < 2 * most)
		*together += passed;
	virtual_ns += passed;
	if (virtual_is_before(virtual_ns, queue->virtual_ns))
		virtual_ns = queue->virtual_ns;
	uint64_t beyond = *together - virtual_ns;

	if ((int64_t)beyond <= 0)
		return;
	entity->lent_ns = beyond < most ? (uint32_t)((most - beyond) * entity->weight >> SCHED_WEIGHT_SHIFT) : 0;
}

void group_set_weight(struct task_group *group, uint32_t weight)
{
	spin_lock(&group->lock);
	if (group->active && group->parent)
		__atomic_fetch_add(&group->parent->load, (uint64_t)weight - group->weight,
				   __ATOMIC_RELAXED);
	group->weight = weight;
	spin_unlock(&group->lock);
}

void group_set_parent(struct task_group *group, struct task_group *parent)
{
	struct task_group *old = group->parent, *emptied = NULL;
	bool counted;

	__atomic_store_n(&group->top, parent->parent ? parent->top : group, __ATOMIC_RELAXED);
	if (old == parent)
		return;
	spin_lock(&group->lock);
	counted = group->active;
	group->parent = parent;
	group->cached_fraction = 0;
	if (counted) {
		__atomic_fetch_add(&parent->load, group->weight, __ATOMIC_RELAXED);
		if (__atomic_sub_fetch(&old->load, group->weight, __ATOMIC_RELAXED) == 0)
			emptied = old;
	}
	spin_unlock(&group->lock);
	if (counted)
		activate(parent);
	deactivate(emptied);
}
