// SPDX-License-Identifier: Apache-2.0
/*
 * text.h - pseudo-files: text made when it is read, commands taken as it is written.
 *
 * A text file is made whole when it is read at offset 0 and kept in the open file, so a reader in
 * pieces sees one state. Reading at offset 0 again makes it anew.
 */
#ifndef KERNEL_FS_TEXT_H
#define KERNEL_FS_TEXT_H

#include "kernel/fs/file.h"

/* Text into a buffer of fixed size; `length` counts on beyond it, as snprintf does. */
struct text {
	char *buffer;
	size_t size;
	size_t length;
};
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_append(struct text *text, const char *bytes, size_t length);

/* What a pseudo-file's operations call; both move *position by what they answer. `show` writes the text
 * of the file into `buffer` and answers the length it has (more than `size`: it is asked again with
 * that much room), or -errno. */
int64_t text_file_read(struct file *file, struct transfer *to, uint64_t *position,
		       int64_t (*show)(struct file *file, char *buffer, size_t size));
/* Hands the whole of one write to `store` (0 or -errno), NUL-terminated; -E2BIG above `size_max`. */
int64_t text_file_write(struct file *file, struct transfer *from, uint64_t *position, size_t size_max,
			int (*store)(struct file *file, const char *text, size_t length));
void text_file_release(struct file *file);

#endif
