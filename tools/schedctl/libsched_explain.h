// SPDX-License-Identifier: Apache-2.0
/*
 * libsched_explain.h - why the kernel refused, in words: private to libsched.
 */
#ifndef TOOLS_SCHEDCTL_LIBSCHED_EXPLAIN_H
#define TOOLS_SCHEDCTL_LIBSCHED_EXPLAIN_H

#include "tools/schedctl/libsched.h"

/*
 * An operation on a group answered `number`. `what` is the pseudo-file, or mkdir, rmdir, clone3,
 * open; `value` is what was written, NULL for none. Puts down the line, answers -number.
 */
int sched_explain(const struct sched_tree *tree, const struct sched_group *group, const char *what,
		  const char *value, int number, struct sched_error *error);

#endif
