// SPDX-License-Identifier: Apache-2.0
/*
 * devfs.h - character devices: from the number in a device node to what stands behind it.
 */
#ifndef KERNEL_FS_DEVFS_H
#define KERNEL_FS_DEVFS_H

#include <stdint.h>

struct file;

/* Opens the device with that number: sets file->operations, may use file->private. -ENXIO: none. */
int device_open(struct file *file, uint32_t device);

/* The console without a path: for process 1 when nothing is mounted on /dev yet. */
int devfs_open_console(struct file **console);

struct tty;
/* A terminal appears as /dev/NAME with that number (boot only). */
void devfs_add_tty(const char *name, uint32_t device, struct tty *tty);

#endif
