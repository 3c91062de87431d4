// SPDX-License-Identifier: Apache-2.0
/*
 * tree.h - the kernel's hold on the pure tree: its mutex, the memory of its nodes, and the
 * publication of what it decides to the scheduler.
 *
 * A node object outlives its removal as long as an inode, an open file or a task holds it; a
 * removed node (cg_node_is_dead) answers ENODEV to everything.
 */
#ifndef KERNEL_SCHED_TREE_H
#define KERNEL_SCHED_TREE_H

#include "cgroups/cg.h"
#include "kernel/sync/mutex.h"
#include "sysfs/sysfs.h"

struct cred;
struct pressure_trigger;
struct task;
struct task_group;
struct waitqueue;

extern struct mutex tree_mutex; /* LOCK_RANK_TREE */

struct cg_node *tree_root(void);
struct task_group *tree_group_of(struct cg_node *node);
void tree_node_get(struct cg_node *node);
void tree_node_put(struct cg_node *node);

/* mkdir and rmdir. Take the mutex. Errors as cg_create / cg_remove, and -ENOMEM. *made, without a reference,
 * is the caller's to look at as long as it keeps others from removing it. */
int tree_make_node(struct cg_node *parent, const char *name, size_t length, uint32_t mode,
		   struct cg_node **made);
int tree_remove_node(struct cg_node *node);

/* The text of a pseudo-file into `buffer`: the length it has (more than size: call again with a
 * bigger buffer), or -errno. */
int64_t tree_show(const struct sysfs_row *row, struct cg_node *node, char *buffer, size_t size);
/* Who writes: in whose name, and where its descriptor keeps a trigger (of cpu.pressure alone). */
struct tree_writer {
	const struct cred *opener;
	struct pressure_trigger **trigger;
};
/* One write(2): 0 or -errno. When it returns, every affected task has left the CPUs it lost. A NUL ends the
 * text. */
int tree_store(const struct sysfs_row *row, struct cg_node *node, const struct tree_writer *writer,
	       const char *text, size_t length);

/*
 * Owner and permissions of a node's directory (row NULL) or file: its maker's until they are changed
 * (-ENOMEM, -ENODEV). Both with the mutex.
 */
struct tree_attributes {
	uint32_t mode, uid, gid;
};
struct tree_attributes tree_attributes(struct cg_node *node, const struct sysfs_row *row);
int tree_set_attributes(struct cg_node *node, const struct sysfs_row *row,
			const struct tree_attributes *attributes);
void tree_forget_attributes(struct task_group *group);
/* Whether `cred` may take a task from one node to another: write to cgroup.procs of the nearest node
 * above both; and to that of one node: 0 or -EACCES. With the mutex. */
int tree_may_move(const struct cred *cred, struct cg_node *from, const struct cg_node *to);
int tree_may_write_procs(const struct cred *cred, struct cg_node *node);

/* The same for a file below /sys/devices/system/cpu/cpuN. The store sleeps and takes LOCK_RANK_HOTPLUG. */
int64_t tree_show_cpu(const struct sysfs_cpu_file *file, struct sysfs_cpu_place place, char *buffer,
		      size_t size);
int tree_store_cpu(const struct sysfs_cpu_file *file, unsigned int cpu, const char *text, size_t length);

/* ---- tree_view.c: sched.opaque. Take the mutex. ---- */

/* The possible CPUs that the current task sees; whether those are not all. */
bool tree_view(struct cpumask *cpus);
/* Whether it sees where that task runs. */
bool tree_sees_task(const struct task *task);
/* Whether that task is in its group or below. Takes the mutex. */
bool tree_is_below_mine(const struct task *task);

/*
 * Files whose changes are told to those who wait for them: cgroup.events, pids.events,
 * cpuset.cpus.effective, cpuset.cpus.partition, memory.events, memory.events.local. A descriptor has
 * news when the count is another than it was at its last read; the queue is woken at each change, and when the node is removed.
 * So is that of cpu.pressure when a trigger fires: which descriptors have news, their triggers say.
 */
enum tree_news { TREE_NEWS_EVENTS, TREE_NEWS_PIDS, TREE_NEWS_EFFECTIVE, TREE_NEWS_PARTITION,
		 TREE_NEWS_MEMORY, TREE_NEWS_MEMORY_LOCAL, TREE_NEWS_PRESSURE, TREE_NEWS_COUNT };
uint32_t tree_news_count(struct cg_node *node, enum tree_news news);
struct waitqueue *tree_news_queue(struct cg_node *node, enum tree_news news);
/* Whom to tell besides, set at boot. Called at each change with the mutex held. */
extern void (*tree_news_listener)(const struct cg_node *node, enum tree_news news);
/* The current task stands still as long as its node freezes, unless it must end. No lock is held. */
void task_freeze(void);
/* For tree.c: the node began or ceased to freeze; a task came to another node; cgroup.kill. With the mutex. */
void tree_stop_members(struct cg_node *node);
void tree_stop_task(struct task *task);
void tree_kill(void *unused, struct cg_node *node);
/* For tree.c, tree_mems.c: the task takes pages from its node's memory nodes alone; its process's pages
 * are to be moved when those changed. With the mutex. */
void tree_publish_mems(struct task *task);
bool tree_has_moves(void);
/* Moves them. Sleeps; takes LOCK_RANK_MOVER and the mutex. */
void tree_move_pages(void);

/*
 * The memory controller. For tree.c, with the mutex: a task came to a node (of its own domain); it is about
 * to leave the tree; a node was removed; memory.max changed; the numbers of a node.
 */
void tree_memory_place(struct task *task);
void tree_memory_leave(struct task *task);
void tree_memory_remove(struct cg_node *node);
void tree_memory_publish(struct cg_node *node);
void tree_memory_usage(void *unused, const struct cg_node *node, struct sysfs_memory_usage *usage);
/* After memory.max was lowered, without the mutex: kills until it holds, or nobody is left, or a signal
 * comes. */
void tree_memory_enforce(struct cg_node *node);
/* The current task's operation failed for the charge that it was refused (or for another reason: false).
 * Makes room; true: it may be done again. Sleeps; nothing of rank >= LOCK_RANK_TREE is held. */
bool tree_memory_settle(void);
/* The current task has found no page on those memory nodes, or may not have the last ones: the largest process
 * that uses them is killed. True: there may be a page now; false: there is nobody, or the current task is to
 * go. As above. */
bool tree_memory_relieve(uint64_t nodes);
/* It was refused a charge and went on without: that is counted. */
void tree_memory_forgo(void);

/* Takes over what the last operation changed, and lets go of the tree. Nobody has lost a CPU. */
void tree_publish_and_unlock(void);
/* The same after what may take CPUs away: when it returns, the tree is obeyed. */
void tree_publish_and_wait(void);

/* A file of the node has news. With the mutex. */
void tree_news_tell(struct cg_node *node, enum tree_news news);
/* For tree.c: what an operation changed in a node; a new node's files; a removed one's. */
void tree_news_publish(struct cg_node *node, unsigned int changes);
void tree_news_init(struct task_group *group);
void tree_news_end(struct cg_node *node);

/* A new thread takes its parent's place, or goes into `node` (CLONE_INTO_CGROUP; NULL: none).
 * Fills child->allowed. Errors of cg_check_attach. Before sched_start(). Takes the mutex. */
int tree_fork(struct task *child, struct task *parent, struct cg_node *node);
/* The exiting task leaves the tree. Of its group's share it has its part to the last. */
void tree_exit(struct task *task);
/* It has been switched away from for ever: its group may go, too. No lock is held. */
void tree_end(struct task *task);

/* sched_setaffinity(2) after its permission check. `request` already cut to possible CPUs.
 * -EINVAL: nothing of it is allowed, or a kernel thread. */
enum tree_pin {
	TREE_PIN_ANY, /* what the node has of it */
	TREE_PIN_ALL, /* -EINVAL unless it has all of it */
};
int tree_pin(struct task *task, const struct cpumask *request, enum tree_pin which);

/* A CPU goes (before it is taken off cpu_online) or has come. Every affected task has left it when it
 * returns. 0, or -EBUSY: deadline tasks need the one that is to go, and nothing has changed. Takes the
 * mutex. */
enum cpu_change { CPU_OFF, CPU_ON };
int tree_set_cpu_online(unsigned int id, enum cpu_change change);

void tree_init(void); /* boot: the root, and the boot task in it */

#endif
