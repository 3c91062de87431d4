// SPDX-License-Identifier: Apache-2.0
/*
 * selftest.h - a self-test boot (`./run --append selftest`): what was set is measured, and a line on
 * the console says so. A line that is missing is a fact that could not be measured.
 */
#ifndef EXECD_SELFTEST_H
#define EXECD_SELFTEST_H

#include <sys/types.h>

#include "execd/recipes.h"

/* Before anything competes with it: measures that shares and masks are obeyed, and tells each that is; and
 * the classes, the shares and the bursts of the services' groups, for later. A second, and half a second
 * a service. */
void selftest_run(const struct sched_tree *tree, const struct recipes *recipes);

/* The service was started as `pid`: tells what the kernel says of its CPUs and its QoS, where that is
 * what its recipe asked for, and what was measured in its group. */
void selftest_service(const struct sched_tree *tree, const struct recipes *recipes, size_t index, pid_t pid);

#endif
