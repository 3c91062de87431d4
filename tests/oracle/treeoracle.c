// SPDX-License-Identifier: Apache-2.0
// treeoracle: replays a script of cgroup and affinity operations against the
// kernel it runs on, and prints what each operation answered and everything in
// the tree that it changed. The same static binary runs on Linux (to record the
// reference) and on any kernel with the same interface (to be compared).
//
//   treeoracle SCRIPT [MOUNT]        MOUNT is /sys/fs/cgroup when left out
//
// One operation a line; a path is relative to the mount, "." is its root:
//   seq NAME           forget everything, start a sequence (the tree is cleared)
//   mkdir P | rmdir P
//   put P/FILE VALUE   write VALUE and a newline; VALUE may be empty, \n escaped
//   get P/FILE
//   spawn T P          fork process T and move it into P
//   thread T U         start thread U in process T
//   move T P           write T's pid to P/cgroup.procs
//   tmove U P          write U's tid to P/cgroup.threads
//   pin T LIST         sched_setaffinity(T, LIST)
//   kill T
//   cpu N 0|1          take CPU N offline or bring it online
// Output: the operation, " = ", then 0 or an errno name or what was read; below
// it, indented, every watched value that the operation changed.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TASKS_MAX = 16, NODES_MAX = 64, VALUE_MAX = 512, PATH_LEN = 256 };

static const char *const watched[] = {
	"cgroup.controllers", "cgroup.subtree_control", "cgroup.type", "cgroup.events",
	"cgroup.procs", "cgroup.threads", "cgroup.max.depth", "cgroup.max.descendants",
	"cgroup.freeze",
	"cpuset.cpus", "cpuset.cpus.effective", "cpuset.cpus.exclusive",
	"cpuset.cpus.exclusive.effective", "cpuset.cpus.partition", "cpuset.cpus.isolated",
	"cpuset.mems", "cpuset.mems.effective",
	"cpu.weight", "cpu.weight.nice", "cpu.max", "cpu.max.burst", "cpu.idle",
	"pids.max", "pids.current",
};
enum { WATCHED = sizeof watched / sizeof *watched };

static const char *mount_point = "/sys/fs/cgroup";

// One process (leader == itself) or one thread of it.
struct task {
	char name[16];
	pid_t tid;
	int leader;          // index of its process
	int command_fd;      // processes only: where the parent asks for a thread
	volatile pid_t *answer;
};
static struct task tasks[TASKS_MAX];
static int task_count;

struct snapshot_row { char key[PATH_LEN]; char value[VALUE_MAX]; };
static struct snapshot_row before[NODES_MAX * WATCHED], after[NODES_MAX * WATCHED];
static int before_count;

static const char *errno_name(int e)
{
	static char unknown[16];
	switch (e) {
	case 0: return "0";
	case EPERM: return "EPERM"; case ENOENT: return "ENOENT"; case ESRCH: return "ESRCH";
	case EINTR: return "EINTR"; case EIO: return "EIO"; case E2BIG: return "E2BIG";
	case EAGAIN: return "EAGAIN"; case ENOMEM: return "ENOMEM"; case EACCES: return "EACCES";
	case EBUSY: return "EBUSY"; case EEXIST: return "EEXIST"; case ENODEV: return "ENODEV";
	case ENOTDIR: return "ENOTDIR"; case EISDIR: return "EISDIR"; case EINVAL: return "EINVAL";
	case ENOSPC: return "ENOSPC"; case ERANGE: return "ERANGE"; case EOPNOTSUPP: return "EOPNOTSUPP";
	case EOVERFLOW: return "EOVERFLOW"; case ENOTEMPTY: return "ENOTEMPTY"; case ENAMETOOLONG: return "ENAMETOOLONG";
	}
	snprintf(unknown, sizeof unknown, "E%d", e);
	return unknown;
}

static void join(char *out, const char *node, const char *file)
{
	if (!strcmp(node, "."))
		snprintf(out, PATH_LEN, "%s/%s", mount_point, file);
	else
		snprintf(out, PATH_LEN, "%s/%s%s%s", mount_point, node, *file ? "/" : "", file);
}

// Reads a whole file; returns 0 or an errno. The value has its trailing newline cut.
static int read_file(const char *path, char *value, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	size_t used = 0;
	ssize_t got;
	while (used + 1 < size && (got = read(fd, value + used, size - 1 - used)) > 0)
		used += (size_t)got;
	int e = got < 0 ? errno : 0;
	close(fd);
	while (used && value[used - 1] == '\n')
		used--;
	value[used] = 0;
	return e;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	int e = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return e;
}

static void list_append(char *out, size_t size, size_t from, size_t to)
{
	size_t used = strlen(out);
	if (from == to)
		snprintf(out + used, size - used, "%s%zu", used ? "," : "", from);
	else
		snprintf(out + used, size - used, "%s%zu-%zu", used ? "," : "", from, to);
}

static void mask_to_list(const cpu_set_t *set, char *out, size_t size)
{
	*out = 0;
	for (size_t c = 0; c < CPU_SETSIZE; c++) {
		if (!CPU_ISSET(c, set))
			continue;
		size_t first = c;
		while (c + 1 < CPU_SETSIZE && CPU_ISSET(c + 1, set))
			c++;
		list_append(out, size, first, c);
	}
}

static void list_to_mask(const char *list, cpu_set_t *set)
{
	CPU_ZERO(set);
	while (*list) {
		char *end;
		long a = strtol(list, &end, 10), b = a;
		if (end == list)
			return;
		if (*end == '-')
			b = strtol(end + 1, &end, 10);
		for (long c = a; c <= b && c < CPU_SETSIZE; c++)
			CPU_SET((size_t)c, set);
		list = *end == ',' ? end + 1 : end;
		if (end == list && *end)
			return;
	}
}

// Turns a list of pids into task names, sorted, so that it does not depend on pids.
static void name_pids(char *value)
{
	char names[VALUE_MAX] = "";
	bool present[TASKS_MAX] = { false };
	for (char *p = strtok(value, "\n"); p; p = strtok(NULL, "\n"))
		for (int i = 0; i < task_count; i++)
			if (tasks[i].tid && tasks[i].tid == atoi(p))
				present[i] = true;
	for (int i = 0; i < task_count; i++)
		if (present[i]) {
			if (*names)
				strcat(names, " ");
			strcat(names, tasks[i].name);
		}
	strcpy(value, names);
}

static void snapshot_node(const char *node, int *count)
{
	char path[PATH_LEN], value[VALUE_MAX];
	for (int w = 0; w < WATCHED; w++) {
		join(path, node, watched[w]);
		int e = read_file(path, value, sizeof value);
		if (e == ENOENT)
			continue;
		if (e)
			snprintf(value, sizeof value, "!%s", errno_name(e));
		else if (!strcmp(watched[w], "cgroup.procs") || !strcmp(watched[w], "cgroup.threads"))
			name_pids(value);
		for (char *p = value; *p; p++)
			if (*p == '\n')
				*p = ';';
		if (*count >= NODES_MAX * WATCHED)
			return;
		struct snapshot_row *row = &after[(*count)++];
		snprintf(row->key, sizeof row->key, "%.100s %s", node, watched[w]);
		strcpy(row->value, value);
	}
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void snapshot_subtree(const char *node, int *count)
{
	char path[PATH_LEN], *children[NODES_MAX];
	int child_count = 0;
	snapshot_node(node, count);
	join(path, node, "");
	DIR *dir = opendir(path);
	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' && child_count < NODES_MAX)
			children[child_count++] = strdup(entry->d_name);
	closedir(dir);
	qsort(children, (size_t)child_count, sizeof *children, by_name);
	for (int i = 0; i < child_count; i++) {
		char child[PATH_LEN];
		snprintf(child, sizeof child, "%.120s%s%.100s", strcmp(node, ".") ? node : "",
			 strcmp(node, ".") ? "/" : "", children[i]);
		free(children[i]);
		snapshot_subtree(child, count);
	}
}

static void print_changes(bool silent)
{
	int count = 0;
	snapshot_subtree(".", &count);
	for (int i = 0; i < task_count; i++) {
		cpu_set_t set;
		if (!tasks[i].tid || count >= NODES_MAX * WATCHED)
			continue;
		struct snapshot_row *row = &after[count++];
		snprintf(row->key, sizeof row->key, "task %.15s affinity", tasks[i].name);
		long n = syscall(SYS_sched_getaffinity, tasks[i].tid, sizeof set, &set);
		if (n < 0) {
			snprintf(row->value, sizeof row->value, "!%s", errno_name(errno));
			continue;
		}
		memset((char *)&set + n, 0, sizeof set - (size_t)n);
		mask_to_list(&set, row->value, sizeof row->value);
	}
	if (!silent) {
		for (int i = 0; i < count; i++) {
			int j = 0;
			while (j < before_count && strcmp(before[j].key, after[i].key))
				j++;
			if (j == before_count || strcmp(before[j].value, after[i].value))
				printf("  %s: %s\n", after[i].key, after[i].value);
		}
		for (int j = 0; j < before_count; j++) {
			int i = 0;
			while (i < count && strcmp(before[j].key, after[i].key))
				i++;
			if (i == count)
				printf("  %s gone\n", before[j].key);
		}
	}
	memcpy(before, after, (size_t)count * sizeof *after);
	before_count = count;
}

static int find_task(const char *name)
{
	for (int i = 0; i < task_count; i++)
		if (tasks[i].tid && !strcmp(tasks[i].name, name))
			return i;
	return -1;
}

static volatile pid_t *thread_answer;
static void *sleeper(void *unused)
{
	(void)unused;
	*thread_answer = (pid_t)syscall(SYS_gettid);
	for (;;)
		pause();
	return NULL;
}

static void child_loop(int command_fd, volatile pid_t *answer)
{
	char c;
	thread_answer = answer;
	while (read(command_fd, &c, 1) == 1) {
		pthread_t id;
		if (pthread_create(&id, NULL, sleeper, NULL))
			*answer = -1;
	}
	for (;;)
		pause();
}

static int add_task(const char *name)
{
	for (int i = 0; i < task_count; i++)
		if (!tasks[i].tid) {
			snprintf(tasks[i].name, sizeof tasks[i].name, "%s", name);
			return i;
		}
	if (task_count == TASKS_MAX)
		return -1;
	snprintf(tasks[task_count].name, sizeof tasks[task_count].name, "%s", name);
	return task_count++;
}

static int spawn(const char *name, const char *node)
{
	int pipe_fd[2], i = add_task(name);
	if (i < 0 || pipe(pipe_fd))
		return EAGAIN;
	volatile pid_t *answer = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		close(pipe_fd[1]);
		child_loop(pipe_fd[0], answer);
		_exit(0);
	}
	close(pipe_fd[0]);
	tasks[i].tid = pid;
	tasks[i].leader = i;
	tasks[i].command_fd = pipe_fd[1];
	tasks[i].answer = answer;
	char path[PATH_LEN], text[32];
	join(path, node, "cgroup.procs");
	snprintf(text, sizeof text, "%d\n", pid);
	return write_file(path, text);
}

static void end_task(int i)
{
	if (tasks[i].leader == i) {
		kill(tasks[i].tid, SIGKILL);
		waitpid(tasks[i].tid, NULL, 0);
		close(tasks[i].command_fd);
		munmap((void *)tasks[i].answer, 4096);
		for (int j = 0; j < task_count; j++)
			if (j != i && tasks[j].leader == i)
				tasks[j].tid = 0;
	}
	tasks[i].tid = 0;
}

static int start_thread(const char *process, const char *name)
{
	int p = find_task(process);
	if (p < 0 || tasks[p].leader != p)
		return ESRCH;
	int i = add_task(name);
	if (i < 0)
		return EAGAIN;
	*tasks[p].answer = 0;
	if (write(tasks[p].command_fd, "t", 1) != 1)
		return errno;
	for (int tries = 0; !*tasks[p].answer && tries < 2000; tries++)
		usleep(1000);
	if (*tasks[p].answer <= 0)
		return EAGAIN;
	tasks[i].tid = *tasks[p].answer;
	tasks[i].leader = p;
	return 0;
}

static void remove_subtree(const char *node)
{
	char path[PATH_LEN];
	join(path, node, "");
	DIR *dir = opendir(path);
	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
			char child[PATH_LEN];
			snprintf(child, sizeof child, "%.120s%s%.100s", strcmp(node, ".") ? node : "",
				 strcmp(node, ".") ? "/" : "", entry->d_name);
			remove_subtree(child);
		}
	closedir(dir);
	if (strcmp(node, "."))
		for (int tries = 0; rmdir(path) && errno == EBUSY && tries < 500; tries++)
			usleep(2000);
}

static int set_online(int cpu, const char *value)
{
	char path[PATH_LEN];
	snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/online", cpu);
	int e = write_file(path, value);
	usleep(30000); // the kernel may settle its masks a moment later
	return e;
}

static void start_sequence(void)
{
	char path[PATH_LEN];
	for (int i = 0; i < task_count; i++)
		if (tasks[i].tid && tasks[i].leader == i)
			end_task(i);
	task_count = 0;
	for (int c = 1; c < 64; c++) {
		char value[8];
		snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/online", c);
		if (!read_file(path, value, sizeof value) && value[0] == '0')
			set_online(c, "1");
	}
	remove_subtree(".");
	join(path, ".", "cgroup.subtree_control");
	write_file(path, "-cpuset\n"), write_file(path, "-cpu\n"), write_file(path, "-pids\n");
	write_file(path, "+cpuset +cpu +pids\n");
	join(path, ".", "cgroup.max.depth");
	write_file(path, "max\n");
	join(path, ".", "cgroup.max.descendants");
	write_file(path, "max\n");
	before_count = 0;
	print_changes(true);
}

static void unescape(char *text)
{
	char *out = text;
	for (char *in = text; *in; in++)
		if (in[0] == '\\' && in[1] == 'n')
			*out++ = '\n', in++;
		else
			*out++ = *in;
	*out = 0;
}

static int affect(const char *task, const char *node, const char *file)
{
	int i = find_task(task);
	char path[PATH_LEN], text[32];
	if (i < 0)
		return ESRCH;
	join(path, node, file);
	snprintf(text, sizeof text, "%d\n", tasks[i].tid);
	return write_file(path, text);
}

static void run_line(char *line)
{
	char verb[16] = "", one[PATH_LEN] = "", path[PATH_LEN], value[VALUE_MAX];
	int offset = 0;
	if (sscanf(line, "%15s %255s%n", verb, one, &offset) < 1 || verb[0] == '#')
		return;
	const char *rest = offset && line[offset] == ' ' ? line + offset + 1 : "";
	if (!strcmp(verb, "seq")) {
		start_sequence();
		printf("%s\n", line);
		return;
	}
	int e = 0;
	printf("%s = ", line);
	if (!strcmp(verb, "mkdir")) {
		join(path, one, "");
		e = mkdir(path, 0755) ? errno : 0;
	} else if (!strcmp(verb, "rmdir")) {
		join(path, one, "");
		e = rmdir(path) ? errno : 0;
	} else if (!strcmp(verb, "put")) {
		snprintf(path, sizeof path, "%s/%.200s", mount_point, one);
		snprintf(value, sizeof value, "%.480s\\n", rest);
		unescape(value);
		e = write_file(path, value);
	} else if (!strcmp(verb, "get")) {
		snprintf(path, sizeof path, "%s/%.200s", mount_point, one);
		e = read_file(path, value, sizeof value);
		if (!e) {
			for (char *p = value; *p; p++)
				if (*p == '\n')
					*p = ';';
			printf("\"%s\"\n", value);
			return;
		}
	} else if (!strcmp(verb, "spawn")) {
		e = spawn(one, rest);
	} else if (!strcmp(verb, "thread")) {
		e = start_thread(one, rest);
	} else if (!strcmp(verb, "move")) {
		e = affect(one, rest, "cgroup.procs");
	} else if (!strcmp(verb, "tmove")) {
		e = affect(one, rest, "cgroup.threads");
	} else if (!strcmp(verb, "pin")) {
		cpu_set_t set;
		int i = find_task(one);
		list_to_mask(rest, &set);
		e = i < 0 ? ESRCH : sched_setaffinity(tasks[i].tid, sizeof set, &set) ? errno : 0;
	} else if (!strcmp(verb, "kill")) {
		int i = find_task(one);
		e = i < 0 ? ESRCH : 0;
		if (i >= 0)
			end_task(i);
	} else if (!strcmp(verb, "cpu")) {
		e = set_online(atoi(one), rest);
	} else {
		printf("? unknown operation\n");
		return;
	}
	printf("%s\n", errno_name(e));
	print_changes(false);
}

int main(int argc, char **argv)
{
	static char line[1024];
	if (argc < 2) {
		fprintf(stderr, "usage: treeoracle SCRIPT [MOUNT]\n");
		return 2;
	}
	if (argc > 2)
		mount_point = argv[2];
	FILE *script = fopen(argv[1], "r");
	if (!script) {
		perror(argv[1]);
		return 1;
	}
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	while (fgets(line, sizeof line, script)) {
		line[strcspn(line, "\n")] = 0;
		run_line(line);
	}
	for (int i = 0; i < task_count; i++)
		if (tasks[i].tid && tasks[i].leader == i)
			end_task(i);
	printf("end\n");
	fflush(stdout);
	return 0;
}
