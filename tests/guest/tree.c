// SPDX-License-Identifier: Apache-2.0
/*
 * tree.c - the tree through its files: a thousand groups ten levels deep, names, listings, and
 * every mistake a writer can make.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { CHAINS = 100, LEVELS = 10 };

/* "tree/cNN/d/d/d...": the group `level` levels below "tree". */
static void chain_name(char *name, int chain, int level)
{
	int length = snprintf(name, 128, "tree/c%d", chain);

	for (int i = 1; i < level; i++)
		length += snprintf(name + length, (size_t)(128 - length), "/d");
}

/* The number of entries of a directory whose name is `name` (NULL: of those that are directories). */
static int count_entries(const char *group, const char *name)
{
	char path[GROUP_PATH];
	struct dirent *entry;
	int count = 0;

	group_path(path, group, "");
	DIR *directory = opendir(path);
	if (!directory)
		return -1;
	while ((entry = readdir(directory)))
		count += name ? !strcmp(entry->d_name, name)
			      : entry->d_type == DT_DIR && entry->d_name[0] != '.';
	closedir(directory);
	return count;
}

static void test_thousand(void)
{
	char name[128], list[16];
	int errors = 0;

	for (int level = 1; level <= LEVELS; level++) {
		for (int chain = 0; chain < CHAINS; chain++) {
			chain_name(name, chain, level);
			errors += group_make(name) != 0;
			errors += level < LEVELS &&
				  group_put(name, "cgroup.subtree_control", "+cpuset +cpu") != 0;
		}
	}
	ok(errors == 0, "%d groups, %d levels deep, are made (%d errors)", CHAINS * LEVELS, LEVELS, errors);
	ok(group_number("tree", "cgroup.stat", "nr_descendants") == CHAINS * LEVELS,
	   "cgroup.stat counts them");
	ok(count_entries("tree", NULL) == CHAINS, "a listing names each child once");

	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	snprintf(list, sizeof(list), "%d", cpus - 1);
	ok(group_put("tree", "cpuset.cpus", list) == 0, "the mask above them is written");
	for (int chain = 0; chain < CHAINS; chain++) {
		chain_name(name, chain, LEVELS);
		errors += !group_is(name, "cpuset.cpus.effective", list);
	}
	ok(errors == 0, "and is in force %d levels below (%d are wrong)", LEVELS, errors);

	chain_name(name, CHAINS / 2, LEVELS);
	pid_t child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	ok(group_move(name, child) == 0, "a task in a leaf");
	ok(group_is("tree", "cgroup.events", "populated 1\nfrozen 0"), "populates every group above");
	ok(group_is("tree", "cgroup.procs", ""), "without being in it");
	ok(group_remove(name) == -EBUSY, "a populated group stays: EBUSY");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	ok(group_is("tree", "cgroup.events", "populated 0\nfrozen 0"), "and no more once it is dead");

	chain_name(name, 0, 1);
	ok(group_remove(name) == -EBUSY, "a group with children stays: EBUSY");
	for (int level = LEVELS; level >= 1; level--) {
		for (int chain = 0; chain < CHAINS; chain++) {
			chain_name(name, chain, level);
			errors += group_remove(name) != 0;
		}
	}
	ok(errors == 0, "all are removed (%d errors)", errors);
	ok(group_number("tree", "cgroup.stat", "nr_descendants") == 0, "cgroup.stat counts none");
	group_put("tree", "cpuset.cpus", "\n");
}

static void test_names(void)
{
	char longest[300] = "tree/";

	memset(longest + 5, 'n', 255);
	ok(group_make("tree/.hid") == 0 && group_make("tree/cpu.foo") == 0, "odd names are names");
	ok(group_make(longest) == 0 && group_remove(longest) == 0, "255 bytes are a name");
	longest[5 + 255] = 'n';
	ok(group_make(longest) == -ENAMETOOLONG, "256 are ENAMETOOLONG");
	ok(group_make("tree/.hid") == -EEXIST, "a name that is there is EEXIST");
	ok(group_make("tree/cpu.weight") == -EEXIST, "the name of a file too");
	ok(group_make("tree/two\nlines") == -EINVAL, "a name with a newline is EINVAL");
	ok(group_make("tree/no/where") == -ENOENT, "a parent that is not there is ENOENT");
	ok(group_make("tree/cpu.weight/x") == -ENOTDIR, "a parent that is a file is ENOTDIR");
	ok(group_remove("tree/none") == -ENOENT, "removing what is not there is ENOENT");
	ok(group_remove("tree/cpu.weight") == -ENOTDIR, "a file cannot be removed as a group");
	ok(group_remove("") == -EBUSY, "nor can the root");
	ok(unlink(GROUP_ROOT "/tree/cpu.weight") == -1 && errno == EPERM, "nor a file as a file");
	ok(group_open("tree", "new", O_WRONLY | O_CREAT) == -EACCES, "no files are made here");
	ok(group_open("tree", "none", O_RDONLY) == -ENOENT, "a file that is not there is ENOENT");
	group_remove("tree/.hid");
	group_remove("tree/cpu.foo");
}

static void test_listing(void)
{
	static const char *const files[] = {
		"cgroup.controllers", "cgroup.events", "cgroup.procs", "cgroup.stat",
		"cgroup.subtree_control", "cgroup.threads", "cpu.stat", "cpu.weight",
		"cpuset.cpus", "cpuset.cpus.effective",
	};
	char text[GROUP_PATH];
	int missing = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		missing += count_entries("tree", files[i]) != 1;
		missing += group_get("tree", files[i], text, sizeof(text)) < 0;
	}
	ok(missing == 0, "a group lists its files, and each can be read");
	ok(count_entries("", "cpu.weight") == 0 && count_entries("", "cpuset.cpus") == 0 &&
	   count_entries("", "cgroup.events") == 0, "the root has neither shares nor a mask to set");
	group_make("tree/plain");
	group_make("tree/plain/below");
	ok(count_entries("tree/plain/below", "cpu.weight") == 0 &&
	   count_entries("tree/plain/below", "cpuset.cpus") == 0, "files come with their controller");
	group_put("tree/plain", "cgroup.subtree_control", "+cpu");
	ok(count_entries("tree/plain/below", "cpu.weight") == 1 &&
	   count_entries("tree/plain/below", "cpuset.cpus") == 0, "one by one");
	ok(group_put("tree/plain", "cgroup.subtree_control", "-cpu") == 0 &&
	   count_entries("tree/plain/below", "cpu.weight") == 0, "and go with it");
	group_remove("tree/plain/below");
	group_remove("tree/plain");
}

static void test_writes(void)
{
	char many[80];

	static const struct {
		const char *file, *text;
		int answer;
	} writes[] = {
		{ "cpuset.cpus", "zero", -EINVAL },
		{ "cpuset.cpus", "0-", -EINVAL },
		{ "cpuset.cpus", "-1", -EINVAL },
		{ "cpuset.cpus", "1-0", -EINVAL },
		{ "cpuset.cpus", "0,,", 0 },
		{ "cpuset.cpus", "all", 0 },
		{ "cpuset.cpus", "", 0 },
		{ "cpuset.cpus", "\n", 0 },
		{ "cpuset.cpus", "99999999999", -EOVERFLOW },
		{ "cpuset.cpus.effective", "0", -EINVAL },
		{ "cpu.weight", "0", -ERANGE },
		{ "cpu.weight", "1", 0 },
		{ "cpu.weight", "10000", 0 },
		{ "cpu.weight", "10001", -ERANGE },
		{ "cpu.weight", "-5", -EINVAL },
		{ "cpu.weight", "heavy", -EINVAL },
		{ "cpu.weight", "0x64", 0 },
		{ "cgroup.subtree_control", "cpu", -EINVAL },
		{ "cgroup.subtree_control", "+disk", -EINVAL },
		{ "cgroup.subtree_control", "+cpu -nothing", -EINVAL },
		{ "cgroup.procs", "none", -EINVAL },
		{ "cgroup.procs", "-1", -EINVAL },
		{ "cgroup.procs", "999999", -ESRCH },
		{ "cgroup.events", "1", -EINVAL },
	};

	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		int answer = group_put("tree", writes[i].file, writes[i].text);
		ok(answer == writes[i].answer, "%s \"%s\" answers %d (%d)", writes[i].file,
		   writes[i].text[0] == '\n' ? "\\n" : writes[i].text, writes[i].answer, answer);
	}
	int past = (int)sysconf(_SC_NPROCESSORS_CONF);
	snprintf(many, sizeof(many), "%d", past);
	int answer = group_put("tree", "cpuset.cpus", many);
	ok(answer == -ERANGE || answer == -EINVAL, "the CPU after the last is refused (%d)", answer);
	ok(group_is("tree", "cpu.weight", "100") && group_is("tree", "cpuset.cpus", ""),
	   "what was refused has changed nothing");
	char *text = malloc(60000);
	memset(text, '1', 59999);
	text[59999] = '\0';
	ok(group_put("tree", "cpuset.cpus", text) == -E2BIG, "a text too long is E2BIG");
	free(text);
}

static void test_descriptors(void)
{
	char byte;

	group_make("tree/kept");
	int fd = group_open("tree/kept", "cpu.weight", O_RDWR);
	ok(fd >= 0 && read(fd, &byte, 1) == 1 && byte == '1', "a file is read byte by byte");
	ok(read(fd, &byte, 1) == 1 && byte == '0', "and goes on where it stopped");
	ok(group_remove("tree/kept") == 0, "a group goes though its file is open");
	ok(pread(fd, &byte, 1, 0) == -1 && errno == ENODEV, "which then reads ENODEV");
	ok(pwrite(fd, "5", 1, 0) == -1 && errno == ENODEV, "and writes ENODEV");
	group_make("tree/kept");
	ok(pread(fd, &byte, 1, 0) == -1 && errno == ENODEV, "even when the name is there again");
	close(fd);
	group_remove("tree/kept");
}

/* The mask of a populated group may not be taken away; a thread moves its whole process. */
static void test_populated(void)
{
	int status;

	pid_t child = fork();
	if (child == 0) {
		char self[16];
		snprintf(self, sizeof(self), "%d", (int)getpid());
		_exit(!(group_move("tree", 0) == 0 && group_is("tree", "cgroup.procs", self) &&
			group_is("tree", "cgroup.threads", self) &&
			group_put("tree", "cpuset.cpus", "0") == 0 &&
			group_put("tree", "cpuset.cpus", "\n") == -ENOSPC &&
			group_is("tree", "cpuset.cpus", "0") && group_move("", 0) == 0 &&
			group_is("tree", "cgroup.procs", "") &&
			group_put("tree", "cpuset.cpus", "\n") == 0));
	}
	waitpid(child, &status, 0);
	ok(status == 0, "0 moves the writer; a populated group keeps its mask: ENOSPC");
}

int main(void)
{
	ok(group_put("", "cgroup.subtree_control", "+cpuset +cpu") == 0, "the root's controllers");
	ok(group_make("tree") == 0, "a group");
	ok(group_put("tree", "cgroup.subtree_control", "+cpuset +cpu") == 0, "and its own");
	test_thousand();
	test_names();
	test_listing();
	test_descriptors();
	group_put("tree", "cgroup.subtree_control", "-cpuset -cpu");
	test_writes();
	test_populated();
	ok(group_remove("tree") == 0, "nothing is left");
	return tap_done();
}
