// SPDX-License-Identifier: Apache-2.0
/*
 * path.c - walks a path, component by component.
 *
 * No lock is held across the walk: each step holds the place it stands on, and looks one name up.
 * A symbolic link's target is put in front of what is left of the text, so nothing recurses.
 */
#include "kernel/fs/path.h"

#include "kernel/mm/page.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"

struct walk {
	struct path at;       /* where it stands, with references */
	struct path root;     /* what "/" is, with references; looked up when it is needed */
	const char *rest;     /* what is left of the text */
	char *expansion;      /* PATH_SIZE_MAX bytes once a link was followed: rest lies in it */
	unsigned int symlinks;
	unsigned int flags;
	struct path_last *last; /* stop before the last component and put it here, or NULL */
};

int path_text_copy(struct path_text *copy, uaddr_t from)
{
	int64_t length = copy_string_from_user(copy->inline_text, from, PATH_INLINE_SIZE);

	copy->text = copy->inline_text;
	if (likely(length != -ENAMETOOLONG))
		return length < 0 ? (int)length : 0;
	copy->text = kmalloc(PATH_SIZE_MAX);
	if (!copy->text)
		return -ENOMEM;
	length = copy_string_from_user(copy->text, from, PATH_SIZE_MAX);
	if (length < 0) {
		kfree(copy->text);
		return (int)length;
	}
	return 0;
}

void path_text_release(struct path_text *copy)
{
	if (copy->text != copy->inline_text)
		kfree(copy->text);
}

static const struct path *walk_root(struct walk *walk)
{
	if (!walk->root.mount)
		context_root(&walk->root);
	return &walk->root;
}

/* Up one directory, but not above the root of the walk. */
static void step_up(struct walk *walk)
{
	const struct path *root = walk_root(walk);
	struct path to = walk->at;

	while (to.dentry == to.mount->root && !path_equal(&to, root) && to.mount->mountpoint.mount)
		to = to.mount->mountpoint;
	if (path_equal(&to, root) || to.dentry == to.mount->root) {
		path_get(&to);
	} else {
		spin_lock(&names_lock);
		to.dentry = to.dentry->parent;
		path_get(&to);
		spin_unlock(&names_lock);
	}
	path_put(&walk->at);
	walk->at = to;
	mount_cross(&walk->at);
}

static int find_child(struct dentry *directory, const struct name *name, struct dentry **found)
{
	const struct inode_operations *operations = directory->inode->operations;

	if (operations->lookup)
		return operations->lookup(directory, name, found);
	*found = dentry_find(directory, name);
	return *found ? 0 : -ENOENT;
}

int path_child(const struct path *directory, const struct name *name, struct path *found)
{
	int error = find_child(directory->dentry, name, &found->dentry);

	if (error)
		return error;
	found->mount = directory->mount;
	__atomic_fetch_add(&found->mount->references, 1, __ATOMIC_RELAXED);
	mount_cross(found);
	return 0;
}

/* Puts the link's target in front of the rest; or jumps, where the link knows the very place. */
static int follow_link(struct walk *walk, struct inode *inode)
{
	size_t rest_length = strlen(walk->rest);
	char *buffer = walk->expansion;
	int64_t length;

	if (++walk->symlinks > SYMLINK_MAX)
		return -ELOOP;
	if (inode->operations->follow) {
		struct path target;
		int error = inode->operations->follow(inode, &target);

		if (error)
			return error;
		path_put(&walk->at);
		walk->at = target;
		return 0;
	}
	if (!buffer)
		buffer = kmalloc(PATH_SIZE_MAX);
	if (!buffer)
		return -ENOMEM;
	if (rest_length >= PATH_SIZE_MAX - 1) {
		length = -ENAMETOOLONG;
	} else {
		/* The rest goes to the end, the target to the beginning, and then they meet. */
		char *tail = buffer + PATH_SIZE_MAX - rest_length - 1;
		size_t room = (size_t)(tail - buffer);

		memmove(tail, walk->rest, rest_length + 1);
		length = inode->operations->read_link(inode, buffer, room);
		if (length == 0)
			length = -ENOENT;
		if (length >= (int64_t)room)
			length = -ENAMETOOLONG;
		if (length > 0) {
			memmove(buffer + length + (rest_length ? 1 : 0), tail, rest_length + 1);
			if (rest_length)
				buffer[length] = '/';
		}
	}
	walk->expansion = buffer;
	if (length < 0)
		return (int)length;
	walk->rest = buffer;
	if (*buffer == '/') {
		path_get(walk_root(walk));
		path_put(&walk->at);
		walk->at = walk->root;
	}
	return 0;
}

/* The next component; rest is behind it and its slashes. */
static struct name next_name(struct walk *walk, bool *slash)
{
	struct name name = { walk->rest, 0 };
	const char *end = walk->rest;

	while (*end != '/' && *end != '\0')
		end++;
	name.length = (size_t)(end - name.text);
	*slash = *end == '/';
	while (*end == '/')
		end++;
	walk->rest = end;
	return name;
}

static bool is_dot(const struct name *name)
{
	return name->length == 1 && name->text[0] == '.';
}

static bool is_dot_dot(const struct name *name)
{
	return name->length == 2 && name->text[0] == '.' && name->text[1] == '.';
}

static int step_down(struct walk *walk, const struct name *name, bool must_be_directory)
{
	struct dentry *child;
	int error = find_child(walk->at.dentry, name, &child);

	if (error)
		return error;
	if (unlikely(inode_type(child->inode) == S_IFLNK)) {
		bool last = *walk->rest == '\0';

		if (!last || must_be_directory || (walk->flags & PATH_FOLLOW)) {
			/* "link/" goes on as "target/". */
			if (last && must_be_directory)
				walk->flags |= PATH_DIRECTORY;
			error = follow_link(walk, child->inode);
			dentry_put(child);
			return error;
		}
	}
	/* Within a mount its reference stays where it is. */
	dentry_put(walk->at.dentry);
	walk->at.dentry = child;
	mount_cross(&walk->at);
	if (must_be_directory && !inode_is_directory(walk->at.dentry->inode))
		return -ENOTDIR;
	return 0;
}

static int set_last(struct walk *walk, const struct name *name, bool slash)
{
	struct path_last *last = walk->last;

	last->name = *name;
	last->trailing_slash = slash;
	last->kind = name->length == 0 ? LAST_ROOT : is_dot(name) ? LAST_DOT :
		     is_dot_dot(name) ? LAST_DOT_DOT : LAST_NAME;
	return 0;
}

static int walk_all(struct walk *walk)
{
	int error = 0;

	while (*walk->rest == '/')
		walk->rest++;
	while (*walk->rest != '\0') {
		bool slash;
		struct inode *inode = walk->at.dentry->inode;

		if (!inode_is_directory(inode))
			return -ENOTDIR;
		/* Most directories may be searched by everybody. */
		if (unlikely((inode->mode & 0111) != 0111))
			error = inode_permission(inode, ACCESS_EXEC);
		if (error)
			return error;
		struct name name = next_name(walk, &slash);

		if (name.length > NAME_SIZE_MAX)
			return -ENAMETOOLONG;
		if (walk->last && *walk->rest == '\0')
			return set_last(walk, &name, slash);
		if (is_dot(&name))
			continue;
		if (is_dot_dot(&name)) {
			step_up(walk);
			continue;
		}
		error = step_down(walk, &name, slash);
		if (error)
			return error;
		/* A target that begins with a slash. */
		while (*walk->rest == '/')
			walk->rest++;
	}
	if (walk->last) {
		static const struct name nothing = { "", 0 };
		return set_last(walk, &nothing, false);
	}
	if ((walk->flags & PATH_DIRECTORY) && !inode_is_directory(walk->at.dentry->inode))
		return -ENOTDIR;
	return 0;
}

/* Fills `at`, with references when it answers 0. */
static int walk_begin(struct walk *walk, int directory_fd, const char *text)
{
	if (*text == '\0' && !(walk->flags & PATH_EMPTY))
		return -ENOENT;
	walk->rest = text;
	if (*text == '/') {
		context_root(&walk->at);
	} else if (directory_fd == AT_FDCWD) {
		context_cwd(&walk->at);
	} else {
		struct borrowed_file from = fd_borrow(directory_fd);

		if (!from.file)
			return -EBADF;
		if (!from.file->path.dentry ||
		    (*text != '\0' && !inode_is_directory(from.file->inode))) {
			fd_return(from);
			return -ENOTDIR;
		}
		walk->at = from.file->path;
		path_get(&walk->at);
		fd_return(from);
	}
	return 0;
}

static void walk_end(struct walk *walk)
{
	if (walk->root.mount)
		path_put(&walk->root);
}

int path_lookup(int directory_fd, const char *text, unsigned int flags, struct path *found)
{
	struct walk walk = { .flags = flags };
	int error = walk_begin(&walk, directory_fd, text);

	if (error)
		return error;
	error = walk_all(&walk);
	if (error)
		path_put(&walk.at);
	else
		*found = walk.at;
	walk_end(&walk);
	kfree(walk.expansion);
	return error;
}

int path_parent(int directory_fd, const char *text, struct path_last *last)
{
	struct walk walk = { .last = last };
	int error = walk_begin(&walk, directory_fd, text);

	if (error)
		return error;
	error = walk_all(&walk);
	last->directory = walk.at;
	last->memory = walk.expansion;
	walk_end(&walk);
	if (error)
		path_last_release(last);
	return error;
}

int path_follow(const struct path_last *last, struct path *link, struct path *found)
{
	struct walk walk = { .flags = PATH_FOLLOW, .rest = "", .at = last->directory };
	int error;

	path_get(&walk.at);
	error = follow_link(&walk, link->dentry->inode);
	path_put(link);
	if (!error)
		error = walk_all(&walk);
	if (error)
		path_put(&walk.at);
	else
		*found = walk.at;
	walk_end(&walk);
	kfree(walk.expansion);
	return error;
}

void path_last_release(struct path_last *last)
{
	path_put(&last->directory);
	kfree(last->memory);
}

void path_get(const struct path *path)
{
	__atomic_fetch_add(&path->mount->references, 1, __ATOMIC_RELAXED);
	dentry_get(path->dentry);
}

void path_put(const struct path *path)
{
	dentry_put(path->dentry);
	if (__atomic_fetch_sub(&path->mount->references, 1, __ATOMIC_ACQ_REL) == 1)
		mount_release(path->mount);
}

/* Writes the path backwards, ending at buffer + size; answers where it begins, or NULL. */
static char *print_backwards(
	const struct path *path, const struct path *root, char *buffer, size_t size)
{
	struct path at = *path;
	char *start = buffer + size - 1;

	*start = '\0';
	for (;;) {
		while (at.dentry == at.mount->root && at.mount->mountpoint.mount &&
		       !(root && path_equal(&at, root)))
			at = at.mount->mountpoint;
		if (at.dentry == at.mount->root || (root && path_equal(&at, root)))
			break;
		size_t length = at.dentry->name_length;

		if ((size_t)(start - buffer) < length + 1)
			return NULL;
		start -= length;
		memcpy(start, at.dentry->name, length);
		*--start = '/';
		at.dentry = at.dentry->parent;
	}
	if (*start == '\0') {
		if (start == buffer)
			return NULL;
		*--start = '/';
	}
	return start;
}

int64_t path_print(const struct path *path, const struct path *root, char *buffer, size_t size)
{
	if (size < 2)
		return -ERANGE;
	spin_lock(&names_lock);
	char *start = print_backwards(path, root, buffer, size);
	bool removed = path->dentry->removed;
	spin_unlock(&names_lock);
	if (!start)
		return -ERANGE;
	size_t length = (size_t)(buffer + size - 1 - start);

	memmove(buffer, start, length + 1);
	return removed ? -ENOENT : (int64_t)length;
}
