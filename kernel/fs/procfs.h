// SPDX-License-Identifier: Apache-2.0
/*
 * procfs.h - /proc as tables: a row for each name, and directories of numbers.
 */
#ifndef KERNEL_FS_PROCFS_H
#define KERNEL_FS_PROCFS_H

#include "kernel/fs/path.h"
#include "kernel/fs/text.h"

struct process;
struct proc_directory;
struct task;

/* What an entry speaks of; which are set depends on where it is. */
struct proc_subject {
	struct process *process; /* with a reference, or NULL (a kernel thread has none) */
	struct task *task;       /* a living thread, with a reference, or NULL (of a zombie, too) */
	int fd;                  /* in /proc/PID/fd */
};

/* A name in a directory. What it is follows from which of the functions and the directory is set. */
struct proc_entry {
	const char *name;
	uint16_t permissions;
	int (*show)(struct text *text, const struct proc_subject *subject); /* 0 or -errno */
	int (*store)(const char *text, size_t length);                     /* 0 or -errno */
	int64_t (*read_link)(const struct proc_subject *subject, char *buffer, size_t size);
	int (*follow)(const struct proc_subject *subject, struct path *target);
	const struct proc_directory *directory;
	int (*open)(struct file *file);             /* NULL: fine as it is */
	const struct file_operations *operations;   /* NULL: show and store */
};

struct proc_directory {
	const struct proc_entry *entries;  /* ended by a NULL name */
	/* Entries named by numbers: the subject of one (-ENOENT), and the least number >= from, or
	 * -1. */
	int (*find)(
		const struct proc_subject *directory, int32_t number, struct proc_subject *found);
	int32_t (*next)(const struct proc_subject *directory, int32_t from);
	const struct proc_entry *numbered; /* what each of them is */
	const struct proc_entry *kernel_numbered; /* in its place, for one without a process */
};

extern const struct proc_directory proc_root;                /* procfs_system.c */
extern const struct proc_directory proc_pressure;            /* procfs_pressure.c */
/* What `show` says, of files with operations of their own. */
int64_t proc_read(struct file *file, struct transfer *to, uint64_t *position);
extern const struct proc_entry proc_process_entry;           /* procfs_process.c: /proc/PID */
extern const struct proc_entry proc_kernel_thread_entry;     /* the same of a kernel thread */
int proc_find_process(const struct proc_subject *directory, int32_t number,
		      struct proc_subject *found);
int32_t proc_next_process(const struct proc_subject *directory, int32_t from);

/* procfs_task.c: files of a process or a thread; `whole` is the process's own. */
/* /proc/mounts and each process's: there is one name space. */
int proc_show_mounts(struct text *text, const struct proc_subject *subject);
int proc_show_process_stat(struct text *text, const struct proc_subject *subject);
int proc_show_thread_stat(struct text *text, const struct proc_subject *subject);
int proc_show_process_status(struct text *text, const struct proc_subject *subject);
int proc_show_thread_status(struct text *text, const struct proc_subject *subject);
int proc_show_comm(struct text *text, const struct proc_subject *subject);
int proc_show_cgroup(struct text *text, const struct proc_subject *subject);
int proc_show_limits(struct text *text, const struct proc_subject *subject);

/* Another task's parts, with a reference; NULL: it has none (any more). */
struct fd_table *proc_files_get(struct task *task);
struct fs_context *proc_fs_get(struct task *task);

#endif
