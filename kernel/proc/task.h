// SPDX-License-Identifier: Apache-2.0
/*
 * task.h - a thread, and the process it belongs to.
 *
 * struct task is what the scheduler runs and the tree places; struct process is what fork makes,
 * wait reaps and kill names. A process lives until it is reaped; a task until its last reference
 * goes (its own last switch, or a lookup that still holds it).
 *
 * Locks: (i) fixed at creation          (c) only the task itself
 *        (q) its CPU's run-queue lock   (k) its own task lock, and for changes (q) too
 *        (t) the tree mutex             (f) the family lock (proc/family.h)
 *        (s) its process's signal lock  (a) atomic
 */
#ifndef KERNEL_PROC_TASK_H
#define KERNEL_PROC_TASK_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stdint.h>

#include "cgroups/cg.h"
#include "kernel/kernel.h"
#include "kernel/mm/layout.h"
#include "kernel/mm/policy.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/signal.h"
#include "kernel/riscv/trap.h"
#include "kernel/sched/class.h"
#include "kernel/sched/entity.h"
#include "kernel/sched/qos.h"
#include "kernel/sched/sched.h"
#include "kernel/smp/timer.h"
#include "kernel/sync/spinlock.h"
#include "kernel/sync/waitqueue.h"

/* Why a task must not return to user mode yet (task->work, atomic). */
enum task_work {
	WORK_RESCHED = 1,      /* give up the CPU */
	WORK_SIGNAL = 2,       /* a signal may be deliverable, or the task must exit */
	WORK_RESTORE_MASK = 4, /* rt_sigsuspend, ppoll: put saved_blocked back after delivery */
	WORK_IPI = 8,          /* send the IPIs that were asked for */
	WORK_MEMORY = 16,      /* a charge was refused: memory_take_refusal() */
	WORK_THROTTLE = 32,    /* a quota is used up: sched/bandwidth.h */
	WORK_LEAVE = 64,       /* with WORK_RESCHED: to whatever CPU is best now */
};

enum { TASK_NAME_SIZE = 16 };

struct address_space;
struct fd_table;
struct fs_context;
struct file;
struct memory_group;
struct program;
struct tty;

struct task {
	/* entry.S and switch.S know these by offset (static assertions in riscv/offsets.h) */
	uintptr_t kernel_stack_top;  /* (i) where a trap from user mode puts its frame's end */
	uint64_t user_sp_scratch;    /* (c) entry.S */
	uint64_t user_since_ticks;   /* (c) entry.S: when it last went to user mode */
	uint64_t user_ticks;         /* (c) entry.S: time spent in user mode */
	uint32_t work;               /* (a) enum task_work */
	uint32_t uses_fpu;           /* (c) has used the FPU since exec */
	struct context context;      /* (q) while off its CPU */
	struct cpu *cpu;             /* (q) where it runs or is queued, or ran last */

	/* scheduling */
	struct spinlock lock;        /* LOCK_RANK_TASK */
	uint32_t state;              /* (a) enum task_state */
	bool on_queue;               /* (q) running or queued on cpu's run queue */
	struct cpumask allowed;      /* (k) where it may run: what the tree published */
	struct sched_entity entity;  /* (q) */
	struct task_qos qos;         /* (t) what it asked for of when it runs */
	struct class_entity class;   /* (q) its policy */
	struct cg_member member;     /* (t) its place in the tree, its pin */

	/* memory: mm/charge.h */
	struct memory_group *memory; /* (k) to whom its charges go, with a reference; NULL: nobody */
	struct memory_group *refused; /* (c) that had no room for the last one, with a reference */
	uint32_t refused_relieved;   /* (c) refused->relieved at that time */
	uint32_t stack_charge;       /* (i) */
	uint64_t minor_faults;       /* (c) faults that brought a page */

	/* identity */
	int32_t tid;                 /* (i) */
	uint32_t references;         /* (a) */
	uint32_t flags;              /* (c) enum task_flags */
	char name[TASK_NAME_SIZE];   /* (c) written by itself, read by anyone; NUL-terminated */
	struct process *process;     /* (i) NULL for kernel threads */
	LIST_ENTRY(task) tid_link;   /* (f) in the table of TIDs */
	TAILQ_ENTRY(task) thread_link; /* (f) in process->threads */

	/* what it uses; fixed while it runs, taken over by exec and exit */
	struct address_space *space; /* (c) NULL for kernel threads and after exit */
	struct fd_table *files;      /* (c) */
	struct fs_context *fs;       /* (c) working directory, root, umask */
	struct cred cred;            /* (c) written by itself; a copy is read by others under (f) */

	/* where its pages come from: mm/user_page.h, sched/tree_mems.c */
	uint64_t mems;               /* (k, t) memory nodes: what the tree published; (a) to read */
	uint64_t left_mems;          /* (t) what it had before its pages were last moved; 0: the same */
	struct task *migrating_next; /* (t) */
	struct memory_policy policy; /* (k) set_mempolicy(2)'s */
	uint8_t last_interleaved;    /* (c) the node that had its turn last */
	bool placed;                 /* (k) not simply the nearest node; (a) to read */
	uint8_t home_node;           /* (a) where most of its memory is: user_page_note() */
	uint16_t home_votes;         /* (c) */

	struct task_signals signals; /* (s) */
	uaddr_t clear_child_tid;     /* (c) set_tid_address: zeroed and woken at exit */
	uaddr_t robust_list;         /* (c) set_robust_list */
	uint64_t robust_list_size;   /* (c) */
	int exit_status;             /* (c) as wait4 reports it */

	uintptr_t kernel_stack;      /* (i) lowest address; riscv/stack.c */
	struct fpu_state fpu;        /* (c) riscv/fpu.h */
#ifdef TAPER_CHECKED
	uint32_t held_mutexes;       /* (c) one bit a lock rank */
	uint64_t fail_nth;           /* (c) which allocation fails, 0: none; mm/fail.h */
#endif

	int restart;                 /* (c) the code an interrupted call answered, 0: none */
	bool freeze;                 /* (a) its node freezes: it is to stand still; written under (t), (s) */
	bool killable;               /* (a) its uninterruptible sleep may be cut short by its end */
	uint64_t restart_deadline_ns; /* (c) when a relative wait ends that is restarted, 0: none */
};

enum task_flags {
	TASK_KERNEL = 1,  /* a kernel thread: never moved, pinned or signalled */
	TASK_IDLE = 2,    /* a CPU's idle task */
	TASK_EXITING = 4, /* has begun to exit */
};

/* What is counted of threads, for getrusage(2). */
struct task_counts {
	uint64_t minor_faults, voluntary_switches, involuntary_switches;
};

enum process_state { PROCESS_ALIVE, PROCESS_ZOMBIE };

/* An interval timer (setitimer, alarm) and resource limits live here too. */
struct process {
	int32_t pid;                        /* (i) the leader's TID */
	uint32_t state;                     /* (f) enum process_state */
	TAILQ_HEAD(task_list, task) threads; /* (f) alive, the leader first while it lives */
	uint32_t thread_count;              /* (f) */
	struct process *parent;             /* (f) */
	TAILQ_HEAD(child_list, process) children; /* (f) oldest first */
	TAILQ_ENTRY(process) sibling_link;  /* (f) */
	LIST_ENTRY(process) pid_link;       /* (f) in the table of all processes */
	int32_t group;                      /* (f) process group */
	int32_t session;                    /* (f) */
	struct tty *terminal;               /* (f) controlling terminal, or NULL */
	int exit_signal;                    /* (f) to the parent at exit; 0: none */
	int exit_status;                    /* (f) once a zombie */
	bool group_exiting;                 /* (s) all threads leave: exit_group, a fatal signal */
	bool stopped, continued;            /* (s) job control news for wait4 */
	int stop_signal;                    /* (s) */
	uint32_t references;                /* (a) */
	struct waitqueue child_event;       /* a child changed state */
	struct process_signals signals;     /* (s) */
	struct file *executable;            /* (f) /proc/PID/exe */
	char *executable_path;              /* (f) */
	uint64_t start_time_ns;             /* (i) */
	uint64_t dead_user_ns, dead_system_ns;     /* (f) threads that have exited */
	uint64_t child_user_ns, child_system_ns;   /* (f) children that were reaped */
	struct task_counts dead_counts, child_counts; /* (f) likewise */
	uint64_t resident_peak, child_resident_peak; /* (f) pages: of memory it has left; of one child */
	struct { uint64_t soft, hard; } limits[16]; /* (f) prlimit64 */
	uint64_t oom_kill_ns;               /* (t) when it was killed for want of memory, 0: was not */
	void *vfork_waiter;                 /* (f) CLONE_VFORK: a parent waits until exec or exit */

	int32_t parent_pid;                 /* (f) to write, (a) to read: parent->pid */
	LIST_ENTRY(process) group_link;     /* (f) in the table of groups */
	char name[TASK_NAME_SIZE];          /* (f) the last thread's, once a zombie */
	struct cred cred;                   /* (f) the last thread's, once a zombie */
	struct program *program;            /* (f) owns executable and its path; NULL: zombie */
	struct task *exec_task;             /* (s) the one thread that exec keeps, NULL */
	int group_exit_status;              /* (s) when group_exiting */
	int leader_status;                  /* (f) how the leader ended */
	bool stopping;                      /* (s) threads are to stop */
	bool news;                          /* (s) the parent is to be told of a continue */
	uint32_t stopped_count;             /* (s) threads that have stopped */
	uint32_t stop_generation;           /* (s) rises with every SIGCONT that ends a stop */
	int death_signal;                   /* (c) PR_SET_PDEATHSIG, 0: none */
	uint32_t dumpable;                  /* (c) PR_SET_DUMPABLE */
	bool no_new_privileges;             /* (c) PR_SET_NO_NEW_PRIVS */
	bool executed;                      /* (f) by exec: its parent may not set its group */
	struct timer alarm;                 /* ITIMER_REAL; sys/sys_timer.c */
	uint64_t alarm_interval_ns;         /* (a) 0: one shot */
	struct process *alarm_next;         /* (a) sys_timer.c: the list of the expired */
};

static inline struct trap_frame *task_frame(struct task *task)
{
	return (struct trap_frame *)(task->kernel_stack_top - sizeof(struct trap_frame));
}

static inline bool task_has_signal(const struct task *task)
{
	return __atomic_load_n(&task->work, __ATOMIC_RELAXED) & WORK_SIGNAL;
}

static inline void task_get(struct task *task)
{
	__atomic_fetch_add(&task->references, 1, __ATOMIC_RELAXED);
}
/* Whether the current task is to stand still: kernel/sched/tree_stop.c. */
static inline bool task_must_freeze(void)
{
	return __atomic_load_n(&current->freeze, __ATOMIC_SEQ_CST);
}

/* Its address space with a reference; NULL: none. Takes LOCK_RANK_FAMILY. */
struct address_space *task_space_get(struct task *task);

void task_put(struct task *task); /* the last one frees the task and its stack */

/* The task with that TID (alive), with a reference; NULL: none. Takes LOCK_RANK_FAMILY. */
struct task *task_find(int32_t tid);

/* Boot, before the first of the functions below. */
void proc_init(void);

/* A kernel thread that runs function(argument) and may return. NULL: no memory. Not started. */
struct task *kernel_thread_create(const char *name, void (*function)(void *), void *argument);

/* Makes process 1 from the program at `path` with argv {path, NULL}: 0, or why it could not be
 * (-ENOENT, -ENOEXEC, -ENOMEM). Called once at boot from a kernel thread. */
int process_start_init(const char *path);

/* Ends the current thread; never returns. `status` as wait4 reports it. */
_Noreturn void task_exit(int status);

#endif
