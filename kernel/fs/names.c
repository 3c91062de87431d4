// SPDX-License-Identifier: Apache-2.0
/*
 * names.c - changes of names, checked the same way for every file system.
 */
#include "kernel/fs/names.h"

#include "kernel/fs/notify.h"
#include "kernel/proc/task.h"

/* Whether names may change in the directory. namespace_mutex is held. */
static int check_directory(const struct path *directory)
{
	if (directory->dentry->removed)
		return -ENOENT;
	if (mount_is_read_only(directory->mount))
		return -EROFS;
	return inode_permission(directory->dentry->inode, ACCESS_WRITE | ACCESS_EXEC);
}

/* A sticky directory's entries are removed only by their owner or the directory's. */
static int check_sticky(const struct dentry *directory, const struct dentry *entry)
{
	uint32_t fsuid = current->cred.fsuid;

	if (!(directory->inode->mode & S_ISVTX) || fsuid == entry->inode->uid ||
	    fsuid == directory->inode->uid || current_has(CAP_FOWNER))
		return 0;
	return -EPERM;
}

/* -EEXIST when the name is kept there; of entries that it makes on look-up a file system says so itself. */
static int check_absent(const struct path_last *last)
{
	struct dentry *there;

	if (last->kind != LAST_NAME)
		return -EEXIST;
	there = dentry_find(last->directory.dentry, &last->name);
	if (!there)
		return 0;
	dentry_put(there);
	return -EEXIST;
}

static int create_locked(const struct path_last *last, const struct creation *creation,
			 struct dentry **made)
{
	struct dentry *directory = last->directory.dentry;
	int error = check_absent(last);

	if (!error && last->trailing_slash && (creation->mode & S_IFMT) != S_IFDIR)
		error = -ENOENT;
	if (!error)
		error = check_directory(&last->directory);
	if (error)
		return error;
	if (!directory->inode->operations->create)
		return (creation->mode & S_IFMT) == S_IFREG ? -EACCES : -EPERM;
	error = directory->inode->operations->create(directory, &last->name, creation, made);
	if (!error && notify_is_needed())
		notify_object(directory->inode->filesystem, directory->inode->number,
			      IN_CREATE | ((creation->mode & S_IFMT) == S_IFDIR ? (uint32_t)IN_ISDIR : 0U),
			      0, &last->name);
	return error;
}

int name_create(const struct path_last *last, const struct creation *creation, struct path *made)
{
	struct creation masked = *creation;
	int error;

	if (current->fs && (masked.mode & S_IFMT) != S_IFLNK)
		masked.mode &= ~__atomic_load_n(&current->fs->umask, __ATOMIC_RELAXED);
	mutex_lock(&namespace_mutex);
	error = create_locked(last, &masked, made ? &made->dentry : NULL);
	mutex_unlock(&namespace_mutex);
	if (!error && made) {
		made->mount = last->directory.mount;
		__atomic_fetch_add(&made->mount->references, 1, __ATOMIC_RELAXED);
	}
	return error;
}

int name_link(const struct path_last *last, const struct path *target)
{
	const struct inode_operations *operations = last->directory.dentry->inode->operations;
	int error;

	if (last->directory.mount != target->mount)
		return -EXDEV;
	if (inode_is_directory(target->dentry->inode))
		return -EPERM;
	mutex_lock(&namespace_mutex);
	error = check_absent(last);
	if (!error && last->trailing_slash)
		error = -ENOENT;
	if (!error)
		error = check_directory(&last->directory);
	if (!error && !operations->link)
		error = -EPERM;
	if (!error && target->dentry->inode->link_count == 0)
		error = -ENOENT;
	if (!error)
		error = operations->link(
			last->directory.dentry, &last->name, target->dentry->inode);
	if (!error) {
		notify_inode(target->dentry->inode, IN_ATTRIB);
		notify_entry(last->directory.dentry, &last->name, target->dentry->inode, IN_CREATE, 0);
	}
	mutex_unlock(&namespace_mutex);
	return error;
}

static int check_removable(const struct path_last *last, enum name_removal removal)
{
	switch (last->kind) {
	case LAST_NAME:
		return 0;
	case LAST_ROOT:
		return removal == REMOVE_DIRECTORY ? -EBUSY : -EISDIR;
	case LAST_DOT:
		return removal == REMOVE_DIRECTORY ? -EINVAL : -EISDIR;
	default:
		return removal == REMOVE_DIRECTORY ? -ENOTEMPTY : -EISDIR;
	}
}

/* Whether the entry found in the directory may go. */
static int check_entry(const struct path *directory, const struct path *entry)
{
	int error = check_directory(directory);

	if (error)
		return error;
	if (entry->mount != directory->mount || entry->dentry->mounted)
		return -EBUSY;
	return check_sticky(directory->dentry, entry->dentry);
}

int name_remove(const struct path_last *last, enum name_removal removal)
{
	struct path entry;
	int error = check_removable(last, removal);

	if (error)
		return error;
	mutex_lock(&namespace_mutex);
	error = path_child(&last->directory, &last->name, &entry);
	if (error) {
		mutex_unlock(&namespace_mutex);
		return error;
	}
	bool directory = inode_is_directory(entry.dentry->inode);
	const struct inode_operations *operations = last->directory.dentry->inode->operations;

	error = check_entry(&last->directory, &entry);
	if (!error && removal == REMOVE_DIRECTORY && !directory)
		error = -ENOTDIR;
	if (!error && removal == REMOVE_FILE && directory)
		error = -EISDIR;
	if (!error && last->trailing_slash && !directory)
		error = -ENOTDIR;
	if (!error && !operations->remove)
		error = -EPERM;
	if (!error)
		error = operations->remove(entry.dentry);
	if (!error) {
		if (!directory)
			notify_inode(entry.dentry->inode, IN_ATTRIB); /* its link count */
		notify_entry(last->directory.dentry, &last->name, entry.dentry->inode, IN_DELETE, 0);
	}
	mutex_unlock(&namespace_mutex);
	path_put(&entry);
	return error;
}

/* What stands in the new place, checked against what comes. */
static int check_replaced(const struct path *directory, const struct path *entry,
			  const struct path *replaced, unsigned int flags)
{
	bool is_directory = inode_is_directory(entry->dentry->inode);

	if (flags & RENAME_NOREPLACE)
		return -EEXIST;
	if (is_directory != inode_is_directory(replaced->dentry->inode))
		return is_directory ? -ENOTDIR : -EISDIR;
	return check_entry(directory, replaced);
}

/* `replaced` NULL: none. */
static void notify_rename(const struct path_last *from, const struct path_last *to,
			  const struct inode *inode, const struct inode *replaced)
{
	static uint32_t last_cookie; /* guarded by namespace_mutex */

	if (!notify_is_needed())
		return;
	last_cookie++;
	notify_entry(from->directory.dentry, &from->name, inode, IN_MOVED_FROM, last_cookie);
	notify_entry(to->directory.dentry, &to->name, inode, IN_MOVED_TO, last_cookie);
	if (replaced)
		notify_inode(replaced, IN_ATTRIB); /* its link count */
	notify_inode(inode, IN_MOVE_SELF);
}

static int rename_locked(const struct path_last *from, const struct path_last *to,
	unsigned int flags, const struct path *entry, const struct path *replaced)
{
	const struct inode_operations *operations = from->directory.dentry->inode->operations;
	struct inode *inode = entry->dentry->inode;
	int error = check_entry(&from->directory, entry);

	if (!error)
		error = check_directory(&to->directory);
	if (!error && (from->trailing_slash || to->trailing_slash) && !inode_is_directory(inode))
		error = -ENOTDIR;
	if (!error && dentry_is_below(to->directory.dentry, entry->dentry))
		error = -EINVAL;
	if (!error && replaced && dentry_is_below(from->directory.dentry, replaced->dentry))
		error = -ENOTEMPTY;
	if (!error && replaced)
		error = check_replaced(&to->directory, entry, replaced, flags);
	if (error)
		return error;
	if (replaced && replaced->dentry->inode == inode)
		return 0;
	if (!operations->rename)
		return -EPERM;
	error = operations->rename(entry->dentry, to->directory.dentry, &to->name,
				   replaced ? replaced->dentry : NULL);
	if (!error)
		notify_rename(from, to, inode, replaced ? replaced->dentry->inode : NULL);
	return error;
}

int name_rename(const struct path_last *from, const struct path_last *to, unsigned int flags)
{
	struct path entry, replaced;
	int error, absent;

	if (from->kind != LAST_NAME || to->kind != LAST_NAME)
		return flags & RENAME_NOREPLACE && to->kind != LAST_NAME ? -EEXIST : -EBUSY;
	if (from->directory.mount != to->directory.mount)
		return -EXDEV;
	mutex_lock(&namespace_mutex);
	error = path_child(&from->directory, &from->name, &entry);
	if (error) {
		mutex_unlock(&namespace_mutex);
		return error;
	}
	absent = path_child(&to->directory, &to->name, &replaced);
	if (absent && absent != -ENOENT)
		error = absent;
	else
		error = rename_locked(from, to, flags, &entry, absent ? NULL : &replaced);
	mutex_unlock(&namespace_mutex);
	path_put(&entry);
	if (!absent)
		path_put(&replaced);
	return error;
}

/* ---- open ---- */

/* The place to open with O_CREAT: *created says whether it was made just now. */
static int find_or_create(int directory_fd, const char *text, uint32_t flags, uint32_t mode,
			  struct path *place, bool *created)
{
	struct creation creation = { .mode = S_IFREG | (mode & S_PERMISSIONS) };
	struct path_last last;
	int error = path_parent(directory_fd, text, &last);

	if (error)
		return error;
	do {
		error = -EISDIR;
		if (last.kind != LAST_NAME || last.trailing_slash)
			break;
		error = path_child(&last.directory, &last.name, place);
		if (error == -ENOENT) {
			error = name_create(&last, &creation, place);
			*created = error == 0;
		} else if (!error && (flags & O_EXCL)) {
			path_put(place);
			error = -EEXIST;
			break;
		} else if (!error && inode_type(place->dentry->inode) == S_IFLNK) {
			if (flags & O_NOFOLLOW) {
				path_put(place);
				error = -ELOOP;
				break;
			}
			error = path_follow(&last, place, place);
			break;
		}
		/* Somebody else made it between the look-up and the creation: look again. */
	} while (error == -EEXIST && !(flags & O_EXCL));
	path_last_release(&last);
	return error;
}

static int find_existing(int directory_fd, const char *text, uint32_t flags, struct path *place)
{
	unsigned int walk = (flags & O_NOFOLLOW ? 0 : PATH_FOLLOW) |
			    (flags & O_DIRECTORY ? PATH_DIRECTORY : 0);
	int error = path_lookup(directory_fd, text, walk, place);

	if (!error && inode_type(place->dentry->inode) == S_IFLNK && !(flags & O_PATH)) {
		path_put(place);
		error = -ELOOP;
	}
	return error;
}

static int check_open(const struct path *place, uint32_t flags)
{
	static const unsigned int wanted[4] = {
		ACCESS_READ, ACCESS_WRITE, ACCESS_READ | ACCESS_WRITE, ACCESS_READ | ACCESS_WRITE,
	};
	const struct inode *inode = place->dentry->inode;
	unsigned int access = wanted[flags & O_ACCMODE] | (flags & O_TRUNC ? ACCESS_WRITE : 0);
	uint32_t type = inode_type(inode);

	if (flags & O_PATH)
		return 0;
	if (type == S_IFDIR && ((access & ACCESS_WRITE) || (flags & O_CREAT)))
		return -EISDIR;
	if ((access & ACCESS_WRITE) && type == S_IFREG && mount_is_read_only(place->mount))
		return -EROFS;
	return inode_permission(inode, access);
}

int name_open(int directory_fd, const char *text, uint32_t flags, uint32_t mode, struct file **file)
{
	bool created = false;
	struct path place;
	int error;

	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	struct file *reserved = file_reserve();

	if (!reserved)
		return -ENOMEM;
	if (flags & O_CREAT)
		error = find_or_create(directory_fd, text, flags, mode, &place, &created);
	else
		error = find_existing(directory_fd, text, flags, &place);
	if (!error && !created) {
		error = check_open(&place, flags);
		if (error)
			path_put(&place);
	}
	if (error) {
		file_unreserve(reserved);
		return error;
	}
	*file = reserved;
	error = file_open_reserved(&place, flags, reserved);
	if (!error && (flags & O_TRUNC) && !created) {
		struct inode *inode = (*file)->inode;

		if (inode_type(inode) == S_IFREG && inode->operations->set_size && inode->size > 0)
			error = inode_set_size(inode, 0);
		if (error)
			file_put(*file);
		else
			notify_file(*file, IN_MODIFY);
	}
	return error;
}
