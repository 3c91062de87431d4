// SPDX-License-Identifier: Apache-2.0
/*
 * audit.h - what was asked of affinity, shares, classes and membership, by whom, about whom, and
 * whether it was granted: a bounded ring with one reader, /dev/audit. See docs/policyd.md.
 */
#ifndef KERNEL_SCHED_AUDIT_H
#define KERNEL_SCHED_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroups/cg.h"

struct waitqueue;

enum audit_kind { AUDIT_AFFINITY, AUDIT_SHARES, AUDIT_CLASS, AUDIT_MEMBERSHIP, AUDIT_KIND_COUNT };
enum { AUDIT_RECORD_MAX = 512, AUDIT_LINE_MAX = 320 };

/*
 * Puts down what the current task asked for, and the answer (0 or -errno). `what` is a pseudo-file or a
 * call and stays; `target` a TID, 0: none; `node` NULL: none, else the tree's mutex is held; `value` is
 * cut. Never waits: when the ring is full it is counted as lost.
 */
void audit(enum audit_kind kind, const char *what, int32_t target, const struct cg_node *node,
	   const char *value, size_t length, int result);
void audit_mask(const char *what, int32_t target, const struct cpumask *mask, int result);
void audit_number(enum audit_kind kind, const char *what, int32_t target, int64_t number, int result);
/* A write to a pseudo-file, when it is of these kinds. With the tree's mutex. */
void audit_store(const char *file, const struct cg_node *node, const char *value, size_t length,
		 int result);

/* The next line into line[0..AUDIT_LINE_MAX): its length; 0: there is none. Takes it off. */
size_t audit_next(char *line);
bool audit_is_empty(void);
struct waitqueue *audit_queue(void);

#endif
