// SPDX-License-Identifier: Apache-2.0
/*
 * initramfs.c - the first files: cpio archives ("newc") unpacked into the root file system.
 *
 * Several archives may follow each other with zeros between. Every number in them is checked; a
 * broken entry ends the unpacking with a line that names it and its offset, and what was unpacked
 * before it stays.
 */
#include "kernel/fs/names.h"
#include "kernel/mm/slab.h"

enum { HEADER_SIZE = 110, FIELD_COUNT = 13, FIELD_SIZE = 8, MAGIC_SIZE = 6, ALIGNMENT = 4 };

enum field {
	INO,
	MODE,
	UID,
	GID,
	NLINK,
	MTIME,
	FILE_SIZE,
	DEV_MAJOR,
	DEV_MINOR,
	RDEV_MAJOR,
	RDEV_MINOR,
	NAME_SIZE,
	CHECK
};

/* A file that has more than one name; the archive gives its contents with one of them. */
struct linked_file {
	LIST_ENTRY(linked_file) link;
	uint32_t device_major, device_minor, number;
	struct path path; /* with references */
};

struct archive {
	const uint8_t *start, *end, *at;
	LIST_HEAD(, linked_file) linked;
};

struct entry {
	uint32_t field[FIELD_COUNT];
	const char *name; /* NUL-terminated, in the archive; NULL: it cannot be read */
	const uint8_t *data;
	size_t offset;    /* of its header */
};

static int hex_digit(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static int parse_fields(const uint8_t *header, uint32_t field[FIELD_COUNT])
{
	const uint8_t *digit = header + MAGIC_SIZE;

	for (unsigned int i = 0; i < FIELD_COUNT; i++) {
		field[i] = 0;
		for (unsigned int j = 0; j < FIELD_SIZE; j++) {
			int value = hex_digit(*digit++);

			if (value < 0)
				return -EINVAL;
			field[i] = field[i] << 4 | (uint32_t)value;
		}
	}
	return 0;
}

static size_t left(const struct archive *archive)
{
	return (size_t)(archive->end - archive->at);
}

/* Forward by `length` bytes and to the next boundary; -EINVAL beyond the end. The last padding may
 * be missing. */
static int skip(struct archive *archive, size_t length)
{
	if (length > left(archive))
		return -EINVAL;
	size_t offset =
		ALIGN_UP((size_t)(archive->at - archive->start) + length, (size_t)ALIGNMENT);

	archive->at = archive->start + MIN(offset, (size_t)(archive->end - archive->start));
	return 0;
}

/* The entry that begins here, or NULL and why it is broken. */
static const char *read_entry(struct archive *archive, struct entry *entry)
{
	entry->offset = (size_t)(archive->at - archive->start);
	entry->name = NULL;
	if (left(archive) >= 2 && archive->at[0] == 0x1f && archive->at[1] == 0x8b)
		return "it is compressed, which this kernel does not undo";
	if (left(archive) < HEADER_SIZE)
		return "the header is cut off";
	if (memcmp(archive->at, "070701", MAGIC_SIZE) != 0 &&
		memcmp(archive->at, "070702", MAGIC_SIZE) != 0)
		return "no newc header here";
	if (parse_fields(archive->at, entry->field) != 0)
		return "a field of the header is not a hexadecimal number";
	const char *name = (const char *)archive->at + HEADER_SIZE;
	size_t name_size = entry->field[NAME_SIZE];

	if (name_size < 1 || name_size > PATH_SIZE_MAX || name_size > left(archive) - HEADER_SIZE)
		return "the name's length is wrong";
	if (strnlen(name, name_size) != name_size - 1)
		return "the name does not end where it should";
	entry->name = name;
	if (skip(archive, HEADER_SIZE + name_size) != 0)
		return "the name is cut off";
	entry->data = archive->at;
	if (skip(archive, entry->field[FILE_SIZE]) != 0)
		return "the contents are cut off";
	return NULL;
}

static void set_metadata(struct inode *inode, const struct entry *entry)
{
	inode->mode = (inode->mode & S_IFMT) | (entry->field[MODE] & S_PERMISSIONS);
	inode->uid = entry->field[UID];
	inode->gid = entry->field[GID];
	inode->modified_ns = (int64_t)entry->field[MTIME] * (int64_t)NSEC_PER_SEC;
}

static int write_contents(struct path *path, const struct entry *entry)
{
	struct transfer from =
		transfer_kernel((void *)(uintptr_t)entry->data, entry->field[FILE_SIZE]);
	struct file *file;
	int64_t done;
	int error;

	path_get(path);
	error = file_open_path(path, O_WRONLY, &file);
	if (error)
		return error;
	done = file_write(file, &from, &file->position);
	file_put(file);
	return done < 0 ? (int)done : done < (int64_t)entry->field[FILE_SIZE] ? -ENOSPC : 0;
}

static struct linked_file *find_linked(struct archive *archive, const struct entry *entry)
{
	struct linked_file *file;

	LIST_FOREACH(file, &archive->linked, link)
		if (file->number == entry->field[INO] &&
			file->device_major == entry->field[DEV_MAJOR] &&
			file->device_minor == entry->field[DEV_MINOR])
			return file;
	return NULL;
}

static int remember_linked(
	struct archive *archive, const struct entry *entry, const struct path *path)
{
	struct linked_file *file = kmalloc(sizeof(*file));

	if (!file)
		return -ENOMEM;
	file->number = entry->field[INO];
	file->device_major = entry->field[DEV_MAJOR];
	file->device_minor = entry->field[DEV_MINOR];
	file->path = *path;
	path_get(path);
	LIST_INSERT_HEAD(&archive->linked, file, link);
	return 0;
}

static void forget_linked(struct archive *archive)
{
	struct linked_file *file;

	while ((file = LIST_FIRST(&archive->linked)) != NULL) {
		LIST_REMOVE(file, link);
		path_put(&file->path);
		kfree(file);
	}
}

/* Another name of a file that was already unpacked. */
static int add_name(
	const struct path_last *last, struct linked_file *file, const struct entry *entry)
{
	int error = name_link(last, &file->path);

	if (!error && entry->field[FILE_SIZE] > 0)
		error = write_contents(&file->path, entry);
	return error;
}

static int make_entry(
	struct archive *archive, const struct path_last *last, const struct entry *entry)
{
	struct creation creation = {
		.mode = entry->field[MODE],
		.device = device_number(entry->field[RDEV_MAJOR], entry->field[RDEV_MINOR]),
	};
	uint32_t type = creation.mode & S_IFMT;
	char *target = NULL;
	struct path made;
	int error;

	if (type == S_IFLNK) {
		size_t length = entry->field[FILE_SIZE];

		target = length > 0 && length < PATH_SIZE_MAX ? kzalloc(length + 1) : NULL;
		if (!target)
			return length > 0 && length < PATH_SIZE_MAX ? -ENOMEM : -EINVAL;
		memcpy(target, entry->data, length);
		creation.target = target;
	}
	error = name_create(last, &creation, &made);
	kfree(target);
	if (error)
		return error;
	if (type == S_IFREG && entry->field[FILE_SIZE] > 0)
		error = write_contents(&made, entry);
	if (!error && type != S_IFDIR && entry->field[NLINK] > 1)
		error = remember_linked(archive, entry, &made);
	set_metadata(made.dentry->inode, entry);
	path_put(&made);
	return error;
}

/* What is there already: a directory takes on the entry's mode, anything else is replaced. */
static int clear_place(const struct path_last *last, const struct entry *entry)
{
	struct path there;
	int error = path_child(&last->directory, &last->name, &there);

	if (error)
		return error == -ENOENT ? 0 : error;
	if (inode_is_directory(there.dentry->inode) && (entry->field[MODE] & S_IFMT) == S_IFDIR) {
		set_metadata(there.dentry->inode, entry);
		error = -EEXIST;
	}
	path_put(&there);
	return error ? error : name_remove(last, REMOVE_FILE);
}

static int unpack_entry(struct archive *archive, const struct entry *entry)
{
	struct path_last last;
	struct linked_file *linked;
	int error = path_parent(AT_FDCWD, entry->name, &last);

	if (error)
		return error;
	if (last.kind == LAST_NAME) {
		linked = entry->field[NLINK] > 1 ? find_linked(archive, entry) : NULL;
		error = clear_place(&last, entry);
		if (!error && linked)
			error = add_name(&last, linked, entry);
		else if (!error)
			error = make_entry(archive, &last, entry);
		else if (error == -EEXIST)
			error = 0;
	} else if (last.kind == LAST_DOT && (entry->field[MODE] & S_IFMT) == S_IFDIR) {
		set_metadata(last.directory.dentry->inode, entry);
	} else {
		error = -EINVAL;
	}
	path_last_release(&last);
	return error;
}

int initramfs_unpack(const uint8_t *start, const uint8_t *end)
{
	struct archive archive = { .start = start, .end = end, .at = start };
	const char *before = ""; /* the name of the last good entry */
	unsigned int count = 0;
	int error = 0;

	while (!error) {
		struct entry entry;

		while (archive.at < end && *archive.at == 0)
			archive.at++;
		if (archive.at == end)
			break;
		const char *reason = read_entry(&archive, &entry);

		if (reason) {
			printk("initramfs: %s \"%s\" at offset %zu: %s\n",
				entry.name ? "entry" : "the entry behind",
				entry.name ? entry.name : before, entry.offset, reason);
			error = -EINVAL;
		} else if (strcmp(entry.name, "TRAILER!!!") == 0) {
			forget_linked(&archive);
		} else {
			error = unpack_entry(&archive, &entry);
			if (error)
				printk("initramfs: entry \"%s\" at offset %zu: error %d\n",
					entry.name, entry.offset, -error);
			else
				count++;
			before = entry.name;
		}
	}
	forget_linked(&archive);
	printk("initramfs: %u files and directories\n", count);
	return error;
}
