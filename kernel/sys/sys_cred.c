// SPDX-License-Identifier: Apache-2.0
/*
 * sys_cred.c - user and group IDs, supplementary groups, capabilities.
 *
 * IDs are a thread's own; the C library makes its process's threads agree. They are written under
 * the family lock, because others read them there. Changing the user IDs changes capabilities as
 * capabilities(7) says: who leaves user 0 in all three IDs loses them.
 */
#include <string.h>

#include "kernel/mm/address_space.h"
#include "kernel/proc/family.h"
#include "kernel/sys/abi.h"
#include "kernel/sys/syscall.h"

#define KEEP UINT32_MAX /* -1: leave this ID as it is */

/* The three IDs of users or of groups, and the one for files, which follows the effective one. */
struct id_set {
	uint32_t *real, *effective, *saved, *file;
};

static struct id_set user_ids(struct cred *cred)
{
	return (struct id_set){ &cred->uid, &cred->euid, &cred->suid, &cred->fsuid };
}

static struct id_set group_ids(struct cred *cred)
{
	return (struct id_set){ &cred->gid, &cred->egid, &cred->sgid, &cred->fsgid };
}

static bool is_one_of(const struct id_set *ids, uint32_t id)
{
	return id == *ids->real || id == *ids->effective || id == *ids->saved;
}

static uint32_t chosen(uint32_t wanted, uint32_t present)
{
	return wanted == KEEP ? present : wanted;
}

static void apply(struct id_set *ids, uint32_t real, uint32_t effective, uint32_t saved)
{
	struct cred *cred = &current->cred;
	bool was_root, was_effective;

	spin_lock(&family_lock);
	was_root = cred->uid == 0 || cred->euid == 0 || cred->suid == 0;
	was_effective = cred->euid == 0;
	*ids->real = real;
	*ids->effective = effective;
	*ids->saved = saved;
	*ids->file = effective;
	if (was_root && cred->uid && cred->euid && cred->suid)
		cred->permitted = cred->effective = 0;
	if (was_effective && cred->euid)
		cred->effective = 0;
	if (!was_effective && !cred->euid)
		cred->effective = cred->permitted;
	spin_unlock(&family_lock);
}

static int64_t set_one(struct id_set ids, enum capability capability, uint32_t id)
{
	if (id == KEEP)
		return -EINVAL;
	if (cred_has(&current->cred, capability))
		apply(&ids, id, id, id);
	else if (id == *ids.real || id == *ids.saved)
		apply(&ids, *ids.real, id, *ids.saved);
	else
		return -EPERM;
	return 0;
}

static int64_t set_two(
	struct id_set ids, enum capability capability, uint32_t real, uint32_t effective)
{
	uint32_t saved = *ids.saved;

	if (!cred_has(&current->cred, capability)) {
		if (real != KEEP && real != *ids.real && real != *ids.effective)
			return -EPERM;
		if (effective != KEEP && !is_one_of(&ids, effective))
			return -EPERM;
	}
	if (real != KEEP || (effective != KEEP && effective != *ids.real))
		saved = chosen(effective, *ids.effective);
	apply(&ids, chosen(real, *ids.real), chosen(effective, *ids.effective), saved);
	return 0;
}

static int64_t set_three(struct id_set ids, enum capability capability, const uint64_t *argument)
{
	for (unsigned int i = 0; i < 3; i++)
		if ((uint32_t)argument[i] != KEEP && !is_one_of(&ids, (uint32_t)argument[i]) &&
		    !cred_has(&current->cred, capability))
			return -EPERM;
	apply(&ids, chosen((uint32_t)argument[0], *ids.real),
		chosen((uint32_t)argument[1], *ids.effective),
		chosen((uint32_t)argument[2], *ids.saved));
	return 0;
}

static int64_t get_three(struct id_set ids, const uint64_t *argument)
{
	if (copy_to_user(argument[0], ids.real, sizeof(uint32_t)) ||
	    copy_to_user(argument[1], ids.effective, sizeof(uint32_t)) ||
	    copy_to_user(argument[2], ids.saved, sizeof(uint32_t)))
		return -EFAULT;
	return 0;
}

/* Answers the old ID, whether it was changed or not. */
static int64_t set_file_id(struct id_set ids, enum capability capability, uint32_t id)
{
	uint32_t old = *ids.file;

	if (id != KEEP &&
		(is_one_of(&ids, id) || id == old || cred_has(&current->cred, capability))) {
		spin_lock(&family_lock);
		*ids.file = id;
		spin_unlock(&family_lock);
	}
	return old;
}

int64_t sys_setuid(const uint64_t *argument)
{
	return set_one(user_ids(&current->cred), CAP_SETUID, (uint32_t)argument[0]);
}

int64_t sys_setgid(const uint64_t *argument)
{
	return set_one(group_ids(&current->cred), CAP_SETGID, (uint32_t)argument[0]);
}

int64_t sys_setreuid(const uint64_t *argument)
{
	return set_two(
		user_ids(&current->cred), CAP_SETUID, (uint32_t)argument[0], (uint32_t)argument[1]);
}

int64_t sys_setregid(const uint64_t *argument)
{
	return set_two(group_ids(&current->cred), CAP_SETGID, (uint32_t)argument[0],
		(uint32_t)argument[1]);
}

int64_t sys_setresuid(const uint64_t *argument)
{
	return set_three(user_ids(&current->cred), CAP_SETUID, argument);
}

int64_t sys_setresgid(const uint64_t *argument)
{
	return set_three(group_ids(&current->cred), CAP_SETGID, argument);
}

int64_t sys_getresuid(const uint64_t *argument)
{
	return get_three(user_ids(&current->cred), argument);
}

int64_t sys_getresgid(const uint64_t *argument)
{
	return get_three(group_ids(&current->cred), argument);
}

int64_t sys_setfsuid(const uint64_t *argument)
{
	return set_file_id(user_ids(&current->cred), CAP_SETUID, (uint32_t)argument[0]);
}

int64_t sys_setfsgid(const uint64_t *argument)
{
	return set_file_id(group_ids(&current->cred), CAP_SETGID, (uint32_t)argument[0]);
}

int64_t sys_getuid(const uint64_t *argument)
{
	(void)argument;
	return current->cred.uid;
}

int64_t sys_geteuid(const uint64_t *argument)
{
	(void)argument;
	return current->cred.euid;
}

int64_t sys_getgid(const uint64_t *argument)
{
	(void)argument;
	return current->cred.gid;
}

int64_t sys_getegid(const uint64_t *argument)
{
	(void)argument;
	return current->cred.egid;
}

/* --- supplementary groups --- */

int64_t sys_getgroups(const uint64_t *argument)
{
	const struct cred *cred = &current->cred;
	int size = (int)argument[0];

	if (size < 0 || (size > 0 && (uint32_t)size < cred->group_count))
		return -EINVAL;
	if (size && copy_to_user(argument[1], cred->groups, cred->group_count * sizeof(uint32_t)))
		return -EFAULT;
	return cred->group_count;
}

int64_t sys_setgroups(const uint64_t *argument)
{
	uint64_t count = (uint32_t)argument[0];
	uint32_t groups[CRED_GROUPS_MAX];

	if (!cred_has(&current->cred, CAP_SETGID))
		return -EPERM;
	if (count > CRED_GROUPS_MAX)
		return -EINVAL;
	if (copy_from_user(groups, argument[1], count * sizeof(uint32_t)))
		return -EFAULT;
	spin_lock(&family_lock);
	memcpy(current->cred.groups, groups, count * sizeof(uint32_t));
	current->cred.group_count = (uint32_t)count;
	spin_unlock(&family_lock);
	return 0;
}

/* --- capabilities --- */

struct abi_cap_header {
	uint32_t version;
	int32_t pid;
};
struct abi_cap_data {
	uint32_t effective, permitted, inheritable;
};
enum { CAP_VERSION_1 = 0x19980330, CAP_VERSION_2 = 0x20071026, CAP_VERSION_3 = 0x20080522 };

/* The number of 32-bit halves of a version; an unknown one is answered with ours. */
static int read_cap_header(uaddr_t address, struct abi_cap_header *header)
{
	const uint32_t newest = CAP_VERSION_3;

	if (copy_from_user(header, address, sizeof(*header)))
		return -EFAULT;
	switch (header->version) {
	case CAP_VERSION_1:
		return 1;
	case CAP_VERSION_2:
	case CAP_VERSION_3:
		return 2;
	default:
		return copy_to_user(address, &newest, sizeof(newest)) ? -EFAULT : -EINVAL;
	}
}

int64_t sys_capget(const uint64_t *argument)
{
	struct abi_cap_header header;
	struct abi_cap_data data[2];
	int halves = read_cap_header(argument[0], &header);
	struct task *task;
	struct cred cred;

	if (halves < 0)
		return halves == -EINVAL && !argument[1] ? 0 : halves;
	if (header.pid < 0)
		return -EINVAL;
	task = task_find(header.pid ? header.pid : current->tid);
	if (!task)
		return -ESRCH;
	spin_lock(&family_lock);
	cred = task->cred;
	spin_unlock(&family_lock);
	task_put(task);
	for (int i = 0; i < 2; i++)
		data[i] = (struct abi_cap_data){ (uint32_t)(cred.effective >> 32 * i),
						 (uint32_t)(cred.permitted >> 32 * i),
						 (uint32_t)(cred.inheritable >> 32 * i) };
	return copy_to_user(argument[1], data, (size_t)halves * sizeof(data[0]));
}

int64_t sys_capset(const uint64_t *argument)
{
	struct abi_cap_header header;
	struct abi_cap_data data[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
	struct cred *cred = &current->cred;
	int halves = read_cap_header(argument[0], &header);
	uint64_t effective, permitted, inheritable;

	if (halves < 0)
		return halves;
	if (header.pid != 0 && header.pid != current->tid)
		return -EPERM;
	if (copy_from_user(data, argument[1], (size_t)halves * sizeof(data[0])))
		return -EFAULT;
	effective = data[0].effective | (uint64_t)data[1].effective << 32;
	permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	if ((permitted & ~cred->permitted) || (effective & ~permitted) ||
	    (inheritable & ~(cred->inheritable | cred->permitted)))
		return -EPERM;
	spin_lock(&family_lock);
	cred->effective = effective;
	cred->permitted = permitted;
	cred->inheritable = inheritable;
	spin_unlock(&family_lock);
	return 0;
}
