// SPDX-License-Identifier: Apache-2.0
/*
 * tree_stop.c - cgroup.freeze and cgroup.kill: what they do to tasks.
 *
 * A task that is to stand still has task->freeze set, which wakes it out of every sleep that can be
 * cut short, as a signal does. On its way back to user mode it tells the tree that it has stopped
 * and sleeps until its node thaws or it must end; an interrupted call is then restarted. It holds no
 * lock there, so nobody ever waits for a frozen task but those who asked for it. A task that job
 * control has stopped, or that waits for its vfork child, stands still where it is.
 *
 * Locks: task->freeze is written under tree_mutex and the signal lock, read without.
 */
#include "kernel/kernel.h"
#include "kernel/proc/task.h"
#include "kernel/sched/tree.h"

static struct task *task_of(struct cg_member *member)
{
	return container_of(member, struct task, member);
}

void tree_stop_task(struct task *task)
{
	bool freeze = cg_node_freezes(task->member.node);

	if (freeze == task->freeze || (task->flags & TASK_KERNEL))
		return;
	if (freeze)
		signal_freeze(task);
	else
		signal_thaw(task);
}

void tree_stop_members(struct cg_node *node)
{
	for (struct cg_member *member = cg_next_member(node, NULL); member;
	     member = cg_next_member(node, member))
		tree_stop_task(task_of(member));
}

static void sleep_until_thawed(void)
{
	for (;;) {
		task_set_state(TASK_INTERRUPTIBLE);
		if (!task_must_freeze() || task_is_dying())
			break;
		schedule();
	}
	task_set_state(TASK_RUNNING);
}

void task_freeze(void)
{
	task_set_state(TASK_RUNNING);
	mutex_lock(&tree_mutex);
	while (task_must_freeze() && !task_is_dying()) {
		cg_member_stopped(&current->member);
		tree_publish_and_unlock();
		sleep_until_thawed();
		mutex_lock(&tree_mutex);
	}
	cg_member_continued(&current->member);
	tree_publish_and_unlock();
}

/*
 * A process whose first thread is here but not yet in the family is ended all the same: it finds out
 * when it joins. A thread or child under way of a process that is ended never joins.
 */
void tree_kill(void *unused, struct cg_node *top)
{
	(void)unused;
	for (struct cg_node *node = top; node; node = cg_next_below(node, top))
		for (struct cg_member *member = cg_next_member(node, NULL); member;
		     member = cg_next_member(node, member))
			if (member->leads && !member->kernel_thread)
				process_kill(task_of(member)->process);
}
