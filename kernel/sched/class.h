// SPDX-License-Identifier: Apache-2.0
/*
 * class.h - scheduling policies, and what the classes above the fair one know of a task and of a CPU.
 *
 * "Urgent" are the tasks that go before the fair ones: SCHED_DEADLINE, SCHED_FIFO and SCHED_RR. All
 * tasks have a rank, and the smaller goes first, on one CPU and between CPUs: that of a deadline
 * task is its absolute deadline, that of a real-time task lies above every deadline.
 */
#ifndef KERNEL_SCHED_CLASS_H
#define KERNEL_SCHED_CLASS_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stdint.h>

/* Linux's numbers. */
enum sched_policy {
	POLICY_OTHER = 0, POLICY_FIFO = 1, POLICY_RR = 2, POLICY_BATCH = 3, POLICY_IDLE = 5,
	POLICY_DEADLINE = 6,
};

enum { PRIORITY_MIN = 1, PRIORITY_MAX = 99, REALTIME_SLICE_NS = 100000000 };
enum { POLICY_IDLE_SHARES = 3 }; /* where the default is 1024 */

#define RANK_REALTIME 0x8000000000000000ULL /* less the priority's distance from 99 */
#define RANK_FAIR     0xff00000000000000ULL /* everybody else, the idle task too */

/* SCHED_DEADLINE: `runtime_ns` in every period, before its deadline. runtime <= deadline <= period. */
struct deadline_parameters {
	uint64_t runtime_ns, deadline_ns, period_ns;
};

/* (q) the run-queue lock of the task's CPU; for changes its task lock too */
struct class_entity {
	bool urgent;               /* (q) */
	uint8_t policy;            /* (q) enum sched_policy */
	uint8_t priority;          /* (q) FIFO, RR: 1..99; else 0 */
	uint32_t kept_shares;      /* (q) IDLE: what it has with another policy */
	bool reset_on_fork;        /* its task lock: its children are SCHED_OTHER */
	bool yields;               /* (q) goes behind its equals, or gives up the rest of its period */
	bool to_front;             /* (q) is put before its equals the next time */
	bool throttled;            /* (q) has used its budget, waits for replenish_ns */
	uint64_t rank;             /* (q) */
	TAILQ_ENTRY(class_entity) list_link; /* (q) FIFO, RR: among its equals */
	uint64_t slice_left_ns;    /* (q) RR */
	RB_ENTRY(class_entity) tree_link; /* (q) DEADLINE: by rank, or by replenish_ns */
	struct deadline_parameters deadline; /* (q) */
	int64_t budget_ns;         /* (q) what is left of its runtime until its deadline */
	uint64_t replenish_ns;     /* (q) */
	bool admitted;             /* (t) the tree mutex: it is in the list of admission.c */
	LIST_ENTRY(class_entity) admitted_link; /* (t) */
};

static inline bool policy_is_realtime(int policy)
{
	return policy == POLICY_FIFO || policy == POLICY_RR;
}

static inline bool policy_is_urgent(int policy)
{
	return policy_is_realtime(policy) || policy == POLICY_DEADLINE;
}

TAILQ_HEAD(realtime_list, class_entity);

struct realtime_queue {
	uint64_t levels[2]; /* one bit a list that is not empty, the highest priority first */
	struct realtime_list lists[PRIORITY_MAX];
};

RB_HEAD(deadline_tree, class_entity);
RB_HEAD(throttled_tree, class_entity);

struct deadline_queue {
	struct deadline_tree ready;        /* by absolute deadline */
	struct class_entity *earliest;     /* of them, NULL: none */
	struct throttled_tree throttled;   /* by replenish_ns */
	uint64_t replenish_ns;             /* the first of them; UINT64_MAX: none */
};

/* The urgent tasks of one CPU but the running one. (q) lock   (a) written under it, read by anyone */
struct class_queue {
	struct realtime_queue realtime;   /* (q) */
	struct deadline_queue deadline;   /* (q) */
	uint32_t count;                   /* (q) all, the throttled too */
	uint32_t ready_count;             /* (q) those that could run now */
	bool is_published;                /* (q) counted in urgent_waiting: urgent.c */
	uint64_t running_rank;            /* (a) of what runs, RANK_FAIR: nobody urgent */
	uint64_t first_rank;              /* (a) of the first that is ready, RANK_FAIR: none */
	/* what the fair ones are left: class_pick.c */
	bool fair_due;                    /* (q) they go before the real-time ones */
	uint64_t fair_rank;               /* (q) while so, as if they were a deadline task */
	uint64_t starved_ns;              /* (q) time they have waited behind urgent ones, unpaid */
};

#endif
