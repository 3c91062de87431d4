// SPDX-License-Identifier: Apache-2.0
/*
 * isolation.h - CPUs that are kept for what was put there: docs/isolation.md.
 */
#ifndef KERNEL_SCHED_ISOLATION_H
#define KERNEL_SCHED_ISOLATION_H

#include <stdbool.h>

#include "cgroups/cpumask.h"

struct cpu;

/* CPUs that no task comes to as long as its mask has another. */
extern struct cpumask isolation_cpus; /* (a) */
extern bool isolation_is_used;        /* (a) isolation_cpus is not empty */

/* Boot: what the command line asks for. The CPUs have their numbers, and run. */
void isolation_read_options(void);
/* isolcpus=: for the tree; at least one CPU that runs is not in it. */
const struct cpumask *isolation_of_boot(void);

/* The tree's mutex is held: these CPUs are isolated now, and those run. What has become quiet is told to settle;
 * wait for it without the mutex. */
void isolation_publish(const struct cpumask *isolated, const struct cpumask *online);
/* With the tree's mutex: the CPUs that have a keeper. */
struct cpumask isolation_quiet(void);
/* Sleeps until every quiet CPU that runs has given away what it had. */
void isolation_wait(void);

/* This CPU, on an IPI and with no lock held: gives away what a quiet CPU does not have. */
void isolation_settle(void);
/* The CPU has stopped: it has nothing more to settle. */
void isolation_forget(struct cpu *cpu);
/* Another CPU that runs, for the work of `cpu`: one that is not quiet where there is one. Its
 * hotplug lock is held. */
struct cpu *isolation_heir(const struct cpu *cpu);

#endif
