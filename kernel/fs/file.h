// SPDX-License-Identifier: Apache-2.0
/*
 * file.h - the objects of the VFS: inode, dentry, mount, open file; and what a file system or a
 * device implements.
 *
 * A dentry is a name in a directory. There are two kinds of directory. In a *kept* one (tmpfs,
 * devtmpfs, sysfs) the dentries are the directory: they hang in their parent's tree, which holds a
 * reference to each. In one that is *made on look-up* (proc: operations->lookup is set) each look-up
 * makes a fresh dentry and inode, which live as long as somebody uses them. cgroup2 keeps its
 * directories and makes its files.
 *
 * Locks: (i) fixed at creation   (a) atomic        (s) names_lock, a short spinlock
 *        (n) changed under namespace_mutex and names_lock, read under either
 *        (m) the inode's mutex   (c) the inode's page lock
 */
#ifndef KERNEL_FS_FILE_H
#define KERNEL_FS_FILE_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <string.h>

#include "kernel/fs/abi.h"
#include "kernel/fs/transfer.h"
#include "kernel/fs/vfs.h"
#include "kernel/kernel.h"
#include "kernel/sync/mutex.h"
#include "kernel/sync/spinlock.h"

struct cred;
struct dentry;
struct mount;
struct pipe;
struct socket;
struct poll_table;
struct text_buffer;

/* A component of a path: not NUL-terminated. */
struct name {
	const char *text;
	size_t length;
};

struct path {
	struct mount *mount;
	struct dentry *dentry;
};

/* One instance of a file system. */
struct filesystem {
	const struct filesystem_type *type; /* (i) */
	uint32_t device;                    /* (i) st_dev */
	uint64_t last_inode_number;         /* (a) */
	uint64_t page_count;                /* (a) tmpfs: pages of all its files */
	uint64_t page_max;                  /* (a) tmpfs: its size */
	uint64_t inode_count;               /* (a) tmpfs: the last one takes an instance along */
};

struct filesystem_type {
	const char *name;
	uint32_t magic; /* statfs f_type */
	/* A reference to the root of a new instance (or the only one); options as in mount(2). */
	int (*mount)(const char *options, struct dentry **root);
	/* The only mount of the instance is gone: drops it. NULL: the instance stays for ever. */
	void (*unmount)(struct dentry *root);
};

/* What create makes. */
struct creation {
	uint32_t mode;       /* type and permissions, umask applied */
	uint32_t device;     /* of a device node */
	const char *target;  /* of a symbolic link */
};

/*
 * Any may be NULL: EPERM for what changes a directory, else as said. Those that change directories
 * are called with namespace_mutex held and permissions checked; `directory` is alive.
 */
struct inode_operations {
	int (*lookup)(struct dentry *directory, const struct name *name, struct dentry **found);
	int (*create)(struct dentry *directory, const struct name *name,
		const struct creation *creation, struct dentry **made);
	int (*link)(struct dentry *directory, const struct name *name, struct inode *inode);
	int (*remove)(struct dentry *entry); /* any type; a directory: -ENOTEMPTY */
	/* `replaced` (NULL: none) is of a fitting type and, if a directory, checked by the callee.
	 */
	int (*rename)(struct dentry *entry, struct dentry *directory, const struct name *name,
		      struct dentry *replaced);
	/* Symbolic links: the target's length, cut to size; or straight to a path (/proc/self/exe).
	 */
	int64_t (*read_link)(struct inode *inode, char *buffer, size_t size);
	int (*follow)(struct inode *inode, struct path *target);
	int (*set_size)(struct inode *inode, uint64_t size); /* (m) held; NULL: -EINVAL */
	/* chmod, chown, checked; NULL: kept in the inode. 0 or -errno. */
	int (*set_attributes)(struct inode *inode, uint32_t mode, uint32_t uid, uint32_t gid);
	int (*open)(struct file *file);    /* may replace file->operations; NULL: fine as it is */
	void (*release)(struct inode *inode); /* the last reference is gone: frees it */
};

struct inode {
	const struct inode_operations *operations; /* (i) */
	const struct file_operations *file_operations; /* (i) of files opened from it */
	struct filesystem *filesystem; /* (i) */
	uint64_t number;               /* (i) */
	uint64_t special_device;       /* (i) of a device node */
	uint32_t references;           /* (a) */
	uint32_t mode;                 /* (a) type (i) and permissions */
	uint32_t uid, gid;             /* (a) */
	uint32_t link_count;           /* (n) */
	struct mutex mutex;            /* LOCK_RANK_INODE: contents, size and position */
	uint64_t size;                 /* (a) changed under (m) */
	int64_t accessed_ns, modified_ns, changed_ns; /* (a) CLOCK_REALTIME */
	union {
		struct pipe *pipe;     /* (m) of a FIFO while somebody has it open */
		struct socket *socket; /* sockets_mutex: of a socket's name while one is bound to it */
	};
};

enum { DENTRY_INLINE_NAME = 40 };

struct dentry {
	RB_ENTRY(dentry) link;          /* (n) by name, among a kept directory's children */
	TAILQ_ENTRY(dentry) order_link; /* (n) the same in the order of their cookies */
	RB_HEAD(dentry_tree, dentry) children; /* (n) */
	TAILQ_HEAD(dentry_list, dentry) order; /* (n) */
	uint64_t cookie;                /* (n) its position for getdents64 */
	uint64_t last_cookie;           /* (n) the last one given to a child */
	struct dentry *parent;          /* (n) with a reference; a root: itself, without */
	struct inode *inode;            /* (i) with a reference */
	uint32_t mounted;               /* (s) mounts of which it is the mountpoint */
	uint32_t references;            /* (a) */
	bool removed;                   /* (n) its name is gone; it answers only its holders */
	uint16_t name_length;           /* (n) */
	char *name;                     /* (n) inline_name or from kmalloc */
	char inline_name[DENTRY_INLINE_NAME];
};

struct mount {
	struct dentry *root;       /* (i) with a reference */
	struct path mountpoint;    /* (i) with references; mount NULL: the root of all */
	uint32_t references;       /* (a) paths that lie in it, and one of its own */
	uint32_t flags;            /* (a) MS_RDONLY, MS_NOEXEC, ... */
	uint32_t number;           /* (i) */
	char *source;              /* (i) as mount(2) named it */
	TAILQ_ENTRY(mount) link;   /* (s) in the order in which they were made */
};

enum file_mode {
	FILE_READ = 1, FILE_WRITE = 2,
	FILE_SEEK = 4, /* has a position; reads and writes hold the inode's mutex */
	FILE_PATH = 8, /* O_PATH: names a place, nothing else */
};

struct file {
	const struct file_operations *operations; /* (i) after open */
	struct inode *inode;   /* (i) the path's; without a path: with a reference */
	struct path path;      /* (i) with references; NULLs for a pipe */
	uint32_t references;   /* (a) */
	uint32_t flags;        /* (a) O_ACCMODE (i), O_APPEND, O_NONBLOCK, ... */
	uint32_t mode;         /* (i) enum file_mode */
	uint32_t flock;        /* (a) LOCK_SH, LOCK_EX it holds: see flock.c */
	uint64_t position;     /* (m) */
	void *private;         /* the operations' own */
	struct text_buffer *text; /* (m) of a pseudo-file: what was shown last (text.c) */
	uint32_t seen;         /* (m) of a pseudo-file that tells of changes: how many it knows of */
};

struct directory_sink;

/* Any may be NULL; what it answers then is said behind it. */
struct file_operations {
	/* At *position, which they move. Both answer bytes or -errno. NULL: -EINVAL. */
	int64_t (*read)(struct file *file, struct transfer *to, uint64_t *position);
	int64_t (*write)(struct file *file, struct transfer *from, uint64_t *position);
	/* What is ready (POLLIN, ...); queues on `table` what will say so. Never sleeps. NULL:
	 * always. */
	uint32_t (*poll)(struct file *file, struct poll_table *table);
	int64_t (*control)(
		struct file *file, uint32_t command, uaddr_t argument); /* NULL: -ENOTTY */
	/* Directories: hands the entries from file->position on to `sink`. With namespace_mutex. */
	int (*list)(struct file *file, struct directory_sink *sink); /* NULL: -ENOTDIR */
	int (*page)(struct file *file, uint64_t index, struct page **page); /* NULL: not mappable */
	/* file_pages(); NULL: none is there before it is asked for alone. */
	void (*pages)(struct file *file, uint64_t first, unsigned int count, struct page **pages);
	/* file_replace_page(); NULL: its pages stay where they are. */
	bool (*replace_page)(struct file *file, uint64_t index, struct page *old, struct page *copy);
	void (*release)(struct file *file);
};

extern struct mutex namespace_mutex;  /* LOCK_RANK_NAMESPACE: every change of names and mounts */
extern struct spinlock names_lock;    /* LOCK_RANK_FILE_STATE: dentry trees against look-ups */

/* ---- inodes: inode.c ---- */

void inode_init(struct inode *inode, struct filesystem *filesystem,
	const struct inode_operations *operations, const struct file_operations *file_operations,
	uint32_t mode);
static inline void inode_get(struct inode *inode)
{
	__atomic_fetch_add(&inode->references, 1, __ATOMIC_RELAXED);
}
void inode_put(struct inode *inode);
uint64_t filesystem_next_number(struct filesystem *filesystem);
uint32_t filesystem_next_device(void);
int64_t realtime_now_ns(void);
static inline uint32_t inode_type(const struct inode *inode)
{
	return inode->mode & S_IFMT;
}
static inline bool inode_is_directory(const struct inode *inode)
{
	return inode_type(inode) == S_IFDIR;
}
/* Whether `cred` may do `wanted` (ACCESS_READ, ...) with the inode: 0 or -EACCES. */
int inode_permission_of(const struct inode *inode, unsigned int wanted, const struct cred *cred);
int inode_permission(const struct inode *inode, unsigned int wanted); /* of the current task */
int inode_set_attributes(struct inode *inode, uint32_t mode, uint32_t uid, uint32_t gid);
bool current_has(int capability); /* kernel threads have every one */
/* Owner or CAP_FOWNER: 0 or -EPERM. */
int inode_check_owner(const struct inode *inode);
/* Remembers that contents (and so the change time), or only the inode itself, changed. */
void inode_touch_contents(struct inode *inode);
void inode_touch(struct inode *inode);

/* ---- dentries: dentry.c ---- */

/* A dentry that is in no tree yet, with one reference; takes over the reference to `inode`, even
 * when it answers NULL (no memory). `parent` NULL: a root. */
struct dentry *dentry_create(struct dentry *parent, const struct name *name, struct inode *inode);
static inline void dentry_get(struct dentry *dentry)
{
	__atomic_fetch_add(&dentry->references, 1, __ATOMIC_RELAXED);
}
void dentry_put(struct dentry *dentry);
/* Kept directories. attach takes over one reference; detach answers it to the caller to drop. */
void dentry_attach(struct dentry *dentry);
void dentry_detach(struct dentry *dentry);
/* Gives it a new parent and name, in place of `replaced` (NULL: none), which is detached. */
int dentry_move(struct dentry *dentry, struct dentry *parent, const struct name *name,
		struct dentry *replaced);
/* With a reference, or NULL. */
struct dentry *dentry_find(struct dentry *directory, const struct name *name);
/* Removes everything below a root that nobody uses any more. */
void dentry_empty(struct dentry *root);
bool dentry_is_below(const struct dentry *dentry, const struct dentry *ancestor);
/* Lists a kept directory; or of its entries those that the filter lets through. */
int dentry_list_children(struct file *file, struct directory_sink *sink);
int dentry_list_some(struct file *file, struct directory_sink *sink,
		     bool (*wanted)(const struct dentry *child, const void *context),
		     const void *context);
/* "." and "..", at positions 0 and 1, as every listing begins: true when the sink is full. */
bool sink_add_dots(struct directory_sink *sink, struct file *file);

struct directory_sink {
	char *buffer;
	size_t size, used;
	bool full; /* an entry did not fit */
};
/* One entry; next_position is what lseek would continue behind it with. False: it did not fit. */
bool sink_add(struct directory_sink *sink, struct file *file, const struct name *name,
	uint64_t number, uint32_t mode, uint64_t next_position);

/* ---- open files: file.c ---- */

/* An open file without a path (pipes); takes over the inode's reference, even when NULL. */
struct file *file_create(
	struct inode *inode, const struct file_operations *operations, uint32_t flags);
/* Opens what `path` names (its references are taken over, failed or not): permissions checked by
 * the caller. */
int file_open_path(struct path *path, uint32_t flags, struct file **file);
/* The same in two steps, for who must not fail for want of memory in between: NULL, no memory; what was
 * reserved goes with an error of the second. */
struct file *file_reserve(void);
void file_unreserve(struct file *file);
int file_open_reserved(struct path *path, uint32_t flags, struct file *file);
int64_t file_read(struct file *file, struct transfer *to, uint64_t *position);
int64_t file_write(struct file *file, struct transfer *from, uint64_t *position);
uint32_t file_poll(struct file *file, struct poll_table *table);
static inline bool file_nonblocking(const struct file *file)
{
	return __atomic_load_n(&file->flags, __ATOMIC_RELAXED) & O_NONBLOCK;
}
int64_t file_seek(struct file *file, int64_t offset, int whence);
/* Sets the size under the inode's mutex. */
int inode_set_size(struct inode *inode, uint64_t size);
void flock_release(struct file *file);

/* ---- descriptors: fd_table.c ---- */

/* The file of a descriptor for the length of one system call: not counted when no other task can
 * close it meanwhile. NULL: none. */
struct borrowed_file {
	struct file *file;
	bool counted;
};
struct borrowed_file fd_borrow(int fd);
static inline void fd_return(struct borrowed_file borrowed)
{
	if (borrowed.counted)
		file_put(borrowed.file);
}
/* Reserves nothing: installs at the lowest free descriptor >= from. -EMFILE, -EINVAL, -ENOMEM. */
/* Whether fd_install() would find a descriptor, but for other threads: 0, -EMFILE, -ENOMEM. */
int fd_make_room(void);
int fd_install_from(struct file *file, uint32_t open_flags, int from);
/* dup3: closes what was there. */
int fd_install_at(struct file *file, uint32_t open_flags, int fd);
int fd_close(int fd);
void fd_close_range(unsigned int first, unsigned int last);
void fd_set_close_on_exec(unsigned int first, unsigned int last);
int fd_get_flags(int fd);
int fd_set_flags(int fd, uint32_t flags);
/* The task's own copy when the table is shared. 0 or -ENOMEM. */
int fd_table_unshare(struct fd_table **table);
/* For /proc/PID/fd: the file with a reference, or NULL; and the first descriptor >= from, or -1. */
struct file *fd_table_file(struct fd_table *table, int fd);
int fd_table_next(struct fd_table *table, int from);

#endif
