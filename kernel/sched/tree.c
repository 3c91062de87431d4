// SPDX-License-Identifier: Apache-2.0
/*
 * tree.c - the kernel's tree: see tree.h.
 *
 * Every operation runs under tree_mutex, lets the pure tree decide, and publishes what it changed
 * before the mutex goes: groups and weights first, then each task's group and mask. Waiting for
 * running tasks to leave their CPUs comes after the mutex, so that nobody else has to wait too.
 */
#include <string.h>

#include "kernel/dev/topology.h"
#include "kernel/kernel.h"
#include "kernel/mm/charge.h"
#include "kernel/mm/node.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"
#include "kernel/sched/admission.h"
#include "kernel/sched/bandwidth.h"
#include "kernel/sched/audit.h"
#include "kernel/sched/core.h"
#include "kernel/sched/group.h"
#include "kernel/sched/pressure_trigger.h"
#include "kernel/sched/isolation.h"
#include "kernel/sched/sabotage.h"
#include "kernel/sched/tree.h"
#include "kernel/smp/cpu.h"

struct mutex tree_mutex = MUTEX_INIT(tree_mutex, LOCK_RANK_TREE);

static struct cg_tree tree;          /* (t) */
static struct task_group *root_group; /* (i) */
static struct cpumask leaving;        /* (t) CPUs that a task had to leave, until seen to be left */
static struct cpumask kernel_cpus;    /* (t) where the kernel's threads run */

struct cg_node *tree_root(void)
{
	return &tree.root;
}

static struct task *task_of(struct cg_member *member)
{
	return container_of(member, struct task, member);
}

/* The root's node lives in the tree itself. */
struct task_group *tree_group_of(struct cg_node *node)
{
	return node == &tree.root ? root_group : group_of(node);
}

static void get_group(struct task_group *group)
{
	__atomic_fetch_add(&group->references, 1, __ATOMIC_RELAXED);
}

static void put_group(struct task_group *group)
{
	while (group && __atomic_sub_fetch(&group->references, 1, __ATOMIC_ACQ_REL) == 0) {
		struct task_group *above = group->above;

		group_retire(group);
		tree_forget_attributes(group);
		memory_group_put(group->memory);
		kfree(group);
		group = above;
	}
}

void tree_node_get(struct cg_node *node)
{
	get_group(tree_group_of(node));
}

void tree_node_put(struct cg_node *node)
{
	put_group(tree_group_of(node));
}

/* ---- publishing ---- */

static bool has_cpu_controller(const struct cg_node *node)
{
	return !node->parent || cg_node_controllers(node) & CG_HAS_CPU;
}

static void set_place(struct task *task)
{
	struct cg_node *node = task->member.node;

	sched_set_group(task, tree_group_of(cg_node_group(node)), tree_group_of(node));
	tree_memory_place(task);
}

static void set_places(struct cg_node *node)
{
	for (struct cg_member *member = cg_next_member(node, NULL); member;
	     member = cg_next_member(node, member))
		set_place(task_of(member));
}

/* The node began or ceased to compete: everything below it has another group above. */
static void regroup(struct cg_node *top)
{
	for (struct cg_node *node = top; node; node = cg_next_below(node, top)) {
		group_set_parent(tree_group_of(node), tree_group_of(cg_node_group(node->parent)));
		set_places(node);
	}
}

static void publish_bandwidth(struct cg_node *top)
{
	bandwidth_publish(top);
	for (struct cg_node *node = top; node; node = cg_next_below(node, top))
		set_places(node);
}

static void publish_qos(struct cg_node *node)
{
	for (struct cg_member *member = cg_next_member(node, NULL); member;
	     member = cg_next_member(node, member))
		if (!member->kernel_thread)
			qos_publish(task_of(member));
}

/* Where the tree lets the task run. */
static const struct cpumask *mask_of(const struct task *task)
{
	if (task->member.kernel_thread)
		return &kernel_cpus;
	return is_sabotaged("masks") ? &cpu_possible : &task->member.allowed;
}

static void publish_shares(struct cg_node *node)
{
	struct task_group *group = tree_group_of(node);

	if (!node->parent)
		return;
	group_set_weight(group, is_sabotaged("shares") ? (uint32_t)CG_SHARES_DEFAULT : cg_node_shares(node));
	if (group->competes != has_cpu_controller(node)) {
		group->competes = !group->competes;
		regroup(node);
	}
}

/* The kernel's own work is done on what partitions leave over, and on no quiet CPU if there is another. */
static void publish_kernel_cpus(void)
{
	struct cpumask quiet = isolation_quiet();
	struct cpumask cpus = cpumask_andnot(&tree.root.effective, &quiet);

	if (cpumask_empty(&cpus))
		cpus = tree.root.effective;
	if (cpumask_equal(&kernel_cpus, &cpus))
		return;
	kernel_cpus = cpus;
	for (struct cg_member *member = cg_next_member(&tree.root, NULL); member;
	     member = cg_next_member(&tree.root, member))
		if (member->kernel_thread)
			sched_publish_allowed(task_of(member), &kernel_cpus, &leaving);
}

/* Before any task's mask: nothing new comes to a CPU that is to be quiet. */
static void publish_cpus(void)
{
	struct cpumask isolated = cg_isolated(&tree);

	isolation_publish(&isolated, &tree.online);
	publish_kernel_cpus();
}

static void publish_mems(struct cg_node *node)
{
	struct cg_member *member = NULL;

	while ((member = cg_next_member(node, member)))
		tree_publish_mems(task_of(member));
}

/* Takes over what the last operation changed. */
static void publish_changes(void)
{
	struct cg_node *node;
	struct cg_member *member;
	unsigned int what;
	bool cpus_moved = false;

	while ((node = cg_next_changed_node(&tree, &what)) != NULL) {
		if (what & (CG_CHANGED_EFFECTIVE | CG_CHANGED_PARTITION) && !cpus_moved) {
			cpus_moved = true;
			publish_cpus();
		}
		if (what & CG_CHANGED_SHARES)
			publish_shares(node);
		if (what & CG_CHANGED_BANDWIDTH)
			publish_bandwidth(node);
		if (what & CG_CHANGED_QOS)
			publish_qos(node);
		if (what & CG_CHANGED_FREEZE)
			tree_stop_members(node);
		if (what & CG_CHANGED_MEMS)
			publish_mems(node);
		if (what & CG_CHANGED_MEMORY_MAX)
			tree_memory_publish(node);
		tree_news_publish(node, what);
	}
	while ((member = cg_next_changed_member(&tree)) != NULL) {
		struct task *task = task_of(member);
		bool moved = task->entity.account != tree_group_of(member->node);

		if (moved) {
			set_place(task);
			if (!member->kernel_thread)
				qos_publish(task);
			tree_stop_task(task);
			tree_publish_mems(task);
		}
		if (!member->kernel_thread)
			sched_publish_allowed(task, mask_of(task), &leaving);
	}
}

void tree_publish_and_unlock(void)
{
	publish_changes();
	mutex_unlock(&tree_mutex);
}

/* That the tree is obeyed may be the doing of somebody else who has asked for the same and waits himself. */
void tree_publish_and_wait(void)
{
	cpumask_for_each(id, &leaving)
		if (sched_runs_lawfully(cpu_table[id]))
			cpumask_clear(&leaving, id);
	publish_changes();
	struct cpumask wait = leaving;
	bool moves = tree_has_moves();
	mutex_unlock(&tree_mutex);
	if (!cpumask_empty(&wait))
		sched_wait_switched(&wait);
	isolation_wait();
	if (moves)
		tree_move_pages();
}

/* ---- nodes ---- */

/* With a reference, and room for its name; `above` has its memory, and stays as long. NULL: no memory. */
static struct task_group *allocate_group(struct task_group *above, size_t name_length)
{
	size_t cpus_size = cpu_count * sizeof(struct group_cpu);
	struct task_group *group = kzalloc(sizeof(*group) + cpus_size + name_length + 1);

	if (!group)
		return NULL;
	group->memory = memory_group_create(above ? above->memory : NULL);
	if (!group->memory) {
		kfree(group);
		return NULL;
	}
	group->cpus = (struct group_cpu *)(group + 1);
	group->name = (char *)group->cpus + cpus_size;
	group->references = 1;
	group->above = above;
	if (above)
		get_group(above);
	spinlock_init(&group->lock, LOCK_RANK_GROUP);
	tree_news_init(group);
	group->averaged_ns = time_now_ns();
	return group;
}

int tree_make_node(struct cg_node *parent, const char *name, size_t length, uint32_t mode,
		   struct cg_node **made)
{
	struct task_group *group = page_is_scarce() ? NULL : allocate_group(tree_group_of(parent), length);
	int error;

	if (!group)
		return -ENOMEM;
	memcpy(group->name, name, length);
	group->made = (struct tree_attributes){ mode, current->cred.fsuid, current->cred.fsgid };
	mutex_lock(&tree_mutex);
	error = cg_create(parent, &group->node, group->name, length);
	if (!error) {
		group_set_parent(group, tree_group_of(cg_node_group(parent)));
		bandwidth_init(group, tree_group_of(parent));
		group->competes = has_cpu_controller(&group->node);
		group->weight = cg_node_shares(&group->node);
		group->memory->node = &group->node;
	}
	tree_publish_and_unlock();
	if (error)
		tree_node_put(&group->node);
	else
		*made = &group->node;
	return error;
}

int tree_remove_node(struct cg_node *node)
{
	struct task_group *group = tree_group_of(node), *up;
	int error;

	mutex_lock(&tree_mutex);
	up = node->parent ? tree_group_of(node->parent) : NULL;
	error = cg_remove(node);
	if (!error) {
		pressure_triggers_end(node);
		tree_news_end(node);
		group_bequeath(group, up);
		tree_memory_remove(node);
	}
	tree_publish_and_unlock();
	if (!error)
		tree_node_put(node);
	return error;
}

/* ---- tasks ---- */

static void adopt(struct task *task)
{
	struct cg_node *node = task->member.node;

	task->allowed = *mask_of(task);
	task->entity.group = tree_group_of(cg_node_group(node));
	task->entity.account = tree_group_of(node);
	tree_memory_place(task);
	task->entity.limiter = task->entity.account->limiter;
}

/* CLONE_INTO_CGROUP asks for both. */
static int may_clone_into(const struct task *parent, struct cg_node *node)
{
	int error = tree_may_write_procs(&parent->cred, node);

	return error ? error : tree_may_move(&parent->cred, parent->member.node, node);
}

int tree_fork(struct task *child, struct task *parent, struct cg_node *node)
{
	enum cg_scope scope = child->process == parent->process ? CG_THREAD : CG_PROCESS;
	int error = 0;

	mutex_lock(&tree_mutex);
	if (child->flags & TASK_KERNEL) {
		cg_attach_kernel_thread(&child->member, &tree, child->tid);
	} else if (parent->flags & TASK_KERNEL) {
		error = cg_attach(&child->member, node ? node : &tree.root, child->tid);
	} else {
		if (node && !cg_node_is_dead(node))
			error = may_clone_into(parent, node);
		if (!error)
			error = cg_fork(&child->member, &parent->member, node, scope, child->tid);
		if (node)
			audit(AUDIT_MEMBERSHIP, "clone3", child->tid, node, "", 0, error);
	}
	if (!error) {
		adopt(child);
		qos_fork(child, parent);
		tree_stop_task(child);
		tree_publish_mems(child);
	}
	publish_changes();
	bool moves = tree_has_moves();
	mutex_unlock(&tree_mutex);
	if (moves)
		tree_move_pages();
	return error;
}

void tree_exit(struct task *task)
{
	mutex_lock(&tree_mutex);
	get_group(task->entity.group); /* until tree_end() */
	if (task->member.node) {
		admission_leave(task);
		cg_detach(&task->member);
		sched_set_group(task, task->entity.group, root_group);
		/* No change of the tree reaches it any more: no CPU it might need may go. */
		sched_publish_allowed(task, &cpu_possible, &leaving);
		tree_memory_leave(task);
	}
	tree_publish_and_unlock();
}

void tree_end(struct task *task)
{
	put_group(task->entity.group);
}

int tree_pin(struct task *task, const struct cpumask *request, enum tree_pin which)
{
	int error = -ESRCH;

	mutex_lock(&tree_mutex);
	if (task->member.node)
		error = admission_check_pin(task, request);
	if (!error && which == TREE_PIN_ALL && !cpumask_subset(request, &task->member.node->effective))
		error = -EINVAL;
	if (!error)
		error = cg_pin(&task->member, request);
	tree_publish_and_wait();
	return error;
}

int tree_set_cpu_online(unsigned int id, enum cpu_change change)
{
	mutex_lock(&tree_mutex);
	struct cpumask online = tree.online;
	int error = change == CPU_ON ? 0 : admission_check_offline(id);
	if (error) {
		mutex_unlock(&tree_mutex);
		return error;
	}
	if (change == CPU_ON)
		cpumask_set(&online, id);
	else
		cpumask_clear(&online, id);
	cg_set_online(&tree, &online);
	publish_cpus();
	tree_publish_and_wait();
	return 0;
}

/* ---- boot ---- */

void cg_assert_failed(const char *expression, const char *file, int line)
{
	assertion_failed(expression, file, line);
}

void tree_init(void)
{
	cg_tree_init(&tree, &cpu_possible, &cpu_online,
		     CG_HAS_CPUSET | CG_HAS_CPU | CG_HAS_MEMORY | CG_HAS_PIDS);
	cg_tree_set_features(&tree,
			     CG_FEATURE_BANDWIDTH | CG_FEATURE_FREEZE | CG_FEATURE_KILL |
				     CG_FEATURE_MEMS | CG_FEATURE_PARTITIONS,
			     nodes_with_memory);
	const struct cpumask performance = topology_class_cpus(&machine_topology, CG_PERFORMANCE);
	const struct cpumask efficiency = topology_class_cpus(&machine_topology, CG_EFFICIENCY);

	cg_tree_set_classes(&tree, &performance, &efficiency);
	cg_tree_set_isolated(&tree, isolation_of_boot());
	cg_count_running(&tree);
	cg_tree_set_promises(&tree, &admission_promises);
	publish_cpus();
	root_group = allocate_group(NULL, 0);
	if (!root_group)
		panic("no memory for the root of the tree");
	root_group->memory->node = &tree.root;
	root_group->made.mode = 0755;
	bandwidth_init(root_group, NULL);
	root_group->active = root_group->competes = true;
	for (unsigned int id = 0; id < cpu_count; id++) {
		struct task *idle = cpu_table[id]->idle;

		if (idle) {
			idle->entity.group = idle->entity.account = root_group;
			idle->entity.shares = CG_SHARES_DEFAULT;
		}
	}
}
