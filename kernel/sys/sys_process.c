// SPDX-License-Identifier: Apache-2.0
/*
 * sys_process.c - making processes and threads, and who belongs to whom: clone, IDs, groups,
 * sessions.
 */
#include <string.h>

#include "kernel/mm/address_space.h"
#include "kernel/proc/life.h"
#include "kernel/sys/abi.h"
#include "kernel/sys/syscall.h"

/* --- clone(2), clone3(2) --- */

#define CLONE_NAMESPACES                                                                           \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
		CLONE_NEWPID | CLONE_NEWNET)
#define CLONE3_FLAGS                                                                               \
	((CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_PTRACE | CLONE_VFORK |         \
		 CLONE_PARENT | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |                      \
		 CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_UNTRACED |                     \
		 CLONE_CHILD_SETTID | CLONE_IO) |                                                  \
		CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP)

/* What no kernel would do, and what this one does not: namespaces, handlers or a vfork shared in
 * ways of their own, pidfds. */
static int check_flags(uint64_t flags)
{
	if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && (flags & CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_PARENT) && current->process == init_process)
		return -EINVAL;
	if (flags & (CLONE_NAMESPACES | CLONE_PIDFD))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_THREAD))
		return -EINVAL;
	if ((flags & CLONE_THREAD) && (flags & (CLONE_VFORK | CLONE_INTO_CGROUP)) == CLONE_VFORK)
		return -EINVAL;
	return 0;
}

int64_t sys_clone(const uint64_t *argument)
{
	uint64_t flags = (uint32_t)argument[0];
	struct clone_request request = {
		.flags = flags & ~CLONE_SIGNAL_MASK,
		.exit_signal = (int)(flags & CLONE_SIGNAL_MASK),
		.stack = argument[1],
		.parent_tid = argument[2],
		.tls = argument[3],
		.child_tid = argument[4],
	};
	int error = check_flags(request.flags);

	return error ? error : task_clone(&request);
}

/* A struct of any size, from the first published one to a page; what we do not know must be 0. */
static int read_clone_args(struct abi_clone_args *args, uaddr_t address, uint64_t size)
{
	uint64_t known = MIN(size, sizeof(*args)), word;

	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	memset(args, 0, sizeof(*args));
	for (uint64_t offset = sizeof(*args); offset < size; offset += sizeof(word)) {
		word = 0;
		if (copy_from_user(&word, address + offset, MIN(sizeof(word), size - offset)))
			return -EFAULT;
		if (word)
			return -E2BIG;
	}
	return copy_from_user(args, address, known);
}

static int check_clone_args(const struct abi_clone_args *args)
{
	if (args->flags & ~CLONE3_FLAGS)
		return -EINVAL;
	if (args->exit_signal > SIGNAL_COUNT)
		return -EINVAL;
	if ((args->flags & (CLONE_THREAD | CLONE_PARENT)) && args->exit_signal)
		return -EINVAL;
	if (!args->stack != !args->stack_size)
		return -EINVAL;
	if (args->stack && (args->stack >= USER_END || args->stack_size > USER_END - args->stack))
		return -EINVAL;
	if (args->set_tid || args->set_tid_size)
		return -EINVAL; /* to choose an ID (checkpoint and restore) is not offered */
	if ((args->flags & CLONE_INTO_CGROUP) && args->cgroup > INT32_MAX)
		return -EINVAL;
	return check_flags(args->flags);
}

int64_t sys_clone3(const uint64_t *argument)
{
	struct abi_clone_args args;
	struct clone_request request;
	int error = read_clone_args(&args, argument[0], argument[1]);

	if (!error)
		error = check_clone_args(&args);
	if (error)
		return error;
	request = (struct clone_request){
		.flags = args.flags,
		.exit_signal = (int)args.exit_signal,
		.stack = args.stack ? args.stack + args.stack_size : 0,
		.parent_tid = args.parent_tid,
		.tls = args.tls,
		.child_tid = args.child_tid,
		.cgroup_fd = (int)args.cgroup,
	};
	return task_clone(&request);
}

/* --- IDs --- */

int64_t sys_set_tid_address(const uint64_t *argument)
{
	current->clear_child_tid = argument[0];
	return current->tid;
}

int64_t sys_getpid(const uint64_t *argument)
{
	(void)argument;
	return current->process->pid;
}

int64_t sys_gettid(const uint64_t *argument)
{
	(void)argument;
	return current->tid;
}

int64_t sys_getppid(const uint64_t *argument)
{
	(void)argument;
	return __atomic_load_n(&current->process->parent_pid, __ATOMIC_RELAXED);
}

/* --- groups and sessions --- */

/* Reads one ID of a process; 0: the caller's. */
static int64_t read_id(int32_t pid, size_t offset)
{
	const struct process *process;
	int64_t id = -ESRCH;

	if (pid < 0)
		return -ESRCH;
	spin_lock(&family_lock);
	process = pid ? process_lookup_locked(pid) : current->process;
	if (process)
		id = *(const int32_t *)(const void *)((const char *)process + offset);
	spin_unlock(&family_lock);
	return id;
}

int64_t sys_getpgid(const uint64_t *argument)
{
	return read_id((int32_t)argument[0], offsetof(struct process, group));
}

int64_t sys_getsid(const uint64_t *argument)
{
	return read_id((int32_t)argument[0], offsetof(struct process, session));
}

static int set_group_locked(struct process *process, int32_t group)
{
	const struct process *own = current->process, *member;

	if (process != own && process->parent != own)
		return -ESRCH;
	if (process->session != own->session)
		return -EPERM;
	if (process != own && process->executed)
		return -EACCES;
	if (process->session == process->pid)
		return -EPERM;
	if (group != process->pid) {
		member = group_next_locked(group, NULL);
		if (!member || member->session != own->session)
			return -EPERM;
	}
	if (process->group != group)
		process_set_group_locked(process, group);
	return 0;
}

int64_t sys_setpgid(const uint64_t *argument)
{
	int32_t pid = (int32_t)argument[0], group = (int32_t)argument[1];
	struct process *process;
	int error = -ESRCH;

	if (group < 0)
		return -EINVAL;
	if (pid < 0)
		return -ESRCH;
	spin_lock(&family_lock);
	process = pid ? process_lookup_locked(pid) : current->process;
	if (process)
		error = set_group_locked(process, group ? group : process->pid);
	spin_unlock(&family_lock);
	return error;
}

int64_t sys_setsid(const uint64_t *argument)
{
	struct process *process = current->process;
	int64_t answer = -EPERM;

	(void)argument;
	spin_lock(&family_lock);
	if (!group_next_locked(process->pid, NULL)) {
		process_set_group_locked(process, process->pid);
		process_set_session_locked(process, process->pid);
		process->terminal = NULL;
		answer = process->pid;
	}
	spin_unlock(&family_lock);
	return answer;
}
