// SPDX-License-Identifier: Apache-2.0
/*
 * dentry.c - names in directories.
 *
 * A dentry holds its parent and its inode. In a kept directory the parent's tree also holds each
 * child, so a name stays until it is detached. Nothing here sleeps; names_lock is held for one
 * search or one change of a tree.
 */
#include "kernel/fs/file.h"
#include "kernel/fs/fs_init.h"
#include "kernel/mm/slab.h"

struct spinlock names_lock = SPINLOCK_INIT(LOCK_RANK_FILE_STATE);
static struct slab_cache *dentry_cache;

static int name_compare(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t common = MIN(a_length, b_length);

	/* Names are short and differ early. */
	for (size_t i = 0; i < common; i++)
		if (a[i] != b[i])
			return (unsigned char)a[i] < (unsigned char)b[i] ? -1 : 1;
	return a_length < b_length ? -1 : a_length > b_length;
}

static int dentry_compare(const struct dentry *a, const struct dentry *b)
{
	return name_compare(a->name, a->name_length, b->name, b->name_length);
}

RB_GENERATE_STATIC(dentry_tree, dentry, link, dentry_compare)

void dentry_init(void)
{
	dentry_cache = slab_cache_create("dentry", sizeof(struct dentry), 8);
	if (!dentry_cache)
		panic("no memory for the cache of dentries");
}

/* Memory for a name: the inline one when it fits. NULL: no memory. */
static char *name_copy(char *inline_name, const struct name *name)
{
	char *copy = name->length < DENTRY_INLINE_NAME ? inline_name : kmalloc(name->length + 1);

	if (copy) {
		memcpy(copy, name->text, name->length);
		copy[name->length] = '\0';
	}
	return copy;
}

struct dentry *dentry_create(struct dentry *parent, const struct name *name, struct inode *inode)
{
	struct dentry *dentry = slab_alloc(dentry_cache, PAGE_ANY);

	if (dentry)
		dentry->name = name_copy(dentry->inline_name, name);
	if (!dentry || !dentry->name) {
		slab_free(dentry_cache, dentry);
		inode_put(inode);
		return NULL;
	}
	dentry->name_length = (uint16_t)name->length;
	RB_INIT(&dentry->children);
	TAILQ_INIT(&dentry->order);
	dentry->last_cookie = 1; /* 0 and 1 are "." and ".." */
	dentry->inode = inode;
	dentry->mounted = 0;
	dentry->references = 1;
	dentry->removed = false;
	dentry->parent = parent ? parent : dentry;
	if (parent)
		dentry_get(parent);
	return dentry;
}

void dentry_put(struct dentry *dentry)
{
	while (dentry) {
		uint32_t before = __atomic_fetch_sub(&dentry->references, 1, __ATOMIC_ACQ_REL);
		struct dentry *parent = dentry->parent != dentry ? dentry->parent : NULL;

		kassert(before > 0);
		if (before > 1)
			return;
		inode_put(dentry->inode);
		if (dentry->name != dentry->inline_name)
			kfree(dentry->name);
		slab_free(dentry_cache, dentry);
		dentry = parent;
	}
}

static void attach_locked(struct dentry *dentry)
{
	struct dentry *parent = dentry->parent;

	dentry->cookie = ++parent->last_cookie;
	struct dentry *other = RB_INSERT(dentry_tree, &parent->children, dentry);
	kassert(!other);
	TAILQ_INSERT_TAIL(&parent->order, dentry, order_link);
}

static void detach_locked(struct dentry *dentry)
{
	struct dentry *parent = dentry->parent;

	RB_REMOVE(dentry_tree, &parent->children, dentry);
	TAILQ_REMOVE(&parent->order, dentry, order_link);
}

void dentry_attach(struct dentry *dentry)
{
	spin_lock(&names_lock);
	attach_locked(dentry);
	spin_unlock(&names_lock);
}

void dentry_detach(struct dentry *dentry)
{
	spin_lock(&names_lock);
	detach_locked(dentry);
	dentry->removed = true;
	spin_unlock(&names_lock);
}

int dentry_move(struct dentry *dentry, struct dentry *parent, const struct name *name,
		struct dentry *replaced)
{
	struct dentry *old_parent = dentry->parent;
	char inline_name[DENTRY_INLINE_NAME];
	char *copy = name_copy(inline_name, name);
	char *old_name;

	if (!copy)
		return -ENOMEM;
	dentry_get(parent);
	spin_lock(&names_lock);
	detach_locked(dentry);
	if (replaced) {
		detach_locked(replaced);
		replaced->removed = true;
	}
	old_name = dentry->name;
	if (copy == inline_name) {
		memcpy(dentry->inline_name, inline_name, name->length + 1);
		copy = dentry->inline_name;
	}
	dentry->name = copy;
	dentry->name_length = (uint16_t)name->length;
	dentry->parent = parent;
	attach_locked(dentry);
	spin_unlock(&names_lock);
	if (old_name != dentry->inline_name)
		kfree(old_name);
	dentry_put(old_parent);
	return 0;
}

struct dentry *dentry_find(struct dentry *directory, const struct name *name)
{
	spin_lock(&names_lock);
	struct dentry *child = RB_ROOT(&directory->children);

	while (child) {
		int order = name_compare(name->text, name->length, child->name, child->name_length);

		if (order == 0) {
			dentry_get(child);
			break;
		}
		child = order < 0 ? RB_LEFT(child, link) : RB_RIGHT(child, link);
	}
	spin_unlock(&names_lock);
	return child;
}

void dentry_empty(struct dentry *root)
{
	struct dentry *dentry = root;

	for (;;) {
		struct dentry *child = TAILQ_FIRST(&dentry->order);

		if (child) {
			dentry = child;
		} else if (dentry == root) {
			return;
		} else {
			struct dentry *parent = dentry->parent;

			dentry_detach(dentry);
			dentry_put(dentry);
			dentry = parent;
		}
	}
}

bool dentry_is_below(const struct dentry *dentry, const struct dentry *ancestor)
{
	while (dentry != ancestor && dentry->parent != dentry)
		dentry = dentry->parent;
	return dentry == ancestor;
}

bool sink_add(struct directory_sink *sink, struct file *file, const struct name *name,
	uint64_t number, uint32_t mode, uint64_t next_position)
{
	size_t length = ALIGN_UP(DIRENT_HEAD + name->length + 1, (size_t)8);
	struct abi_dirent *entry = (struct abi_dirent *)(void *)(sink->buffer + sink->used);

	if (length > sink->size - sink->used) {
		sink->full = true;
		return false;
	}
	memset(entry, 0, length);
	entry->inode = number;
	entry->next_offset = (int64_t)next_position;
	entry->length = (uint16_t)length;
	entry->type = (uint8_t)(mode >> 12 & 15);
	memcpy(entry->name, name->text, name->length);
	sink->used += length;
	file->position = next_position;
	return true;
}

bool sink_add_dots(struct directory_sink *sink, struct file *file)
{
	static const struct name dot = { ".", 1 }, dot_dot = { "..", 2 };
	const struct dentry *directory = file->path.dentry;

	if (file->position == 0 &&
	    !sink_add(sink, file, &dot, directory->inode->number, S_IFDIR, 1))
		return true;
	if (file->position == 1 &&
	    !sink_add(sink, file, &dot_dot, directory->parent->inode->number, S_IFDIR, 2))
		return true;
	return false;
}

int dentry_list_children(struct file *file, struct directory_sink *sink)
{
	return dentry_list_some(file, sink, NULL, NULL);
}

int dentry_list_some(struct file *file, struct directory_sink *sink,
		     bool (*wanted)(const struct dentry *child, const void *context),
		     const void *context)
{
	struct dentry *child;

	if (sink_add_dots(sink, file))
		return 0;
	TAILQ_FOREACH(child, &file->path.dentry->order, order_link) {
		struct name name = { child->name, child->name_length };

		if (child->cookie < file->position || (wanted && !wanted(child, context)))
			continue;
		if (!sink_add(sink, file, &name, child->inode->number, child->inode->mode,
			      child->cookie + 1))
			break;
	}
	return 0;
}
