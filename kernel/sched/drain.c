// SPDX-License-Identifier: Apache-2.0
/*
 * drain.c - a CPU's queue when the CPU comes and goes: see core.h.
 */
#include "kernel/kernel.h"
#include "kernel/proc/task.h"
#include "kernel/sched/class_pick.h"
#include "kernel/sched/core.h"
#include "kernel/sched/group.h"
#include "kernel/smp/cpu.h"

static struct task *any_waiting(const struct runqueue *queue)
{
	if (queue->classes.count)
		return class_task(pick_any(&queue->classes));
	return queue->first ? entity_task(queue->first) : NULL;
}

void sched_drain(struct cpu *cpu)
{
	struct runqueue *queue = &cpu->queue;
	struct task *task;

	spin_lock(&queue->lock);
	cpu_mark(&sched_idle_cpus, cpu->id, false);
	group_end_rests(cpu, UINT64_MAX);
	while ((task = any_waiting(queue)) != NULL) {
		/* Off the queue and runnable it is nobody's, as a task that left a CPU it lost. */
		sched_dequeue_waiting(queue, task);
		spin_unlock(&queue->lock);
		spin_lock(&task->lock);
		sched_place(task);
		spin_unlock(&task->lock);
		spin_lock(&queue->lock);
	}
	sched_resched(cpu);
	spin_unlock(&queue->lock);
}

bool sched_is_drained(struct cpu *cpu)
{
	spin_lock(&cpu->queue.lock);
	bool drained = cpu->queue.running == cpu->idle && !any_waiting(&cpu->queue) &&
		       !cpu->queue.moving;
	spin_unlock(&cpu->queue.lock);
	return drained;
}

/* The queue's virtual time goes on: sleepers that ran here last count from it. */
void sched_restart_cpu(struct cpu *cpu)
{
	cpu->idle->entity.charged_ns = time_now_ns();
	cpu->idle->work = WORK_RESCHED; /* looks for work before its first rest */
}

void sched_init_cpu(struct cpu *cpu, struct task *idle)
{
	runqueue_init(&cpu->queue);
	pick_init(&cpu->queue.classes);
	spinlock_init(&cpu->queue.lock, LOCK_RANK_RUNQUEUE);
	waitqueue_init(&cpu->switched);
	spinlock_init(&idle->lock, LOCK_RANK_TASK);
	idle->state = TASK_RUNNING;
	idle->on_queue = true;
	idle->allowed = cpumask_of(cpu->id);
	idle->entity.weight = FRACTION_ONE;
	idle->entity.charged_ns = time_now_ns();
	idle->work = WORK_RESCHED; /* looks for work before its first rest */
	idle->class.rank = RANK_FAIR;
	cpu->queue.running = idle;
	cpu->queue.tick_ns = time_now_ns();
	cpu->queue.random = cpu->id;
}
