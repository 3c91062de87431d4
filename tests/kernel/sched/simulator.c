// SPDX-License-Identifier: Apache-2.0
/*
 * simulator.c - see simulator.h. The kernel's two files are compiled here as they are.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/sched/runqueue.c" // NOLINT: the kernel's own target is for riscv64 alone
#include "kernel/sched/pick.c"     // NOLINT
#include "kernel/sched/group.c"    // NOLINT
#include "tests/kernel/sched/simulator.h"

enum { GROUPS_MAX = 256, TASKS_MAX = 256, CPUS_MAX = 8, STEP_NS = 500000 };

struct simulated_task {
	struct sched_entity entity;
	unsigned int cpu;
	bool runnable;
};

struct simulator {
	uint64_t now_ns;
	unsigned int cpu_count;
	int group_count, task_count;
	struct cpu cpus[CPUS_MAX];
	struct simulated_task *running[CPUS_MAX];
	uint64_t idle_ns[CPUS_MAX];
	struct task_group *groups[GROUPS_MAX];
	struct simulated_task tasks[TASKS_MAX];
};

/* The simulator's CPUs, for the kernel's loops over all; one simulator at a time. */
struct cpu *cpu_table[NR_CPUS];
unsigned int cpu_count;

/* One thread runs all of it. */
void spin_lock(struct spinlock *lock) { assert(lock->next++ == 0); }
void spin_unlock(struct spinlock *lock) { assert(lock->next-- == 1); }

_Noreturn void assertion_failed(const char *expression, const char *file, int line)
{
	__assert_fail(expression, file, (unsigned int)line, "the kernel");
}

static struct simulated_task *task_of(struct sched_entity *entity)
{
	return container_of(entity, struct simulated_task, entity);
}

struct simulator *simulator_create(unsigned int cpus)
{
	struct simulator *simulator = calloc(1, sizeof(*simulator));

	assert(simulator && cpus <= CPUS_MAX);
	simulator->now_ns = 1000000000;
	simulator->cpu_count = cpus;
	cpu_count = cpus;
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		runqueue_init(&simulator->cpus[cpu].queue);
		cpu_table[cpu] = &simulator->cpus[cpu];
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
	struct task_group *group = calloc(1, sizeof(*group) + 1);

	assert(group && simulator->group_count < GROUPS_MAX);
	group->weight = weight * 1024 / 100;
	simulator->groups[simulator->group_count] = group;
	if (parent >= 0)
		group_set_parent(group, simulator->groups[parent]);
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

static void charge(struct simulator *simulator, unsigned int cpu)
{
	struct runqueue *queue = &simulator->cpus[cpu].queue;
	struct simulated_task *task = simulator->running[cpu];

	if (!task)
		return;
	struct sched_entity *entity = &task->entity;
	runqueue_charge(queue, entity, simulator->now_ns);
	runqueue_reweigh(queue, entity,
			 group_task_weight(entity->group, entity->shares, simulator->now_ns));
}

static void enqueue(struct simulator *simulator, struct simulated_task *task)
{
	struct runqueue *queue = &simulator->cpus[task->cpu].queue;
	struct sched_entity *entity = &task->entity;

	entity->weight = group_task_weight(entity->group, entity->shares, simulator->now_ns);
	charge(simulator, task->cpu);
	runqueue_join(queue, entity);
	runqueue_insert(queue, entity);
}

/* The running task goes back to its queue, the next one runs. */
static void switch_task(struct simulator *simulator, unsigned int cpu)
{
	struct runqueue *queue = &simulator->cpus[cpu].queue;
	struct simulated_task *task = simulator->running[cpu];

	charge(simulator, cpu);
	if (task)
		runqueue_insert(queue, &task->entity);
	simulator->running[cpu] = NULL;
	if (!queue->first)
		return;
	task = task_of(runqueue_pick(queue));
	runqueue_remove(queue, &task->entity);
	simulator->running[cpu] = task;
	task->entity.charged_ns = simulator->now_ns;
}

int simulator_add_task(struct simulator *simulator, int group, uint32_t shares, unsigned int cpu)
{
	struct simulated_task *task = &simulator->tasks[simulator->task_count];

	assert(simulator->task_count < TASKS_MAX);
	*task = (struct simulated_task){
		.entity = { .group = simulator->groups[group], .shares = shares,
			    .slice_ns = SCHED_SLICE_NS },
		.cpu = cpu,
	};
	simulator_wake(simulator, simulator->task_count);
	return simulator->task_count++;
}

void simulator_sleep(struct simulator *simulator, int number)
{
	struct simulated_task *task = &simulator->tasks[number];
	struct cpu *cpu = &simulator->cpus[task->cpu];

	if (!task->runnable)
		return;
	task->runnable = false;
	charge(simulator, task->cpu);
	if (simulator->running[task->cpu] == task)
		simulator->running[task->cpu] = NULL;
	else
		runqueue_remove(&cpu->queue, &task->entity);
	runqueue_leave(&cpu->queue, &task->entity);
	group_remove_load(task->entity.group, task->entity.shares, cpu, simulator->now_ns);
	if (!simulator->running[task->cpu])
		switch_task(simulator, task->cpu);
}

void simulator_wake(struct simulator *simulator, int number)
{
	struct simulated_task *task = &simulator->tasks[number];
	struct simulated_task *running = simulator->running[task->cpu];

	if (task->runnable)
		return;
	task->runnable = true;
	group_add_load(task->entity.group, task->entity.shares);
	runqueue_repay(&task->entity, simulator->cpus[task->cpu].queue.virtual_ns);
	enqueue(simulator, task);
	if (!running || runqueue_should_preempt(&simulator->cpus[task->cpu].queue, &task->entity,
						&running->entity))
		switch_task(simulator, task->cpu);
}

void simulator_migrate(struct simulator *simulator, int number, unsigned int cpu)
{
	struct simulated_task *task = &simulator->tasks[number];
	unsigned int old = task->cpu;
	struct runqueue *from = &simulator->cpus[old].queue;

	if (cpu == old)
		return;
	if (task->runnable) {
		charge(simulator, old);
		if (simulator->running[old] == task)
			simulator->running[old] = NULL;
		else
			runqueue_remove(from, &task->entity);
		runqueue_leave(from, &task->entity);
	} else {
		runqueue_repay(&task->entity, from->virtual_ns);
		task->entity.left_virtual_ns = simulator->cpus[cpu].queue.virtual_ns;
	}
	task->cpu = cpu;
	if (!task->runnable)
		return;
	enqueue(simulator, task);
	if (!simulator->running[old])
		switch_task(simulator, old);
	if (!simulator->running[cpu])
		switch_task(simulator, cpu);
}

uint64_t simulator_received_ns(const struct simulator *simulator, int task)
{
	return simulator->tasks[task].entity.total_ns;
}

int simulator_running(const struct simulator *simulator, unsigned int cpu)
{
	const struct simulated_task *task = simulator->running[cpu];

	return task ? (int)(task - simulator->tasks) : -1;
}

static bool request_ends(const struct sched_entity *entity, uint64_t now_ns)
{
	return now_ns - entity->charged_ns + 1 >= runqueue_request_left(entity);
}

void simulator_run(struct simulator *simulator, uint64_t duration_ns)
{
	for (uint64_t end = simulator->now_ns + duration_ns; simulator->now_ns < end;) {
		simulator->now_ns += STEP_NS;
		for (unsigned int cpu = 0; cpu < simulator->cpu_count; cpu++) {
			struct simulated_task *task = simulator->running[cpu];

			if (!task)
				simulator->idle_ns[cpu] += STEP_NS;
			else if (request_ends(&task->entity, simulator->now_ns))
				switch_task(simulator, cpu);
			else
				charge(simulator, cpu);
			group_end_rests(&simulator->cpus[cpu], simulator->now_ns);
		}
	}
}

uint64_t simulator_idle_ns(const struct simulator *simulator, unsigned int cpu)
{
	return simulator->idle_ns[cpu];
}

static const char *check_queue(const struct simulator *simulator, unsigned int cpu)
{
	const struct runqueue *queue = &simulator->cpus[cpu].queue;
	struct sched_entity *previous = NULL;
	const struct sched_entity *running =
		simulator->running[cpu] ? &simulator->running[cpu]->entity : NULL;
	uint64_t load = running ? running->weight : 0;
	int64_t remainder = running ? moment(queue, running) : 0;
	uint32_t count = 0;

	for (struct sched_entity *at = queue->first; at; at = runqueue_next(at)) {
		if (previous && by_deadline(previous, at) >= 0)
			return "a queue is out of order";
		uint64_t least = at->least_eligible_ns;
		update_least(at);
		if (at->least_eligible_ns != least)
			return "a queue's tree does not know who is eligible";
		remainder += moment(queue, at);
		if (!task_of(at)->runnable || task_of(at)->cpu != cpu)
			return "a queue has a task that does not belong there";
		load += at->weight;
		previous = at;
		count++;
	}
	if (count != queue->waiting_count)
		return "a queue miscounts, or its first is not the least";
	if (count && !simulator->running[cpu])
		return "a CPU idles while tasks wait";
	if (load != queue->load)
		return "a queue's load is not the sum of its weights";
	if (remainder != queue->remainder || (load && (remainder < 0 || remainder >= (int64_t)load)))
		return "a queue's virtual time is not the mean of its tasks'";
	return NULL;
}

const char *simulator_check(const struct simulator *simulator)
{
	uint64_t loads[GROUPS_MAX] = { 0 };
	uint32_t runnable[CPUS_MAX] = { 0 };
	const char *wrong = NULL;

	for (int i = 0; i < simulator->task_count; i++) {
		const struct simulated_task *task = &simulator->tasks[i];

		for (int g = 0; g < simulator->group_count && task->runnable; g++)
			if (simulator->groups[g] == task->entity.group)
				loads[g] += task->entity.shares;
		runnable[task->cpu] += task->runnable;
	}
	for (int g = 0; g < simulator->group_count; g++) {
		const struct task_group *group = simulator->groups[g];

		for (int up = 0; up < simulator->group_count && group->active; up++)
			if (simulator->groups[up] == group->parent)
				loads[up] += group->weight;
	}
	for (int g = 0; g < simulator->group_count; g++) {
		if (simulator->groups[g]->load != loads[g])
			return "a group's load is not the sum of what is below it";
		if (g && loads[g] && !simulator->groups[g]->active)
			return "a group with load is not active";
	}
	for (unsigned int cpu = 0; cpu < simulator->cpu_count && !wrong; cpu++) {
		wrong = check_queue(simulator, cpu);
		if (!wrong && simulator->cpus[cpu].queue.waiting_count +
				      (simulator->running[cpu] != NULL) != runnable[cpu])
			wrong = "a runnable task is nowhere";
	}
	return wrong;
}
