// SPDX-License-Identifier: Apache-2.0
/*
 * pressure_trigger.h - triggers of cpu.pressure: who has the file open is told when tasks of the node have
 * been stalled for too much of a window of time.
 *
 * A trigger belongs to one descriptor of the file and goes with it, or with its node. A kernel thread looks
 * at each, ten times a window (pressure_window.h), and sleeps between, for ever when there are none: what
 * runs, waits and ticks knows nothing of triggers.
 */
#ifndef KERNEL_SCHED_PRESSURE_TRIGGER_H
#define KERNEL_SCHED_PRESSURE_TRIGGER_H

#include "sysfs/sysfs.h"

struct pressure_trigger;

/* Of them all; who may be told as often as he likes finds room up to the second, others up to the first. */
enum { PRESSURE_TRIGGERS_SHARED = 128, PRESSURE_TRIGGERS_MAX = 256 };

/* Starts the thread. Once, before the first process: 0 or -ENOMEM. */
int pressure_monitor_start(void);

/* For sysfs_environment, whose context is a struct tree_writer; with the tree's mutex. Whether its opener has
 * CAP_SYS_RESOURCE; makes its trigger, where there is none yet: 0, -ENOMEM also when there are too many. */
bool pressure_may_watch_often(void *context);
int pressure_watch(void *context, struct cg_node *node, const struct sysfs_pressure_trigger *wanted);
/* Its descriptor is closed; NULL is fine. Takes the mutex. */
void pressure_trigger_release(struct pressure_trigger *trigger);
/* The node is removed: its triggers are told, and fire no more. With the mutex. */
void pressure_triggers_end(const struct cg_node *node);

/* What has happened since it was asked last; GONE: its node. NONE: there is no trigger. Needs no lock; who
 * wants to wait for the answer to change is in the queue of TREE_NEWS_PRESSURE before he asks. */
enum pressure_news { PRESSURE_QUIET, PRESSURE_EVENT, PRESSURE_GONE, PRESSURE_NONE };
enum pressure_news pressure_trigger_take(struct pressure_trigger *const *slot);
bool pressure_trigger_is_gone(const struct pressure_trigger *trigger);

#endif
