// SPDX-License-Identifier: Apache-2.0
/*
 * entity.h - what a run queue knows of a task.
 */
#ifndef KERNEL_SCHED_ENTITY_H
#define KERNEL_SCHED_ENTITY_H

#include <bsd/sys/tree.h>
#include <stdint.h>

struct sched_entity {
	RB_ENTRY(sched_entity) link; /* in the queue's tree of waiting tasks, by virtual time */
	uint64_t virtual_ns;         /* service received over its share of the CPU */
	uint64_t started_ns;         /* when its present turn began to be charged */
	uint64_t slice_end_ns;       /* when its turn is over */
	uint64_t user_ns, system_ns; /* CPU time */
	uint64_t switches;           /* times it was switched in */
	uint64_t migrations;         /* times it changed its CPU */
	uint32_t shares;             /* 1..1000, default 100: among the tasks of its node */
};

#endif
