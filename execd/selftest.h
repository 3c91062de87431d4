// SPDX-License-Identifier: Apache-2.0
/*
 * selftest.h - a self-test boot (`./run --append selftest`): what was set is measured, and a line on
 * the console says so. A line that is missing is a fact that could not be measured.
 */
#ifndef EXECD_SELFTEST_H
#define EXECD_SELFTEST_H

#include <sys/types.h>

#include "execd/recipes.h"

/* The service was started as `pid`: tells what the kernel says of its CPUs and its QoS, where that is
 * what its recipe asked for. */
void selftest_service(const struct sched_tree *tree, const struct recipe_service *service, pid_t pid);

/* Measures that shares and masks are obeyed: about two seconds. Tells each that is. */
void selftest_run(const struct sched_tree *tree);

#endif
