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

/* The CPUs that a node asks for itself alone. */
static inline const struct cpumask *cg_claim(const struct cg_node *node)
{
	return cpumask_empty(&node->exclusive) ? &node->cpus : &node->exclusive;
}

/* Why a partition is looked at again. */
enum cg_cause { CG_BY_CHANGE, CG_BY_HOTPLUG };

/* How far a change goes: past the node itself only if that changes, or in any case. */
enum cg_reach { CG_AS_IT_CHANGES, CG_ALWAYS };

/* cg_partition.c: what it asks for may be new: its state follows. Before node->cpus changes. */
void cg_partition_cpus(struct cg_node *node, const struct cpumask *cpus);
/* What of its claim the node has for itself; whether that is new. */
bool cg_refresh_exclusive(struct cg_node *node);
/* Looks again at the children of a node whose own state stands. */
void cg_decide_children(struct cg_node *node, enum cg_cause cause);
/* CPUs went or came: what the tree's root has given out. */
void cg_decide_remotes(struct cg_tree *tree);
/* A partition lost its last CPU while a child fell back on it: one such that is a partition no
 * more now; NULL: none. O(partitions). */
struct cg_node *cg_fault_stranded(struct cg_tree *tree, enum cg_cause cause);
/* The node gives up being a partition. */
void cg_partition_reset(struct cg_node *node);
struct cpumask cg_sum_given_out(const struct cg_tree *tree);

/* cg_cpuset.c: what its state and requests make of the node: `effective`, by the rule. */
struct cpumask cg_effective_of(const struct cg_node *node);
/* After a change in the node's state: everything that it has an effect on. */
void cg_settle(struct cg_node *node, enum cg_reach reach);

/* Fresh settings of a controller, as a node has them that just got it. */
void cg_cpuset_reset(struct cg_node *node);
void cg_shares_reset(struct cg_node *node);
void cg_bandwidth_reset(struct cg_node *node);
void cg_pids_reset(struct cg_node *node);
void cg_memory_reset(struct cg_node *node);

/* 0, -EACCES or -ENODEV: whether a setting that the root lacks may be changed. */
int cg_check_setting(const struct cg_node *node);

/* Whether members may be in the node: 0, -EOPNOTSUPP an invalid domain, -EBUSY it hands on domain
 * controllers. */
int cg_check_host(const struct cg_node *node);

/* Brings member->allowed in line with its node; queues it when that changes it. */
void cg_member_refresh(struct cg_member *member);
/* Partitions took CPUs of the root, or gave them back: its members have what it has from now on. */
void cg_end_first_masks(struct cg_node *root);

#endif
