// SPDX-License-Identifier: Apache-2.0
/*
 * sys_file.c - reading, writing and seeking open files.
 */
#include "kernel/fs/notify.h"
#include "kernel/mm/page.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"
#include "kernel/sys/syscall.h"

enum { IOV_INLINE = 8 };

typedef int64_t transfer_function(struct file *file, struct transfer *transfer, uint64_t *position);

/* A read or write at the file's own position. */
static int64_t here(int fd, struct transfer *transfer, transfer_function *move)
{
	struct borrowed_file borrowed = fd_borrow(fd);

	if (unlikely(!borrowed.file))
		return -EBADF;
	int64_t answer = move(borrowed.file, transfer, &borrowed.file->position);

	fd_return(borrowed);
	return answer;
}

/* One at a position of its own. */
static int64_t there(int fd, struct transfer *transfer, uint64_t position, transfer_function *move)
{
	struct borrowed_file borrowed;
	int64_t answer;

	if ((int64_t)position < 0)
		return -EINVAL;
	borrowed = fd_borrow(fd);
	if (unlikely(!borrowed.file))
		return -EBADF;
	if (borrowed.file->mode & FILE_PATH)
		answer = -EBADF;
	else if (!(borrowed.file->mode & FILE_SEEK) && inode_type(borrowed.file->inode) != S_IFCHR)
		answer = -ESPIPE;
	else
		answer = move(borrowed.file, transfer, &position);
	fd_return(borrowed);
	return answer;
}

int64_t sys_read(const uint64_t *argument)
{
	struct transfer to = transfer_user(argument[1], argument[2]);

	return here((int)argument[0], &to, file_read);
}

int64_t sys_write(const uint64_t *argument)
{
	struct transfer from = transfer_user(argument[1], argument[2]);

	return here((int)argument[0], &from, file_write);
}

int64_t sys_pread64(const uint64_t *argument)
{
	struct transfer to = transfer_user(argument[1], argument[2]);

	return there((int)argument[0], &to, argument[3], file_read);
}

int64_t sys_pwrite64(const uint64_t *argument)
{
	struct transfer from = transfer_user(argument[1], argument[2]);

	return there((int)argument[0], &from, argument[3], file_write);
}

/* ---- several segments ---- */

struct segments {
	struct abi_iovec *list;
	struct abi_iovec inline_list[IOV_INLINE];
	struct transfer transfer;
};

static int segments_copy(struct segments *segments, uaddr_t from, uint64_t count)
{
	size_t total = 0;

	segments->list = segments->inline_list;
	if (count > IOV_COUNT_MAX)
		return -EINVAL;
	if (count > IOV_INLINE)
		segments->list = kmalloc(count * sizeof(struct abi_iovec));
	if (!segments->list)
		return -ENOMEM;
	int error = copy_from_user(segments->list, from, count * sizeof(struct abi_iovec));

	for (uint64_t i = 0; i < count && !error; i++) {
		struct abi_iovec *segment = &segments->list[i];

		if ((int64_t)segment->length < 0)
			error = -EINVAL;
		segment->length = MIN(segment->length, TRANSFER_MAX - total);
		total += segment->length;
	}
	segments->transfer = (struct transfer){ .remaining = total, .next = segments->list };
	if (error && segments->list != segments->inline_list)
		kfree(segments->list);
	return error;
}

static void segments_release(struct segments *segments)
{
	if (segments->list != segments->inline_list)
		kfree(segments->list);
}

int64_t sys_readv(const uint64_t *argument)
{
	struct segments segments;
	int64_t answer = segments_copy(&segments, argument[1], argument[2]);

	if (answer)
		return answer;
	answer = here((int)argument[0], &segments.transfer, file_read);
	segments_release(&segments);
	return answer;
}

int64_t sys_writev(const uint64_t *argument)
{
	struct segments segments;
	int64_t answer = segments_copy(&segments, argument[1], argument[2]);

	if (answer)
		return answer;
	answer = here((int)argument[0], &segments.transfer, file_write);
	segments_release(&segments);
	return answer;
}

int64_t sys_preadv(const uint64_t *argument)
{
	struct segments segments;
	int64_t answer = segments_copy(&segments, argument[1], argument[2]);

	if (answer)
		return answer;
	answer = there((int)argument[0], &segments.transfer, argument[3], file_read);
	segments_release(&segments);
	return answer;
}

int64_t sys_pwritev(const uint64_t *argument)
{
	struct segments segments;
	int64_t answer = segments_copy(&segments, argument[1], argument[2]);

	if (answer)
		return answer;
	answer = there((int)argument[0], &segments.transfer, argument[3], file_write);
	segments_release(&segments);
	return answer;
}

/* ---- from file to file ---- */

/* Through one page of kernel memory. What was read and could not be written is given back. */
static int64_t copy_between(struct file *in, struct file *out, uint64_t *position, size_t count)
{
	char *buffer = page_alloc_mapped(PAGE_ANY);
	int64_t done = 0, answer = 0;

	if (!buffer)
		return -ENOMEM;
	while ((size_t)done < count) {
		struct transfer to = transfer_kernel(buffer, MIN(count - (size_t)done, PAGE_SIZE));

		answer = file_read(in, &to, position);
		if (answer <= 0)
			break;
		size_t got = (size_t)answer;
		struct transfer from = transfer_kernel(buffer, got);

		answer = file_write(out, &from, &out->position);
		if (answer < 0 || (size_t)answer < got)
			*position -= got - (size_t)(answer < 0 ? 0 : answer);
		if (answer < 0)
			break;
		done += answer;
		if ((size_t)answer < got || task_has_signal(current))
			break;
	}
	page_free_mapped(buffer);
	return done ? done : answer;
}

static int64_t send(struct file *in, struct file *out, uaddr_t user_offset, size_t count)
{
	uint64_t offset = 0;
	int64_t answer;

	if (!(in->mode & FILE_READ) || !(out->mode & FILE_WRITE))
		return -EBADF;
	if (!(in->mode & FILE_SEEK)) /* as Linux: the source must be a file that could be mapped */
		return -EINVAL;
	if (!user_offset)
		return copy_between(in, out, &in->position, count);
	if (copy_from_user(&offset, user_offset, sizeof(offset)) != 0)
		return -EFAULT;
	if ((int64_t)offset < 0)
		return -EINVAL;
	answer = copy_between(in, out, &offset, count);
	if (answer >= 0 && copy_to_user(user_offset, &offset, sizeof(offset)) != 0)
		return -EFAULT;
	return answer;
}

int64_t sys_sendfile(const uint64_t *argument)
{
	struct borrowed_file out = fd_borrow((int)argument[0]);
	struct borrowed_file in = fd_borrow((int)argument[1]);
	int64_t answer = -EBADF;

	if (in.file && out.file)
		answer = send(in.file, out.file, argument[2], MIN(argument[3], TRANSFER_MAX));
	if (in.file)
		fd_return(in);
	if (out.file)
		fd_return(out);
	return answer;
}

/* ---- positions and sizes ---- */

int64_t sys_lseek(const uint64_t *argument)
{
	struct borrowed_file borrowed = fd_borrow((int)argument[0]);
	int64_t answer;

	if (!borrowed.file)
		return -EBADF;
	answer = file_seek(borrowed.file, (int64_t)argument[1], (int)argument[2]);
	fd_return(borrowed);
	return answer;
}

int64_t sys_ftruncate(const uint64_t *argument)
{
	struct borrowed_file borrowed = fd_borrow((int)argument[0]);
	int64_t answer;

	if (!borrowed.file)
		return -EBADF;
	if ((int64_t)argument[1] < 0 || !(borrowed.file->mode & FILE_WRITE))
		answer = -EINVAL;
	else
		answer = inode_set_size(borrowed.file->inode, argument[1]);
	if (!answer)
		notify_file(borrowed.file, IN_MODIFY);
	fd_return(borrowed);
	return answer;
}

/* Memory files allocate as they are written: mode 0 only makes the file long enough. */
int64_t sys_fallocate(const uint64_t *argument)
{
	struct borrowed_file borrowed = fd_borrow((int)argument[0]);
	uint64_t end;
	int64_t answer = 0;

	if (!borrowed.file)
		return -EBADF;
	if ((int64_t)argument[2] < 0 || (int64_t)argument[3] <= 0)
		answer = -EINVAL;
	else if (!(borrowed.file->mode & FILE_WRITE))
		answer = -EBADF;
	else if (argument[1] != 0)
		answer = -EOPNOTSUPP;
	else if (__builtin_add_overflow(argument[2], argument[3], &end) || (int64_t)end < 0)
		answer = -EFBIG;
	else if (inode_type(borrowed.file->inode) != S_IFREG)
		answer = borrowed.file->mode & FILE_SEEK ? -ENODEV : -ESPIPE;
	else if (end > borrowed.file->inode->size)
		answer = inode_set_size(borrowed.file->inode, end);
	if (!answer)
		notify_file(borrowed.file, IN_MODIFY);
	fd_return(borrowed);
	return answer;
}

/* Everything is in memory: what was written is where it will ever be. */
static int64_t sync_one(int fd)
{
	struct borrowed_file borrowed = fd_borrow(fd);
	int64_t answer;

	if (!borrowed.file || (borrowed.file->mode & FILE_PATH))
		answer = -EBADF;
	else
		answer = inode_type(borrowed.file->inode) == S_IFIFO ? -EINVAL : 0;
	if (borrowed.file)
		fd_return(borrowed);
	return answer;
}

int64_t sys_fsync(const uint64_t *argument)
{
	return sync_one((int)argument[0]);
}

int64_t sys_fdatasync(const uint64_t *argument)
{
	return sync_one((int)argument[0]);
}

int64_t sys_sync(const uint64_t *argument)
{
	(void)argument;
	return 0;
}

int64_t sys_ioctl(const uint64_t *argument)
{
	struct borrowed_file borrowed = fd_borrow((int)argument[0]);
	const struct file_operations *operations;
	int64_t answer = -EBADF;

	if (!borrowed.file)
		return -EBADF;
	operations = borrowed.file->operations;
	if (!(borrowed.file->mode & FILE_PATH))
		answer = operations->control ? operations->control(borrowed.file,
						       (uint32_t)argument[1], argument[2])
		                             : -ENOTTY;
	fd_return(borrowed);
	return answer;
}
