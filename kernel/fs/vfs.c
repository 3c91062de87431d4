// SPDX-License-Identifier: Apache-2.0
/*
 * vfs.c - each task's root and working directory, what the kernel itself opens, and the boot.
 */
#include "kernel/fs/fs_init.h"
#include "kernel/fs/path.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"

enum { UMASK_AT_BOOT = 022 };

/* One path of the running task's context, with references. A context with one reference is the
 * task's alone to change, so no lock is needed to read it. */
static void copy_path(struct fs_context *context, const struct path *place, struct path *copy)
{
	if (__atomic_load_n(&context->references, __ATOMIC_ACQUIRE) == 1) {
		*copy = *place;
		path_get(copy);
		return;
	}
	spin_lock(&context->lock);
	*copy = *place;
	path_get(copy);
	spin_unlock(&context->lock);
}

void context_root(struct path *root)
{
	struct fs_context *context = current->fs;

	if (unlikely(!context)) {
		mount_root_path(root);
		return;
	}
	copy_path(context, &context->root, root);
}

void context_cwd(struct path *cwd)
{
	struct fs_context *context = current->fs;

	if (unlikely(!context)) {
		mount_root_path(cwd);
		return;
	}
	copy_path(context, &context->cwd, cwd);
}

/* Always locked: /proc/PID/cwd looks at another task's context. */
static void replace_path(struct path *place, const struct path *with)
{
	struct fs_context *context = current->fs;
	struct path before;

	spin_lock(&context->lock);
	before = *place;
	*place = *with;
	spin_unlock(&context->lock);
	path_put(&before);
}

void context_set_cwd(const struct path *cwd)
{
	replace_path(&current->fs->cwd, cwd);
}

void context_set_root(const struct path *root)
{
	replace_path(&current->fs->root, root);
}

struct fs_context *fs_context_clone(struct fs_context *context)
{
	struct fs_context *copy = kmalloc(sizeof(*copy));

	if (!copy)
		return NULL;
	spinlock_init(&copy->lock, LOCK_RANK_FILES);
	copy->references = 1;
	spin_lock(&context->lock);
	copy->umask = context->umask;
	copy->root = context->root;
	copy->cwd = context->cwd;
	path_get(&copy->root);
	path_get(&copy->cwd);
	spin_unlock(&context->lock);
	return copy;
}

void fs_context_get(struct fs_context *context)
{
	__atomic_fetch_add(&context->references, 1, __ATOMIC_RELAXED);
}

void fs_context_put(struct fs_context *context)
{
	if (__atomic_fetch_sub(&context->references, 1, __ATOMIC_ACQ_REL) > 1)
		return;
	path_put(&context->root);
	path_put(&context->cwd);
	kfree(context);
}

struct fs_context *fs_context_create_root(void)
{
	struct fs_context *context = kmalloc(sizeof(*context));

	if (!context)
		return NULL;
	spinlock_init(&context->lock, LOCK_RANK_FILES);
	context->references = 1;
	context->umask = UMASK_AT_BOOT;
	mount_root_path(&context->root);
	context->cwd = context->root;
	path_get(&context->cwd);
	return context;
}

int vfs_open_program(const char *path_text, struct file **file)
{
	struct path path;
	int error = path_lookup(AT_FDCWD, path_text, PATH_FOLLOW, &path);

	if (error)
		return error;
	if (inode_type(path.dentry->inode) != S_IFREG || (path.mount->flags & MS_NOEXEC))
		error = -EACCES;
	if (!error)
		error = inode_permission(path.dentry->inode, ACCESS_EXEC);
	if (error) {
		path_put(&path);
		return error;
	}
	return file_open_path(&path, O_RDONLY, file);
}

void vfs_init(void)
{
	dentry_init();
	file_init();
	tmpfs_init();
	pipe_init();
	socket_init();
	procfs_init();
	mount_root();
	devfs_init();
	sysfs_init();
}
