// SPDX-License-Identifier: Apache-2.0
/*
 * sys_stat.c - what is known of a file, and its owner, mode, size and times.
 */
#include "kernel/fs/notify.h"
#include "kernel/fs/path.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/mm/page.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"
#include "kernel/sys/syscall.h"

enum { BLOCK_SIZE = 4096, SECTOR_SIZE = 512 };

/* The place that a call of the *at family names, with references. */
static int find(int directory_fd, uaddr_t text_address, unsigned int flags, struct path *path)
{
	struct path_text text;
	int error = path_text_copy(&text, text_address);

	if (error)
		return error;
	error = path_lookup(directory_fd, text.text, flags, path);
	path_text_release(&text);
	return error;
}

/* The path_flags that AT_* flags stand for. */
static unsigned int walk_flags(uint64_t at_flags)
{
	return (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : PATH_FOLLOW) |
	       (at_flags & AT_EMPTY_PATH ? PATH_EMPTY : 0);
}

/*
 * An inode for the length of a call: of a path, or, for "" with AT_EMPTY_PATH, of any descriptor (a
 * pipe has no path). put_target() gives it back.
 */
struct target {
	struct inode *inode;
	struct path path; /* mount NULL: no path */
	struct borrowed_file borrowed;
};

static int target_of_fd(int fd, struct target *target)
{
	*target = (struct target){ .borrowed = fd_borrow(fd) };
	if (!target->borrowed.file)
		return -EBADF;
	target->inode = target->borrowed.file->inode;
	return 0;
}

static int target_of_path(int directory_fd, uaddr_t text_address, uint64_t at_flags,
			  struct target *target)
{
	char first;

	if ((at_flags & AT_EMPTY_PATH) && directory_fd != AT_FDCWD &&
	    copy_from_user(&first, text_address, 1) == 0 && first == '\0')
		return target_of_fd(directory_fd, target);
	*target = (struct target){ .inode = NULL };
	int error = find(directory_fd, text_address, walk_flags(at_flags), &target->path);

	if (!error)
		target->inode = target->path.dentry->inode;
	return error;
}

static void put_target(struct target *target)
{
	if (target->path.mount)
		path_put(&target->path);
	else
		fd_return(target->borrowed);
}

static void notify_target(const struct target *target)
{
	struct dentry *dentry = target->path.mount ? target->path.dentry
						   : target->borrowed.file->path.dentry;

	if (notify_is_needed() && dentry)
		notify_dentry(dentry, IN_ATTRIB);
}

static bool target_is_read_only(const struct target *target)
{
	return mount_is_read_only(target->path.mount ? target->path.mount :
				  target->borrowed.file->path.mount);
}

/* ---- stat ---- */

static struct abi_timespec timespec_of(int64_t time_ns)
{
	return (struct abi_timespec){
		.seconds = time_ns / (int64_t)NSEC_PER_SEC,
		.nanoseconds = time_ns % (int64_t)NSEC_PER_SEC,
	};
}

static int answer_stat(const struct inode *inode, uaddr_t to)
{
	struct abi_stat stat = {
		.device = inode->filesystem->device,
		.inode = inode->number,
		.mode = inode->mode,
		.links = inode->link_count,
		.uid = inode->uid,
		.gid = inode->gid,
		.special_device = inode->special_device,
		.size = (int64_t)inode->size,
		.block_size = BLOCK_SIZE,
		.blocks = (int64_t)(ALIGN_UP(inode->size, (uint64_t)BLOCK_SIZE) / SECTOR_SIZE),
		.accessed = timespec_of(inode->accessed_ns),
		.modified = timespec_of(inode->modified_ns),
		.changed = timespec_of(inode->changed_ns),
	};

	return copy_to_user(to, &stat, sizeof(stat));
}

int64_t sys_newfstatat(const uint64_t *argument)
{
	struct target target;
	int error;

	if (argument[3] & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	error = target_of_path((int)argument[0], argument[1], argument[3], &target);
	if (error)
		return error;
	error = answer_stat(target.inode, argument[2]);
	put_target(&target);
	return error;
}

int64_t sys_fstat(const uint64_t *argument)
{
	struct target target;
	int error = target_of_fd((int)argument[0], &target);

	if (error)
		return error;
	error = answer_stat(target.inode, argument[1]);
	put_target(&target);
	return error;
}

static struct abi_statx_time statx_time_of(int64_t time_ns)
{
	struct abi_timespec time = timespec_of(time_ns);

	return (struct abi_statx_time){ time.seconds, (uint32_t)time.nanoseconds, 0 };
}

int64_t sys_statx(const uint64_t *argument)
{
	uint32_t known = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;
	struct target target;
	int error;

	if ((argument[2] & ~(uint64_t)known) ||
		(argument[2] & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE ||
		(argument[3] & (uint32_t)STATX_RESERVED))
		return -EINVAL;
	error = target_of_path((int)argument[0], argument[1], argument[2], &target);
	if (error)
		return error;
	const struct inode *inode = target.inode;
	uint32_t device = inode->filesystem->device, special = (uint32_t)inode->special_device;
	struct abi_statx statx = {
		.mask = STATX_BASIC_STATS,
		.block_size = BLOCK_SIZE,
		.links = inode->link_count,
		.uid = inode->uid,
		.gid = inode->gid,
		.mode = (uint16_t)inode->mode,
		.inode = inode->number,
		.size = inode->size,
		.blocks = ALIGN_UP(inode->size, (uint64_t)BLOCK_SIZE) / SECTOR_SIZE,
		.accessed = statx_time_of(inode->accessed_ns),
		.changed = statx_time_of(inode->changed_ns),
		.modified = statx_time_of(inode->modified_ns),
		.special_major = device_major(special),
		.special_minor = device_minor(special),
		.device_major = device_major(device),
		.device_minor = device_minor(device),
	};

	if (target.path.mount) {
		statx.mask |= STATX_MNT_ID;
		statx.mount_id = target.path.mount->number;
	}
	error = copy_to_user(argument[4], &statx, sizeof(statx));
	put_target(&target);
	return error;
}

int64_t sys_readlinkat(const uint64_t *argument)
{
	struct path path;
	int64_t answer;

	if ((int64_t)(int)argument[3] <= 0)
		return -EINVAL;
	answer = find((int)argument[0], argument[1], PATH_EMPTY, &path);
	if (answer)
		return answer;
	struct inode *inode = path.dentry->inode;
	char *buffer = kmalloc(PATH_SIZE_MAX);

	if (!buffer)
		answer = -ENOMEM;
	else if (inode_type(inode) != S_IFLNK)
		answer = -EINVAL;
	else
		answer = inode->operations->read_link(inode, buffer, PATH_SIZE_MAX);
	answer = MIN(answer, (int64_t)(int)argument[3]);
	if (answer > 0 && copy_to_user(argument[2], buffer, (size_t)answer) != 0)
		answer = -EFAULT;
	kfree(buffer);
	path_put(&path);
	return answer;
}

/* ---- access ---- */

static int64_t check_access(int directory_fd, uaddr_t text, uint64_t wanted, uint64_t at_flags)
{
	struct cred cred = current->cred;
	struct path path;
	int error;

	if ((wanted & ~7ULL) ||
		(at_flags & ~(uint64_t)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	if (!(at_flags & AT_EACCESS)) {
		cred.fsuid = cred.uid;
		cred.fsgid = cred.gid;
		cred.effective = cred.uid == 0 ? cred.permitted : 0;
	}
	error = find(directory_fd, text, walk_flags(at_flags), &path);
	if (error)
		return error;
	error = inode_permission_of(path.dentry->inode, (unsigned int)wanted, &cred);
	if (!error && (wanted & ACCESS_WRITE) && mount_is_read_only(path.mount) &&
	    inode_type(path.dentry->inode) != S_IFCHR)
		error = -EROFS;
	path_put(&path);
	return error;
}

int64_t sys_faccessat(const uint64_t *argument)
{
	return check_access((int)argument[0], argument[1], argument[2], 0);
}

int64_t sys_faccessat2(const uint64_t *argument)
{
	return check_access((int)argument[0], argument[1], argument[2], argument[3]);
}

/* ---- changes ---- */

static int change_mode(const struct target *target, uint32_t mode)
{
	struct inode *inode = target->inode;
	int error = inode_check_owner(inode);

	if (!error && target_is_read_only(target))
		error = -EROFS;
	if (error)
		return error;
	error = inode_set_attributes(inode, (inode->mode & S_IFMT) | (mode & S_PERMISSIONS), inode->uid,
				     inode->gid);
	if (error)
		return error;
	inode_touch(inode);
	notify_target(target);
	return 0;
}

int64_t sys_fchmodat(const uint64_t *argument)
{
	struct target target;
	int error = target_of_path((int)argument[0], argument[1], 0, &target);

	if (error)
		return error;
	error = change_mode(&target, (uint32_t)argument[2]);
	put_target(&target);
	return error;
}

int64_t sys_fchmod(const uint64_t *argument)
{
	struct target target;
	int error = target_of_fd((int)argument[0], &target);

	if (error)
		return error;
	error = target.borrowed.file->mode & FILE_PATH
	                ? -EBADF
	                : change_mode(&target, (uint32_t)argument[1]);
	put_target(&target);
	return error;
}

/* An owner may give a file to a group of their own; everything else needs CAP_CHOWN. */
static bool may_change_owner(const struct inode *inode, uint32_t uid, uint32_t gid)
{
	const struct cred *cred = &current->cred;
	bool own_group = gid == UINT32_MAX || gid == inode->gid || gid == cred->fsgid;

	for (uint32_t i = 0; i < cred->group_count && !own_group; i++)
		own_group = cred->groups[i] == gid;
	return current_has(CAP_CHOWN) || (cred->fsuid == inode->uid && own_group &&
					  (uid == UINT32_MAX || uid == inode->uid));
}

static int change_owner(const struct target *target, uint32_t uid, uint32_t gid)
{
	struct inode *inode = target->inode;

	if (target_is_read_only(target))
		return -EROFS;
	if (!may_change_owner(inode, uid, gid))
		return -EPERM;
	uint32_t mode = inode->mode;
	if (!inode_is_directory(inode))
		mode &= ~(uint32_t)(S_ISUID | S_ISGID);
	int error = inode_set_attributes(inode, mode, uid != UINT32_MAX ? uid : inode->uid,
					 gid != UINT32_MAX ? gid : inode->gid);
	if (error)
		return error;
	inode_touch(inode);
	notify_target(target);
	return 0;
}

int64_t sys_fchownat(const uint64_t *argument)
{
	struct target target;
	int error;

	if (argument[4] & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	error = target_of_path((int)argument[0], argument[1], argument[4], &target);
	if (error)
		return error;
	error = change_owner(&target, (uint32_t)argument[2], (uint32_t)argument[3]);
	put_target(&target);
	return error;
}

int64_t sys_fchown(const uint64_t *argument)
{
	struct target target;
	int error = target_of_fd((int)argument[0], &target);

	if (error)
		return error;
	error = target.borrowed.file->mode & FILE_PATH ? -EBADF :
		change_owner(&target, (uint32_t)argument[1], (uint32_t)argument[2]);
	put_target(&target);
	return error;
}

#define UTIME_NOW  0x3fffffffL
#define UTIME_OMIT 0x3ffffffeL

static int64_t time_ns_of(const struct abi_timespec *time, int64_t now, int64_t before)
{
	if (time->nanoseconds == UTIME_NOW)
		return now;
	if (time->nanoseconds == UTIME_OMIT)
		return before;
	return time->seconds * (int64_t)NSEC_PER_SEC + time->nanoseconds;
}

static bool is_time(const struct abi_timespec *time)
{
	if (time->nanoseconds == UTIME_NOW || time->nanoseconds == UTIME_OMIT)
		return true;
	return time->nanoseconds >= 0 && time->nanoseconds < (int64_t)NSEC_PER_SEC &&
	       time->seconds > -9000000000L && time->seconds < 9000000000L;
}

static int change_times(const struct target *target, const struct abi_timespec times[2])
{
	struct inode *inode = target->inode;
	bool both_now = times[0].nanoseconds == UTIME_NOW && times[1].nanoseconds == UTIME_NOW;
	int64_t now = realtime_now_ns();
	int error;

	if (times[0].nanoseconds == UTIME_OMIT && times[1].nanoseconds == UTIME_OMIT)
		return 0;
	if (target_is_read_only(target))
		return -EROFS;
	error = inode_check_owner(inode);
	if (error && both_now)
		error = inode_permission(inode, ACCESS_WRITE);
	if (error)
		return error;
	inode->accessed_ns = time_ns_of(&times[0], now, inode->accessed_ns);
	inode->modified_ns = time_ns_of(&times[1], now, inode->modified_ns);
	inode->changed_ns = now;
	notify_target(target);
	return 0;
}

int64_t sys_utimensat(const uint64_t *argument)
{
	struct abi_timespec times[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
	struct target target;
	int error;

	if (argument[3] & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (argument[2] && copy_from_user(times, argument[2], sizeof(times)) != 0)
		return -EFAULT;
	if (!is_time(&times[0]) || !is_time(&times[1]))
		return -EINVAL;
	if (argument[1] == 0) /* futimens */
		error = target_of_fd((int)argument[0], &target);
	else
		error = target_of_path((int)argument[0], argument[1], argument[3], &target);
	if (error)
		return error;
	error = change_times(&target, times);
	put_target(&target);
	return error;
}

int64_t sys_truncate(const uint64_t *argument)
{
	struct path path;
	int error;

	if ((int64_t)argument[1] < 0)
		return -EINVAL;
	error = find(AT_FDCWD, argument[0], PATH_FOLLOW, &path);
	if (error)
		return error;
	if (inode_is_directory(path.dentry->inode))
		error = -EISDIR;
	else if (mount_is_read_only(path.mount))
		error = -EROFS;
	else
		error = inode_permission(path.dentry->inode, ACCESS_WRITE);
	if (!error)
		error = inode_set_size(path.dentry->inode, argument[1]);
	if (!error && notify_is_needed())
		notify_dentry(path.dentry, IN_MODIFY);
	path_put(&path);
	return error;
}

/* ---- statfs ---- */

static int answer_statfs(const struct inode *inode, const struct mount *mount, uaddr_t to)
{
	const struct filesystem *filesystem = inode->filesystem;
	struct page_counts counts = page_count();
	struct abi_statfs statfs = {
		.type = filesystem->type->magic,
		.block_size = BLOCK_SIZE,
		.id = filesystem->device,
		.name_max = NAME_SIZE_MAX,
		.fragment_size = BLOCK_SIZE,
		.flags = mount ? (int64_t)(mount->flags & 0xf) | 0x20 : 0, /* ST_VALID */
	};

	if (filesystem->type->magic == TMPFS_MAGIC) {
		uint64_t used = __atomic_load_n(&filesystem->page_count, __ATOMIC_RELAXED);
		uint64_t max = filesystem->page_max ? filesystem->page_max : counts.free + used;

		statfs.blocks = max;
		statfs.blocks_free = MIN(max - MIN(used, max), counts.free);
		statfs.blocks_available = statfs.blocks_free;
	}
	return copy_to_user(to, &statfs, sizeof(statfs));
}

int64_t sys_statfs(const uint64_t *argument)
{
	struct path path;
	int error = find(AT_FDCWD, argument[0], PATH_FOLLOW, &path);

	if (error)
		return error;
	error = answer_statfs(path.dentry->inode, path.mount, argument[1]);
	path_put(&path);
	return error;
}

int64_t sys_fstatfs(const uint64_t *argument)
{
	struct target target;
	int error = target_of_fd((int)argument[0], &target);

	if (error)
		return error;
	error = answer_statfs(target.inode, target.borrowed.file->path.mount, argument[1]);
	put_target(&target);
	return error;
}
