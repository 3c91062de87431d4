// SPDX-License-Identifier: Apache-2.0
/*
 * eventfd.c - a counter to wait on: eventfd2.
 *
 * A read takes the whole of it, or one (EFD_SEMAPHORE), and waits while it is 0; a write adds, and waits
 * while there is no room. The counter is changed in one step, without a lock. Who leaves with something
 * left for the next wakes it.
 */
#include "kernel/fs/file.h"
#include "kernel/fs/poll.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"

enum { EFD_SEMAPHORE = 1 };
#define COUNT_MAX (UINT64_MAX - 1)

struct eventfd {
	uint64_t count;  /* (a) */
	bool semaphore;  /* (i) */
	struct waitqueue read_queue, write_queue, poll_queue;
	struct inode inode;
};

static const struct filesystem_type eventfd_type = { .name = "eventfdfs", .magic = 0x09041934 };
static struct filesystem eventfd_filesystem = { .type = &eventfd_type };

static uint64_t count_of(const struct eventfd *eventfd)
{
	return __atomic_load_n(&eventfd->count, __ATOMIC_RELAXED);
}

/* What a read answers; 0: nothing is there. */
static uint64_t take(struct eventfd *eventfd)
{
	uint64_t count = count_of(eventfd), taken;

	do {
		taken = eventfd->semaphore ? count > 0 : count;
	} while (!__atomic_compare_exchange_n(&eventfd->count, &count, count - taken, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return taken;
}

static bool add(struct eventfd *eventfd, uint64_t value)
{
	uint64_t count = count_of(eventfd);

	do {
		if (value > COUNT_MAX - count)
			return false;
	} while (!__atomic_compare_exchange_n(&eventfd->count, &count, count + value, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return true;
}

static int64_t eventfd_read(struct file *file, struct transfer *to, uint64_t *position)
{
	struct eventfd *eventfd = file->private;
	uint64_t value;

	(void)position;
	if (to->remaining < sizeof(value))
		return -EINVAL;
	while ((value = take(eventfd)) == 0) {
		if (file_nonblocking(file))
			return -EAGAIN;
		int error = wait_event_interruptible(&eventfd->read_queue, count_of(eventfd) > 0);

		if (error) {
			waitqueue_wake_one(&eventfd->read_queue); /* it may have been our turn */
			return error;
		}
	}
	waitqueue_wake_one(&eventfd->write_queue);
	waitqueue_wake_all(&eventfd->poll_queue);
	if (count_of(eventfd) > 0)
		waitqueue_wake_one(&eventfd->read_queue);
	return transfer_to(to, &value, sizeof(value)) ? -EFAULT : (int64_t)sizeof(value);
}

static int64_t eventfd_write(struct file *file, struct transfer *from, uint64_t *position)
{
	struct eventfd *eventfd = file->private;
	uint64_t value;

	(void)position;
	if (from->remaining < sizeof(value))
		return -EINVAL;
	if (transfer_from(from, &value, sizeof(value)))
		return -EFAULT;
	if (value > COUNT_MAX)
		return -EINVAL;
	while (!add(eventfd, value)) {
		if (file_nonblocking(file))
			return -EAGAIN;
		int error = wait_event_interruptible(&eventfd->write_queue,
						     value <= COUNT_MAX - count_of(eventfd));

		if (error) {
			waitqueue_wake_one(&eventfd->write_queue);
			return error;
		}
	}
	waitqueue_wake_one(&eventfd->read_queue);
	waitqueue_wake_all(&eventfd->poll_queue);
	if (count_of(eventfd) < COUNT_MAX)
		waitqueue_wake_one(&eventfd->write_queue);
	return sizeof(value);
}

static uint32_t eventfd_poll(struct file *file, struct poll_table *table)
{
	struct eventfd *eventfd = file->private;
	uint32_t ready = 0;

	poll_wait(table, &eventfd->poll_queue);
	uint64_t count = count_of(eventfd);
	if (count > 0)
		ready |= POLLIN | POLLRDNORM;
	if (count < COUNT_MAX)
		ready |= POLLOUT | POLLWRNORM;
	return ready;
}

static void eventfd_inode_release(struct inode *inode)
{
	kfree(container_of(inode, struct eventfd, inode));
}

static const struct inode_operations eventfd_inode_operations = {
	.release = eventfd_inode_release,
};

static const struct file_operations eventfd_operations = {
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
};

int64_t sys_eventfd2(const uint64_t *argument)
{
	uint32_t flags = (uint32_t)argument[1];

	if (flags & ~(uint32_t)(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	struct eventfd *eventfd = kzalloc(sizeof(*eventfd));
	if (!eventfd)
		return -ENOMEM;
	eventfd->count = (uint32_t)argument[0];
	eventfd->semaphore = flags & EFD_SEMAPHORE;
	waitqueue_init(&eventfd->read_queue);
	waitqueue_init(&eventfd->write_queue);
	waitqueue_init(&eventfd->poll_queue);
	inode_init(&eventfd->inode, &eventfd_filesystem, &eventfd_inode_operations, &eventfd_operations,
		   0600);
	eventfd->inode.number = filesystem_next_number(&eventfd_filesystem);
	flags &= ~(uint32_t)EFD_SEMAPHORE;
	struct file *file = file_create(&eventfd->inode, &eventfd_operations, flags | O_RDWR);
	if (!file)
		return -ENOMEM;
	file->private = eventfd;
	return fd_install(file, flags);
}
