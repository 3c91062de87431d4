// SPDX-License-Identifier: Apache-2.0
/*
 * tree_mems.c - memory nodes: told to tasks as masks are, and their pages moved after them.
 *
 * A change of the tree gives each task its new set under the tree's mutex; from then on it takes no
 * page from elsewhere. Tasks that stand for their process are queued there, with what they had
 * before, and whoever made the change moves their pages once the tree is free again, before its write
 * returns. A fault that had chosen a page by the old set still holds its address space's mutex, so
 * that page is found and moved, too.
 *
 * One mover at a time: who finds the queue empty knows that the others' work is done.
 */
#include "kernel/kernel.h"
#include "kernel/mm/migrate.h"
#include "kernel/mm/user_page.h"
#include "kernel/sched/tree.h"

static struct mutex mover = MUTEX_INIT(mover, LOCK_RANK_MOVER);
static struct task *queue; /* (t) through task->migrating_next; each with a reference */

static void enqueue(struct task *task, uint64_t had)
{
	if (task->left_mems)
		return; /* there already, with what it had first */
	task_get(task);
	task->left_mems = had;
	task->migrating_next = queue;
	queue = task;
}

void tree_publish_mems(struct task *task)
{
	uint64_t had = task->mems, mems = task->member.node->effective_mems;

	if (had == mems)
		return;
	user_page_set_mems(task, mems);
	if (had && task->member.leads)
		enqueue(task, had);
}

bool tree_has_moves(void)
{
	return queue != NULL;
}

static struct task *dequeue(uint64_t *from, uint64_t *to)
{
	mutex_lock(&tree_mutex);
	struct task *task = queue;
	if (task) {
		queue = task->migrating_next;
		*from = task->left_mems;
		*to = task->mems;
		task->left_mems = 0;
	}
	mutex_unlock(&tree_mutex);
	return task;
}

static void move_pages(struct task *task, uint64_t from, uint64_t to)
{
	struct address_space *space = task_space_get(task);

	if (!space)
		return;
	vm_rebind(space, to);
	vm_migrate(space, from, to, VM_MOVE_ALL);
	address_space_put(space);
}

void tree_move_pages(void)
{
	uint64_t from, to;
	struct task *task;

	mutex_lock(&mover);
	while ((task = dequeue(&from, &to)) != NULL) {
		if (from != to)
			move_pages(task, from, to);
		task_put(task);
	}
	mutex_unlock(&mover);
}
