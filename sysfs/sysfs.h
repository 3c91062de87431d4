// SPDX-License-Identifier: Apache-2.0
/*
 * sysfs.h - the pseudo-files over the tree: text in, text out.
 *
 * A file is a row: a name, a mode, where it exists, a function that shows it and one that stores
 * into it. One table has the files of a node under /sys/fs/cgroup, one the files of
 * /sys/devices/system/cpu (their node is always the root).
 *
 * Context: the caller holds whatever guards the tree. A store queues what it changed there.
 */
#ifndef SYSFS_SYSFS_H
#define SYSFS_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroups/cg.h"
#include "sysfs/outbuf.h"
#include "sysfs/topology.h"

/* CPU time that a node's tasks, those below it included, have had; `nice` is a part of `user`. */
struct sysfs_cpu_usage {
	uint64_t user_us, system_us, nice_us;
};

/* Memory that is charged to a node and those below it, in bytes. */
struct sysfs_memory_usage {
	uint64_t total, peak; /* all of it; the most that it has been */
	uint64_t anon, file, kernel_stack, page_tables, kernel; /* `kernel` has all of the kernel's */
};

/* What a node's quota did to it: cpu.stat. */
struct sysfs_cpu_bandwidth {
	uint64_t periods;           /* in which its tasks ran, or waited for the quota */
	uint64_t throttled_periods; /* of them, in which a task had to wait */
	uint64_t throttled_us;      /* how long, each CPU for itself */
	uint64_t bursts;            /* periods with more than the quota, saved before */
	uint64_t burst_us;          /* how much more, in all */
	uint64_t held_us;           /* how long tasks of this node waited for any quota above them */
};

/* For how long tasks had to wait: averages over so many seconds in 1/100 %, and in all. */
struct sysfs_pressure_line {
	uint32_t avg10, avg60, avg300;
	uint64_t total_us;
};

struct sysfs_pressure {
	struct sysfs_pressure_line some; /* at least one of the subtree's tasks */
	struct sysfs_pressure_line full; /* and none of them ran */
};

/* To be told when the subtree's tasks have waited for `threshold_us` of any `window_us`. */
struct sysfs_pressure_trigger {
	bool full;    /* and none of them ran */
	bool often;   /* looked at several times a window; else the window is a multiple of SYSFS_PRESSURE_STEP_US */
	uint32_t threshold_us, window_us; /* 0 < threshold_us <= window_us <= 10 s */
};
enum { SYSFS_PRESSURE_STEP_US = 2000000 };

/* What only the surrounding system knows. `context` is handed to each function. */
struct sysfs_environment {
	void *context;
	/* The living thread with that TID; NULL: none. For 0 (and only then) the writer itself. */
	struct cg_member *(*find_member)(void *context, int32_t tid);
	/* Whether the writer may take the member, or all of its process, to that node: 0, or what
	 * docs/sysfs.md says of cgroup.procs. */
	int (*may_move)(void *context, const struct cg_member *member, const struct cg_node *node,
			enum cg_scope scope);
	/* What they had on those CPUs up to now. */
	void (*cpu_usage)(void *context, const struct cg_node *node, const struct cpumask *cpus,
			  struct sysfs_cpu_usage *usage);
	/* With CG_FEATURE_BANDWIDTH. */
	void (*cpu_bandwidth)(void *context, const struct cg_node *node,
			      struct sysfs_cpu_bandwidth *bandwidth);
	/* How many interrupts the kernel has taken on that CPU. */
	uint64_t (*cpu_interrupts)(void *context, unsigned int cpu);
	/* The node's, up to now; `full` of the root means nothing. */
	void (*cpu_pressure)(void *context, const struct cg_node *node, struct sysfs_pressure *pressure);
	/* Whether the opener may be told as often as he likes. */
	bool (*may_watch_often)(void *context);
	/* The opener, who has no trigger yet, is told from now on: 0, -ENOMEM also when there are too many. */
	int (*watch_pressure)(void *context, struct cg_node *node, const struct sysfs_pressure_trigger *trigger);
	/* With CG_FEATURE_KILL: ends every process here and below, forks under way included. */
	void (*kill)(void *context, struct cg_node *node);
	/* A CPU goes or comes: 0, -EBUSY the last one, -EIO its hart does not start. The tree's guard is
	 * not held. */
	int (*take_cpu_offline)(void *context, unsigned int cpu);
	int (*bring_cpu_online)(void *context, unsigned int cpu);
	/* Whether the writer may make a remote partition: 0 or -EPERM. NULL: everybody may. */
	int (*may_take_root_cpus)(void *context);
	const struct topology *topology; /* of /sys/devices/system/cpu */
	const struct cg_node *viewer; /* where who reads or writes is; NULL: sees everything */
	/* With the memory controller. */
	void (*memory_usage)(void *context, const struct cg_node *node,
			     struct sysfs_memory_usage *usage);
};

enum sysfs_where { SYSFS_ON_ROOT = 1, SYSFS_BELOW_ROOT = 2, SYSFS_EVERYWHERE = 3 };

struct sysfs_row {
	const char *name;
	uint8_t name_length;
	uint16_t mode;              /* permission bits: 0444, 0644, 0200 */
	uint8_t where;              /* enum sysfs_where */
	cg_controllers controllers; /* the node must have one of them; 0: always there */
	uint8_t features;           /* the system must have all of them (enum cg_feature) */
	bool tells_cpus;            /* hidden from those that do not see the node's CPUs */
	uint16_t write_max;         /* bytes; 0: SYSFS_WRITE_MAX */
	/* 0 or -errno; NULL: cannot be read. */
	int (*show)(const struct sysfs_environment *environment, const struct cg_node *node,
		    struct outbuf *out);
	/* 0 or -errno; the text holds no NUL and has not been trimmed. NULL: cannot be written. */
	int (*store)(const struct sysfs_environment *environment, struct cg_node *node,
		     const char *text, size_t length);
};

/* The whole tables. A row's index in its table never changes while the system runs. */
const struct sysfs_row *sysfs_cgroup_rows(size_t *count);
const struct sysfs_row *sysfs_cpu_rows(size_t *count);

/* Where a file below /sys/devices/system/cpu/cpuN is: itself, topology/, cache/indexN/. */
enum sysfs_cpu_directory { SYSFS_OF_CPU, SYSFS_OF_TOPOLOGY, SYSFS_OF_CACHE };

struct sysfs_cpu_place {
	unsigned int cpu;
	unsigned int cache; /* the index, in SYSFS_OF_CACHE */
};

/* Such a file: 0 or -errno; store NULL: read only. */
struct sysfs_cpu_file {
	const char *name;
	uint8_t directory; /* enum sysfs_cpu_directory */
	uint16_t mode;
	int (*show)(const struct sysfs_environment *environment, const struct cg_tree *tree,
		    struct sysfs_cpu_place place, struct outbuf *out);
	int (*store)(const struct sysfs_environment *environment, unsigned int cpu, const char *text,
		     size_t length);
	/* Whether the machine tells it of that cache; NULL: always. */
	bool (*known)(const struct topology_cache *cache);
};
const struct sysfs_cpu_file *sysfs_cpu_files(size_t *count);

/*
 * One read of it. 0, or -ENOENT the reader does not see that CPU (or has no caches to see), -ENODEV
 * the CPU does not run.
 */
int sysfs_show_cpu(const struct sysfs_environment *environment, const struct sysfs_cpu_file *file,
		   const struct cg_tree *tree, struct sysfs_cpu_place place, struct outbuf *out);

/* Whether the reader sees no more than his subtree; the CPUs that he sees of the possible ones. */
bool sysfs_is_opaque(const struct sysfs_environment *environment);
struct cpumask sysfs_seen_cpus(const struct sysfs_environment *environment,
			       const struct cg_tree *tree);

/* Whether the file is in that node's directory now. */
bool sysfs_row_visible(const struct sysfs_row *row, const struct cg_node *node);
/* The visible file of that name in a node's directory, in /sys/devices/system/cpu; NULL: none. */
const struct sysfs_row *sysfs_find_row(const struct cg_node *node, const char *name, size_t length);
const struct sysfs_row *sysfs_find_cpu_row(const char *name, size_t length);

/*
 * One read of the whole file into *out (which may overflow: see outbuf.h). 0, or -ENODEV the node
 * is dead, -EACCES the reader does not see its CPUs, -EINVAL the file cannot be read, -EOPNOTSUPP what the file itself answers.
 */
int sysfs_show(const struct sysfs_environment *environment, const struct sysfs_row *row,
	       const struct cg_node *node, struct outbuf *out);

/*
 * One write. 0 (also for no bytes at all, which change nothing), or -ENODEV the node is dead,
 * -EINVAL the file cannot be written, -E2BIG too long, or what docs/sysfs.md says of the file.
 */
int sysfs_store(const struct sysfs_environment *environment, const struct sysfs_row *row,
		struct cg_node *node, const char *text, size_t length);

/* The longest write that is not -E2BIG: a caller need not copy more than one byte beyond it. */
enum { SYSFS_WRITE_MAX = 4096 };

/* ---- directories: sysfs_walk.c ---- */

/* An entry of a node's directory: a file or a child; "." and ".." are the caller's. */
struct sysfs_entry {
	const char *name;
	size_t length;
	const struct sysfs_row *row; /* NULL: a child */
	struct cg_node *child;       /* NULL: a file */
};

/*
 * Where a listing stands. `position` alone tells it, is worth keeping (0: the start) and stays
 * right whatever is made or removed meanwhile: files first, then children, oldest first, each that
 * is there all the time exactly once. The rest only makes going on fast; zero it when unsure.
 */
struct sysfs_cursor {
	uint64_t position;
	uint64_t shape;
	struct cg_node *next;
};

/* The next entry; false: the end. *cursor stands behind it then. */
bool sysfs_next_entry(struct cg_node *node, struct sysfs_cursor *cursor, struct sysfs_entry *entry);

struct sysfs_place {
	struct cg_node *node;
	const struct sysfs_row *row; /* NULL: the node's directory itself */
};

/* Where a path leads from `node`: names separated by '/', "." and empty ones skipped, ".." up (at
 * the root: the root). -ENOENT no such entry, -ENOTDIR a file in the middle, -ENODEV a dead
 * start. */
int sysfs_walk(struct cg_node *node, const char *path, size_t length, struct sysfs_place *place);

#endif
