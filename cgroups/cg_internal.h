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

/* How far a change goes: past the node itself only if that changes, or in any case. */
enum cg_reach { CG_AS_IT_CHANGES, CG_ALWAYS };

/* cg_partition.c: what the node asks for is new: its state follows, and node->cpus. */
void cg_partition_cpus(struct cg_node *node, const struct cpumask *cpus);
/* What is the node's own changed: child partitions that it cannot afford lose their CPUs. */
void cg_partition_judge(struct cg_node *node);
/* The parent of a node that is not remote changed. */
void cg_partition_follow(struct cg_node *node);
/* CPUs went or came: for any node but the root, its parent first. */
void cg_partition_hotplug(struct cg_node *node);
/* A partition that has tasks and no CPU left: one such that is a partition no more now; NULL: none.
 * O(partitions). */
struct cg_node *cg_fault_stranded(struct cg_tree *tree);
/* The node gives up being a partition, and its claim. */
void cg_partition_reset(struct cg_node *node);

/* cg_cpuset.c: whether a partition may ask for `claim` in the place of what it asks for: 0, or the
 * answer of may_shrink. */
int cg_check_claim(const struct cg_node *node, const struct cpumask *claim);
/* What its state and requests make of the node: `effective`, by the rule. */
struct cpumask cg_effective_of(const struct cg_node *node);
/* The partition `taker` had `before` from `giver` and has `after` now; on its own account, or as all
 * children of the giver are looked at in turn. */
enum cg_turn { CG_ALONE, CG_IN_TURN };
void cg_hand_over(struct cg_node *giver, struct cg_node *taker, enum cg_turn turn,
		  const struct cpumask *before, const struct cpumask *after);
/* The node, and what is below it, as its state and its parent are now. */
void cg_refresh_below(struct cg_node *top, enum cg_reach reach);
/* The children of those that handed CPUs over. */
void cg_refresh_beside(struct cg_tree *tree);
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
