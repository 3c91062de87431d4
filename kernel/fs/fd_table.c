// SPDX-License-Identifier: Apache-2.0
/*
 * fd_table.c - descriptors.
 *
 * A table with one reference belongs to the running task, which alone changes it: it looks
 * descriptors up without a lock and need not count the file it uses. Others may look into it
 * (/proc/PID/fd) under its lock, with which every change is made.
 */
#include "kernel/fs/devfs.h"
#include "kernel/fs/file.h"
#include "kernel/fs/path.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/family.h"

enum { FD_CAPACITY_FIRST = 32, FD_MAX = 65536, LIMIT_NOFILE = 7 };

/* (l) the lock; of a table with one reference, its task alone writes   (a) atomic */
struct fd_table {
	struct spinlock lock;     /* LOCK_RANK_FILES */
	uint32_t references;      /* (a) */
	uint32_t capacity;        /* (l) a multiple of 32 */
	uint32_t lowest_free;     /* (l) no descriptor below it is free */
	struct file **files;      /* (l) capacity of them, and behind them the close-on-exec bits */
};

static bool is_shared(const struct fd_table *table)
{
	return __atomic_load_n(&table->references, __ATOMIC_ACQUIRE) > 1;
}

static uint32_t *exec_bits(const struct fd_table *table)
{
	return (uint32_t *)(void *)(table->files + table->capacity);
}

static size_t files_size(uint32_t capacity)
{
	return capacity * sizeof(struct file *) + capacity / 8;
}

static bool has_exec_bit(const struct fd_table *table, uint32_t fd)
{
	return exec_bits(table)[fd / 32] >> (fd % 32) & 1;
}

static void put_exec_bit(struct fd_table *table, uint32_t fd, uint32_t bit)
{
	uint32_t *word = &exec_bits(table)[fd / 32];

	*word = (*word & ~(1u << fd % 32)) | bit << fd % 32;
}

static struct fd_table *table_create(uint32_t capacity)
{
	struct fd_table *table = kzalloc(sizeof(*table));

	if (!table)
		return NULL;
	spinlock_init(&table->lock, LOCK_RANK_FILES);
	table->references = 1;
	table->capacity = capacity;
	table->files = kzalloc(files_size(capacity));
	if (!table->files) {
		kfree(table);
		return NULL;
	}
	return table;
}

static void table_free(struct fd_table *table)
{
	kfree(table->files);
	kfree(table);
}

/* The copy ends behind the last open descriptor. The lock is held or the table is the task's own.
 */
static uint32_t used_capacity(const struct fd_table *table)
{
	uint32_t used = table->capacity;

	while (used > FD_CAPACITY_FIRST && !table->files[used - 1])
		used--;
	return ALIGN_UP(used, 32u);
}

struct fd_table *fd_table_clone(struct fd_table *table)
{
	for (;;) {
		spin_lock(&table->lock);
		uint32_t capacity = used_capacity(table);
		spin_unlock(&table->lock);
		struct fd_table *copy = table_create(capacity);

		if (!copy)
			return NULL;
		spin_lock(&table->lock);
		if (used_capacity(table) <= capacity) {
			uint32_t common = MIN(capacity, table->capacity);

			for (uint32_t fd = 0; fd < common; fd++) {
				copy->files[fd] = table->files[fd];
				if (copy->files[fd])
					file_get(copy->files[fd]);
			}
			memcpy(exec_bits(copy), exec_bits(table), common / 8);
			copy->lowest_free = MIN(table->lowest_free, capacity);
			spin_unlock(&table->lock);
			return copy;
		}
		/* It grew between the two looks. */
		spin_unlock(&table->lock);
		table_free(copy);
	}
}

void fd_table_get(struct fd_table *table)
{
	__atomic_fetch_add(&table->references, 1, __ATOMIC_RELAXED);
}

void fd_table_put(struct fd_table *table)
{
	if (__atomic_fetch_sub(&table->references, 1, __ATOMIC_ACQ_REL) > 1)
		return;
	for (uint32_t fd = 0; fd < table->capacity; fd++)
		if (table->files[fd])
			file_put(table->files[fd]);
	table_free(table);
}

/* Takes the file out; NULL when there is none. */
static struct file *take_out(struct fd_table *table, uint32_t fd)
{
	struct file *file = NULL;

	spin_lock(&table->lock);
	if (fd < table->capacity)
		file = table->files[fd];
	if (file) {
		table->files[fd] = NULL;
		put_exec_bit(table, fd, 0);
		if (fd < table->lowest_free)
			table->lowest_free = fd;
	}
	spin_unlock(&table->lock);
	return file;
}

int fd_table_unshare(struct fd_table **table)
{
	struct fd_table *own = *table;

	if (is_shared(own)) {
		struct fd_table *before = own;

		own = fd_table_clone(before);
		if (!own)
			return -ENOMEM;
		spin_lock(&family_lock); /* /proc looks at other tasks' tables under it */
		*table = own;
		spin_unlock(&family_lock);
		fd_table_put(before);
	}
	return 0;
}

int fd_table_exec(struct fd_table **table)
{
	int error = fd_table_unshare(table);
	struct fd_table *own = *table;

	if (error)
		return error;
	for (uint32_t fd = 0; fd < own->capacity; fd++) {
		if (own->files[fd] && has_exec_bit(own, fd))
			file_put(take_out(own, fd));
	}
	return 0;
}

struct borrowed_file fd_borrow(int fd)
{
	struct fd_table *table = current->files;
	struct borrowed_file borrowed = { NULL, false };

	if (likely(!is_shared(table))) {
		if (likely((uint32_t)fd < table->capacity))
			borrowed.file = table->files[fd];
		return borrowed;
	}
	borrowed.file = fd_table_file(table, fd);
	borrowed.counted = borrowed.file != NULL;
	return borrowed;
}

struct file *fd_table_file(struct fd_table *table, int fd)
{
	struct file *file = NULL;

	spin_lock(&table->lock);
	if ((uint32_t)fd < table->capacity)
		file = table->files[fd];
	if (file)
		file_get(file);
	spin_unlock(&table->lock);
	return file;
}

int fd_table_next(struct fd_table *table, int from)
{
	int found = -1;

	spin_lock(&table->lock);
	for (uint32_t fd = (uint32_t)from; fd < table->capacity; fd++) {
		if (table->files[fd]) {
			found = (int)fd;
			break;
		}
	}
	spin_unlock(&table->lock);
	return found;
}

struct file *fd_file(int fd)
{
	return fd_table_file(current->files, fd);
}

/* RLIMIT_NOFILE, and never more than a table can hold. */
static uint32_t descriptor_limit(void)
{
	uint64_t soft = current->process ? current->process->limits[LIMIT_NOFILE].soft : FD_MAX;

	return (uint32_t)MIN(soft, (uint64_t)FD_MAX);
}

/* Makes room for descriptor fd: 0 or -ENOMEM. Called and returns with the lock held, which it
 * drops. */
static int grow_locked(struct fd_table *table, uint32_t fd)
{
	while (fd >= table->capacity) {
		uint32_t capacity = MAX(table->capacity * 2, ALIGN_UP(fd + 1, 32u));
		struct fd_table old;
		struct fd_table grown = { .capacity = capacity };

		spin_unlock(&table->lock);
		grown.files = kzalloc(files_size(capacity));
		spin_lock(&table->lock);
		if (!grown.files)
			return -ENOMEM;
		old = *table;
		if (old.capacity < capacity) {
			memcpy(grown.files, old.files, old.capacity * sizeof(struct file *));
			memcpy(exec_bits(&grown), exec_bits(&old), old.capacity / 8);
			table->files = grown.files;
			table->capacity = capacity;
			grown.files = old.files;
		}
		kfree(grown.files);
	}
	return 0;
}

static void put_in_locked(
	struct fd_table *table, uint32_t fd, struct file *file, uint32_t open_flags)
{
	table->files[fd] = file;
	put_exec_bit(table, fd, open_flags & O_CLOEXEC ? 1 : 0);
}

/* The lowest free descriptor >= from: 0, -EMFILE or -ENOMEM. As grow_locked(). */
static int find_free_locked(struct fd_table *table, uint32_t from, uint32_t *fd)
{
	for (;;) {
		*fd = MAX(from, table->lowest_free);
		while (*fd < table->capacity && table->files[*fd])
			++*fd;
		if (*fd >= descriptor_limit())
			return -EMFILE;
		if (*fd < table->capacity)
			return 0;
		int error = grow_locked(table, *fd);

		if (error)
			return error;
	}
}

int fd_make_room(void)
{
	struct fd_table *table = current->files;
	uint32_t fd;

	spin_lock(&table->lock);
	int error = find_free_locked(table, 0, &fd);
	spin_unlock(&table->lock);
	return error;
}

int fd_install_from(struct file *file, uint32_t open_flags, int from)
{
	struct fd_table *table = current->files;
	uint32_t fd;

	spin_lock(&table->lock);
	int error = find_free_locked(table, (uint32_t)from, &fd);
	if (!error) {
		put_in_locked(table, fd, file, open_flags);
		if ((uint32_t)from <= table->lowest_free)
			table->lowest_free = fd + 1;
	}
	spin_unlock(&table->lock);
	if (error)
		file_put(file);
	return error ? error : (int)fd;
}

int fd_install(struct file *file, uint32_t open_flags)
{
	return fd_install_from(file, open_flags, 0);
}

int fd_install_at(struct file *file, uint32_t open_flags, int fd)
{
	struct fd_table *table = current->files;
	struct file *before = NULL;
	int error = -EBADF;

	spin_lock(&table->lock);
	if ((uint32_t)fd < descriptor_limit())
		error = grow_locked(table, (uint32_t)fd);
	if (!error) {
		before = table->files[fd];
		put_in_locked(table, (uint32_t)fd, file, open_flags);
	}
	spin_unlock(&table->lock);
	if (error)
		before = file;
	if (before)
		file_put(before);
	return error ? error : fd;
}

int fd_close(int fd)
{
	struct file *file = take_out(current->files, (uint32_t)fd);

	if (!file)
		return -EBADF;
	file_put(file);
	return 0;
}

void fd_close_range(unsigned int first, unsigned int last)
{
	struct fd_table *table = current->files;

	for (uint32_t fd = first; fd <= last && fd < table->capacity; fd++) {
		struct file *file = take_out(table, fd);

		if (file)
			file_put(file);
	}
}

void fd_set_close_on_exec(unsigned int first, unsigned int last)
{
	struct fd_table *table = current->files;

	spin_lock(&table->lock);
	for (uint32_t fd = first; fd <= last && fd < table->capacity; fd++)
		if (table->files[fd])
			put_exec_bit(table, fd, 1);
	spin_unlock(&table->lock);
}

int fd_get_flags(int fd)
{
	struct fd_table *table = current->files;
	int answer = -EBADF;

	spin_lock(&table->lock);
	if ((uint32_t)fd < table->capacity && table->files[fd])
		answer = has_exec_bit(table, (uint32_t)fd) ? FD_CLOEXEC : 0;
	spin_unlock(&table->lock);
	return answer;
}

int fd_set_flags(int fd, uint32_t flags)
{
	struct fd_table *table = current->files;
	int answer = -EBADF;

	spin_lock(&table->lock);
	if ((uint32_t)fd < table->capacity && table->files[fd]) {
		put_exec_bit(table, (uint32_t)fd, flags & FD_CLOEXEC ? 1 : 0);
		answer = 0;
	}
	spin_unlock(&table->lock);
	return answer;
}

struct fd_table *fd_table_create_console(void)
{
	struct fd_table *table = table_create(FD_CAPACITY_FIRST);
	struct path path;
	struct file *console;

	if (!table)
		return NULL;
	if (path_lookup(AT_FDCWD, "/dev/console", PATH_FOLLOW, &path) != 0 ||
	    file_open_path(&path, O_RDWR, &console) != 0) {
		if (devfs_open_console(&console) != 0) {
			fd_table_put(table);
			return NULL;
		}
	}
	for (uint32_t fd = 0; fd < 3; fd++) {
		file_get(console);
		put_in_locked(table, fd, console, 0);
	}
	table->lowest_free = 3;
	file_put(console);
	return table;
}
