// SPDX-License-Identifier: Apache-2.0
/*
 * core.h - between the scheduler's own files, and for boot, traps and timers.
 */
#ifndef KERNEL_SCHED_CORE_H
#define KERNEL_SCHED_CORE_H

#include "kernel/sched/sched.h"

struct cpu;
struct runqueue;
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

/* The end of every switch, on the new task's stack (entry.S calls it for a task's first). */
void sched_finish_switch(void);
void context_switch(struct task *previous, struct task *next);

/* The task competes in another group, its time goes to another node. Takes LOCK_RANK_TASK. */
void sched_set_group(struct task *task, struct task_group *group, struct task_group *account);
/* Its shares among the tasks of its group; 1024 is weight 100. */
void sched_set_shares(struct task *task, uint32_t shares);

/* Charges the queue's running task up to now and refreshes its weight. The queue's lock is held. */
void sched_charge(struct runqueue *queue, struct task *task, uint64_t now_ns);
/* Brings the books of those CPUs' running tasks up to date. */
void sched_charge_running(const struct cpumask *cpus);

/* CPUs with nothing to run. */
extern struct cpumask sched_idle_cpus; /* (a) */

/* ---- place.c: which CPU ---- */

/* Where a task that became runnable goes: an idle CPU of its mask, else its last one, else the least
 * loaded. Always inside task->allowed and online. The task's lock is held. */
struct cpu *place_choose(const struct task *task);
/* A task from another queue for this CPU, whose lock is held and which has nothing to run; it is taken
 * out of that queue and made this CPU's. NULL: none. */
struct task *place_steal(struct cpu *cpu);
/* This CPU has tasks that wait: moves one to a CPU that is less busy, when that evens things out. */
void place_push(struct cpu *cpu, uint64_t now_ns);

/* ---- core.c, for place.c and affinity.c ---- */

/* Puts a task that is on no queue on cpu's; its lock and the queue's are held. */
void sched_enqueue(struct cpu *cpu, struct task *task, uint64_t now_ns);
/* Takes a waiting task off its queue, to go to another; the queue's lock is held. */
void sched_dequeue_waiting(struct runqueue *queue, struct task *task);
/* The CPU on whose queue the task is or was last, with its queue locked. The task's lock is held. */
struct cpu *sched_lock_queue_of(struct task *task);
/* Makes `cpu` call schedule() soon. Its queue's lock is held. */
void sched_resched(struct cpu *cpu);
/* Makes `cpu` look at its resting groups when it is time, though it may not switch before. */
void sched_watch_rests(struct cpu *cpu);
struct task *entity_task(struct sched_entity *entity);

#endif
