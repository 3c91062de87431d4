// SPDX-License-Identifier: Apache-2.0
/*
 * pipe.h - pipes and FIFOs.
 */
#ifndef KERNEL_FS_PIPE_H
#define KERNEL_FS_PIPE_H

#include <stdint.h>

struct file;

enum { PIPE_SIZE = 65536, PIPE_ATOMIC_SIZE = 4096 /* PIPE_BUF */ };

/* The two ends of a new pipe: 0 or -ENOMEM. */
int pipe_create(uint32_t flags, struct file **read_end, struct file **write_end);
/* open(2) of a FIFO. */
int fifo_open(struct file *file);
/* Whether the file is an end of a pipe (F_GETPIPE_SZ). */
int file_is_pipe(const struct file *file);

#endif
