// SPDX-License-Identifier: Apache-2.0
/*
 * admission.c - see admission.h.
 *
 * There are few deadline tasks and they change rarely, so nothing is kept but their list: a check
 * adds up those of one partition. O(deadline tasks * depth).
 *
 * What takes CPUs from a partition by the way, as another that comes about beside or below it, is not
 * refused, as on Linux: the deadline tasks of one that has become too small share what there is.
 */
#include "kernel/kernel.h"
#include "kernel/proc/task.h"
#include "kernel/sched/admission.h"
#include "kernel/sched/isolation.h"
#include "kernel/sched/tree.h"

enum { RATIO_SHIFT = 20, ADMITTED_PERCENT = 95 };

LIST_HEAD(deadline_list, class_entity);
static struct deadline_list admitted = LIST_HEAD_INITIALIZER(admitted); /* (t) */

/* The partition that a node's tasks run in. */
static const struct cg_node *partition_of(const struct cg_node *node)
{
	while (!cg_node_is_partition(node))
		node = node->parent;
	return node;
}

/* The deadline tasks of a partition share its CPUs but for those isolated at boot, where nobody is put who has
 * another; those tasks that have no others share these. */
enum domain { DOMAIN_SHARED, DOMAIN_ISOLATED };

static struct cpumask cpus_in(const struct cg_node *partition, const struct cpumask *cpus, enum domain domain)
{
	struct cpumask shared = cpumask_andnot(cpus, isolation_of_boot());

	if (partition->partition == CG_ISOLATED || cpumask_empty(&shared))
		shared = *cpus;
	return domain == DOMAIN_SHARED ? shared : cpumask_andnot(cpus, &shared);
}

/* That of a task with such a mask. */
static enum domain domain_of(const struct cg_node *partition, const struct cpumask *mask)
{
	struct cpumask shared = cpus_in(partition, &partition->effective, DOMAIN_SHARED);

	return cpumask_intersects(mask, &shared) ? DOMAIN_SHARED : DOMAIN_ISOLATED;
}

/* The part of a CPU that it asks for. */
static uint64_t ratio_of(const struct deadline_parameters *deadline)
{
	return (uint64_t)(((unsigned __int128)deadline->runtime_ns << RATIO_SHIFT) /
			  deadline->period_ns);
}

/* What the deadline tasks of a partition's domain ask for, without one of them (or NULL). */
static uint64_t sum_of(const struct cg_node *partition, enum domain domain, const struct task *without)
{
	struct class_entity *entity;
	uint64_t sum = 0;

	LIST_FOREACH(entity, &admitted, admitted_link) {
		const struct task *task = class_task(entity);

		if (task != without && partition_of(task->member.node) == partition &&
		    domain_of(partition, &task->member.allowed) == domain)
			sum += ratio_of(&entity->deadline);
	}
	return sum;
}

static bool fits(uint64_t sum, unsigned int cpus)
{
	return sum * 100 <= ((uint64_t)cpus << RATIO_SHIFT) * ADMITTED_PERCENT;
}

static int check(const struct task *task, const struct policy_request *request)
{
	const struct cg_node *partition = partition_of(task->member.node);
	enum domain domain = domain_of(partition, &task->member.allowed);
	struct cpumask cpus = cpus_in(partition, &partition->effective, domain);

	if (!cpumask_subset(&cpus, &task->member.allowed))
		return -EPERM;
	if (!fits(sum_of(partition, domain, task) + ratio_of(&request->deadline), cpumask_count(&cpus)))
		return -EBUSY;
	return 0;
}

static void leave(struct class_entity *entity)
{
	if (entity->admitted)
		LIST_REMOVE(entity, admitted_link);
	entity->admitted = false;
}

int admission_set_policy(struct task *task, const struct policy_request *request)
{
	bool is_deadline = request->policy == POLICY_DEADLINE;
	int error = 0;

	mutex_lock(&tree_mutex);
	if (!task->member.node)
		error = -ESRCH;
	else if (is_deadline)
		error = check(task, request);
	if (!error) {
		leave(&task->class);
		sched_set_policy(task, request);
		qos_publish(task); /* SCHED_IDLE is a class, too */
		if (is_deadline) {
			LIST_INSERT_HEAD(&admitted, &task->class, admitted_link);
			task->class.admitted = true;
		}
	}
	mutex_unlock(&tree_mutex);
	return error;
}

void admission_leave(struct task *task)
{
	leave(&task->class);
}

/* Whether that much may come to the CPUs that the partition's deadline tasks share. */
static int may_take(const struct cg_node *partition, uint64_t comes)
{
	struct cpumask cpus = cpus_in(partition, &partition->effective, DOMAIN_SHARED);

	return !comes || fits(sum_of(partition, DOMAIN_SHARED, NULL) + comes, cpumask_count(&cpus)) ? 0 : -EBUSY;
}

int admission_check_pin(const struct task *task, const struct cpumask *request)
{
	const struct cg_node *node = task->member.node, *partition;

	if (!task->class.admitted)
		return 0;
	partition = partition_of(node);
	enum domain domain = domain_of(partition, &task->member.allowed);
	struct cpumask cpus = cpus_in(partition, &partition->effective, domain);
	if (!cpumask_subset(&cpus, request))
		return -EBUSY;
	struct cpumask mask = cpumask_and(request, &node->effective);
	bool stays = domain_of(partition, &mask) == domain;
	return stays ? 0 : may_take(partition, ratio_of(&task->class.deadline));
}

int admission_check_move(const struct cg_member *member, const struct cg_node *to, enum cg_scope scope)
{
	const struct cg_node *partition = partition_of(to);
	struct class_entity *entity;
	uint64_t comes = 0;

	LIST_FOREACH(entity, &admitted, admitted_link) {
		const struct cg_member *other = &class_task(entity)->member;
		bool moves = scope == CG_PROCESS ? other->pid == member->pid : other == member;

		if (moves && partition_of(other->node) != partition)
			comes += ratio_of(&entity->deadline);
	}
	return may_take(partition, comes);
}

static int may_shrink(const struct cg_node *partition, const struct cpumask *cpus)
{
	for (enum domain domain = DOMAIN_SHARED; domain <= DOMAIN_ISOLATED; domain++) {
		struct cpumask left = cpus_in(partition, cpus, domain);

		if (!fits(sum_of(partition, domain, NULL), cpumask_count(&left)))
			return -EBUSY;
	}
	return 0;
}

static int may_merge(const struct cg_node *node)
{
	const struct cg_node *partition = partition_of(node);
	struct class_entity *entity;
	uint64_t comes = 0;

	LIST_FOREACH(entity, &admitted, admitted_link) {
		const struct cg_node *from = partition_of(class_task(entity)->member.node);

		if (from != partition && from->parent == node)
			comes += ratio_of(&entity->deadline);
	}
	return may_take(partition, comes);
}

const struct cg_promises admission_promises = { may_shrink, may_merge };

int admission_check_offline(unsigned int cpu)
{
	struct class_entity *entity;

	LIST_FOREACH(entity, &admitted, admitted_link) {
		const struct cg_member *member = &class_task(entity)->member;
		const struct cg_node *partition = partition_of(member->node);
		enum domain domain = domain_of(partition, &member->allowed);
		struct cpumask cpus = cpus_in(partition, &partition->effective, domain);

		if (cpumask_test(&cpus, cpu) &&
		    !fits(sum_of(partition, domain, NULL), cpumask_count(&cpus) - 1))
			return -EBUSY;
	}
	return 0;
}
