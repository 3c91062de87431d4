// SPDX-License-Identifier: Apache-2.0
/*
 * cg_internal.h - what the tree's own files ask of each other.
 *
 * Context: the caller holds whatever guards the tree.
 */
#ifndef CGROUPS_CG_INTERNAL_H
#define CGROUPS_CG_INTERNAL_H

#include "cgroups/cg.h"

#define cg_for_each_link(link, head) \
	for (struct cg_link *link = (head)->next; link != (head); link = link->next)

static inline struct cg_node *cg_node_of_sibling(const struct cg_link *link)
{
	return cg_link_container(link, struct cg_node, siblings);
}

static inline struct cg_member *cg_member_of_node_link(const struct cg_link *link)
{
	return cg_link_container(link, struct cg_member, node_link);
}

static inline struct cg_member *cg_member_of_thread(const struct cg_link *link)
{
	return cg_link_container(link, struct cg_member, threads);
}

/* The mixable one: it takes domain and threaded children, and members beside them. */
static inline bool cg_node_is_root(const struct cg_node *node)
{
	return node == &node->tree->root;
}

/* Puts the node into the queue of changed nodes. */
void cg_node_changed(struct cg_node *node, enum cg_change what);
void cg_member_changed(struct cg_member *member);

/* Fresh settings of a controller, as a node has them that just got it. */
void cg_cpuset_reset(struct cg_node *node);
void cg_shares_reset(struct cg_node *node);
void cg_bandwidth_reset(struct cg_node *node);
void cg_pids_reset(struct cg_node *node);

/* 0, -EACCES or -ENODEV: whether a setting that the root lacks may be changed. */
int cg_check_setting(const struct cg_node *node);

/* Whether members may be in the node: 0, -EOPNOTSUPP an invalid domain, -EBUSY it hands on domain
 * controllers. */
int cg_check_host(const struct cg_node *node);

/* Brings member->allowed in line with its node; queues it when that changes it. */
void cg_member_refresh(struct cg_member *member);

#endif
