// SPDX-License-Identifier: Apache-2.0
/*
 * path.h - from the text of a path to a place in the mounts, and each task's own root and
 * working directory.
 */
#ifndef KERNEL_FS_PATH_H
#define KERNEL_FS_PATH_H

#include "kernel/fs/file.h"

/* (l) its lock, unless the context is one task's alone   (a) atomic */
struct fs_context {
	struct spinlock lock;  /* LOCK_RANK_FILES */
	uint32_t references;   /* (a) */
	uint32_t umask;        /* (a) */
	struct path root, cwd; /* (l) with references */
};

/* A path as a system call was given it: short ones stay on the stack. */
enum { PATH_INLINE_SIZE = 112 };
struct path_text {
	char *text;
	char inline_text[PATH_INLINE_SIZE];
};
/* 0, -EFAULT, -ENAMETOOLONG, -ENOMEM. Then path_text_release(). */
int path_text_copy(struct path_text *copy, uaddr_t from);
void path_text_release(struct path_text *copy);

enum path_flags {
	PATH_FOLLOW = 1,    /* the last component too, when it is a symbolic link */
	PATH_DIRECTORY = 2, /* it must be a directory: -ENOTDIR */
	PATH_EMPTY = 4,     /* "" is the place where the look-up starts */
};

/*
 * Where a look-up starts (AT_FDCWD or a descriptor) and what `text` names from there, with
 * references. -ENOENT, -ENOTDIR, -EACCES, -ELOOP, -ENAMETOOLONG, -EBADF, -ENOMEM, and what a file
 * system answers.
 */
int path_lookup(int directory_fd, const char *text, unsigned int flags, struct path *found);

/* The last component of a path whose directory exists; it itself may or may not. */
struct path_last {
	struct path directory;   /* with references */
	struct name name;        /* length 0: the path is a root or ends in "." or ".." */
	enum { LAST_NAME, LAST_ROOT, LAST_DOT, LAST_DOT_DOT } kind;
	uint32_t trailing_slash; /* 1: something/ */
	char *memory;            /* where `name` lies, when a symbolic link was in the way */
};
int path_parent(int directory_fd, const char *text, struct path_last *last);
/* The child of a directory, mounts crossed: 0 with a reference in *found, or -errno. */
int path_child(const struct path *directory, const struct name *name, struct path *found);
/* Follows a symbolic link that path_parent's last name turned out to be; takes over *link. */
int path_follow(const struct path_last *last, struct path *link, struct path *found);
void path_last_release(struct path_last *last);

void path_get(const struct path *path);
void path_put(const struct path *path);
static inline bool path_equal(const struct path *a, const struct path *b)
{
	return a->dentry == b->dentry && a->mount == b->mount;
}

/* The absolute path below `root` (NULL: the root of all): its length, -ERANGE, or -ENOENT when it
 * was removed (the text is there all the same). NUL-terminated. */
int64_t path_print(const struct path *path, const struct path *root, char *buffer, size_t size);

/* The current task's, with references. */
void context_root(struct path *root);
void context_cwd(struct path *cwd);
/* chdir, chroot: takes over the references. */
void context_set_cwd(const struct path *cwd);
void context_set_root(const struct path *root);

/* ---- mounts: mount.c ---- */

extern const struct filesystem_type tmpfs_type, devtmpfs_type, proc_type, sysfs_type, cgroup2_type;

/* mount(2) and umount2(2), permissions checked. Take namespace_mutex. */
int mount_add(const struct filesystem_type *type, const char *source, const char *options,
	uint32_t flags, const struct path *mountpoint);
int mount_change(const struct path *path, uint32_t flags); /* remount */
int mount_remove(const struct path *path, uint32_t lazily);
const struct filesystem_type *filesystem_find(const char *name);
const struct filesystem_type *filesystem_by_index(unsigned int index); /* NULL: no more */
/* The root of all, made once at boot. */
void mount_root(void);
void mount_root_path(struct path *root); /* with references */
/* What is mounted on a path replaces it (its references are exchanged); and the way back up. */
void mount_cross_slowly(struct path *path);
static inline void mount_cross(struct path *path)
{
	if (unlikely(__atomic_load_n(&path->dentry->mounted, __ATOMIC_RELAXED) > 0))
		mount_cross_slowly(path);
}
void mount_release(struct mount *mount); /* path_put's: the last reference is gone */
/* /proc/mounts: the text, as snprintf counts it. */
int64_t mount_print_all(char *buffer, size_t size);
static inline bool mount_is_read_only(const struct mount *mount)
{
	return mount && (__atomic_load_n(&mount->flags, __ATOMIC_RELAXED) & MS_RDONLY);
}

#endif
