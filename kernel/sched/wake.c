// SPDX-License-Identifier: Apache-2.0
/*
 * wake.c - from asleep to a run queue: waking, the first start, the way to another CPU, and sleeping for a time.
 *
 * A task off every queue belongs to whoever holds its task lock.
 */
#include "kernel/kernel.h"
#include "kernel/sched/class_pick.h"
#include "kernel/sched/core.h"
#include "kernel/sched/deadline.h"
#include "kernel/sched/group.h"
#include "kernel/sched/kin.h"
#include "kernel/sched/trace.h"
#include "kernel/smp/cpu.h"
#include "kernel/smp/smp.h"

/* ---- on and off the queues ---- */

/* A task that has slept, or was never awake, is runnable from now on. */
static void begin_waking(struct task *task)
{
	if (likely(!task->class.urgent))
		group_add_load(task->entity.group, task->entity.shares);
	else if (task->class.policy == POLICY_DEADLINE)
		deadline_wake(&task->class, time_now_ns());
}

/* Nobody but an ordinary task preempts a fair one when it wakes. */
static bool preempts_fair(struct runqueue *queue, const struct task *task, uint64_t now_ns)
{
	struct task *running = queue->running;

	if (running->class.urgent || task->class.policy != POLICY_OTHER)
		return false;
	return running->class.policy == POLICY_IDLE ||
	       (runqueue_should_preempt(queue, &task->entity, &running->entity) &&
		group_still_preempts(queue, &task->entity, &running->entity, now_ns));
}

void sched_enqueue(struct cpu *cpu, struct task *task, uint64_t now_ns)
{
	struct runqueue *queue = &cpu->queue;
	struct sched_entity *entity = &task->entity;
	struct task *running = queue->running;

	kcheck(spin_is_held(&queue->lock) && !task->on_queue);
	kcheck(cpumask_test(&task->allowed, cpu->id));
	if (task->cpu != cpu)
		trace(TRACE_MIGRATE, task, (int32_t)task->cpu->id, cpu->id);
	place_catch_up(queue);
	entity->migrations += task->cpu != cpu;
	task->cpu = cpu;
	task->on_queue = true;
	sched_charge(queue, running, now_ns);
	if (unlikely(task->class.urgent)) {
		urgent_enqueue(cpu, task, now_ns);
		return;
	}
	kin_join(cpu, entity, now_ns);
	if (unlikely(entity->burst_ns)) {
		group_lend(entity, queue, cpu->id, entity->virtual_ns, 0);
		runqueue_request(entity);
	}
	runqueue_insert(queue, entity);
	if (queue->waiting_count == 1)
		queue->balance_ns = now_ns + SCHED_TICK_NS;
	if (running->flags & TASK_IDLE)
		sched_set_idle(cpu, task); /* the next one that wakes looks elsewhere */
	if (running->flags & TASK_IDLE || preempts_fair(queue, task, now_ns))
		sched_resched(cpu);
	else if (cpu == this_cpu())
		sched_set_slice_end(cpu);
	else if (queue->waiting_count == 1)
		cpu_send_ipi(cpu, IPI_RESCHED); /* it must begin to count its turn */
}

void sched_dequeue_waiting(struct runqueue *queue, struct task *task)
{
	kcheck(spin_is_held(&queue->lock) && task->on_queue && task != queue->running);
	task->on_queue = false;
	if (unlikely(task->class.urgent)) {
		pick_remove(&queue->classes, &task->class);
		urgent_publish(task->cpu);
		return;
	}
	runqueue_remove(queue, &task->entity);
	kin_take_off(queue, &task->entity);
}

struct cpu *sched_lock_queue_of(struct task *task)
{
	for (;;) {
		struct cpu *cpu = __atomic_load_n(&task->cpu, __ATOMIC_ACQUIRE);

		spin_lock(&cpu->queue.lock);
		if (cpu == task->cpu)
			return cpu;
		spin_unlock(&cpu->queue.lock); /* it was stolen meanwhile */
	}
}

/* The best CPU for it, with its queue locked: one that went offline meanwhile has been drained. */
static struct cpu *choose_and_lock(const struct task *task)
{
	for (;;) {
		struct cpu *cpu = place_choose(task);

		spin_lock(&cpu->queue.lock);
		if (likely(cpumask_test(&cpu_online, cpu->id)))
			return cpu;
		spin_unlock(&cpu->queue.lock);
	}
}

void sched_change_queue(struct task *task, struct cpu *to, uint64_t now_ns)
{
	struct sched_entity *entity = &task->entity;

	if (entity->lag_ns > 0 && !cpumask_test(&task->allowed, task->cpu->id))
		entity->lag_ns = 0;
	runqueue_migrate(&task->cpu->queue, &to->queue, entity, now_ns);
}

void sched_place(struct task *task)
{
	struct cpu *to = choose_and_lock(task);
	uint64_t now = time_now_ns();

	runqueue_repay(&task->entity, &task->cpu->queue, now);
	if (to != task->cpu)
		sched_change_queue(task, to, now);
	sched_enqueue(to, task, now);
	spin_unlock(&to->queue.lock);
	if (unlikely(task->class.urgent))
		urgent_push(to);
}

bool sched_wake_states(struct task *task, unsigned int states)
{
	bool asleep;

	spin_lock(&task->lock);
	asleep = states >> __atomic_load_n(&task->state, __ATOMIC_ACQUIRE) & 1;
	if (asleep) {
		struct cpu *cpu = sched_lock_queue_of(task);
		bool on_queue = task->on_queue;

		__atomic_store_n(&task->state, TASK_RUNNING, __ATOMIC_RELEASE);
		spin_unlock(&cpu->queue.lock);
		/* On a queue it has not gone to sleep yet: schedule() will see the state. */
		if (!on_queue) {
			trace_wake(task);
			begin_waking(task);
			sched_place(task);
		}
	}
	spin_unlock(&task->lock);
	return asleep;
}

bool sched_wake(struct task *task)
{
	return sched_wake_states(task, 1U << TASK_INTERRUPTIBLE | 1U << TASK_UNINTERRUPTIBLE |
					       1U << TASK_THROTTLED);
}

void sched_fork(struct task *child, struct task *parent)
{
	spinlock_init(&child->lock, LOCK_RANK_TASK);
	child->state = TASK_NEW;
	child->on_queue = false;
	child->work = 0;
	child->cpu = parent->cpu;
	child->user_ticks = 0;
	spin_lock(&parent->lock);
	policy_fork(child, parent);
	uint32_t shares = policy_child_shares(parent);
	spin_unlock(&parent->lock);
	child->entity = (struct sched_entity){
		.left_virtual_ns = parent->cpu->queue.virtual_ns,
		.shares = shares,
		.slice_ns = SCHED_SLICE_NS,
		.group = parent->entity.group,
		.account = parent->entity.account,
		.limiter = parent->entity.limiter,
		.weight = parent->entity.weight,
	};
}

void sched_start(struct task *task)
{
	spin_lock(&task->lock);
	trace_wake(task);
	begin_waking(task);
	__atomic_store_n(&task->state, TASK_RUNNING, __ATOMIC_RELEASE);
	sched_place(task);
	spin_unlock(&task->lock);
}

/* ---- sleeping ---- */

struct sleep_timer {
	struct timer timer;
	struct task *task;
	bool expired; /* written with the timer base's lock held, read after timer_cancel() */
};

static void end_sleep(struct timer *timer)
{
	struct sleep_timer *sleep = container_of(timer, struct sleep_timer, timer);

	sleep->expired = true;
	sched_wake(sleep->task);
}

int sched_sleep(uint64_t deadline_ns)
{
	struct sleep_timer sleep = { .task = current };

	if (current->state == TASK_INTERRUPTIBLE && task_has_signal(current)) {
		task_set_state(TASK_RUNNING);
		return -ERESTARTSYS;
	}
	if (deadline_ns == UINT64_MAX) {
		schedule();
		return 0;
	}
	timer_init(&sleep.timer, end_sleep);
	timer_arm(&sleep.timer, deadline_ns);
	schedule();
	timer_cancel(&sleep.timer);
	return sleep.expired ? -ETIMEDOUT : 0;
}
