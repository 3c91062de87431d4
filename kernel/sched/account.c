// SPDX-License-Identifier: Apache-2.0
/*
 * account.c - CPU time: charged to the task that had it, to its node, and against its share.
 *
 * The running task is charged when it leaves its CPU, when another one comes to its queue, and when
 * somebody wants to know. User time is kept by entry.S, in ticks of the clock.
 */
#include "kernel/kernel.h"
#include "kernel/riscv/csr.h"
#include "kernel/sched/bandwidth.h"
#include "kernel/sched/core.h"
#include "kernel/sched/group.h"
#include "kernel/sched/class_pick.h"
#include "kernel/sched/kin.h"
#include "kernel/sched/pressure.h"
#include "kernel/smp/cpu.h"

/* Time in user mode, up to now when it is there. */
static uint64_t user_ticks_of(const struct task *task)
{
	uint64_t since = __atomic_load_n(&task->user_since_ticks, __ATOMIC_RELAXED);
	uint64_t ticks = __atomic_load_n(&task->user_ticks, __ATOMIC_RELAXED);
	uint64_t now = time_ticks();

	return since && now > since ? ticks + now - since : ticks;
}

/* To the node's part on the task's CPU, whose queue's lock is held. */
static void charge_node(struct task *task, uint64_t had_ns)
{
	struct sched_entity *entity = &task->entity;
	struct group_cpu *part = &entity->account->cpus[task->cpu->id];
	uint64_t user_ticks = user_ticks_of(task);
	uint64_t more_ticks = user_ticks - entity->charged_user_ticks;

	entity->charged_user_ticks = user_ticks;
	__atomic_store_n(&part->total_ns, part->total_ns + had_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&part->user_ticks, part->user_ticks + more_ticks, __ATOMIC_RELAXED);
	if (entity->shares < CG_SHARES_DEFAULT && sched_shares_of(task) < CG_SHARES_DEFAULT)
		__atomic_store_n(&part->nice_ticks, part->nice_ticks + more_ticks, __ATOMIC_RELAXED);
}

/* What the running task has had since it was charged last, by its class's books. */
static uint64_t charge_class(struct runqueue *queue, struct task *task, uint64_t now_ns)
{
	struct sched_entity *entity = &task->entity;
	uint64_t had;

	if (likely(!task->class.urgent)) {
		if (unlikely(entity->burst_ns) && now_ns > entity->charged_ns)
			group_lend(entity, queue, task->cpu->id, entity->virtual_ns,
				   now_ns - entity->charged_ns);
		had = runqueue_charge(queue, entity, now_ns);
		if (unlikely(queue->classes.starved_ns))
			pick_charge_fair(&queue->classes, had);
		return had;
	}
	if (now_ns <= entity->charged_ns)
		return 0; /* the caller read its clock before somebody else charged */
	had = now_ns - entity->charged_ns;
	entity->charged_ns = now_ns;
	entity->total_ns += had;
	pick_charge_urgent(queue, &task->class, had, now_ns);
	return had;
}

void sched_charge(struct runqueue *queue, struct task *task, uint64_t now_ns)
{
	struct sched_entity *entity = &task->entity;

	pressure_note(container_of(queue, struct cpu, queue), now_ns);
	if (task->flags & TASK_IDLE) {
		queue->idle_ns += now_ns - entity->charged_ns;
		entity->charged_ns = now_ns;
		return;
	}
	uint64_t had = charge_class(queue, task, now_ns);
	charge_node(task, had);
	if (likely(!task->class.urgent))
		bandwidth_charge(task->cpu, task, had, now_ns);
}

void sched_refresh(struct runqueue *queue, struct task *task, uint64_t now_ns)
{
	struct sched_entity *entity = &task->entity;

	sched_charge(queue, task, now_ns);
	if (likely(!(task->flags & TASK_IDLE) && !task->class.urgent))
		runqueue_reweigh(queue, entity, group_task_weight(entity, now_ns));
}

/* A fair one on the CPU's queue. What it is owed or owes goes along: left to its old kin, a debt would be owed twice. */
static void change_kin(struct cpu *cpu, struct task *task, struct task_group *group, uint64_t now_ns)
{
	bool waits = cpu->queue.running != task;
	struct sched_entity *entity = &task->entity;

	if (waits)
		runqueue_remove(&cpu->queue, entity);
	kin_take_off(&cpu->queue, entity);
	entity->group = group;
	kin_join(cpu, entity, now_ns);
	if (waits)
		runqueue_insert(&cpu->queue, entity);
}

void sched_set_group(struct task *task, struct task_group *group, struct task_group *account)
{
	spin_lock(&task->lock);
	struct cpu *cpu = sched_lock_queue_of(task);
	struct runqueue *queue = &cpu->queue;
	struct sched_entity *entity = &task->entity;
	uint64_t now = time_now_ns();

	if (task->on_queue)
		sched_charge(queue, queue->running, now);
	entity->account = account;
	bandwidth_enter(cpu, task);
	if (entity->group != group) {
		/* Runnable in every state but asleep and off its queue. */
		bool counted = !task->class.urgent &&
			       (task->on_queue || task->state == TASK_RUNNING);

		if (counted) {
			uint64_t check_ns = queue->rest_check_ns;

			group_add_load(group, entity->shares);
			group_remove_load(entity->group, entity->shares, cpu, now);
			if (queue->rest_check_ns != check_ns)
				sched_watch_work(cpu);
		}
		if (counted && task->on_queue) {
			change_kin(cpu, task, group, now);
		} else {
			/* What it is owed by kin whom it left asleep is no claim on others. */
			if (entity->kin && entity->lag_kind != LAG_WHOLE)
				entity->lag_ns = MIN(entity->lag_ns, 0);
			entity->group = group;
			entity->kin = NULL;
		}
	}
	spin_unlock(&queue->lock);
	spin_unlock(&task->lock);
	bandwidth_look_again(task);
}

void sched_set_shares(struct task *task, uint32_t shares)
{
	spin_lock(&task->lock);
	struct cpu *cpu = sched_lock_queue_of(task);
	struct sched_entity *entity = &task->entity;

	if (task->class.policy == POLICY_IDLE) {
		task->class.kept_shares = shares;
		shares = entity->shares;
	}
	if (cpu->queue.running == task)
		sched_charge(&cpu->queue, task, time_now_ns());
	if (!task->class.urgent && (task->on_queue || task->state == TASK_RUNNING)) {
		group_add_load(entity->group, shares);
		group_remove_load(entity->group, entity->shares, cpu, time_now_ns());
	}
	if (!task->class.urgent && task->on_queue && entity->kin)
		entity->kin->shares += (uint64_t)shares - entity->shares;
	entity->shares = shares;
	spin_unlock(&cpu->queue.lock);
	spin_unlock(&task->lock);
}

void sched_task_times(struct task *task, uint64_t *user_ns, uint64_t *system_ns)
{
	uint64_t total = __atomic_load_n(&task->entity.total_ns, __ATOMIC_RELAXED);
	uint64_t user = time_ticks_to_ns(user_ticks_of(task));
	struct cpu *cpu = __atomic_load_n(&task->cpu, __ATOMIC_ACQUIRE);

	if (cpu && __atomic_load_n(&cpu->queue.running, __ATOMIC_RELAXED) == task) {
		uint64_t now = time_now_ns();
		uint64_t since = __atomic_load_n(&task->entity.charged_ns, __ATOMIC_RELAXED);

		total += now > since ? now - since : 0;
	}
	*user_ns = user;
	*system_ns = total > user ? total - user : 0;
}

void sched_charge_running(const struct cpumask *cpus)
{
	struct cpumask online = cpumask_and(cpus, &cpu_online);

	cpumask_for_each(id, &online) {
		struct runqueue *queue = &cpu_table[id]->queue;

		spin_lock(&queue->lock);
		sched_charge(queue, queue->running, time_now_ns());
		spin_unlock(&queue->lock);
	}
}

uint64_t sched_cpu_idle_ns(unsigned int id)
{
	struct cpu *cpu = cpu_table[id];

	spin_lock(&cpu->queue.lock);
	uint64_t idle = cpu->queue.idle_ns;
	if (cpu->queue.running == cpu->idle)
		idle += time_now_ns() - cpu->idle->entity.charged_ns;
	spin_unlock(&cpu->queue.lock);
	return idle;
}

void group_add_usage(const struct task_group *group, const struct cpumask *cpus, struct group_cpu *sum)
{
	cpumask_for_each(id, cpus) {
		const struct group_cpu *part = &group->cpus[id];

		sum->total_ns += __atomic_load_n(&part->total_ns, __ATOMIC_RELAXED);
		sum->user_ticks += __atomic_load_n(&part->user_ticks, __ATOMIC_RELAXED);
		sum->nice_ticks += __atomic_load_n(&part->nice_ticks, __ATOMIC_RELAXED);
	}
}

void group_bequeath(const struct task_group *group, struct task_group *parent)
{
	for (unsigned int id = 0; id < cpu_count; id++) {
		const struct group_cpu *from = &group->cpus[id];
		struct group_cpu *to = &parent->cpus[id];

		if (!from->total_ns)
			continue;
		spin_lock(&cpu_table[id]->queue.lock);
		to->total_ns += from->total_ns;
		to->user_ticks += from->user_ticks;
		to->nice_ticks += from->nice_ticks;
		spin_unlock(&cpu_table[id]->queue.lock);
	}
}
