// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_view.c - tree and show.
 *
 * The tree is collected whole, then measured, then printed: columns fit their widest cell. Lines
 * are drawn with box characters where the locale's name says UTF-8, else with ASCII.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/schedctl/commands.h"

enum {
	TASKS_SHOWN = 4, /* of a group, without --all */
	FILES_MAX = 256,
};

struct lines {
	const char *fork, *last, *through, *blank; /* three columns each */
};

static const struct lines lines_utf8 = { "├─ ", "└─ ", "│  ", "   " };
static const struct lines lines_ascii = { "|- ", "`- ", "|  ", "   " };

/* A static program has no locales to load: the variables decide, in the order that they rule. */
static const struct lines *lines_choose(void)
{
	static const char *const variables[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *value = getenv(variables[i]);
		if (value && *value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8")
				? &lines_utf8 : &lines_ascii;
	}
	return &lines_ascii;
}

enum cell {
	CELL_CPUS,
	CELL_EFFECTIVE,
	CELL_PARTITION, /* only where there is one */
	CELL_SHARES,
	CELL_COUNT,
};

static const char *const cell_titles[CELL_COUNT] = { "CPUS", "EFFECTIVE", "PARTITION", "SHARES" };
static const char *const cell_files[CELL_COUNT] = {
	"cpuset.cpus", "cpuset.cpus.effective", "cpuset.cpus.partition", "cpu.weight",
};

struct row {
	const struct sched_group *group;
	unsigned int depth; /* below the topmost group of the picture */
	char *cells[CELL_COUNT];
};

static unsigned int slash_count(const char *text)
{
	unsigned int count = 0;
	for (; *text; text++)
		count += *text == '/';
	return count;
}

static const char *last_component(const struct sched_group *group)
{
	const char *slash = strrchr(group->path, '/');
	return slash ? slash + 1 : sched_group_label(group);
}

/* Something could not be read, and is left out; for want of memory that is no answer, view_done() says. */
static void leave_out(struct session *session)
{
	session->incomplete |= session->error.number == ENOMEM;
}

static enum exit_code view_done(struct session *session)
{
	if (!session->incomplete)
		return EXIT_DONE;
	sched_fail(&session->error, ENOMEM, "no memory: this is not all");
	return session_failed(session);
}

/* What is not there, or empty, is shown as "-". */
static char *cell_read(struct session *session, const struct sched_group *group, const char *file)
{
	char *text;
	if (sched_file_read(&session->tree, group, file, &text, &session->error)) {
		leave_out(session);
		return strdup("-");
	}
	if (*text)
		return text;
	free(text);
	return strdup("-");
}

/* A member is nothing to speak of, and why one is invalid is for `get`. */
static void shorten_partition(char *text)
{
	if (!strcmp(text, "member"))
		strcpy(text, "-");
	text[strcspn(text, "(")] = '\0';
	size_t length = strlen(text);
	if (length && text[length - 1] == ' ')
		text[length - 1] = '\0';
}

static void rows_free(struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (int cell = 0; cell < CELL_COUNT; cell++)
			free(rows[i].cells[cell]);
	free(rows);
}

static struct row *rows_collect(struct session *session, const struct sched_list *list)
{
	const struct sched_group *top = &list->group[0];
	unsigned int top_depth = slash_count(top->path) + (top->path[0] != '\0');
	struct row *rows = calloc(list->count, sizeof(*rows));

	for (size_t i = 0; rows && i < list->count; i++) {
		rows[i].group = &list->group[i];
		rows[i].depth = i ? slash_count(list->group[i].path) + 1 - top_depth : 0;
		for (int cell = 0; cell < CELL_COUNT; cell++) {
			rows[i].cells[cell] = cell_read(session, rows[i].group, cell_files[cell]);
			if (!rows[i].cells[cell]) {
				sched_fail(&session->error, ENOMEM, "no memory");
				rows_free(rows, i + 1);
				return NULL;
			}
		}
		shorten_partition(rows[i].cells[CELL_PARTITION]);
	}
	if (!rows)
		sched_fail(&session->error, ENOMEM, "no memory");
	return rows;
}

/* Whether another row of this depth follows under the same parent. */
static bool has_sibling(const struct row *rows, size_t count, size_t at, unsigned int depth)
{
	for (size_t i = at + 1; i < count && rows[i].depth >= depth; i++)
		if (rows[i].depth == depth)
			return true;
	return false;
}

/* The tasks of a group: "  12 sh, 15 spinner, and 3 more"; nothing for none. */
static void print_tasks(struct session *session, const struct sched_group *group, enum reach reach)
{
	struct sched_tasks tasks;
	char name[32];

	if (sched_tasks_read(&session->tree, group, SCHED_PROCESSES, &tasks, &session->error)) {
		leave_out(session);
		return;
	}
	size_t shown = reach == REACH_ALL || tasks.count <= TASKS_SHOWN ? tasks.count : TASKS_SHOWN;
	for (size_t i = 0; i < shown; i++)
		printf("%s%d %s", i ? ", " : "  ", (int)tasks.task[i],
		       sched_task_name(tasks.task[i], name, sizeof(name)));
	if (shown < tasks.count)
		printf(", and %zu more", tasks.count - shown);
	sched_tasks_free(&tasks);
}

/* Numbers stand right; a column of width 0 is left out. */
static void print_cell(enum cell cell, int width, const char *text)
{
	if (width)
		printf("  %*s", cell == CELL_SHARES ? width : -width, text);
}

static void measure_cells(const struct row *rows, size_t count, int *widths)
{
	bool has_partition = false;

	for (size_t i = 0; i < count; i++)
		has_partition |= rows[i].cells[CELL_PARTITION][0] != '-';
	for (int cell = 0; cell < CELL_COUNT; cell++) {
		widths[cell] = (int)strlen(cell_titles[cell]);
		for (size_t i = 0; i < count; i++) {
			int width = (int)strlen(rows[i].cells[cell]);
			widths[cell] = width > widths[cell] ? width : widths[cell];
		}
	}
	if (!has_partition)
		widths[CELL_PARTITION] = 0;
}

static void print_rows(struct session *session, const struct row *rows, size_t count,
		       enum reach reach)
{
	const struct lines *lines = lines_choose();
	int name_width = (int)strlen("GROUP"), widths[CELL_COUNT];

	measure_cells(rows, count, widths);
	for (size_t i = 0; i < count; i++) {
		int width = (int)(3 * rows[i].depth + strlen(last_component(rows[i].group)));
		name_width = width > name_width ? width : name_width;
	}
	printf("%-*s", name_width, "GROUP");
	for (int cell = 0; cell < CELL_COUNT; cell++)
		print_cell((enum cell)cell, widths[cell], cell_titles[cell]);
	puts("  TASKS");
	for (size_t i = 0; i < count; i++) {
		for (unsigned int depth = 1; depth < rows[i].depth; depth++)
			fputs(has_sibling(rows, count, i, depth) ? lines->through : lines->blank,
			      stdout);
		if (rows[i].depth)
			fputs(has_sibling(rows, count, i, rows[i].depth) ? lines->fork
									 : lines->last, stdout);
		printf("%-*s", name_width - 3 * (int)rows[i].depth, last_component(rows[i].group));
		for (int cell = 0; cell < CELL_COUNT; cell++)
			print_cell((enum cell)cell, widths[cell], rows[i].cells[cell]);
		print_tasks(session, rows[i].group, reach);
		putchar('\n');
	}
}

enum exit_code command_tree(struct session *session, int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		COMMON_OPTIONS
	};
	enum reach reach = REACH_ONE;
	struct sched_group top;
	struct sched_list list;
	enum exit_code code;
	int option;

	while ((option = option_next(session, argc, argv, ":ah", options)) > 0)
		reach = REACH_ALL;
	if (!options_done(option, &code))
		return code;
	if (argc - optind > 1)
		return usage_error(session, "one group at most");
	if (sched_group_parse(optind < argc ? argv[optind] : "/", &top, &session->error) ||
	    !session_open(session) ||
	    sched_group_list(&session->tree, &top, &list, &session->error))
		return session_failed(session);
	struct row *rows = rows_collect(session, &list);
	if (rows) {
		print_rows(session, rows, list.count, reach);
		rows_free(rows, list.count);
		code = view_done(session);
	} else {
		code = session_failed(session);
	}
	sched_list_free(&list);
	return code;
}

/* One pseudo-file: its name, then its lines, the later ones below the first. */
static void print_file(struct session *session, const struct sched_group *group, const char *file)
{
	char *text;
	if (sched_file_read(&session->tree, group, file, &text, &session->error)) {
		leave_out(session);
		return;
	}
	const char *label = file;
	char *rest = text;
	do {
		char *line = strsep(&rest, "\n");
		printf(*line || *label ? "  %-28s %s\n" : "\n", label, line);
		label = "";
	} while (rest);
	free(text);
}

static int name_compare(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

/* The names of the group's readable files, sorted; false: no memory, which is told. */
static bool files_collect(struct session *session, const struct sched_group *group, char **names,
			  size_t *count)
{
	bool complete = true;
	int fd = openat(session->tree.fd, group->path[0] ? group->path : ".",
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	*count = 0;
	if (fd < 0)
		return true;
	for (const struct dirent *entry;
	     directory && complete && *count < FILES_MAX && (entry = readdir(directory));) {
		struct stat status;
		if (!fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) &&
		    S_ISREG(status.st_mode) && (status.st_mode & 0444)) {
			names[*count] = strdup(entry->d_name);
			complete = names[*count] != NULL;
			*count += complete;
		}
	}
	if (directory)
		closedir(directory);
	else
		close(fd);
	qsort(names, *count, sizeof(*names), name_compare);
	if (!directory || !complete)
		sched_fail(&session->error, ENOMEM, "no memory");
	return directory && complete;
}

static enum exit_code show_group(struct session *session, const struct sched_group *group)
{
	char *names[FILES_MAX];

	printf("group %s\n", sched_group_label(group));
	printf("  %-27s", "tasks");
	print_tasks(session, group, REACH_ALL);
	putchar('\n');
	size_t count;
	bool complete = files_collect(session, group, names, &count);
	for (size_t i = 0; i < count; i++) {
		print_file(session, group, names[i]);
		free(names[i]);
	}
	return complete ? view_done(session) : session_failed(session);
}

/* A line of /proc/TASK/status, by its key; "?" when it has none. */
static void print_status(pid_t task, const char *key, const char *label)
{
	char path[32], text[8192];
	size_t length = strlen(key);

	snprintf(path, sizeof(path), "/proc/%d/status", (int)task);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *value = "?";
	text[size > 0 ? size : 0] = '\0';
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
		if (!strncmp(line, key, length) && line[length] == ':')
			value = line + length + 1 + strspn(line + length + 1, " \t");
	printf("  %-28s %s\n", label, value);
	if (fd >= 0)
		close(fd);
}

static enum exit_code show_task(struct session *session, pid_t task)
{
	char name[32], list[256];
	struct sched_group group;
	struct cpumask mask;

	if (sched_task_group(task, &group, &session->error) ||
	    sched_task_affinity(task, &mask, &session->error))
		return session_failed(session);
	printf("task %d %s\n", (int)task, sched_task_name(task, name, sizeof(name)));
	printf("  %-28s %s\n", "group", sched_group_label(&group));
	printf("  %-28s %s\n", "may run on", sched_cpus_text(&mask, list, sizeof(list)));
	if (!sched_group_effective(&session->tree, &group, &mask, &session->error))
		printf("  %-28s %s\n", "its group has",
		       sched_cpus_text(&mask, list, sizeof(list)));
	else
		leave_out(session);
	print_status(task, "Tgid", "process");
	print_status(task, "Threads", "threads");
	print_status(task, "State", "state");
	return view_done(session);
}

enum exit_code command_show(struct session *session, int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS };
	struct sched_group group;
	enum exit_code code;
	pid_t task;

	if (!options_done(option_next(session, argc, argv, ":h", options), &code))
		return code;
	if (argc - optind != 1)
		return usage_error(session, "one group or task is wanted");
	if (sched_group_parse(argv[optind], &group, &session->error) || !session_open(session))
		return session_failed(session);
	if (sched_group_exists(&session->tree, &group))
		return show_group(session, &group);
	if (!sched_task_parse(argv[optind], &task))
		return show_task(session, task);
	sched_group_open(&session->tree, &group, &session->error);
	return session_failed(session);
}
