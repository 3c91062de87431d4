// SPDX-License-Identifier: Apache-2.0
/*
 * core.c - who runs: switching, sleeping, waking, time slices.
 *
 * A run queue's lock is taken by the task that leaves the CPU and released by the one that
 * arrives (sched_finish_switch), so whoever holds it finds no task half switched. A task off
 * every queue belongs to whoever holds its task lock.
 *
 *   running --schedule()--> asleep --sched_wake()--> waiting --schedule()--> running
 *                    \---> moving (its CPU was taken away, or a better one is free)
 *                                          --finish_switch--> waiting elsewhere
 */
#include "kernel/kernel.h"
#include "kernel/mm/address_space.h"
#include "kernel/riscv/csr.h"
#include "kernel/riscv/fpu.h"
#include "kernel/riscv/stack.h"
#include "kernel/sched/bandwidth.h"
#include "kernel/sched/core.h"
#include "kernel/sched/deadline.h"
#include "kernel/sched/group.h"
#include "kernel/sched/class_pick.h"
#include "kernel/sched/trace.h"
#include "kernel/smp/cpu.h"
#include "kernel/smp/hotplug.h"
#include "kernel/smp/smp.h"

struct cpumask sched_idle_cpus;

struct task *entity_task(struct sched_entity *entity)
{
	return container_of(entity, struct task, entity);
}

struct task *class_task(struct class_entity *entity)
{
	return container_of(entity, struct task, class);
}

void task_set_state(enum task_state state)
{
	__atomic_store_n(&current->state, state, __ATOMIC_SEQ_CST);
	full_barrier();
}

/* ---- turns ---- */

/* The running task has a turn's end only while somebody waits, or when its budget is limited. */
void sched_set_slice_end(struct cpu *cpu)
{
	struct runqueue *queue = &cpu->queue;
	uint64_t end = UINT64_MAX;

	if (queue->first && !(queue->running->flags & TASK_IDLE))
		end = MIN(queue->turn_end_ns, place_push_ns(cpu));
	if (unlikely(queue->running->class.urgent || queue->classes.ready_count))
		end = urgent_turn_end(cpu, end);
	if (end != cpu->timers.slice_end_ns)
		timer_set_slice_end(end);
}

uint64_t sched_next_work_ns(const struct cpu *cpu)
{
	const struct runqueue *queue = &cpu->queue;

	return MIN(MIN(queue->rest_check_ns, queue->budget_end_ns),
		   queue->classes.deadline.replenish_ns);
}

static void set_timer_work(struct cpu *cpu)
{
	uint64_t next = sched_next_work_ns(cpu);

	if (next < cpu->timers.programmed_ns)
		timer_wake_at(next);
}

void sched_watch_work(struct cpu *cpu)
{
	if (cpu == this_cpu())
		set_timer_work(cpu);
	else
		cpu_send_ipi(cpu, IPI_RESCHED);
}

static void set_work(struct task *task, uint32_t work)
{
	__atomic_fetch_or(&task->work, work, __ATOMIC_SEQ_CST);
}

void sched_resched(struct cpu *cpu)
{
	struct task *running = cpu->queue.running;

	if (__atomic_load_n(&running->work, __ATOMIC_RELAXED) & WORK_RESCHED)
		return;
	set_work(running, WORK_RESCHED);
	if (cpu != this_cpu())
		cpu_send_ipi(cpu, IPI_RESCHED);
}

void sched_displace(struct cpu *cpu)
{
	set_work(cpu->queue.running, WORK_LEAVE);
	sched_resched(cpu);
}

/* ---- on and off the queues ---- */

void sched_set_idle(struct cpu *cpu, const struct task *next)
{
	cpu_mark(&sched_idle_cpus, cpu->id, next->flags & TASK_IDLE);
}

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

/* What it owes is how far it will be ahead. */
static void lend_to_joining(const struct runqueue *queue, struct sched_entity *entity, unsigned int cpu)
{
	uint64_t owed_ns = entity->lag_ns < 0 ? (uint64_t)-entity->lag_ns : 0;
	uint64_t ahead = (owed_ns << SCHED_WEIGHT_SHIFT) / entity->weight;

	group_lend(entity, queue, cpu, queue->virtual_ns + ahead, 0);
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
	if (!queue->load)
		runqueue_set_progress(queue, __atomic_load_n(&place_progress_ns, __ATOMIC_RELAXED));
	entity->migrations += task->cpu != cpu;
	task->cpu = cpu;
	task->on_queue = true;
	sched_charge(queue, running, now_ns);
	if (unlikely(task->class.urgent)) {
		urgent_enqueue(cpu, task, now_ns);
		return;
	}
	entity->weight = group_task_weight(entity->group, entity->shares, now_ns);
	if (unlikely(entity->burst_ns))
		lend_to_joining(queue, entity, cpu->id);
	runqueue_join(queue, entity);
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
	runqueue_leave(queue, &task->entity);
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
	policy_fork(child, parent);
	child->entity = (struct sched_entity){
		.left_virtual_ns = parent->cpu->queue.virtual_ns,
		.shares = policy_child_shares(parent),
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

/* ---- switching ---- */

static bool may_stay(const struct task *task, const struct cpu *cpu)
{
	return cpumask_test(&task->allowed, cpu->id) && cpumask_test(&cpu_online, cpu->id);
}

/* What becomes of the task that leaves the CPU; `work` is what it was asked for. */
static void put_previous(struct cpu *cpu, struct task *task, uint32_t work, uint64_t now_ns)
{
	struct runqueue *queue = &cpu->queue;
	struct sched_entity *entity = &task->entity;

	if (task->flags & TASK_IDLE)
		return;
	if (task->state == TASK_RUNNING && likely(!(work & WORK_LEAVE)) && may_stay(task, cpu)) {
		if (likely(!task->class.urgent)) {
			runqueue_insert(queue, entity);
			place_offer(queue, task, now_ns);
			return;
		}
		task->class.to_front = task->class.policy != POLICY_DEADLINE;
		pick_insert(&queue->classes, &task->class, now_ns);
		return;
	}
	task->on_queue = false;
	if (likely(!task->class.urgent))
		runqueue_leave(queue, entity);
	if (task->state == TASK_RUNNING) {
		queue->moving = task;
		return;
	}
	if (likely(!task->class.urgent))
		group_remove_load(entity->group, entity->shares, cpu, now_ns);
}

static struct task *pick(struct cpu *cpu)
{
	struct runqueue *queue = &cpu->queue;
	struct class_entity *urgent;

	if (unlikely(queue->classes.ready_count) && (urgent = pick_urgent(queue)) != NULL) {
		pick_remove(&queue->classes, urgent);
		return class_task(urgent);
	}

	if (queue->first) {
		struct sched_entity *entity = runqueue_pick(queue);

		kassert(entity);
		runqueue_remove(queue, entity);
		return entity_task(entity);
	}
	struct task *stolen = cpumask_test(&cpu_online, cpu->id) ? place_steal(cpu) : NULL;
	return stolen ? stolen : cpu->idle;
}

/* sched_wait_switched() looks again: someone left, or may stay after all. */
static void wake_switched(struct cpu *cpu)
{
	if (!waitqueue_is_empty(&cpu->switched))
		waitqueue_wake_all(&cpu->switched);
}

static void after_switch(struct cpu *cpu)
{
	wake_switched(cpu);
	if (unlikely(__atomic_load_n(&urgent_waiting, __ATOMIC_RELAXED)))
		urgent_balance(cpu);
}

void schedule(void)
{
	struct task *previous = current, *next;
	struct cpu *cpu = this_cpu();
	struct runqueue *queue = &cpu->queue;

	lock_check_may_sleep();
	if (cpu->ipi_first)
		cpu_flush_ipis();
	spin_lock(&queue->lock);
	uint64_t now = time_now_ns();
	if (now < queue->turn_end_ns)
		sched_charge(queue, previous, now);
	else
		sched_refresh(queue, previous, now);
	uint32_t work = __atomic_fetch_and(&previous->work, ~(uint32_t)(WORK_RESCHED | WORK_LEAVE),
					   __ATOMIC_RELAXED);
	put_previous(cpu, previous, work, now);
	next = pick(cpu);
	queue->running = next;
	runqueue_start_turn(queue, &next->entity, now);
	sched_set_idle(cpu, next);
	sched_set_slice_end(cpu);
	bandwidth_switch(cpu, previous, next, now);
	set_timer_work(cpu);
	if (unlikely(previous->class.urgent | next->class.urgent | (queue->classes.ready_count != 0)))
		urgent_publish(cpu);
	if (next == previous) {
		spin_unlock(&queue->lock);
		after_switch(cpu);
		return;
	}
	next->entity.switches++;
	previous->entity.involuntary_switches +=
		__atomic_load_n(&previous->state, __ATOMIC_RELAXED) == TASK_RUNNING;
	queue->switches++;
	queue->previous = previous;
	trace_switch(previous, next);
	fpu_leave(previous);
	address_space_activate(next->space);
	stack_arrive(cpu);
	full_barrier(); /* sched_kick() sets the task's work before it looks whether it runs */
	context_switch(previous, next);
	sched_finish_switch();
}

void sched_finish_switch(void)
{
	struct cpu *cpu = this_cpu();
	struct runqueue *queue = &cpu->queue;
	struct task *previous = queue->previous, *moving = queue->moving;
	bool dead = previous->state == TASK_DEAD;

	queue->moving = NULL;
	fpu_enter(current);
	spin_unlock(&queue->lock);
	if (moving) {
		spin_lock(&moving->lock);
		sched_place(moving);
		spin_unlock(&moving->lock);
	}
	after_switch(cpu);
	if (dead)
		task_put(previous);
}

_Noreturn void sched_exit(void)
{
	task_set_state(TASK_DEAD);
	schedule();
	panic("a dead task runs");
}

void sched_yield(void)
{
	struct runqueue *queue = &this_cpu()->queue;

	spin_lock(&queue->lock);
	if (unlikely(current->class.urgent)) {
		current->class.yields = true;
		spin_unlock(&queue->lock);
		schedule();
		return;
	}
	sched_charge(queue, current, time_now_ns());
	if (queue->first)
		runqueue_yield(queue, &current->entity, queue->first);
	bool others = queue->first;
	spin_unlock(&queue->lock);
	if (others)
		schedule();
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

/* ---- interrupts of this CPU ---- */

void sched_ipi(void)
{
	struct cpu *cpu = this_cpu();

	spin_lock(&cpu->queue.lock);
	sched_set_slice_end(cpu);
	set_timer_work(cpu);
	spin_unlock(&cpu->queue.lock);
}

void sched_slice_ended(void)
{
	struct cpu *cpu = this_cpu();

	struct runqueue *queue = &cpu->queue;
	bool urgent = current->class.urgent || queue->classes.ready_count;
	uint64_t now = time_now_ns();

	if (queue->waiting_count)
		place_push(cpu, now);
	else if (likely(!urgent))
		return;
	if (urgent || now >= queue->turn_end_ns)
		set_work(current, WORK_RESCHED);
	else
		sched_ipi(); /* it was the tick: the turn goes on */
}

void sched_timer_work(uint64_t now_ns)
{
	struct cpu *cpu = this_cpu();
	struct runqueue *queue = &cpu->queue;

	bandwidth_timer(cpu, now_ns);
	if (MIN(queue->rest_check_ns, queue->classes.deadline.replenish_ns) > now_ns)
		return;
	spin_lock(&queue->lock);
	if (queue->rest_check_ns <= now_ns)
		queue->rest_check_ns = group_end_rests(cpu, now_ns);
	urgent_replenish(cpu, now_ns);
	spin_unlock(&queue->lock);
	if (unlikely(queue->classes.is_published))
		urgent_push(cpu);
}

void preempt_point(void)
{
	interrupts_serve();
	if (current->work & WORK_IPI)
		cpu_flush_ipis();
	if (current->work & WORK_RESCHED)
		schedule();
}

void sched_kick(struct task *task)
{
	/* A stale CPU is harmless: on its way to another the task passes through the kernel. */
	struct cpu *cpu = __atomic_load_n(&task->cpu, __ATOMIC_ACQUIRE);

	if (task != current && cpu && __atomic_load_n(&cpu->queue.running, __ATOMIC_ACQUIRE) == task)
		cpu_send_ipi(cpu, IPI_RESCHED);
}

_Noreturn void sched_idle_loop(void)
{
	for (;;) {
		if (current->work & WORK_RESCHED) {
			schedule();
			continue;
		}
		if (current->work & WORK_IPI)
			cpu_flush_ipis();
		if (__atomic_load_n(&this_cpu()->leaving, __ATOMIC_ACQUIRE))
			hotplug_leave();
		wait_for_interrupt();
		interrupts_serve();
	}
}
