// SPDX-License-Identifier: Apache-2.0
/*
 * procfs.c - the machinery of /proc: tables (procfs.h) as directories, files and links.
 *
 * Everything is made on look-up. An inode holds what it speaks of, a process or a thread, so the
 * file of a process that is gone answers ESRCH and never speaks of another.
 */
#include "kernel/fs/procfs.h"

#include "kernel/fs/fs_init.h"
#include "kernel/mm/page.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/family.h"

enum { STORE_SIZE_MAX = 4096, NUMBER_DIGITS_MAX = 9, POSITION_NUMBERS = 1000 };

struct proc_inode {
	struct inode inode;
	const struct proc_entry *entry; /* (i) */
	struct proc_subject subject;    /* (i) with its references */
};

static const struct inode_operations proc_operations, proc_link_operations,
	proc_directory_operations;
static const struct file_operations proc_file_operations, proc_directory_file_operations;
static struct slab_cache *inode_cache;
static struct filesystem proc;
static struct dentry *root;
static const struct proc_entry root_entry = {
	.name = "", .permissions = 0555, .directory = &proc_root,
};

static struct proc_inode *proc_inode(struct inode *inode)
{
	return container_of(inode, struct proc_inode, inode);
}

static void subject_get(struct proc_subject *subject)
{
	if (subject->process)
		process_get(subject->process);
	if (subject->task)
		task_get(subject->task);
}

static void subject_put(struct proc_subject *subject)
{
	if (subject->task)
		task_put(subject->task);
	if (subject->process)
		process_put(subject->process);
}

/* ---- inodes ---- */

static uint32_t mode_of(const struct proc_entry *entry)
{
	uint32_t type = entry->directory ? S_IFDIR : entry->read_link ? S_IFLNK : S_IFREG;

	return type | entry->permissions;
}

/* Takes over the subject's references, also when it answers NULL (no memory). */
static struct dentry *proc_dentry(struct dentry *parent, const struct name *name,
				  const struct proc_entry *entry, struct proc_subject *subject)
{
	struct proc_inode *inode = slab_alloc(inode_cache, PAGE_ANY);
	uint32_t mode = mode_of(entry);

	if (!inode) {
		subject_put(subject);
		return NULL;
	}
	inode->entry = entry;
	inode->subject = *subject;
	inode_init(&inode->inode, &proc,
		entry->directory ? &proc_directory_operations
		: entry->follow  ? &proc_link_operations
				 : &proc_operations,
		entry->directory    ? &proc_directory_file_operations
		: entry->operations ? entry->operations
				    : &proc_file_operations, mode);
	inode->inode.number = filesystem_next_number(&proc);
	inode->inode.link_count = entry->directory ? 2 : 1;
	if (subject->task) {
		inode->inode.uid = subject->task->cred.euid;
		inode->inode.gid = subject->task->cred.egid;
	}
	inode->inode.modified_ns = realtime_now_ns();
	inode->inode.accessed_ns = inode->inode.modified_ns;
	inode->inode.changed_ns = inode->inode.modified_ns;
	return dentry_create(parent, name, &inode->inode);
}

static void proc_release(struct inode *inode)
{
	struct proc_inode *file = proc_inode(inode);

	subject_put(&file->subject);
	slab_free(inode_cache, file);
}

/* ---- files and links ---- */

static int64_t proc_show(struct file *file, char *buffer, size_t size)
{
	const struct proc_inode *inode = proc_inode(file->inode);
	struct text text = { .buffer = buffer, .size = size };
	int error = inode->entry->show(&text, &inode->subject);

	return error ? error : (int64_t)text.length;
}

int64_t proc_read(struct file *file, struct transfer *to, uint64_t *position)
{
	return text_file_read(file, to, position, proc_show);
}

static int proc_store(struct file *file, const char *text, size_t length)
{
	const struct proc_entry *entry = proc_inode(file->inode)->entry;

	return entry->store ? entry->store(text, length) : -EINVAL;
}

static int64_t proc_write(struct file *file, struct transfer *from, uint64_t *position)
{
	return text_file_write(file, from, position, STORE_SIZE_MAX, proc_store);
}

static int64_t proc_read_link(struct inode *inode, char *buffer, size_t size)
{
	const struct proc_inode *link = proc_inode(inode);

	return link->entry->read_link(&link->subject, buffer, size);
}

static int proc_follow(struct inode *inode, struct path *target)
{
	const struct proc_inode *link = proc_inode(inode);

	return link->entry->follow(&link->subject, target);
}

static int proc_open(struct file *file)
{
	const struct proc_entry *entry = proc_inode(file->inode)->entry;

	return entry->open ? entry->open(file) : 0;
}

static const struct inode_operations proc_operations = {
	.open = proc_open,
	.read_link = proc_read_link,
	.release = proc_release,
};

static const struct inode_operations proc_link_operations = {
	.read_link = proc_read_link,
	.follow = proc_follow,
	.release = proc_release,
};

static const struct file_operations proc_file_operations = {
	.read = proc_read,
	.write = proc_write,
	.release = text_file_release,
};

/* ---- directories ---- */

/* A decimal number without leading zeros; -1: it is none. */
static int32_t parse_number(const struct name *name)
{
	int32_t number = 0;

	if (name->length == 0 || name->length > NUMBER_DIGITS_MAX ||
	    (name->text[0] == '0' && name->length > 1))
		return -1;
	for (size_t i = 0; i < name->length; i++) {
		if (name->text[i] < '0' || name->text[i] > '9')
			return -1;
		number = number * 10 + (name->text[i] - '0');
	}
	return number;
}

static const struct proc_entry *find_entry(const struct proc_directory *directory,
					   const struct name *name)
{
	for (const struct proc_entry *entry = directory->entries; entry && entry->name; entry++)
		if (strlen(entry->name) == name->length &&
		    memcmp(entry->name, name->text, name->length) == 0)
			return entry;
	return NULL;
}

static int proc_lookup(struct dentry *parent, const struct name *name, struct dentry **found)
{
	struct proc_inode *inode = proc_inode(parent->inode);
	const struct proc_directory *directory = inode->entry->directory;
	const struct proc_entry *entry = find_entry(directory, name);
	struct proc_subject subject = inode->subject;

	if (entry) {
		subject_get(&subject);
	} else {
		int32_t number = parse_number(name);

		if (number < 0 || !directory->find ||
		    directory->find(&inode->subject, number, &subject) != 0)
			return -ENOENT;
		entry = subject.process ? directory->numbered : directory->kernel_numbered;
	}
	*found = proc_dentry(parent, name, entry, &subject);
	return *found ? 0 : -ENOMEM;
}

/* The number of an inode that is made on look-up cannot be told beforehand: any but 0 will do. */
static bool list_entry(struct file *file, struct directory_sink *sink, const char *text,
		       const struct proc_entry *entry, uint64_t next_position)
{
	struct name name = { text, strlen(text) };

	return sink_add(sink, file, &name, next_position, mode_of(entry), next_position);
}

/* Positions: the dots, the table from 2 on, the numbers from POSITION_NUMBERS on. */
static int proc_list(struct file *file, struct directory_sink *sink)
{
	struct proc_inode *inode = proc_inode(file->inode);
	const struct proc_directory *directory = inode->entry->directory;
	uint64_t index = 2;

	if (sink_add_dots(sink, file))
		return 0;
	for (const struct proc_entry *entry = directory->entries; entry && entry->name;
		entry++, index++)
		if (index >= file->position &&
			!list_entry(file, sink, entry->name, entry, index + 1))
			return 0;
	if (!directory->next)
		return 0;
	if (file->position < POSITION_NUMBERS)
		file->position = POSITION_NUMBERS;
	for (;;) {
		int32_t number = directory->next(&inode->subject,
						 (int32_t)(file->position - POSITION_NUMBERS));
		struct text text;
		char name[NUMBER_DIGITS_MAX + 2];

		if (number < 0)
			return 0;
		text = (struct text){ .buffer = name, .size = sizeof(name) };
		text_printf(&text, "%d", number);
		if (!list_entry(file, sink, name, directory->numbered,
				(uint64_t)number + 1 + POSITION_NUMBERS))
			return 0;
	}
}

static const struct inode_operations proc_directory_operations = {
	.lookup = proc_lookup,
	.release = proc_release,
};

static const struct file_operations proc_directory_file_operations = {
	.list = proc_list,
};

/* ---- another task's parts: exec and exit exchange them under the family lock ---- */

struct fd_table *proc_files_get(struct task *task)
{
	spin_lock(&family_lock);
	struct fd_table *files = task->files;

	if (files)
		fd_table_get(files);
	spin_unlock(&family_lock);
	return files;
}

struct fs_context *proc_fs_get(struct task *task)
{
	spin_lock(&family_lock);
	struct fs_context *fs = task->fs;

	if (fs)
		fs_context_get(fs);
	spin_unlock(&family_lock);
	return fs;
}

/* ---- the instance ---- */

void procfs_init(void)
{
	static const struct name no_name = { "", 0 };
	struct proc_subject nobody = { .process = NULL };

	inode_cache = slab_cache_create("proc inode", sizeof(struct proc_inode), 8);
	if (!inode_cache)
		panic("no memory for the cache of proc's inodes");
	proc = (struct filesystem){ .type = &proc_type, .device = filesystem_next_device() };
	root = proc_dentry(NULL, &no_name, &root_entry, &nobody);
	if (!root)
		panic("no memory for /proc");
}

static int proc_mount(const char *options, struct dentry **mounted)
{
	(void)options;
	dentry_get(root);
	*mounted = root;
	return 0;
}

const struct filesystem_type proc_type = {
	.name = "proc",
	.magic = PROC_SUPER_MAGIC,
	.mount = proc_mount,
};
