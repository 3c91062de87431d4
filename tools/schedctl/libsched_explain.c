// SPDX-License-Identifier: Apache-2.0
/*
 * libsched_explain.c - why the kernel refused, in words.
 *
 * An errno says little by itself: the same EBUSY means tasks here and a controller there. One
 * table holds a reason for each pair of operation and number; what depends on the tree or on
 * the machine is worked out by a function.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cgroups/cpulist.h"
#include "tools/schedctl/libsched_explain.h"

#define NOT_A_LIST "this is no CPU list such as 0-3,6"
#define NOT_ALLOWED "not allowed; be root, or own this part of the tree"
#define HANDS_OUT "the group hands out memory, io or hugetlb and so takes no tasks"
#define NO_DOMAIN \
	"the group is 'domain invalid': its parent holds tasks itself; " \
	"move them out, or use a sibling"

struct reason {
	const char *what; /* "*": any operation that no other row names */
	int number;
	const char *text;
};

static const struct reason reasons[] = {
	{ "mkdir", EEXIST, "it is there already; with -p that is fine" },
	{ "mkdir", EAGAIN, "an ancestor's cgroup.max.depth or cgroup.max.descendants is reached" },
	{ "mkdir", ENOENT, "its parent is not there; 'create -p' makes the parents too" },
	{ "mkdir", ENOTDIR, "a pseudo-file's name stands in the path" },
	{ "mkdir", ENOMEM, "the kernel has no memory for another group" },
	{ "open", ENOTDIR, "that is a pseudo-file, not a group" },
	{ "rmdir", ENOTDIR, "that is a pseudo-file, not a group" },
	{ "cpuset.cpus", EINVAL, NOT_A_LIST },
	{ "cpuset.cpus", EOVERFLOW, NOT_A_LIST },
	{ "cpuset.cpus", ENOSPC,
	  "while tasks are in it or below, the request can be changed but not taken back" },
	{ "cpuset.cpus.exclusive", EINVAL,
	  "this is no list of CPUs, or a sibling has one of them for itself or would have none left" },
	{ "cpuset.cpus.partition", EINVAL, "a group is a member, root or isolated" },
	{ "cpuset.mems", EINVAL, "this is no list of memory nodes such as 0-1" },
	{ "cpuset.mems", ERANGE, "this machine has no such memory node" },
	{ "cpu.weight", EINVAL, "shares are a number from 1 to 10000 (and cpu.idle is 0)" },
	{ "cpu.weight", ERANGE, "shares go from 1 to 10000" },
	{ "cgroup.procs", ESRCH, "there is no such task" },
	{ "cgroup.threads", ESRCH, "there is no such task" },
	{ "cgroup.procs", EINVAL, "kernel threads stay where they are" },
	{ "cgroup.threads", EINVAL, "kernel threads stay where they are" },
	{ "cgroup.procs", EBUSY, HANDS_OUT },
	{ "cgroup.procs", EOPNOTSUPP, NO_DOMAIN },
	{ "cgroup.threads", EOPNOTSUPP,
	  "a thread may leave its process's group only within a threaded subtree" },
	{ "cgroup.procs", ENOSPC, "the group has no CPU" },
	{ "cgroup.threads", ENOSPC, "the group has no CPU" },
	{ "clone3", EBUSY, HANDS_OUT },
	{ "clone3", EOPNOTSUPP, NO_DOMAIN },
	{ "clone3", ENOSPC, "the group has no CPU" },
	{ "clone3", EAGAIN, "no more tasks are allowed here" },
	{ "clone3", ENOMEM, "the kernel has no memory for another task" },
	{ "clone3", ENOSYS, "this kernel starts no task inside a group" },
	{ "cgroup.subtree_control", EBUSY,
	  "the group holds tasks, and memory is for groups without; or a child uses the controller" },
	{ "cgroup.subtree_control", EOPNOTSUPP,
	  "memory is not for threaded groups, and a 'domain invalid' one hands out nothing" },
	{ "memory.max", EINVAL, "a limit is a number of bytes such as 4096, 64K, 1G, or max" },
	{ "memory.oom.group", EINVAL, "that is 0 or 1" },
	{ "cgroup.subtree_control", ENOENT, "its parent does not offer the controller" },
	{ "cgroup.subtree_control", EINVAL, "write +NAME or -NAME of a controller" },
	{ "*", EACCES, NOT_ALLOWED },
	{ "*", EPERM, NOT_ALLOWED },
	{ "*", EROFS, "the tree is mounted read-only" },
	{ "*", ENODEV, "the group was removed" },
	{ "*", ENOENT, "there is no such group" },
	{ "*", E2BIG, "the value is too long" },
	{ "*", ENOMEM, "there is no memory left" },
	{ "*", EINVAL, "the kernel does not take this value" },
	{ "*", ERANGE, "the value is out of range" },
};

static const char *reason_find(const char *what, int number)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].number == number &&
		    (!strcmp(reasons[i].what, what) || !strcmp(reasons[i].what, "*")))
			return reasons[i].text;
	return strerrordesc_np(number);
}

static void explain_machine_cpus(char *buffer, size_t size)
{
	struct cpumask possible = sched_machine_cpus();
	char list[256];
	snprintf(buffer, size, "this machine has CPUs %s",
		 sched_cpus_text(&possible, list, sizeof(list)));
}

/* What still sits in a group that was to be removed. */
static void explain_populated(const struct sched_tree *tree, const struct sched_group *group,
			      char *buffer, size_t size)
{
	struct sched_error ignored;
	struct sched_tasks tasks = { NULL, 0 };
	struct sched_list list = { NULL, 0 };

	if (!group->path[0]) {
		snprintf(buffer, size, "the root stays");
		return;
	}
	sched_tasks_read(tree, group, SCHED_PROCESSES, &tasks, &ignored);
	sched_group_list(tree, group, &list, &ignored);
	if (list.count > 1)
		snprintf(buffer, size, "it has groups below it (%s, ...); "
			 "'remove -r' takes them too", list.group[1].path);
	else if (tasks.count)
		snprintf(buffer, size, "it holds %zu task%s (%d, ...); move them out first",
			 tasks.count, tasks.count == 1 ? "" : "s", (int)tasks.task[0]);
	else
		snprintf(buffer, size, "it is in use");
	sched_list_free(&list);
	sched_tasks_free(&tasks);
}

/* A pseudo-file is not there: because the group is not, or because no controller makes it. */
static void explain_missing(const struct sched_tree *tree, const struct sched_group *group,
			    const char *file, char *buffer, size_t size)
{
	struct sched_group parent;

	if (!sched_group_exists(tree, group))
		snprintf(buffer, size, "there is no such group");
	else if (strncmp(file, "cpu", 3) && strncmp(file, "memory.", 7) && strncmp(file, "pids.", 5))
		snprintf(buffer, size, "there is no such file");
	else if (!sched_group_parent(group, &parent))
		snprintf(buffer, size, "the root has no such file");
	else if (strncmp(file, "cpu", 3))
		snprintf(buffer, size,
			 "there is no such file, or the controller %.*s is not enabled in %s "
			 "('schedctl set %s cgroup.subtree_control=+%.*s' enables it)",
			 (int)strcspn(file, "."), file, sched_group_label(&parent),
			 sched_group_label(&parent), (int)strcspn(file, "."), file);
	else
		snprintf(buffer, size,
			 "there is no such file, or the controller %.*s is not enabled in %s "
			 "('schedctl create -p %s' enables it)",
			 (int)strcspn(file, "."), file, sched_group_label(&parent), group->path);
}

int sched_explain(const struct sched_tree *tree, const struct sched_group *group, const char *what,
		  const char *value, int number, struct sched_error *error)
{
	char reason[2 * SCHED_PATH_MAX + 256];

	if (number == ERANGE && !strncmp(what, "cpuset.cpus", strlen("cpuset.cpus")))
		explain_machine_cpus(reason, sizeof(reason));
	else if (number == EBUSY && !strcmp(what, "rmdir"))
		explain_populated(tree, group, reason, sizeof(reason));
	else if (number == ENOENT && strchr(what, '.') && strcmp(what, "cgroup.subtree_control"))
		explain_missing(tree, group, what, reason, sizeof(reason));
	else
		snprintf(reason, sizeof(reason), "%s", reason_find(what, number));
	if (!strcmp(what, "open"))
		return sched_fail(error, number, "%s: %s", sched_group_label(group), reason);
	return sched_fail(error, number, "%s: %s%s%s: %s", sched_group_label(group), what,
			  value ? " " : "", value ? value : "", reason);
}

int sched_value_check(const struct sched_group *group, const char *file, const char *value,
		      struct sched_error *error)
{
	int result = 0;

	if (!strcmp(file, "cpuset.cpus")) {
		struct cpumask mask, possible = sched_machine_cpus();
		unsigned int cpu_count = 0;
		cpumask_for_each(cpu, &possible)
			cpu_count = cpu + 1;
		result = cpulist_parse(value, strlen(value), cpu_count, &mask);
	} else if (!strcmp(file, "cpu.weight")) {
		unsigned int shares;
		result = sched_shares_parse(value, &shares);
	}
	return result ? sched_explain(NULL, group, file, value, -result, error) : 0;
}
