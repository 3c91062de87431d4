// SPDX-License-Identifier: Apache-2.0
/*
 * libsched.h - a cgroup v2 tree by its files and calls: what schedctl and execd share.
 *
 * It works on any cgroup2 mount, Taper's or Linux's. A group is named by its path below the
 * mount; the root's path is "". Nothing is cached: every call asks the files.
 *
 * Every function that may fail answers 0 or -Exxx and then leaves in *error one line that says
 * what, where, why and what to do: "web/api: cpuset.cpus 8-9: this machine has CPUs 0-3 (ERANGE)".
 *
 * Context: one thread; no global state.
 */
#ifndef TOOLS_SCHEDCTL_LIBSCHED_H
#define TOOLS_SCHEDCTL_LIBSCHED_H

#include <stddef.h>
#include <sys/types.h>

#include "cgroups/cpumask.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	SCHED_PATH_MAX = 1024,  /* a group's path and its NUL */
	SCHED_ERROR_MAX = 1536, /* a path, a value and a reason */
	SCHED_COMPONENT_MAX = 255,
	SCHED_SHARES_MIN = 1,
	SCHED_SHARES_MAX = 10000,
	SCHED_SHARES_DEFAULT = 100,
};

#define SCHED_ROOT_DEFAULT "/sys/fs/cgroup"

struct sched_error {
	int number;
	char text[SCHED_ERROR_MAX];
};

/* Puts down the line and " (ENAME)" behind it; answers -number. */
int sched_fail(struct sched_error *error, int number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- names and values: pure (libsched_names.c) ---- */

struct sched_group {
	char path[SCHED_PATH_MAX];
};

/* Slashes at both ends and doubled ones fall away. -EINVAL: empty, "." or "..", a newline;
 * -ENAMETOOLONG. "/" is the root. */
int sched_group_parse(const char *text, struct sched_group *group, struct sched_error *error);

/* The path, "/" for the root. */
const char *sched_group_label(const struct sched_group *group);

/* False for the root, which has no parent. */
bool sched_group_parent(const struct sched_group *group, struct sched_group *parent);

/* Parents before children, names in byte order: as `tree` shows them. <0, 0, >0. */
int sched_path_compare(const char *one, const char *other);

/* The pseudo-file behind a setting's short name (cpus, shares, ...); a name with a dot is a
 * pseudo-file's own and answered as it is; NULL: neither. */
const char *sched_setting_file(const char *name);

/* The short names, for messages; NULL at the end. */
extern const char *const sched_setting_names[];

/* A whole decimal number from 1 to 10000. -EINVAL: it is none; -ERANGE. */
int sched_shares_parse(const char *text, unsigned int *shares);

/* A task's number. -EINVAL: it is none; -ERANGE: below 1 or too large. */
int sched_task_parse(const char *text, pid_t *task);

/* The word nearest to the mistyped one, NULL when none is near; NULL ends the words. */
const char *sched_suggest(const char *typed, const char *const *words);

/* ---- the machine ---- */

/* The CPUs that may ever be there; all 512 where /sys does not tell. */
struct cpumask sched_machine_cpus(void);

/* The list's text in buffer, NUL at its end; "-" for none. Answers buffer. */
char *sched_cpus_text(const struct cpumask *mask, char *buffer, size_t size);

/* ---- the tree ---- */

struct sched_tree {
	int fd; /* the mount, O_PATH; -1: closed */
	const char *path;
};

int sched_tree_open(struct sched_tree *tree, const char *path, struct sched_error *error);
void sched_tree_close(struct sched_tree *tree);

bool sched_group_exists(const struct sched_tree *tree, const struct sched_group *group);

/* A descriptor of the group, O_PATH, as clone3 takes it; or -Exxx. */
int sched_group_open(const struct sched_tree *tree, const struct sched_group *group,
		     struct sched_error *error);

enum sched_create {
	SCHED_CREATE_ONE,     /* the parent is there, the group is not */
	SCHED_CREATE_PARENTS, /* whatever is missing on the way; fine when nothing is */
};

/*
 * Makes the group. The controllers cpuset and cpu, where the kernel has them, are enabled in its
 * parent (with SCHED_CREATE_PARENTS: in every ancestor), so that it has its files. *made_count
 * groups are new; when it fails none is left behind.
 */
int sched_group_create(const struct sched_tree *tree, const struct sched_group *group,
		       enum sched_create how, unsigned int *made_count, struct sched_error *error);

/* Takes back what sched_group_create made: the group and count - 1 of its ancestors. */
void sched_group_unmake(const struct sched_tree *tree, const struct sched_group *group,
			unsigned int count);

int sched_group_remove(const struct sched_tree *tree, const struct sched_group *group,
		       struct sched_error *error);

struct sched_list {
	struct sched_group *group; /* parents before children, siblings by name */
	size_t count;
};

/* The group and everything below it. A group that goes meanwhile is left out. */
int sched_group_list(const struct sched_tree *tree, const struct sched_group *top,
		     struct sched_list *list, struct sched_error *error);
void sched_list_free(struct sched_list *list);

/* ---- pseudo-files ---- */

/* The whole text, newline at the end taken off, to free(). */
int sched_file_read(const struct sched_tree *tree, const struct sched_group *group,
		    const char *file, char **text, struct sched_error *error);

/* Refuses a value that the file can never take, before anything is asked of the kernel. */
int sched_value_check(const struct sched_group *group, const char *file, const char *value,
		      struct sched_error *error);

/* One write. What the kernel would refuse for its form (lists, shares) is refused before. An
 * empty value clears. */
int sched_file_write(const struct sched_tree *tree, const struct sched_group *group,
		     const char *file, const char *value, struct sched_error *error);

/* The CPUs that the group's tasks may use: of the nearest ancestor that has cpuset's files. */
int sched_group_effective(const struct sched_tree *tree, const struct sched_group *group,
			  struct cpumask *mask, struct sched_error *error);

/* ---- tasks ---- */

enum sched_kind {
	SCHED_PROCESSES,
	SCHED_THREADS,
};

struct sched_tasks {
	pid_t *task;
	size_t count;
};

/* The members of one group, sorted. A threaded group has threads only: they are answered then. */
int sched_tasks_read(const struct sched_tree *tree, const struct sched_group *group,
		     enum sched_kind kind, struct sched_tasks *tasks, struct sched_error *error);
void sched_tasks_free(struct sched_tasks *tasks);

/* Task 0 is the caller. */
int sched_task_move(const struct sched_tree *tree, const struct sched_group *group, pid_t task,
		    enum sched_kind kind, struct sched_error *error);

/* The group that the task is in, from /proc. */
int sched_task_group(pid_t task, struct sched_group *group, struct sched_error *error);

/* The command's name as /proc tells it, "?" when the task is gone. Answers buffer. */
char *sched_task_name(pid_t task, char *buffer, size_t size);

int sched_task_pin(pid_t task, const struct cpumask *mask, struct sched_error *error);
int sched_task_affinity(pid_t task, struct cpumask *mask, struct sched_error *error);

/* By which rule a task is scheduled: the kernel's number; fifo and rr have a priority, deadline tasks the
 * times. */
struct sched_policy {
	unsigned int number, priority;
	uint64_t runtime_us, deadline_us, period_us;
};
const char *sched_policy_name(unsigned int number); /* "?": unknown */
int sched_policy_number(const char *name);          /* -1: unknown */
int sched_task_policy(pid_t task, struct sched_policy *policy, struct sched_error *error);
int sched_task_set_policy(pid_t task, const struct sched_policy *policy, struct sched_error *error);

/* When a fair task runs: its class, which may be its group's, and its hints; in us, 0: none. Only Taper has
 * these calls; elsewhere -ENOSYS. */
struct sched_task_qos {
	unsigned int qos_class; /* an index of sched_qos_names */
	bool is_inherited;
	unsigned int shares, latency_us, burst_us, slice_us;
};
enum sched_hint { SCHED_HINT_SHARES, SCHED_HINT_LATENCY, SCHED_HINT_BURST };
extern const char *const sched_qos_names[]; /* the last one NULL */
int sched_qos_parse(const char *name);      /* -EINVAL: no class */
/* Whether it is in bounds: the calls would cut it. */
bool sched_hint_allows(enum sched_hint hint, long value);
int sched_task_qos(pid_t task, struct sched_task_qos *qos, struct sched_error *error);
int sched_task_set_qos(pid_t task, unsigned int qos_class, struct sched_error *error);
int sched_task_set_hint(pid_t task, enum sched_hint hint, long value, struct sched_error *error);

/* Becomes the program argv[0], searched in PATH when it has no slash; never a shell in the place of
 * what is no program (execvp(3) tries that). Answers only when it cannot: -Exxx. */
int sched_exec(char *const argv[]);

/* As fork(), but the child's first instruction already runs inside the group. -Exxx: no child. */
pid_t sched_fork_into(const struct sched_tree *tree, const struct sched_group *group,
		      struct sched_error *error);

#ifdef __cplusplus
}
#endif

#endif
