// SPDX-License-Identifier: Apache-2.0
/*
 * lock_rank.h - THE lock order. A lock may be taken only while every lock held has a smaller
 * rank; the checked kernel asserts it (two run queues: see LOCK_RANK_RUNQUEUE).
 *
 * Ranks below LOCK_RANK_FIRST_SPINLOCK are mutexes and sleep; the others are spinlocks, held for
 * a bounded handful of instructions. While a lock of rank >= LOCK_RANK_ADDRESS_SPACE is held,
 * user memory may not be touched (a fault takes the address space), and while any spinlock is
 * held, nothing may sleep.
 */
#ifndef KERNEL_SYNC_LOCK_RANK_H
#define KERNEL_SYNC_LOCK_RANK_H

enum lock_rank {
	LOCK_RANK_NONE,
	/* mutexes */
	LOCK_RANK_NAMESPACE,     /* names and mounts of the VFS: create, unlink, rename, mount */
	LOCK_RANK_INODE,         /* one file's contents and size against other writers */
	LOCK_RANK_SOCKET,        /* states and queues of local sockets */
	LOCK_RANK_STREAM,        /* a pipe, a terminal, a character device */
	LOCK_RANK_HOTPLUG,       /* CPUs going off and on, one at a time */
	LOCK_RANK_MOVER,         /* who moves pages after a change of the tree's memory nodes */
	LOCK_RANK_TREE,          /* shape, settings and members of the cgroup tree */
	LOCK_RANK_ADDRESS_SPACE, /* one process's mappings and page table */
	/* spinlocks */
	LOCK_RANK_FIRST_SPINLOCK,
	LOCK_RANK_FAMILY = LOCK_RANK_FIRST_SPINLOCK, /* PIDs, parents, children, threads, zombies */
	LOCK_RANK_SIGNAL,        /* one process's handlers and pending signals */
	LOCK_RANK_FUTEX,         /* one bucket of futex waiters */
	LOCK_RANK_FILES,         /* one descriptor table; one working directory */
	LOCK_RANK_FILE_STATE,    /* reference counts and small state of the VFS and its devices */
	LOCK_RANK_NOTIFY,        /* who watches which file, and what happened to it */
	LOCK_RANK_PAGE_CACHE,    /* the pages of one file */
	LOCK_RANK_WAITQUEUE,     /* one wait queue */
	LOCK_RANK_TIMER,         /* one CPU's timers */
	LOCK_RANK_TASK,          /* one task's placement: wake-up, mask */
	LOCK_RANK_RUNQUEUE,      /* one CPU's run queue; two only as a pair */
	LOCK_RANK_GROUP,         /* one group's standing among its siblings */
	LOCK_RANK_QUOTA,         /* one group's pool of CPU time */
	LOCK_RANK_STACK,         /* the pool of kernel stacks */
	LOCK_RANK_SLAB,          /* one slab cache */
	LOCK_RANK_PAGE,          /* the page allocator */
	LOCK_RANK_DEVICE,        /* one device's registers */
	LOCK_RANK_CONSOLE,       /* the kernel's log */
	LOCK_RANK_COUNT
};

#endif
