// SPDX-License-Identifier: Apache-2.0
/*
 * entity.h - what a run queue knows of a task.
 */
#ifndef KERNEL_SCHED_ENTITY_H
#define KERNEL_SCHED_ENTITY_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stdint.h>

struct runqueue;
struct task_group;

/* What a task owes on a queue that it left for another one in debt: CPU time, while that queue's virtual time
 * is before `virtual_ns`, for the difference at `weight`. */
struct sched_debt {
	const struct runqueue *queue; /* NULL: nothing */
	uint64_t virtual_ns, weight;
};

/* Tasks on one queue that are owed and owe together, and what those of them that sleep have left to the others: the
 * tasks of one group, those of all children of one, or those of all such below one child of the root. See kin.h. (q) */
struct sched_kin {
	LIST_HEAD(kin_members, sched_entity) members; /* of one group: who counts on the queue, the last to come first */
	LIST_HEAD(kin_branches, sched_kin) branches; /* of several groups: those that have members */
	LIST_ENTRY(sched_kin) branch_link;
	struct sched_kin *above;  /* with members: among whom it counts as one; NULL: it counts for itself */
	uint64_t shares;          /* of the members */
	int64_t advanced_ns;      /* to the members, added up: nobody has it, and all of them owe it together */
	bool is_sum;              /* the next two are not kept, but added up when they are asked for */
	uint64_t weight;          /* of all */
	uint64_t moment;          /* weight * virtual_ns of each, added up; wraps */
	int64_t lag_ns;           /* without any: CPU time that the next one is owed beyond its part of what those above are */
	uint64_t left_virtual_ns; /* without any: of the queue, when the last one left */
	uint64_t left_weight;     /* without any: of that one */
};

/* Of one that is off every queue: what its lag_ns is. */
enum sched_lag_kind {
	LAG_WHOLE, /* what it was owed there: it was taken off, and could run */
	LAG_OWN,   /* what it was owed beyond its part of its kin's lag: it went to sleep */
	LAG_KEPT,  /* its kin's lag_ns, as it was the last of them: theirs, and here for other queues */
};

/* (q) the run-queue lock of the task's CPU   (c) entry.S, only the running task */
struct sched_entity {
	RB_ENTRY(sched_entity) link; /* (q) among the waiting tasks, by virtual deadline */
	uint64_t virtual_ns;         /* (q) service received, over the fraction of a CPU it is due */
	uint64_t eligible_ns;        /* (q) the same, less what it may borrow: picked from then on */
	uint64_t deadline_ns;        /* (q) virtual time at which its present request ends */
	uint64_t least_eligible_ns;  /* (q) in the tree: of itself and those below it */
	int64_t lag_ns;              /* (q) off every queue: CPU time that it is owed */
	enum sched_lag_kind lag_kind; /* (q) off every queue */
	uint64_t left_virtual_ns;    /* (q) off every queue: its queue's virtual time when it left */
	uint64_t charged_ns;         /* (q) up to when its present turn has been charged */
	uint64_t total_ns;           /* (q) CPU time in all */
	uint64_t weight;             /* (q) its fraction of the machine's CPU time, 1.0 = 1 << 32 */
	uint64_t among;              /* (q) its group's load when it was weighed */
	uint64_t switches;           /* (q) times it was switched in */
	uint64_t involuntary_switches; /* (q) times it was switched out while it could run on */
	uint64_t migrations;         /* (q) times it changed its CPU */
	struct sched_kin *kin;       /* (q) with whom it counts; NULL: for itself. Off every queue: did last; NULL: it is new */
	LIST_ENTRY(sched_entity) kin_link; /* (q) */
	int64_t advanced_ns;         /* (q) of its lag, what its kin let it have for now */
	struct task_group *group;    /* (q) whose weight it shares: sched/group.h */
	struct task_group *account;  /* (q) whose cpu.stat its time goes to: its node's */
	struct task_group *limiter;  /* (q) the nearest one up with a quota: sched/bandwidth.h */
	uint64_t charged_user_ticks; /* (q) of the task's user_ticks, what went there */
	struct sched_debt debt;      /* (q) on a queue that it left */
	uint32_t shares;             /* (q) among the tasks of its group; 1024 is weight 100 */
	uint32_t slept_shares;       /* (q) those that it had when it went to sleep last */
	uint32_t slice_ns;           /* (q) what it asks for at a time: the less, the sooner */
	uint32_t burst_ns;           /* (q) how far it asks to run ahead of its share */
	uint32_t lent_ns;            /* (q) how far it may: group_lend() */
};

#endif
