// SPDX-License-Identifier: Apache-2.0
/*
 * qos.h - QoS of a fair task: when it runs, of its class and its hints.
 *
 * All of it comes down to two numbers of the fair queue (runqueue.h): the slice that it asks for at a
 * time, which is how soon its request is due, and the burst, how far it may run ahead of its share.
 * Neither changes its weight, so neither changes how much it gets. The class idle is SCHED_IDLE.
 *
 * qos_rules.c is pure.
 */
#ifndef KERNEL_SCHED_QOS_H
#define KERNEL_SCHED_QOS_H

#include <stdbool.h>
#include <stdint.h>

#include "cgroups/cg.h"

struct task;

enum {
	QOS_SHARES_MIN = 1, QOS_SHARES_DEFAULT = 100, QOS_SHARES_MAX = 1000,
	QOS_SHARES_FREE = 500, /* more needs CAP_SYS_NICE */
	QOS_BURST_MAX_US = 10000,
};

/* What a task asked for itself. (t) the tree's mutex */
struct task_qos {
	uint8_t own_class;   /* (t) enum cg_qos, never CG_QOS_IDLE; CG_QOS_INHERITED: its group's */
	uint32_t latency_us; /* (t) CG_LATENCY_NONE: its group's */
	uint32_t burst_us;   /* (t) 0: what its class has */
};

/* What the fair queue is told. */
struct qos_request {
	uint32_t slice_ns, burst_ns;
};

/* ---- qos_rules.c ---- */

struct qos_request qos_request_of(enum cg_qos qos, uint32_t latency_us, uint32_t burst_us);
/* Whether there is a class of that number to ask for; whether shares need no CAP_SYS_NICE. */
bool qos_class_exists(uint32_t number);
bool qos_shares_are_free(uint32_t shares);
/* The nearest that may be asked for. */
uint32_t qos_clamp_shares(int64_t shares);
uint32_t qos_clamp_latency(int64_t latency_us); /* <= 0: CG_LATENCY_NONE */
uint32_t qos_clamp_burst(int64_t burst_us);
/* Shares of 100 a default task, and those of the scheduler, 1024. */
uint32_t qos_to_scheduler(uint32_t shares);
uint32_t qos_from_scheduler(uint32_t shares);

/* ---- qos.c: with the tree's mutex ---- */

/* The class that rules: SCHED_IDLE, its own, its group's. */
enum cg_qos qos_class_of(const struct task *task);
/* A new task, before its start: it has its creator's, unless those are not to be inherited. */
void qos_fork(struct task *child, const struct task *parent);
/* Its settings, its policy or its group are others: brings the queue in line. Takes LOCK_RANK_TASK. */
void qos_publish(struct task *task);

/* ---- qos.c: they take the tree's mutex ---- */

/* Its own from now on; within their bounds. The class is not CG_QOS_IDLE. */
void qos_set_class(struct task *task, enum cg_qos own_class);
void qos_set_latency(struct task *task, uint32_t latency_us);
void qos_set_burst(struct task *task, uint32_t burst_us);
/* The current task runs another program: hints speak of programs and go, its class stays. */
void qos_exec(void);

#endif
