// SPDX-License-Identifier: Apache-2.0
/*
 * simulator.h - the kernel's run queues, groups and balancing on the host, in time that the test gives.
 *
 * Groups and tasks are numbers; group 0 is the root. runqueue.c, pick.c, group.c and place.c are the
 * kernel's own, compiled here as they are; what core.c and wake.c do around them (switching, sleeping, waking,
 * the end of a turn) is done here, one event at a time.
 */
#ifndef TESTS_SIM_SIMULATOR_H
#define TESTS_SIM_SIMULATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "cgroups/cpumask.h"

#ifdef __cplusplus
extern "C" {
#endif

struct simulator;

/* One at a time. */
struct simulator *simulator_create(unsigned int cpus);
void simulator_destroy(struct simulator *simulator);
uint64_t simulator_now_ns(const struct simulator *simulator);

int simulator_add_group(struct simulator *simulator, int parent, uint32_t weight);
void simulator_set_weight(struct simulator *simulator, int group, uint32_t weight);
void simulator_set_parent(struct simulator *simulator, int group, int parent);
/* The group, without tasks, is taken out of the tree. */
void simulator_retire(struct simulator *simulator, int group);
uint64_t simulator_load(const struct simulator *simulator, int group);
bool simulator_is_active(const struct simulator *simulator, int group);

/* Runnable at once, on that CPU; it may run on every CPU. 1024 shares are weight 100. */
int simulator_add_task(struct simulator *simulator, int group, uint32_t shares, unsigned int cpu);
void simulator_sleep(struct simulator *simulator, int task);
/* Where it ran last, or where the kernel's placement says. */
void simulator_wake(struct simulator *simulator, int task);
void simulator_wake_anywhere(struct simulator *simulator, int task);
/* By force, whatever balancing thinks. */
void simulator_migrate(struct simulator *simulator, int task, unsigned int cpu);
/* Not empty. A task whose CPU is not in it leaves at once. */
void simulator_set_mask(struct simulator *simulator, int task, const struct cpumask *mask);
/* In ns: what it asks for at a time, and how far it may run ahead. */
void simulator_set_request(struct simulator *simulator, int task, uint32_t slice_ns, uint32_t burst_ns);
uint64_t simulator_received_ns(const struct simulator *simulator, int task);
uint64_t simulator_migrations(const struct simulator *simulator, int task);
bool simulator_is_runnable(const struct simulator *simulator, int task);
int simulator_running(const struct simulator *simulator, unsigned int cpu); /* -1: idle */

/* Until the end of the next turn anywhere, at most to `end_ns`: one event. */
void simulator_advance(struct simulator *simulator, uint64_t end_ns);
void simulator_run(struct simulator *simulator, uint64_t duration_ns);
/* Whether CPUs even out their loads (at first: no). */
void simulator_balance(struct simulator *simulator, bool on);
uint64_t simulator_idle_ns(const struct simulator *simulator, unsigned int cpu);

/* Every invariant; what is wrong, or NULL. */
const char *simulator_check(struct simulator *simulator);

#ifdef __cplusplus
}
#endif

#endif
