// SPDX-License-Identifier: Apache-2.0
/*
 * flock.c - advisory locks. They are rare: one list of all of them, one queue for all who wait.
 *
 * Locks: (f) flocks_lock
 */
#include "kernel/fs/flock.h"

#include "kernel/fs/file.h"
#include "kernel/mm/slab.h"

enum { LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8 };

struct flock {
	LIST_ENTRY(flock) link; /* (f) */
	struct file *file;      /* (i) who holds it; no reference: its last one drops the lock */
	uint32_t kind;          /* (f) LOCK_SH, LOCK_EX */
};

static struct spinlock flocks_lock = SPINLOCK_INIT(LOCK_RANK_FILE_STATE);
static LIST_HEAD(, flock) flocks = LIST_HEAD_INITIALIZER(flocks); /* (f) */
static struct waitqueue released = WAITQUEUE_INIT(released);

/* The lock that the file holds, and whether another's is in the way of `kind`. (f) is held. */
static struct flock *find(const struct file *file, uint32_t kind, bool *conflict)
{
	struct flock *flock, *own = NULL;

	*conflict = false;
	LIST_FOREACH(flock, &flocks, link) {
		if (flock->file == file)
			own = flock;
		else if (flock->file->inode == file->inode &&
			 (kind == LOCK_EX || flock->kind == LOCK_EX))
			*conflict = true;
	}
	return own;
}

/* Takes the lock if nobody is in the way; *spare is used when it had none. */
static bool try_lock(struct file *file, uint32_t kind, struct flock **spare)
{
	bool conflict;

	spin_lock(&flocks_lock);
	struct flock *own = find(file, kind, &conflict);

	if (!conflict) {
		if (!own) {
			own = *spare;
			*spare = NULL;
			own->file = file;
			LIST_INSERT_HEAD(&flocks, own, link);
		}
		own->kind = kind;
		file->flock = kind;
	}
	spin_unlock(&flocks_lock);
	return !conflict;
}

void flock_release(struct file *file)
{
	bool conflict;

	spin_lock(&flocks_lock);
	struct flock *own = find(file, LOCK_SH, &conflict);

	if (own)
		LIST_REMOVE(own, link);
	file->flock = 0;
	spin_unlock(&flocks_lock);
	kfree(own);
	waitqueue_wake_all(&released);
}

int flock_change(struct file *file, uint32_t operation)
{
	uint32_t kind = operation & ~(uint32_t)LOCK_NB;
	struct flock *spare;
	int answer = 0;

	if (kind == LOCK_UN) {
		flock_release(file);
		return 0;
	}
	if (kind != LOCK_SH && kind != LOCK_EX)
		return -EINVAL;
	spare = kmalloc(sizeof(*spare));
	if (!spare)
		return -ENOMEM;
	if (!try_lock(file, kind, &spare)) {
		/* A change of kind is not atomic, as in Linux: the old lock goes before the wait.
		 */
		if (file->flock)
			flock_release(file);
		if (operation & LOCK_NB)
			answer = -EWOULDBLOCK;
		else
			answer = wait_event_interruptible(&released, try_lock(file, kind, &spare));
	}
	kfree(spare);
	return answer;
}
