// SPDX-License-Identifier: Apache-2.0
/*
 * signal.h - signals: what is pending, what is blocked, what handles it (signal(7)).
 *
 * Locks: (s) the process's signal lock (LOCK_RANK_SIGNAL)   (c) only the task itself
 */
#ifndef KERNEL_PROC_SIGNAL_H
#define KERNEL_PROC_SIGNAL_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/mm/layout.h"
#include "kernel/sync/spinlock.h"
#include "kernel/sync/waitqueue.h"

enum {
	SIGNAL_COUNT = 64,       /* signals 1..64; bit n-1 of a set */
	SIGNAL_REAL_TIME = 32,   /* the first that is queued instead of merged */
	SIGNAL_QUEUE_MAX = 1024, /* entries waiting in one queue */
};

#define SIGNAL_BIT(number) (1ULL << ((number) - 1))

/* Restart the interrupted call whatever runs in between (fork). See kernel.h for its brothers. */
#define ERESTARTNOINTR 513

/* The Linux numbers that the kernel itself sends or treats specially. */
enum {
	KSIGHUP = 1, KSIGINT = 2, KSIGQUIT = 3, KSIGILL = 4, KSIGTRAP = 5, KSIGABRT = 6,
	KSIGBUS = 7, KSIGFPE = 8, KSIGKILL = 9, KSIGSEGV = 11, KSIGPIPE = 13, KSIGALRM = 14,
	KSIGTERM = 15, KSIGCHLD = 17, KSIGCONT = 18, KSIGSTOP = 19, KSIGTSTP = 20, KSIGTTIN = 21,
	KSIGTTOU = 22, KSIGURG = 23, KSIGWINCH = 28, KSIGSYS = 31,
};

/* Sets of signals by what they do without a handler; the others end the process. */
#define SIGNALS_IGNORED \
	(SIGNAL_BIT(KSIGCHLD) | SIGNAL_BIT(KSIGCONT) | SIGNAL_BIT(KSIGURG) | SIGNAL_BIT(KSIGWINCH))
#define SIGNALS_STOP \
	(SIGNAL_BIT(KSIGSTOP) | SIGNAL_BIT(KSIGTSTP) | SIGNAL_BIT(KSIGTTIN) | SIGNAL_BIT(KSIGTTOU))
#define SIGNALS_UNBLOCKABLE (SIGNAL_BIT(KSIGKILL) | SIGNAL_BIT(KSIGSTOP))

/* What siginfo_t tells; written to user memory in Linux's layout at delivery. */
struct signal_info {
	int32_t number, error, code;
	int32_t pid;
	uint32_t uid;
	int32_t status;
	uint64_t value;   /* sigval, or the fault's address */
};

struct signal_action { /* as rt_sigaction's struct on riscv64: no restorer */
	uint64_t handler;  /* 0 default, 1 ignore */
	uint64_t flags;
	uint64_t mask;
};

/* Signals 1..31 are merged while pending, real-time ones queued. Without memory for an entry the
 * signal still arrives, telling nothing but its number. */
struct pending_signal {
	TAILQ_ENTRY(pending_signal) link; /* (s) */
	struct signal_info info;          /* (s) */
};

struct signal_queue {
	uint64_t pending;                           /* (s) one bit a signal */
	uint32_t count;                             /* (s) entries, at most SIGNAL_QUEUE_MAX */
	TAILQ_HEAD(pending_list, pending_signal) list; /* (s) oldest first */
};

struct task_signals {
	uint64_t blocked;          /* (s) */
	uint64_t saved_blocked;    /* (c) to put back after rt_sigsuspend, ppoll */
	uint64_t waited;           /* (s) what rt_sigtimedwait waits for */
	struct signal_queue queue; /* (s) of this thread alone */
	uint64_t for_child;        /* (s) sent to several processes, since it last began to fork */
	uaddr_t stack_base;        /* (c) sigaltstack */
	uint64_t stack_size;       /* (c) */
	uint32_t stack_flags;      /* (c) */
};

struct process_signals {
	struct spinlock lock;      /* LOCK_RANK_SIGNAL */
	struct signal_queue queue; /* (s) of the whole process */
	/* (s) handlers: shared by threads, copied by fork, reset by exec */
	struct signal_action actions[SIGNAL_COUNT];
};

struct task;
struct process;
struct trap_frame;

/* Sends. `info` NULL: from the kernel. The permission check is the system calls' business. Ranks
 * below LOCK_RANK_SIGNAL may be held. -EAGAIN never: a pending signal of one number is merged. */
void signal_send_task(struct task *task, int number, const struct signal_info *info);
void signal_send_process(struct process *process, int number, const struct signal_info *info);
/* As those, but -EAGAIN when a real-time signal found the queue full; task NULL: to the process. */
int signal_post(struct process *process, struct task *task, int number,
		const struct signal_info *info);
/* As signal_post() to a process, one of several that are sent it: a child on its way gets it, too. */
int signal_post_shared(struct process *process, int number, const struct signal_info *info);
/* To every process of a group; answers how many there were. Takes LOCK_RANK_FAMILY. */
unsigned int signal_send_group(int32_t group, int number, const struct signal_info *info);
unsigned int signal_send_group_locked(int32_t group, int number, const struct signal_info *info);
/* A fault of the current task that it cannot block or ignore away. */
void signal_force(int number, int code, uaddr_t address);

/* rt_sigsuspend, ppoll, pselect6: blocks exactly `mask` for the time of the call. It ends with
 * restore, or, when the call answers -ERESTARTNOHAND, with restore_after_delivery: the handler
 * then runs under `mask` and the old one is back when it returns. */
void signal_mask_replace(uint64_t mask);
void signal_mask_restore(void);
void signal_mask_restore_after_delivery(void);
/* Whether the current task would not notice the signal (a terminal asks before SIGTTIN). */
bool signal_is_ignored(int number);
/* Whether the current task must end: a wait that nothing else interrupts looks at it. */
bool task_is_dying(void);

/* --- for kernel/proc and the signal calls --- */

void signal_init(void);
void signal_queue_init(struct signal_queue *queue);
void signal_queue_clear(struct signal_queue *queue); /* under the lock, or seen by nobody */
/* Forgets what is pending of a set, for the process and each of its threads. */
void signal_discard_locked(struct process *process, uint64_t set);
/* fork: what several processes are sent from now on is for the child, too. -ERESTARTNOINTR: there is something to
 * deliver first. */
int signal_begin_fork(void);
/* Sets what the current task blocks; somebody else gets what it now leaves. */
void signal_set_blocked(uint64_t blocked);
/* exec: handlers go back to the default, ignored ones stay ignored. */
void signal_reset_handlers(struct process *process);
/* A signal of `wanted` that is pending for the current task, taken: its number, 0: none. */
int signal_take(uint64_t wanted, struct signal_info *info);
/* Ends the whole process with `status`: every thread leaves; the caller calls task_exit(). */
void process_end_threads(struct process *process, int status);
/* The same, by the holder of the signal lock; wakes the current task too. */
void process_end_threads_locked(struct process *process, int status);
/* cgroup.kill: ends the process, one under way into the family included; init is spared. */
void process_kill(struct process *process);
/* Its node freezes: out of every sleep that can be cut short, and into task_freeze(); or on again. */
void signal_freeze(struct task *task);
void signal_thaw(struct task *task);
/* exec: every other thread leaves; -EAGAIN: the current one must itself. */
int process_keep_current(struct process *process);
/* Tells the parent that its child stopped or continued. Takes the family lock. */
void process_report(struct process *process, int code, int status);
/* Wakes threads for what is pending: `task` is about to leave. */
void signal_hand_over_locked(struct process *process, struct task *task);
/* signal_frame.c: builds the handler's frame: 0 or -EFAULT. */
int signal_frame_push(struct trap_frame *frame, const struct signal_info *info,
		      const struct signal_action *action, uint64_t mask);
struct abi_siginfo;
void signal_info_encode(struct abi_siginfo *to, const struct signal_info *from);

/* On the way back to user mode with WORK_SIGNAL set: delivers, stops, exits, restarts calls. */
void signal_deliver(struct trap_frame *frame);

#endif
