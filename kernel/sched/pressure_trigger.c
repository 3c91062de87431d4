// SPDX-License-Identifier: Apache-2.0
/*
 * pressure_trigger.c - see pressure_trigger.h.
 *
 * Locks: (t) tree_mutex (LOCK_RANK_TREE), as all of a node's pressure. The thread holds it for at most
 *        LOOKS_MAX looks, each O(CPUs), before it lets others in.
 *        (a) atomic: what a descriptor is told is read by its polls, which hold nothing.
 */
#include "kernel/kernel.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"
#include "kernel/sched/core.h"
#include "kernel/sched/group.h"
#include "kernel/sched/pressure.h"
#include "kernel/sched/pressure_trigger.h"
#include "kernel/sched/pressure_window.h"
#include "kernel/sync/waitqueue.h"

enum { LOOKS_MAX = 16 };

struct pressure_trigger {
	LIST_ENTRY(pressure_trigger) link;      /* (t) until its node is gone */
	struct cg_node *node;                   /* (i) which its descriptor's inode holds */
	const struct pressure_average *average; /* (i) of these, what it looks at: some or full */
	struct pressure_window window;          /* (t) */
	uint64_t look_ns, period_ns;            /* (t) when next; (i) how often */
	uint32_t news;                          /* (a) enum pressure_news */
};

static LIST_HEAD(trigger_list, pressure_trigger) triggers; /* (t) */
static unsigned int trigger_count;                         /* (t) */
static uint32_t made_count;                                /* (a) tells the thread of a new one */
static struct waitqueue monitor_queue = WAITQUEUE_INIT(monitor_queue);

/* How often to look: about ten times a window, and at times that all triggers have in common. */
static uint64_t period_of(const struct sysfs_pressure_trigger *wanted)
{
	uint64_t period_us = wanted->often ? MAX(wanted->window_us / PRESSURE_LOOKS, 1U) : SYSFS_PRESSURE_STEP_US;

	return ALIGN_UP(period_us * NSEC_PER_USEC, (uint64_t)PRESSURE_LOOK_GRID_NS);
}

static uint64_t next_look(const struct pressure_trigger *trigger, uint64_t now_ns)
{
	return ALIGN_DOWN(now_ns, (uint64_t)PRESSURE_LOOK_GRID_NS) + trigger->period_ns;
}

bool pressure_may_watch_often(void *context)
{
	const struct tree_writer *writer = context;

	return cred_has(writer->opener, CAP_SYS_RESOURCE);
}

int pressure_watch(void *context, struct cg_node *node, const struct sysfs_pressure_trigger *wanted)
{
	const struct tree_writer *writer = context;
	unsigned int count_max = wanted->often ? PRESSURE_TRIGGERS_MAX : PRESSURE_TRIGGERS_SHARED;
	uint64_t now = time_now_ns(), size_ns = wanted->window_us * (uint64_t)NSEC_PER_USEC;
	struct task_group *group = tree_group_of(node);
	struct pressure_trigger *trigger;

	kassert(mutex_is_held(&tree_mutex) && !*writer->trigger);
	trigger = trigger_count < count_max ? kzalloc(sizeof(*trigger)) : NULL;
	if (!trigger)
		return -ENOMEM;
	pressure_collect(group);
	trigger->node = node;
	trigger->average = wanted->full ? &group->full : &group->some;
	trigger->period_ns = period_of(wanted);
	trigger->look_ns = next_look(trigger, now);
	pressure_window_begin(&trigger->window, size_ns, wanted->threshold_us * (uint64_t)NSEC_PER_USEC, now,
			      trigger->average->total_ns);
	LIST_INSERT_HEAD(&triggers, trigger, link);
	trigger_count++;
	__atomic_store_n(writer->trigger, trigger, __ATOMIC_RELEASE);
	__atomic_fetch_add(&made_count, 1, __ATOMIC_RELEASE);
	waitqueue_wake_all(&monitor_queue);
	return 0;
}

static void unlink_trigger(struct pressure_trigger *trigger)
{
	LIST_REMOVE(trigger, link);
	trigger_count--;
	__atomic_store_n(&trigger->news, PRESSURE_GONE, __ATOMIC_RELEASE);
}

void pressure_trigger_release(struct pressure_trigger *trigger)
{
	if (!trigger)
		return;
	mutex_lock(&tree_mutex);
	if (trigger->news != PRESSURE_GONE)
		unlink_trigger(trigger);
	mutex_unlock(&tree_mutex);
	kfree(trigger);
}

void pressure_triggers_end(const struct cg_node *node)
{
	struct pressure_trigger *trigger, *next;

	for (trigger = LIST_FIRST(&triggers); trigger; trigger = next) {
		next = LIST_NEXT(trigger, link);
		if (trigger->node == node)
			unlink_trigger(trigger);
	}
}

enum pressure_news pressure_trigger_take(struct pressure_trigger *const *slot)
{
	struct pressure_trigger *trigger = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
	uint32_t news = PRESSURE_EVENT;

	if (!trigger)
		return PRESSURE_NONE;
	__atomic_compare_exchange_n(&trigger->news, &news, PRESSURE_QUIET, false, __ATOMIC_ACQ_REL,
				    __ATOMIC_ACQUIRE);
	return (enum pressure_news)news;
}

bool pressure_trigger_is_gone(const struct pressure_trigger *trigger)
{
	return __atomic_load_n(&trigger->news, __ATOMIC_ACQUIRE) == PRESSURE_GONE;
}

/* ---- the thread ---- */

static void look(struct pressure_trigger *trigger, uint64_t now_ns)
{
	trigger->look_ns = next_look(trigger, now_ns);
	pressure_collect(tree_group_of(trigger->node));
	if (!pressure_window_update(&trigger->window, now_ns, trigger->average->total_ns))
		return;
	__atomic_store_n(&trigger->news, PRESSURE_EVENT, __ATOMIC_RELEASE);
	tree_news_tell(trigger->node, TREE_NEWS_PRESSURE);
}

/* Looks at those that are due; answers when to come again. */
static uint64_t look_at_some(void)
{
	struct pressure_trigger *trigger;
	uint64_t next_ns = UINT64_MAX;
	unsigned int looked = 0;

	mutex_lock(&tree_mutex);
	uint64_t now = time_now_ns();
	LIST_FOREACH(trigger, &triggers, link) {
		if (trigger->look_ns <= now && looked++ < LOOKS_MAX)
			look(trigger, now);
		next_ns = MIN(next_ns, trigger->look_ns);
	}
	mutex_unlock(&tree_mutex);
	return next_ns;
}

/* Ahead of the tasks that it watches, as Linux's monitor. */
static void monitor(void *unused)
{
	static const struct policy_request first = { .policy = POLICY_FIFO, .priority = 1 };

	(void)unused;
	sched_set_policy(current, &first);
	for (;;) {
		uint32_t made = __atomic_load_n(&made_count, __ATOMIC_ACQUIRE);
		uint64_t next_ns = look_at_some();

		(void)wait_event_state(&monitor_queue,
				       __atomic_load_n(&made_count, __ATOMIC_ACQUIRE) != made,
				       TASK_UNINTERRUPTIBLE, next_ns);
	}
}

int pressure_monitor_start(void)
{
	struct task *thread = kernel_thread_create("psimon", monitor, NULL);

	if (!thread)
		return -ENOMEM;
	sched_start(thread);
	return 0;
}
