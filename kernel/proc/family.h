// SPDX-License-Identifier: Apache-2.0
/*
 * family.h - who there is: thread and process IDs, parents and children, groups and sessions.
 *
 * One spinlock, the family lock, guards all of it. What a lookup answers carries a reference, so
 * that it stays readable while it dies. The list of a process's threads changes only under the
 * family lock *and* the process's signal lock: either suffices to read it.
 */
#ifndef KERNEL_PROC_FAMILY_H
#define KERNEL_PROC_FAMILY_H

#include "kernel/proc/task.h"

enum {
	PID_MAX = 32768,   /* IDs are 1..PID_MAX-1; 1 is init's */
	TASK_MAX = 30000,  /* tasks at a time: the counts of pid.c stay within 16 bits */
};

extern struct spinlock family_lock; /* LOCK_RANK_FAMILY */

/* Lookups, each with a reference or NULL; they take the family lock. */
struct process *process_find(int32_t pid);         /* alive or zombie */
struct process *process_next(int32_t after);       /* the least PID greater than `after` */
int32_t pid_next(int32_t after); /* likewise, kernel threads too; -1: none. Takes the family lock */
struct task *thread_next(struct process *process, int32_t after); /* alive; by TID */
struct task *process_leader(struct process *process); /* or any thread; NULL: a zombie */

static inline void process_get(struct process *process)
{
	__atomic_fetch_add(&process->references, 1, __ATOMIC_RELAXED);
}
void process_put(struct process *process); /* the last one frees it */

unsigned int task_count(void); /* tasks alive, kernel threads too */
int32_t pid_last(void);        /* the latest ID given out (/proc/loadavg) */

/* For the terminal. A group is orphaned when no member has a parent in another group of the same
 * session: nobody could continue it. They take the family lock. */
bool group_in_session(int32_t group, int32_t session);
bool group_is_orphaned(int32_t group);

/* The session of `process` loses its terminal / gets it (TIOCNOTTY, TIOCSCTTY). Takes the lock. */
void session_set_terminal(int32_t session, struct tty *terminal);

/* CPU time of a process so far: living threads and dead ones. Takes the family lock. */
void process_times(struct process *process, uint64_t *user_ns, uint64_t *system_ns);

/* --- for kernel/proc only; the caller holds the family lock where _locked --- */

/* A free ID, now in use; -EAGAIN: none. Takes the lock. */
int32_t pid_alloc(void);
void pid_take_first(void); /* 1, for init */
void pid_take_locked(int32_t pid); /* one more use, by a group or session */
void pid_release_locked(int32_t pid);

/* Adds what a thread has / what the process has: living threads and dead ones. */
void task_add_counts(const struct task *task, struct task_counts *sum);
void process_counts_locked(struct process *process, struct task_counts *counts);
/* The most pages that it has had in memory. */
uint64_t process_resident_peak_locked(struct process *process);
void process_times_locked(struct process *process, uint64_t *user_ns, uint64_t *system_ns);
struct task *task_lookup_locked(int32_t tid);
struct process *process_lookup_locked(int32_t pid);
void task_insert_locked(struct task *task);
void task_remove_locked(struct task *task); /* keeps the ID in use */
void task_forget_id_locked(int32_t tid);    /* what pid_alloc() gave */
void process_insert_locked(struct process *process); /* group and session are set */
void process_remove_locked(struct process *process);
void process_set_group_locked(struct process *process, int32_t group);
void process_set_session_locked(struct process *process, int32_t session);
bool group_is_orphaned_locked(int32_t group, const struct process *without);
bool group_has_stopped_locked(int32_t group);
/* Every process of a group in turn: NULL first, NULL last. */
struct process *group_next_locked(int32_t group, struct process *previous);
extern struct process *init_process; /* process 1; NULL before it */

#endif
