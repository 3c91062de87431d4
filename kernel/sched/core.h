// SPDX-License-Identifier: Apache-2.0
/*
 * core.h - between the scheduler's own files, and for boot, traps and timers.
 */
#ifndef KERNEL_SCHED_CORE_H
#define KERNEL_SCHED_CORE_H

#include "kernel/sched/runqueue.h"
#include "kernel/sched/sched.h"

struct cpu;
struct sched_entity;
struct task;
struct task_group;

/* Boot: `idle` becomes what runs on the CPU when nothing else does. */
void sched_init_cpu(struct cpu *cpu, struct task *idle);
/* The CPU is no longer online: sends its tasks elsewhere and has it look. Those of the tree have left
 * already; what is still there is the kernel's own. sched_is_drained() tells when it is done. */
void sched_drain(struct cpu *cpu);
bool sched_is_drained(struct cpu *cpu);
/* The CPU is about to start again, with its idle task from the beginning. */
void sched_restart_cpu(struct cpu *cpu);
/* What an idle task does for ever. */
_Noreturn void sched_idle_loop(void);

/* Interrupts of this CPU; no lock is held. */
void sched_ipi(void);
void sched_slice_ended(void);
void sched_timer_work(uint64_t now_ns);
/* When the CPU has to call it next; UINT64_MAX: never. */
uint64_t sched_next_work_ns(const struct cpu *cpu);

/* The end of every switch, on the new task's stack (entry.S calls it for a task's first). */
void sched_finish_switch(void);
void context_switch(struct task *previous, struct task *next);

/* The task competes in another group, its time goes to another node. Takes LOCK_RANK_TASK. */
void sched_set_group(struct task *task, struct task_group *group, struct task_group *account);
/* Its shares among the tasks of its group; 1024 is weight 100. */
void sched_set_shares(struct task *task, uint32_t shares);
/* What was set last, though its policy may not obey it now. */
uint32_t sched_shares_of(const struct task *task);

/* Charges the queue's running task up to now. The queue's lock is held. */
void sched_charge(struct runqueue *queue, struct task *task, uint64_t now_ns);
/* The same, and looks what its weight is now: from time to time, and not because somebody has just come
 * to the queue, whom all weights would remember when he is long gone (decisions/0007). */
void sched_refresh(struct runqueue *queue, struct task *task, uint64_t now_ns);
/* Brings the books of those CPUs' running tasks up to date. */
void sched_charge_running(const struct cpumask *cpus);

/* CPUs with nothing to run. */
extern struct cpumask sched_idle_cpus; /* (a) */

/* ---- place.c: which CPU ---- */

/* Where a task that became runnable goes: an idle CPU of its mask, near its memory if there is one
 * (home.h), else its last one, else the least loaded. Always inside task->allowed and online. The task's lock is held. */
struct cpu *place_choose(const struct task *task);
/* The best of those idle CPUs, of which there is one, for a task that was last on `last`: see cores.h. */
struct cpu *place_idle(const struct cpumask *idle, struct cpu *last);
/* A task from another queue for this CPU, whose lock is held and which has nothing to run; it is taken
 * out of that queue and made this CPU's. NULL: none. */
struct task *place_steal(struct cpu *cpu);
/* How far busy CPUs have come lately (struct runqueue): where one starts that was idle. */
extern uint64_t place_progress_ns; /* (a) */
/* A fair task is about to come to the queue, whose lock is held. */
static inline void place_catch_up(struct runqueue *queue)
{
	if (!queue->load)
		runqueue_set_progress(queue, __atomic_load_n(&place_progress_ns, __ATOMIC_RELAXED));
}
/* This CPU has tasks that wait: moves one to a CPU that is idle, or that is ahead of it, when that evens
 * things out. */
void place_push(struct cpu *cpu, uint64_t now_ns);
/* That was running on the queue's CPU and waits there now: if it may run on an idle one, place_push() is due at
 * once. The queue's lock is held. */
void place_offer(struct runqueue *queue, const struct task *task, uint64_t now_ns);
/* The same for all who wait there still when the first of them runs on a CPU that was idle. */
void place_offer_rest(struct runqueue *queue, uint64_t now_ns);
/* When it will do so again; UINT64_MAX: never. */
uint64_t place_push_ns(const struct cpu *cpu);
/* The CPUs that the task may be put on now, isolated ones only when it has no other. */
struct cpumask place_usable(const struct task *task);

/* ---- core.c and wake.c, for place.c and affinity.c ---- */

/* A runnable task that is on no queue: to the best CPU. Its lock is held. */
void sched_place(struct task *task);
/* It goes to the queue of another CPU, whose lock is held: see runqueue_migrate(). Who may not stay where he
 * was leaves there what he was owed, or he would earn it by waiting where it is cheap. */
void sched_change_queue(struct task *task, struct cpu *to, uint64_t now_ns);
/* Puts a task that is on no queue on cpu's; its lock and the queue's are held. */
void sched_enqueue(struct cpu *cpu, struct task *task, uint64_t now_ns);
/* Takes a waiting task off its queue, to go to another; the queue's lock is held. */
void sched_dequeue_waiting(struct runqueue *queue, struct task *task);
/* The CPU on whose queue the task is or was last, with its queue locked. The task's lock is held. */
struct cpu *sched_lock_queue_of(struct task *task);
/* Makes `cpu` call schedule() soon. Its queue's lock is held. */
void sched_resched(struct cpu *cpu);
/* Has what runs on `cpu` placed anew, as if it woke up now. Its queue's lock is held. */
void sched_displace(struct cpu *cpu);
/* Whether the CPU is idle, and could do something, when it has `next`. Its queue's lock is held. */
void sched_set_idle(struct cpu *cpu, const struct task *next);
/* Programs the end of this CPU's turn. Its queue's lock is held. */
void sched_set_slice_end(struct cpu *cpu);
/* Makes `cpu` do its timer work when it is time, though it may not switch before. */
void sched_watch_work(struct cpu *cpu);
struct task *entity_task(struct sched_entity *entity);
struct task *class_task(struct class_entity *entity);

/* ---- urgent.c: the urgent tasks (sched/class.h) of all CPUs ---- */

/* On how many CPUs urgent tasks wait that could run elsewhere. */
extern uint32_t urgent_waiting; /* (a) */

/* sched_enqueue() for an urgent task, once the running one has been charged. */
void urgent_enqueue(struct cpu *cpu, struct task *task, uint64_t now_ns);
/* The end of a turn where an urgent task runs or waits; `fair_end`: by the fair ones alone. The
 * queue's lock is held. */
uint64_t urgent_turn_end(const struct cpu *cpu, uint64_t fair_end);
/* Throttled tasks whose next period has begun may run again. The queue's lock is held. */
void urgent_replenish(struct cpu *cpu, uint64_t now_ns);
/* Tells the other CPUs what runs and waits on this one. Its queue's lock is held. */
void urgent_publish(struct cpu *cpu);
/* Where an urgent task that became runnable goes. As place_choose(). */
struct cpu *urgent_choose(const struct task *task);
/* Urgent tasks wait on `cpu`: those CPUs that run something less urgent fetch them. No queue is locked. */
void urgent_push(struct cpu *cpu);
/* The CPU has switched: fetches a task that is more urgent, or has its own fetched. No lock is held. */
void urgent_balance(struct cpu *cpu);

/* ---- policy.c ---- */

/* A child has its parent's policy and shares, unless those are not to be inherited. The parent's lock is held. */
void policy_fork(struct task *child, const struct task *parent);
uint32_t policy_child_shares(const struct task *parent);

struct policy_request {
	uint8_t policy;     /* enum sched_policy */
	uint8_t priority;   /* FIFO, RR: 1..99; else 0 */
	bool reset_on_fork;
	struct deadline_parameters deadline;
};

/* The task has that policy from now on. Takes LOCK_RANK_TASK. What may be asked for is the caller's
 * business: sys_policy.c. */
void sched_set_policy(struct task *task, const struct policy_request *request);
/* What it asks for at a time among the fair ones, and how far it may run ahead of its share. The tree's
 * mutex is held. Takes LOCK_RANK_TASK. */
void sched_set_request(struct task *task, uint32_t slice_ns, uint32_t burst_ns);

#endif
