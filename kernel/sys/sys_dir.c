// SPDX-License-Identifier: Apache-2.0
/*
 * sys_dir.c - names: make, link, remove, rename, list; working directory, root and mounts.
 */
#include "kernel/fs/names.h"
#include "kernel/mm/page.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"
#include "kernel/sys/syscall.h"

/* The last component of a path from user memory. path_last_release() and path_text_release(). */
static int find_last(
	int directory_fd, uaddr_t address, struct path_text *text, struct path_last *last)
{
	int error = path_text_copy(text, address);

	if (error)
		return error;
	error = path_parent(directory_fd, text->text, last);
	if (error)
		path_text_release(text);
	return error;
}

static int create(int directory_fd, uaddr_t address, const struct creation *creation)
{
	struct path_text text;
	struct path_last last;
	int error = find_last(directory_fd, address, &text, &last);

	if (error)
		return error;
	error = name_create(&last, creation, NULL);
	path_last_release(&last);
	path_text_release(&text);
	return error;
}

int64_t sys_mkdirat(const uint64_t *argument)
{
	struct creation creation = {
		.mode = S_IFDIR | ((uint32_t)argument[2] & (S_PERMISSIONS & ~(S_ISUID | S_ISGID))),
	};

	return create((int)argument[0], argument[1], &creation);
}

int64_t sys_mknodat(const uint64_t *argument)
{
	uint32_t mode = (uint32_t)argument[2];
	struct creation creation = { .mode = mode, .device = (uint32_t)argument[3] };

	switch (mode & S_IFMT) {
	case 0:
		creation.mode |= S_IFREG;
		break;
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFCHR:
	case S_IFBLK:
		if (!current_has(27 /* CAP_MKNOD */))
			return -EPERM;
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	return create((int)argument[0], argument[1], &creation);
}

int64_t sys_symlinkat(const uint64_t *argument)
{
	struct path_text target;
	struct creation creation = { .mode = S_IFLNK | 0777 };
	int error = path_text_copy(&target, argument[0]);

	if (error)
		return error;
	creation.target = target.text;
	error = *target.text ? create((int)argument[1], argument[2], &creation) : -ENOENT;
	path_text_release(&target);
	return error;
}

int64_t sys_linkat(const uint64_t *argument)
{
	uint64_t flags = argument[4];
	struct path_text old_text, new_text;
	struct path_last last;
	struct path target;
	int error;

	if (flags & ~(uint64_t)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	error = path_text_copy(&old_text, argument[1]);
	if (error)
		return error;
	error = path_lookup((int)argument[0], old_text.text,
			    (flags & AT_SYMLINK_FOLLOW ? PATH_FOLLOW : 0) |
			    (flags & AT_EMPTY_PATH ? PATH_EMPTY : 0), &target);
	path_text_release(&old_text);
	if (error)
		return error;
	error = find_last((int)argument[2], argument[3], &new_text, &last);
	if (!error) {
		error = name_link(&last, &target);
		path_last_release(&last);
		path_text_release(&new_text);
	}
	path_put(&target);
	return error;
}

int64_t sys_unlinkat(const uint64_t *argument)
{
	struct path_text text;
	struct path_last last;
	int error;

	if (argument[2] & ~(uint64_t)AT_REMOVEDIR)
		return -EINVAL;
	error = find_last((int)argument[0], argument[1], &text, &last);
	if (error)
		return error;
	error = name_remove(&last, argument[2] & AT_REMOVEDIR ? REMOVE_DIRECTORY : REMOVE_FILE);
	path_last_release(&last);
	path_text_release(&text);
	return error;
}

int64_t sys_renameat2(const uint64_t *argument)
{
	struct path_text old_text, new_text;
	struct path_last from, to;
	int error;

	if (argument[4] & ~(uint64_t)RENAME_NOREPLACE)
		return -EINVAL;
	error = find_last((int)argument[0], argument[1], &old_text, &from);
	if (error)
		return error;
	error = find_last((int)argument[2], argument[3], &new_text, &to);
	if (!error) {
		error = name_rename(&from, &to, (unsigned int)argument[4]);
		path_last_release(&to);
		path_text_release(&new_text);
	}
	path_last_release(&from);
	path_text_release(&old_text);
	return error;
}

/* At most a page at a time: enough for a few dozen names, and a short answer is a right one. */
int64_t sys_getdents64(const uint64_t *argument)
{
	struct borrowed_file borrowed = fd_borrow((int)argument[0]);
	struct file *file = borrowed.file;
	struct directory_sink sink = { .size = MIN(argument[2], PAGE_SIZE) };
	int64_t answer = -ENOMEM;

	if (!file)
		return -EBADF;
	if ((file->mode & FILE_PATH) || !file->operations->list) {
		answer = file->mode & FILE_PATH ? -EBADF : -ENOTDIR;
		fd_return(borrowed);
		return answer;
	}
	sink.buffer = page_alloc_mapped(PAGE_ANY);
	if (sink.buffer) {
		mutex_lock(&namespace_mutex);
		uint64_t before = file->position;

		answer = file->path.dentry->removed ? -ENOENT : file->operations->list(file, &sink);
		mutex_unlock(&namespace_mutex);
		if (answer == 0)
			answer = sink.full && sink.used == 0 ? -EINVAL : (int64_t)sink.used;
		if (answer > 0 && copy_to_user(argument[1], sink.buffer, sink.used) != 0) {
			file->position = before;
			answer = -EFAULT;
		}
		page_free_mapped(sink.buffer);
	}
	fd_return(borrowed);
	return answer;
}

/* ---- working directory and root ---- */

static int find_directory(uaddr_t address, struct path *path)
{
	struct path_text text;
	int error = path_text_copy(&text, address);

	if (error)
		return error;
	error = path_lookup(AT_FDCWD, text.text, PATH_FOLLOW | PATH_DIRECTORY, path);
	path_text_release(&text);
	if (!error) {
		error = inode_permission(path->dentry->inode, ACCESS_EXEC);
		if (error)
			path_put(path);
	}
	return error;
}

int64_t sys_chdir(const uint64_t *argument)
{
	struct path path;
	int error = find_directory(argument[0], &path);

	if (!error)
		context_set_cwd(&path);
	return error;
}

int64_t sys_fchdir(const uint64_t *argument)
{
	struct borrowed_file borrowed = fd_borrow((int)argument[0]);
	int error = 0;

	if (!borrowed.file)
		return -EBADF;
	if (!inode_is_directory(borrowed.file->inode))
		error = -ENOTDIR;
	if (!error)
		error = inode_permission(borrowed.file->inode, ACCESS_EXEC);
	if (!error) {
		struct path path = borrowed.file->path;

		path_get(&path);
		context_set_cwd(&path);
	}
	fd_return(borrowed);
	return error;
}

int64_t sys_chroot(const uint64_t *argument)
{
	struct path path;
	int error = find_directory(argument[0], &path);

	if (error)
		return error;
	if (!current_has(CAP_SYS_CHROOT)) {
		path_put(&path);
		return -EPERM;
	}
	context_set_root(&path);
	return 0;
}

int64_t sys_getcwd(const uint64_t *argument)
{
	char *buffer = kmalloc(PATH_SIZE_MAX);
	struct path cwd, root;
	int64_t length;

	if (!buffer)
		return -ENOMEM;
	context_cwd(&cwd);
	context_root(&root);
	length = path_print(&cwd, &root, buffer, PATH_SIZE_MAX);
	path_put(&root);
	path_put(&cwd);
	if (length >= 0) {
		length++; /* the NUL counts */
		if ((uint64_t)length > argument[1])
			length = -ERANGE;
		else if (copy_to_user(argument[0], buffer, (size_t)length) != 0)
			length = -EFAULT;
	}
	kfree(buffer);
	return length;
}

int64_t sys_umask(const uint64_t *argument)
{
	return __atomic_exchange_n(
		&current->fs->umask, (uint32_t)argument[0] & 0777, __ATOMIC_RELAXED);
}

/* ---- mounts ---- */

enum { MOUNT_TEXT_MAX = 256, FLAGS_KEPT = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME,
       FLAGS_IGNORED = MS_SYNCHRONOUS | MS_NODIRATIME | MS_SILENT | MS_RELATIME | MS_STRICTATIME };

/* A short string that may be NULL: then empty. */
static int copy_text(char text[MOUNT_TEXT_MAX], uaddr_t from)
{
	int64_t length = 0;

	text[0] = '\0';
	if (from)
		length = copy_string_from_user(text, from, MOUNT_TEXT_MAX);
	return length == -ENAMETOOLONG ? -EINVAL : length < 0 ? (int)length : 0;
}

static int mount_new(const struct path *mountpoint, const uint64_t *argument, uint32_t flags)
{
	const struct filesystem_type *type;
	char source[MOUNT_TEXT_MAX], text[MOUNT_TEXT_MAX];
	int error = copy_text(text, argument[2]);

	if (error)
		return error;
	type = filesystem_find(text);
	if (!type)
		return -ENODEV;
	error = copy_text(source, argument[0]);
	if (!error)
		error = copy_text(text, argument[4]);
	if (error)
		return error;
	for (char *byte = source; *byte; byte++)
		if ((unsigned char)*byte <= ' ') /* it would break the lines of /proc/mounts */
			*byte = '?';
	return mount_add(type, source, text, flags, mountpoint);
}

int64_t sys_mount(const uint64_t *argument)
{
	uint32_t flags = (uint32_t)argument[3];
	struct path_text text;
	struct path path;
	int error;

	if ((flags & 0xffff0000u) == 0xc0ed0000u) /* the magic number of old programs */
		flags &= 0xffffu;
	if (!current_has(CAP_SYS_ADMIN))
		return -EPERM;
	error = path_text_copy(&text, argument[1]);
	if (error)
		return error;
	error = path_lookup(AT_FDCWD, text.text, PATH_FOLLOW, &path);
	path_text_release(&text);
	if (error)
		return error;
	if (flags & ~(uint32_t)(FLAGS_KEPT | FLAGS_IGNORED | MS_REMOUNT))
		error = -EINVAL;
	else if (flags & MS_REMOUNT)
		error = mount_change(&path, flags & FLAGS_KEPT);
	else
		error = mount_new(&path, argument, flags & FLAGS_KEPT);
	path_put(&path);
	return error;
}

int64_t sys_umount2(const uint64_t *argument)
{
	uint32_t flags = (uint32_t)argument[1];
	struct path_text text;
	struct path path;
	int error;

	if (flags & ~(uint32_t)(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW))
		return -EINVAL;
	if (!current_has(CAP_SYS_ADMIN))
		return -EPERM;
	error = path_text_copy(&text, argument[0]);
	if (error)
		return error;
	error = path_lookup(AT_FDCWD, text.text, flags & UMOUNT_NOFOLLOW ? 0 : PATH_FOLLOW, &path);
	path_text_release(&text);
	if (error)
		return error;
	error = mount_remove(&path, flags & MNT_DETACH);
	path_put(&path);
	return error;
}
