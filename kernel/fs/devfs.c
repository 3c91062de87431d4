// SPDX-License-Identifier: Apache-2.0
/*
 * devfs.c - /dev: the character devices, and the directory that names them.
 *
 * The directory is one tmpfs instance, filled at boot and mounted as "devtmpfs" wherever one asks.
 * A device node anywhere leads through its number to the table below.
 */
#include "kernel/fs/devfs.h"

#include "kernel/dev/tty.h"
#include "kernel/fs/audit_device.h"
#include "kernel/fs/fs_init.h"
#include "kernel/fs/path.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/mm/charge.h"
#include "kernel/proc/task.h"
#include "kernel/sched/trace.h"
#include "kernel/sys/random.h"

enum { TERMINALS_MAX = 8, RANDOM_CHUNK = 256, LOG_LINE_MAX = 1024, TRACE_CHUNK = 16 };

static struct dentry *root;
static struct mutex trace_mutex = MUTEX_INIT(trace_mutex, LOCK_RANK_STREAM); /* one reads at a time */
static struct {
	uint32_t device;
	struct tty *tty;
} terminals[TERMINALS_MAX]; /* fixed after boot */

/* ---- memory devices ---- */

static int64_t null_read(struct file *file, struct transfer *to, uint64_t *position)
{
	(void)file;
	(void)to;
	(void)position;
	return 0;
}

static int64_t null_write(struct file *file, struct transfer *from, uint64_t *position)
{
	size_t length = from->remaining;

	(void)file;
	(void)position;
	transfer_skip(from, length);
	return (int64_t)length;
}

static int64_t zero_read(struct file *file, struct transfer *to, uint64_t *position)
{
	size_t length = to->remaining, done = 0;

	(void)file;
	(void)position;
	while (done < length) {
		size_t piece = MIN(length - done, PAGE_SIZE);

		if (transfer_zeros(to, piece) != 0)
			return done ? (int64_t)done : -EFAULT;
		done += piece;
		preempt_point();
		if (task_has_signal(current))
			break;
	}
	return (int64_t)done;
}

/* Private mappings only copy from it; every page is a new one. */
static int zero_page(struct file *file, uint64_t index, struct page **page)
{
	(void)file;
	(void)index;
	*page = page_charged(page_alloc(0, PAGE_ZERO), CHARGE_ANON);
	return *page ? 0 : -ENOMEM;
}

static int64_t full_write(struct file *file, struct transfer *from, uint64_t *position)
{
	(void)file;
	(void)from;
	(void)position;
	return -ENOSPC;
}

static int64_t random_read(struct file *file, struct transfer *to, uint64_t *position)
{
	uint8_t bytes[RANDOM_CHUNK];
	size_t length = to->remaining, done = 0;

	(void)file;
	(void)position;
	while (done < length) {
		size_t piece = MIN(length - done, sizeof(bytes));

		random_bytes(bytes, piece);
		if (transfer_to(to, bytes, piece) != 0)
			return done ? (int64_t)done : -EFAULT;
		done += piece;
		preempt_point();
		if (task_has_signal(current))
			break;
	}
	return (int64_t)done;
}

static int64_t random_write(struct file *file, struct transfer *from, uint64_t *position)
{
	uint8_t bytes[RANDOM_CHUNK];
	size_t length = from->remaining, done = 0;

	(void)file;
	(void)position;
	while (done < length) {
		size_t piece = MIN(length - done, sizeof(bytes));

		if (transfer_from(from, bytes, piece) != 0)
			return done ? (int64_t)done : -EFAULT;
		random_stir(bytes, piece);
		done += piece;
		preempt_point();
	}
	return (int64_t)done;
}

/* One write is one line of the kernel's log; "<N>" in front is a priority, which it does not keep.
 */
static int64_t kmsg_write(struct file *file, struct transfer *from, uint64_t *position)
{
	char line[LOG_LINE_MAX];
	size_t length = from->remaining;
	char *start = line;

	(void)file;
	(void)position;
	if (length >= sizeof(line))
		return -EINVAL;
	if (transfer_from(from, line, length) != 0)
		return -EFAULT;
	line[length] = '\0';
	if (*start == '<') {
		char *end = strchr(start, '>');

		start = end ? end + 1 : start;
	}
	start[strcspn(start, "\n")] = '\0';
	printk("%s\n", start);
	return (int64_t)length;
}

/* ---- what the scheduler did lately: kernel/sched/trace.h ---- */

/* Whole records only; 0 when there is nothing new. */
static int64_t trace_read(struct file *file, struct transfer *to, uint64_t *position)
{
	struct trace_record records[TRACE_CHUNK];
	size_t done = 0;
	int error = 0;

	(void)position;
	mutex_lock(&trace_mutex);
	while (!error && to->remaining >= sizeof(records[0])) {
		size_t room = MIN(to->remaining / sizeof(records[0]), ARRAY_SIZE(records));
		size_t count = trace_take(file->private, records, room);

		if (!count)
			break;
		error = transfer_to(to, records, count * sizeof(records[0]));
		done += count * sizeof(records[0]);
		preempt_point();
		if (task_has_signal(current))
			break;
	}
	mutex_unlock(&trace_mutex);
	return error ? -EFAULT : (int64_t)done;
}

static void trace_release(struct file *file)
{
	trace_close(file->private);
}

static const struct file_operations trace_operations = { .read = trace_read, .release = trace_release };

static int open_trace(struct file *file)
{
	struct trace_cursor *cursor;

	if (!current_has(CAP_SYS_ADMIN))
		return -EPERM;
	cursor = trace_open();
	if (!cursor)
		return -ENOMEM;
	file->private = cursor;
	file->operations = &trace_operations;
	return 0;
}

static const struct file_operations null_operations = { .read = null_read, .write = null_write };
static const struct file_operations zero_operations = {
	.read = zero_read, .write = null_write, .page = zero_page,
};
static const struct file_operations full_operations = { .read = zero_read, .write = full_write };
static const struct file_operations random_operations = {
	.read = random_read, .write = random_write};
static const struct file_operations kmsg_operations = { .write = kmsg_write };

static const struct memory_device {
	const char *name;
	uint32_t major, minor;
	uint32_t mode;
	const struct file_operations *operations;
} memory_devices[] = {
	{ "null", 1, 3, 0666, &null_operations },
	{ "zero", 1, 5, 0666, &zero_operations },
	{ "full", 1, 7, 0666, &full_operations },
	{ "random", 1, 8, 0666, &random_operations },
	{ "urandom", 1, 9, 0666, &random_operations },
	{ "kmsg", 1, 11, 0644, &kmsg_operations },
	{ "audit", 10, 120, 0600, &audit_operations },
	{ "trace", 10, 200, 0600, &trace_operations },
};

/* ---- opening ---- */

static struct tty *find_terminal(uint32_t device)
{
	for (unsigned int i = 0; i < TERMINALS_MAX; i++)
		if (terminals[i].tty && terminals[i].device == device)
			return terminals[i].tty;
	return NULL;
}

static int open_terminal(struct file *file, uint32_t device)
{
	struct tty *tty;

	if (device == device_number(5, 0)) {
		tty = current->process ? current->process->terminal : NULL;
		return tty ? tty_open(file, tty) : -ENXIO;
	}
	if (device == device_number(5, 1))
		return tty_open(file, console_tty);
	tty = find_terminal(device);
	if (!tty)
		return -ENXIO;
	if (!(file->flags & O_NOCTTY))
		tty_acquire(tty);
	return tty_open(file, tty);
}

int device_open(struct file *file, uint32_t device)
{
	if (file->path.mount && (file->path.mount->flags & MS_NODEV))
		return -EACCES;
	for (unsigned int i = 0; i < ARRAY_SIZE(memory_devices); i++) {
		const struct memory_device *entry = &memory_devices[i];

		if (device_number(entry->major, entry->minor) == device) {
			if (entry->operations == &audit_operations)
				return audit_open(file);
			if (entry->operations == &trace_operations)
				return open_trace(file);
			file->operations = entry->operations;
			return 0;
		}
	}
	return open_terminal(file, device);
}

int devfs_open_console(struct file **console)
{
	static const struct name name = { "console", 7 };
	struct dentry *dentry = dentry_find(root, &name);
	struct file *file;

	if (!dentry)
		return -ENOENT;
	inode_get(dentry->inode);
	file = file_create(dentry->inode, dentry->inode->file_operations, O_RDWR);
	dentry_put(dentry);
	if (!file)
		return -ENOMEM;
	*console = file;
	return tty_open(file, console_tty);
}

/* ---- the directory ---- */

static void add_entry(const char *name, uint32_t mode, uint32_t device, const char *target)
{
	struct name entry = { name, strlen(name) };
	struct creation creation = { .mode = mode, .device = device, .target = target };
	int error = tmpfs_create(root, &entry, &creation, NULL);

	if (error)
		panic("no memory for /dev/%s", name);
}

void devfs_add_tty(const char *name, uint32_t device, struct tty *tty)
{
	for (unsigned int i = 0; i < TERMINALS_MAX; i++) {
		if (!terminals[i].tty) {
			terminals[i].device = device;
			terminals[i].tty = tty;
			mutex_lock(&namespace_mutex);
			add_entry(name, S_IFCHR | 0620, device, NULL);
			mutex_unlock(&namespace_mutex);
			return;
		}
	}
	printk("dev: no room for terminal %s\n", name);
}

void devfs_init(void)
{
	root = tmpfs_create_root(&devtmpfs_type, 0);
	if (!root)
		panic("no memory for /dev");
	for (unsigned int i = 0; i < ARRAY_SIZE(memory_devices); i++) {
		const struct memory_device *entry = &memory_devices[i];

		add_entry(entry->name, S_IFCHR | entry->mode,
			device_number(entry->major, entry->minor), NULL);
	}
	add_entry("tty", S_IFCHR | 0666, device_number(5, 0), NULL);
	add_entry("console", S_IFCHR | 0600, device_number(5, 1), NULL);
	add_entry("fd", S_IFLNK | 0777, 0, "/proc/self/fd");
	add_entry("stdin", S_IFLNK | 0777, 0, "/proc/self/fd/0");
	add_entry("stdout", S_IFLNK | 0777, 0, "/proc/self/fd/1");
	add_entry("stderr", S_IFLNK | 0777, 0, "/proc/self/fd/2");
	console_tty_init();
	devfs_add_tty("ttyS0", tty_device(console_tty), console_tty);
}

/* Every mount shows the one directory. */
static int devfs_mount(const char *options, struct dentry **mounted)
{
	(void)options;
	dentry_get(root);
	*mounted = root;
	return 0;
}

const struct filesystem_type devtmpfs_type = {
	.name = "devtmpfs",
	.magic = TMPFS_MAGIC,
	.mount = devfs_mount,
};
