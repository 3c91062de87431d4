// SPDX-License-Identifier: Apache-2.0
/*
 * recipes_fuzz.c - any bytes as a recipe file of execd's: it is read and ordered, what is wrong is
 * told a line at a time, and all that is kept ends within its place.
 */
#include <string.h>

#include "cgroups/cg.h"
#include "execd/order.h"
#include "execd/recipes.h"

static unsigned int told;

static void take_line(void *context, const char *text)
{
	(void)context;
	cg_assert(!strchr(text, '\n'));
	told++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct recipes recipes;
	const struct recipe_report report = {.line = take_line};
	told = 0;
	recipes_init(&recipes, &report);
	recipes_read(&recipes, "fuzz.ini", (const char *)data, size);
	recipes_order(&recipes);
	cg_assert(recipes.service_count <= RECIPE_SERVICE_MAX);
	cg_assert(recipes.group_count <= RECIPE_GROUP_MAX);
	cg_assert(recipes.error_count == told);
	for (size_t i = 0; i < recipes.service_count; i++)
		cg_assert(memchr(recipes.services[i].name, 0, sizeof(recipes.services[i].name)));
	for (size_t i = 0; i < recipes.group_count; i++)
		cg_assert(memchr(recipes.groups[i].path, 0, sizeof(recipes.groups[i].path)));
	return 0;
}
