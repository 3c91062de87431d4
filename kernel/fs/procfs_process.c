// SPDX-License-Identifier: Apache-2.0
/*
 * procfs_process.c - /proc/PID: its table, its links, its descriptors, its memory.
 */
#include "kernel/fs/procfs.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/vm.h"
#include "kernel/proc/family.h"
#include "kernel/sys/abi.h"

enum { PIECE = 256 };

/* ---- who there is ---- */

int proc_find_process(
	const struct proc_subject *directory, int32_t number, struct proc_subject *found)
{
	(void)directory;
	*found = (struct proc_subject){ .process = process_find(number) };
	if (!found->process) {
		/* /proc/TID works for a thread, too, though it is not listed. */
		struct task *task = task_find(number);

		if (!task)
			return -ENOENT;
		found->process = task->process;
		if (found->process)
			process_get(found->process);
		found->task = task;
		return 0;
	}
	found->task = process_leader(found->process);
	return 0;
}

int32_t proc_next_process(const struct proc_subject *directory, int32_t from)
{
	(void)directory;
	return pid_next(from - 1);
}

static int find_thread(
	const struct proc_subject *directory, int32_t number, struct proc_subject *found)
{
	struct task *task = task_find(number);

	if (!task || task->process != directory->process) {
		if (task)
			task_put(task);
		return -ENOENT;
	}
	*found = (struct proc_subject){ .process = directory->process, .task = task };
	process_get(found->process);
	return 0;
}

static int32_t next_thread(const struct proc_subject *directory, int32_t from)
{
	struct task *task = thread_next(directory->process, from - 1);
	int32_t tid;

	if (!task)
		return -1;
	tid = task->tid;
	task_put(task);
	return tid;
}

/* ---- memory ---- */

static int show_cmdline(struct text *text, const struct proc_subject *subject)
{
	struct address_space *space = subject->task ? task_space_get(subject->task) : NULL;
	char piece[PIECE];

	if (!space)
		return 0;
	for (uaddr_t at = space->argument_start; at < space->argument_end;) {
		size_t length = MIN(sizeof(piece), space->argument_end - at);

		if (address_space_read(space, piece, at, length) != 0)
			break;
		text_append(text, piece, length);
		at += length;
	}
	address_space_put(space);
	return 0;
}

/* What a mapping is called; `path` is a buffer of PATH_SIZE_MAX. */
static const char *mapping_name(const struct address_space *space, const struct vm_mapping *mapping,
				char *path)
{
	if (mapping->file)
		return vfs_file_path(mapping->file, path, PATH_SIZE_MAX) > 0 ? path : "(nameless)";
	if (mapping->flags & VM_STACK)
		return "[stack]";
	if (mapping->start == space->signal_trampoline)
		return "[vdso]";
	if (mapping->start < space->brk_end && mapping->end > space->brk_start)
		return "[heap]";
	return "";
}

static void show_mapping(struct text *text, const struct vm_mapping *mapping, const char *name)
{
	const struct inode *inode = mapping->file ? mapping->file->inode : NULL;
	uint32_t device = inode ? inode->filesystem->device : 0;

	text_printf(text, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu", (unsigned long)mapping->start,
		(unsigned long)mapping->end, mapping->protection & VM_READ ? 'r' : '-',
		mapping->protection & VM_WRITE ? 'w' : '-',
		mapping->protection & VM_EXEC ? 'x' : '-', mapping->flags & VM_SHARED ? 's' : 'p',
		inode ? (unsigned long)mapping->file_offset : 0UL, device_major(device),
		device_minor(device), inode ? (unsigned long)inode->number : 0UL);
	text_printf(text, *name ? " %s\n" : "%s\n", name);
}

static int show_maps(struct text *text, const struct proc_subject *subject)
{
	struct address_space *space = subject->task ? task_space_get(subject->task) : NULL;
	char *path = kmalloc(PATH_SIZE_MAX);
	struct vm_mapping *mapping;

	if (space && path) {
		vm_lock(space);
		for (uaddr_t at = 0; (mapping = vm_find(space, at)) != NULL; at = mapping->end)
			show_mapping(text, mapping, mapping_name(space, mapping, path));
		vm_unlock(space);
	}
	if (space)
		address_space_put(space);
	kfree(path);
	return path ? 0 : -ENOMEM;
}

static int show_statm(struct text *text, const struct proc_subject *subject)
{
	struct address_space *space = subject->task ? task_space_get(subject->task) : NULL;

	text_printf(text, "%lu %lu 0 0 0 0 0\n", space ? (unsigned long)space->mapped_pages : 0UL,
		    space ? (unsigned long)space->resident_pages : 0UL);
	if (space)
		address_space_put(space);
	return 0;
}

/* ---- links ---- */

/* Only one's own processes, or with CAP_SYS_PTRACE. */
static int check_access(const struct proc_subject *subject)
{
	const struct cred *cred = &current->cred;

	if (!subject->task)
		return -ENOENT;
	if (subject->process == current->process || current_has(CAP_SYS_PTRACE) ||
	    (cred->fsuid == subject->task->cred.uid && cred->fsuid == subject->task->cred.euid))
		return 0;
	return -EACCES;
}

static int64_t print_path(const struct path *path, char *buffer, size_t size)
{
	char *text = kmalloc(PATH_SIZE_MAX);
	struct path root;
	int64_t length;

	if (!text)
		return -ENOMEM;
	context_root(&root);
	length = path_print(path, &root, text, PATH_SIZE_MAX - sizeof(" (deleted)"));
	path_put(&root);
	if (length == -ENOENT) {
		strcat(text, " (deleted)");
		length = (int64_t)strlen(text);
	}
	if (length > 0) {
		length = MIN(length, (int64_t)size);
		memcpy(buffer, text, (size_t)length);
	}
	kfree(text);
	return length;
}

/* Where a link leads, with references. */
typedef int link_function(const struct proc_subject *subject, struct path *target);

static int64_t read_link(const struct proc_subject *subject, char *buffer, size_t size,
			 link_function *follow)
{
	struct path path;
	int64_t length = follow(subject, &path);

	if (length)
		return length;
	length = print_path(&path, buffer, size);
	path_put(&path);
	return length;
}

static int follow_exe(const struct proc_subject *subject, struct path *target)
{
	struct file *file;
	int error = check_access(subject);

	if (error)
		return error;
	spin_lock(&family_lock);
	file = subject->process->executable;
	if (file)
		file_get(file);
	spin_unlock(&family_lock);
	if (!file)
		return -ENOENT;
	*target = file->path;
	path_get(target);
	file_put(file);
	return 0;
}

static int follow_context(const struct proc_subject *subject, struct path *target, size_t offset)
{
	struct fs_context *context;
	int error = check_access(subject);

	if (error)
		return error;
	context = proc_fs_get(subject->task);
	if (!context)
		return -ENOENT;
	spin_lock(&context->lock);
	*target = *(const struct path *)(const void *)((const char *)context + offset);
	path_get(target);
	spin_unlock(&context->lock);
	fs_context_put(context);
	return 0;
}

static int follow_cwd(const struct proc_subject *subject, struct path *target)
{
	return follow_context(subject, target, offsetof(struct fs_context, cwd));
}

static int follow_root(const struct proc_subject *subject, struct path *target)
{
	return follow_context(subject, target, offsetof(struct fs_context, root));
}

static int64_t read_exe(const struct proc_subject *subject, char *buffer, size_t size)
{
	return read_link(subject, buffer, size, follow_exe);
}

static int64_t read_cwd(const struct proc_subject *subject, char *buffer, size_t size)
{
	return read_link(subject, buffer, size, follow_cwd);
}

static int64_t read_root(const struct proc_subject *subject, char *buffer, size_t size)
{
	return read_link(subject, buffer, size, follow_root);
}

/* ---- descriptors ---- */

static struct file *file_of(const struct proc_subject *subject)
{
	struct fd_table *files = subject->task ? proc_files_get(subject->task) : NULL;
	struct file *file = NULL;

	if (files) {
		file = fd_table_file(files, subject->fd);
		fd_table_put(files);
	}
	return file;
}

static int find_descriptor(const struct proc_subject *directory, int32_t number,
			   struct proc_subject *found)
{
	struct file *file;

	*found = *directory;
	found->fd = number;
	if (check_access(directory) != 0)
		return -ENOENT;
	file = file_of(found);
	if (!file)
		return -ENOENT;
	file_put(file);
	process_get(found->process);
	task_get(found->task);
	return 0;
}

static int32_t next_descriptor(const struct proc_subject *directory, int32_t from)
{
	struct fd_table *files =
		check_access(directory) == 0 ? proc_files_get(directory->task) : NULL;
	int32_t fd = -1;

	if (files) {
		fd = fd_table_next(files, from);
		fd_table_put(files);
	}
	return fd;
}

/* A file without a path (a pipe) cannot be opened a second time through its link. */
static int follow_descriptor(const struct proc_subject *subject, struct path *target)
{
	struct file *file = file_of(subject);
	int error = file ? -ENXIO : -ENOENT;

	if (file && file->path.dentry) {
		*target = file->path;
		path_get(target);
		error = 0;
	}
	if (file)
		file_put(file);
	return error;
}

static int64_t read_descriptor(const struct proc_subject *subject, char *buffer, size_t size)
{
	struct text text = { .buffer = buffer, .size = size };
	struct file *file = file_of(subject);
	int64_t length;

	if (!file)
		return -ENOENT;
	if (file->path.dentry) {
		length = print_path(&file->path, buffer, size);
	} else {
		uint32_t type = inode_type(file->inode);

		text_printf(&text, "%s:[%lu]",
			type == S_IFIFO   ? "pipe"
			: type == S_IFCHR ? "tty"
					  : "memfd",
			(unsigned long)file->inode->number);
		length = (int64_t)MIN(text.length, size);
	}
	file_put(file);
	return length;
}

/* ---- the tables ---- */

static const struct proc_entry descriptor_entry = {
	.name = "", .permissions = 0777, .read_link = read_descriptor, .follow = follow_descriptor,
};
static const struct proc_directory fd_directory = {
	.find = find_descriptor, .next = next_descriptor, .numbered = &descriptor_entry,
};

static const struct proc_entry thread_entries[] = {
	{ .name = "cgroup", .permissions = 0444, .show = proc_show_cgroup },
	{ .name = "comm", .permissions = 0444, .show = proc_show_comm },
	{ .name = "stat", .permissions = 0444, .show = proc_show_thread_stat },
	{ .name = "status", .permissions = 0444, .show = proc_show_thread_status },
	{ .name = NULL },
};
static const struct proc_directory thread_directory = { .entries = thread_entries };
static const struct proc_entry thread_entry = {
	.name = "", .permissions = 0555, .directory = &thread_directory,
};
static const struct proc_directory task_directory = {
	.find = find_thread, .next = next_thread, .numbered = &thread_entry,
};

static const struct proc_entry process_entries[] = {
	{ .name = "cgroup", .permissions = 0444, .show = proc_show_cgroup },
	{ .name = "cmdline", .permissions = 0444, .show = show_cmdline },
	{ .name = "comm", .permissions = 0444, .show = proc_show_comm },
	{ .name = "cwd", .permissions = 0777, .read_link = read_cwd, .follow = follow_cwd },
	{ .name = "exe", .permissions = 0777, .read_link = read_exe, .follow = follow_exe },
	{ .name = "fd", .permissions = 0500, .directory = &fd_directory },
	{ .name = "limits", .permissions = 0444, .show = proc_show_limits },
	{ .name = "maps", .permissions = 0444, .show = show_maps },
	{ .name = "mounts", .permissions = 0444, .show = proc_show_mounts },
	{ .name = "root", .permissions = 0777, .read_link = read_root, .follow = follow_root },
	{ .name = "stat", .permissions = 0444, .show = proc_show_process_stat },
	{ .name = "statm", .permissions = 0444, .show = show_statm },
	{ .name = "status", .permissions = 0444, .show = proc_show_process_status },
	{ .name = "task", .permissions = 0555, .directory = &task_directory },
	{ .name = NULL },
};
static const struct proc_directory process_directory = { .entries = process_entries };

const struct proc_entry proc_process_entry = {
	.name = "", .permissions = 0555, .directory = &process_directory,
};

static const struct proc_entry kernel_thread_entries[] = {
	{ .name = "cgroup", .permissions = 0444, .show = proc_show_cgroup },
	{ .name = "cmdline", .permissions = 0444, .show = show_cmdline },
	{ .name = "comm", .permissions = 0444, .show = proc_show_comm },
	{ .name = "stat", .permissions = 0444, .show = proc_show_thread_stat },
	{ .name = "statm", .permissions = 0444, .show = show_statm },
	{ .name = "status", .permissions = 0444, .show = proc_show_thread_status },
	{ .name = NULL },
};
static const struct proc_directory kernel_thread_directory = { .entries = kernel_thread_entries };

const struct proc_entry proc_kernel_thread_entry = {
	.name = "", .permissions = 0555, .directory = &kernel_thread_directory,
};
