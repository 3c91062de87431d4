// SPDX-License-Identifier: Apache-2.0
/*
 * groups.c - the recipes' groups, made and taken away.
 */
#include <errno.h>
#include <stdio.h>

#include "execd/groups.h"

static int group_limit(const struct sched_tree *tree, const struct sched_group *path,
		       const struct recipe_limits *limits, struct recipes *recipes)
{
	struct sched_error error;
	char shares[16];
	int result = 0;

	if (limits->cpus_place.line)
		result = sched_file_write(tree, path, "cpuset.cpus", limits->cpus, &error);
	if (result == -ERANGE) {
		recipes_complain(recipes, &limits->cpus_place, "%s; the group goes without",
				 error.text);
		result = 0;
	} else if (result) {
		recipes_complain(recipes, &limits->cpus_place, "%s", error.text);
		return result;
	}
	if (!limits->shares_place.line)
		return 0;
	snprintf(shares, sizeof(shares), "%u", limits->shares);
	result = sched_file_write(tree, path, "cpu.weight", shares, &error);
	if (result)
		recipes_complain(recipes, &limits->shares_place, "%s", error.text);
	return result;
}

void groups_make(const struct sched_tree *tree, struct recipes *recipes)
{
	for (size_t i = 0; i < recipes->group_count; i++) {
		struct recipe_group *group = &recipes->groups[i];
		struct sched_group path;
		struct sched_error error;
		unsigned int made_count;

		snprintf(path.path, sizeof(path.path), "%s", group->path);
		if (sched_group_create(tree, &path, SCHED_CREATE_PARENTS, &made_count, &error)) {
			recipes_complain(recipes, &group->place, "%s", error.text);
			group->wrong = true;
		} else if (group_limit(tree, &path, &group->limits, recipes)) {
			group->wrong = true;
		}
	}
}

void groups_remove(const struct sched_tree *tree, const struct recipes *recipes)
{
	for (size_t i = recipes->group_count; i-- > 0;) {
		struct sched_group path;
		struct sched_error error;
		snprintf(path.path, sizeof(path.path), "%s", recipes->groups[i].path);
		sched_group_remove(tree, &path, &error);
	}
}
