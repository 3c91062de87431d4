// SPDX-License-Identifier: Apache-2.0
/*
 * mount.c - which file system lies where.
 *
 * A mount is found by its mountpoint (mount and dentry); the list is short, and looked through only
 * for dentries that say that something is mounted on them. A mount lives while a path lies in it.
 */
#include "kernel/fs/path.h"
#include "kernel/fs/text.h"
#include "kernel/mm/slab.h"

struct mutex namespace_mutex = MUTEX_INIT(namespace_mutex, LOCK_RANK_NAMESPACE);

static TAILQ_HEAD(, mount) mounts = TAILQ_HEAD_INITIALIZER(mounts); /* (s) the root of all first */
static uint32_t last_mount_number;                                   /* (n) */

static const struct filesystem_type *const types[] = {
	&tmpfs_type, &devtmpfs_type, &proc_type, &sysfs_type, &cgroup2_type,
};

const struct filesystem_type *filesystem_by_index(unsigned int index)
{
	return index < ARRAY_SIZE(types) ? types[index] : NULL;
}

const struct filesystem_type *filesystem_find(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(types[i]->name, name) == 0)
			return types[i];
	return NULL;
}

/* names_lock is held. */
static struct mount *find_mounted(const struct path *mountpoint)
{
	struct mount *mount;

	TAILQ_FOREACH(mount, &mounts, link)
		if (path_equal(&mount->mountpoint, mountpoint))
			return mount;
	return NULL;
}

void mount_cross_slowly(struct path *path)
{
	while (__atomic_load_n(&path->dentry->mounted, __ATOMIC_RELAXED) > 0) {
		struct path inside = { NULL, NULL };

		spin_lock(&names_lock);
		inside.mount = find_mounted(path);
		if (inside.mount) {
			inside.dentry = inside.mount->root;
			path_get(&inside);
		}
		spin_unlock(&names_lock);
		if (!inside.mount)
			return;
		path_put(path);
		*path = inside;
	}
}

static char *copy_string(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = kmalloc(size);

	if (copy)
		memcpy(copy, text, size);
	return copy;
}

static struct mount *mount_create(const struct filesystem_type *type, const char *source,
				  const char *options, uint32_t flags, int *error)
{
	struct mount *mount = kzalloc(sizeof(*mount));

	*error = -ENOMEM;
	if (!mount)
		return NULL;
	mount->source = copy_string(*source ? source : "none");
	if (mount->source)
		*error = type->mount(options, &mount->root);
	if (*error) {
		kfree(mount->source);
		kfree(mount);
		return NULL;
	}
	mount->references = 1;
	mount->flags = flags;
	mount->number = ++last_mount_number;
	return mount;
}

void mount_release(struct mount *mount)
{
	const struct filesystem_type *type = mount->root->inode->filesystem->type;

	if (type->unmount)
		type->unmount(mount->root);
	dentry_put(mount->root);
	if (mount->mountpoint.mount)
		path_put(&mount->mountpoint);
	kfree(mount->source);
	kfree(mount);
}

void mount_root(void)
{
	int error;
	struct mount *mount = mount_create(&tmpfs_type, "tmpfs", "size=100%", 0, &error);

	if (!mount)
		panic("no root file system: error %d", -error);
	mount->root->inode->mode = S_IFDIR | 0755;
	TAILQ_INSERT_TAIL(&mounts, mount, link);
}

void mount_root_path(struct path *root)
{
	spin_lock(&names_lock);
	root->mount = TAILQ_FIRST(&mounts);
	root->dentry = root->mount->root;
	path_get(root);
	spin_unlock(&names_lock);
	mount_cross(root);
}

/* A directory, and not the root of the very same instance a second time. */
static int check_mountpoint(const struct path *mountpoint, const struct mount *mount)
{
	if (inode_is_directory(mount->root->inode) != inode_is_directory(mountpoint->dentry->inode))
		return -ENOTDIR;
	if (mountpoint->dentry->removed)
		return -ENOENT;
	if (mountpoint->dentry == mount->root)
		return -EBUSY;
	/* A dentry that is made on look-up is not found a second time. */
	if (mountpoint->dentry != mountpoint->mount->root &&
	    mountpoint->dentry->parent->inode->operations->lookup)
		return -EINVAL;
	return 0;
}

int mount_add(const struct filesystem_type *type, const char *source, const char *options,
	uint32_t flags, const struct path *mountpoint)
{
	struct path place = *mountpoint;
	struct mount *mount;
	int error;

	mutex_lock(&namespace_mutex);
	mount = mount_create(type, source, options, flags, &error);
	if (mount) {
		path_get(&place);
		mount_cross(&place);
		error = check_mountpoint(&place, mount);
		mount->mountpoint = place;
		if (error)
			mount_release(mount);
	}
	if (!error) {
		spin_lock(&names_lock);
		place.dentry->mounted++;
		TAILQ_INSERT_TAIL(&mounts, mount, link);
		spin_unlock(&names_lock);
	}
	mutex_unlock(&namespace_mutex);
	return error;
}

int mount_change(const struct path *path, uint32_t flags)
{
	if (path->dentry != path->mount->root)
		return -EINVAL;
	__atomic_store_n(&path->mount->flags, flags, __ATOMIC_RELAXED);
	return 0;
}

/* Besides the mount's own reference there may be only the caller's path. Lazily: any number, but
 * nothing mounted in it. */
static int check_unused(const struct mount *mount, uint32_t lazily)
{
	const struct mount *other;

	if (!lazily)
		return __atomic_load_n(&mount->references, __ATOMIC_RELAXED) > 2 ? -EBUSY : 0;
	TAILQ_FOREACH(other, &mounts, link)
		if (other->mountpoint.mount == mount)
			return -EBUSY;
	return 0;
}

int mount_remove(const struct path *path, uint32_t lazily)
{
	struct mount *mount = path->mount;
	int error = 0;

	mutex_lock(&namespace_mutex);
	spin_lock(&names_lock);
	if (path->dentry != mount->root || !mount->mountpoint.mount ||
	    find_mounted(&mount->mountpoint) != mount)
		error = -EINVAL;
	if (!error)
		error = check_unused(mount, lazily);
	if (!error) {
		TAILQ_REMOVE(&mounts, mount, link);
		mount->mountpoint.dentry->mounted--;
	}
	spin_unlock(&names_lock);
	mutex_unlock(&namespace_mutex);
	/* The mount's own reference; the caller still has one. */
	if (!error)
		__atomic_fetch_sub(&mount->references, 1, __ATOMIC_ACQ_REL);
	return error;
}

/* The mount after that number, with a reference to its root; false: no more. */
static bool next_mount(uint32_t number, struct path *found)
{
	struct mount *mount;

	spin_lock(&names_lock);
	TAILQ_FOREACH(mount, &mounts, link)
		if (mount->number > number)
			break;
	if (mount) {
		*found = (struct path){ mount, mount->root };
		path_get(found);
	}
	spin_unlock(&names_lock);
	return mount != NULL;
}

static void print_flags(struct text *text, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} names[] = {
		{ MS_NOSUID, ",nosuid" }, { MS_NODEV, ",nodev" }, { MS_NOEXEC, ",noexec" },
		{ MS_NOATIME, ",noatime" },
	};

	text_printf(text, flags & MS_RDONLY ? "ro" : "rw");
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (flags & names[i].flag)
			text_printf(text, "%s", names[i].name);
}

int64_t mount_print_all(char *buffer, size_t size)
{
	struct text text = { .buffer = buffer, .size = size };
	char *place = kmalloc(PATH_SIZE_MAX);
	struct path path;
	uint32_t number = 0;

	if (!place)
		return -ENOMEM;
	while (next_mount(number, &path)) {
		const struct mount *mount = path.mount;

		number = mount->number;
		if (path_print(&path, NULL, place, PATH_SIZE_MAX) < 0)
			strcpy(place, "/");
		text_printf(&text, "%s %s %s ", mount->source, place,
			    mount->root->inode->filesystem->type->name);
		print_flags(&text, mount->flags);
		text_printf(&text, " 0 0\n");
		path_put(&path);
	}
	kfree(place);
	return (int64_t)text.length;
}
