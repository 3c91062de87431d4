// SPDX-License-Identifier: Apache-2.0
/*
 * qos.c - a task's QoS: see qos.h.
 */
#include "kernel/kernel.h"
#include "kernel/proc/task.h"
#include "kernel/sched/core.h"
#include "kernel/sched/qos.h"
#include "kernel/sched/sabotage.h"
#include "kernel/sched/tree.h"

enum cg_qos qos_class_of(const struct task *task)
{
	if (task->class.policy == POLICY_IDLE)
		return CG_QOS_IDLE;
	if (task->qos.own_class != CG_QOS_INHERITED)
		return (enum cg_qos)task->qos.own_class;
	return cg_node_qos(task->member.node);
}

static struct qos_request request_of(const struct task *task)
{
	uint32_t latency_us = task->qos.latency_us;

	if (is_sabotaged("qos"))
		return qos_request_of(CG_QOS_NORMAL, CG_LATENCY_NONE, 0);
	if (latency_us == CG_LATENCY_NONE)
		latency_us = cg_node_latency_us(task->member.node);
	struct qos_request request = qos_request_of(qos_class_of(task), latency_us, task->qos.burst_us);
	if (is_sabotaged("burst"))
		request.burst_ns = 0;
	return request;
}

void qos_fork(struct task *child, const struct task *parent)
{
	child->qos = (struct task_qos){ .own_class = CG_QOS_INHERITED };
	if (!(child->flags & TASK_KERNEL) && !parent->class.reset_on_fork)
		child->qos = parent->qos;
	struct qos_request request = request_of(child);
	child->entity.slice_ns = request.slice_ns;
	child->entity.burst_ns = request.burst_ns;
}

void qos_publish(struct task *task)
{
	if (!task->member.node)
		return;
	struct qos_request request = request_of(task);
	sched_set_request(task, request.slice_ns, request.burst_ns);
}

/* After a change of its settings, which the tree's mutex guards. */
static void publish_and_unlock(struct task *task)
{
	qos_publish(task);
	tree_publish_and_unlock();
}

void qos_set_class(struct task *task, enum cg_qos own_class)
{
	mutex_lock(&tree_mutex);
	task->qos.own_class = (uint8_t)own_class;
	publish_and_unlock(task);
}

void qos_set_latency(struct task *task, uint32_t latency_us)
{
	mutex_lock(&tree_mutex);
	task->qos.latency_us = latency_us;
	publish_and_unlock(task);
}

void qos_set_burst(struct task *task, uint32_t burst_us)
{
	mutex_lock(&tree_mutex);
	task->qos.burst_us = burst_us;
	publish_and_unlock(task);
}

void qos_exec(void)
{
	if (!current->qos.latency_us && !current->qos.burst_us)
		return;
	mutex_lock(&tree_mutex);
	current->qos.latency_us = CG_LATENCY_NONE;
	current->qos.burst_us = 0;
	publish_and_unlock(current);
}
