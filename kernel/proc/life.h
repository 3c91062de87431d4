// SPDX-License-Identifier: Apache-2.0
/*
 * life.h - how tasks and processes begin and end: shared by kernel/proc's own files.
 */
#ifndef KERNEL_PROC_LIFE_H
#define KERNEL_PROC_LIFE_H

#include "kernel/proc/family.h"

/* What clone and clone3 ask for, decoded; flags of abi.h. */
struct clone_request {
	uint64_t flags;
	int exit_signal;
	uaddr_t stack;      /* 0: the parent's own */
	uaddr_t parent_tid, child_tid, tls;
	int cgroup_fd;      /* with CLONE_INTO_CGROUP */
};
/* Answers the child's TID. Errors: -EAGAIN, -ENOMEM, -EINVAL, and those of tree_fork(). */
int64_t task_clone(const struct clone_request *request);

/* --- task.c --- */

/* One reference, a stack, everything else zero or empty. NULL: no memory. */
struct task *task_create(void);
/* A task that was never started; puts what it holds. */
void task_discard(struct task *task);
/* One reference, no threads, default limits. NULL: no memory. */
struct process *process_create(void);
/* Copies what a process inherits: handlers, limits, program. */
void process_inherit(struct process *child, struct process *parent);
void task_set_name(struct task *task, const char *path);

/* --- exit.c --- */

/* The parent that waits in vfork goes on. */
void vfork_release(struct process *process);
/* Takes a zombie out of the family; its table reference is the caller's to put. */
void process_reap_locked(struct process *process);

/* CLONE_VFORK: on the waiting parent's stack. */
struct vfork_wait {
	struct task *task;
	bool done;
};

/* --- futex.c --- */

/* At exit: tells the owners-to-be of the robust futexes, clears and wakes clear_child_tid. */
void futex_exit_robust(struct task *task);
int futex_wake_address(uaddr_t address);
void futex_init(void);

/* --- sys_timer.c --- */

int alarm_start(void); /* once, before the first process: 0 or -ENOMEM */
void alarm_init(struct process *process);
void alarm_cancel(struct process *process);

#endif
