// SPDX-License-Identifier: Apache-2.0
/*
 * audit_device.c - /dev/audit: whole lines, each read once; waits while there is none.
 *
 * It is one descriptor's at a time: who has it open is the policy daemon, and nobody takes lines from
 * under it.
 */
#include "kernel/fs/audit_device.h"

#include "kernel/fs/file.h"
#include "kernel/fs/poll.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/task.h"
#include "kernel/sched/audit.h"

static uint32_t is_open; /* atomic */

int audit_open(struct file *file)
{
	if (!current_has(CAP_SYS_ADMIN))
		return -EPERM;
	if (__atomic_exchange_n(&is_open, 1, __ATOMIC_ACQUIRE))
		return -EBUSY;
	file->operations = &audit_operations;
	return 0;
}

static void audit_release(struct file *file)
{
	(void)file;
	__atomic_store_n(&is_open, 0, __ATOMIC_RELEASE);
}

static int64_t audit_read(struct file *file, struct transfer *to, uint64_t *position)
{
	char line[AUDIT_LINE_MAX];
	int64_t done = 0;

	(void)position;
	if (to->remaining < AUDIT_LINE_MAX)
		return -EINVAL;
	while (to->remaining >= AUDIT_LINE_MAX) {
		size_t length = audit_next(line);

		if (length && transfer_to(to, line, length))
			return done ? done : -EFAULT;
		done += (int64_t)length;
		if (length)
			continue;
		if (done || file_nonblocking(file))
			break;
		int error = wait_event_interruptible(audit_queue(), !audit_is_empty());

		if (error)
			return error;
	}
	return done ? done : -EAGAIN;
}

static uint32_t audit_poll(struct file *file, struct poll_table *table)
{
	(void)file;
	poll_wait(table, audit_queue());
	return audit_is_empty() ? 0 : POLLIN | POLLRDNORM;
}

const struct file_operations audit_operations = {
	.read = audit_read,
	.poll = audit_poll,
	.release = audit_release,
};
