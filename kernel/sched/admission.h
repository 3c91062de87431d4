// SPDX-License-Identifier: Apache-2.0
/*
 * admission.h - who may have a policy where: deadline tasks are promised their runtime.
 *
 * The deadline tasks of a partition (the tree's root is one) may ask for 95 % of its CPUs together,
 * and run on all of them, but for those isolated at boot: of these the same holds for the tasks that
 * may run on no other. Whatever would break one of these is refused; of the changes of cpuset files
 * those of the partition's own lists.
 */
#ifndef KERNEL_SCHED_ADMISSION_H
#define KERNEL_SCHED_ADMISSION_H

#include "cgroups/cg.h"
#include "kernel/sched/core.h"

/* sched_set_policy(), when the partition has room. -EPERM its mask does not cover those CPUs,
 * -EBUSY its partition has not enough time left, -ESRCH it has left the tree. Takes the tree's
 * mutex. */
int admission_set_policy(struct task *task, const struct policy_request *request);
/* With the mutex: 0, or -EBUSY a deadline task may not be pinned so; the deadline tasks that move do not
 * fit into that node's partition; the deadline tasks of some partition need that CPU. */
int admission_check_pin(const struct task *task, const struct cpumask *request);
int admission_check_move(const struct cg_member *member, const struct cg_node *to, enum cg_scope scope);
int admission_check_offline(unsigned int cpu);
/* What the tree has to ask for. */
extern const struct cg_promises admission_promises;
/* It leaves the tree; its time is another's to ask for. With the mutex. */
void admission_leave(struct task *task);

#endif
