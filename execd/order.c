// SPDX-License-Identifier: Apache-2.0
/*
 * order.c - from recipes to the order of work. Pure.
 *
 * Invariant afterwards: every group's parent stands before it, and every service that is not
 * wrong names a group that stands there (or the root).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execd/order.h"

struct recipe_group *recipes_group(struct recipes *recipes, const char *path)
{
	for (size_t i = 0; i < recipes->group_count; i++)
		if (!strcmp(recipes->groups[i].path, path))
			return &recipes->groups[i];
	if (recipes->group_count == RECIPE_GROUP_MAX)
		return NULL;
	struct recipe_group *group = &recipes->groups[recipes->group_count++];
	memset(group, 0, sizeof(*group));
	snprintf(group->path, sizeof(group->path), "%s", path);
	return group;
}

/* The group and all its parents; false (told) when there is no room. */
static bool group_add(struct recipes *recipes, const char *path, const struct recipe_place *place)
{
	char part[RECIPE_VALUE_MAX];
	for (size_t length = 0; path[length];) {
		length += path[length] == '/';
		length += strcspn(path + length, "/");
		snprintf(part, sizeof(part), "%.*s", (int)length, path);
		struct recipe_group *group = recipes_group(recipes, part);
		if (!group) {
			recipes_complain(recipes, place, "group %s: more than %d groups", path,
					 RECIPE_GROUP_MAX);
			return false;
		}
		if (!group->place.line)
			group->place = *place;
	}
	return true;
}

/* What stands there already rules over what comes. `kind` and `name` are for messages. */
static void limits_merge(struct recipes *recipes, const char *kind, const char *name,
			 struct recipe_limits *into, const struct recipe_limits *from)
{
	for (unsigned int i = 0; i < RECIPE_SETTING_COUNT; i++) {
		if (!from->of[i].place.line)
			continue;
		if (into->of[i].place.line)
			recipes_complain(recipes, &from->of[i].place,
					 "%s %s: %s is already set at %s:%d; that one stays", kind,
					 name, recipe_settings[i].key, into->of[i].place.file,
					 into->of[i].place.line);
		else
			into->of[i] = from->of[i];
	}
}

static bool limits_are_set(const struct recipe_limits *limits)
{
	for (unsigned int i = 0; i < RECIPE_SETTING_COUNT; i++)
		if (limits->of[i].place.line)
			return true;
	return false;
}

static struct recipe_service *service_named(struct recipes *recipes, const char *name)
{
	for (size_t i = 0; i < recipes->service_count; i++)
		if (!strcmp(recipes->services[i].name, name))
			return &recipes->services[i];
	return NULL;
}

/* Into the service; what its own section says stays. A mistake costs the service: nothing may run
 * outside a limit that was meant. */
static void profile_place(struct recipes *recipes, struct recipe_profile *profile)
{
	struct recipe_service *service = service_named(recipes, profile->service);
	if (!service) {
		recipes_complain(recipes, &profile->place, "%s %s: there is no service of that name",
				 profile->kind, profile->service);
		return;
	}
	if (profile->wrong && !service->wrong) {
		recipes_complain(recipes, &service->place,
				 "service %s: not started, as its %s is wrong (%s:%d)", service->name,
				 profile->kind, profile->place.file, profile->place.line);
		service->wrong = true;
	}
	limits_merge(recipes, "service", service->name, &service->limits, &profile->limits);
}

static void service_place(struct recipes *recipes, struct recipe_service *service)
{
	const struct recipe_limits *limits = &service->limits;

	if (!service->wrong && !service->argument_count) {
		recipes_complain(recipes, &service->place, "service %s: no exec= says what to run",
				 service->name);
		service->wrong = true;
	}
	if (service->wrong)
		return;
	if (!service->group[0]) {
		if (limits_are_set(limits))
			recipes_complain(recipes, &service->place,
					 "service %s: the root takes no settings; "
					 "they are left out",
					 service->name);
		return;
	}
	if (!group_add(recipes, service->group, &service->place)) {
		service->wrong = true;
		return;
	}
	limits_merge(recipes, "group", service->group,
		     &recipes_group(recipes, service->group)->limits, limits);
}

static bool is_below(const char *path, const char *top)
{
	size_t length = strlen(top);
	return !strncmp(path, top, length) && path[length] == '/';
}

const struct recipe_group *recipes_wrong_group(const struct recipes *recipes,
					       const struct recipe_service *service)
{
	for (size_t i = 0; i < recipes->group_count; i++) {
		const struct recipe_group *group = &recipes->groups[i];
		if (group->wrong && (!strcmp(service->group, group->path) ||
				     is_below(service->group, group->path)))
			return group;
	}
	return NULL;
}

/* A node that hands out controllers takes no tasks (cgroup v2), the root aside. */
static void service_check_leaf(struct recipes *recipes, struct recipe_service *service)
{
	for (size_t i = 0; !service->wrong && service->group[0] && i < recipes->group_count; i++)
		if (is_below(recipes->groups[i].path, service->group)) {
			recipes_complain(recipes, &service->place,
					 "service %s: its group %s has a group below it (%s), "
					 "so tasks cannot be in it; "
					 "give the service a group of its own",
					 service->name, service->group, recipes->groups[i].path);
			service->wrong = true;
		}
}

static void service_check_group(struct recipes *recipes, struct recipe_service *service)
{
	service_check_leaf(recipes, service);
	const struct recipe_group *group = recipes_wrong_group(recipes, service);
	if (service->wrong || !group)
		return;
	recipes_complain(recipes, &service->place,
			 "service %s: not started, as group %s is wrong (%s:%d)", service->name,
			 group->path, group->place.file, group->place.line);
	service->wrong = true;
}

static int group_compare(const void *one, const void *other)
{
	return sched_path_compare(((const struct recipe_group *)one)->path,
				  ((const struct recipe_group *)other)->path);
}

void recipes_order(struct recipes *recipes)
{
	size_t told_count = recipes->group_count;

	for (size_t i = 0; i < told_count; i++) {
		struct recipe_place place = recipes->groups[i].place;
		if (!group_add(recipes, recipes->groups[i].path, &place))
			recipes->groups[i].wrong = true;
	}
	for (size_t i = 0; i < recipes->profile_count; i++)
		profile_place(recipes, &recipes->profiles[i]);
	for (size_t i = 0; i < recipes->service_count; i++)
		service_place(recipes, &recipes->services[i]);
	for (size_t i = 0; i < recipes->service_count; i++)
		service_check_group(recipes, &recipes->services[i]);
	qsort(recipes->groups, recipes->group_count, sizeof(recipes->groups[0]), group_compare);
}
