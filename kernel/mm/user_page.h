// SPDX-License-Identifier: Apache-2.0
/*
 * user_page.h - pages for the memory and files of users: where the task's memory nodes allow.
 *
 * The tree publishes to each task the nodes of its cpuset.mems (task->mems). They are a wall: a
 * page of its address space or of a file that it writes comes from nowhere else, but for a task on
 * its way out, which takes what there is and gives back all the sooner. The kernel's own memory
 * (page tables, stacks, slabs, pipes) is not walled in.
 */
#ifndef KERNEL_MM_USER_PAGE_H
#define KERNEL_MM_USER_PAGE_H

#include "kernel/mm/page.h"
#include "kernel/proc/task.h"

/* What is not the common case below. */
struct page *user_page_alloc_slowly(uint64_t has, enum page_flags flags);

/* A page for the current task, whose memory has `has` pages already: one with more than a quarter of
 * what there is gets nothing when that is scarce, so that small ones and the kernel live on. NULL:
 * nothing for it. */
static inline struct page *user_page_alloc(uint64_t has, enum page_flags flags)
{
	if (likely(!current->placed && has <= page_total() / 4))
		return page_alloc(0, flags);
	return user_page_alloc_slowly(has, flags);
}

/* A task's nodes: `mems` is not empty. Takes the task's lock. */
void user_page_set_mems(struct task *task, uint64_t mems);

#endif
