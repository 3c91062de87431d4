// SPDX-License-Identifier: Apache-2.0
/*
 * place.c - which CPU a task runs on: when it wakes, when a CPU runs out of work, and when
 * one has more than its part. No choice ever leaves a task's mask; every search is bounded. Isolated CPUs
 * (isolation.h) are for tasks that have no other, and take no part in evening out.
 */
#include "kernel/kernel.h"
#include "kernel/riscv/csr.h"
#include "kernel/sched/core.h"
#include "kernel/sched/cores.h"
#include "kernel/sched/group.h"
#include "kernel/sched/home.h"
#include "kernel/sched/isolation.h"
#include "kernel/sched/kin.h"
#include "kernel/sched/trace.h"
#include "kernel/smp/cpu.h"

enum {
	SEARCH_CPUS = 32,  /* how many other CPUs a search looks at */
	SEARCH_BEHIND = 4, /* of them at least, of those in behind_cpus */
	SEARCH_TASKS = 16, /* how many tasks of a queue */
	SEARCH_TASKS_FOR_IDLE = 256, /* the same, when a CPU is idle */
	GAP_TICKS = 16,    /* for how long a CPU that falls back is owed */
};

uint64_t place_progress_ns;

/* (a) Who runs there is alone and due more than a CPU, and falls back for ever: looked at last. */
static struct cpumask behind_cpus;

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

static __attribute__((noinline)) bool is_any_sharing(const struct cpumask *cpus)
{
	struct cpumask sharing = cpumask_andnot(cpus, &isolation_cpus);

	return !cpumask_empty(&sharing);
}

/* Whether a CPU that takes part is. */
static inline bool is_any_idle(void)
{
	return unlikely(!cpumask_empty(&sched_idle_cpus)) &&
	       (likely(!isolation_is_used) || is_any_sharing(&sched_idle_cpus));
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

/* Most often nothing has to be searched: no CPU is idle, and the task stays where it was. */
static bool stays(const struct task *task, const struct cpu *last)
{
	return !is_any_idle() && cpumask_test(&task->allowed, last->id) &&
	       cpumask_test(&cpu_online, last->id) && !runs_urgent(last) && !is_isolated(last);
}

struct cpu *place_idle(const struct cpumask *idle, struct cpu *last)
{
	if (unlikely(cpu_neighbours)) {
		struct cpumask busy = cpumask_andnot(&cpu_online, &sched_idle_cpus);

		return cpu_table[cores_choose(cpu_neighbours, last->id, idle, &busy)];
	}
	return cpumask_test(idle, last->id) ? last : cpu_table[cpumask_first(idle)];
}

static __attribute__((noinline)) struct cpu *search(const struct task *task, struct cpu *last)
{
	struct cpumask mask = place_usable(task), idle = cpumask_and(&mask, &sched_idle_cpus);
	struct cpu *best = NULL;
	unsigned int looked = 0;

	if (unlikely(home_matters()))
		idle = home_prefer(task, &idle);
	if (!cpumask_empty(&idle))
		return place_idle(&idle, last);
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

struct cpu *place_choose(const struct task *task)
{
	struct cpu *last = task->cpu;

	if (unlikely(task->class.urgent))
		return urgent_choose(task);
	return likely(stays(task, last)) ? last : search(task, last);
}

/* The first few of the waiting that may run on `cpu`; NULL: none. */
static struct task *find_for(struct runqueue *queue, const struct cpu *cpu)
{
	struct sched_entity *entity = queue->first;

	for (unsigned int i = 0; entity && i < SEARCH_TASKS; i++) {
		struct task *task = entity_task(entity);

		if (cpumask_test(&task->allowed, cpu->id))
			return task;
		entity = runqueue_next(entity);
	}
	return NULL;
}

/* An idle CPU is about to run the only one that waits there; where CPUs differ, it was chosen for that. */
static bool is_about_to_run(const struct runqueue *queue)
{
	return unlikely(cpu_neighbours) && queue->waiting_count == 1 && queue->running->flags & TASK_IDLE;
}

static bool has_waiting(const struct cpu *victim)
{
	return __atomic_load_n(&victim->queue.waiting_count, __ATOMIC_RELAXED) && !is_isolated(victim);
}

static struct task *steal_from(struct cpu *victim, struct cpu *cpu)
{
	if (!spin_trylock(&victim->queue.lock))
		return NULL;
	struct task *task = is_about_to_run(&victim->queue) ? NULL : find_for(&victim->queue, cpu);
	if (task) {
		sched_dequeue_waiting(&victim->queue, task);
		__atomic_store_n(&task->cpu, cpu, __ATOMIC_RELEASE);
		task->on_queue = true;
		task->entity.migrations++;
		trace(TRACE_MIGRATE, task, (int32_t)victim->id, cpu->id);
		runqueue_carry(&victim->queue, &cpu->queue, &task->entity);
		kin_join(cpu, &task->entity, time_now_ns());
	}
	spin_unlock(&victim->queue.lock);
	return task;
}

/* Its running task is placed anew, if it may run on that core. A busy lock: it stays. */
static bool invite_from(struct cpu *crowded, const struct cpumask *core)
{
	if (is_isolated(crowded) || !spin_trylock(&crowded->queue.lock))
		return false;
	struct cpumask mask = place_usable(crowded->queue.running);
	bool may_come = cpumask_intersects(&mask, core);

	if (may_come)
		sched_displace(crowded);
	spin_unlock(&crowded->queue.lock);
	return may_come;
}

/* Nobody waits whom this CPU could run. When its core does nothing else either, one of those who share a
 * core may have it for himself. */
static void invite(struct cpu *cpu)
{
	const struct cpu_neighbours *own = &cpu_neighbours[cpu->id];

	if (!own->sibling_count)
		return;
	sched_set_idle(cpu, cpu->idle); /* who is placed anew looks for idle CPUs */
	full_barrier(); /* of threads that become idle at once the last finds the others so */
	struct cpumask busy = cpumask_andnot(&cpu_online, &sched_idle_cpus);

	if (cores_is_beside(own, &busy))
		return;
	for (unsigned int i = own->sibling_count; i < own->victim_count; i++) {
		struct cpu *other = cpu_table[own->victims[i]];

		if (cpumask_test(&busy, other->id) && other->node == cpu->node &&
		    cores_is_beside(&cpu_neighbours[other->id], &busy) && invite_from(other, &own->core)) {
			cpu_flush_ipis(); /* who is leaving would do so when he runs again */
			return;
		}
	}
}

static __attribute__((noinline)) struct task *steal_near(struct cpu *cpu)
{
	const struct cpu_neighbours *own = &cpu_neighbours[cpu->id];
	struct task *task = NULL;

	for (unsigned int i = 0; i < own->victim_count && !task; i++) {
		struct cpu *victim = cpu_table[own->victims[i]];

		if (has_waiting(victim))
			task = steal_from(victim, cpu);
	}
	if (!task)
		invite(cpu);
	return task;
}

struct task *place_steal(struct cpu *cpu)
{
	unsigned int tries = MIN(cpu_count - 1, (unsigned int)SEARCH_CPUS), id = cpu->id;
	struct task *task = NULL;

	if (is_isolated(cpu))
		return NULL;
	if (unlikely(cpu_neighbours))
		return steal_near(cpu);
	while (tries-- && !task) {
		id = id + 1 < cpu_count ? id + 1 : 0;
		struct cpu *victim = cpu_table[id];

		if (has_waiting(victim))
			task = steal_from(victim, cpu);
	}
	return task;
}

/* ---- evening out: see docs/decisions/0007 ---- */

/* What a CPU with that load gives to each unit of weight until the next look. */
static int64_t pace(uint64_t load)
{
	return (int64_t)(((uint64_t)SCHED_TICK_NS << SCHED_WEIGHT_SHIFT) / MAX(load, (uint64_t)WEIGHT_LEAST));
}

static uint64_t progress_of(const struct runqueue *queue)
{
	return runqueue_progress(queue, queue->charged_ns);
}

/* How far `to` is ahead of `from`, which has just been charged; what is longer ago than a few looks is
 * forgotten. */
static int64_t gap(const struct runqueue *from, const struct runqueue *to)
{
	uint64_t load = __atomic_load_n(&to->load, __ATOMIC_RELAXED);
	int64_t ahead = (int64_t)(runqueue_progress(to, from->charged_ns) - progress_of(from));
	int64_t most = GAP_TICKS * pace(from->load), least = -GAP_TICKS * pace(load);

	return MAX(MIN(ahead, most), least);
}

static int64_t distance(int64_t gap)
{
	return gap < 0 ? -gap : gap;
}

/* Of two CPUs one is for a task that is due more than half of what both have. It waits until the running one,
 * which waits then, goes over. */
static bool should_be_alone(const struct cpu *from, const struct cpu *to, uint64_t weight)
{
	return weight > (load_of(from) + load_of(to)) / 2 &&
	       cpumask_test(&from->queue.running->allowed, to->id);
}

/* There is such a task, and it has its CPU: that falls back, but may seem to be ahead for a moment. */
static bool is_alone(const struct cpu *cpu, const struct runqueue *other)
{
	return !__atomic_load_n(&cpu->queue.waiting_count, __ATOMIC_RELAXED) &&
	       __atomic_load_n(&cpu->queue.load, __ATOMIC_RELAXED) > other->load;
}

/* By how much the two are closer at the next look when a task of that weight moves; one that shoots far
 * beyond would have to be taken back. Idle CPUs first. Who keeps pace stays, even a tick behind: that gets
 * no worse. */
static int64_t gain(const struct cpu *from, const struct cpu *to, uint64_t weight)
{
	uint64_t there = load_of(to), here = load_of(from);

	if (unlikely(runs_urgent(to))) /* and from: a twentieth of each is for the fair ones */
		return (int64_t)(here - there - weight);
	if (!there)
		return INT64_MAX;
	if (should_be_alone(from, to, weight) || is_alone(to, &from->queue))
		return 0;
	int64_t now = gap(&from->queue, &to->queue), faster = pace(there) - pace(here);
	int64_t stay = now + faster, move = now + pace(there + weight) - pace(here - MIN(weight, here));

	if (distance(faster) < pace(here) / 16 && distance(now) <= pace(here))
		return 0;
	return distance(stay) - distance(move) - distance(stay - move) / 2;
}

/* A CPU that has fallen back further than that is forgiven the rest; answers whether it has. */
static bool forgive(struct runqueue *queue, const struct runqueue *ahead)
{
	uint64_t least_ns = progress_of(ahead) - (uint64_t)(GAP_TICKS * pace(queue->load));

	if (!virtual_is_before(progress_of(queue), least_ns))
		return false;
	runqueue_set_progress(queue, least_ns);
	return true;
}

/* Where nobody waits, nobody is charged, and weights grow old. A busy lock is up to date soon. */
static void bring_up_to_date(struct cpu *cpu, const struct runqueue *by)
{
	struct runqueue *queue = &cpu->queue;
	uint64_t until = __atomic_load_n(&queue->charged_ns, __ATOMIC_RELAXED);

	if (until + SCHED_TICK_NS > by->charged_ns || !spin_trylock(&queue->lock))
		return;
	sched_refresh(queue, queue->running, by->charged_ns);
	bool is_behind = forgive(queue, by);
	cpu_mark(&behind_cpus, cpu->id, is_behind && is_alone(cpu, by));
	spin_unlock(&queue->lock);
}

struct prospect {
	struct cpu *cpu; /* NULL: none yet */
	int64_t ahead;
};

/* How far it will be ahead at the next look. One that runs urgent tasks is behind all others, and less loaded
 * ones are before it. */
static int64_t ahead_of(const struct cpu *from, struct cpu *to)
{
	if (unlikely(runs_urgent(to)))
		return INT64_MIN / 2 - (int64_t)load_of(to);
	bring_up_to_date(to, &from->queue);
	return gap(&from->queue, &to->queue) + pace(load_of(to));
}

static void consider(const struct cpu *from, struct cpu *to, struct prospect *best)
{
	if (unlikely(runs_urgent(to)) && !runs_urgent(from))
		return;
	int64_t ahead = ahead_of(from, to);

	if ((!best->cpu || ahead > best->ahead) && !is_alone(to, &from->queue))
		*best = (struct prospect){ to, ahead };
}

/* Considers `count` others of the mask, from behind the last one that was; answers how many there were. */
static unsigned int look_around(struct cpu *cpu, struct cpumask mask, unsigned int count, uint32_t *last,
				struct prospect *best)
{
	unsigned int looked = 0;

	cpumask_clear(&mask, cpu->id);
	for (; looked < count; looked++) {
		unsigned int id = cpumask_next(&mask, *last + 1);

		if (id == NR_CPUS)
			id = cpumask_first(&mask);
		if (id == NR_CPUS)
			break;
		cpumask_clear(&mask, id);
		consider(cpu, cpu_table[id], best);
		*last = id;
	}
	return looked;
}

/* The mask's best idle CPU, else of those that are looked at the one that will be ahead of all. NULL: there
 * is no other. */
static struct cpu *most_ahead(struct cpu *cpu, const struct cpumask *mask)
{
	struct cpumask idle = cpumask_and(mask, &sched_idle_cpus);
	struct runqueue *queue = &cpu->queue;
	struct prospect best = { .cpu = NULL };

	if (!cpumask_empty(&idle))
		return place_idle(&idle, cpu);
	unsigned int looked = look_around(cpu, cpumask_andnot(mask, &behind_cpus),
					  SEARCH_CPUS - SEARCH_BEHIND, &queue->looked_at, &best);
	look_around(cpu, cpumask_and(mask, &behind_cpus), SEARCH_CPUS - looked, &queue->looked_back_at,
		    &best);
	return best.cpu;
}

/* Weights change while tasks wait. Those that wait last have most to lose by an old one: a task that
 * was due little keeps a long distance from its last turn. The queue's lock is held. */
static void refresh_weights(struct runqueue *queue, uint64_t now_ns)
{
	struct sched_entity *entity = runqueue_last(queue), *previous;

	for (unsigned int i = 0; entity && i < SEARCH_TASKS; i++, entity = previous) {
		uint64_t weight = group_task_weight(entity, now_ns);

		previous = runqueue_previous(entity);
		if (weight == entity->weight)
			continue;
		runqueue_remove(queue, entity);
		runqueue_reweigh(queue, entity, weight);
		runqueue_insert(queue, entity);
	}
}

struct relief {
	struct task *task;
	struct cpu *to;
	int64_t gain;
};

/* The one of the waiting whose move evens out most, to the best CPU of its mask or, when that is given,
 * to `only`. The queue's lock is held, and only's. */
static struct relief find_relief(struct cpu *cpu, struct cpu *only)
{
	unsigned int limit = is_any_idle() ? SEARCH_TASKS_FOR_IDLE : SEARCH_TASKS;
	struct relief best = { .gain = 0 };
	struct cpumask searched = cpumask_none();
	struct sched_entity *entity = cpu->queue.first;
	struct cpu *to = NULL;

	for (unsigned int i = 0; entity && i < limit; i++, entity = runqueue_next(entity)) {
		struct cpumask mask = place_usable(entity_task(entity));

		if (i >= SEARCH_TASKS && !cpumask_intersects(&mask, &sched_idle_cpus))
			continue;
		if (only) {
			to = cpumask_test(&mask, only->id) ? only : NULL;
		} else if (!cpumask_equal(&mask, &searched)) {
			to = most_ahead(cpu, &mask);
			searched = mask;
		}
		int64_t gained = to ? gain(cpu, to, entity->weight) : 0;
		if (gained > best.gain)
			best = (struct relief){ entity_task(entity), to, gained };
	}
	return best;
}

uint64_t place_push_ns(const struct cpu *cpu)
{
	return is_isolated(cpu) ? UINT64_MAX : cpu->queue.balance_ns;
}

void place_offer(struct runqueue *queue, const struct task *task, uint64_t now_ns)
{
	if (!is_any_idle())
		return;
	struct cpumask mask = place_usable(task);
	if (cpumask_intersects(&mask, &sched_idle_cpus))
		queue->balance_ns = now_ns;
}

void place_offer_rest(struct runqueue *queue, uint64_t now_ns)
{
	if (is_any_idle())
		queue->balance_ns = now_ns;
}

/* Moves one of the waiting where it is best; answers whether an idle CPU has got it. */
static bool push_one(struct cpu *cpu, uint64_t now_ns)
{
	struct runqueue *queue = &cpu->queue;
	bool was_idle = false;

	spin_lock(&queue->lock);
	sched_refresh(queue, queue->running, now_ns);
	refresh_weights(queue, now_ns);
	struct cpu *to = find_relief(cpu, NULL).to;
	__atomic_store_n(&place_progress_ns, progress_of(queue), __ATOMIC_RELAXED);
	spin_unlock(&queue->lock);
	if (!to)
		return false;
	/* Both may have changed in between: look again. */
	spin_lock_pair(&queue->lock, &to->queue.lock);
	sched_refresh(&to->queue, to->queue.running, time_now_ns());
	struct task *task = find_relief(cpu, to).task;
	if (task && cpumask_test(&cpu_online, to->id)) {
		was_idle = cpumask_test(&sched_idle_cpus, to->id);
		forgive(queue, &to->queue);
		sched_dequeue_waiting(queue, task);
		runqueue_carry(queue, &to->queue, &task->entity);
		sched_enqueue(to, task, time_now_ns());
	}
	spin_unlock_pair(&queue->lock, &to->queue.lock);
	return was_idle;
}

void place_push(struct cpu *cpu, uint64_t now_ns)
{
	struct runqueue *queue = &cpu->queue;
	unsigned int moves = SEARCH_TASKS;

	if (now_ns < queue->balance_ns || is_isolated(cpu))
		return;
	if (now_ns < queue->turn_end_ns && !is_any_idle()) {
		queue->balance_ns = queue->turn_end_ns; /* loads are evened out between turns */
		return;
	}
	queue->balance_ns = now_ns + SCHED_TICK_NS;
	while (moves-- && push_one(cpu, now_ns))
		;
}
