// SPDX-License-Identifier: Apache-2.0
/*
 * simulator.h - the kernel's run queues and groups, on the host, in time that the test gives.
 *
 * Groups and tasks are numbers; group 0 is the root. A CPU runs the first of its queue for a turn and
 * puts it back, as kernel/sched/core.c does; a wake-up cuts a turn short when the queue says so.
 */
#ifndef TESTS_KERNEL_SCHED_SIMULATOR_H
#define TESTS_KERNEL_SCHED_SIMULATOR_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct simulator;

struct simulator *simulator_create(unsigned int cpus);
void simulator_destroy(struct simulator *simulator);

int simulator_add_group(struct simulator *simulator, int parent, uint32_t weight);
void simulator_set_weight(struct simulator *simulator, int group, uint32_t weight);
void simulator_set_parent(struct simulator *simulator, int group, int parent);
/* The group, without tasks, is taken out of the tree. */
void simulator_retire(struct simulator *simulator, int group);
uint64_t simulator_load(const struct simulator *simulator, int group);
bool simulator_is_active(const struct simulator *simulator, int group);

/* Runnable at once. 1024 shares are weight 100. */
int simulator_add_task(struct simulator *simulator, int group, uint32_t shares, unsigned int cpu);
void simulator_sleep(struct simulator *simulator, int task);
void simulator_wake(struct simulator *simulator, int task);
void simulator_migrate(struct simulator *simulator, int task, unsigned int cpu);
uint64_t simulator_received_ns(const struct simulator *simulator, int task);
int simulator_running(const struct simulator *simulator, unsigned int cpu); /* -1: idle */

void simulator_run(struct simulator *simulator, uint64_t duration_ns);
uint64_t simulator_idle_ns(const struct simulator *simulator, unsigned int cpu);

/* Every invariant of the queues and groups; what is wrong, or NULL. */
const char *simulator_check(const struct simulator *simulator);

#ifdef __cplusplus
}
#endif

#endif
