// SPDX-License-Identifier: Apache-2.0
/*
 * urgent.c - the urgent tasks (class.h) of all CPUs: where they run.
 *
 * No urgent task waits while a CPU of its mask runs something less urgent. Each CPU publishes the rank
 * of what runs there and of the first urgent task that waits. Who makes a task wait looks for a
 * CPU with a higher rank and has it look; who has switched to something less urgent looks for a
 * task to fetch. Only the CPU that is to run a task fetches it, with both queues locked.
 *
 * Both sides store before they look, with a barrier in between, so one of them sees the other: a
 * wake-up that races with a switch is not missed.
 *
 * Cost: a search looks at each CPU's two numbers, and at the first few tasks of those that matter.
 * Where nobody urgent waits, a switch reads one word.
 */
#include "kernel/kernel.h"
#include "kernel/riscv/csr.h"
#include "kernel/sched/core.h"
#include "kernel/sched/deadline.h"
#include "kernel/sched/class_pick.h"
#include "kernel/sched/home.h"
#include "kernel/smp/cpu.h"

enum { SEARCH_TASKS = 8 };

uint32_t urgent_waiting;
static struct cpumask urgent_cpus; /* (a) which CPUs those are */

static uint64_t running_rank(const struct cpu *cpu)
{
	return __atomic_load_n(&cpu->queue.classes.running_rank, __ATOMIC_RELAXED);
}

static uint64_t first_rank(const struct cpu *cpu)
{
	return __atomic_load_n(&cpu->queue.classes.first_rank, __ATOMIC_RELAXED);
}

static void publish_waiting(struct cpu *cpu, bool waits)
{
	if (cpu->queue.classes.is_published == waits)
		return;
	cpu->queue.classes.is_published = waits;
	cpu_mark(&urgent_cpus, cpu->id, waits);
	if (waits)
		__atomic_fetch_add(&urgent_waiting, 1, __ATOMIC_RELAXED);
	else
		__atomic_fetch_sub(&urgent_waiting, 1, __ATOMIC_RELAXED);
}

void urgent_publish(struct cpu *cpu)
{
	struct runqueue *queue = &cpu->queue;
	struct class_queue *classes = &queue->classes;
	const struct class_entity *first = classes->ready_count ? pick_first(classes) : NULL;

	kcheck(spin_is_held(&queue->lock));
	__atomic_store_n(&classes->running_rank, pick_running_rank(queue, &queue->running->class),
			 __ATOMIC_RELAXED);
	__atomic_store_n(&classes->first_rank, first ? first->rank : RANK_FAIR, __ATOMIC_RELAXED);
	publish_waiting(cpu, first != NULL);
	full_barrier(); /* before anybody looks for a match */
}

void urgent_enqueue(struct cpu *cpu, struct task *task, uint64_t now_ns)
{
	struct runqueue *queue = &cpu->queue;

	pick_insert(&queue->classes, &task->class, now_ns);
	urgent_publish(cpu);
	if (task->class.throttled) {
		sched_watch_work(cpu);
		return;
	}
	if (queue->running->flags & TASK_IDLE)
		sched_set_idle(cpu, task);
	if (task->class.rank < running_rank(cpu))
		sched_resched(cpu);
	else if (cpu == this_cpu())
		sched_set_slice_end(cpu);
	else
		cpu_send_ipi(cpu, IPI_RESCHED); /* turns end now that somebody waits */
}

uint64_t urgent_turn_end(const struct cpu *cpu, uint64_t fair_end)
{
	const struct runqueue *queue = &cpu->queue;
	const struct task *running = queue->running;
	uint64_t end = pick_turn_end(queue, &running->class, running->entity.charged_ns);

	/* The fair ones that wait look for another CPU every now and then. */
	if (running->class.urgent)
		fair_end = queue->first ? place_push_ns(cpu) : UINT64_MAX;
	return MIN(end, fair_end);
}

void urgent_replenish(struct cpu *cpu, uint64_t now_ns)
{
	struct runqueue *queue = &cpu->queue;
	struct class_entity *entity;

	while ((entity = deadline_replenishable(&queue->classes.deadline, now_ns)) != NULL) {
		sched_dequeue_waiting(queue, class_task(entity));
		sched_enqueue(cpu, class_task(entity), now_ns);
	}
}

/* The CPU of the mask that runs the least urgent, when that is less urgent than `rank`; of equals `from`,
 * then the first; one of the `idle` before all others. NULL: none. */
static struct cpu *find_lower(const struct cpumask *mask, const struct cpumask *idle, uint64_t rank,
			      struct cpu *from)
{
	struct cpu *lowest = NULL;
	uint64_t least = rank;

	if (!cpumask_empty(idle))
		return place_idle(idle, from);
	if (cpumask_test(mask, from->id) && running_rank(from) > least) {
		least = running_rank(from);
		lowest = from;
	}
	cpumask_for_each(id, mask) {
		if (least == RANK_FAIR)
			break;
		if (running_rank(cpu_table[id]) > least) {
			least = running_rank(cpu_table[id]);
			lowest = cpu_table[id];
		}
	}
	return lowest;
}

struct cpu *urgent_choose(const struct task *task)
{
	struct cpumask mask = place_usable(task), idle = cpumask_and(&mask, &sched_idle_cpus);
	struct cpu *last = task->cpu;

	if (unlikely(home_matters()))
		idle = home_prefer(task, &idle);
	struct cpu *lower = find_lower(&mask, &idle, task->class.rank, last);
	if (lower)
		return lower;
	return cpumask_test(&mask, last->id) ? last : cpu_table[cpumask_first(&mask)];
}

/* ---- between CPUs ---- */

/* Whether the CPU is about to run the first of its waiting itself. */
static bool is_about_to_run(const struct cpu *cpu, const struct class_entity *first)
{
	return first->rank < cpu->queue.classes.running_rank;
}

/* Its first waiting task that is more urgent than `rank` and may run on `to`. Its queue is locked. */
static struct task *find_for(const struct cpu *cpu, const struct cpu *to, uint64_t rank)
{
	const struct class_queue *classes = &cpu->queue.classes;
	struct class_entity *entity = pick_first(classes);

	if (entity && is_about_to_run(cpu, entity))
		entity = pick_next(classes, entity);
	for (unsigned int i = 0; i < SEARCH_TASKS && entity && entity->rank < rank; i++) {
		struct cpumask mask = place_usable(class_task(entity));

		if (cpumask_test(&mask, to->id))
			return class_task(entity);
		entity = pick_next(classes, entity);
	}
	return NULL;
}

/* The CPU where the most urgent task waits that `cpu` should run; NULL: none. */
static struct cpu *find_source(const struct cpu *cpu)
{
	uint64_t rank = MIN(running_rank(cpu), first_rank(cpu));
	struct cpumask cpus = urgent_cpus;
	struct cpu *source = NULL;

	cpumask_for_each(id, &cpus) {
		struct cpu *other = cpu_table[id];

		if (other == cpu || first_rank(other) >= rank)
			continue;
		spin_lock(&other->queue.lock);
		struct task *task = find_for(other, cpu, rank);
		if (task) {
			rank = task->class.rank;
			source = other;
		}
		spin_unlock(&other->queue.lock);
	}
	return source;
}

/* Answers whether a task came. Both may have changed since the search: look again. */
static bool fetch(struct cpu *cpu, struct cpu *from)
{
	struct task *task = NULL;

	spin_lock_pair(&cpu->queue.lock, &from->queue.lock);
	if (cpumask_test(&cpu_online, cpu->id))
		task = find_for(from, cpu, MIN(cpu->queue.classes.running_rank,
					       cpu->queue.classes.first_rank));
	if (task) {
		uint64_t now = time_now_ns();

		sched_dequeue_waiting(&from->queue, task);
		runqueue_migrate(&from->queue, &cpu->queue, &task->entity, now);
		sched_enqueue(cpu, task, now);
	}
	spin_unlock_pair(&cpu->queue.lock, &from->queue.lock);
	return task != NULL;
}

void urgent_push(struct cpu *cpu)
{
	struct class_queue *classes = &cpu->queue.classes;
	struct cpumask asked = cpumask_none();

	spin_lock(&cpu->queue.lock);
	struct class_entity *entity = pick_first(classes);
	if (entity && is_about_to_run(cpu, entity))
		entity = pick_next(classes, entity);
	for (unsigned int i = 0; i < SEARCH_TASKS && entity; i++, entity = pick_next(classes, entity)) {
		struct cpumask mask = place_usable(class_task(entity));

		mask = cpumask_andnot(&mask, &asked);
		struct cpumask idle = cpumask_and(&mask, &sched_idle_cpus);
		struct cpu *lower = find_lower(&mask, &idle, entity->rank, cpu);
		if (lower && lower != cpu)
			cpumask_set(&asked, lower->id);
	}
	spin_unlock(&cpu->queue.lock);
	cpumask_for_each(id, &asked) {
		spin_lock(&cpu_table[id]->queue.lock);
		sched_resched(cpu_table[id]);
		spin_unlock(&cpu_table[id]->queue.lock);
	}
}

/* Who has fetched a task may have been asked for another's sake. */
void urgent_balance(struct cpu *cpu)
{
	struct cpu *source = find_source(cpu);

	if (!source || !fetch(cpu, source)) {
		if (cpu->queue.classes.is_published)
			urgent_push(cpu);
		return;
	}
	struct cpumask cpus = urgent_cpus;
	cpumask_for_each(id, &cpus)
		urgent_push(cpu_table[id]);
}
