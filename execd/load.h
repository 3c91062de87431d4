// SPDX-License-Identifier: Apache-2.0
/*
 * load.h - execd's files: the recipes of a directory, and the machine's one command.
 */
#ifndef EXECD_LOAD_H
#define EXECD_LOAD_H

#include "execd/recipes.h"

/* Reads DIRECTORY/(name).ini in the order of their names, then orders what they say. False (told):
 * the directory cannot be read. */
bool load_recipes(struct recipes *recipes, const char *directory);

/* The arguments in the file, each with its NUL, NULL at the end. NULL: there is no such file, or
 * (errno is set, not ENOENT) it makes no sense. It stays for as long as the machine runs. */
char **load_command(const char *path);

#endif
