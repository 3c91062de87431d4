// SPDX-License-Identifier: Apache-2.0
/*
 * core.c - who runs: switching, time slices. wake.c brings tasks to the queues.
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
#include "kernel/sched/group.h"
#include "kernel/sched/class_pick.h"
#include "kernel/sched/kin.h"
#include "kernel/sched/trace.h"
#include "kernel/sched/tree.h"
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
	else if (unlikely(cpu->keeper))
		timer_set_exactly();
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

/* ---- switching ---- */

void sched_set_idle(struct cpu *cpu, const struct task *next)
{
	cpu_mark(&sched_idle_cpus, cpu->id, next->flags & TASK_IDLE && cpumask_test(&cpu_online, cpu->id));
}

static bool may_stay(const struct task *task, const struct cpu *cpu)
{
	return cpumask_test(&task->allowed, cpu->id) && cpumask_test(&cpu_online, cpu->id);
}

/* What becomes of the task that leaves the CPU; `work` is what it was asked for. */
static void put_previous(struct cpu *cpu, struct task *task, uint32_t work, uint64_t now_ns)
{
	struct runqueue *queue = &cpu->queue;
	struct sched_entity *entity = &task->entity;

	if (task->flags & TASK_IDLE) {
		if (unlikely(queue->waiting_count > 1))
			place_offer_rest(queue, now_ns);
		return;
	}
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
	if (task->state == TASK_RUNNING) {
		queue->moving = task;
		if (likely(!task->class.urgent))
			kin_take_off(queue, entity);
	} else if (likely(!task->class.urgent)) {
		group_remove_load(entity->group, entity->shares, cpu, now_ns);
		kin_leave(queue, entity, now_ns);
	}
}

/* Whom somebody of its group woke, who then went to sleep, is due what that one left. */
static void weigh_picked(struct runqueue *queue, struct sched_entity *entity, uint64_t now_ns)
{
	if (queue->first && entity->among != group_load(entity->group))
		runqueue_reweigh(queue, entity, group_task_weight(entity, now_ns));
}

static struct task *pick(struct cpu *cpu, uint64_t now_ns)
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
		weigh_picked(queue, entity, now_ns);
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
	next = pick(cpu, now);
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
	if (dead) {
		tree_end(previous);
		task_put(previous);
	}
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
	uint64_t now = time_now_ns();

	/* Another CPU that weighs or moves one who waits takes it out of the order meanwhile. */
	spin_lock(&queue->lock);
	bool urgent = current->class.urgent || queue->classes.ready_count, others = queue->waiting_count;
	spin_unlock(&queue->lock);
	if (others)
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
