// SPDX-License-Identifier: Apache-2.0
/*
 * pipe.c - pipes and FIFOs: 64 KiB between a writer and a reader.
 *
 * The ring is 16 pages, each allocated when it is first written. head and tail count bytes and
 * never wrap; an empty pipe starts again at page 0, so small messages stay in one page. Readers
 * and writers wait in queues of their own and are woken one at a time: whoever leaves wakes the
 * next when there is something left for it. Pollers wait in a third queue and are all woken.
 *
 * Locks: (m) the pipe's mutex (LOCK_RANK_STREAM), also (a) read without it by those that wait
 */
#include "kernel/fs/pipe.h"

#include "kernel/fs/file.h"
#include "kernel/fs/fs_init.h"
#include "kernel/fs/poll.h"
#include "kernel/mm/charge.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"

enum { PIPE_PAGES = PIPE_SIZE / PAGE_SIZE, FIONREAD = 0x541b };

struct pipe {
	struct mutex mutex;
	uint64_t head, tail;        /* (m,a) bytes written, bytes read */
	uint32_t readers, writers;  /* (m,a) open ends */
	uint32_t readers_ever, writers_ever; /* (m,a) for FIFOs: how many there have been */
	struct waitqueue read_queue, write_queue, poll_queue;
	struct inode inode;         /* of an anonymous pipe */
	char *pages[PIPE_PAGES];    /* (m) NULL: not needed yet */
};

static const struct inode_operations pipe_inode_operations;
static const struct file_operations pipe_operations;
static struct slab_cache *pipe_cache;
static struct filesystem pipes;
static const struct filesystem_type pipe_type = { .name = "pipefs", .magic = PIPEFS_MAGIC };

void pipe_init(void)
{
	pipe_cache = slab_cache_create("pipe", sizeof(struct pipe), 8);
	if (!pipe_cache)
		panic("no memory for the cache of pipes");
	pipes = (struct filesystem){ .type = &pipe_type, .device = filesystem_next_device() };
}

static struct pipe *pipe_allocate(void)
{
	struct pipe *pipe = slab_alloc(pipe_cache, PAGE_ZERO);

	if (!pipe)
		return NULL;
	mutex_init(&pipe->mutex, LOCK_RANK_STREAM);
	waitqueue_init(&pipe->read_queue);
	waitqueue_init(&pipe->write_queue);
	waitqueue_init(&pipe->poll_queue);
	return pipe;
}

static void pipe_free(struct pipe *pipe)
{
	for (unsigned int i = 0; i < PIPE_PAGES; i++)
		if (pipe->pages[i])
			page_free_mapped(pipe->pages[i]);
	slab_free(pipe_cache, pipe);
}

static uint64_t load(const uint64_t *value)
{
	return __atomic_load_n(value, __ATOMIC_RELAXED);
}

static size_t pipe_used(const struct pipe *pipe)
{
	return load(&pipe->head) - load(&pipe->tail);
}

static bool has_writers(const struct pipe *pipe)
{
	return __atomic_load_n(&pipe->writers, __ATOMIC_RELAXED) > 0;
}

static bool has_readers(const struct pipe *pipe)
{
	return __atomic_load_n(&pipe->readers, __ATOMIC_RELAXED) > 0;
}

/* ---- reading ---- */

/* Copies what there is, up to what is asked: the bytes, or -EFAULT when not even one. */
static int64_t take_bytes(struct pipe *pipe, struct transfer *to)
{
	size_t wanted = MIN(to->remaining, pipe_used(pipe)), done = 0;

	while (done < wanted) {
		size_t at = pipe->tail % PIPE_SIZE;
		size_t piece = MIN(wanted - done, PAGE_SIZE - at % PAGE_SIZE);

		if (transfer_to(to, pipe->pages[at / PAGE_SIZE] + at % PAGE_SIZE, piece) != 0)
			return done ? (int64_t)done : -EFAULT;
		__atomic_store_n(&pipe->tail, pipe->tail + piece, __ATOMIC_RELAXED);
		done += piece;
	}
	if (pipe->tail == pipe->head && pipe->tail % PIPE_SIZE) {
		/* Both at a page-0 position, the one first that keeps head - tail small. */
		uint64_t start = ALIGN_UP(pipe->head, (uint64_t)PIPE_SIZE);

		__atomic_store_n(&pipe->head, start, __ATOMIC_RELAXED);
		__atomic_store_n(&pipe->tail, start, __ATOMIC_RELAXED);
	}
	return (int64_t)done;
}

static int64_t pipe_read(struct file *file, struct transfer *to, uint64_t *position)
{
	struct pipe *pipe = file->private;
	int64_t answer = 0;

	(void)position;
	if (to->remaining == 0)
		return 0;
	for (;;) {
		mutex_lock(&pipe->mutex);
		if (pipe_used(pipe) > 0) {
			answer = take_bytes(pipe, to);
			break;
		}
		if (pipe->writers == 0)
			break;
		mutex_unlock(&pipe->mutex);
		if (file_nonblocking(file))
			return -EAGAIN;
		answer = wait_event_interruptible(&pipe->read_queue,
						  pipe_used(pipe) > 0 || !has_writers(pipe));
		if (answer) {
			waitqueue_wake_one(&pipe->read_queue); /* it may have been our turn */
			return answer;
		}
	}
	bool more = pipe_used(pipe) > 0 || pipe->writers == 0;

	mutex_unlock(&pipe->mutex);
	if (answer > 0) {
		waitqueue_wake_one(&pipe->write_queue);
		waitqueue_wake_all(&pipe->poll_queue);
	}
	if (more)
		waitqueue_wake_one(&pipe->read_queue);
	return answer;
}

/* ---- writing ---- */

static char *make_page(void)
{
	struct page *page = page_charged(page_alloc(0, PAGE_ANY), CHARGE_KERNEL);

	return page ? page_address(page) : NULL;
}

/* Copies as much as there is room for: the bytes, or -EFAULT, -ENOMEM when not even one. */
static int64_t put_bytes(struct pipe *pipe, struct transfer *from)
{
	size_t wanted = MIN(from->remaining, PIPE_SIZE - pipe_used(pipe)), done = 0;
	int64_t error = 0;

	while (done < wanted) {
		size_t at = pipe->head % PIPE_SIZE;
		size_t piece = MIN(wanted - done, PAGE_SIZE - at % PAGE_SIZE);
		char **page = &pipe->pages[at / PAGE_SIZE];

		/* A little always goes through: what waits in a pipe may be the way out. */
		if (!*page && (pipe_used(pipe) < PIPE_ATOMIC_SIZE || !page_is_scarce()))
			*page = make_page();
		if (!*page)
			error = -ENOMEM;
		else
			error = transfer_from(from, *page + at % PAGE_SIZE, piece);
		if (error)
			break;
		__atomic_store_n(&pipe->head, pipe->head + piece, __ATOMIC_RELAXED);
		done += piece;
	}
	return done ? (int64_t)done : error;
}

/* A write of at most PIPE_BUF goes in whole, a longer one in pieces. */
static bool has_room(const struct pipe *pipe, size_t needed)
{
	return PIPE_SIZE - pipe_used(pipe) >= needed;
}

static int64_t pipe_write(struct file *file, struct transfer *from, uint64_t *position)
{
	struct pipe *pipe = file->private;
	size_t needed = from->remaining <= PIPE_ATOMIC_SIZE ? from->remaining : 1;
	int64_t done = 0, answer = 0;

	(void)position;
	while (from->remaining > 0) {
		bool more = false;

		mutex_lock(&pipe->mutex);
		if (pipe->readers == 0) {
			answer = -EPIPE;
		} else if (has_room(pipe, needed)) {
			answer = put_bytes(pipe, from);
			if (answer > 0)
				done += answer;
			more = pipe_used(pipe) < PIPE_SIZE;
		} else {
			answer = -EAGAIN;
		}
		mutex_unlock(&pipe->mutex);
		if (answer > 0) {
			waitqueue_wake_one(&pipe->read_queue);
			waitqueue_wake_all(&pipe->poll_queue);
			if (more)
				waitqueue_wake_one(&pipe->write_queue);
			continue;
		}
		if (answer != -EAGAIN || file_nonblocking(file))
			break;
		answer = wait_event_interruptible(&pipe->write_queue,
						  has_room(pipe, needed) || !has_readers(pipe));
		if (answer) {
			waitqueue_wake_one(&pipe->write_queue);
			break;
		}
	}
	if (answer == -EPIPE && done == 0)
		signal_send_task(current, KSIGPIPE, NULL);
	return done ? done : answer;
}

/* ---- the rest ---- */

static uint32_t pipe_poll(struct file *file, struct poll_table *table)
{
	struct pipe *pipe = file->private;
	uint32_t ready = 0;

	poll_wait(table, &pipe->poll_queue);
	if (file->mode & FILE_READ) {
		if (pipe_used(pipe) > 0)
			ready |= POLLIN | POLLRDNORM;
		if (!has_writers(pipe) &&
		    __atomic_load_n(&pipe->writers_ever, __ATOMIC_RELAXED) > 0)
			ready |= POLLHUP;
	}
	if (file->mode & FILE_WRITE) {
		if (has_room(pipe, PIPE_ATOMIC_SIZE))
			ready |= POLLOUT | POLLWRNORM;
		if (!has_readers(pipe))
			ready |= POLLERR;
	}
	return ready;
}

static int64_t pipe_control(struct file *file, uint32_t command, uaddr_t argument)
{
	struct pipe *pipe = file->private;
	int32_t used;

	if (command != FIONREAD)
		return -ENOTTY;
	mutex_lock(&pipe->mutex);
	used = (int32_t)pipe_used(pipe);
	mutex_unlock(&pipe->mutex);
	return copy_to_user(argument, &used, sizeof(used));
}

/* Everybody looks again: the last reader or writer came or went. */
static void wake_everybody(struct pipe *pipe)
{
	waitqueue_wake_all(&pipe->read_queue);
	waitqueue_wake_all(&pipe->write_queue);
	waitqueue_wake_all(&pipe->poll_queue);
}

static void add_ends(struct pipe *pipe, uint32_t mode)
{
	if (mode & FILE_READ) {
		__atomic_store_n(&pipe->readers, pipe->readers + 1, __ATOMIC_RELAXED);
		__atomic_store_n(&pipe->readers_ever, pipe->readers_ever + 1, __ATOMIC_RELAXED);
	}
	if (mode & FILE_WRITE) {
		__atomic_store_n(&pipe->writers, pipe->writers + 1, __ATOMIC_RELAXED);
		__atomic_store_n(&pipe->writers_ever, pipe->writers_ever + 1, __ATOMIC_RELAXED);
	}
}

static void drop_ends(struct pipe *pipe, uint32_t mode)
{
	if (mode & FILE_READ)
		__atomic_store_n(&pipe->readers, pipe->readers - 1, __ATOMIC_RELAXED);
	if (mode & FILE_WRITE)
		__atomic_store_n(&pipe->writers, pipe->writers - 1, __ATOMIC_RELAXED);
}

/* A FIFO's pipe lives while an end is open; (m) of the inode guards it coming and going. */
static void fifo_release(struct file *file)
{
	struct inode *inode = file->inode;
	struct pipe *pipe = file->private;
	bool last;

	mutex_lock(&inode->mutex);
	mutex_lock(&pipe->mutex);
	drop_ends(pipe, file->mode);
	last = pipe->readers == 0 && pipe->writers == 0;
	mutex_unlock(&pipe->mutex);
	if (last)
		inode->pipe = NULL;
	else
		wake_everybody(pipe);
	mutex_unlock(&inode->mutex);
	if (last)
		pipe_free(pipe);
}

static void pipe_release(struct file *file)
{
	struct pipe *pipe = file->private;

	if (file->inode != &pipe->inode) {
		fifo_release(file);
		return;
	}
	/* The other end's file holds its own reference to the inode, and so to the pipe. */
	mutex_lock(&pipe->mutex);
	drop_ends(pipe, file->mode);
	mutex_unlock(&pipe->mutex);
	wake_everybody(pipe);
}

static void pipe_inode_release(struct inode *inode)
{
	pipe_free(container_of(inode, struct pipe, inode));
}

static const struct inode_operations pipe_inode_operations = {
	.release = pipe_inode_release,
};

static const struct file_operations pipe_operations = {
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.control = pipe_control,
	.release = pipe_release,
};

int pipe_create(uint32_t flags, struct file **read_end, struct file **write_end)
{
	struct pipe *pipe = pipe_allocate();

	if (!pipe)
		return -ENOMEM;
	inode_init(&pipe->inode, &pipes, &pipe_inode_operations, &pipe_operations, S_IFIFO | 0600);
	pipe->inode.number = filesystem_next_number(&pipes);
	pipe->inode.uid = current->cred.fsuid;
	pipe->inode.gid = current->cred.fsgid;
	inode_touch_contents(&pipe->inode);
	inode_get(&pipe->inode);
	*read_end = file_create(&pipe->inode, &pipe_operations, flags | O_RDONLY);
	if (!*read_end) {
		inode_put(&pipe->inode);
		return -ENOMEM;
	}
	(*read_end)->private = pipe;
	add_ends(pipe, FILE_READ);
	*write_end = file_create(&pipe->inode, &pipe_operations, flags | O_WRONLY);
	if (!*write_end) {
		file_put(*read_end);
		return -ENOMEM;
	}
	(*write_end)->private = pipe;
	add_ends(pipe, FILE_WRITE);
	return 0;
}

/* Waits until the other end is open, or has been since. */
static int wait_for_other_end(struct file *file, uint32_t readers_ever, uint32_t writers_ever)
{
	struct pipe *pipe = file->private;

	if (file->mode == FILE_READ)
		return wait_event_interruptible(&pipe->read_queue, has_writers(pipe) ||
			__atomic_load_n(&pipe->writers_ever, __ATOMIC_RELAXED) != writers_ever);
	return wait_event_interruptible(&pipe->write_queue, has_readers(pipe) ||
		__atomic_load_n(&pipe->readers_ever, __ATOMIC_RELAXED) != readers_ever);
}

int fifo_open(struct file *file)
{
	struct inode *inode = file->inode;
	struct pipe *pipe;
	uint32_t readers_ever, writers_ever;
	int error = 0;

	mutex_lock(&inode->mutex);
	pipe = inode->pipe;
	if (!pipe)
		pipe = pipe_allocate();
	if (!pipe) {
		error = -ENOMEM;
	} else if (file->mode == FILE_WRITE && file_nonblocking(file) && pipe->readers == 0) {
		error = -ENXIO;
		if (!inode->pipe)
			pipe_free(pipe);
	} else {
		inode->pipe = pipe;
		mutex_lock(&pipe->mutex);
		add_ends(pipe, file->mode);
		readers_ever = pipe->readers_ever;
		writers_ever = pipe->writers_ever;
		mutex_unlock(&pipe->mutex);
	}
	mutex_unlock(&inode->mutex);
	if (error)
		return error;
	file->operations = &pipe_operations;
	file->private = pipe;
	wake_everybody(pipe);
	if (file->mode != (FILE_READ | FILE_WRITE) && !file_nonblocking(file))
		error = wait_for_other_end(file, readers_ever, writers_ever);
	if (error)
		fifo_release(file);
	return error;
}

int file_is_pipe(const struct file *file)
{
	return file->operations == &pipe_operations;
}
