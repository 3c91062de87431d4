// SPDX-License-Identifier: Apache-2.0
/*
 * named_task.h - the task that a scheduling call is about, and who may change it.
 */
#ifndef KERNEL_SYS_NAMED_TASK_H
#define KERNEL_SYS_NAMED_TASK_H

#include <stdbool.h>
#include <stdint.h>

struct task;

/* The task that a pid argument names (0: the caller), until release_task(); NULL: none (ESRCH). */
struct task *named_task(uint64_t argument);
void release_task(uint64_t argument, struct task *task);

/* A thread of the own process; the same user's, in the own group or below; or CAP_SYS_NICE. */
bool may_change(const struct task *task);

/* Its nice level, the one nearest to its shares; whether RLIMIT_NICE lets it have that level. */
int nice_of(const struct task *task);
bool nice_is_allowed(const struct task *task, int nice);

#endif
