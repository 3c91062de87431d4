// SPDX-License-Identifier: Apache-2.0
/*
 * place.c - which CPU a task runs on: when it wakes, when a CPU runs out of work, and when
 * one has more than its part. No choice ever leaves a task's mask; every search is bounded. Isolated CPUs
 * (isolation.h) are for tasks that have no other, and take no part in evening out.
 */
#include "kernel/kernel.h"
#include "kernel/sched/core.h"
#include "kernel/sched/group.h"
#include "kernel/sched/isolation.h"
#include "kernel/sched/trace.h"
#include "kernel/smp/cpu.h"

enum {
	SEARCH_CPUS = 32,  /* how many other CPUs a search looks at */
	SEARCH_TASKS = 16, /* how many tasks of a queue */
	BALANCE_NS = 4000000,
};

struct cpumask place_usable(const struct task *task)
{
	struct cpumask mask = cpumask_and(&task->allowed, &cpu_online);

	if (unlikely(isolation_is_used)) {
		struct cpumask shared = cpumask_andnot(&mask, &isolation_cpus);

		return cpumask_empty(&shared) ? mask : shared;
	}
	return mask;
}

static bool is_isolated(const struct cpu *cpu)
{
	return unlikely(isolation_is_used) && cpumask_test(&isolation_cpus, cpu->id);
}

static bool runs_urgent(const struct cpu *cpu)
{
	return __atomic_load_n(&cpu->queue.classes.running_rank, __ATOMIC_RELAXED) < RANK_FAIR;
}

static uint64_t load_of(const struct cpu *cpu)
{
	uint64_t load = __atomic_load_n(&cpu->queue.load, __ATOMIC_RELAXED);

	/* Where an urgent task runs, there is not much left for the fair ones. */
	return unlikely(runs_urgent(cpu)) ? load + FRACTION_ONE : load;
}

struct cpu *place_choose(const struct task *task)
{
	struct cpumask mask = place_usable(task), idle = cpumask_and(&mask, &sched_idle_cpus);
	struct cpu *last = task->cpu, *best = NULL;
	unsigned int looked = 0;

	if (unlikely(task->class.urgent))
		return urgent_choose(task);
	if (cpumask_test(&idle, last->id))
		return last;
	if (!cpumask_empty(&idle))
		return cpu_table[cpumask_first(&idle)];
	if (cpumask_test(&mask, last->id) && !runs_urgent(last))
		return last;
	cpumask_for_each(id, &mask) {
		if (!best || load_of(cpu_table[id]) < load_of(best))
			best = cpu_table[id];
		if (++looked == SEARCH_CPUS)
			break;
	}
	kassert(best); /* the tree never leaves a task without a CPU */
	return best;
}

/* The first few of the waiting that may run on `cpu` and weigh less than `below`; NULL: none. */
static struct task *find_for(struct runqueue *queue, const struct cpu *cpu, uint64_t below)
{
	struct sched_entity *entity = queue->first;

	for (unsigned int i = 0; entity && i < SEARCH_TASKS; i++) {
		struct task *task = entity_task(entity);

		if (cpumask_test(&task->allowed, cpu->id) && entity->weight < below)
			return task;
		entity = runqueue_next(entity);
	}
	return NULL;
}

struct task *place_steal(struct cpu *cpu)
{
	unsigned int tries = MIN(cpu_count - 1, (unsigned int)SEARCH_CPUS), id = cpu->id;

	if (is_isolated(cpu))
		return NULL;
	while (tries--) {
		id = id + 1 < cpu_count ? id + 1 : 0;
		struct cpu *victim = cpu_table[id];

		if (!__atomic_load_n(&victim->queue.waiting_count, __ATOMIC_RELAXED) ||
		    is_isolated(victim) || !spin_trylock(&victim->queue.lock))
			continue;
		struct task *task = find_for(&victim->queue, cpu, UINT64_MAX);
		if (task) {
			sched_dequeue_waiting(&victim->queue, task);
			__atomic_store_n(&task->cpu, cpu, __ATOMIC_RELEASE);
			task->on_queue = true;
			task->entity.migrations++;
			trace(TRACE_MIGRATE, task, (int32_t)victim->id, cpu->id);
			runqueue_join(&cpu->queue, &task->entity);
		}
		spin_unlock(&victim->queue.lock);
		if (task)
			return task;
	}
	return NULL;
}

/* The mask's first idle CPU, else the least loaded of those that follow `cpu` in it. NULL: there is
 * no other. */
static struct cpu *least_loaded(const struct cpu *cpu, const struct cpumask *mask)
{
	struct cpumask idle = cpumask_and(mask, &sched_idle_cpus);
	struct cpu *least = NULL;
	unsigned int looked = 0, id = cpu->id;

	if (!cpumask_empty(&idle))
		return cpu_table[cpumask_first(&idle)];
	while (looked++ < SEARCH_CPUS) {
		id = cpumask_next(mask, id + 1);
		if (id == NR_CPUS)
			id = cpumask_first(mask);
		if (id == cpu->id || id == NR_CPUS)
			break;
		if (!least || load_of(cpu_table[id]) < load_of(least))
			least = cpu_table[id];
	}
	return least;
}

/* Weights change while tasks wait. Those that wait last have most to lose by an old one: a task that
 * was due little keeps a long distance from its last turn. The queue's lock is held. */
static void refresh_weights(struct runqueue *queue, uint64_t now_ns)
{
	struct sched_entity *entity = runqueue_last(queue), *previous;

	for (unsigned int i = 0; entity && i < SEARCH_TASKS; i++, entity = previous) {
		uint64_t weight = group_task_weight(entity->group, entity->shares, now_ns);

		previous = runqueue_previous(entity);
		if (weight == entity->weight)
			continue;
		runqueue_remove(queue, entity);
		runqueue_reweigh(queue, entity, weight);
		runqueue_insert(queue, entity);
	}
}

/* Where one of the waiting would be better off: the difference is more than it weighs. The queue's
 * lock is held. */
static struct cpu *find_relief(struct cpu *cpu)
{
	struct sched_entity *entity = cpu->queue.first;
	struct cpumask searched = cpumask_none();
	struct cpu *to = NULL;

	for (unsigned int i = 0; entity && i < SEARCH_TASKS; i++) {
		struct cpumask mask = place_usable(entity_task(entity));

		if (!cpumask_equal(&mask, &searched)) {
			to = least_loaded(cpu, &mask);
			searched = mask;
		}
		if (to && load_of(to) + entity->weight < load_of(cpu))
			return to;
		entity = runqueue_next(entity);
	}
	return NULL;
}

uint64_t place_push_ns(const struct cpu *cpu)
{
	return is_isolated(cpu) ? UINT64_MAX : cpu->queue.balance_ns;
}

/* Evens out what may be evened: a task that weighs less than the difference makes it smaller. */
void place_push(struct cpu *cpu, uint64_t now_ns)
{
	struct task *task = NULL;
	struct cpu *to;

	if (now_ns < cpu->queue.balance_ns || is_isolated(cpu))
		return;
	cpu->queue.balance_ns = now_ns + BALANCE_NS;
	spin_lock(&cpu->queue.lock);
	refresh_weights(&cpu->queue, now_ns);
	to = find_relief(cpu);
	spin_unlock(&cpu->queue.lock);
	if (!to)
		return;
	/* Both may have changed in between: look again. */
	spin_lock_pair(&cpu->queue.lock, &to->queue.lock);
	if (load_of(cpu) > load_of(to) && cpumask_test(&cpu_online, to->id))
		task = find_for(&cpu->queue, to, load_of(cpu) - load_of(to));
	if (task) {
		sched_dequeue_waiting(&cpu->queue, task);
		sched_enqueue(to, task, time_now_ns());
	}
	spin_unlock_pair(&cpu->queue.lock, &to->queue.lock);
}
