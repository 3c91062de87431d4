// SPDX-License-Identifier: Apache-2.0
/*
 * classes.h - one CPU's urgent tasks, and fair ones beside them, driven in simulated time through the
 * kernel's class_pick.c, realtime.c and deadline.c. Tasks are numbers.
 */
#ifndef TESTS_KERNEL_SCHED_CLASSES_H
#define TESTS_KERNEL_SCHED_CLASSES_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CLASSES_FIFO = 1, CLASSES_RR = 2 };

struct classes;

struct classes *classes_create(void);
void classes_destroy(struct classes *classes);

/* Runnable at once. */
int classes_add_fair(struct classes *classes);
int classes_add_realtime(struct classes *classes, int policy, int priority);
int classes_add_deadline(struct classes *classes, uint64_t runtime, uint64_t deadline, uint64_t period);

/* Nothing happens to a task that is so already. */
void classes_sleep(struct classes *classes, int task);
void classes_wake(struct classes *classes, int task);
void classes_yield(struct classes *classes, int task); /* the running one */
void classes_set_priority(struct classes *classes, int task, int priority); /* of a real-time task */

/* Every event in this time happens when it is due. */
void classes_run(struct classes *classes, uint64_t span_ns);

int classes_running(const struct classes *classes); /* -1: nobody */
uint64_t classes_received_ns(const struct classes *classes, int task);
/* Whether a search over all tasks finds the same one to run, and nobody is lost; what is wrong, or
 * NULL. */
const char *classes_check(const struct classes *classes);

#ifdef __cplusplus
}
#endif

#endif
