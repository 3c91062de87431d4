// SPDX-License-Identifier: Apache-2.0
/*
 * cg_member.c - threads: where they are, their processes, their pins, and pids.max.
 *
 *   allowed = effective ∩ pin;  when that is empty, or without a pin: effective
 *
 * What the system starts in the root has its first mask, without the CPUs isolated at boot, and so
 * have its children, until a pin, another mask of their node or a partition gives them another.
 *
 * The pin is the whole last request and survives everything, so a CPU that is taken away and given
 * back is used again. A process is the ring of its threads; one of them leads, which is how it is
 * listed once.
 *
 * Counts: member_count is of one node, task_count of its subtree; whether a node is populated
 * travels up only as far as it changes something. A move enters before it leaves, so that no
 * common ancestor is seen empty in between.
 *
 * Context: the caller holds whatever guards the tree.
 */
#include <errno.h>
#include <string.h>

#include "cgroups/cg_internal.h"

/* One more or one less populated thing in `node`: tells those above that it matters to. */
static void update_populated(struct cg_node *node, uint32_t *count, int32_t step)
{
	for (;;) {
		bool before = cg_node_is_populated(node);
		*count += (uint32_t)step;
		if (cg_node_is_populated(node) == before)
			return;
		cg_node_changed(node, CG_CHANGED_EVENTS);
		if (!node->parent)
			return;
		count = cg_node_is_threaded(node) ? &node->parent->populated_threaded_children
						  : &node->parent->populated_domain_children;
		node = node->parent;
	}
}

static void count_task(struct cg_node *node, int32_t step)
{
	update_populated(node, &node->member_count, step);
	for (; node; node = node->parent)
		node->task_count += step;
}

static void count_running(struct cg_node *node, uint32_t step)
{
	for (; node; node = node->parent) {
		bool before = cg_node_is_frozen(node);
		node->running_count += step;
		if (cg_node_is_frozen(node) != before)
			cg_node_changed(node, CG_CHANGED_FROZEN);
	}
}

void cg_member_stopped(struct cg_member *member)
{
	if (!member->running)
		return;
	member->running = false;
	count_running(member->node, -1U);
}

void cg_member_continued(struct cg_member *member)
{
	if (member->running || !member->node->tree->counts_running)
		return;
	member->running = true;
	count_running(member->node, 1);
}

static void enter(struct cg_member *member, struct cg_node *node)
{
	member->node = node;
	cg_link_insert(&member->node_link, &node->members);
	count_task(node, 1);
}

static void init_member(struct cg_member *member, int32_t tid, int32_t pid)
{
	memset(member, 0, sizeof(*member));
	member->tid = tid;
	member->pid = pid;
	cg_link_init(&member->node_link);
	cg_link_init(&member->threads);
	cg_link_init(&member->changed_link);
}

/* A new member runs. */
static void start(struct cg_member *member, struct cg_node *node)
{
	enter(member, node);
	cg_member_continued(member);
}

static struct cpumask mask_of(const struct cg_member *member)
{
	const struct cg_node *node = member->node;
	while (cpumask_empty(&node->effective) && node->parent)
		node = node->parent;
	const struct cpumask *effective = &node->effective;
	if (member->keeps_off) {
		struct cpumask first = cpumask_andnot(effective, &node->tree->boot_isolated);
		return cpumask_empty(&first) ? *effective : first;
	}
	if (!member->pinned)
		return *effective;
	struct cpumask allowed = cpumask_and(effective, &member->pin);
	return cpumask_empty(&allowed) ? *effective : allowed;
}

void cg_member_refresh(struct cg_member *member)
{
	if (member->kernel_thread)
		return;
	struct cpumask allowed = mask_of(member);
	if (cpumask_equal(&allowed, &member->allowed))
		return;
	member->allowed = allowed;
	cg_member_changed(member);
}

void cg_end_first_masks(struct cg_node *root)
{
	if (cpumask_empty(&root->tree->boot_isolated))
		return;
	cg_for_each_link(link, &root->members) {
		struct cg_member *member = cg_member_of_node_link(link);
		member->keeps_off = false;
		cg_member_refresh(member);
	}
}

static int check_node(const struct cg_node *node)
{
	if (node->dead)
		return -ENODEV;
	int error = cg_check_host(node);
	if (error)
		return error;
	return cpumask_empty(&node->effective) ? -ENOSPC : 0;
}

int cg_check_attach(const struct cg_member *member, const struct cg_node *node,
		    enum cg_scope scope)
{
	if (node->dead)
		return -ENODEV;
	if (member->kernel_thread)
		return -EINVAL;
	int error = cg_check_host(node);
	if (error)
		return error;
	if (scope == CG_THREAD && member->node->domain != node->domain)
		return -EOPNOTSUPP;
	return member->node != node && cpumask_empty(&node->effective) ? -ENOSPC : 0;
}

int cg_attach(struct cg_member *member, struct cg_node *node, int32_t pid)
{
	int error = check_node(node);
	if (error)
		return error;

	init_member(member, pid, pid);
	member->leads = true;
	start(member, node);
	member->keeps_off = !node->parent;
	member->allowed = mask_of(member);
	return 0;
}

void cg_attach_kernel_thread(struct cg_member *member, struct cg_tree *tree, int32_t tid)
{
	init_member(member, tid, tid);
	member->leads = true;
	member->kernel_thread = true;
	start(member, &tree->root);
	member->allowed = tree->possible;
}

/* A fork is refused by the lowest limit that it would break; those above count it, too. */
static int charge_fork(struct cg_node *node)
{
	struct cg_node *full = node;
	while (full && full->task_count < full->pids_max)
		full = full->parent;
	if (!full)
		return 0;
	full->pids_refused_here++;
	for (struct cg_node *up = full; up->parent; up = up->parent) {
		up->pids_refused++;
		cg_node_changed(up, CG_CHANGED_PIDS);
	}
	return -EAGAIN;
}

int cg_fork(struct cg_member *child, struct cg_member *creator, struct cg_node *into,
	    enum cg_scope scope, int32_t tid)
{
	cg_assert(!creator->kernel_thread);
	struct cg_node *node = into ? into : creator->node;
	int error = into ? cg_check_attach(creator, into, scope) : 0;
	if (!error)
		error = charge_fork(node);
	if (error)
		return error;

	init_member(child, tid, scope == CG_THREAD ? creator->pid : tid);
	child->leads = scope == CG_PROCESS;
	if (scope == CG_THREAD)
		cg_link_insert(&child->threads, &creator->threads);
	child->pinned = creator->pinned;
	child->pin = creator->pin;
	child->keeps_off = creator->keeps_off && node == creator->node;
	start(child, node);
	child->allowed = mask_of(child);
	return 0;
}

void cg_detach(struct cg_member *member)
{
	if (member->leads && !cg_link_alone(&member->threads))
		cg_member_of_thread(member->threads.next)->leads = true;
	cg_link_remove(&member->threads);
	cg_link_remove(&member->node_link);
	cg_link_remove(&member->changed_link);
	cg_member_stopped(member);
	count_task(member->node, -1);
	member->node = NULL;
}

static void move_one(struct cg_member *member, struct cg_node *node)
{
	struct cg_node *from = member->node;
	if (from == node)
		return;
	cg_link_remove(&member->node_link);
	member->keeps_off &= cpumask_equal(&from->effective, &node->effective);
	enter(member, node);
	count_task(from, -1);
	if (member->running) {
		count_running(node, 1);
		count_running(from, -1U);
	}
	cg_member_changed(member);
	cg_member_refresh(member);
}

int cg_move(struct cg_member *member, struct cg_node *node, enum cg_scope scope)
{
	int error = cg_check_attach(member, node, scope);
	if (error)
		return error;

	move_one(member, node);
	if (scope == CG_PROCESS)
		cg_for_each_link(link, &member->threads)
			move_one(cg_member_of_thread(link), node);
	return 0;
}

int cg_pin(struct cg_member *member, const struct cpumask *request)
{
	if (member->kernel_thread || !cpumask_intersects(request, &member->node->effective))
		return -EINVAL;

	member->pinned = true;
	member->keeps_off = false;
	member->pin = *request;
	cg_member_refresh(member);
	return 0;
}

int cg_set_pids_max(struct cg_node *node, int64_t limit)
{
	int error = cg_check_setting(node);
	if (error)
		return error;
	if (limit != CG_LIMIT_NONE && (limit < 0 || limit > CG_PIDS_MAX))
		return -EINVAL;
	node->pids_max = (int32_t)limit;
	return 0;
}

void cg_pids_reset(struct cg_node *node)
{
	node->pids_max = CG_LIMIT_NONE;
	node->pids_refused = 0;
	node->pids_refused_here = 0;
}

struct cg_member *cg_next_member(const struct cg_node *node, const struct cg_member *member)
{
	const struct cg_link *link = member ? member->node_link.next : node->members.next;
	return link == &node->members ? NULL : cg_member_of_node_link(link);
}
