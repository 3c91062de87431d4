// SPDX-License-Identifier: Apache-2.0
/*
 * transfer.h - the memory of one read or write: segments of the user's, or kernel memory.
 *
 * The other side of a file operation copies through it piece by piece and never sees a user
 * address. Context: only the current task's memory; no lock of rank >= LOCK_RANK_ADDRESS_SPACE
 * is held.
 */
#ifndef KERNEL_FS_TRANSFER_H
#define KERNEL_FS_TRANSFER_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/fs/abi.h"
#include "kernel/mm/layout.h"

struct transfer {
	size_t remaining;                /* bytes in all that are left */
	uint64_t base;                   /* of what is left of the present segment */
	size_t length;                   /* of that */
	const struct abi_iovec *next; /* the segments behind it; lengths checked */
	char *kernel;                    /* kernel memory instead, or NULL */
};

static inline struct transfer transfer_user(uaddr_t base, size_t length)
{
	length = length < TRANSFER_MAX ? length : TRANSFER_MAX;
	return (struct transfer){ .remaining = length, .base = base, .length = length };
}

static inline struct transfer transfer_kernel(void *memory, size_t length)
{
	return (struct transfer){ .remaining = length, .kernel = memory };
}

/* Exactly `length` bytes (at most what remains), and onwards by as much: 0 or -EFAULT. After an
 * error the transfer is used up. */
int transfer_to(struct transfer *to, const void *data, size_t length);
int transfer_from(struct transfer *from, void *data, size_t length);
int transfer_zeros(struct transfer *to, size_t length);
/* Onwards without looking at the memory. */
void transfer_skip(struct transfer *transfer, size_t length);

#endif
