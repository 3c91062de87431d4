// SPDX-License-Identifier: Apache-2.0
/*
 * fs_init.h - what vfs_init() calls, each once at boot and in this order.
 */
#ifndef KERNEL_FS_FS_INIT_H
#define KERNEL_FS_FS_INIT_H

void dentry_init(void);
void file_init(void);
void tmpfs_init(void);
void pipe_init(void);
void socket_init(void);
void procfs_init(void);
void devfs_init(void);
void sysfs_init(void);

/* For sysfs_init(): /sys/devices/system/node, /sys/fs/cgroup. */
struct dentry;
void sysfs_nodes_init(struct dentry *system);
void cgroup_mount_init(void);

#endif
