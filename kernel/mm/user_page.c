// SPDX-License-Identifier: Apache-2.0
/*
 * user_page.c - see user_page.h.
 */
#include "kernel/mm/user_page.h"

#include "kernel/kernel.h"
#include "kernel/mm/node.h"
#include "kernel/proc/life.h"
#include "kernel/smp/cpu.h"

/* Nothing walls in who is about to end. */
static bool may_leave(void)
{
	return current->flags & TASK_EXITING || (current->process && task_is_dying());
}

struct page *user_page_alloc_slowly(uint64_t has, enum page_flags flags)
{
	unsigned int here = this_cpu()->node;
	uint64_t mems = current->placed ? __atomic_load_n(&current->mems, __ATOMIC_RELAXED) : NODES_ALL;
	if (has > page_total_in(mems) / 4 && page_is_scarce_in(mems))
		return NULL;
	struct page *page = page_alloc_from(here, mems, flags);
	if (unlikely(!page) && may_leave())
		page = page_alloc(0, flags);
	return page;
}

void user_page_set_mems(struct task *task, uint64_t mems)
{
	kassert(mems);
	spin_lock(&task->lock);
	__atomic_store_n(&task->mems, mems, __ATOMIC_RELAXED);
	__atomic_store_n(&task->placed, (nodes_with_memory & ~mems) != 0, __ATOMIC_RELAXED);
	spin_unlock(&task->lock);
}
