// SPDX-License-Identifier: Apache-2.0
/*
 * sysfs_walk.c - paths and directory listings over the tree.
 *
 * A listing's position is the index of the next row while it is among the files, and after that
 * the number of the last child told plus the count of rows: numbers only rise and are never used
 * again, so the position means the same whatever comes and goes.
 *
 * Context: the caller holds whatever guards the tree.
 */
#include <errno.h>
#include <string.h>

#include "sysfs/sysfs.h"

static struct cg_node *child_after(const struct cg_node *node, uint64_t id)
{
	struct cg_node *child = cg_first_child(node);
	while (child && child->id <= id)
		child = cg_next_sibling(child);
	return child;
}

static bool next_file(const struct cg_node *node, struct sysfs_cursor *cursor,
		      struct sysfs_entry *entry)
{
	size_t count;
	const struct sysfs_row *rows = sysfs_cgroup_rows(&count);
	while (cursor->position < count) {
		const struct sysfs_row *row = &rows[cursor->position++];
		if (!sysfs_row_visible(row, node))
			continue;
		*entry = (struct sysfs_entry){ .name = row->name, .length = row->name_length,
					       .row = row, .child = NULL };
		return true;
	}
	return false;
}

bool sysfs_next_entry(struct cg_node *node, struct sysfs_cursor *cursor, struct sysfs_entry *entry)
{
	size_t count;
	sysfs_cgroup_rows(&count);
	if (node->dead)
		return false;
	if (cursor->position < count && next_file(node, cursor, entry))
		return true;
	struct cg_node *child = cursor->shape == node->tree->shape && cursor->next
		? cursor->next : child_after(node, cursor->position - count);
	if (!child)
		return false;
	*entry = (struct sysfs_entry){ .name = child->name, .length = child->name_length,
				       .row = NULL, .child = child };
	cursor->position = child->id + count;
	cursor->shape = node->tree->shape;
	cursor->next = cg_next_sibling(child);
	return true;
}

/* One step from *place to the entry of that name. */
static int step(struct sysfs_place *place, const char *name, size_t length)
{
	if (place->row)
		return -ENOTDIR;
	if (!length || (length == 1 && name[0] == '.'))
		return 0;
	if (length == 2 && name[0] == '.' && name[1] == '.') {
		if (place->node->parent)
			place->node = place->node->parent;
		return 0;
	}
	struct cg_node *child = cg_find_child(place->node, name, length);
	if (child)
		place->node = child;
	else
		place->row = sysfs_find_row(place->node, name, length);
	return child || place->row ? 0 : -ENOENT;
}

int sysfs_walk(struct cg_node *node, const char *path, size_t length, struct sysfs_place *place)
{
	struct sysfs_place at = { node, NULL };
	if (node->dead)
		return -ENODEV;
	for (size_t start = 0, end; start < length; start = end + 1) {
		for (end = start; end < length && path[end] != '/'; end++)
			;
		int error = step(&at, path + start, end - start);
		if (error)
			return error;
	}
	*place = at;
	return 0;
}
