// SPDX-License-Identifier: Apache-2.0
/*
 * simulator.c - see simulator.h. The kernel's files are compiled here as they are.
 */
#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/sched/runqueue.c" // NOLINT: the kernel's own target is for riscv64 alone
#include "kernel/sched/pick.c"     // NOLINT
#include "kernel/sched/core.h"
#include "kernel/sched/group.h"
#include "kernel/sched/trace.h"
#include "kernel/smp/cpu.h"
#include "tests/sim/simulator.h"

enum { GROUPS_MAX = 1024, TASKS_MAX = 2048 };

struct simulated_task {
	struct task task;
	bool runnable;
	double taken_ns; /* what others have taken from it by coming and leaving: lags.c */
};

struct simulator {
	unsigned int cpu_count;
	int group_count, task_count;
	bool balances;
	struct cpu cpus[NR_CPUS];
	struct task idle[NR_CPUS];
	struct task_group *groups[GROUPS_MAX];
	struct simulated_task tasks[TASKS_MAX];
};

/* What the kernel's files ask for: one simulator at a time. */
struct cpu *cpu_table[NR_CPUS];
unsigned int cpu_count;
struct cpumask cpu_online, sched_idle_cpus, isolation_cpus;
bool isolation_is_used;
uint32_t trace_readers;
uint64_t nodes_with_cpus = 1;
static uint64_t now_ns;

static bool picked_wrongly;

/* Since when each CPU has been idle while somebody who may run there waited; UINT64_MAX: it is not. */
static uint64_t wasted_since_ns[NR_CPUS];

void trace_write(enum trace_event event, const struct task *task, int32_t other, uint32_t value)
{
	(void)event, (void)task, (void)other, (void)value; /* nobody reads */
}

struct cpumask home_prefer(const struct task *task, const struct cpumask *cpus)
{
	(void)task; /* there is one memory node */
	return *cpus;
}

/* One thread runs all of it. */
void spin_lock(struct spinlock *lock) { assert(lock->next++ == 0); }
void spin_unlock(struct spinlock *lock) { assert(lock->next-- == 1); }
bool spin_trylock(struct spinlock *lock)
{
	spin_lock(lock);
	return true;
}
void spin_lock_pair(struct spinlock *a, struct spinlock *b)
{
	spin_lock(a);
	spin_lock(b);
}
void spin_unlock_pair(struct spinlock *a, struct spinlock *b)
{
	spin_unlock(a);
	spin_unlock(b);
}
void cpu_flush_ipis(void) {}
uint64_t time_now_ns(void) { return now_ns; }

_Noreturn void assertion_failed(const char *expression, const char *file, int line)
{
	__assert_fail(expression, file, (unsigned int)line, "the kernel");
}

struct task *entity_task(struct sched_entity *entity)
{
	return container_of(entity, struct task, entity);
}

struct cpu *urgent_choose(const struct task *task)
{
	return task->cpu; /* there are none */
}

static struct simulated_task *simulated(struct task *task)
{
	return container_of(task, struct simulated_task, task);
}

static bool is_idle(const struct cpu *cpu)
{
	return cpu->queue.running == cpu->idle;
}

#include "tests/sim/lags.c" // NOLINT: the kernel's files go through it from here on
#define runqueue_join watched_join
#define runqueue_leave watched_leave
#define runqueue_reweigh watched_reweigh
#define runqueue_transfer watched_transfer
#include "kernel/sched/group.c" // NOLINT
#include "kernel/sched/kin.c"   // NOLINT
#include "kernel/sched/place.c" // NOLINT
#include "kernel/sched/cores.c" // NOLINT
#include "tests/sim/kin.c"      // NOLINT: and through this one

/* ---- what core.c and wake.c do ---- */

void sched_charge(struct runqueue *queue, struct task *task, uint64_t time_ns)
{
	struct sched_entity *entity = &task->entity;

	if (task->flags & TASK_IDLE) {
		queue->idle_ns += time_ns - entity->charged_ns;
		entity->charged_ns = time_ns;
		return;
	}
	watched_charge(queue, entity, time_ns);
}

void sched_refresh(struct runqueue *queue, struct task *task, uint64_t time_ns)
{
	struct sched_entity *entity = &task->entity;

	sched_charge(queue, task, time_ns);
	if (!(task->flags & TASK_IDLE))
		runqueue_reweigh(queue, entity, group_task_weight(entity, time_ns));
}

static void set_running(struct cpu *cpu, struct task *task)
{
	cpu->queue.running = task;
	runqueue_start_turn(&cpu->queue, &task->entity, now_ns);
	*ran_until(&cpu->queue) = now_ns;
	if (task == cpu->idle)
		cpumask_set(&sched_idle_cpus, cpu->id);
	else
		cpumask_clear(&sched_idle_cpus, cpu->id);
}

/* EEVDF's rule as it is written: of those who are owed something, or may borrow, the one whose deadline is the
 * earliest. */
static const struct sched_entity *eligible_first(const struct runqueue *queue)
{
	struct sched_entity *at = queue->first;

	while (at && (int64_t)(at->eligible_ns - queue->virtual_ns) > 0)
		at = runqueue_next(at);
	return at;
}

/* Its group no longer counts it, its kin have what it was owed. */
static void fall_asleep(struct cpu *cpu, struct sched_entity *entity)
{
	group_remove_load(entity->group, entity->shares, cpu, now_ns);
	watched_kin_leave(&cpu->queue, entity);
}

static void schedule_on(struct cpu *cpu, bool runs_on)
{
	struct runqueue *queue = &cpu->queue;
	struct task *previous = queue->running, *next;

	spin_lock(&queue->lock);
	if (now_ns < queue->turn_end_ns)
		sched_charge(queue, previous, now_ns);
	else
		sched_refresh(queue, previous, now_ns);
	if (runs_on && previous != cpu->idle) {
		runqueue_insert(queue, &previous->entity);
		place_offer(queue, previous, now_ns);
	} else if (previous != cpu->idle && simulated(previous)->runnable) {
		kin_take_off(queue, &previous->entity);
	} else if (previous != cpu->idle) {
		fall_asleep(cpu, &previous->entity);
	} else if (queue->waiting_count > 1) {
		place_offer_rest(queue, now_ns);
	}
	queue->running = cpu->idle;
	if (queue->first) {
		struct sched_entity *entity = runqueue_pick(queue);

		assert(entity);
		picked_wrongly |= entity != eligible_first(queue);
		note_pick(queue, entity);
		runqueue_remove(queue, entity);
		next = entity_task(entity);
	} else {
		next = place_steal(cpu);
	}
	spin_unlock(&queue->lock);
	set_running(cpu, next ? next : cpu->idle);
}

void sched_enqueue(struct cpu *cpu, struct task *task, uint64_t time_ns)
{
	struct runqueue *queue = &cpu->queue;
	struct sched_entity *entity = &task->entity;

	assert(cpumask_test(&task->allowed, cpu->id) && !task->on_queue);
	place_catch_up(queue);
	entity->migrations += task->cpu != cpu;
	task->cpu = cpu;
	task->on_queue = true;
	sched_charge(queue, queue->running, time_ns);
	watched_kin_join(cpu, entity);
	runqueue_insert(queue, entity);
	if (queue->waiting_count == 1)
		queue->balance_ns = now_ns + SCHED_TICK_NS;
	cpumask_clear(&sched_idle_cpus, cpu->id);
	if (is_idle(cpu) || (runqueue_should_preempt(queue, entity, &queue->running->entity) &&
			     group_still_preempts(queue, entity, &queue->running->entity, time_ns)))
		queue->running->work |= WORK_RESCHED;
}

void sched_dequeue_waiting(struct runqueue *queue, struct task *task)
{
	runqueue_remove(queue, &task->entity);
	kin_take_off(queue, &task->entity);
	task->on_queue = false;
}

void sched_set_idle(struct cpu *cpu, const struct task *next)
{
	assert(next == cpu->idle);
	cpumask_set(&sched_idle_cpus, cpu->id);
}

void sched_displace(struct cpu *cpu)
{
	assert(!is_idle(cpu));
	cpu->queue.running->work |= WORK_RESCHED | WORK_LEAVE;
}

static void displace(struct cpu *cpu, struct task *task)
{
	task->on_queue = false;
	schedule_on(cpu, false);
	runqueue_repay(&task->entity, &cpu->queue, now_ns);
	sched_enqueue(place_choose(task), task, now_ns);
}

/* Serves the CPUs that were asked to switch, in rounds: one may ask another. */
static void serve(struct simulator *simulator)
{
	bool served;

	do {
		served = false;
		for (unsigned int id = 0; id < simulator->cpu_count; id++) {
			struct cpu *cpu = cpu_table[id];
			struct task *running = cpu->queue.running;
			uint32_t work = running->work;

			running->work = 0;
			if (work & WORK_LEAVE)
				displace(cpu, running);
			else if (work & WORK_RESCHED)
				schedule_on(cpu, true);
			served |= work != 0;
		}
	} while (served);
}

/* ---- tasks ---- */

/* Off its queue, when it is on one. */
static void take_off(struct task *task)
{
	struct cpu *cpu = task->cpu;

	if (cpu->queue.running == task) {
		task->on_queue = false;
		schedule_on(cpu, false);
		return;
	}
	sched_charge(&cpu->queue, cpu->queue.running, now_ns);
	if (simulated(task)->runnable) {
		sched_dequeue_waiting(&cpu->queue, task);
		return;
	}
	runqueue_remove(&cpu->queue, &task->entity);
	fall_asleep(cpu, &task->entity);
	task->on_queue = false;
}

static void put_on(struct simulator *simulator, struct task *task, struct cpu *cpu)
{
	runqueue_repay(&task->entity, &task->cpu->queue, now_ns);
	if (cpu != task->cpu)
		runqueue_migrate(&task->cpu->queue, &cpu->queue, &task->entity, now_ns);
	sched_enqueue(cpu, task, now_ns);
	serve(simulator);
}

static void wake_on(struct simulator *simulator, struct simulated_task *task, struct cpu *cpu)
{
	struct sched_entity *entity = &task->task.entity;

	task->runnable = true;
	group_add_load(entity->group, entity->shares);
	put_on(simulator, &task->task, cpu);
}

int simulator_add_task(struct simulator *simulator, int group, uint32_t shares, unsigned int cpu)
{
	struct simulated_task *task = &simulator->tasks[simulator->task_count];

	assert(simulator->task_count < TASKS_MAX);
	*task = (struct simulated_task){
		.task = { .entity = { .group = simulator->groups[group], .shares = shares,
				      .weight = FRACTION_ONE, .slice_ns = SCHED_SLICE_NS },
			  .allowed = cpumask_below(simulator->cpu_count), .cpu = cpu_table[cpu] },
	};
	wake_on(simulator, task, cpu_table[cpu]);
	return simulator->task_count++;
}

void simulator_sleep(struct simulator *simulator, int number)
{
	struct simulated_task *task = &simulator->tasks[number];

	if (!task->runnable)
		return;
	task->runnable = false;
	take_off(&task->task);
	serve(simulator);
}

void simulator_wake(struct simulator *simulator, int number)
{
	struct simulated_task *task = &simulator->tasks[number];

	if (!task->runnable)
		wake_on(simulator, task, task->task.cpu);
}

void simulator_wake_anywhere(struct simulator *simulator, int number)
{
	struct simulated_task *task = &simulator->tasks[number];

	if (!task->runnable)
		wake_on(simulator, task, place_choose(&task->task));
}

void simulator_migrate(struct simulator *simulator, int number, unsigned int cpu)
{
	struct simulated_task *task = &simulator->tasks[number];

	if (cpu == task->task.cpu->id || !cpumask_test(&task->task.allowed, cpu))
		return;
	if (!task->runnable) {
		runqueue_repay(&task->task.entity, &task->task.cpu->queue, now_ns);
		task->task.entity.left_virtual_ns = runqueue_virtual(&cpu_table[cpu]->queue, now_ns);
		task->task.cpu = cpu_table[cpu];
		return;
	}
	take_off(&task->task);
	put_on(simulator, &task->task, cpu_table[cpu]);
	for (unsigned int id = 0; id < simulator->cpu_count; id++)
		wasted_since_ns[id] = UINT64_MAX; /* it was asked for, idle CPUs or not */
}

void simulator_set_mask(struct simulator *simulator, int number, const struct cpumask *mask)
{
	struct simulated_task *task = &simulator->tasks[number];

	task->task.allowed = *mask;
	if (!task->runnable) {
		if (!cpumask_test(mask, task->task.cpu->id))
			task->task.cpu = place_choose(&task->task);
		return;
	}
	bool waits = task->task.cpu->queue.running != &task->task;
	if (cpumask_test(mask, task->task.cpu->id) &&
	    !(waits && cpumask_intersects(mask, &sched_idle_cpus)))
		return;
	take_off(&task->task);
	put_on(simulator, &task->task, place_choose(&task->task));
}

void simulator_set_request(struct simulator *simulator, int number, uint32_t slice_ns, uint32_t burst_ns)
{
	struct simulated_task *task = &simulator->tasks[number];
	struct runqueue *queue = &task->task.cpu->queue;
	struct sched_entity *entity = &task->task.entity;
	bool waits = task->runnable && queue->running != &task->task;
	struct standing old = standing(queue, entity);

	if (waits)
		runqueue_remove(queue, entity);
	entity->slice_ns = slice_ns;
	entity->burst_ns = entity->lent_ns = burst_ns;
	if (task->runnable)
		runqueue_request(entity);
	if (waits)
		runqueue_insert(queue, entity);
	if (task->runnable)
		note_request(queue, entity, &old);
}

uint64_t simulator_received_ns(const struct simulator *simulator, int number)
{
	const struct task *task = &simulator->tasks[number].task;
	bool runs = task->cpu->queue.running == task;

	return task->entity.total_ns + (runs ? now_ns - task->entity.charged_ns : 0);
}

uint64_t simulator_migrations(const struct simulator *simulator, int task)
{
	return simulator->tasks[task].task.entity.migrations;
}

bool simulator_is_runnable(const struct simulator *simulator, int task)
{
	return simulator->tasks[task].runnable;
}

int simulator_running(const struct simulator *simulator, unsigned int cpu)
{
	struct task *running = simulator->cpus[cpu].queue.running;

	return running == &simulator->idle[cpu] ? -1 : (int)(simulated(running) - simulator->tasks);
}

/* ---- time ---- */

static uint64_t next_event(const struct cpu *cpu)
{
	uint64_t next = cpu->queue.rest_check_ns;

	if (cpu->queue.waiting_count && !is_idle(cpu))
		next = MIN(next, MIN(cpu->queue.turn_end_ns, cpu->queue.balance_ns));
	return next;
}

static void interrupt(struct simulator *simulator, struct cpu *cpu)
{
	struct runqueue *queue = &cpu->queue;

	if (queue->rest_check_ns <= now_ns)
		queue->rest_check_ns = group_end_rests(cpu, now_ns);
	if (!queue->waiting_count || is_idle(cpu))
		return;
	if (simulator->balances)
		place_push(cpu, now_ns);
	else
		queue->balance_ns = UINT64_MAX;
	if (now_ns >= queue->turn_end_ns)
		queue->running->work |= WORK_RESCHED;
	serve(simulator);
}

void simulator_advance(struct simulator *simulator, uint64_t end_ns)
{
	struct cpu *first = NULL;
	uint64_t time_ns = end_ns;

	for (unsigned int id = 0; id < simulator->cpu_count; id++) {
		uint64_t next = next_event(cpu_table[id]);

		if (next < time_ns) {
			first = cpu_table[id];
			time_ns = next;
		}
	}
	now_ns = MAX(now_ns, time_ns);
	if (first)
		interrupt(simulator, first);
}

void simulator_run(struct simulator *simulator, uint64_t duration_ns)
{
	for (uint64_t end = now_ns + duration_ns; now_ns < end;)
		simulator_advance(simulator, end);
}

void simulator_balance(struct simulator *simulator, bool on)
{
	simulator->balances = on;
}

uint64_t simulator_now_ns(const struct simulator *simulator)
{
	(void)simulator;
	return now_ns;
}

uint64_t simulator_idle_ns(const struct simulator *simulator, unsigned int cpu)
{
	const struct cpu *idle = &simulator->cpus[cpu];

	return idle->queue.idle_ns + (is_idle(idle) ? now_ns - idle->idle->entity.charged_ns : 0);
}

/* ---- the machine ---- */

struct simulator *simulator_create(unsigned int cpus)
{
	struct simulator *simulator = calloc(1, sizeof(*simulator));

	assert(simulator && cpus <= NR_CPUS);
	now_ns = 1000000000;
	place_progress_ns = 0;
	picked_wrongly = false;
	lag_fault = NULL;
	behind_cpus = cpumask_none();
	simulator->cpu_count = cpu_count = cpus;
	cpu_online = sched_idle_cpus = cpumask_below(cpus);
	for (unsigned int id = 0; id < cpus; id++) {
		struct cpu *cpu = &simulator->cpus[id];
		struct task *idle = &simulator->idle[id];

		runqueue_init(&cpu->queue);
		cpu->queue.classes.running_rank = RANK_FAIR;
		*idle = (struct task){ .flags = TASK_IDLE, .cpu = cpu, .allowed = cpumask_of(id),
				       .entity = { .weight = FRACTION_ONE, .charged_ns = now_ns } };
		cpu->id = id;
		cpu->idle = cpu->queue.running = idle;
		cpu_table[id] = cpu;
		lag_logs[id].count = 0;
		wasted_since_ns[id] = UINT64_MAX;
	}
	simulator_add_group(simulator, -1, 100);
	return simulator;
}

void simulator_destroy(struct simulator *simulator)
{
	for (int i = 0; i < simulator->group_count; i++)
		free(simulator->groups[i]);
	free(simulator);
}

int simulator_add_group(struct simulator *simulator, int parent, uint32_t weight)
{
	struct task_group *group = calloc(1, sizeof(*group) + cpu_count * sizeof(*group->cpus));

	assert(group && simulator->group_count < GROUPS_MAX);
	group->cpus = (struct group_cpu *)(group + 1);
	group->weight = weight * 1024 / 100;
	simulator->groups[simulator->group_count] = group;
	if (parent >= 0) {
		group->node.depth = simulator->groups[parent]->node.depth + 1;
		group_set_parent(group, simulator->groups[parent]);
	}
	return simulator->group_count++;
}

void simulator_set_weight(struct simulator *simulator, int group, uint32_t weight)
{
	group_set_weight(simulator->groups[group], weight * 1024 / 100);
}

void simulator_set_parent(struct simulator *simulator, int group, int parent)
{
	group_set_parent(simulator->groups[group], simulator->groups[parent]);
}

void simulator_retire(struct simulator *simulator, int group)
{
	group_retire(simulator->groups[group]);
}

uint64_t simulator_load(const struct simulator *simulator, int group)
{
	return simulator->groups[group]->load;
}

bool simulator_is_active(const struct simulator *simulator, int group)
{
	return simulator->groups[group]->active;
}

#include "tests/sim/invariants.c" // NOLINT: it looks into what is static here
