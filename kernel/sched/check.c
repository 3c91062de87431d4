// SPDX-License-Identifier: Apache-2.0
/*
 * check.c - every invariant of the tree, the run queues and the groups (docs/scheduler.md), looked at once.
 * The checked kernel does so before it powers off: whatever a test has done, it has left all of them true.
 *
 * What one lock guards is true whenever that is held. Loads and places change in steps under several, so
 * they are looked at again while they seem wrong: a task on its way arrives, a mistake stays.
 */
#include "kernel/kernel.h"
#include "kernel/riscv/csr.h"
#include "kernel/sched/class_pick.h"
#include "kernel/sched/core.h"
#include "kernel/sched/group.h"
#include "kernel/sched/tree.h"
#include "kernel/smp/cpu.h"

#ifdef TAPER_CHECKED

enum { LOOKS_MAX = 1000, LOOK_AGAIN_NS = NSEC_PER_MSEC };

static void rest(void)
{
	task_set_state(TASK_UNINTERRUPTIBLE);
	sched_sleep(time_now_ns() + LOOK_AGAIN_NS);
}

/* It waits here, and may. */
static void check_waiting(const struct cpu *cpu, const struct task *task)
{
	kassert(task->on_queue && task->cpu == cpu && task != cpu->queue.running);
	kassert(cpumask_test(&task->allowed, cpu->id));
}

/* It runs here and may, or has been told to leave. Where nothing runs no turn ends, and only there is a CPU
 * shown as idle. */
static void check_running(const struct cpu *cpu)
{
	const struct task *running = cpu->queue.running;
	bool told = __atomic_load_n(&running->work, __ATOMIC_RELAXED) & WORK_RESCHED;

	if (running->flags & TASK_IDLE) {
		kassert(cpu->timers.slice_end_ns == UINT64_MAX || cpu->queue.classes.ready_count);
		kassert(told || cpumask_test(&sched_idle_cpus, cpu->id) || !cpumask_test(&cpu_online, cpu->id));
		return;
	}
	kassert(running->on_queue && running->cpu == cpu);
	kassert(told || cpumask_test(&running->allowed, cpu->id));
	kassert(!cpumask_test(&sched_idle_cpus, cpu->id));
}

/* weight * (v - V); products wrap, and so does their sum. */
static uint64_t moment(const struct runqueue *queue, const struct sched_entity *entity)
{
	return entity->weight * (entity->virtual_ns - queue->virtual_ns);
}

/* The running task counts among the fair ones. */
static bool runs_fair(const struct runqueue *queue)
{
	return !(queue->running->flags & TASK_IDLE) && !queue->running->class.urgent;
}

/* It is among its kin, and the first of them tells whether they are together what each of them is. */
static void check_kin(const struct cpu *cpu, const struct sched_entity *entity)
{
	const struct task_group *group = entity->group;
	const struct sched_kin *kin = entity->kin;
	const struct sched_entity *member;
	uint64_t shares = 0, weight = 0, sum = 0;
	int64_t advanced_ns = 0;

	kassert(kin == (group->parent ? &group->cpus[cpu->id].kin : NULL));
	if (!kin || LIST_FIRST(&kin->members) != entity)
		return;
	LIST_FOREACH (member, &kin->members, kin_link) {
		kassert(member->kin == kin);
		shares += member->shares;
		weight += member->weight;
		sum += member->weight * member->virtual_ns;
		advanced_ns += member->advanced_ns;
	}
	kassert(advanced_ns == kin->advanced_ns && shares == kin->shares && weight == kin->weight && sum == kin->moment);
}

/* The fair ones: none is lost, their weights are the queue's load, its virtual time is their mean. */
static void check_fair(const struct cpu *cpu)
{
	const struct runqueue *queue = &cpu->queue;
	const struct sched_entity *running = &queue->running->entity;
	uint64_t load = runs_fair(queue) ? running->weight : 0;
	uint64_t moments = runs_fair(queue) ? moment(queue, running) : 0;
	uint32_t count = 0;

	if (runs_fair(queue))
		check_kin(cpu, running);
	for (struct sched_entity *at = queue->first; at; at = runqueue_next(at)) {
		check_waiting(cpu, entity_task(at));
		kassert(!entity_task(at)->class.urgent);
		check_kin(cpu, at);
		load += at->weight;
		moments += moment(queue, at);
		count++;
	}
	kassert(count == queue->waiting_count);
	kassert(load == queue->load);
	kassert(moments == (uint64_t)queue->remainder);
	kassert(!load || (queue->remainder >= 0 && (uint64_t)queue->remainder < load));
}

static void check_urgent(const struct cpu *cpu)
{
	const struct class_queue *classes = &cpu->queue.classes;
	uint64_t rank = 0;
	uint32_t count = 0;

	for (struct class_entity *at = pick_first(classes); at; at = pick_next(classes, at)) {
		check_waiting(cpu, class_task(at));
		kassert(at->urgent && !at->throttled && at->rank >= rank);
		rank = at->rank;
		count++;
	}
	kassert(count == classes->ready_count && classes->ready_count <= classes->count);
	kassert(classes->is_published == (count != 0));
}

/* ---- groups: the tree's mutex is held ---- */

/* The shares of the group's tasks that run or wait on the CPU. */
static uint64_t shares_on(struct cpu *cpu, const struct task_group *group)
{
	struct runqueue *queue = &cpu->queue;

	spin_lock(&queue->lock);
	const struct sched_entity *running = &queue->running->entity;
	uint64_t sum = runs_fair(queue) && running->group == group ? running->shares : 0;
	for (struct sched_entity *at = queue->first; at; at = runqueue_next(at))
		sum += at->group == group ? at->shares : 0;
	spin_unlock(&queue->lock);
	return sum;
}

/* What the group counts in the one above, where that is `parent`. */
static uint64_t weight_in(struct task_group *group, const struct task_group *parent)
{
	spin_lock(&group->lock);
	uint64_t weight = group->active && group->parent == parent ? group->weight : 0;
	spin_unlock(&group->lock);
	return weight;
}

/* The shares of its runnable tasks and the weights of its active child groups; active is who has either. */
static bool load_adds_up(struct cg_node *node, uint64_t *load, uint64_t *sum)
{
	struct task_group *group = tree_group_of(node);

	*load = group_load(group);
	*sum = 0;
	for (struct cg_node *at = cg_next_below(node, node); at; at = cg_next_below(at, node))
		*sum += weight_in(tree_group_of(at), group);
	for (unsigned int id = 0; id < cpu_count; id++)
		*sum += shares_on(cpu_table[id], group);
	return *sum == *load && (!group->parent || group->active == (*load != 0));
}

static void check_group(struct cg_node *node)
{
	struct task_group *group = tree_group_of(node);
	uint64_t load, sum;

	kassert(!node->parent || group->parent == tree_group_of(cg_node_group(node->parent)));
	for (int looks = 0; !load_adds_up(node, &load, &sum); looks++) {
		if (looks == LOOKS_MAX)
			panic("group %s: its load is %lu, its tasks and groups have %lu, it is %sactive",
			      node->parent ? group->name : "/", (unsigned long)load, (unsigned long)sum,
			      group->active ? "" : "not ");
		rest();
	}
}

/* ---- tasks: the tree's mutex is held ---- */

/* Whether it is on that queue, which is locked. */
static bool is_on(const struct cpu *cpu, const struct task *task)
{
	if (cpu->queue.running == task || task->class.throttled)
		return true;
	for (struct class_entity *at = pick_first(&cpu->queue.classes); at; at = pick_next(&cpu->queue.classes, at))
		if (class_task(at) == task)
			return true;
	for (struct sched_entity *at = cpu->queue.first; at; at = runqueue_next(at))
		if (entity_task(at) == task)
			return true;
	return false;
}

/* On the queue that it names, or on none, and then nobody thinks that it runs. */
static bool is_in_place(struct task *task)
{
	spin_lock(&task->lock);
	struct cpu *cpu = sched_lock_queue_of(task);
	bool is_right = task->on_queue ? is_on(cpu, task) : task->state != TASK_RUNNING;
	spin_unlock(&cpu->queue.lock);
	spin_unlock(&task->lock);
	return is_right;
}

static void check_task(struct task *task)
{
	kassert(task->entity.group == tree_group_of(cg_node_group(task->member.node)));
	for (int looks = 0; !is_in_place(task); looks++) {
		if (looks == LOOKS_MAX)
			panic("task %d (%s) is lost: state %u, CPU %u", task->tid, task->name, task->state,
			      task->cpu->id);
		rest();
	}
}

static void check_tree(struct cg_node *root)
{
	cg_check(root->tree);
	for (struct cg_node *node = root; node; node = cg_next_below(node, root)) {
		check_group(node);
		for (struct cg_member *member = cg_next_member(node, NULL); member;
		     member = cg_next_member(node, member))
			check_task(container_of(member, struct task, member));
	}
}

void sched_check(void)
{
	mutex_lock(&tree_mutex);
	check_tree(tree_root());
	mutex_unlock(&tree_mutex);
	for (unsigned int id = 0; id < cpu_count; id++) {
		struct cpu *cpu = cpu_table[id];

		spin_lock(&cpu->queue.lock);
		check_running(cpu);
		check_fair(cpu);
		check_urgent(cpu);
		spin_unlock(&cpu->queue.lock);
	}
}

#endif
