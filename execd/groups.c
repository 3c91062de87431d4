// SPDX-License-Identifier: Apache-2.0
/*
 * groups.c - the recipes' groups, made and taken away.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "execd/ask.h"
#include "execd/groups.h"
#include "execd/log.h"

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

/* In whose name a group's settings are asked for: its first service's, else its own. */
static void group_owner(const struct recipes *recipes, const struct recipe_group *group, char *who,
			size_t size)
{
	for (size_t i = 0; i < recipes->service_count; i++)
		if (!strcmp(recipes->services[i].group, group->path)) {
			snprintf(who, size, "service %s", recipes->services[i].name);
			return;
		}
	snprintf(who, size, "group %s", group->path);
}

/* 1: the settings may be set; 0: without them; negative (told): the recipe asks for too much. */
static int group_ask(struct recipes *recipes, const struct recipe_group *group, pid_t daemon)
{
	char who[RECIPE_VALUE_MAX + 8], reason[160];
	enum recipe_setting setting;

	if (!ask_is_needed())
		return 1;
	group_owner(recipes, group, who, sizeof(who));
	switch (ask_policy(daemon, who, &group->limits, &setting, reason, sizeof(reason))) {
	case POLICY_ALLOWED:
		return 1;
	case POLICY_NO_ANSWER:
		log_error("%s:%d: %s: policyd does not answer; it goes with the defaults",
			  group->place.file, group->place.line, who);
		return 0;
	default:
		recipes_complain(recipes, group->limits.of[setting].place.line
					 ? &group->limits.of[setting].place : &group->place,
				 "%s: %s %s: %s", who, recipe_settings[setting].key,
				 group->limits.of[setting].value, reason);
		return -EPERM;
	}
}

void groups_make(const struct sched_tree *tree, struct recipes *recipes, pid_t policy_daemon)
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
			continue;
		}
		int answer = group_ask(recipes, group, policy_daemon);
		if (answer < 0 || (answer && group_limit(tree, &path, &group->limits, recipes)))
			group->wrong = true;
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
