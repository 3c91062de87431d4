// SPDX-License-Identifier: Apache-2.0
/*
 * wait.c - what became of a child: wait4(2), waitid(2).
 *
 * A look goes through the children under the family lock, oldest first, and takes the first news
 * that fits; between looks the parent sleeps on its child_event. Cost: O(children) a look.
 */
#include <string.h>

#include "kernel/mm/address_space.h"
#include "kernel/proc/life.h"
#include "kernel/sys/abi.h"
#include "kernel/sys/rusage.h"
#include "kernel/sys/syscall.h"

enum wait_kind { WAIT_ANY, WAIT_PID, WAIT_GROUP };

/* A question, and its answer once `found`. */
struct wait_request {
	enum wait_kind kind;
	int32_t id;
	uint32_t options;
	bool found;
	int error;                /* -ECHILD */
	int32_t pid;
	uint32_t uid;
	int code, status;         /* CLD_*; exit code or signal */
	int wait_status;          /* as wait4 tells it */
	struct abi_rusage usage;
	struct process *reaped;   /* its table reference */
};

static bool is_meant(const struct process *child, const struct wait_request *request)
{
	bool is_clone = child->exit_signal != KSIGCHLD;

	if (request->kind == WAIT_PID && child->pid != request->id)
		return false;
	if (request->kind == WAIT_GROUP && child->group != request->id)
		return false;
	return (request->options & WALL) || is_clone == !!(request->options & (uint32_t)WCLONE);
}

static void answer(struct wait_request *request, struct process *child, int code, int status)
{
	request->found = true;
	request->pid = child->pid;
	request->uid = child->state == PROCESS_ZOMBIE ? child->cred.uid :
							TAILQ_FIRST(&child->threads)->cred.uid;
	request->code = code;
	request->status = status;
	rusage_of_process_locked(&request->usage, child, RUSAGE_BOTH);
}

static void take_counts(struct process *parent, const struct process *child)
{
	const struct task_counts *dead = &child->dead_counts, *below = &child->child_counts;

	parent->child_counts.minor_faults += dead->minor_faults + below->minor_faults;
	parent->child_counts.voluntary_switches += dead->voluntary_switches + below->voluntary_switches;
	parent->child_counts.involuntary_switches +=
		dead->involuntary_switches + below->involuntary_switches;
	parent->child_resident_peak = MAX(parent->child_resident_peak,
					  MAX(child->resident_peak, child->child_resident_peak));
}

static bool look_at_zombie(struct process *child, struct wait_request *request)
{
	struct process *parent = child->parent;
	int status = child->exit_status;

	if (child->state != PROCESS_ZOMBIE || !(request->options & WEXITED))
		return false;
	answer(request, child, status & 0x7f ? CLD_KILLED : CLD_EXITED,
	       status & 0x7f ? status & 0x7f : status >> 8 & 0xff);
	request->wait_status = status;
	if (request->options & WNOWAIT)
		return true;
	parent->child_user_ns += child->dead_user_ns + child->child_user_ns;
	parent->child_system_ns += child->dead_system_ns + child->child_system_ns;
	take_counts(parent, child);
	process_reap_locked(child);
	request->reaped = child;
	return true;
}

static bool look_at_stop(struct process *child, struct wait_request *request)
{
	bool keep = request->options & WNOWAIT;
	bool stopped, continued;
	int number;

	if (!(request->options & (WSTOPPED | WCONTINUED)) || child->state == PROCESS_ZOMBIE)
		return false;
	spin_lock(&child->signals.lock);
	stopped = (request->options & WSTOPPED) && child->stopped;
	continued = !stopped && (request->options & WCONTINUED) && child->continued;
	number = child->stop_signal;
	if (stopped && !keep)
		child->stopped = false;
	if (continued && !keep)
		child->continued = false;
	spin_unlock(&child->signals.lock);
	if (stopped) {
		answer(request, child, CLD_STOPPED, number);
		request->wait_status = number << 8 | 0x7f;
	} else if (continued) {
		answer(request, child, CLD_CONTINUED, KSIGCONT);
		request->wait_status = 0xffff;
	}
	return stopped || continued;
}

/* One look. Answers whether there is nothing to wait for (any more). */
static bool look(struct wait_request *request)
{
	struct process *child;

	if (request->found)
		return true;
	request->error = -ECHILD;
	spin_lock(&family_lock);
	TAILQ_FOREACH(child, &current->process->children, sibling_link) {
		if (!is_meant(child, request))
			continue;
		request->error = 0;
		if (look_at_zombie(child, request) || look_at_stop(child, request))
			break;
	}
	spin_unlock(&family_lock);
	return request->found || request->error;
}

/* 1: found; 0: nothing yet (WNOHANG); -ECHILD, -ERESTARTSYS. */
static int wait_for_child(struct wait_request *request)
{
	int error = 0;

	if (!look(request)) {
		if (request->options & WNOHANG)
			return 0;
		error = wait_event_interruptible(&current->process->child_event, look(request));
	}
	if (request->reaped)
		process_put(request->reaped);
	if (request->found)
		return 1;
	return error ? error : request->error;
}

int64_t sys_wait4(const uint64_t *argument)
{
	int32_t pid = (int32_t)argument[0];
	struct wait_request request = { .options = (uint32_t)argument[2] | WEXITED };
	int found;

	if ((uint32_t)argument[2] &
		~((uint32_t)(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL) |
			(uint32_t)WCLONE))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid > 0)
		request.kind = WAIT_PID;
	else if (pid != -1)
		request.kind = WAIT_GROUP;
	request.id = pid > 0 ? pid : pid == 0 ? current->process->group : -pid;
	found = wait_for_child(&request);
	if (found <= 0)
		return found;
	if (argument[1] && copy_to_user(argument[1], &request.wait_status, sizeof(int)))
		return -EFAULT;
	if (argument[3] && copy_to_user(argument[3], &request.usage, sizeof(request.usage)))
		return -EFAULT;
	return request.pid;
}

static int decode_waitid(const uint64_t *argument, struct wait_request *request)
{
	uint32_t options = (uint32_t)argument[3];

	if (options & ~((uint32_t)(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | WNOTHREAD |
				   WALL) |
			      (uint32_t)WCLONE))
		return -EINVAL;
	if (!(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	request->options = options;
	request->id = (int32_t)argument[1];
	switch ((int32_t)argument[0]) {
	case P_ALL:
		request->kind = WAIT_ANY;
		return 0;
	case P_PID:
		request->kind = WAIT_PID;
		return request->id > 0 ? 0 : -EINVAL;
	case P_PGID:
		request->kind = WAIT_GROUP;
		if (request->id == 0)
			request->id = current->process->group;
		return request->id > 0 ? 0 : -EINVAL;
	default: /* P_PIDFD: there are none */
		return -EINVAL;
	}
}

int64_t sys_waitid(const uint64_t *argument)
{
	struct wait_request request = { .kind = WAIT_ANY };
	struct signal_info info = { .number = KSIGCHLD };
	struct abi_siginfo user_info;
	int found = decode_waitid(argument, &request);

	if (found)
		return found;
	found = wait_for_child(&request);
	if (found < 0)
		return found;
	if (found && argument[4] &&
		copy_to_user(argument[4], &request.usage, sizeof(request.usage)))
		return -EFAULT;
	if (!argument[2])
		return 0;
	info.code = request.code;
	info.pid = request.pid;
	info.uid = request.uid;
	info.status = request.status;
	if (found)
		signal_info_encode(&user_info, &info);
	else
		memset(&user_info, 0, sizeof(user_info));
	return copy_to_user(argument[2], &user_info, sizeof(user_info)) ? -EFAULT : 0;
}
