// SPDX-License-Identifier: Apache-2.0
/*
 * text.c - the machinery of pseudo-files.
 *
 * Context: the inode's mutex is held by file_read() and file_write(), so file->text is theirs.
 */
#include "kernel/fs/text.h"

#include <stdio.h>

#include "kernel/mm/slab.h"

enum { TEXT_SIZE_FIRST = 232, TEXT_SIZE_MAX = 1 << 20, STORE_INLINE_SIZE = 128 };

struct text_buffer {
	size_t size;   /* of text[] */
	size_t length; /* of what was shown last */
	char text[];
};

void text_append(struct text *text, const char *bytes, size_t length)
{
	if (text->length < text->size)
		memcpy(text->buffer + text->length, bytes, MIN(length, text->size - text->length));
	text->length += length;
}

void text_printf(struct text *text, const char *format, ...)
{
	bool room = text->length < text->size;
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(room ? text->buffer + text->length : NULL,
			       room ? text->size - text->length : 0, format, arguments);
	va_end(arguments);
	if (length > 0)
		text->length += (size_t)length;
}

static struct text_buffer *buffer_create(size_t size)
{
	struct text_buffer *buffer = kmalloc(sizeof(*buffer) + size);

	if (buffer)
		*buffer = (struct text_buffer){ .size = size };
	return buffer;
}

/* One byte stays free: vsnprintf writes a NUL. */
static int64_t refresh(struct file *file, int64_t (*show)(struct file *, char *, size_t))
{
	struct text_buffer *buffer = file->text;
	size_t wanted = TEXT_SIZE_FIRST;

	for (;;) {
		if (!buffer) {
			buffer = buffer_create(wanted);
			if (!buffer)
				return -ENOMEM;
			file->text = buffer;
		}
		int64_t length = show(file, buffer->text, buffer->size);

		if (length < 0) {
			buffer->length = 0;
			return length;
		}
		if ((size_t)length < buffer->size) {
			buffer->length = (size_t)length;
			return 0;
		}
		/* It may grow while we look: some room on top. */
		wanted = (size_t)length + (size_t)length / 4 + 64;
		kfree(buffer);
		buffer = NULL;
		file->text = NULL;
		if (wanted > TEXT_SIZE_MAX)
			return -ENOMEM;
	}
}

int64_t text_file_read(struct file *file, struct transfer *to, uint64_t *position,
		       int64_t (*show)(struct file *file, char *buffer, size_t size))
{
	struct text_buffer *buffer;
	int64_t error;

	if (*position == 0 || !file->text) {
		error = refresh(file, show);
		if (error)
			return error;
	}
	buffer = file->text;
	if (*position >= buffer->length)
		return 0;
	size_t length = MIN(to->remaining, buffer->length - *position);

	error = transfer_to(to, buffer->text + *position, length);
	if (error)
		return error;
	*position += length;
	return (int64_t)length;
}

int64_t text_file_write(struct file *file, struct transfer *from, uint64_t *position, size_t size_max,
			int (*store)(struct file *file, const char *text, size_t length))
{
	char inline_text[STORE_INLINE_SIZE];
	size_t length = from->remaining;
	char *text = inline_text;
	int64_t answer;

	if (length == 0)
		return 0;
	if (length > size_max)
		return -E2BIG;
	if (length >= sizeof(inline_text))
		text = kmalloc(length + 1);
	if (!text)
		return -ENOMEM;
	answer = transfer_from(from, text, length);
	if (answer == 0) {
		text[length] = '\0';
		answer = store(file, text, length);
	}
	if (text != inline_text)
		kfree(text);
	if (answer < 0)
		return answer;
	*position += length;
	return (int64_t)length;
}

void text_file_release(struct file *file)
{
	kfree(file->text);
}
