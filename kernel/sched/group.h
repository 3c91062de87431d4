// SPDX-License-Identifier: Apache-2.0
/*
 * group.h - a node of the tree as the scheduler sees it: a weight among its siblings.
 *
 * There is one run queue a CPU and no queue per group. A task's weight is the fraction of the
 * machine that the tree gives it:
 *
 *     W(task) = F(group) * shares / load(group)
 *     F(group) = F(parent) * weight(group) / load(parent),  F(root) = 1
 *
 * where load(group) sums the shares of its runnable tasks and the weights of its active child groups,
 * on all CPUs. Its own part and its parent's are as of now; the walk up from there is taken at most once in a
 * millisecond for all below one grandparent, so that picking, waking and sleeping cost the same at every depth
 * (docs/decisions/0003). A child of the root that runs out of tasks stays active for GROUP_REST_NS, and below it what is
 * two levels above such a group: a task that naps does not ripple through its ancestors.
 *
 * Locks: (g) its own lock (LOCK_RANK_GROUP)   (a) atomic   (t) the tree mutex   (Q) quota_lock
 *        (q) the run-queue lock of `resting_on`
 */
#ifndef KERNEL_SCHED_GROUP_H
#define KERNEL_SCHED_GROUP_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stdint.h>

#include "cgroups/cg.h"
#include "kernel/sched/entity.h"
#include "kernel/sched/pressure_average.h"
#include "kernel/sched/quota.h"
#include "kernel/sched/tree.h"
#include "kernel/sync/spinlock.h"

struct cpu;
struct runqueue;
struct sched_entity;

/* Those that rest are looked at so seldom: a sleep costs the same however many groups sleep by turns. */
enum { GROUP_REST_NS = 2000000, GROUP_REST_LOOK_NS = 500000 };

#define FRACTION_ONE (1ULL << 32)
/* A sixteen-millionth: who is due less has that, which keeps virtual time from running away. */
enum { WEIGHT_LEAST = 1 << 8 };

/* One file of a node that tells of its changes. */
struct group_news {
	uint32_t count;         /* (a) how often it has changed */
	struct waitqueue queue; /* who waits for the next time */
};

/* Since when at least one is counted. */
struct group_clock {
	uint64_t since_ns;
	uint32_t count;
};

/* A node's part on one CPU. (q) that CPU's run-queue lock; read by anyone (Q) the group's quota_lock */
struct group_cpu {
	uint64_t total_ns;   /* (q) CPU time there of its own tasks, and of removed nodes below */
	uint64_t user_ticks; /* (q) of that in user mode, in clock ticks */
	uint64_t nice_ticks; /* (q) of that with less than the ordinary shares */
	int64_t slice_ns;    /* (q) of its quota in this CPU's hands; negative: owed */
	uint64_t busy_ns, some_ns, full_ns; /* (q) pressure since it was collected: sched/pressure.h */
	uint32_t ran_sample, waited_sample; /* (q) the last ones in which its subtree did */
	struct sched_kin kin;         /* (q) its own tasks that count there: sched/kin.h */
	struct sched_kin below;       /* (q) the kin of its child groups that count there */
	struct sched_kin all;         /* (q) of a child of the root: those of all groups below it */
	uint64_t burst_virtual_ns;    /* (q) of a child of the root: group_lend() */
	struct group_clock throttled; /* (Q) tasks from there wait for its quota */
	struct group_clock held;      /* (Q) its own tasks from there wait for any quota */
};

struct task_group {
	struct cg_node node;          /* (t) */
	uint32_t references;          /* (a) inodes, open files, tasks that end, groups below, the tree itself */

	struct task_group *above;     /* (i) its node's parent's, which stays as long as it does; NULL: the root's */

	struct spinlock lock;
	struct task_group *parent;    /* (g) the nearest group above that competes; NULL: the root */
	uint64_t load;                /* (a) */
	uint32_t weight;              /* (g) */
	bool active;                  /* (g) its weight counts in parent->load */
	bool competes;                /* (t) has the cpu controller; else its tasks are its parent's */
	uint32_t resting;             /* (a) it is in the list of resting_on */
	struct cpu *resting_on;       /* (q) */
	LIST_ENTRY(task_group) rest_link; /* (q) */
	uint64_t idle_since_ns;       /* (a) when its load became 0 */
	uint64_t cached_fraction;     /* (a) 24 bits of the millisecond it is of, 40 bits of F */
	uint64_t cached_among;        /* (a) its parent's load, as it was then */
	uint64_t cached_among_above;  /* (a) its parent's parent's, as it was then; 0: there is none */
	struct task_group *top;       /* (a) its ancestor, or itself, below the root; NULL: it is the root */

	struct spinlock quota_lock;   /* LOCK_RANK_QUOTA */
	struct quota quota;           /* (Q) cpu.max */
	int64_t slice_ns;             /* (Q) what a CPU takes of it at a time */
	uint64_t throttled_ns, held_ns; /* (Q) what the CPUs' clocks have counted so far */
	TAILQ_HEAD(throttle_line, throttle) waiters; /* (Q) who waits for it, first come first */
	struct task_group *limiter;   /* (t) the nearest from here up with a quota; NULL: none */
	struct task_group *limiter_above; /* (t), read without: the next above a limiter */

	struct pressure_average some, full; /* (t) cpu.pressure: sched/pressure.h */
	uint64_t averaged_ns;         /* (t) when its averages stepped last */

	struct group_cpu *cpus;       /* (i) one a possible CPU, behind it */
	struct memory_group *memory;  /* (i) what its domain's tasks cause: kernel/mm/charge.h */
	struct group_news news[TREE_NEWS_COUNT];
	struct tree_attributes made;  /* (i) its directory's mode, and who made it */
	struct kept_attributes *kept; /* (t) of its files that were changed */
	LIST_HEAD(group_inodes, row_inode) inodes; /* those that stand for its files now: kernel/fs */
	char *name;                   /* (i) behind that */
};

static inline uint64_t group_load(const struct task_group *group)
{
	return __atomic_load_n(&group->load, __ATOMIC_RELAXED);
}

static inline struct task_group *group_of(struct cg_node *node)
{
	return (struct task_group *)((char *)node - offsetof(struct task_group, node));
}

/* account.c: adds what its own tasks have used on those CPUs; a removed node's CPU time stays its
 * parent's (takes the run-queue locks). */
void group_add_usage(const struct task_group *group, const struct cpumask *cpus, struct group_cpu *sum);
void group_bequeath(const struct task_group *group, struct task_group *parent);

/* A task of it became runnable / stopped being so. The run-queue lock of `cpu` is held. */
void group_add_load(struct task_group *group, uint32_t shares);
void group_remove_load(struct task_group *group, uint32_t shares, struct cpu *cpu, uint64_t now_ns);
/* W of a task, WEIGHT_LEAST to FRACTION_ONE; its `among` tells of which load that was a part. Its queue's lock is
 * held. */
uint64_t group_task_weight(struct sched_entity *entity, uint64_t now_ns);
/* The same with each part on the way up as of now, which costs by the depth. Its group is not the root. */
uint64_t group_task_weight_anew(struct sched_entity *entity, uint64_t now_ns);
/* A group that has run empty, and those above it that have with it, rest no longer: their siblings have their shares. A
 * child of the root rests on. O(depth). */
void group_end_rest(struct task_group *group);

/*
 * Whether what runqueue_should_preempt() said holds by what the running entity weighs now. That may be of when
 * it began to wait: if most of its group have gone to sleep since, its request seems to be due late beside one
 * that is made today. It is charged up to now; the run-queue lock is held.
 */
bool group_still_preempts(struct runqueue *queue, const struct sched_entity *woken,
			 struct sched_entity *running, uint64_t now_ns);

/*
 * Those below one child of the root that ask for a burst are lent one together: else each would run ahead
 * while the debts of those before it are paid back in their sleep. What they have on a CPU is added up as
 * if they were one task of their present weight, never behind the queue, and two bursts ahead of it at most; how far
 * that has come beyond the entity itself is taken off its burst. `had_ns` is CPU time of the entity that is not charged yet.
 * The run-queue lock is held.
 */
void group_lend(struct sched_entity *entity, const struct runqueue *queue, unsigned int cpu,
		uint64_t virtual_ns, uint64_t had_ns);

/* cpu.weight changed; the parent changed, or that one's parent. Take the lock; those above come before those below. */
void group_set_weight(struct task_group *group, uint32_t weight);
void group_set_parent(struct task_group *group, struct task_group *parent);
/* Lets go of groups that have rested on `cpu` long enough; its run-queue lock is held. Answers when to
 * call again, UINT64_MAX: never. */
uint64_t group_end_rests(struct cpu *cpu, uint64_t now_ns);
/* A group that was taken out of the tree, at its last reference: nobody counts it any more. */
void group_retire(struct task_group *group);

#endif
