// SPDX-License-Identifier: Apache-2.0
/*
 * libsched_tree.c - the tree's shape: open, create, remove, list.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/schedctl/libsched_explain.h"

/* The root itself as a path that the *at calls take. */
static const char *at_path(const struct sched_group *group)
{
	return group->path[0] ? group->path : ".";
}

int sched_tree_open(struct sched_tree *tree, const char *path, struct sched_error *error)
{
	tree->path = path;
	tree->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (tree->fd < 0)
		return sched_fail(error, errno, "%s: %s; --root names a cgroup2 mount", path,
				  strerrordesc_np(errno));
	if (faccessat(tree->fd, "cgroup.controllers", F_OK, 0)) {
		sched_tree_close(tree);
		return sched_fail(error, ENOENT,
				  "%s: no cgroup.controllers in it: this is no cgroup2 mount; "
				  "--root names one", path);
	}
	return 0;
}

void sched_tree_close(struct sched_tree *tree)
{
	if (tree->fd >= 0)
		close(tree->fd);
	tree->fd = -1;
}

bool sched_group_exists(const struct sched_tree *tree, const struct sched_group *group)
{
	struct stat status;
	return !fstatat(tree->fd, at_path(group), &status, 0) && S_ISDIR(status.st_mode);
}

int sched_group_open(const struct sched_tree *tree, const struct sched_group *group,
		     struct sched_error *error)
{
	int fd = openat(tree->fd, at_path(group), O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? sched_explain(tree, group, "open", NULL, errno, error) : fd;
}

static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);
	for (const char *at = text; *at; at += strspn(at, " ")) {
		size_t here = strcspn(at, " ");
		if (here == length && !strncmp(at, word, length))
			return true;
		at += here;
	}
	return false;
}

/* Enables what the group offers and does not hand out yet of cpuset and cpu. */
static int controllers_enable(const struct sched_tree *tree, const struct sched_group *group,
			      struct sched_error *error)
{
	static const char *const wanted[] = { "cpuset", "cpu" };
	char *offered, *enabled, change[32] = "";

	int result = sched_file_read(tree, group, "cgroup.controllers", &offered, error);
	if (result)
		return result;
	result = sched_file_read(tree, group, "cgroup.subtree_control", &enabled, error);
	if (result) {
		free(offered);
		return result;
	}
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (has_word(offered, wanted[i]) && !has_word(enabled, wanted[i])) {
			strcat(change, change[0] ? " +" : "+");
			strcat(change, wanted[i]);
		}
	free(offered);
	free(enabled);
	if (!change[0])
		return 0;
	return sched_file_write(tree, group, "cgroup.subtree_control", change, error);
}

/* Makes one group in a parent that is there. */
static int create_one(const struct sched_tree *tree, const struct sched_group *group,
		      struct sched_error *error)
{
	struct sched_group parent;

	if (!sched_group_parent(group, &parent))
		return sched_fail(error, EEXIST, "/: the root is always there");
	if (sched_group_exists(tree, group))
		return sched_explain(tree, group, "mkdir", NULL, EEXIST, error);
	if (!sched_group_exists(tree, &parent))
		return sched_explain(tree, group, "mkdir", NULL, ENOENT, error);
	int result = controllers_enable(tree, &parent, error);
	if (result)
		return result;
	if (mkdirat(tree->fd, group->path, 0755))
		return sched_explain(tree, group, "mkdir", NULL, errno, error);
	return 0;
}

/* The path's first component_count components. */
static struct sched_group group_ancestor(const struct sched_group *group, unsigned int count)
{
	struct sched_group ancestor = *group;
	char *end = ancestor.path;
	for (unsigned int i = 0; i < count; i++) {
		end += *end == '/';
		end += strcspn(end, "/");
	}
	*end = '\0';
	return ancestor;
}

static unsigned int group_depth(const struct sched_group *group)
{
	unsigned int depth = group->path[0] != '\0';
	for (const char *at = group->path; *at; at++)
		depth += *at == '/';
	return depth;
}

int sched_group_create(const struct sched_tree *tree, const struct sched_group *group,
		       enum sched_create how, unsigned int *made_count, struct sched_error *error)
{
	unsigned int depth = group_depth(group);
	unsigned int level = how == SCHED_CREATE_PARENTS ? 1 : depth;
	int result = 0;

	*made_count = 0;
	if (!depth && how == SCHED_CREATE_ONE)
		return create_one(tree, group, error);
	for (; level <= depth && level > 0; level++) {
		struct sched_group at = group_ancestor(group, level);
		struct sched_group parent = group_ancestor(group, level - 1);
		if (how == SCHED_CREATE_PARENTS && sched_group_exists(tree, &at)) {
			result = controllers_enable(tree, &parent, error);
		} else {
			result = create_one(tree, &at, error);
			*made_count += !result;
		}
		if (result) {
			sched_group_unmake(tree, &parent, *made_count);
			*made_count = 0;
			return result;
		}
	}
	return 0;
}

void sched_group_unmake(const struct sched_tree *tree, const struct sched_group *group,
			unsigned int count)
{
	struct sched_group at = *group;
	for (; count && at.path[0]; count--) {
		unlinkat(tree->fd, at.path, AT_REMOVEDIR);
		sched_group_parent(&at, &at);
	}
}

int sched_group_remove(const struct sched_tree *tree, const struct sched_group *group,
		       struct sched_error *error)
{
	if (!group->path[0])
		return sched_explain(tree, group, "rmdir", NULL, EBUSY, error);
	if (unlinkat(tree->fd, group->path, AT_REMOVEDIR)) {
		/* A plain directory says ENOTEMPTY where a group says EBUSY. */
		int number = errno == ENOTEMPTY ? EBUSY : errno;
		return sched_explain(tree, group, "rmdir", NULL, number, error);
	}
	return 0;
}

static int list_append(struct sched_list *list, const struct sched_group *parent, const char *name)
{
	/* The array's size is the next power of two: it grows when the count is one. */
	if (!(list->count & (list->count - 1))) {
		size_t size = list->count ? list->count * 2 : 1;
		struct sched_group *larger = reallocarray(list->group, size, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		list->group = larger;
	}
	struct sched_group *group = &list->group[list->count];
	int length = snprintf(group->path, sizeof(group->path), "%s%s%s", parent->path,
			      parent->path[0] && *name ? "/" : "", name);
	if (length >= 0 && (size_t)length < sizeof(group->path))
		list->count++;
	return 0;
}

static bool is_group(int directory, const struct dirent *entry)
{
	struct stat status;
	if (entry->d_name[0] == '.' && (!entry->d_name[1] || !strcmp(entry->d_name, "..")))
		return false;
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return !fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) &&
	       S_ISDIR(status.st_mode);
}

/* Appends the children. The parent is a copy: the array that it came from may move. */
static int list_children(const struct sched_tree *tree, struct sched_group parent,
			 struct sched_list *list)
{
	int fd = openat(tree->fd, at_path(&parent), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	DIR *directory = fdopendir(fd);
	if (!directory) {
		close(fd);
		return -ENOMEM;
	}
	int result = 0;
	for (const struct dirent *entry; !result && (entry = readdir(directory));)
		if (is_group(fd, entry))
			result = list_append(list, &parent, entry->d_name);
	closedir(directory);
	return result;
}

static int list_compare(const void *one, const void *other)
{
	return sched_path_compare(((const struct sched_group *)one)->path,
				  ((const struct sched_group *)other)->path);
}

int sched_group_list(const struct sched_tree *tree, const struct sched_group *top,
		     struct sched_list *list, struct sched_error *error)
{
	list->group = NULL;
	list->count = 0;
	int result = list_append(list, top, "");
	if (!result)
		result = list_children(tree, *top, list);
	for (size_t i = 1; !result && i < list->count; i++) {
		result = list_children(tree, list->group[i], list);
		/* Gone since its parent was read; another may have come under the same name. */
		if (result == -ENOENT || result == -ENODEV)
			result = 0;
	}
	if (result) {
		sched_list_free(list);
		return sched_explain(tree, top, "open", NULL, -result, error);
	}
	qsort(list->group, list->count, sizeof(*list->group), list_compare);
	return 0;
}

void sched_list_free(struct sched_list *list)
{
	free(list->group);
	list->group = NULL;
	list->count = 0;
}
