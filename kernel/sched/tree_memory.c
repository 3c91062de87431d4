// SPDX-License-Identifier: Apache-2.0
/*
 * tree_memory.c - memory.max: who is charged, and what happens to a group that has no room, or to a machine.
 *
 * Nothing can be reclaimed: there is no swap, and all files are in memory. So room is made by killing
 * the largest process of the group that is full, never one outside it, or of all that may have pages on the
 * memory nodes that are, and by waiting until its memory
 * has come back. The operation that was refused has been undone before, so that its task holds no lock
 * that the victim might wait for; only a fault in the middle of a copy to or from user memory holds
 * some. Therefore a victim that has not gone within VICTIM_NS is passed over: nobody waits for ever,
 * and the last one to be chosen is the task itself.
 *
 * Locks: tree_mutex. Its callers hold no lock of its rank or above.
 */
#include "kernel/kernel.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/charge.h"
#include "kernel/mm/node.h"
#include "kernel/proc/family.h"
#include "kernel/sched/group.h"
#include "kernel/sched/tree.h"
#include "kernel/sync/waitqueue.h"

enum {
	VICTIM_NS = 1000000000, /* how long a killed process is waited for */
	WAIT_NS = 100000000,
};

static struct waitqueue relief = WAITQUEUE_INIT(relief);
static uint32_t relief_count; /* (a) how often somebody who was killed has gone */

static struct task *task_of(struct cg_member *member)
{
	return container_of(member, struct task, member);
}

/* ---- whose ---- */

void tree_memory_place(struct task *task)
{
	memory_set_group(task, tree_group_of(task->member.node->domain)->memory);
}

/* It has given its memory back, or another thread of its process will. */
void tree_memory_leave(struct task *task)
{
	if (task->process && task->process->oom_kill_ns) {
		for (struct memory_group *up = task->memory; up; up = up->parent)
			__atomic_fetch_add(&up->relieved, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&relief_count, 1, __ATOMIC_RELEASE);
		waitqueue_wake_all(&relief);
	}
	memory_set_group(task, NULL);
}

void tree_memory_remove(struct cg_node *node)
{
	struct memory_group *group = tree_group_of(node)->memory;

	group->node = NULL;
	__atomic_store_n(&group->max, UINT64_MAX, __ATOMIC_RELAXED);
	__atomic_fetch_add(&group->relieved, 1, __ATOMIC_RELAXED);
	if (__atomic_load_n(&group->usage, __ATOMIC_RELAXED))
		memory_group_drain(group);
}

/* ---- settings and numbers ---- */

void tree_memory_publish(struct cg_node *node)
{
	uint64_t max = node->memory_max == CG_MEMORY_NONE ? UINT64_MAX : node->memory_max;

	__atomic_store_n(&tree_group_of(node)->memory->max, max, __ATOMIC_RELAXED);
}

static uint64_t bytes_of(const uint64_t *pages)
{
	return __atomic_load_n(pages, __ATOMIC_RELAXED) * PAGE_SIZE;
}

void tree_memory_usage(void *unused, const struct cg_node *node, struct sysfs_memory_usage *usage)
{
	struct memory_group *group = tree_group_of((struct cg_node *)(uintptr_t)node)->memory;

	(void)unused;
	memory_group_drain(group);
	usage->total = bytes_of(&group->usage);
	usage->peak = bytes_of(&group->peak);
	usage->anon = bytes_of(&group->kinds[CHARGE_ANON]);
	usage->file = bytes_of(&group->kinds[CHARGE_FILE]);
	usage->kernel_stack = bytes_of(&group->kinds[CHARGE_STACK]);
	usage->page_tables = bytes_of(&group->kinds[CHARGE_TABLE]);
	usage->kernel = usage->kernel_stack + usage->page_tables +
			bytes_of(&group->kinds[CHARGE_KERNEL]);
}

/* ---- killing ---- */

static uint64_t resident_pages(struct task *task)
{
	uint64_t pages = 0;

	spin_lock(&family_lock);
	if (task->space)
		pages = __atomic_load_n(&task->space->resident_pages, __ATOMIC_RELAXED);
	spin_unlock(&family_lock);
	return pages;
}

/* The threads of a node and those below it, in turn: NULL first, NULL last. */
static struct cg_member *next_member_below(struct cg_node *top, struct cg_member *member)
{
	struct cg_node *node = member ? member->node : top;

	member = cg_next_member(node, member);
	while (!member && (node = cg_next_below(node, top)))
		member = cg_next_member(node, NULL);
	return member;
}

/* Whether somebody was killed and his memory may still come. */
static bool victim_is_leaving(struct cg_node *top)
{
	uint64_t now = time_now_ns();

	for (struct cg_member *member = NULL; (member = next_member_below(top, member));) {
		const struct process *process = task_of(member)->process;

		if (process && process->oom_kill_ns && now < process->oom_kill_ns + VICTIM_NS)
			return true;
	}
	return false;
}

/* As Linux sees it: it may have pages there. */
static bool uses(struct task *task, uint64_t nodes)
{
	spin_lock(&task->lock);
	uint64_t its = task->mems;

	if (task->policy.mode == POLICY_BIND)
		its &= task->policy.nodes;
	spin_unlock(&task->lock);
	return its & nodes;
}

static struct task *find_largest(struct cg_node *top, uint64_t nodes)
{
	struct task *largest = NULL;
	uint64_t most = 0;

	for (struct cg_member *member = NULL; (member = next_member_below(top, member));) {
		struct task *task = task_of(member);

		if (!task->process || task->process == init_process || task->process->oom_kill_ns ||
		    !uses(task, nodes))
			continue;
		uint64_t pages = resident_pages(task);

		if (pages > most) {
			most = pages;
			largest = task;
		}
	}
	return largest;
}

static void kill_for_memory(struct task *task)
{
	if (task->process->oom_kill_ns)
		return;
	printk("memory: killed %s (process %d), which has %lu KiB\n", task->name,
	       (int)task->process->pid, (unsigned long)(resident_pages(task) * (PAGE_SIZE / 1024)));
	task->process->oom_kill_ns = time_now_ns();
	cg_memory_event(task->member.node->domain, CG_MEMORY_EVENT_OOM_KILL);
	process_kill(task->process);
}

/* False: there is nobody. */
static bool kill_largest(struct cg_node *top, uint64_t nodes)
{
	struct task *victim = find_largest(top, nodes);

	if (!victim)
		return false;
	struct cg_node *group = cg_memory_oom_group(victim->member.node->domain, top);

	kill_for_memory(victim);
	if (!group)
		return true;
	cg_memory_event(group, CG_MEMORY_EVENT_OOM_GROUP_KILL);
	for (struct cg_member *member = NULL; (member = next_member_below(group, member));) {
		struct process *process = task_of(member)->process;

		if (member->leads && process && process != init_process)
			kill_for_memory(task_of(member));
	}
	return true;
}

static void wait_for_relief(uint32_t seen)
{
	__atomic_store_n(&current->killable, true, __ATOMIC_SEQ_CST);
	(void)wait_event_state(&relief,
			       __atomic_load_n(&relief_count, __ATOMIC_ACQUIRE) != seen ||
				       task_is_dying(),
			       TASK_UNINTERRUPTIBLE, time_now_ns() + WAIT_NS);
	__atomic_store_n(&current->killable, false, __ATOMIC_RELAXED);
}

/* The end of what follows: somebody has been killed, or not. He leaves the tree, which takes the mutex, when
 * his memory is back. */
static bool await_victim(bool hope)
{
	uint32_t seen = __atomic_load_n(&relief_count, __ATOMIC_ACQUIRE);

	tree_publish_and_unlock();
	if (hope && !task_is_dying())
		wait_for_relief(seen);
	return hope && !task_is_dying();
}

/* Kills somebody, unless one who was is still there, and waits a while. False: there is nobody, or the
 * current task must go. */
static bool make_room(struct memory_group *group)
{
	mutex_lock(&tree_mutex);
	struct cg_node *node = group->node;
	bool hope = node && victim_is_leaving(node);

	if (node && !hope) {
		cg_memory_event(node, CG_MEMORY_EVENT_OOM);
		hope = kill_largest(node, NODES_ALL);
	}
	return await_victim(hope);
}

bool tree_memory_relieve(uint64_t nodes)
{
	if (task_is_dying())
		return false;
	if (!page_is_scarce_in(nodes) && !page_is_scarce())
		return true; /* it was only for a moment */
	mutex_lock(&tree_mutex);
	bool hope = victim_is_leaving(tree_root());

	if (!hope) {
		printk("memory: none left for %s (task %d) on nodes 0x%lx\n", current->name,
		       (int)current->tid, (unsigned long)(nodes & nodes_with_memory));
		hope = kill_largest(tree_root(), nodes);
	}
	return await_victim(hope);
}

static void count_refusal(struct memory_group *group)
{
	mutex_lock(&tree_mutex);
	if (group->node)
		cg_memory_event(group->node, CG_MEMORY_EVENT_MAX);
	tree_publish_and_unlock();
}

bool tree_memory_settle(void)
{
	uint32_t relieved;
	struct memory_group *group = memory_take_refusal(&relieved);
	bool again = group && !task_is_dying();

	if (!group)
		return false;
	count_refusal(group);
	while (again && __atomic_load_n(&group->relieved, __ATOMIC_RELAXED) == relieved)
		again = make_room(group);
	memory_group_put(group);
	return again;
}

void tree_memory_forgo(void)
{
	uint32_t relieved;
	struct memory_group *group = memory_take_refusal(&relieved);

	if (!group)
		return;
	count_refusal(group);
	memory_group_put(group);
}

/* As Linux does, the write succeeds even when nobody is left to kill. */
void tree_memory_enforce(struct cg_node *node)
{
	struct memory_group *group = tree_group_of(node)->memory;

	for (;;) {
		uint64_t max = __atomic_load_n(&group->max, __ATOMIC_RELAXED);

		if (likely(__atomic_load_n(&group->usage, __ATOMIC_RELAXED) <= max))
			return;
		memory_group_drain(group);
		if (__atomic_load_n(&group->usage, __ATOMIC_RELAXED) <= max)
			return;
		if (task_has_signal(current) || !make_room(group))
			return;
	}
}
