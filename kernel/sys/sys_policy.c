// SPDX-License-Identifier: Apache-2.0
/*
 * sys_policy.c - by which rule a task is scheduled: sched_setattr(2) and its older relatives.
 *
 * All of them become one request: decoded, checked against what may be asked for at all (EINVAL), by
 * this caller (EPERM), in this partition (admission.c), and then done.
 */
#include "cgroups/cg.h"
#include "kernel/kernel.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/layout.h"
#include "kernel/sched/admission.h"
#include "kernel/sched/audit.h"
#include "kernel/sched/runqueue.h"
#include "kernel/smp/cpu.h"
#include "kernel/sys/abi.h"
#include "kernel/sys/named_task.h"
#include "kernel/sys/syscall.h"

/* Linux's struct sched_attr; the first version ended before util_min. */
struct abi_sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};
enum { ATTR_SIZE_FIRST = 48 };
_Static_assert(sizeof(struct abi_sched_attr) == 56, "Linux's structure");

enum {
	FLAG_RESET_ON_FORK = 1, FLAG_KEEP_POLICY = 8, FLAG_KEEP_PARAMS = 16, FLAG_UTIL_CLAMP = 0x60,
	FLAG_ALL = FLAG_RESET_ON_FORK | FLAG_KEEP_POLICY | FLAG_KEEP_PARAMS | FLAG_UTIL_CLAMP,
};
enum { RESET_ON_FORK = 0x40000000 }; /* in the policy of sched_setscheduler(2) */
enum { KEEP_POLICY = -1 };

#define DEADLINE_RUNTIME_MIN_NS 1024ULL
#define DEADLINE_PERIOD_MIN_NS  (100 * NSEC_PER_USEC)
#define DEADLINE_PERIOD_MAX_NS  ((1ULL << 22) * NSEC_PER_USEC)

struct attributes {
	int policy; /* KEEP_POLICY: as it is */
	uint64_t flags;
	int nice;
	uint32_t priority;
	uint32_t latency_us; /* of a fair task: its hint */
	struct deadline_parameters deadline;
};

static bool policy_is_fair(int policy)
{
	return policy == POLICY_OTHER || policy == POLICY_BATCH;
}

static bool policy_exists(int policy)
{
	return policy_is_fair(policy) || policy_is_urgent(policy) || policy == POLICY_IDLE;
}

/* runtime <= deadline <= period, within what can be told apart and waited for. */
static bool deadline_is_valid(const struct deadline_parameters *deadline)
{
	return deadline->deadline_ns != 0 && deadline->runtime_ns >= DEADLINE_RUNTIME_MIN_NS &&
	       deadline->runtime_ns <= deadline->deadline_ns &&
	       deadline->deadline_ns <= deadline->period_ns &&
	       deadline->period_ns >= DEADLINE_PERIOD_MIN_NS &&
	       deadline->period_ns <= DEADLINE_PERIOD_MAX_NS;
}

/* EINVAL: whatever no caller may ask for. */
static int check_request(const struct attributes *wanted)
{
	if (!policy_exists(wanted->policy) || wanted->flags & ~(uint64_t)FLAG_ALL ||
	    wanted->priority > PRIORITY_MAX ||
	    policy_is_realtime(wanted->policy) != (wanted->priority != 0))
		return -EINVAL;
	if (wanted->policy == POLICY_DEADLINE && !deadline_is_valid(&wanted->deadline))
		return -EINVAL;
	return 0;
}

/* What CAP_SYS_NICE is needed for. */
static bool needs_privilege(const struct task *task, const struct attributes *wanted)
{
	const struct class_entity *now = &task->class;
	bool resets = wanted->flags & FLAG_RESET_ON_FORK;

	if (wanted->policy == POLICY_DEADLINE || (now->reset_on_fork && !resets))
		return true;
	if (policy_is_realtime(wanted->policy)) {
		uint64_t limit = task->process->limits[RLIMIT_RTPRIO].soft;

		if ((wanted->policy != now->policy && limit == 0) ||
		    (wanted->priority > now->priority && wanted->priority > limit))
			return true;
	}
	if (policy_is_fair(wanted->policy) && wanted->nice < nice_of(task) &&
	    !nice_is_allowed(task, wanted->nice))
		return true;
	/* SCHED_IDLE is less than the highest nice level. */
	return now->policy == POLICY_IDLE && wanted->policy != POLICY_IDLE &&
	       !nice_is_allowed(task, nice_of(task));
}

static int apply(struct task *task, const struct attributes *wanted)
{
	struct policy_request request = {
		.policy = (uint8_t)wanted->policy,
		.priority = (uint8_t)wanted->priority,
		.reset_on_fork = wanted->flags & FLAG_RESET_ON_FORK,
	};
	const struct class_entity *now = &task->class;

	if (wanted->policy == POLICY_DEADLINE)
		request.deadline = wanted->deadline;
	if (policy_is_fair(wanted->policy)) {
		if (wanted->nice != nice_of(task))
			sched_set_shares(task, cg_shares_of_nice(wanted->nice));
		qos_set_latency(task, wanted->latency_us);
	}
	/* Nothing that is asked for again loses its turn. */
	if (request.policy == now->policy && request.priority == now->priority &&
	    request.deadline.runtime_ns == now->deadline.runtime_ns &&
	    request.deadline.deadline_ns == now->deadline.deadline_ns &&
	    request.deadline.period_ns == now->deadline.period_ns) {
		spin_lock(&task->lock);
		task->class.reset_on_fork = request.reset_on_fork;
		spin_unlock(&task->lock);
		return 0;
	}
	return admission_set_policy(task, &request);
}

static int try_attributes(struct task *task, struct attributes *wanted)
{
	int error;

	if (task->flags & TASK_KERNEL)
		return -EINVAL;
	if (wanted->policy == KEEP_POLICY) {
		wanted->policy = task->class.policy;
		wanted->flags &= ~(uint64_t)FLAG_RESET_ON_FORK;
		wanted->flags |= task->class.reset_on_fork ? FLAG_RESET_ON_FORK : 0;
	}
	error = check_request(wanted);
	if (error)
		return error;
	if (!may_change(task) ||
	    (needs_privilege(task, wanted) && !cred_has(&current->cred, CAP_SYS_NICE)))
		return -EPERM;
	if (wanted->flags & FLAG_UTIL_CLAMP)
		return -EOPNOTSUPP;
	return apply(task, wanted);
}

static int set_attributes(struct task *task, struct attributes *wanted)
{
	int error = try_attributes(task, wanted);

	audit_number(AUDIT_CLASS, "sched_setattr", task->tid, wanted->policy, error);
	return error;
}

/* ---- sched_setscheduler(2), sched_setparam(2) ---- */

static int64_t set_scheduler(uint64_t pid, int policy, uaddr_t parameter)
{
	struct attributes wanted = { .policy = policy };

	if (!parameter || (int32_t)pid < 0)
		return -EINVAL;
	if (copy_from_user(&wanted.priority, parameter, sizeof(wanted.priority)))
		return -EFAULT;
	if (policy != KEEP_POLICY && policy & RESET_ON_FORK) {
		wanted.flags = FLAG_RESET_ON_FORK;
		wanted.policy &= ~RESET_ON_FORK;
	}
	struct task *task = named_task(pid);
	if (!task)
		return -ESRCH;
	wanted.nice = nice_of(task);
	wanted.latency_us = task->qos.latency_us;
	int error = set_attributes(task, &wanted);
	release_task(pid, task);
	return error;
}

int64_t sys_sched_setscheduler(const uint64_t *argument)
{
	if ((int)argument[1] < 0)
		return -EINVAL;
	return set_scheduler(argument[0], (int)argument[1], argument[2]);
}

int64_t sys_sched_setparam(const uint64_t *argument)
{
	return set_scheduler(argument[0], KEEP_POLICY, argument[1]);
}

int64_t sys_sched_getscheduler(const uint64_t *argument)
{
	if ((int32_t)argument[0] < 0)
		return -EINVAL;
	struct task *task = named_task(argument[0]);
	if (!task)
		return -ESRCH;
	int policy = task->class.policy | (task->class.reset_on_fork ? RESET_ON_FORK : 0);
	release_task(argument[0], task);
	return policy;
}

int64_t sys_sched_getparam(const uint64_t *argument)
{
	if (!argument[1] || (int32_t)argument[0] < 0)
		return -EINVAL;
	struct task *task = named_task(argument[0]);
	if (!task)
		return -ESRCH;
	int32_t priority = task->class.priority;
	release_task(argument[0], task);
	return copy_to_user(argument[1], &priority, sizeof(priority)) ? -EFAULT : 0;
}

/* ---- sched_setattr(2), sched_getattr(2) ---- */

/* What the caller knows and we do not must be 0. Answers 0, -EFAULT or -E2BIG. */
static int check_rest(uaddr_t from, size_t size)
{
	while (size) {
		uint8_t bytes[64];
		size_t length = MIN(size, sizeof(bytes));

		if (copy_from_user(bytes, from, length))
			return -EFAULT;
		for (size_t i = 0; i < length; i++)
			if (bytes[i])
				return -E2BIG;
		from += length;
		size -= length;
	}
	return 0;
}

static int copy_attr(struct abi_sched_attr *attr, uaddr_t from)
{
	uint32_t size, ours = sizeof(*attr);
	int error = 0;

	*attr = (struct abi_sched_attr){ .size = 0 };
	if (copy_from_user(&size, from, sizeof(size)))
		return -EFAULT;
	size = size ? size : ATTR_SIZE_FIRST;
	if (size < ATTR_SIZE_FIRST || size > PAGE_SIZE)
		error = -E2BIG;
	else if (size > ours)
		error = check_rest(from + ours, size - ours);
	if (error == -E2BIG) {
		(void)copy_to_user(from, &ours, sizeof(ours));
		return error;
	}
	if (error || copy_from_user(attr, from, MIN(size, ours)))
		return -EFAULT;
	return attr->flags & FLAG_UTIL_CLAMP && size < ours ? -EINVAL : 0;
}

/* The task's own parameters, those that its policy has. */
static void get_parameters(const struct task *task, struct abi_sched_attr *attr)
{
	const struct class_entity *class = &task->class;

	if (class->policy == POLICY_DEADLINE) {
		attr->runtime = class->deadline.runtime_ns;
		attr->deadline = class->deadline.deadline_ns;
		attr->period = class->deadline.period_ns;
	} else if (policy_is_realtime(class->policy)) {
		attr->priority = class->priority;
	} else {
		attr->nice = nice_of(task);
		attr->runtime = task->entity.slice_ns;
	}
}

/* sched_runtime of a fair task is its slice, which is its latency hint; 0: none. What it reads already
 * changes nothing. */
static uint32_t latency_from(const struct task *task, uint64_t runtime_ns)
{
	uint64_t runtime_us = runtime_ns / NSEC_PER_USEC;

	if (runtime_ns == task->entity.slice_ns)
		return task->qos.latency_us;
	if (!runtime_ns)
		return CG_LATENCY_NONE;
	return qos_clamp_latency((int64_t)MAX(MIN(runtime_us, (uint64_t)CG_LATENCY_MAX_US), 1ULL));
}

int64_t sys_sched_setattr(const uint64_t *argument)
{
	struct abi_sched_attr attr;

	if (!argument[1] || (int32_t)argument[0] < 0 || (uint32_t)argument[2] != 0)
		return -EINVAL;
	int error = copy_attr(&attr, argument[1]);
	if (error)
		return error;
	if ((int32_t)attr.policy < 0)
		return -EINVAL;
	struct task *task = named_task(argument[0]);
	if (!task)
		return -ESRCH;
	if (attr.flags & FLAG_KEEP_PARAMS)
		get_parameters(task, &attr);
	struct attributes wanted = {
		.policy = attr.flags & FLAG_KEEP_POLICY ? KEEP_POLICY : (int)attr.policy,
		.flags = attr.flags,
		.nice = MIN(MAX(attr.nice, (int)CG_NICE_MIN), (int)CG_NICE_MAX),
		.priority = attr.priority,
		.latency_us = latency_from(task, attr.runtime),
		.deadline = { attr.runtime, attr.deadline, attr.period ? attr.period : attr.deadline },
	};
	error = set_attributes(task, &wanted);
	release_task(argument[0], task);
	return error;
}

int64_t sys_sched_getattr(const uint64_t *argument)
{
	uint32_t size = (uint32_t)argument[2];
	struct abi_sched_attr attr = { .size = MIN(size, (uint32_t)sizeof(attr)) };

	if (!argument[1] || (int32_t)argument[0] < 0 || size > PAGE_SIZE || size < ATTR_SIZE_FIRST ||
	    (uint32_t)argument[3] != 0)
		return -EINVAL;
	struct task *task = named_task(argument[0]);
	if (!task)
		return -ESRCH;
	attr.policy = task->class.policy;
	attr.flags = task->class.reset_on_fork ? FLAG_RESET_ON_FORK : 0;
	get_parameters(task, &attr);
	release_task(argument[0], task);
	return copy_to_user(argument[1], &attr, attr.size) ? -EFAULT : 0;
}

/* ---- the rest ---- */

/* The time that it runs before one of its equals does; SCHED_FIFO and SCHED_DEADLINE have none. */
static uint64_t slice_of(const struct task *task)
{
	if (task->class.policy == POLICY_RR)
		return REALTIME_SLICE_NS;
	return task->class.urgent ? 0 : task->entity.slice_ns;
}

int64_t sys_sched_rr_get_interval(const uint64_t *argument)
{
	if ((int32_t)argument[0] < 0)
		return -EINVAL;
	struct task *task = named_task(argument[0]);
	if (!task)
		return -ESRCH;
	struct abi_timespec interval = { .nanoseconds = (int64_t)slice_of(task) };
	release_task(argument[0], task);
	return copy_to_user(argument[1], &interval, sizeof(interval)) ? -EFAULT : 0;
}

int64_t sys_sched_get_priority_max(const uint64_t *argument)
{
	int policy = (int)argument[0];

	return !policy_exists(policy) ? -EINVAL : policy_is_realtime(policy) ? PRIORITY_MAX : 0;
}

int64_t sys_sched_get_priority_min(const uint64_t *argument)
{
	int policy = (int)argument[0];

	return !policy_exists(policy) ? -EINVAL : policy_is_realtime(policy) ? PRIORITY_MIN : 0;
}
