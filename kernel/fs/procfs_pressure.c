// SPDX-License-Identifier: Apache-2.0
/*
 * procfs_pressure.c - /proc/pressure: the root's cpu.pressure, which here everybody may write to.
 */
#include "kernel/fs/opener.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/procfs.h"
#include "kernel/sched/tree.h"

enum { TRIGGER_SIZE_MAX = 32 };

static const struct sysfs_row *cpu_row(void)
{
	return sysfs_find_row(tree_root(), "cpu.pressure", sizeof("cpu.pressure") - 1);
}

static int show_cpu(struct text *text, const struct proc_subject *subject)
{
	int64_t length = tree_show(cpu_row(), tree_root(), text->buffer, text->size);

	(void)subject;
	if (length < 0)
		return (int)length;
	text->length = (size_t)length;
	return 0;
}

/* As in Linux, the last byte is none of the text, but its end: a newline, or a NUL. */
static int64_t pressure_write(struct file *file, struct transfer *from, uint64_t *position)
{
	size_t length = from->remaining, used = MIN(length, (size_t)TRIGGER_SIZE_MAX);
	char text[TRIGGER_SIZE_MAX];
	int error;

	if (!length)
		return -EINVAL;
	error = transfer_from(from, text, used);
	if (error)
		return error;
	text[used - 1] = '\0';
	error = opener_store(file->private, cpu_row(), tree_root(), text, used);
	if (error)
		return error;
	*position += length;
	return (int64_t)length;
}

static uint32_t pressure_poll(struct file *file, struct poll_table *table)
{
	return opener_poll(file->private, tree_root(), table);
}

static void pressure_release(struct file *file)
{
	opener_forget(file);
	text_file_release(file);
}

static const struct file_operations pressure_operations = {
	.read = proc_read,
	.write = pressure_write,
	.poll = pressure_poll,
	.release = pressure_release,
};

static const struct proc_entry pressure_entries[] = {
	{ .name = "cpu", .permissions = 0666, .show = show_cpu, .open = opener_remember,
	  .operations = &pressure_operations },
	{ .name = NULL },
};
const struct proc_directory proc_pressure = { .entries = pressure_entries };
