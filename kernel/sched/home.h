// SPDX-License-Identifier: Apache-2.0
/*
 * home.h - CPUs near a task's memory, on machines with memory nodes.
 */
#ifndef KERNEL_SCHED_HOME_H
#define KERNEL_SCHED_HOME_H

#include "cgroups/cpumask.h"
#include "kernel/mm/node.h"

struct task;

/* Whether there are CPUs on several nodes, so that it makes a difference. */
static inline bool home_matters(void) { return nodes_with_cpus & (nodes_with_cpus - 1); }

/* Boot, when all CPUs and nodes are known. */
void home_init(void);

/* Those of some CPUs that are near the task's memory (user_page_home()), or all of them when none is. A task
 * without memory has no home. The task's lock is held. O(nodes of its home), one as a rule. */
struct cpumask home_prefer(const struct task *task, const struct cpumask *cpus);

#endif
