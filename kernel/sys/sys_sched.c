// SPDX-License-Identifier: Apache-2.0
/*
 * sys_sched.c - where a task runs, and with how many shares: affinity, yield, nice. sys_policy.c has
 * the policies.
 */
#include "cgroups/cg.h"
#include "kernel/kernel.h"
#include "kernel/mm/address_space.h"
#include "kernel/proc/family.h"
#include "kernel/sched/audit.h"
#include "kernel/sched/core.h"
#include "kernel/sched/tree.h"
#include "kernel/smp/cpu.h"
#include "kernel/sys/abi.h"
#include "kernel/sys/named_task.h"
#include "kernel/sys/syscall.h"

enum { PRIO_PROCESS = 0, PRIO_PGRP = 1, PRIO_USER = 2 };

struct task *named_task(uint64_t argument)
{
	int32_t tid = (int32_t)argument;

	if (tid == 0)
		return current;
	return tid > 0 ? task_find(tid) : NULL;
}

void release_task(uint64_t argument, struct task *task)
{
	if ((int32_t)argument != 0)
		task_put(task);
}

bool may_change(const struct task *task)
{
	const struct cred *mine = &current->cred;

	if (task->process == current->process || cred_has(mine, CAP_SYS_NICE))
		return true;
	return (mine->euid == task->cred.euid || mine->euid == task->cred.uid) &&
	       tree_is_below_mine(task);
}

/* The words in which masks are seen: up to the last possible CPU. */
static size_t mask_words(void)
{
	return (cpu_count + 63UL) / 64;
}

static int64_t set_affinity(const uint64_t *argument, enum tree_pin which)
{
	size_t length = (unsigned int)argument[1];
	struct cpumask request = cpumask_none();
	struct task *task;
	int error;

	if (copy_from_user(&request, argument[2], MIN(length, sizeof(request))))
		return -EFAULT;
	task = named_task(argument[0]);
	if (!task)
		return -ESRCH;
	if (task->flags & TASK_KERNEL)
		error = -EINVAL;
	else if (!may_change(task))
		error = -EPERM;
	else
		error = tree_pin(task, &request, which);
	audit_mask("sched_setaffinity", task->tid, &request, error);
	release_task(argument[0], task);
	return error;
}

int64_t sys_sched_setaffinity(const uint64_t *argument)
{
	return set_affinity(argument, TREE_PIN_ANY);
}

int64_t sys_sched_set_affinity(const uint64_t *argument)
{
	enum { STRICT = 1 };
	uint32_t flags = (uint32_t)argument[3];

	if (flags & ~(uint32_t)STRICT)
		return -EINVAL;
	return set_affinity(argument, flags & STRICT ? TREE_PIN_ALL : TREE_PIN_ANY);
}

int64_t sys_sched_getaffinity(const uint64_t *argument)
{
	size_t length = (unsigned int)argument[1];

	if (length * 8 < cpu_count || length % sizeof(uint64_t) != 0)
		return -EINVAL;
	struct task *task = named_task(argument[0]);
	if (!task)
		return -ESRCH;
	if (!tree_sees_task(task)) {
		release_task(argument[0], task);
		return -EPERM;
	}
	struct cpumask mask;
	size_t words = mask_words();
	spin_lock(&task->lock);
	for (size_t word = 0; word < words; word++)
		mask.bits[word] = task->allowed.bits[word] & cpu_online.bits[word];
	spin_unlock(&task->lock);
	release_task(argument[0], task);
	length = MIN(length, words * sizeof(uint64_t));
	return copy_to_user(argument[2], &mask, length) ? -EFAULT : (int64_t)length;
}

int64_t sys_sched_yield(const uint64_t *argument)
{
	(void)argument;
	sched_yield();
	return 0;
}

int64_t sys_getcpu(const uint64_t *argument)
{
	uint32_t cpu = this_cpu()->id, node = this_cpu()->node;

	if ((argument[0] && copy_to_user(argument[0], &cpu, sizeof(cpu))) ||
	    (argument[1] && copy_to_user(argument[1], &node, sizeof(node))))
		return -EFAULT;
	return 0;
}

/* ---- getpriority(2), setpriority(2): nice levels, as shares ---- */

/* What a call does to each thread that it names: 0, or an error that is kept while the rest goes on. */
struct nice_request {
	int nice;      /* the level to set */
	int least;     /* the lowest level found */
	int64_t error; /* -ESRCH until a thread is found */
	void (*visit)(struct nice_request *request, struct task *task);
};

int nice_of(const struct task *task)
{
	return cg_nice_of_shares(sched_shares_of(task));
}

bool nice_is_allowed(const struct task *task, int nice)
{
	return task->process->limits[RLIMIT_NICE].soft >= (uint64_t)(20 - nice);
}

static void visit_get(struct nice_request *request, struct task *task)
{
	request->error = 0;
	request->least = MIN(request->least, nice_of(task));
}

static int64_t may_set_nice(const struct nice_request *request, const struct task *task)
{
	if (!may_change(task))
		return -EPERM;
	if (request->nice < nice_of(task) && !nice_is_allowed(task, request->nice) &&
	    !cred_has(&current->cred, CAP_SYS_NICE))
		return -EACCES;
	return 0;
}

static void visit_set(struct nice_request *request, struct task *task)
{
	int64_t error = may_set_nice(request, task);

	if (error)
		request->error = error;
	else if (request->error == -ESRCH)
		request->error = 0;
	if (!error)
		sched_set_shares(task, cg_shares_of_nice(request->nice));
	audit_number(AUDIT_SHARES, "setpriority", task->tid, request->nice, (int)error);
}

static void visit_threads(struct nice_request *request, struct process *process, int which, uint32_t who)
{
	struct task *task = thread_next(process, 0), *next;

	for (; task; task = next) {
		if (which == PRIO_PGRP || task->cred.uid == who)
			request->visit(request, task);
		next = thread_next(process, task->tid);
		task_put(task);
	}
}

/* Every process in turn: PIDs only rise, so each is seen once whatever comes and goes. */
static void visit_processes(struct nice_request *request, int which, uint32_t who)
{
	struct process *process = process_next(0), *next;

	for (; process; process = next) {
		if (which == PRIO_USER || process->group == (int32_t)who)
			visit_threads(request, process, which, who);
		next = process_next(process->pid);
		process_put(process);
		preempt_point();
	}
}

static int64_t visit(struct nice_request *request, int which, int32_t who)
{
	request->error = -ESRCH;
	request->least = CG_NICE_MAX;
	switch (which) {
	case PRIO_PROCESS: {
		struct task *task = named_task((uint64_t)who);

		if (!task)
			break;
		if (!(task->flags & TASK_KERNEL))
			request->visit(request, task);
		release_task((uint64_t)who, task);
		break;
	}
	case PRIO_PGRP:
		visit_processes(request, which, (uint32_t)(who ? who : current->process->group));
		break;
	case PRIO_USER:
		visit_processes(request, which, who ? (uint32_t)who : current->cred.uid);
		break;
	default:
		return -EINVAL;
	}
	return request->error;
}

int64_t sys_setpriority(const uint64_t *argument)
{
	int nice = (int)argument[2];
	struct nice_request request = {
		.nice = MIN(MAX(nice, (int)CG_NICE_MIN), (int)CG_NICE_MAX),
		.visit = visit_set,
	};

	return visit(&request, (int)argument[0], (int32_t)argument[1]);
}

/* The call cannot answer a negative number: it answers 20 - nice. */
int64_t sys_getpriority(const uint64_t *argument)
{
	struct nice_request request = { .visit = visit_get };
	int64_t error = visit(&request, (int)argument[0], (int32_t)argument[1]);

	return error ? error : 20 - request.least;
}
