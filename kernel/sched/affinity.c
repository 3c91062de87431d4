// SPDX-License-Identifier: Apache-2.0
/*
 * affinity.c - a task's mask changes, and it leaves the CPUs that it lost.
 *
 * A waiting task is taken to another queue at once; a running one is asked to leave: it goes
 * through schedule(), which finds the CPU outside its mask and hands it to finish_switch. A waiting
 * task for which the new mask has an idle CPU goes there as well. The caller sleeps until every
 * such CPU runs something that may run there. After that nothing puts the task back: whoever
 * chooses a CPU for it reads the new mask under the lock that guards it.
 */
#include "kernel/kernel.h"
#include "kernel/sched/core.h"
#include "kernel/sched/trace.h"
#include "kernel/smp/cpu.h"

/* The task waits on a queue whose lock is held along with the task's; the queue's is let go. */
static void send_elsewhere(struct cpu *from, struct task *task)
{
	sched_dequeue_waiting(&from->queue, task);
	spin_unlock(&from->queue.lock);
	struct cpu *to = place_choose(task);
	spin_lock(&to->queue.lock);
	uint64_t now = time_now_ns();
	if (to != from)
		sched_change_queue(task, to, now);
	sched_enqueue(to, task, now);
	spin_unlock(&to->queue.lock);
	if (unlikely(task->class.urgent))
		urgent_push(to);
}

void sched_publish_allowed(struct task *task, const struct cpumask *allowed, struct cpumask *wait)
{
	if (cpumask_equal(&task->allowed, allowed))
		return; /* only the holder of the tree's mutex writes it */
	spin_lock(&task->lock);
	struct cpu *cpu = sched_lock_queue_of(task);

	bool may_stay = cpumask_test(allowed, cpu->id);
	bool is_waiting = task->on_queue && cpu->queue.running != task;

	task->allowed = *allowed;
	trace_mask(task, allowed);
	if (is_waiting && (!may_stay || task->class.urgent ||
			   cpumask_intersects(allowed, &sched_idle_cpus))) {
		send_elsewhere(cpu, task);
	} else {
		if (task->on_queue && !may_stay) {
			cpumask_set(wait, cpu->id);
			sched_resched(cpu);
		}
		spin_unlock(&cpu->queue.lock);
	}
	spin_unlock(&task->lock);
}

bool sched_runs_lawfully(struct cpu *cpu)
{
	spin_lock(&cpu->queue.lock);
	bool lawful = cpumask_test(&cpu->queue.running->allowed, cpu->id);
	spin_unlock(&cpu->queue.lock);
	return lawful;
}

void sched_wait_switched(const struct cpumask *wait)
{
	cpumask_for_each(id, wait) {
		struct cpu *cpu = cpu_table[id];

		if (cpu == this_cpu() && !cpumask_test(&current->allowed, id))
			schedule(); /* it is we who must go */
		wait_event(&cpu->switched, sched_runs_lawfully(cpu));
	}
}
