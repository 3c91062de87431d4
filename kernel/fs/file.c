// SPDX-License-Identifier: Apache-2.0
/*
 * file.c - open files: how they come, read, write, seek and go.
 *
 * A file with a position (FILE_SEEK) is read and written under its inode's mutex, so reads and
 * writes through one description follow each other, and O_APPEND finds the true end.
 */
#include "kernel/fs/file.h"
#include "kernel/fs/fs_init.h"

#include "kernel/fs/notify.h"
#include "kernel/fs/path.h"
#include "kernel/mm/page.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"

static struct slab_cache *file_cache;

/* What open(2) leaves to be seen by F_GETFL. */
enum { FLAGS_CREATION = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC | O_TMPFILE_BIT };

void file_init(void)
{
	file_cache = slab_cache_create("file", sizeof(struct file), 8);
	if (!file_cache)
		panic("no memory for the cache of files");
}

static uint32_t mode_of_flags(uint32_t flags)
{
	if (flags & O_PATH)
		return FILE_PATH;
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return FILE_READ;
	case O_WRONLY:
		return FILE_WRITE;
	default:
		return FILE_READ | FILE_WRITE;
	}
}

struct file *file_create(
	struct inode *inode, const struct file_operations *operations, uint32_t flags)
{
	struct file *file = slab_alloc(file_cache, PAGE_ANY);

	if (!file) {
		inode_put(inode);
		return NULL;
	}
	*file = (struct file){
		.operations = operations,
		.inode = inode,
		.references = 1,
		.flags = flags & ~(uint32_t)FLAGS_CREATION,
		.mode = mode_of_flags(flags),
	};
	return file;
}

static void file_free(struct file *file)
{
	if (file->path.dentry)
		path_put(&file->path);
	else
		inode_put(file->inode);
	slab_free(file_cache, file);
}

struct file *file_reserve(void)
{
	return slab_alloc(file_cache, PAGE_ANY);
}

void file_unreserve(struct file *file)
{
	slab_free(file_cache, file);
}

int file_open_path(struct path *path, uint32_t flags, struct file **opened)
{
	struct file *file = file_reserve();

	if (!file) {
		path_put(path);
		return -ENOMEM;
	}
	*opened = file;
	return file_open_reserved(path, flags, file);
}

int file_open_reserved(struct path *path, uint32_t flags, struct file *file)
{
	struct inode *inode = path->dentry->inode;
	int error = 0;

	*file = (struct file){
		.operations = inode->file_operations,
		.inode = inode,
		.path = *path,
		.references = 1,
		.flags = flags, /* whole while operations->open looks */
		.mode = mode_of_flags(flags),
	};
	if (!(flags & O_PATH)) {
		if (inode_type(inode) == S_IFREG || inode_is_directory(inode))
			file->mode |= FILE_SEEK;
		if (inode->operations->open)
			error = inode->operations->open(file);
	}
	if (error) {
		file_free(file);
		return error;
	}
	file->flags &= ~(uint32_t)FLAGS_CREATION;
	if (!(flags & O_PATH))
		notify_file(file, IN_OPEN);
	return 0;
}

void file_get(struct file *file)
{
	__atomic_fetch_add(&file->references, 1, __ATOMIC_RELAXED);
}

void file_put(struct file *file)
{
	uint32_t before = __atomic_fetch_sub(&file->references, 1, __ATOMIC_ACQ_REL);

	kassert(before > 0);
	if (before > 1)
		return;
	if (!(file->mode & FILE_PATH))
		notify_file(file, file->mode & FILE_WRITE ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
	if (unlikely(file->flock))
		flock_release(file);
	if (file->operations->release && !(file->mode & FILE_PATH))
		file->operations->release(file);
	file_free(file);
}

static int64_t read_locked(struct file *file, struct transfer *to, uint64_t *position)
{
	int64_t answer;

	mutex_lock(&file->inode->mutex);
	answer = file->operations->read(file, to, position);
	mutex_unlock(&file->inode->mutex);
	return answer;
}

int64_t file_read(struct file *file, struct transfer *to, uint64_t *position)
{
	int64_t answer;

	if (!(file->mode & FILE_READ))
		return -EBADF;
	if (!file->operations->read)
		return inode_is_directory(file->inode) ? -EISDIR : -EINVAL;
	if (file->mode & FILE_SEEK)
		answer = read_locked(file, to, position);
	else
		answer = file->operations->read(file, to, position);
	if (answer > 0)
		notify_file(file, IN_ACCESS);
	return answer;
}

static int64_t write_locked(struct file *file, struct transfer *from, uint64_t *position)
{
	int64_t answer;

	mutex_lock(&file->inode->mutex);
	if (file->flags & O_APPEND)
		*position = file->inode->size;
	answer = file->operations->write(file, from, position);
	mutex_unlock(&file->inode->mutex);
	return answer;
}

int64_t file_write(struct file *file, struct transfer *from, uint64_t *position)
{
	int64_t answer;

	if (!(file->mode & FILE_WRITE))
		return -EBADF;
	if (!file->operations->write)
		return -EINVAL;
	if (file->mode & FILE_SEEK)
		answer = write_locked(file, from, position);
	else
		answer = file->operations->write(file, from, position);
	if (answer > 0)
		notify_file(file, IN_MODIFY);
	return answer;
}

uint32_t file_poll(struct file *file, struct poll_table *table)
{
	if (file->mode & FILE_PATH)
		return POLLNVAL;
	if (!file->operations->poll)
		return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	return file->operations->poll(file, table);
}

static int64_t seek_locked(struct file *file, int64_t offset, int whence)
{
	int64_t size = (int64_t)file->inode->size;
	int64_t base;

	switch (whence) {
	case SEEK_FROM_START:
		base = 0;
		break;
	case SEEK_FROM_HERE:
		base = (int64_t)file->position;
		break;
	case SEEK_FROM_END:
		base = size;
		break;
	case SEEK_TO_DATA: /* the whole file is data, with a hole at its end */
	case SEEK_TO_HOLE:
		if (offset < 0 || offset >= size)
			return -ENXIO;
		base = whence == SEEK_TO_HOLE ? size - offset : 0;
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, offset, &base))
		return -EOVERFLOW;
	if (base < 0)
		return -EINVAL;
	file->position = (uint64_t)base;
	return base;
}

int64_t file_seek(struct file *file, int64_t offset, int whence)
{
	int64_t answer;

	if (file->mode & FILE_PATH)
		return -EBADF;
	if (!(file->mode & FILE_SEEK))
		return inode_type(file->inode) == S_IFCHR && !file->operations->poll ? 0 : -ESPIPE;
	mutex_lock(&file->inode->mutex);
	answer = seek_locked(file, offset, whence);
	mutex_unlock(&file->inode->mutex);
	return answer;
}

int inode_set_size(struct inode *inode, uint64_t size)
{
	int error;

	if (inode_is_directory(inode))
		return -EISDIR;
	if (!inode->operations->set_size)
		return -EINVAL;
	mutex_lock(&inode->mutex);
	error = inode->operations->set_size(inode, size);
	mutex_unlock(&inode->mutex);
	return error;
}

int file_page(struct file *file, uint64_t index, struct page **page)
{
	if (!file->operations->page)
		return -ENODEV;
	return file->operations->page(file, index, page);
}

void file_pages(struct file *file, uint64_t first, unsigned int count, struct page **pages)
{
	if (file->operations->pages)
		file->operations->pages(file, first, count, pages);
	else
		memset(pages, 0, count * sizeof(*pages));
}

bool file_replace_page(struct file *file, uint64_t index, struct page *old, struct page *copy)
{
	return file->operations->replace_page &&
	       file->operations->replace_page(file, index, old, copy);
}

int file_check_map(struct file *file, uint32_t protection, uint32_t vm_flags)
{
	if (!(file->mode & FILE_READ))
		return -EACCES;
	if ((vm_flags & VM_SHARED) && (protection & VM_WRITE) && !(file->mode & FILE_WRITE))
		return -EACCES;
	if (!file->operations->page)
		return -ENODEV;
	if ((protection & VM_EXEC) && file->path.mount && (file->path.mount->flags & MS_NOEXEC))
		return -EPERM;
	return 0;
}

uint64_t vfs_file_size(const struct file *file)
{
	return __atomic_load_n(&file->inode->size, __ATOMIC_RELAXED);
}

int64_t vfs_read_kernel(struct file *file, void *buffer, size_t length, uint64_t offset)
{
	struct transfer to = transfer_kernel(buffer, length);

	return file_read(file, &to, &offset);
}

int64_t vfs_file_path(struct file *file, char *buffer, size_t size)
{
	struct path root;
	int64_t length;

	if (!file->path.dentry)
		return -ENOENT;
	context_root(&root);
	length = path_print(&file->path, &root, buffer, size);
	path_put(&root);
	return length == -ENOENT ? (int64_t)strlen(buffer) : length;
}
