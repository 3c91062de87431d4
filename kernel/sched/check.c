// SPDX-License-Identifier: Apache-2.0
/*
 * check.c - every invariant of the tree and of the run queues, looked at once. The checked kernel
 * does so before it powers off: whatever a test has done, it has left all of them true.
 */
#include "kernel/kernel.h"
#include "kernel/sched/class_pick.h"
#include "kernel/sched/core.h"
#include "kernel/sched/tree.h"
#include "kernel/smp/cpu.h"

#ifdef TAPER_CHECKED

/* It waits here, and may. */
static void check_waiting(const struct cpu *cpu, const struct task *task)
{
	kassert(task->on_queue && task->cpu == cpu && task != cpu->queue.running);
	kassert(cpumask_test(&task->allowed, cpu->id));
}

/* The fair ones: none is lost, and their weights are the queue's load. */
static void check_fair(const struct cpu *cpu)
{
	const struct runqueue *queue = &cpu->queue;
	const struct task *running = queue->running;
	bool counts = !(running->flags & TASK_IDLE) && !running->class.urgent;
	uint64_t load = counts ? running->entity.weight : 0;
	uint32_t count = 0;

	for (struct sched_entity *at = queue->first; at; at = runqueue_next(at)) {
		check_waiting(cpu, entity_task(at));
		kassert(!entity_task(at)->class.urgent);
		load += at->weight;
		count++;
	}
	kassert(count == queue->waiting_count);
	kassert(load == queue->load);
	kassert(!load || (queue->remainder >= 0 && (uint64_t)queue->remainder < load));
}

static void check_urgent(const struct cpu *cpu)
{
	const struct class_queue *classes = &cpu->queue.classes;
	uint64_t rank = 0;
	uint32_t count = 0;

	for (struct class_entity *at = pick_first(classes); at; at = pick_next(classes, at)) {
		check_waiting(cpu, class_task(at));
		kassert(at->urgent && !at->throttled && at->rank >= rank);
		rank = at->rank;
		count++;
	}
	kassert(count == classes->ready_count && classes->ready_count <= classes->count);
	kassert(classes->is_published == (count != 0));
}

void sched_check(void)
{
	mutex_lock(&tree_mutex);
	cg_check(tree_root()->tree);
	mutex_unlock(&tree_mutex);
	for (unsigned int id = 0; id < cpu_count; id++) {
		struct cpu *cpu = cpu_table[id];

		spin_lock(&cpu->queue.lock);
		check_fair(cpu);
		check_urgent(cpu);
		spin_unlock(&cpu->queue.lock);
	}
}

#endif
