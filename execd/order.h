// SPDX-License-Identifier: Apache-2.0
/*
 * order.h - from recipes to the order of work.
 */
#ifndef EXECD_ORDER_H
#define EXECD_ORDER_H

#include "execd/recipes.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * After all files are read: gives every service's group and every parent a place among the
 * groups, moves the services' cpus and shares there, and sorts the groups, parents first. What
 * cannot work is told: a service without exec=, in a wrong group, or in one that has groups below
 * it is marked wrong; of a setting said twice for a group the first stays; limits for the root
 * are left out.
 */
void recipes_order(struct recipes *recipes);

/* The wrong group that the service would run in or below; NULL: none. Nothing runs where a limit
 * was meant and is not there. */
const struct recipe_group *recipes_wrong_group(const struct recipes *recipes,
					       const struct recipe_service *service);

#ifdef __cplusplus
}
#endif

#endif
