// SPDX-License-Identifier: Apache-2.0
/*
 * link.h - a ring of links inside the things that it holds: the tree's lists.
 *
 * A head and a member are both links. A link that is on no list is a ring of itself, so removing
 * it once more does no harm.
 *
 * Context: the caller holds whatever guards the tree.
 */
#ifndef CGROUPS_LINK_H
#define CGROUPS_LINK_H

#include <stdbool.h>
#include <stddef.h>

struct cg_link {
	struct cg_link *next, *prev;
};

#define cg_link_container(link, type, field) ((type *)((char *)(link) - offsetof(type, field)))

static inline void cg_link_init(struct cg_link *link)
{
	link->next = link->prev = link;
}

static inline bool cg_link_alone(const struct cg_link *link)
{
	return link->next == link;
}

/* Puts `link` before `place`: at the end of a list when `place` is its head. */
static inline void cg_link_insert(struct cg_link *link, struct cg_link *place)
{
	link->next = place;
	link->prev = place->prev;
	place->prev->next = link;
	place->prev = link;
}

static inline void cg_link_remove(struct cg_link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	cg_link_init(link);
}

#endif
