// SPDX-License-Identifier: Apache-2.0
/*
 * groups.h - the recipes' groups, made and taken away.
 */
#ifndef EXECD_GROUPS_H
#define EXECD_GROUPS_H

#include "execd/recipes.h"

/*
 * Makes the groups with their controllers, CPUs and shares. What fails is told and marks the
 * group wrong; only CPUs that this machine does not have do not: the group then goes without
 * that request, so that one recipe serves machines of several sizes.
 *
 * Where there is a policy its daemon is asked first: what it denies is a mistake of the recipe; without
 * an answer the group goes with the defaults, which is told.
 */
void groups_make(const struct sched_tree *tree, struct recipes *recipes, pid_t policy_daemon);

/* Removes them, children first; what is still in use stays. */
void groups_remove(const struct sched_tree *tree, const struct recipes *recipes);

#endif
