// SPDX-License-Identifier: Apache-2.0
/*
 * vfs.h - what the rest of the kernel asks of files.
 *
 * A struct file is an open description (open(2)'s), counted; descriptors are slots of a struct
 * fd_table, shared by threads and copied by fork. A struct inode is a file, directory or device.
 */
#ifndef KERNEL_FS_VFS_H
#define KERNEL_FS_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/mm/layout.h"

struct file;
struct fd_table;
struct fs_context;
struct inode;
struct page;
struct cg_node;

/* Opens a path for the kernel itself, as root, for reading: 0 or -errno; *file has a reference.
 * Relative to the current task's working directory when it has one. Sleeps. */
int vfs_open_program(const char *path, struct file **file);
/* Reads into kernel memory: the bytes read, 0 at the end, or -errno. */
int64_t vfs_read_kernel(struct file *file, void *buffer, size_t length, uint64_t offset);
uint64_t vfs_file_size(const struct file *file);
/* The absolute path of an open file, or of the working directory: its length or -ERANGE. */
int64_t vfs_file_path(struct file *file, char *buffer, size_t size);

void file_get(struct file *file);
void file_put(struct file *file); /* may sleep */

/* Page `index` of a mappable file, with a reference: made when absent and the file's size covers
 * it. -ENOMEM; -EIO: beyond the end; -ENODEV: not mappable. Never sleeps (LOCK_RANK_PAGE_CACHE). */
int file_page(struct file *file, uint64_t index, struct page **page);
/* Those of pages [first, first + count) that are there already, each with a reference; NULL for the
 * others. One lock for all: a fault brings the neighbours along. */
void file_pages(struct file *file, uint64_t first, unsigned int count, struct page **pages);
/* A page that only the file and the caller's one entry have moves into `copy`, which the file gets a
 * reference to; it gives up its own to the old one. False: others have it, or it cannot move. */
bool file_replace_page(struct file *file, uint64_t index, struct page *old, struct page *copy);
/* mmap(2)'s checks: 0, -EACCES (opened the wrong way), -ENODEV. */
int file_check_map(struct file *file, uint32_t protection, uint32_t vm_flags);

/* Descriptors of a new task. clone answers NULL without memory. put closes all with the last
 * reference. */
struct fd_table *fd_table_clone(struct fd_table *table);
void fd_table_get(struct fd_table *table);
void fd_table_put(struct fd_table *table);
/* exec: its own copy when shared, and close-on-exec ones closed. 0 or -ENOMEM. */
int fd_table_exec(struct fd_table **table);
/* The file of descriptor fd of the current task, with a reference; NULL: none (EBADF). */
struct file *fd_file(int fd);
/* Installs a file (takes over the reference) at the lowest free descriptor: it, or -EMFILE,
 * -ENOMEM. */
int fd_install(struct file *file, uint32_t open_flags);

struct fs_context *fs_context_clone(struct fs_context *context);
void fs_context_get(struct fs_context *context);
void fs_context_put(struct fs_context *context);

/* The tree node that an open directory of the cgroup mount stands for (any open mode, O_PATH too),
 * with a reference: CLONE_INTO_CGROUP. -EBADF: not such a descriptor; -ENODEV: removed. */
int fd_cgroup_node(int fd, struct cg_node **node);

/* Boot: the root file system from the initramfs at [start, end) of linear memory (may be empty: an
 * empty root); answers 0 or -errno with the reason logged. The memory may be freed after it. */
void vfs_init(void);
int initramfs_unpack(const uint8_t *start, const uint8_t *end);
/* The first process's descriptors 0-2 (/dev/console) and its context (/). NULL: no memory. */
struct fd_table *fd_table_create_console(void);
struct fs_context *fs_context_create_root(void);

/* The devices feed and drain the terminal: kernel/dev/uart.c calls it for every byte received. */
struct tty;
void tty_receive(struct tty *tty, const uint8_t *bytes, size_t count);
extern struct tty *console_tty;
/* How a tty writes: implemented by the device (polled, never fails); any context without
 * LOCK_RANK_DEVICE. */
void console_write(const char *bytes, size_t count);

#endif
