// SPDX-License-Identifier: Apache-2.0
/*
 * sched.h - what the rest of the kernel asks of the scheduler.
 *
 * A task sleeps by declaring its state and calling schedule(); a waker calls sched_wake(). All
 * functions may be called from any kernel context unless they say that they sleep.
 */
#ifndef KERNEL_SCHED_SCHED_H
#define KERNEL_SCHED_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "cgroups/cpumask.h"

struct cpu;
struct task;

enum task_state {
	TASK_RUNNING,         /* runs, or waits on a run queue */
	TASK_INTERRUPTIBLE,   /* sleeps until woken or signalled */
	TASK_UNINTERRUPTIBLE, /* sleeps until woken */
	TASK_STOPPED,         /* stopped by a signal; SIGCONT or SIGKILL wakes it */
	TASK_THROTTLED,       /* sleeps on its way to user mode until a quota or a signal is there */
	TASK_DEAD,            /* has run its last instruction */
	TASK_NEW,             /* not started yet */
};

/* The running task: entry.S keeps it in tp while in the kernel. */
static inline struct task *current_task(void)
{
	struct task *task;
	__asm__("mv %0, tp" : "=r"(task));
	return task;
}
#define current current_task()

/* Declares what the current task is about to do; a full barrier, so that the condition looked at
 * next is not older. */
void task_set_state(enum task_state state);

/* Gives up the CPU; returns when picked again. With state TASK_RUNNING it is a yield without
 * the penalty of sched_yield(2). No spinlock may be held. */
void schedule(void);

/* One sleep of a wait loop, after task_set_state(): returns 0 when woken, -ETIMEDOUT past
 * deadline_ns (UINT64_MAX: none), -ERESTARTSYS when interruptible and a signal is pending (it
 * then does not sleep). The state is TASK_RUNNING after it. */
int sched_sleep(uint64_t deadline_ns);

/* Makes a sleeping task runnable, on a CPU of its mask. The first wakes any sleep, the second
 * only states in the set (1 << enum task_state). Answers whether it was asleep so. Ranks below
 * LOCK_RANK_TASK may be held. */
bool sched_wake(struct task *task);
bool sched_wake_states(struct task *task, unsigned int states);

/* A new task: copies what a child inherits (mask, weight, virtual time). Cannot fail. The tree's
 * member is the caller's (tree_fork). */
void sched_fork(struct task *child, struct task *parent);
/* A deadline task may not fork, unless its children are none (EAGAIN). */
bool policy_forbids_fork(const struct task *task);
/* Puts a new task on a run queue for the first time. */
void sched_start(struct task *task);
/* The current task's last call: it is switched away from for ever and its reference dropped. */
_Noreturn void sched_exit(void);

/* For long loops in the kernel: serves pending interrupts and gives up the CPU if its time is over.
 * May be called where schedule() may. Mutexes may be held. */
void preempt_point(void);

/* Asks that the task returns to the kernel soon (signals): sets its work flag, and sends an IPI
 * when it runs on another CPU in user mode. */
void sched_kick(struct task *task);

/* The task's mask (`allowed`) as the tree published it, in two halves for many tasks at once: publish
 * adds the CPUs that must be waited for to *wait (takes LOCK_RANK_TASK); once sched_wait_switched()
 * has returned for them, no task runs outside its mask, nor ever will. It sleeps. */
void sched_publish_allowed(struct task *task, const struct cpumask *allowed, struct cpumask *wait);
void sched_wait_switched(const struct cpumask *wait);
/* Whether the CPU runs something that may run there: else somebody is about to leave it. */
bool sched_runs_lawfully(struct cpu *cpu);

/* Asserts every invariant of the tree and the run queues, in the checked kernel. It sleeps. */
#ifdef TAPER_CHECKED
void sched_check(void);
#else
static inline void sched_check(void) { }
#endif

void sched_yield(void); /* sched_yield(2) */

/* CPU time of a task so far, in ns of user and system; of the running task: up to now. */
void sched_task_times(struct task *task, uint64_t *user_ns, uint64_t *system_ns);
/* CPU time that `cpu` has spent idle, in ns. */
uint64_t sched_cpu_idle_ns(unsigned int cpu);

#endif
