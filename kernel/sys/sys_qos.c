// SPDX-License-Identifier: Apache-2.0
/*
 * sys_qos.c - Taper's own scheduling calls: when a task runs, and its shares. The program's side is
 * kernel/include/taper/sched.h.
 *
 * Hints and shares are cut to what there is, and the call answers what was applied; a class that there
 * is not is refused.
 */
#include "kernel/kernel.h"
#include "kernel/mm/address_space.h"
#include "kernel/proc/task.h"
#include "kernel/sched/admission.h"
#include "kernel/sched/audit.h"
#include "kernel/sched/qos.h"
#include "kernel/sched/tree.h"
#include "kernel/sys/named_task.h"
#include "kernel/sys/syscall.h"

/* struct sched_qos of the program's header. */
struct abi_sched_qos {
	uint32_t qos_class, own_class, shares, latency_us, burst_us, slice_us;
};
_Static_assert(sizeof(struct abi_sched_qos) == 24, "the first version");

/* SCHED_IDLE is the class idle. */
static int set_policy(struct task *task, uint8_t policy)
{
	struct policy_request request = { .policy = policy, .reset_on_fork = task->class.reset_on_fork };

	return admission_set_policy(task, &request);
}

static int set_class(struct task *task, uint32_t class)
{
	bool is_idle = task->class.policy == POLICY_IDLE;

	if (class == CG_QOS_IDLE && !is_idle)
		return task->class.urgent ? -EINVAL : set_policy(task, POLICY_IDLE);
	if (class == CG_QOS_IDLE)
		return 0;
	if (is_idle && !nice_is_allowed(task, nice_of(task)) && !cred_has(&current->cred, CAP_SYS_NICE))
		return -EPERM;
	qos_set_class(task, (enum cg_qos)class);
	return is_idle ? set_policy(task, POLICY_OTHER) : 0;
}

static int set_shares(struct task *task, uint32_t shares)
{
	if (!qos_shares_are_free(shares) && !cred_has(&current->cred, CAP_SYS_NICE))
		return -EPERM;
	sched_set_shares(task, qos_to_scheduler(shares));
	return 0;
}

static int set_latency(struct task *task, uint32_t latency_us)
{
	qos_set_latency(task, latency_us);
	return 0;
}

static int set_burst(struct task *task, uint32_t burst_us)
{
	qos_set_burst(task, burst_us);
	return 0;
}

struct change {
	const char *name;
	enum audit_kind kind;
	int (*apply)(struct task *task, uint32_t value);
};

/* Answers the value that was applied, or -EINVAL, -ESRCH, -EPERM. */
static int64_t change(const struct change *change, uint64_t pid, uint32_t value)
{
	if ((int32_t)pid < 0)
		return -EINVAL;
	struct task *task = named_task(pid);
	if (!task)
		return -ESRCH;
	int error = task->flags & TASK_KERNEL ? -EINVAL : may_change(task) ? 0 : -EPERM;
	if (!error)
		error = change->apply(task, value);
	audit_number(change->kind, change->name, task->tid, value, error);
	release_task(pid, task);
	return error ? error : (int64_t)value;
}

int64_t sys_sched_set_qos_class(const uint64_t *argument)
{
	static const struct change class_change = { "sched_set_qos_class", AUDIT_CLASS, set_class };
	uint32_t class = (uint32_t)argument[1];

	if (!qos_class_exists(class))
		return -EINVAL;
	return MIN(change(&class_change, argument[0], class), (int64_t)0);
}

int64_t sys_sched_set_shares(const uint64_t *argument)
{
	static const struct change shares_change = { "sched_set_shares", AUDIT_SHARES, set_shares };

	return change(&shares_change, argument[0], qos_clamp_shares((int64_t)argument[1]));
}

int64_t sys_sched_set_latency_hint(const uint64_t *argument)
{
	static const struct change latency_change = { "sched_set_latency_hint", AUDIT_CLASS, set_latency };

	return change(&latency_change, argument[0], qos_clamp_latency((int64_t)argument[1]));
}

int64_t sys_sched_set_burst_hint(const uint64_t *argument)
{
	static const struct change burst_change = { "sched_set_burst_hint", AUDIT_CLASS, set_burst };

	return change(&burst_change, argument[0], qos_clamp_burst((int64_t)argument[1]));
}

int64_t sys_sched_get_qos(const uint64_t *argument)
{
	struct abi_sched_qos qos;

	if ((int32_t)argument[0] < 0 || argument[2] < sizeof(qos))
		return -EINVAL;
	struct task *task = named_task(argument[0]);
	if (!task)
		return -ESRCH;
	mutex_lock(&tree_mutex);
	qos = (struct abi_sched_qos){
		.qos_class = task->member.node ? qos_class_of(task) : CG_QOS_NORMAL,
		.own_class = task->class.policy == POLICY_IDLE ? CG_QOS_IDLE : task->qos.own_class,
		.shares = qos_from_scheduler(sched_shares_of(task)),
		.latency_us = task->qos.latency_us,
		.burst_us = task->qos.burst_us,
		.slice_us = task->entity.slice_ns / NSEC_PER_USEC,
	};
	mutex_unlock(&tree_mutex);
	release_task(argument[0], task);
	return copy_to_user(argument[1], &qos, sizeof(qos)) ? -EFAULT : 0;
}
