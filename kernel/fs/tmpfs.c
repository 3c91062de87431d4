// SPDX-License-Identifier: Apache-2.0
/*
 * tmpfs.c - files in memory: the root file system, /tmp, and the directory of /dev.
 *
 * A file is its pages; they are what read and write copy, what mmap maps and what a program runs
 * from. Directories are kept dentries (dentry.c).
 *
 * Locks: (m) the inode's mutex: contents and size against other readers and writers
 *        (c) pages_lock (LOCK_RANK_PAGE_CACHE): the index, so that file_page() never sleeps
 *        Pages go only under (m), so whoever holds it may use a page found without a reference.
 */
#include "kernel/fs/tmpfs.h"

#include <stdlib.h>

#include "kernel/fs/devfs.h"
#include "kernel/fs/fs_init.h"
#include "kernel/fs/notify.h"
#include "kernel/fs/page_index.h"
#include "kernel/fs/path.h"
#include "kernel/fs/pipe.h"
#include "kernel/mm/charge.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/user_page.h"
#include "kernel/proc/task.h"

#define FILE_SIZE_MAX (PAGE_INDEX_END * PAGE_SIZE)

struct tmpfs_inode {
	struct inode inode;
	struct spinlock pages_lock;
	struct page_index pages; /* (c) */
	char *target;            /* (i) of a symbolic link */
};

static const struct inode_operations tmpfs_operations;
static const struct file_operations tmpfs_file_operations, tmpfs_directory_operations;
static struct slab_cache *inode_cache;
static struct filesystem nameless; /* where memfd's files live: no root, no limit */

static struct tmpfs_inode *tmpfs_inode(struct inode *inode)
{
	return container_of(inode, struct tmpfs_inode, inode);
}

void tmpfs_init(void)
{
	inode_cache = slab_cache_create("tmpfs inode", sizeof(struct tmpfs_inode), 8);
	if (!inode_cache)
		panic("no memory for the cache of tmpfs inodes");
	nameless = (struct filesystem){ .type = &tmpfs_type, .device = filesystem_next_device() };
}

/* ---- inodes ---- */

struct inode *tmpfs_inode_create(struct filesystem *filesystem, const struct creation *creation)
{
	struct tmpfs_inode *file = page_is_scarce() ? NULL : slab_alloc(inode_cache, PAGE_ANY);
	bool directory = (creation->mode & S_IFMT) == S_IFDIR;

	if (!file)
		return NULL;
	inode_init(&file->inode, filesystem, &tmpfs_operations,
		directory ? &tmpfs_directory_operations : &tmpfs_file_operations, creation->mode);
	spinlock_init(&file->pages_lock, LOCK_RANK_PAGE_CACHE);
	file->pages = (struct page_index){ .root = NULL };
	file->target = NULL;
	if (creation->target) {
		size_t length = strlen(creation->target);

		file->target = kmalloc(length + 1);
		if (!file->target) {
			slab_free(inode_cache, file);
			return NULL;
		}
		memcpy(file->target, creation->target, length + 1);
		file->inode.size = length;
	}
	__atomic_fetch_add(&filesystem->inode_count, 1, __ATOMIC_RELAXED);
	file->inode.number = filesystem_next_number(filesystem);
	file->inode.special_device = creation->device;
	file->inode.link_count = directory ? 2 : 1;
	file->inode.uid = current->cred.fsuid;
	file->inode.gid = current->cred.fsgid;
	inode_touch_contents(&file->inode);
	file->inode.accessed_ns = file->inode.modified_ns;
	return &file->inode;
}

static void tmpfs_release(struct inode *inode)
{
	struct tmpfs_inode *file = tmpfs_inode(inode);
	struct filesystem *filesystem = inode->filesystem;
	uint64_t gone = page_index_cut(&file->pages, 0);

	notify_gone(inode->filesystem, inode->number, inode->link_count ? IN_UNMOUNT : IN_DELETE_SELF);
	__atomic_fetch_sub(&filesystem->page_count, gone, __ATOMIC_RELAXED);
	if (__atomic_sub_fetch(&filesystem->inode_count, 1, __ATOMIC_ACQ_REL) == 0 &&
	    filesystem != &nameless)
		kfree(filesystem);
	kfree(file->target);
	slab_free(inode_cache, file);
}

/* ---- pages ---- */

/* With a reference, so that it does not move meanwhile; NULL: a hole. */
static struct page *find_page(struct tmpfs_inode *file, uint64_t number)
{
	spin_lock(&file->pages_lock);
	struct page *page = page_index_find(&file->pages, number);
	if (page)
		page_get(page);
	spin_unlock(&file->pages_lock);
	return page;
}

/* A new page, with a reference, for a place that was a hole a moment ago: -ENOSPC when the instance is
 * full. */
static int make_page(struct tmpfs_inode *file, uint64_t number, struct page **made)
{
	struct filesystem *filesystem = file->inode.filesystem;
	uint64_t count = __atomic_add_fetch(&filesystem->page_count, 1, __ATOMIC_RELAXED);
	struct page *page = NULL, **place = NULL;
	bool full = filesystem->page_max && count > filesystem->page_max;

	if (!full && !page_is_scarce())
		page = page_charged(user_page_alloc(PAGE_ZERO), CHARGE_FILE);
	if (page) {
		spin_lock(&file->pages_lock);
		place = page_index_place(&file->pages, number);
		if (place && !*place) {
			page_get(page);
			*place = page;
			*made = page;
			spin_unlock(&file->pages_lock);
			return 0;
		}
		if (place) {
			page_get(*place);
			*made = *place;
		}
		spin_unlock(&file->pages_lock);
		page_put(page);
	}
	__atomic_fetch_sub(&filesystem->page_count, 1, __ATOMIC_RELAXED);
	return place ? 0 : full ? -ENOSPC : -ENOMEM;
}

static int tmpfs_page(struct file *file, uint64_t number, struct page **answer)
{
	struct tmpfs_inode *inode = tmpfs_inode(file->inode);
	uint64_t size = __atomic_load_n(&file->inode->size, __ATOMIC_RELAXED);

	if (number >= ALIGN_UP(size, PAGE_SIZE) / PAGE_SIZE)
		return -EIO;
	*answer = find_page(inode, number);
	return *answer ? 0 : make_page(inode, number, answer);
}

static void tmpfs_pages(struct file *file, uint64_t first, unsigned int count, struct page **pages)
{
	struct tmpfs_inode *inode = tmpfs_inode(file->inode);
	uint64_t size = __atomic_load_n(&file->inode->size, __ATOMIC_RELAXED);
	uint64_t end = ALIGN_UP(size, PAGE_SIZE) / PAGE_SIZE;

	spin_lock(&inode->pages_lock);
	for (unsigned int i = 0; i < count; i++) {
		pages[i] = first + i < end ? page_index_find(&inode->pages, first + i) : NULL;
		if (pages[i])
			page_get(pages[i]);
	}
	spin_unlock(&inode->pages_lock);
}

static bool tmpfs_replace_page(struct file *file, uint64_t number, struct page *old,
			       struct page *copy)
{
	struct tmpfs_inode *inode = tmpfs_inode(file->inode);
	bool moved = false;

	spin_lock(&inode->pages_lock);
	if (page_index_find(&inode->pages, number) == old &&
	    __atomic_load_n(&old->references, __ATOMIC_ACQUIRE) == 2) {
		page_copy(page_address(copy), page_address(old));
		page_get(copy);
		*page_index_place(&inode->pages, number) = copy;
		page_put(old);
		moved = true;
	}
	spin_unlock(&inode->pages_lock);
	return moved;
}

/* ---- contents ---- */

static int64_t tmpfs_read(struct file *file, struct transfer *to, uint64_t *position)
{
	struct tmpfs_inode *inode = tmpfs_inode(file->inode);
	uint64_t start = *position, at = start;
	uint64_t size = file->inode->size;
	int error = 0;

	if (at >= size)
		return 0;
	uint64_t end = at + MIN(to->remaining, size - at);

	while (at < end) {
		uint64_t offset = at % PAGE_SIZE;
		size_t piece = MIN(PAGE_SIZE - offset, end - at);
		struct page *page = find_page(inode, at / PAGE_SIZE);

		if (page) {
			error = transfer_to(to, (char *)page_address(page) + offset, piece);
			page_put(page);
		} else {
			error = transfer_zeros(to, piece);
		}
		if (error)
			break;
		at += piece;
	}
	*position = at;
	return at > start ? (int64_t)(at - start) : error;
}

static int64_t tmpfs_write(struct file *file, struct transfer *from, uint64_t *position)
{
	struct tmpfs_inode *inode = tmpfs_inode(file->inode);
	uint64_t start = *position, at = start;
	int error = 0;

	if (from->remaining == 0)
		return 0;
	if (at >= FILE_SIZE_MAX)
		return -EFBIG;
	uint64_t end = at + MIN(from->remaining, FILE_SIZE_MAX - at);

	while (at < end) {
		uint64_t offset = at % PAGE_SIZE;
		size_t piece = MIN(PAGE_SIZE - offset, end - at);
		struct page *page = find_page(inode, at / PAGE_SIZE);

		if (!page)
			error = make_page(inode, at / PAGE_SIZE, &page);
		if (!error) {
			error = transfer_from(from, (char *)page_address(page) + offset, piece);
			page_put(page);
		}
		if (error)
			break;
		at += piece;
		if (at > file->inode->size)
			__atomic_store_n(&file->inode->size, at, __ATOMIC_RELAXED);
		preempt_point();
	}
	if (at == start)
		return error == -ENOMEM && !current->refused ? -ENOSPC : error;
	*position = at;
	inode_touch_contents(file->inode);
	return (int64_t)(at - start);
}

static int tmpfs_set_size(struct inode *inode, uint64_t size)
{
	struct tmpfs_inode *file = tmpfs_inode(inode);
	struct page_index cut = { .root = NULL };
	struct page *partial;
	uint64_t gone;

	if (inode_type(inode) != S_IFREG)
		return -EINVAL;
	if (size > FILE_SIZE_MAX)
		return -EFBIG;
	if (size < inode->size) {
		__atomic_store_n(&inode->size, size, __ATOMIC_RELAXED);
		spin_lock(&file->pages_lock);
		if (size == 0) {
			/* The common case: all pages go, and nobody waits for that. */
			cut = file->pages;
			file->pages = (struct page_index){ .root = NULL };
			gone = 0;
		} else {
			gone = page_index_cut(&file->pages, ALIGN_UP(size, PAGE_SIZE) / PAGE_SIZE);
		}
		spin_unlock(&file->pages_lock);
		gone += page_index_cut(&cut, 0);
		__atomic_fetch_sub(&inode->filesystem->page_count, gone, __ATOMIC_RELAXED);
		partial = size % PAGE_SIZE ? find_page(file, size / PAGE_SIZE) : NULL;
		if (partial) {
			memset((char *)page_address(partial) + size % PAGE_SIZE, 0,
			       PAGE_SIZE - size % PAGE_SIZE);
			page_put(partial);
		}
	}
	__atomic_store_n(&inode->size, size, __ATOMIC_RELAXED);
	inode_touch_contents(inode);
	return 0;
}

static int64_t tmpfs_read_link(struct inode *inode, char *buffer, size_t size)
{
	size_t length = MIN((size_t)inode->size, size);

	memcpy(buffer, tmpfs_inode(inode)->target, length);
	return (int64_t)length;
}

static int tmpfs_open(struct file *file)
{
	switch (inode_type(file->inode)) {
	case S_IFCHR:
		return device_open(file, (uint32_t)file->inode->special_device);
	case S_IFIFO:
		return fifo_open(file);
	case S_IFBLK:
	case S_IFSOCK:
		return -ENXIO;
	default:
		return 0;
	}
}

/* ---- directories: namespace_mutex is held ---- */

static int add_entry(struct dentry *directory, const struct name *name, struct inode *inode,
		     struct dentry **made)
{
	struct dentry *dentry = dentry_create(directory, name, inode);

	if (!dentry)
		return -ENOMEM;
	if (made) {
		dentry_get(dentry);
		*made = dentry;
	}
	dentry_attach(dentry);
	inode_touch_contents(directory->inode);
	return 0;
}

int tmpfs_create(struct dentry *directory, const struct name *name, const struct creation *creation,
		 struct dentry **made)
{
	struct inode *parent = directory->inode;
	struct inode *inode = tmpfs_inode_create(parent->filesystem, creation);
	int error;

	if (!inode)
		return -ENOSPC;
	/* A directory with the set-group-ID bit hands on its group, and directories the bit. */
	if (parent->mode & S_ISGID) {
		inode->gid = parent->gid;
		if (inode_is_directory(inode))
			inode->mode |= S_ISGID;
	}
	error = add_entry(directory, name, inode, made);
	if (!error && (creation->mode & S_IFMT) == S_IFDIR)
		parent->link_count++;
	return error;
}

static int tmpfs_link(struct dentry *directory, const struct name *name, struct inode *inode)
{
	inode_get(inode);
	int error = add_entry(directory, name, inode, NULL);

	if (!error) {
		inode->link_count++;
		inode_touch(inode);
	}
	return error;
}

static bool is_empty(const struct dentry *directory)
{
	return TAILQ_EMPTY(&directory->order);
}

static void drop_links(struct dentry *entry, struct dentry *directory)
{
	struct inode *inode = entry->inode;

	if (inode_is_directory(inode)) {
		inode->link_count = 0;
		directory->inode->link_count--;
	} else {
		inode->link_count--;
	}
	inode_touch(inode);
	inode_touch_contents(directory->inode);
}

static int tmpfs_remove(struct dentry *entry)
{
	if (inode_is_directory(entry->inode) && !is_empty(entry))
		return -ENOTEMPTY;
	dentry_detach(entry);
	drop_links(entry, entry->parent);
	dentry_put(entry); /* the directory's reference */
	return 0;
}

static int tmpfs_rename(struct dentry *entry, struct dentry *directory, const struct name *name,
			struct dentry *replaced)
{
	struct dentry *from = entry->parent;
	int error;

	if (replaced && inode_is_directory(replaced->inode) && !is_empty(replaced))
		return -ENOTEMPTY;
	dentry_get(from);
	error = dentry_move(entry, directory, name, replaced);
	if (!error) {
		if (replaced) {
			drop_links(replaced, directory);
			dentry_put(replaced);
		}
		if (inode_is_directory(entry->inode)) {
			from->inode->link_count--;
			directory->inode->link_count++;
		}
		inode_touch_contents(from->inode);
		inode_touch_contents(directory->inode);
		inode_touch(entry->inode);
	}
	dentry_put(from);
	return error;
}

/* ---- instances ---- */

struct dentry *tmpfs_create_root(const struct filesystem_type *type, uint64_t page_max)
{
	static const struct name no_name = { "", 0 };
	struct filesystem *filesystem = kzalloc(sizeof(*filesystem));
	struct creation creation = { .mode = S_IFDIR | 0755 };
	struct inode *inode;

	if (!filesystem)
		return NULL;
	filesystem->type = type;
	filesystem->device = filesystem_next_device();
	filesystem->page_max = page_max;
	inode = tmpfs_inode_create(filesystem, &creation);
	if (!inode)
		kfree(filesystem);
	return inode ? dentry_create(NULL, &no_name, inode) : NULL;
}

/* size=N[kmg%] among the options, in pages; without it half of the memory. -EINVAL. */
static int64_t option_pages(const char *options)
{
	uint64_t total = page_count().total;
	const char *text = strstr(options, "size=");
	char *end;

	if (!text)
		return (int64_t)(total / 2);
	uint64_t size = strtoull(text + 5, &end, 10);

	switch (*end | 0x20) {
	case 'g':
		size <<= 10; /* falls through */
	case 'm':
		size <<= 10; /* falls through */
	case 'k':
		size <<= 10;
		end++;
		break;
	case '%' | 0x20:
		size = MIN(size, 100UL) * total / 100 * PAGE_SIZE;
		end++;
		break;
	default:
		break;
	}
	if (end == text + 5 || (*end && *end != ','))
		return -EINVAL;
	return (int64_t)MAX(MIN(ALIGN_UP(size, PAGE_SIZE) / PAGE_SIZE, total), 1UL);
}

static int tmpfs_mount(const char *options, struct dentry **root)
{
	int64_t page_max = option_pages(options);

	if (page_max < 0)
		return (int)page_max;
	*root = tmpfs_create_root(&tmpfs_type, (uint64_t)page_max);
	if (!*root)
		return -ENOMEM;
	(*root)->inode->mode = S_IFDIR | S_ISVTX | 0777;
	return 0;
}

/* All names go; a file that is still open keeps its inode, and so the instance. */
static void tmpfs_unmount(struct dentry *root)
{
	dentry_empty(root);
}

struct file *tmpfs_open_nameless(uint32_t flags)
{
	struct creation creation = { .mode = S_IFREG | 0777 };
	struct inode *inode = tmpfs_inode_create(&nameless, &creation);
	struct file *file;

	if (!inode)
		return NULL;
	inode->link_count = 0;
	file = file_create(inode, &tmpfs_file_operations, flags);
	if (file)
		file->mode |= FILE_SEEK;
	return file;
}

static const struct inode_operations tmpfs_operations = {
	.create = tmpfs_create,
	.link = tmpfs_link,
	.remove = tmpfs_remove,
	.rename = tmpfs_rename,
	.read_link = tmpfs_read_link,
	.set_size = tmpfs_set_size,
	.open = tmpfs_open,
	.release = tmpfs_release,
};

static const struct file_operations tmpfs_file_operations = {
	.read = tmpfs_read,
	.write = tmpfs_write,
	.page = tmpfs_page, .pages = tmpfs_pages, .replace_page = tmpfs_replace_page,
};

static const struct file_operations tmpfs_directory_operations = {
	.list = dentry_list_children,
};

const struct filesystem_type tmpfs_type = {
	.name = "tmpfs",
	.magic = TMPFS_MAGIC,
	.mount = tmpfs_mount,
	.unmount = tmpfs_unmount,
};
