// SPDX-License-Identifier: Apache-2.0
/*
 * user_page.h - pages for the memory and files of users: where the task's memory nodes allow.
 *
 * The tree publishes to each task the nodes of its cpuset.mems (task->mems). They are a wall: a
 * page of its address space or of a file that it writes comes from nowhere else, but for a task on
 * its way out, which takes what there is and gives back all the sooner. The kernel's own memory
 * (page tables, stacks, slabs, pipes) is not walled in. Within the wall the mapping's policy decides,
 * or else the task's.
 */
#ifndef KERNEL_MM_USER_PAGE_H
#define KERNEL_MM_USER_PAGE_H

#include "kernel/mm/page.h"
#include "kernel/mm/policy.h"
#include "kernel/proc/task.h"

/* Page `number` of a mapping with that policy (NULL: of no mapping), for the current task, whose memory
 * has `has` pages already: one with more than a quarter of what there is gets nothing when that is
 * scarce, so that small ones and the kernel live on. NULL: nothing for it. */
struct page *user_page_alloc_by(const struct memory_policy *policy, uint64_t number, uint64_t has,
				enum page_flags flags);

/* Whether any page will do for the current task, whose memory has `has` pages already. */
static inline bool user_page_is_any(const struct memory_policy *policy, uint64_t has)
{
	return likely(!current->placed && policy->mode == POLICY_DEFAULT &&
		      has <= page_total() / 4);
}

/* The nodes from which a page of a mapping with that policy may come to the current task. */
uint64_t user_page_nodes(const struct memory_policy *policy);

/* A page for no mapping, by the task's policy. */
static inline struct page *user_page_alloc(enum page_flags flags)
{
	return likely(!current->placed) ? page_alloc(0, flags)
					: user_page_alloc_by(NULL, 0, 0, flags);
}

/* The current task got a page of its memory, or one of them moved: which node most came from of
 * late, by the majority vote of Boyer and Moore with HOME_VOTES_MAX votes at most, so that what is freed long
 * ago does not count for ever. A new program asks anew, a child begins with its
 * parent's answer. Pages that others move do not vote, but cpuset.mems takes the answer along. */
enum { HOME_VOTES_MAX = 512 };
static inline void user_page_note(const struct page *page)
{
	struct task *task = current;
	unsigned int votes = task->home_votes;
	if (likely(page->node == task->home_node))
		votes += votes < HOME_VOTES_MAX;
	else if (votes)
		votes--;
	else
		__atomic_store_n(&task->home_node, (uint8_t)page->node, __ATOMIC_RELAXED);
	task->home_votes = (uint16_t)votes;
}
/* The nodes near which a task wants to run: its policy's, or where most of its memory is, of those that it
 * may use. Its lock is held. */
uint64_t user_page_home(const struct task *task);

/* A task's nodes, and the policies that follow them: `mems` is not empty. Takes the task's lock. */
void user_page_set_mems(struct task *task, uint64_t mems);
/* The current task's policy: set, read, and for a child taken over. They take the task's lock. */
void user_page_set_policy(const struct memory_policy *policy);
struct memory_policy user_page_policy(void);
void user_page_inherit_policy(struct task *child);
static inline void user_page_inherit(struct task *child)
{
	child->mems = __atomic_load_n(&current->mems, __ATOMIC_RELAXED);
	child->home_node = current->home_node;
	child->home_votes = current->home_votes;
	if (unlikely(current->placed || current->policy.mode != POLICY_DEFAULT))
		user_page_inherit_policy(child);
}

#endif
