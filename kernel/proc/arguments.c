// SPDX-License-Identifier: Apache-2.0
/*
 * arguments.c - argv and envp on their way from the old program to the new one.
 *
 * The strings lie one behind the other in one buffer that grows; their pointers are made when the
 * new stack is built. Strings and eight bytes for each pointer together stay within
 * ARGUMENT_BYTES_MAX, which also bounds every loop here.
 */
#include <string.h>

#include "kernel/kernel.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/program.h"

enum { FIRST_SIZE = 2048 };

static size_t bytes_counted(const struct argument_list *list)
{
	return list->used + 8 * ((size_t)list->argument_count + list->environment_count);
}

static int grow(struct argument_list *list)
{
	size_t size = list->size ? 2 * list->size : FIRST_SIZE;
	char *text;

	if (list->size >= ARGUMENT_BYTES_MAX)
		return -E2BIG;
	text = kmalloc(size);
	if (!text)
		return -ENOMEM;
	if (list->used)
		memcpy(text, list->text, list->used);
	kfree(list->text);
	list->text = text;
	list->size = size;
	return 0;
}

static int append_user(struct argument_list *list, uaddr_t string)
{
	for (;;) {
		int64_t length = -ENAMETOOLONG;
		int error;

		if (list->used < list->size)
			length = copy_string_from_user(list->text + list->used, string,
						       list->size - list->used);
		if (length >= 0) {
			list->used += (size_t)length + 1;
			return 0;
		}
		if (length != -ENAMETOOLONG)
			return (int)length;
		error = grow(list);
		if (error)
			return error;
	}
}

static int append_kernel(struct argument_list *list, const char *string)
{
	size_t length = strlen(string) + 1;

	while (list->size - list->used < length) {
		int error = grow(list);

		if (error)
			return error;
	}
	memcpy(list->text + list->used, string, length);
	list->used += length;
	return 0;
}

static int append_user_array(struct argument_list *list, uaddr_t array, uint32_t *count)
{
	uaddr_t string;
	int error;

	for (; array; array += sizeof(string)) {
		if (copy_from_user(&string, array, sizeof(string)))
			return -EFAULT;
		if (!string)
			break;
		error = append_user(list, string);
		if (error)
			return error;
		++*count;
		if (bytes_counted(list) > ARGUMENT_BYTES_MAX)
			return -E2BIG;
	}
	return 0;
}

int arguments_from_user(struct argument_list *list, uaddr_t argv, uaddr_t envp)
{
	int error;

	memset(list, 0, sizeof(*list));
	error = append_user_array(list, argv, &list->argument_count);
	if (!error && !list->argument_count) {
		error = append_kernel(list, ""); /* a program may count on argv[0] */
		list->argument_count = 1;
	}
	list->environment_offset = list->used;
	if (!error)
		error = append_user_array(list, envp, &list->environment_count);
	if (error)
		arguments_free(list);
	return error;
}

int arguments_from_kernel(struct argument_list *list, const char *const *argv,
			  const char *const *envp)
{
	int error = 0;

	memset(list, 0, sizeof(*list));
	for (; !error && *argv; argv++, list->argument_count++)
		error = append_kernel(list, *argv);
	list->environment_offset = list->used;
	for (; !error && *envp; envp++, list->environment_count++)
		error = append_kernel(list, *envp);
	if (error)
		arguments_free(list);
	return error;
}

int arguments_replace_first(struct argument_list *list, const char *const *strings,
			    unsigned int count)
{
	size_t old_length = strlen(list->text) + 1, new_length = 0;
	char *to;

	for (unsigned int i = 0; i < count; i++)
		new_length += strlen(strings[i]) + 1;
	while (list->size - list->used + old_length < new_length) {
		int error = grow(list);

		if (error)
			return error;
	}
	memmove(list->text + new_length, list->text + old_length, list->used - old_length);
	to = list->text;
	for (unsigned int i = 0; i < count; i++) {
		size_t length = strlen(strings[i]) + 1;

		memcpy(to, strings[i], length);
		to += length;
	}
	list->used += new_length - old_length;
	list->environment_offset += new_length - old_length;
	list->argument_count += count - 1;
	return bytes_counted(list) > ARGUMENT_BYTES_MAX ? -E2BIG : 0;
}

void arguments_free(struct argument_list *list)
{
	kfree(list->text);
	memset(list, 0, sizeof(*list));
}
