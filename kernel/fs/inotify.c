// SPDX-License-Identifier: Apache-2.0
/*
 * inotify.c - watching files: inotify_init1, inotify_add_watch, inotify_rm_watch.
 *
 * A watch hangs in three lists: of what it watches (hashed), by its descriptor (hashed) and of its
 * instance. An instance queues at most EVENTS_MAX events; what does not fit, or finds no memory, is
 * dropped, and behind the events that are there one IN_Q_OVERFLOW says so. Until that one is read
 * nothing more is queued, so what is read is always in order and complete up to the overflow.
 *
 * Locks: (n) notify_lock: all watches and all queues. Held for one bucket, one event.
 */
#include "kernel/fs/notify.h"

#include "kernel/fs/path.h"
#include "kernel/fs/poll.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"
#include "kernel/sys/syscall.h"

enum {
	BUCKETS = 1024,
	WATCHES_MAX = 8192,   /* of all instances together */
	INSTANCES_MAX = 128,
	EVENTS_MAX = 4096,    /* in one queue */
	FIONREAD = 0x541b,
};

/* Flags of a watch's mask that are no events. */
#define IN_ONLYDIR     0x01000000U
#define IN_DONT_FOLLOW 0x02000000U
#define IN_EXCL_UNLINK 0x04000000U
#define IN_MASK_CREATE 0x10000000U
#define IN_MASK_ADD    0x20000000U
#define IN_ONESHOT     0x80000000U
#define EVENTS_WATCHED 0xfffU /* what may be asked for; the rest is told unasked */
#define MASK_KEPT      (EVENTS_WATCHED | IN_EXCL_UNLINK | IN_ONESHOT)
#define MASK_VALID     (MASK_KEPT | IN_ONLYDIR | IN_DONT_FOLLOW | IN_MASK_CREATE | IN_MASK_ADD)

struct abi_inotify_event {
	int32_t descriptor;
	uint32_t mask, cookie;
	uint32_t name_size; /* NULs up to a multiple of this structure's size included */
};
_Static_assert(sizeof(struct abi_inotify_event) == 16, "Linux ABI");

struct event {
	TAILQ_ENTRY(event) link; /* (n) */
	struct abi_inotify_event abi;
	size_t name_length;
	char name[];
};

struct watch {
	LIST_ENTRY(watch) object_link;     /* (n) */
	LIST_ENTRY(watch) descriptor_link; /* (n) */
	LIST_ENTRY(watch) owner_link;      /* (n) */
	struct inotify *owner;             /* (i) */
	const struct filesystem *filesystem; /* (i) */
	uint64_t number;                   /* (i) */
	int32_t descriptor;                /* (i) */
	uint32_t mask;                     /* (n) */
};
LIST_HEAD(watch_list, watch);

struct inotify {
	struct inode inode;
	struct waitqueue readers;
	TAILQ_HEAD(event_list, event) events; /* (n) */
	uint32_t event_count;      /* (n) */
	uint32_t byte_count;       /* (n) of all events, as they are read */
	bool overflowed;           /* (n) an event was dropped; to be told behind the others */
	int32_t last_descriptor;   /* (n) */
	struct watch_list watches; /* (n) */
};

uint32_t notify_watch_count;

static struct spinlock notify_lock = SPINLOCK_INIT(LOCK_RANK_NOTIFY);
static struct watch_list by_object[BUCKETS];     /* (n) */
static struct watch_list by_descriptor[BUCKETS]; /* (n) */
static uint32_t instance_count;                  /* (a) */
static const struct filesystem_type inotify_type = { .name = "inotifyfs", .magic = 0x09041934 };
static struct filesystem inotify_filesystem = { .type = &inotify_type };

static struct watch_list *object_bucket(const struct filesystem *filesystem, uint64_t number)
{
	uint64_t mixed = (number ^ (uint64_t)filesystem->device << 40) * 0x9e3779b97f4a7c15ULL;

	return &by_object[mixed >> 54];
}

static struct watch_list *descriptor_bucket(const struct inotify *inotify, int32_t descriptor)
{
	uint64_t mixed = ((uintptr_t)inotify + (uint32_t)descriptor) * 0x9e3779b97f4a7c15ULL;

	return &by_descriptor[mixed >> 54];
}

/* ---- events; notify_lock is held ---- */

static uint32_t name_size(size_t length)
{
	return length ? (uint32_t)ALIGN_UP(length + 1, sizeof(struct abi_inotify_event)) : 0;
}

static bool says_the_same(const struct event *event, const struct abi_inotify_event *abi,
			  const struct name *name)
{
	return event && event->abi.descriptor == abi->descriptor && event->abi.mask == abi->mask &&
	       event->abi.cookie == abi->cookie && event->name_length == name->length &&
	       memcmp(event->name, name->text, name->length) == 0;
}

static void queue_event(struct watch *watch, uint32_t mask, uint32_t cookie, const struct name *name)
{
	static const struct name no_name = { "", 0 };
	struct inotify *inotify = watch->owner;
	const struct name *shown = name ? name : &no_name;
	struct abi_inotify_event abi = {
		.descriptor = watch->descriptor, .mask = mask, .cookie = cookie,
		.name_size = name_size(shown->length),
	};
	struct event *event = NULL;

	if (inotify->overflowed ||
	    says_the_same(TAILQ_LAST(&inotify->events, event_list), &abi, shown))
		return;
	if (inotify->event_count < EVENTS_MAX)
		event = kmalloc(sizeof(*event) + shown->length);
	if (event) {
		event->abi = abi;
		event->name_length = shown->length;
		memcpy(event->name, shown->text, shown->length);
		TAILQ_INSERT_TAIL(&inotify->events, event, link);
		inotify->event_count++;
		inotify->byte_count += (uint32_t)sizeof(abi) + abi.name_size;
	} else {
		inotify->overflowed = true;
		inotify->byte_count += (uint32_t)sizeof(abi);
	}
	waitqueue_wake_all(&inotify->readers);
}

static void unlink_watch(struct watch *watch)
{
	LIST_REMOVE(watch, object_link);
	LIST_REMOVE(watch, descriptor_link);
	LIST_REMOVE(watch, owner_link);
	__atomic_fetch_sub(&notify_watch_count, 1, __ATOMIC_RELAXED);
}

static void end_watch(struct watch *watch)
{
	queue_event(watch, IN_IGNORED, 0, NULL);
	unlink_watch(watch);
	kfree(watch);
}

/* ---- what happens ---- */

/* `unlinked`: the name by which a directory's entry is told of is gone. */
static void tell_watchers(const struct filesystem *filesystem, uint64_t number, uint32_t event,
			  uint32_t cookie, const struct name *name, uint32_t unlinked)
{
	struct watch_list *bucket = object_bucket(filesystem, number);
	struct watch *watch, *next;

	if (!__atomic_load_n(&bucket->lh_first, __ATOMIC_RELAXED))
		return;
	spin_lock(&notify_lock);
	for (watch = LIST_FIRST(bucket); watch; watch = next) {
		next = LIST_NEXT(watch, object_link);
		if (watch->filesystem != filesystem || watch->number != number ||
		    !(watch->mask & event & EVENTS_WATCHED) || (watch->mask & unlinked))
			continue;
		queue_event(watch, event, cookie, name);
		if (watch->mask & IN_ONESHOT)
			end_watch(watch);
	}
	spin_unlock(&notify_lock);
}

void notify_object(const struct filesystem *filesystem, uint64_t number, uint32_t event,
		   uint32_t cookie, const struct name *name)
{
	tell_watchers(filesystem, number, event, cookie, name, 0);
}

void notify_gone(const struct filesystem *filesystem, uint64_t number, uint32_t event)
{
	struct watch_list *bucket = object_bucket(filesystem, number);
	struct watch *watch, *next;

	if (!notify_is_needed())
		return;
	spin_lock(&notify_lock);
	for (watch = LIST_FIRST(bucket); watch; watch = next) {
		next = LIST_NEXT(watch, object_link);
		if (watch->filesystem != filesystem || watch->number != number)
			continue;
		if ((watch->mask & event) || event == IN_UNMOUNT)
			queue_event(watch, event, 0, NULL);
		end_watch(watch);
	}
	spin_unlock(&notify_lock);
}

void notify_dentry(struct dentry *dentry, uint32_t event)
{
	const struct inode *inode = dentry->inode, *directory;

	if (inode_is_directory(inode))
		event |= IN_ISDIR;
	spin_lock(&names_lock);
	if (dentry->parent != dentry) {
		struct name name = { dentry->name, dentry->name_length };

		directory = dentry->parent->inode;
		tell_watchers(directory->filesystem, directory->number, event, 0, &name,
			      dentry->removed ? IN_EXCL_UNLINK : 0);
	}
	spin_unlock(&names_lock);
	tell_watchers(inode->filesystem, inode->number, event, 0, NULL, 0);
}

/* ---- the descriptor ---- */

static bool has_events(const struct inotify *inotify)
{
	return __atomic_load_n(&inotify->byte_count, __ATOMIC_RELAXED) > 0;
}

/*
 * Takes the first event off when it fits into `room`: NULL without one, *too_big when it did not fit.
 * The overflow comes last and has no memory of its own: *overflow instead of an event.
 */
enum taken { TAKEN_NOTHING, TAKEN_EVENT, TAKEN_OVERFLOW, TAKEN_TOO_BIG };

static enum taken take_event(struct inotify *inotify, size_t room, struct event **taken)
{
	enum taken answer = TAKEN_NOTHING;
	size_t size = sizeof(struct abi_inotify_event);

	spin_lock(&notify_lock);
	struct event *event = TAILQ_FIRST(&inotify->events);

	if (event)
		size += event->abi.name_size;
	if (!event && !inotify->overflowed) {
		answer = TAKEN_NOTHING;
	} else if (size > room) {
		answer = TAKEN_TOO_BIG;
	} else {
		answer = event ? TAKEN_EVENT : TAKEN_OVERFLOW;
		inotify->byte_count -= (uint32_t)size;
		if (event) {
			TAILQ_REMOVE(&inotify->events, event, link);
			inotify->event_count--;
		} else {
			inotify->overflowed = false;
		}
	}
	spin_unlock(&notify_lock);
	*taken = event;
	return answer;
}

static int copy_event(struct transfer *to, const struct event *event)
{
	int error = transfer_to(to, &event->abi, sizeof(event->abi));

	if (!error && event->abi.name_size)
		error = transfer_to(to, event->name, event->name_length);
	if (!error && event->abi.name_size)
		error = transfer_zeros(to, event->abi.name_size - event->name_length);
	return error;
}

/* As many whole events as fit: the bytes, 0: there is none, -EINVAL: not even the first fits. */
static int64_t read_events(struct inotify *inotify, struct transfer *to)
{
	static const struct abi_inotify_event overflow = { .descriptor = -1, .mask = IN_OVERFLOW };
	size_t before = to->remaining;

	for (;;) {
		size_t start = to->remaining;
		struct event *event;
		int error = 0;

		switch (take_event(inotify, start, &event)) {
		case TAKEN_NOTHING:
			return (int64_t)(before - start);
		case TAKEN_TOO_BIG:
			return start == before ? -EINVAL : (int64_t)(before - start);
		case TAKEN_OVERFLOW:
			error = transfer_to(to, &overflow, sizeof(overflow));
			break;
		case TAKEN_EVENT:
			error = copy_event(to, event);
			kfree(event);
			break;
		}
		if (error)
			return start == before ? error : (int64_t)(before - start);
	}
}

static int64_t inotify_read(struct file *file, struct transfer *to, uint64_t *position)
{
	struct inotify *inotify = file->private;

	(void)position;
	for (;;) {
		int64_t answer = read_events(inotify, to);

		if (answer)
			return answer;
		if (file_nonblocking(file))
			return -EAGAIN;
		answer = wait_event_interruptible(&inotify->readers, has_events(inotify));
		if (answer)
			return answer;
	}
}

static uint32_t inotify_poll(struct file *file, struct poll_table *table)
{
	struct inotify *inotify = file->private;

	poll_wait(table, &inotify->readers);
	return has_events(inotify) ? POLLIN | POLLRDNORM : 0;
}

static int64_t inotify_control(struct file *file, uint32_t command, uaddr_t argument)
{
	const struct inotify *inotify = file->private;
	int32_t bytes = (int32_t)__atomic_load_n(&inotify->byte_count, __ATOMIC_RELAXED);

	if (command != FIONREAD)
		return -ENOTTY;
	return copy_to_user(argument, &bytes, sizeof(bytes));
}

/* One at a time: the lock is not held for all of them. */
static void inotify_release(struct file *file)
{
	struct inotify *inotify = file->private;
	struct watch *watch;
	struct event *event;

	do {
		spin_lock(&notify_lock);
		watch = LIST_FIRST(&inotify->watches);
		if (watch)
			unlink_watch(watch);
		spin_unlock(&notify_lock);
		kfree(watch);
	} while (watch);
	while ((event = TAILQ_FIRST(&inotify->events))) {
		TAILQ_REMOVE(&inotify->events, event, link);
		kfree(event);
	}
}

static void inotify_inode_release(struct inode *inode)
{
	kfree(container_of(inode, struct inotify, inode));
	__atomic_fetch_sub(&instance_count, 1, __ATOMIC_RELAXED);
}

static const struct inode_operations inotify_inode_operations = {
	.release = inotify_inode_release,
};

static const struct file_operations inotify_operations = {
	.read = inotify_read,
	.poll = inotify_poll,
	.control = inotify_control,
	.release = inotify_release,
};

/* ---- the calls ---- */

int64_t sys_inotify_init1(const uint64_t *argument)
{
	uint32_t flags = (uint32_t)argument[0];
	struct inotify *inotify;
	struct file *file;

	if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	if (__atomic_add_fetch(&instance_count, 1, __ATOMIC_RELAXED) > INSTANCES_MAX) {
		__atomic_fetch_sub(&instance_count, 1, __ATOMIC_RELAXED);
		return -EMFILE;
	}
	inotify = kzalloc(sizeof(*inotify));
	if (!inotify) {
		__atomic_fetch_sub(&instance_count, 1, __ATOMIC_RELAXED);
		return -ENOMEM;
	}
	inode_init(&inotify->inode, &inotify_filesystem, &inotify_inode_operations, &inotify_operations,
		   0600);
	inotify->inode.number = filesystem_next_number(&inotify_filesystem);
	waitqueue_init(&inotify->readers);
	TAILQ_INIT(&inotify->events);
	LIST_INIT(&inotify->watches);
	file = file_create(&inotify->inode, &inotify_operations, flags | O_RDONLY);
	if (!file)
		return -ENOMEM;
	file->private = inotify;
	return fd_install(file, flags);
}

/* The watch of an object; notify_lock is held. */
static struct watch *find_watch(const struct inotify *inotify, const struct inode *inode)
{
	struct watch *watch;

	LIST_FOREACH(watch, object_bucket(inode->filesystem, inode->number), object_link)
		if (watch->owner == inotify && watch->filesystem == inode->filesystem &&
		    watch->number == inode->number)
			return watch;
	return NULL;
}

/* `fresh` becomes the watch when there is none yet: *fresh is NULL then. notify_lock is held. */
static int64_t set_watch(struct inotify *inotify, const struct inode *inode, uint32_t mask,
			 struct watch **fresh)
{
	struct watch *watch = find_watch(inotify, inode);

	if (watch && (mask & IN_MASK_CREATE))
		return -EEXIST;
	if (watch) {
		watch->mask = (mask & MASK_KEPT) | (mask & IN_MASK_ADD ? watch->mask : 0);
		return watch->descriptor;
	}
	if (notify_watch_count >= WATCHES_MAX || inotify->last_descriptor == INT32_MAX)
		return -ENOSPC;
	watch = *fresh;
	*fresh = NULL;
	*watch = (struct watch){
		.owner = inotify, .filesystem = inode->filesystem, .number = inode->number,
		.descriptor = ++inotify->last_descriptor, .mask = mask & MASK_KEPT,
	};
	LIST_INSERT_HEAD(object_bucket(inode->filesystem, inode->number), watch, object_link);
	LIST_INSERT_HEAD(descriptor_bucket(inotify, watch->descriptor), watch, descriptor_link);
	LIST_INSERT_HEAD(&inotify->watches, watch, owner_link);
	__atomic_fetch_add(&notify_watch_count, 1, __ATOMIC_RELAXED);
	return watch->descriptor;
}

static int64_t watch_path(struct inotify *inotify, uaddr_t user_path, uint32_t mask)
{
	unsigned int walk = (mask & IN_DONT_FOLLOW ? 0 : PATH_FOLLOW) |
			    (mask & IN_ONLYDIR ? PATH_DIRECTORY : 0);
	struct watch *fresh;
	struct path_text text;
	struct path path;
	int64_t answer = path_text_copy(&text, user_path);

	if (answer)
		return answer;
	answer = path_lookup(AT_FDCWD, text.text, walk, &path);
	path_text_release(&text);
	if (answer)
		return answer;
	answer = inode_permission(path.dentry->inode, ACCESS_READ);
	fresh = answer ? NULL : kmalloc(sizeof(*fresh));
	if (!answer && !fresh)
		answer = -ENOMEM;
	if (!answer) {
		spin_lock(&notify_lock);
		answer = set_watch(inotify, path.dentry->inode, mask, &fresh);
		spin_unlock(&notify_lock);
	}
	kfree(fresh);
	path_put(&path);
	return answer;
}

/* The instance behind a descriptor: 0, -EBADF, -EINVAL another kind of file. */
static int borrow_inotify(int fd, struct borrowed_file *borrowed)
{
	*borrowed = fd_borrow(fd);
	if (!borrowed->file)
		return -EBADF;
	if (borrowed->file->operations == &inotify_operations)
		return 0;
	fd_return(*borrowed);
	return -EINVAL;
}

int64_t sys_inotify_add_watch(const uint64_t *argument)
{
	uint32_t mask = (uint32_t)argument[2];
	struct borrowed_file borrowed;
	int64_t answer;

	if (!(mask & EVENTS_WATCHED) || (mask & ~MASK_VALID) ||
	    ((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE)))
		return -EINVAL;
	answer = borrow_inotify((int)argument[0], &borrowed);
	if (answer)
		return answer;
	answer = watch_path(borrowed.file->private, argument[1], mask);
	fd_return(borrowed);
	return answer;
}

int64_t sys_inotify_rm_watch(const uint64_t *argument)
{
	int32_t descriptor = (int32_t)argument[1];
	struct borrowed_file borrowed;
	struct inotify *inotify;
	struct watch *watch;
	int error = borrow_inotify((int)argument[0], &borrowed);

	if (error)
		return error;
	inotify = borrowed.file->private;
	spin_lock(&notify_lock);
	LIST_FOREACH(watch, descriptor_bucket(inotify, descriptor), descriptor_link)
		if (watch->owner == inotify && watch->descriptor == descriptor)
			break;
	if (watch)
		end_watch(watch);
	else
		error = -EINVAL;
	spin_unlock(&notify_lock);
	fd_return(borrowed);
	return error;
}
