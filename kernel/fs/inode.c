// SPDX-License-Identifier: Apache-2.0
/*
 * inode.c - inodes: their life, their times, and who may do what with them.
 */
#include "kernel/fs/file.h"
#include "kernel/proc/task.h"
#include "kernel/smp/timer.h"

int64_t realtime_now_ns(void)
{
	return (int64_t)time_now_ns() + time_realtime_offset_ns();
}

uint64_t filesystem_next_number(struct filesystem *filesystem)
{
	return __atomic_add_fetch(&filesystem->last_inode_number, 1, __ATOMIC_RELAXED);
}

/* Anonymous devices, as Linux numbers file systems without a disk: major 0. */
uint32_t filesystem_next_device(void)
{
	static uint32_t last;

	return device_number(0, __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED));
}

void inode_init(struct inode *inode, struct filesystem *filesystem,
	const struct inode_operations *operations, const struct file_operations *file_operations,
	uint32_t mode)
{
	memset(inode, 0, sizeof(*inode));
	inode->operations = operations;
	inode->file_operations = file_operations;
	inode->filesystem = filesystem;
	inode->references = 1;
	inode->mode = mode;
	inode->link_count = 1;
	mutex_init(&inode->mutex, LOCK_RANK_INODE);
}

void inode_put(struct inode *inode)
{
	uint32_t before = __atomic_fetch_sub(&inode->references, 1, __ATOMIC_ACQ_REL);

	kassert(before > 0);
	if (before == 1)
		inode->operations->release(inode);
}

bool current_has(int capability)
{
	struct task *task = current;

	return (task->flags & TASK_KERNEL) || cred_has(&task->cred, (enum capability)capability);
}

int inode_permission_of(const struct inode *inode, unsigned int wanted, const struct cred *cred)
{
	return cred_permission(cred, __atomic_load_n(&inode->mode, __ATOMIC_RELAXED), inode->uid, inode->gid,
			       wanted);
}

int inode_set_attributes(struct inode *inode, uint32_t mode, uint32_t uid, uint32_t gid)
{
	if (inode->operations->set_attributes)
		return inode->operations->set_attributes(inode, mode, uid, gid);
	__atomic_store_n(&inode->uid, uid, __ATOMIC_RELAXED);
	__atomic_store_n(&inode->gid, gid, __ATOMIC_RELAXED);
	__atomic_store_n(&inode->mode, mode, __ATOMIC_RELAXED);
	return 0;
}

int inode_permission(const struct inode *inode, unsigned int wanted)
{
	if (current->flags & TASK_KERNEL)
		return 0;
	return inode_permission_of(inode, wanted, &current->cred);
}

int inode_check_owner(const struct inode *inode)
{
	if (current->cred.fsuid == inode->uid || current_has(CAP_FOWNER))
		return 0;
	return -EPERM;
}

void inode_touch_contents(struct inode *inode)
{
	int64_t now = realtime_now_ns();

	inode->modified_ns = now;
	inode->changed_ns = now;
}

void inode_touch(struct inode *inode)
{
	inode->changed_ns = realtime_now_ns();
}
