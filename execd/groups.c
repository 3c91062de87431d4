// SPDX-License-Identifier: Apache-2.0
/*
 * groups.c - the recipes' groups, made and taken away.
 */
#include <errno.h>
#include <stdio.h>

#include "execd/groups.h"

/* CPUs that this machine does not have are told, and the group goes without: one recipe serves
 * machines of several sizes. Nothing else is forgiven. */
static int group_set(const struct sched_tree *tree, const struct sched_group *path,
		     enum recipe_setting setting, const struct recipe_limit *limit,
		     struct recipes *recipes)
{
	struct sched_error error;
	int result = sched_file_write(tree, path, recipe_settings[setting].file, limit->value, &error);

	if (!result)
		return 0;
	bool forgiven = setting == RECIPE_CPUS && result == -ERANGE;
	recipes_complain(recipes, &limit->place, forgiven ? "%s; the group goes without" : "%s",
			 error.text);
	return forgiven ? 0 : result;
}

static int group_limit(const struct sched_tree *tree, const struct sched_group *path,
		       const struct recipe_limits *limits, struct recipes *recipes)
{
	for (unsigned int i = 0; i < RECIPE_SETTING_COUNT; i++) {
		int result = limits->of[i].place.line
			? group_set(tree, path, i, &limits->of[i], recipes) : 0;
		if (result)
			return result;
	}
	return 0;
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
