// SPDX-License-Identifier: Apache-2.0
/*
 * policy.c - a task's scheduling policy: inherited and changed.
 *
 * A task that becomes urgent leaves the load of its group, which shares the time of the fair ones
 * only; it comes back with what it had of its share when it left.
 */
#include "kernel/kernel.h"
#include "kernel/sched/bandwidth.h"
#include "kernel/sched/core.h"
#include "kernel/sched/deadline.h"
#include "kernel/sched/group.h"
#include "kernel/sched/kin.h"
#include "kernel/smp/cpu.h"

/* No more than the default, if the parent says so. */
static uint32_t inherited_shares(const struct task *parent, uint32_t shares)
{
	return parent->class.reset_on_fork ? MIN(shares, (uint32_t)CG_SHARES_DEFAULT) : shares;
}

void policy_fork(struct task *child, const struct task *parent)
{
	const struct class_entity *from = &parent->class;

	kcheck(spin_is_held(&parent->lock));
	child->class = (struct class_entity){ .rank = RANK_FAIR };
	if (child->flags & TASK_KERNEL || (from->reset_on_fork && from->urgent) ||
	    from->policy == POLICY_DEADLINE)
		return;
	child->class.urgent = from->urgent;
	child->class.policy = from->policy;
	child->class.kept_shares = inherited_shares(parent, from->kept_shares);
	child->class.priority = from->priority;
	child->class.rank = from->rank;
	child->class.slice_left_ns = REALTIME_SLICE_NS;
}

uint32_t policy_child_shares(const struct task *parent)
{
	bool resets = parent->class.reset_on_fork && parent->class.urgent;

	kcheck(spin_is_held(&parent->lock));
	return resets ? CG_SHARES_DEFAULT : inherited_shares(parent, parent->entity.shares);
}

bool policy_forbids_fork(const struct task *task)
{
	return task->class.policy == POLICY_DEADLINE && !task->class.reset_on_fork;
}

static void set_class(struct class_entity *class, const struct policy_request *request, uint64_t now_ns)
{
	bool lower = class->urgent && request->priority < class->priority;

	class->policy = request->policy;
	class->priority = request->priority;
	class->reset_on_fork = request->reset_on_fork;
	class->deadline = request->deadline;
	class->slice_left_ns = REALTIME_SLICE_NS;
	class->urgent = policy_is_urgent(request->policy);
	class->to_front = lower; /* as sched(7) has it */
	class->yields = false;
	if (request->policy == POLICY_DEADLINE)
		deadline_begin(class, now_ns);
	else
		class->rank = class->urgent ? RANK_REALTIME + PRIORITY_MAX - class->priority : RANK_FAIR;
}

/* Its group counts other shares for it from now on; 0: none. */
static void set_group_load(struct cpu *cpu, struct task_group *group, uint32_t from, uint32_t to,
			   uint64_t now_ns)
{
	uint64_t check_ns = cpu->queue.rest_check_ns;

	if (from == to)
		return;
	if (to)
		group_add_load(group, to);
	if (from)
		group_remove_load(group, from, cpu, now_ns);
	if (cpu->queue.rest_check_ns != check_ns)
		sched_watch_work(cpu);
}

/* SCHED_IDLE puts its own in the place of the task's shares, which come back with another policy. */
static void set_policy_shares(struct task *task, int policy)
{
	bool was_idle = task->class.policy == POLICY_IDLE, idle = policy == POLICY_IDLE;

	if (was_idle == idle)
		return;
	if (idle)
		task->class.kept_shares = task->entity.shares;
	task->entity.shares = idle ? POLICY_IDLE_SHARES : task->class.kept_shares;
}

uint32_t sched_shares_of(const struct task *task)
{
	return task->class.policy == POLICY_IDLE ? task->class.kept_shares : task->entity.shares;
}

void sched_set_policy(struct task *task, const struct policy_request *request)
{
	spin_lock(&task->lock);
	struct cpu *cpu = sched_lock_queue_of(task);
	struct runqueue *queue = &cpu->queue;
	struct sched_entity *entity = &task->entity;
	uint64_t now = time_now_ns();
	bool is_running = queue->running == task, is_waiting = task->on_queue && !is_running;
	bool was_urgent = task->class.urgent, urgent = policy_is_urgent(request->policy);

	sched_charge(queue, queue->running, now);
	if (is_waiting)
		sched_dequeue_waiting(queue, task);
	else if (is_running && !was_urgent)
		kin_take_off(queue, entity);
	/* Runnable in every state but asleep and off its queue; a new task is not counted yet. */
	bool counted = is_running || is_waiting || task->state == TASK_RUNNING;
	uint32_t before = counted && !was_urgent ? entity->shares : 0;
	set_policy_shares(task, request->policy);
	set_group_load(cpu, entity->group, before, counted && !urgent ? entity->shares : 0, now);
	set_class(&task->class, request, now);
	if (is_waiting) {
		sched_enqueue(cpu, task, now);
	} else if (is_running) {
		if (!urgent) {
			place_catch_up(queue);
			kin_join(cpu, entity, now);
		}
		urgent_publish(cpu);
		sched_resched(cpu); /* somebody else's turn may have come, here or elsewhere */
	}
	spin_unlock(&queue->lock);
	if (is_waiting && urgent)
		urgent_push(cpu);
	spin_unlock(&task->lock);
	bandwidth_look_again(task); /* no quota holds it now, or one does again */
}

void sched_set_request(struct task *task, uint32_t slice_ns, uint32_t burst_ns)
{
	if (task->entity.slice_ns == slice_ns && task->entity.burst_ns == burst_ns)
		return; /* only the holder of the tree's mutex writes them */
	spin_lock(&task->lock);
	struct cpu *cpu = sched_lock_queue_of(task);
	struct runqueue *queue = &cpu->queue;
	bool is_running = queue->running == task, is_fair = task->on_queue && !task->class.urgent;
	uint64_t now = time_now_ns();

	sched_charge(queue, queue->running, now);
	if (is_fair && !is_running)
		sched_dequeue_waiting(queue, task);
	task->entity.slice_ns = slice_ns;
	task->entity.burst_ns = burst_ns;
	task->entity.lent_ns = MIN(task->entity.lent_ns, burst_ns);
	if (is_fair && !is_running)
		sched_enqueue(cpu, task, now);
	else if (is_fair)
		runqueue_request(&task->entity);
	spin_unlock(&queue->lock);
	spin_unlock(&task->lock);
}
