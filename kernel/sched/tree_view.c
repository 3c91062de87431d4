// SPDX-License-Identifier: Apache-2.0
/*
 * tree_view.c - what the current task sees of the machine's CPUs, and of where others run.
 *
 * Most trees have no opaque node: then nothing is asked and no lock is taken.
 */
#include "kernel/kernel.h"
#include "kernel/proc/task.h"
#include "kernel/sched/tree.h"
#include "kernel/smp/cpu.h"

static bool nothing_is_opaque(void)
{
	return !__atomic_load_n(&tree_root()->tree->opaque_count, __ATOMIC_RELAXED);
}

bool tree_view(struct cpumask *cpus)
{
	bool opaque;

	*cpus = cpu_possible;
	if (nothing_is_opaque())
		return false;
	mutex_lock(&tree_mutex);
	const struct cg_node *node = current->member.node;

	opaque = cg_opaque_top(node);
	if (opaque)
		*cpus = node->effective;
	mutex_unlock(&tree_mutex);
	return opaque;
}

bool tree_sees_task(const struct task *task)
{
	bool sees;

	if (task == current || nothing_is_opaque())
		return true;
	mutex_lock(&tree_mutex);
	sees = cg_sees(current->member.node, task->member.node);
	mutex_unlock(&tree_mutex);
	return sees;
}

bool tree_is_below_mine(const struct task *task)
{
	bool below;

	mutex_lock(&tree_mutex);
	const struct cg_node *mine = current->member.node, *node = task->member.node;

	while (node && mine && node->depth > mine->depth)
		node = node->parent;
	below = node && node == mine;
	mutex_unlock(&tree_mutex);
	return below;
}
