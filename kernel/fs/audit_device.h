// SPDX-License-Identifier: Apache-2.0
/*
 * audit_device.h - /dev/audit: the lines of kernel/sched/audit.c, for one reader.
 */
#ifndef KERNEL_FS_AUDIT_DEVICE_H
#define KERNEL_FS_AUDIT_DEVICE_H

struct file;

extern const struct file_operations audit_operations;

/* -EPERM without CAP_SYS_ADMIN, -EBUSY somebody has it open. */
int audit_open(struct file *file);

#endif
