// SPDX-License-Identifier: Apache-2.0
/*
 * transfer.c - copies between the kernel and the segments of a read or write.
 */
#include "kernel/fs/transfer.h"

#include <string.h>

#include "kernel/kernel.h"
#include "kernel/mm/page.h"
#include "kernel/mm/address_space.h"

enum direction { TO_USER, FROM_USER, CLEAR_USER };

static int copy_piece(enum direction direction, uint64_t base, void *data, size_t length)
{
	switch (direction) {
	case TO_USER:
		return copy_to_user(base, data, length);
	case FROM_USER:
		return copy_from_user(data, base, length);
	default:
		return clear_user(base, length);
	}
}

/* Moves to the next segment that is not empty; `remaining` says that there is one. */
static void next_segment(struct transfer *transfer)
{
	while (transfer->length == 0) {
		transfer->base = transfer->next->base;
		transfer->length = transfer->next->length;
		transfer->next++;
	}
	if (transfer->length > transfer->remaining)
		transfer->length = transfer->remaining;
}

static int transfer_segments(struct transfer *transfer, enum direction direction, char *data,
			     size_t length)
{
	kassert(length <= transfer->remaining);
	while (length > 0) {
		next_segment(transfer);
		size_t piece = MIN(length, transfer->length);

		if (copy_piece(direction, transfer->base, data, piece) != 0) {
			transfer->remaining = 0;
			return -EFAULT;
		}
		transfer->base += piece;
		transfer->length -= piece;
		transfer->remaining -= piece;
		length -= piece;
		data = data ? data + piece : NULL;
	}
	return 0;
}

static char *take_kernel(struct transfer *transfer, size_t length)
{
	char *memory = transfer->kernel;

	kassert(length <= transfer->remaining);
	transfer->kernel += length;
	transfer->remaining -= length;
	return memory;
}

int transfer_to(struct transfer *to, const void *data, size_t length)
{
	if (to->kernel) {
		memcpy(take_kernel(to, length), data, length);
		return 0;
	}
	return transfer_segments(to, TO_USER, (char *)(uintptr_t)data, length);
}

int transfer_from(struct transfer *from, void *data, size_t length)
{
	if (from->kernel) {
		memcpy(data, take_kernel(from, length), length);
		return 0;
	}
	return transfer_segments(from, FROM_USER, data, length);
}

int transfer_zeros(struct transfer *to, size_t length)
{
	if (to->kernel) {
		memset(take_kernel(to, length), 0, length);
		return 0;
	}
	return transfer_segments(to, CLEAR_USER, NULL, length);
}

void transfer_skip(struct transfer *transfer, size_t length)
{
	kassert(length <= transfer->remaining);
	if (transfer->kernel) {
		(void)take_kernel(transfer, length);
		return;
	}
	while (length > 0) {
		next_segment(transfer);
		size_t piece = MIN(length, transfer->length);

		transfer->base += piece;
		transfer->length -= piece;
		transfer->remaining -= piece;
		length -= piece;
	}
}
