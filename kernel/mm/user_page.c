// SPDX-License-Identifier: Apache-2.0
/*
 * user_page.c - see user_page.h.
 *
 * Locks: (k) a task's lock guards its policy against the tree, which rebinds it; only the task itself
 * sets it and allocates by it.
 */
#include "kernel/mm/user_page.h"

#include "kernel/kernel.h"
#include "kernel/mm/node.h"
#include "kernel/proc/life.h"
#include "kernel/smp/cpu.h"

/* Nothing walls in who is about to end. */
static bool may_leave(void)
{
	return current->flags & TASK_EXITING || task_is_dying();
}

/* The task's own turn: for pages that have no number. */
static struct policy_place next_place(const struct memory_policy *policy, uint64_t mems)
{
	struct policy_place place = policy_place(policy, mems, 0, this_cpu()->node);
	if (policy->mode == POLICY_INTERLEAVE) {
		place.node = policy_next(policy->nodes, current->last_interleaved);
		current->last_interleaved = (uint8_t)place.node;
	}
	return place;
}

struct page *user_page_alloc_by(const struct memory_policy *policy, uint64_t number, uint64_t has,
				enum page_flags flags)
{
	uint64_t mems = __atomic_load_n(&current->mems, __ATOMIC_RELAXED);
	struct memory_policy of_task = user_page_policy();
	bool by_number = policy;
	if (!policy || policy->mode == POLICY_DEFAULT)
		policy = &of_task;
	mems = mems ? mems : NODES_ALL; /* the kernel's, at boot */
	struct policy_place place = by_number
		? policy_place(policy, mems, number, this_cpu()->node) : next_place(policy, mems);

	uint64_t nodes = place.first | place.then;
	if (has > page_total_in(nodes) / 4 && page_is_scarce_in(nodes))
		return NULL;
	struct page *page = page_alloc_from(place.node, place.first, flags);
	if (!page && place.then)
		page = page_alloc_from(place.node, place.then, flags);
	if (unlikely(!page) && may_leave())
		page = page_alloc(0, flags);
	if (page && policy->mode == POLICY_INTERLEAVE && page->node == place.node)
		page_count_interleaved(place.node);
	return page;
}

uint64_t user_page_nodes(const struct memory_policy *policy)
{
	uint64_t mems = __atomic_load_n(&current->mems, __ATOMIC_RELAXED);
	struct memory_policy of_task = user_page_policy();
	if (policy->mode == POLICY_DEFAULT)
		policy = &of_task;
	struct policy_place place = policy_place(policy, mems, 0, this_cpu()->node);
	return place.first | place.then;
}

/* Whether more is to be said than "the nearest". (k) is held. */
static void note_placement(struct task *task)
{
	bool placed = nodes_with_memory & ~task->mems ||
		(task->policy.mode != POLICY_DEFAULT && task->policy.mode != POLICY_LOCAL);
	__atomic_store_n(&task->placed, placed, __ATOMIC_RELAXED);
}

/* It goes where its pages go: vm_migrate(). */
static void rebind_home(struct task *task, uint64_t mems)
{
	unsigned int home = task->home_node;
	bool same_size = __builtin_popcountll(task->mems) == __builtin_popcountll(mems);
	if (same_size || !(mems & node_bit(home)))
		home = node_remap(home, task->mems, mems);
	__atomic_store_n(&task->home_node, (uint8_t)home, __ATOMIC_RELAXED);
}

void user_page_set_mems(struct task *task, uint64_t mems)
{
	kassert(mems);
	spin_lock(&task->lock);
	rebind_home(task, mems);
	__atomic_store_n(&task->mems, mems, __ATOMIC_RELAXED);
	policy_rebind(&task->policy, mems);
	note_placement(task);
	spin_unlock(&task->lock);
}

void user_page_set_policy(const struct memory_policy *policy)
{
	spin_lock(&current->lock);
	current->policy = *policy;
	policy_rebind(&current->policy, current->mems); /* it may have been made under others */
	current->last_interleaved = NODES_MAX - 1;
	note_placement(current);
	spin_unlock(&current->lock);
}

struct memory_policy user_page_policy(void)
{
	spin_lock(&current->lock);
	struct memory_policy policy = current->policy;
	spin_unlock(&current->lock);
	return policy;
}

uint64_t user_page_home(const struct task *task)
{
	uint64_t home = task->policy.nodes & task->mems;
	if (!home)
		home = node_bit(__atomic_load_n(&task->home_node, __ATOMIC_RELAXED)) & task->mems;
	return home ? home : task->mems;
}

void user_page_inherit_policy(struct task *child)
{
	spin_lock(&current->lock);
	child->mems = current->mems;
	child->policy = current->policy;
	child->placed = current->placed;
	spin_unlock(&current->lock);
	child->last_interleaved = current->last_interleaved;
}
