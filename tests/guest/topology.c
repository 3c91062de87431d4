// SPDX-License-Identifier: Apache-2.0
/*
 * topology.c - /sys/devices/system/cpu shows the machine as Linux 6.12 shows the same one.
 *
 *   topology FILE
 *
 * FILE has Linux's answers, "PATH: TEXT" a line, PATH below /sys/devices/system; of node/ nothing
 * is asked here. Where Taper answers otherwise, the table below says so and why; a difference that
 * is none any more fails, too.
 */
#define _GNU_SOURCE
#include <dirent.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

#define SYSTEM "/sys/devices/system/"

static const struct difference {
	const char *path, *text, *why;
} differences[] = {
	{ "cpu/kernel_max", "511", "room for 512 CPUs; Debian's kernel was built for 128" },
};

/* The text of a file without its newline; -errno. */
static int get(const char *path, char *text, size_t size)
{
	char full[400];

	snprintf(full, sizeof(full), SYSTEM "%s", path);
	int fd = open(full, O_RDONLY);
	if (fd < 0)
		return -errno;
	ssize_t length = read(fd, text, size - 1);
	int error = length < 0 ? -errno : 0;
	close(fd);
	text[error ? 0 : length] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return error;
}

static void compare(const char *path, const char *linux_text)
{
	const char *wanted = linux_text;
	char text[300];

	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++)
		if (!strcmp(differences[i].path, path)) {
			wanted = differences[i].text;
			ok(strcmp(wanted, linux_text) != 0, "%s differs: %s", path, differences[i].why);
		}
	int error = get(path, text, sizeof(text));
	ok(!error && !strcmp(text, wanted), "%s is '%s', wanted '%s' (%d)", path, text, wanted, error);
}

static int compare_all(const char *name)
{
	FILE *file = fopen(name, "r");
	char line[300];
	int count = 0;

	while (file && fgets(line, sizeof(line), file)) {
		char *colon = strstr(line, ": ");

		line[strcspn(line, "\n")] = '\0';
		if (!colon || strncmp(line, "cpu/", 4) != 0)
			continue;
		*colon = '\0';
		compare(line, colon + 2);
		count++;
	}
	if (file)
		fclose(file);
	return count;
}

/* Every CPU's files, those of the directories told by readdir, can be read and agree. */
static void check_each_cpu(int cpus)
{
	for (int cpu = 0; cpu < cpus; cpu++) {
		char name[320], text[300], wanted[16];
		int files = 0, unread = 0;
		DIR *directory;

		snprintf(name, sizeof(name), SYSTEM "cpu/cpu%d/topology", cpu);
		directory = opendir(name);
		for (struct dirent *entry; directory && (entry = readdir(directory));) {
			if (entry->d_name[0] == '.')
				continue;
			snprintf(name, sizeof(name), "cpu/cpu%d/topology/%s", cpu, entry->d_name);
			files++;
			unread += get(name, text, sizeof(text)) != 0 || !text[0];
		}
		if (directory)
			closedir(directory);
		ok(files == 13 && !unread, "cpu%d has 13 files of topology (%d), all with a text", cpu,
		   files);
		snprintf(name, sizeof(name), "cpu/cpu%d/topology/core_cpus_list", cpu);
		snprintf(wanted, sizeof(wanted), "%d", cpu);
		ok(!get(name, text, sizeof(text)) && !strcmp(text, wanted), "cpu%d is a core of its own",
		   cpu);
		snprintf(name, sizeof(name), SYSTEM "cpu/cpu%d/cache", cpu);
		ok(access(name, F_OK) && errno == ENOENT, "cpu%d names no caches: the tree names none", cpu);
	}
}

static int put(const char *path, const char *text)
{
	char full[400];

	snprintf(full, sizeof(full), SYSTEM "%s", path);
	int fd = open(full, O_WRONLY);
	ssize_t length = fd < 0 ? -1 : write(fd, text, strlen(text));
	int error = length < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return error;
}

static void check_hotplug(void)
{
	char before[300], text[300];
	int error = get("cpu/cpu0/topology/package_cpus_list", before, sizeof(before));

	ok(!error && !put("cpu/cpu1/online", "0"), "CPU 1 goes");
	error = get("cpu/cpu0/topology/package_cpus_list", text, sizeof(text));
	ok(!error && !strncmp(text, "0,2", 3), "CPU 0's package is without it: %s", text);
	ok(get("cpu/cpu1/topology/core_id", text, sizeof(text)) == -ENODEV,
	   "its own shape is ENODEV meanwhile");
	ok(!get("cpu/cpu1/cpu_capacity", text, sizeof(text)), "its strength is still told");
	ok(!put("cpu/cpu1/online", "1"), "CPU 1 comes back");
	error = get("cpu/cpu0/topology/package_cpus_list", text, sizeof(text));
	ok(!error && !strcmp(text, before), "and is in the package again: %s", text);
	ok(put("cpu/cpu0/topology/core_id", "1") == -EINVAL, "nothing here can be written");
}

int main(int count, char **arguments)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_CONF);

	ok(count == 2 && compare_all(arguments[1]) > 20, "Linux's answers were there");
	check_each_cpu(cpus);
	check_hotplug();
	return tap_done();
}
