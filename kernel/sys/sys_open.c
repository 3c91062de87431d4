// SPDX-License-Identifier: Apache-2.0
/*
 * sys_open.c - descriptors: open, close, duplicate, their flags; pipes and nameless files.
 */
#include "kernel/fs/flock.h"
#include "kernel/fs/names.h"
#include "kernel/fs/pipe.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/mm/page.h"
#include "kernel/mm/address_space.h"
#include "kernel/proc/task.h"
#include "kernel/sys/syscall.h"

int64_t sys_openat(const uint64_t *argument)
{
	uint32_t flags = (uint32_t)argument[2];
	struct path_text text;
	struct file *file;
	int error;

	if ((flags & O_CREAT) && (flags & O_DIRECTORY))
		return -EINVAL;
	if (flags & O_TMPFILE_BIT)
		return -EOPNOTSUPP;
	error = flags & O_CREAT ? fd_make_room() : 0;
	if (!error)
		error = path_text_copy(&text, argument[1]);
	if (error)
		return error;
	error = name_open((int)argument[0], text.text, flags, (uint32_t)argument[3], &file);
	path_text_release(&text);
	return error ? error : fd_install(file, flags);
}

int64_t sys_close(const uint64_t *argument)
{
	return fd_close((int)argument[0]);
}

enum { CLOSE_RANGE_UNSHARE = 2, CLOSE_RANGE_CLOEXEC = 4 };

int64_t sys_close_range(const uint64_t *argument)
{
	unsigned int first = (unsigned int)argument[0], last = (unsigned int)argument[1];
	uint64_t flags = argument[2];

	if (first > last || (flags & ~(uint64_t)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)))
		return -EINVAL;
	if ((flags & CLOSE_RANGE_UNSHARE) && fd_table_unshare(&current->files) != 0)
		return -ENOMEM;
	if (flags & CLOSE_RANGE_CLOEXEC)
		fd_set_close_on_exec(first, last);
	else
		fd_close_range(first, last);
	return 0;
}

int64_t sys_dup(const uint64_t *argument)
{
	struct file *file = fd_file((int)argument[0]);

	return file ? fd_install(file, 0) : -EBADF;
}

int64_t sys_dup3(const uint64_t *argument)
{
	struct file *file;

	if ((argument[2] & ~(uint64_t)O_CLOEXEC) || (int)argument[0] == (int)argument[1])
		return -EINVAL;
	file = fd_file((int)argument[0]);
	return file ? fd_install_at(file, (uint32_t)argument[2], (int)argument[1]) : -EBADF;
}

/* ---- fcntl ---- */

enum { FLAGS_SETTABLE = O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME };

static int64_t duplicate_from(struct file *file, uint64_t from, uint32_t open_flags)
{
	if (from >= INT32_MAX)
		return -EINVAL;
	file_get(file);
	int fd = fd_install_from(file, open_flags, (int)from);

	/* Linux: a start beyond the limit is a wrong argument, not a full table. */
	return fd == -EMFILE && from >= 1024 && from >= current->process->limits[RLIMIT_NOFILE].soft
	               ? -EINVAL
	               : fd;
}

static int64_t set_status_flags(struct file *file, uint32_t flags)
{
	uint32_t kept = file->flags & ~(uint32_t)FLAGS_SETTABLE;

	__atomic_store_n(&file->flags, kept | (flags & FLAGS_SETTABLE), __ATOMIC_RELAXED);
	return 0;
}

static int64_t control_file(struct file *file, int fd, int command, uint64_t value)
{
	if ((file->mode & FILE_PATH) && command > F_GETFL && command != F_DUPFD_CLOEXEC)
		return -EBADF;
	switch (command) {
	case F_DUPFD:
		return duplicate_from(file, value, 0);
	case F_DUPFD_CLOEXEC:
		return duplicate_from(file, value, O_CLOEXEC);
	case F_GETFD:
		return fd_get_flags(fd);
	case F_SETFD:
		return fd_set_flags(fd, (uint32_t)value);
	case F_GETFL:
		return file->flags | (file->mode & FILE_PATH ? 0 : O_LARGEFILE);
	case F_SETFL:
		return set_status_flags(file, (uint32_t)value);
	case F_GETLK: /* record locks do not exist here */
	case F_SETLK:
	case F_SETLKW:
		return -ENOLCK;
	case F_GETPIPE_SZ:
		return file_is_pipe(file) ? PIPE_SIZE : -EBADF;
	case F_SETPIPE_SZ: /* the one size there is is enough, or cannot be had */
		if (!file_is_pipe(file))
			return -EBADF;
		return value == 0 ? -EINVAL : value <= PIPE_SIZE ? PIPE_SIZE : -EPERM;
	default:
		return -EINVAL;
	}
}

int64_t sys_fcntl(const uint64_t *argument)
{
	struct borrowed_file borrowed = fd_borrow((int)argument[0]);
	int64_t answer;

	if (!borrowed.file)
		return -EBADF;
	answer = control_file(borrowed.file, (int)argument[0], (int)argument[1], argument[2]);
	fd_return(borrowed);
	return answer;
}

int64_t sys_flock(const uint64_t *argument)
{
	struct borrowed_file borrowed = fd_borrow((int)argument[0]);
	int64_t answer;

	if (!borrowed.file)
		return -EBADF;
	answer = borrowed.file->mode & FILE_PATH ? -EBADF :
		 flock_change(borrowed.file, (uint32_t)argument[1]);
	fd_return(borrowed);
	return answer;
}

/* ---- files without a name ---- */

int64_t sys_pipe2(const uint64_t *argument)
{
	uint32_t flags = (uint32_t)argument[1];
	struct file *read_end, *write_end;
	int32_t fds[2];
	int error;

	if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	if (flags & O_DIRECT) /* packets */
		return -EINVAL;
	error = pipe_create(flags, &read_end, &write_end);
	if (error)
		return error;
	fds[0] = fd_install(read_end, flags);
	if (fds[0] < 0) {
		file_put(write_end);
		return fds[0];
	}
	fds[1] = fd_install(write_end, flags);
	if (fds[1] < 0) {
		fd_close(fds[0]);
		return fds[1];
	}
	if (copy_to_user(argument[0], fds, sizeof(fds)) != 0) {
		fd_close(fds[0]);
		fd_close(fds[1]);
		return -EFAULT;
	}
	return 0;
}

enum { MFD_CLOEXEC = 1, MFD_NOEXEC_SEAL = 8, MFD_EXEC = 16, MEMFD_NAME_MAX = 249 };

int64_t sys_memfd_create(const uint64_t *argument)
{
	uint32_t flags = (uint32_t)argument[1];
	char name[MEMFD_NAME_MAX + 1];
	int64_t length = copy_string_from_user(name, argument[0], sizeof(name));
	struct file *file;

	if (length < 0)
		return length == -ENAMETOOLONG ? -EINVAL : length;
	if (flags & ~(uint32_t)(MFD_CLOEXEC | MFD_EXEC))
		return -EINVAL;
	file = tmpfs_open_nameless(O_RDWR);
	if (!file)
		return -ENOMEM;
	return fd_install(file, flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
}
