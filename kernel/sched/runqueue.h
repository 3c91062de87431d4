// SPDX-License-Identifier: Apache-2.0
/*
 * runqueue.h - the tasks of one CPU and which of them runs: earliest eligible virtual deadline first.
 *
 * A task's virtual time v is its CPU time over its weight; the queue's is their weighted mean V. A
 * task that is behind it is owed CPU time (its lag, weight * (V - v), is positive) and is eligible.
 * It asks for CPU time in requests of its slice, each due by the virtual deadline v + slice / weight,
 * and the eligible one with the earliest deadline runs. See docs/decisions/0004.
 *
 * runqueue.c keeps the books, pick.c the order. Both are pure: they take the time as an argument and
 * touch nothing else, so the host drives any number of queues through them.
 */
#ifndef KERNEL_SCHED_RUNQUEUE_H
#define KERNEL_SCHED_RUNQUEUE_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/sched/class.h"
#include "kernel/sched/entity.h"
#include "kernel/sync/spinlock.h"

enum {
	SCHED_SLICE_NS = 3000000,
	SCHED_WAKE_GRANULARITY_NS = 500000,
	SCHED_TICK_NS = SCHED_SLICE_NS, /* a CPU on which somebody waits looks around at least so often */
};
enum { SCHED_WEIGHT_SHIFT = 32 }; /* a weight of 1 << 32 is the whole machine */

RB_HEAD(entity_tree, sched_entity);
LIST_HEAD(group_list, task_group);
LIST_HEAD(throttle_list, throttle);

/* (q) lock   (c) only this CPU   (a) written under the lock, read by anyone */
struct runqueue {
	struct spinlock lock;        /* LOCK_RANK_RUNQUEUE */
	struct task *running;        /* (q) */
	struct task *previous;       /* (c) who was switched away from */
	struct task *moving;         /* (q) was running and must go to another CPU */
	struct entity_tree waiting;  /* (q) */
	struct sched_entity *first;  /* (q) the one with the earliest deadline, NULL: none */
	uint32_t waiting_count;      /* (a) */
	uint64_t virtual_ns;         /* (a) the mean, rounded down */
	int64_t remainder;           /* (q) what was rounded off, times load: 0 <= remainder < load */
	uint64_t load;               /* (a) weights of all on it, the running one too */
	uint64_t offset_ns;          /* (a) from virtual_ns to what CPUs compare: runqueue_progress() */
	uint64_t charged_ns;         /* (a) up to when virtual_ns has been brought */
	uint64_t turn_end_ns;        /* (q) when the running one's request, or the tick, ends */
	struct group_list resting;   /* (q) groups that ran out of tasks here: sched/group.h */
	uint64_t rest_check_ns;      /* (q) when to look at them */
	uint64_t refresh_ns;         /* (q) from when on the levels between cousins are looked at again: kin.c */
	bool is_fresh;               /* (q) they were when one took over last */
	uint64_t budget_end_ns;      /* (q) when the running task's quota has to be looked at */
	struct throttle_list throttled; /* (q) who would run here but for a quota: sched/bandwidth.h */
	uint64_t tick_ns;            /* (q) the next sample of pressure: sched/pressure.h */
	uint64_t tick_weight_ns;     /* (q) for how long it will stand */
	uint64_t random;             /* (q) */
	uint32_t sample;             /* (q) the number of the last one */
	uint64_t balance_ns;         /* (q) when to look for a less busy CPU, if somebody waits */
	uint32_t looked_at, looked_back_at; /* (q) the last CPUs of a search for a less busy one: place.c */
	uint64_t switches;           /* (q) */
	uint64_t idle_ns;            /* (q) */
	struct class_queue classes;  /* (q) the tasks that go before the fair ones: sched/class_pick.h */
};

/* ---- runqueue.c: who is on it, and what each has had ---- */

void runqueue_init(struct runqueue *queue);
/* The entity counts among the queue's from now on, with the lag that it brings; no longer, and takes
 * its lag along. It is not among the waiting. */
void runqueue_join(struct runqueue *queue, struct sched_entity *entity);
void runqueue_leave(struct runqueue *queue, struct sched_entity *entity);
/* Off every queue: what it had too much of is paid back as if it had waited on the one that it left, where who
 * runs alone may not have been charged since. Without that queue's lock: about. */
void runqueue_repay(struct sched_entity *entity, const struct runqueue *left, uint64_t now_ns);
/* Off every queue and on its way from one to the other, by its own doing: what it owes on the first it will
 * owe there still when it comes back, however soon it has paid on another; what it owed on the second, and
 * others there have not had yet, it owes again. The second's lock is held. */
void runqueue_migrate(const struct runqueue *from, const struct runqueue *to, struct sched_entity *entity,
		      uint64_t now_ns);
/* How far the mean has come by now, though nobody has been charged for long. Without the lock: about. */
uint64_t runqueue_virtual(const struct runqueue *queue, uint64_t now_ns);
/* How far the tasks of the queue have come by now, on a scale that all CPUs share. Without the lock:
 * about. What others have come to is where one starts that was empty, or was left behind for long. */
uint64_t runqueue_progress(const struct runqueue *queue, uint64_t now_ns);
void runqueue_set_progress(struct runqueue *queue, uint64_t progress_ns);
/* The same when somebody else moves it, to even things out: if the other has come further, the task is owed the
 * difference. Both are up to date. */
void runqueue_carry(const struct runqueue *from, struct runqueue *to, struct sched_entity *entity);
/* Of two that count and are not among the waiting: so much of what the one is owed, or owes, the other is owed
 * or owes from now on. The mean stays where it is, so do their requests. Answers how much: what would make the
 * other one's more than 268 ms stays with the one. */
int64_t runqueue_transfer(struct runqueue *queue, struct sched_entity *from, struct sched_entity *to, int64_t lag_ns);
/* Of all of its kin together, as runqueue_lag(). */
int64_t runqueue_kin_lag(const struct runqueue *queue, const struct sched_kin *kin);
/* Without members: what they are owed by now. */
int64_t runqueue_kin_left(const struct runqueue *queue, const struct sched_kin *kin);
/* One that counts and is not among the waiting weighs something else from now on. Its lag stays what it
 * was, in CPU time; so does what is left of its request. */
void runqueue_reweigh(struct runqueue *queue, struct sched_entity *entity, uint64_t weight);
/* It asks anew: for one that is not among the waiting, after its slice_ns or lent_ns has changed. */
void runqueue_request(struct sched_entity *entity);
/* The running entity has had CPU time since charged_ns, at its weight. Answers how much. */
uint64_t runqueue_charge(struct runqueue *queue, struct sched_entity *entity, uint64_t now_ns);
/* The running entity gives up what it is owed, and asks behind `next`. */
void runqueue_yield(struct runqueue *queue, struct sched_entity *entity, const struct sched_entity *next);
/* Its turn begins: until its request ends, or the tick. */
void runqueue_start_turn(struct runqueue *queue, struct sched_entity *entity, uint64_t now_ns);
/* CPU time that an entity that counts is owed; negative: has had too much. */
int64_t runqueue_lag(const struct runqueue *queue, const struct sched_entity *entity);

/* ---- pick.c: who waits, and who is next ---- */

/* Among the waiting, or no longer. */
void runqueue_insert(struct runqueue *queue, struct sched_entity *entity);
void runqueue_remove(struct runqueue *queue, struct sched_entity *entity);
/* The eligible one with the earliest deadline. NULL: none; there is one when nobody runs, and somebody
 * waits. */
struct sched_entity *runqueue_pick(const struct runqueue *queue);
/* Whether the woken one, among the waiting, should run now rather than `running`. */
bool runqueue_should_preempt(const struct runqueue *queue, const struct sched_entity *woken,
			     const struct sched_entity *running);
/* By deadline: the next one; the last; the one before. NULL: none. */
struct sched_entity *runqueue_next(struct sched_entity *entity);
struct sched_entity *runqueue_last(struct runqueue *queue);
struct sched_entity *runqueue_previous(struct sched_entity *entity);

/* Virtual time may wrap: a difference decides. */
static inline bool virtual_is_before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

#endif
