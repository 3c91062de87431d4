// SPDX-License-Identifier: Apache-2.0
/*
 * pressure.c - see pressure.h.
 *
 * Locks: a node's counts on a CPU belong to that CPU's run-queue lock until they are collected; the sums
 *        and averages to the tree's mutex.
 */
#include "kernel/kernel.h"
#include "kernel/sched/bandwidth.h"
#include "kernel/sched/class_pick.h"
#include "kernel/sched/core.h"
#include "kernel/sched/group.h"
#include "kernel/sched/pressure.h"

enum {
	TICK_NS = 1 << 20,       /* the mean distance of two ticks */
	WAITING_MAX = 256,       /* so many of a queue's tasks are looked at */
};

/* Nodes keep their parents as long as they have tasks. */
static struct task_group *parent_of(const struct task_group *group)
{
	return group->node.parent ? tree_group_of(group->node.parent) : NULL;
}

static struct group_cpu *part_of(const struct task_group *group, const struct cpu *cpu)
{
	return &group->cpus[cpu->id];
}

static void note_running(const struct cpu *cpu, struct task_group *group, uint32_t sample, uint64_t weight_ns)
{
	for (; group; group = parent_of(group)) {
		struct group_cpu *part = part_of(group, cpu);

		part->ran_sample = sample;
		part->busy_ns += weight_ns;
	}
}

/* Up to the first that is known already: so are those above. */
static void note_waiting(const struct cpu *cpu, struct task_group *group, uint32_t sample, uint64_t weight_ns)
{
	for (; group; group = parent_of(group)) {
		struct group_cpu *part = part_of(group, cpu);

		if (part->waited_sample == sample)
			return;
		part->waited_sample = sample;
		part->some_ns += weight_ns;
		if (part->ran_sample != sample) {
			part->full_ns += weight_ns;
			part->busy_ns += weight_ns;
		}
	}
}

/* What is so now, for that long. */
static void take_sample(struct cpu *cpu, uint64_t weight_ns)
{
	struct runqueue *queue = &cpu->queue;
	struct sched_entity *entity = queue->first;
	struct throttle *throttle;
	uint32_t sample = ++queue->sample;
	unsigned int looked = 0;

	if (!(queue->running->flags & TASK_IDLE))
		note_running(cpu, queue->running->entity.account, sample, weight_ns);
	struct class_entity *urgent = pick_first(&queue->classes);
	for (; urgent && looked++ < WAITING_MAX; urgent = pick_next(&queue->classes, urgent))
		note_waiting(cpu, container_of(urgent, struct task, class)->entity.account, sample,
			     weight_ns);
	for (; entity && looked++ < WAITING_MAX; entity = runqueue_next(entity))
		note_waiting(cpu, entity->account, sample, weight_ns);
	LIST_FOREACH(throttle, &queue->throttled, cpu_link) {
		if (looked++ >= WAITING_MAX)
			break;
		note_waiting(cpu, throttle->account, sample, weight_ns);
	}
}

/* Anything from half the mean to one and a half. */
static uint64_t random_distance(struct runqueue *queue)
{
	queue->random = queue->random * 6364136223846793005U + 1442695040888963407U;
	return TICK_NS / 2 + (queue->random >> 44);
}

void pressure_tick(struct cpu *cpu, uint64_t now_ns)
{
	struct runqueue *queue = &cpu->queue;
	uint64_t more_ns = ALIGN_DOWN(now_ns - queue->tick_ns, (uint64_t)TICK_NS);

	take_sample(cpu, queue->tick_weight_ns + more_ns);
	queue->tick_weight_ns = random_distance(queue);
	queue->tick_ns += more_ns + queue->tick_weight_ns;
}

/* Each CPU's time stalled counts as much as it had to do. */
void pressure_collect(struct task_group *group)
{
	uint64_t busy_us = 0;
	unsigned __int128 some = 0, full = 0;

	for (unsigned int id = 0; id < cpu_count; id++) {
		struct cpu *cpu = cpu_table[id];
		struct group_cpu *part = part_of(group, cpu);

		spin_lock(&cpu->queue.lock);
		pressure_note(cpu, time_now_ns());
		uint64_t part_us = part->busy_ns / NSEC_PER_USEC;
		busy_us += part_us;
		some += (unsigned __int128)part->some_ns * part_us;
		full += (unsigned __int128)part->full_ns * part_us;
		part->busy_ns = part->some_ns = part->full_ns = 0;
		spin_unlock(&cpu->queue.lock);
	}
	if (!busy_us)
		return;
	group->some.total_ns += (uint64_t)(some / busy_us);
	group->full.total_ns += (uint64_t)(full / busy_us);
}

static void show_one(const struct pressure_average *average, struct sysfs_pressure_line *line)
{
	line->total_us = average->total_ns / NSEC_PER_USEC;
	line->avg10 = pressure_average_percent(average, 0);
	line->avg60 = pressure_average_percent(average, 1);
	line->avg300 = pressure_average_percent(average, 2);
}

void pressure_show(struct task_group *group, struct sysfs_pressure *pressure)
{
	uint64_t now = time_now_ns(), elapsed = now - group->averaged_ns;

	pressure_collect(group);
	if (elapsed >= PRESSURE_STEP_NS) {
		group->averaged_ns = now;
		pressure_average_step(&group->some, elapsed / PRESSURE_STEP_NS, elapsed);
		pressure_average_step(&group->full, elapsed / PRESSURE_STEP_NS, elapsed);
	}
	show_one(&group->some, &pressure->some);
	show_one(&group->full, &pressure->full);
}
