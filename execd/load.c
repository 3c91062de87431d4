// SPDX-License-Identifier: Apache-2.0
/*
 * load.c - execd's files: the recipes of a directory, and the machine's one command.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "execd/load.h"
#include "execd/order.h"

enum {
	COMMAND_TEXT_MAX = 128 * 1024, /* what execve takes */
};

/* Fills the buffer from the file; how much came, or -errno. One byte more than `size` shows that
 * the file is larger. */
static ssize_t file_load(int directory, const char *name, char *buffer, size_t size)
{
	size_t used = 0;
	ssize_t count = 1;
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (count > 0 && used < size) {
		count = read(fd, buffer + used, size - used);
		used += count > 0 ? (size_t)count : 0;
	}
	if (count < 0)
		count = -errno;
	close(fd);
	return count < 0 ? count : (ssize_t)used;
}

static int is_recipe(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return entry->d_name[0] != '.' && length > 4 && !strcmp(entry->d_name + length - 4, ".ini");
}

/* Tells that a file or directory cannot be read. A very long name is cut. */
static void complain_unreadable(struct recipes *recipes, const char *name, int number)
{
	struct recipe_place place = { .line = 0 };
	snprintf(place.file, sizeof(place.file), "%.*s", RECIPE_FILE_MAX - 1, name);
	recipes_complain(recipes, &place, "%s (%s)", strerrordesc_np(number),
			 strerrorname_np(number));
}

static void load_file(struct recipes *recipes, int directory, const char *name)
{
	static char text[RECIPE_TEXT_MAX + 1];
	ssize_t length = file_load(directory, name, text, sizeof(text));
	if (length >= 0)
		recipes_read(recipes, name, text, (size_t)length);
	else
		complain_unreadable(recipes, name, (int)-length);
}

bool load_recipes(struct recipes *recipes, const char *directory)
{
	struct dirent **entries = NULL;
	int count = scandir(directory, &entries, is_recipe, alphasort);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (count < 0 || fd < 0)
		complain_unreadable(recipes, directory, errno);
	for (int i = 0; i < count; i++) {
		if (fd >= 0)
			load_file(recipes, fd, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	if (fd >= 0)
		close(fd);
	recipes_order(recipes);
	return count >= 0 && fd >= 0;
}

char **load_command(const char *path)
{
	char *text = malloc(COMMAND_TEXT_MAX + 1);
	ssize_t length = text ? file_load(AT_FDCWD, path, text, COMMAND_TEXT_MAX + 1) : -ENOMEM;
	size_t count = 0;

	/* Every argument ends with a NUL, the last one too, and the first is not empty. */
	if (length == 0 || (length > 0 && (text[length - 1] || !text[0])))
		length = -EINVAL;
	else if (length > COMMAND_TEXT_MAX)
		length = -E2BIG;
	for (ssize_t i = 0; i < length; i++)
		count += !text[i];
	char **arguments = length > 0 ? calloc(count + 1, sizeof(*arguments)) : NULL;
	if (!arguments) {
		free(text);
		errno = length > 0 ? ENOMEM : (int)-length;
		return NULL;
	}
	char *at = text;
	for (size_t i = 0; i < count; i++) {
		arguments[i] = at;
		at += strlen(at) + 1;
	}
	return arguments;
}
