// SPDX-License-Identifier: Apache-2.0
/*
 * sys_settings.c - what a process may set about itself: limits, prctl(2), personality(2).
 */
#include <string.h>

#include "kernel/mm/address_space.h"
#include "kernel/proc/family.h"
#include "kernel/sys/abi.h"
#include "kernel/sys/syscall.h"

/* --- limits --- */

/* Limits may go down, and the soft one up to the hard one; the hard one up with CAP_SYS_RESOURCE.
 */
static int set_limit_locked(
	struct process *process, uint32_t resource, const struct abi_rlimit *limit)
{
	if (limit->hard > process->limits[resource].hard &&
		!cred_has(&current->cred, CAP_SYS_RESOURCE))
		return -EPERM;
	process->limits[resource].soft = limit->soft;
	process->limits[resource].hard = limit->hard;
	return 0;
}

static bool may_limit(const struct process *process)
{
	const struct cred *own = &current->cred;
	const struct task *leader = TAILQ_FIRST(&process->threads);

	if (process == current->process || cred_has(own, CAP_SYS_RESOURCE))
		return true;
	return leader && own->uid == leader->cred.uid && own->uid == leader->cred.euid &&
	       own->uid == leader->cred.suid && own->gid == leader->cred.gid &&
	       own->gid == leader->cred.egid && own->gid == leader->cred.sgid;
}

/* `new_limit` and `old` may be NULL. */
static int change_limit(int32_t pid, uint32_t resource, const struct abi_rlimit *new_limit,
			struct abi_rlimit *old)
{
	struct process *process;
	int error = 0;

	if (resource >= RLIMIT_COUNT || (new_limit && new_limit->soft > new_limit->hard))
		return -EINVAL;
	if (pid < 0)
		return -ESRCH;
	spin_lock(&family_lock);
	process = pid ? process_lookup_locked(pid) : current->process;
	if (!process)
		error = -ESRCH;
	else if (!may_limit(process))
		error = -EPERM;
	if (!error) {
		old->soft = process->limits[resource].soft;
		old->hard = process->limits[resource].hard;
		if (new_limit)
			error = set_limit_locked(process, resource, new_limit);
	}
	spin_unlock(&family_lock);
	return error;
}

int64_t sys_prlimit64(const uint64_t *argument)
{
	struct abi_rlimit new_limit, old;
	int error;

	if (argument[2] && copy_from_user(&new_limit, argument[2], sizeof(new_limit)))
		return -EFAULT;
	error = change_limit((int32_t)argument[0], (uint32_t)argument[1],
			     argument[2] ? &new_limit : NULL, &old);
	if (error)
		return error;
	return argument[3] ? copy_to_user(argument[3], &old, sizeof(old)) : 0;
}

int64_t sys_getrlimit(const uint64_t *argument)
{
	struct abi_rlimit old;
	int error = change_limit(0, (uint32_t)argument[0], NULL, &old);

	return error ? error : copy_to_user(argument[1], &old, sizeof(old));
}

int64_t sys_setrlimit(const uint64_t *argument)
{
	struct abi_rlimit new_limit, old;

	if (copy_from_user(&new_limit, argument[1], sizeof(new_limit)))
		return -EFAULT;
	return change_limit(0, (uint32_t)argument[0], &new_limit, &old);
}

/* --- prctl(2) --- */

static int64_t set_task_name(uaddr_t address)
{
	char name[TASK_NAME_SIZE] = { 0 };
	int64_t length = copy_string_from_user(name, address, sizeof(name));

	if (length == -ENAMETOOLONG) {
		if (copy_from_user(name, address, sizeof(name)))
			return -EFAULT;
		name[TASK_NAME_SIZE - 1] = '\0';
	} else if (length < 0) {
		return length;
	}
	memcpy(current->name, name, sizeof(name));
	return 0;
}

static int64_t bounding_set(int command, uint64_t capability)
{
	enum { READ = 23 };
	struct cred *cred = &current->cred;
	uint64_t bit = 1ULL << (capability & 63);

	if (capability > CAP_LAST)
		return -EINVAL;
	if (command == READ)
		return !!(cred->bounding & bit);
	if (!cred_has(cred, CAP_SETPCAP))
		return -EPERM;
	spin_lock(&family_lock);
	cred->bounding &= ~bit;
	spin_unlock(&family_lock);
	return 0;
}

static int64_t set_no_new_privileges(const uint64_t *argument)
{
	if (argument[1] != 1 || argument[2] || argument[3] || argument[4])
		return -EINVAL;
	current->process->no_new_privileges = true;
	return 0;
}

int64_t sys_prctl(const uint64_t *argument)
{
	enum {
		SET_DEATH_SIGNAL = 1,
		GET_DEATH_SIGNAL = 2,
		GET_DUMPABLE = 3,
		SET_DUMPABLE = 4,
		SET_NAME = 15,
		GET_NAME = 16,
		READ_BOUNDING = 23,
		DROP_BOUNDING = 24,
		SET_NO_NEW_PRIVILEGES = 38,
		GET_NO_NEW_PRIVILEGES = 39
	};
	struct process *process = current->process;
	int command = (int)argument[0];

	switch (command) {
	case SET_DEATH_SIGNAL:
		if (argument[1] > SIGNAL_COUNT)
			return -EINVAL;
		process->death_signal = (int)argument[1];
		return 0;
	case GET_DEATH_SIGNAL:
		return copy_to_user(argument[1], &process->death_signal, sizeof(int));
	case GET_DUMPABLE:
		return process->dumpable;
	case SET_DUMPABLE:
		if (argument[1] > 1)
			return -EINVAL;
		process->dumpable = (uint32_t)argument[1];
		return 0;
	case SET_NAME:
		return set_task_name(argument[1]);
	case GET_NAME:
		return copy_to_user(argument[1], current->name, TASK_NAME_SIZE);
	case READ_BOUNDING:
	case DROP_BOUNDING:
		return bounding_set(command, argument[1]);
	case SET_NO_NEW_PRIVILEGES:
		return set_no_new_privileges(argument);
	case GET_NO_NEW_PRIVILEGES:
		return process->no_new_privileges;
	default:
		return -EINVAL;
	}
}

/* Only Linux's own personality is there: asking for it, or for what it is, succeeds. */
int64_t sys_personality(const uint64_t *argument)
{
	uint32_t wanted = (uint32_t)argument[0];

	return wanted == 0 || wanted == UINT32_MAX ? 0 : -EINVAL;
}
