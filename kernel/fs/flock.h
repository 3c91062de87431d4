// SPDX-License-Identifier: Apache-2.0
/*
 * flock.h - flock(2): advisory locks of whole files, owned by open descriptions.
 */
#ifndef KERNEL_FS_FLOCK_H
#define KERNEL_FS_FLOCK_H

#include <stdint.h>

struct file;

/* operation: LOCK_SH, LOCK_EX, LOCK_UN, with LOCK_NB. 0, -EWOULDBLOCK, -EINVAL, -ENOMEM,
 * -ERESTARTSYS. */
int flock_change(struct file *file, uint32_t operation);

#endif
