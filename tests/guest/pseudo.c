// SPDX-License-Identifier: Apache-2.0
/*
 * pseudo.c - /proc, /sys and the cgroup mount as files from a program's side. What the files of the
 * tree say is tests/sysfs's business; here it is how they are opened, read, listed and refused.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define ROOT "/sys/fs/cgroup"
#define FAILS(call, error) (errno = 0, (call) == -1 && errno == (error))

static char text[65536];

/* The whole of a file in text[], or NULL. */
static const char *slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t length = fd < 0 ? -1 : 0, part;

	while (fd >= 0 && (part = read(fd, text + length, sizeof(text) - 1 - (size_t)length)) > 0)
		length += part;
	if (fd >= 0)
		close(fd);
	if (length < 0)
		return NULL;
	text[length] = '\0';
	return text;
}

static int contains(const char *path, const char *needle)
{
	const char *found = slurp(path);

	return found && strstr(found, needle);
}

/* Kernel threads: [name] in ps, in the root's cgroup.procs, and never in a group. */
static void test_kernel_threads(void)
{
	DIR *directory = opendir("/proc");
	int found = 0, good = 1;

	for (const struct dirent *entry; directory && (entry = readdir(directory));) {
		char path[300], pid[300];

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		/* The flags are the seventh number behind the state. */
		const char *after = slurp(path) ? strrchr(text, ')') : NULL;
		unsigned int flags = 0;

		if (atoi(entry->d_name) <= 0 || !after ||
		    sscanf(after, ") %*c %*d %*d %*d %*d %*d %u", &flags) != 1 ||
		    !(flags & 0x200000))
			continue;
		found++;
		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		good &= slurp(path) && !*text;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		good &= slurp(path) && strlen(text) > 1;
		snprintf(path, sizeof(path), "/proc/%s/cgroup", entry->d_name);
		good &= slurp(path) && !strcmp(text, "0::/\n");
		snprintf(path, sizeof(path), "/proc/%s/status", entry->d_name);
		good &= contains(path, "PPid:\t0\n") && contains(path, "Cpus_allowed_list:");
		snprintf(pid, sizeof(pid), "%s\n", entry->d_name);
		good &= contains(ROOT "/cgroup.procs", pid);
		snprintf(path, sizeof(path), "/proc/%s/exe", entry->d_name);
		good &= FAILS(readlink(path, text, sizeof(text)), ENOENT);
	}
	if (directory)
		closedir(directory);
	ok(found > 0 && good, "kernel threads (%d)", found);
}

static void test_machine(void)
{
	ok(contains("/proc/version", "Taper") && contains("/proc/filesystems", "cgroup2") &&
			contains("/proc/meminfo", "MemTotal:") && contains("/proc/stat", "cpu0 ") &&
			contains("/proc/cpuinfo", "processor\t: 0") &&
			contains("/proc/mounts", "cgroup2 " ROOT " cgroup2") &&
			contains("/proc/mounts", "tmpfs / tmpfs ") && /* df passes over "rootfs" */
			slurp("/proc/uptime") && slurp("/proc/loadavg") && slurp("/proc/cmdline"),
		"the machine's files");
	ok(contains("/proc/sys/kernel/pid_max", "32768") && slurp("/proc/sys/kernel/osrelease"),
	   "/proc/sys/kernel");
	ok(FAILS(open("/proc/nothing", O_RDONLY), ENOENT) &&
			FAILS(open("/proc/x", O_CREAT | O_RDWR, 0600), EACCES) &&
			FAILS(mkdir("/proc/x", 0700), EPERM) &&
			FAILS(unlink("/proc/version"), EPERM),
		"/proc does not change");
	ok(contains("/sys/devices/system/cpu/possible", "0"), "/sys/devices/system/cpu");
	ok(FAILS(mkdir("/sys/x", 0700), EPERM) &&
			FAILS(unlink("/sys/devices/system/cpu/online"), EPERM) &&
			FAILS(rmdir("/sys/fs"), EPERM),
		"/sys does not change");
	ok(FAILS(rmdir(ROOT), EBUSY), "a mountpoint is busy");
}

static void test_self(void)
{
	char path[64], link[256];
	int number;
	ssize_t length;

	length = readlink("/proc/self", link, sizeof(link));
	ok(length > 0 && (link[length] = '\0', atoi(link) == getpid()), "/proc/self");
	length = readlink("/proc/self/exe", link, sizeof(link));
	ok(length > 0 && (link[length] = '\0', strstr(link, "pseudo") != NULL), "exe");
	ok(contains("/proc/self/status", "Cpus_allowed_list:\t0") &&
			contains("/proc/self/comm", "pseudo") &&
			contains("/proc/self/maps", "[stack]") &&
			contains("/proc/self/limits", "Max open files") &&
			contains("/proc/self/cgroup", "0::/") &&
			contains("/proc/self/cmdline", "pseudo"),
		"a process's files");
	ok(sscanf(slurp("/proc/self/stat"), "%d (pseudo) R", &number) == 1 && number == getpid(),
		"stat");
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)syscall(SYS_gettid));
	ok(slurp(path) != NULL, "task/TID/stat");
	chdir("/tmp");
	length = readlink("/proc/self/cwd", link, sizeof(link));
	ok(length == 4 && !memcmp(link, "/tmp", 4), "cwd");
	int fd = open("/proc/version", O_RDONLY);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, link, sizeof(link));
	ok(length == 13 && !memcmp(link, "/proc/version", 13) && contains(path, "Taper"),
	   "fd/N names the file and opens it again");
	close(fd);
	ok(FAILS(open(path, O_RDONLY), ENOENT), "until it is closed");
	ok(FAILS(open("/proc/01", O_RDONLY), ENOENT) && FAILS(open("/proc/-1", O_RDONLY), ENOENT) &&
	   FAILS(open("/proc/99999999999", O_RDONLY), ENOENT), "numbers that are none");
}

static void test_zombie(void)
{
	char path[64];
	int status, fd;
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	snprintf(path, sizeof(path), "/proc/%d/stat", child);
	fd = open(path, O_RDONLY);
	siginfo_t info;

	waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
	ok(contains(path, ") Z "), "a zombie says so");
	snprintf(path, sizeof(path), "/proc/%d/maps", child);
	ok(slurp(path) && !*text, "and has no memory");
	waitpid(child, &status, 0);
	ok(FAILS(open(path, O_RDONLY), ENOENT), "once reaped it is gone");
	ok(read(fd, text, 100) >= 0 || errno == ESRCH, "a kept descriptor does no harm");
	close(fd);
}

static void *look_at(void *argument)
{
	const char *stop = argument;
	static const char *const names[] = {
		"stat", "status", "maps", "cmdline", "cgroup", "exe", "cwd"};

	while (!__atomic_load_n(stop, __ATOMIC_RELAXED)) {
		DIR *directory = opendir("/proc");
		struct dirent *entry;
		char path[64], buffer[512];

		while ((entry = readdir(directory)) != NULL) {
			if (atoi(entry->d_name) <= 0)
				continue;
			for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
				snprintf(path, sizeof(path), "/proc/%.10s/%s", entry->d_name,
					names[i]);
				readlink(path, buffer, sizeof(buffer));
				int fd = open(path, O_RDONLY);

				if (fd >= 0) {
					(void)!read(fd, buffer, sizeof(buffer));
					close(fd);
				}
			}
			snprintf(path, sizeof(path), "/proc/%.10s/fd", entry->d_name);
			DIR *descriptors = opendir(path);

			while (descriptors && readdir(descriptors))
				;
			if (descriptors)
				closedir(descriptors);
		}
		closedir(directory);
	}
	return NULL;
}

static void test_storm(void)
{
	pthread_t threads[2];
	char stop = 0;
	int failures = 0;

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, look_at, &stop);
	for (int i = 0; i < 150; i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			if (i % 2)
				execl("/bin/busybox", "busybox", "true", NULL);
			_exit(0);
		}
		failures += waitpid(child, &status, 0) != child || status != 0;
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	ok(failures == 0, "processes that come and go are looked at all the time");
}

static void test_group_directory(void)
{
	struct stat first, second;

	ok(mkdir(ROOT "/pseudo", 0755) == 0 && FAILS(mkdir(ROOT "/pseudo", 0755), EEXIST) &&
			FAILS(mkdir(ROOT "/cgroup.procs", 0755), EEXIST),
		"mkdir: EEXIST, also for a file's name");
	ok(FAILS(mkdir(ROOT "/a\nb", 0755), EINVAL), "a newline: EINVAL");
	ok(FAILS(open(ROOT "/pseudo/new", O_CREAT | O_RDWR, 0600), EACCES) &&
			FAILS(symlink("x", ROOT "/pseudo/s"), EPERM) &&
			FAILS(mknod(ROOT "/pseudo/n", S_IFIFO | 0600, 0), EPERM) &&
			FAILS(unlink(ROOT "/pseudo/cgroup.procs"), EPERM) &&
			FAILS(rename(ROOT "/pseudo", ROOT "/other"), EPERM) &&
			FAILS(link(ROOT "/pseudo/cgroup.procs", ROOT "/pseudo/l"), EPERM),
		"nothing else is made, removed or renamed");
	ok(FAILS(unlink(ROOT "/pseudo"), EISDIR) &&
			FAILS(rmdir(ROOT "/pseudo/cgroup.procs"), ENOTDIR) &&
			FAILS(open(ROOT "/pseudo/cgroup.procs/x", O_RDONLY), ENOTDIR),
		"EISDIR, ENOTDIR");
	ok(stat(ROOT "/pseudo", &first) == 0 && stat(ROOT "/pseudo", &second) == 0 &&
			first.st_ino == second.st_ino && S_ISDIR(first.st_mode) &&
			stat(ROOT, &second) == 0 && first.st_ino != second.st_ino &&
			first.st_dev == second.st_dev,
		"a directory keeps its number");
	ok(stat(ROOT "/pseudo/cgroup.events", &first) == 0 && (first.st_mode & 07777) == 0444 &&
			stat(ROOT "/pseudo/cgroup.procs", &second) == 0 &&
			(second.st_mode & 07777) == 0644,
		"modes");
}

static void test_group_listing(void)
{
	enum { COUNT = 200 };
	char path[64];
	struct dirent *entry;
	int children = 0, files = 0, missing = 0;

	for (int i = 0; i < COUNT; i++) {
		snprintf(path, sizeof(path), ROOT "/pseudo/%03d", i);
		mkdir(path, 0755);
	}
	DIR *directory = opendir(ROOT "/pseudo");

	while ((entry = readdir(directory)) != NULL) {
		struct stat stat;

		if (entry->d_name[0] == '.')
			continue;
		missing += fstatat(dirfd(directory), entry->d_name, &stat, 0) != 0 ||
			   stat.st_ino != entry->d_ino;
		if (entry->d_type == DT_DIR) {
			children++;
			unlinkat(dirfd(directory), entry->d_name, AT_REMOVEDIR);
		} else {
			files++;
		}
	}
	closedir(directory);
	ok(children == COUNT && files > 5 && missing == 0,
		"a listing is whole while groups are removed (%d, %d, %d)", children, files,
		missing);
}

static void test_group_files(void)
{
	char buffer[64], long_text[5000];
	int fd = open(ROOT "/pseudo/cgroup.max.depth", O_RDWR), directory, events;

	ok(pread(fd, buffer, 64, 0) == 4 && !memcmp(buffer, "max\n", 4), "pread");
	ok(write(fd, "", 0) == 0 && write(fd, "7", 1) == 1 && pread(fd, buffer, 64, 0) == 2 &&
			buffer[0] == '7',
		"write, and the text is fresh at offset 0");
	ok(pread(fd, buffer, 64, 1) == 1 && buffer[0] == '\n' && pread(fd, buffer, 64, 2) == 0,
		"in pieces");
	memset(long_text, ' ', sizeof(long_text));
	ok(FAILS((int)write(fd, long_text, 4097), E2BIG) && FAILS((int)write(fd, "x", 1), EINVAL),
		"E2BIG, EINVAL");
	events = open(ROOT "/pseudo/cgroup.events", O_RDWR);
	ok(events >= 0 && FAILS((int)write(events, "1", 1), EINVAL),
		"a read-only file written by root: EINVAL");
	close(events);
	events = open(ROOT "/pseudo/cgroup.procs", O_WRONLY | O_TRUNC | O_CREAT, 0644);
	ok(events >= 0, "the shell's > opens it");
	close(events);
	directory = open(ROOT "/pseudo", O_RDONLY | O_DIRECTORY);
	ok(rmdir(ROOT "/pseudo") == 0 && FAILS((int)pread(fd, buffer, 64, 0), ENODEV) &&
	   FAILS((int)write(fd, "1", 1), ENODEV), "removed: kept descriptors answer ENODEV");
	ok(mkdir(ROOT "/pseudo", 0755) == 0 && FAILS((int)pread(fd, buffer, 64, 0), ENODEV),
		"for ever");
	ok(FAILS(openat(directory, "cgroup.procs", O_RDONLY), ENOENT) &&
			syscall(SYS_getdents64, directory, text, 4096) == -1 && errno == ENOENT,
		"its directory is empty");
	close(fd);
	close(directory);
	rmdir(ROOT "/pseudo");
}

/* A directory that is removed while somebody is in it. */
static void test_group_removed(void)
{
	mkdir(ROOT "/pseudo", 0755);
	ok(mkdir(ROOT "/pseudo/in", 0750) == 0 && FAILS(mknod(ROOT "/pseudo/in", S_IFIFO | 0600, 0), EEXIST),
		"a kept name: EEXIST, whatever is to be made");
	ok(chdir(ROOT "/pseudo/in") == 0 && access("cgroup.procs", F_OK) == 0 && rmdir(ROOT "/pseudo/in") == 0,
		"the working directory can be removed");
	ok(syscall(SYS_getcwd, text, 4096) == -1 && errno == ENOENT && FAILS(mkdir("below", 0755), ENOENT) &&
			FAILS(access("cgroup.procs", F_OK), ENOENT),
		"nothing is in it, and nothing can be made there");
	ok(mkdir(ROOT "/pseudo/in", 0755) == 0 && FAILS(access("cgroup.procs", F_OK), ENOENT) &&
			access("../in/cgroup.procs", F_OK) == 0 && FAILS(rmdir("../in/none"), ENOENT) &&
			rmdir("../in") == 0,
		"even when the name is there again, which its parent leads to");
	chdir("/");
	rmdir(ROOT "/pseudo");
}

/* Dentries that somebody has: those of directories are kept, and must go with their groups. */
static long dentry_count(void)
{
	const char *line = slurp("/proc/slabinfo") ? strstr(text, "\ndentry ") : NULL;

	return line ? strtol(line + 8, NULL, 10) : -1;
}

static int stop_walking;

/* Opens what comes and goes: it is there, or not there, or gone since it was opened. */
static void *walk_names(void *wrong)
{
	int *failures = wrong;

	while (!__atomic_load_n(&stop_walking, __ATOMIC_RELAXED)) {
		char byte;
		int directory = open(ROOT "/pseudo/a/b", O_RDONLY | O_DIRECTORY);
		int fd = open(ROOT "/pseudo/a/b/cgroup.events", O_RDONLY);

		*failures += directory < 0 && errno != ENOENT;
		*failures += fd < 0 && errno != ENOENT;
		*failures += fd >= 0 && read(fd, &byte, 1) != 1 && errno != ENODEV;
		close(fd);
		fd = openat(directory, "cgroup.events", O_RDONLY);
		*failures += directory >= 0 && fd < 0 && errno != ENOENT;
		close(fd);
		close(directory);
	}
	return NULL;
}

static void test_group_walks(void)
{
	enum { TURNS = 500 };
	pthread_t walkers[2];
	int failures[2] = { 0, 0 }, refused = 0;
	long before = dentry_count();

	mkdir(ROOT "/pseudo", 0755);
	for (int i = 0; i < 2; i++)
		pthread_create(&walkers[i], NULL, walk_names, &failures[i]);
	for (int i = 0; i < TURNS; i++) {
		refused += mkdir(ROOT "/pseudo/a", 0755) != 0;
		refused += mkdir(ROOT "/pseudo/a/b", 0755) != 0;
		refused += access(ROOT "/pseudo/a/b/cgroup.procs", F_OK) != 0;
		refused += rmdir(ROOT "/pseudo/a/b") != 0;
		refused += access(ROOT "/pseudo/a/b", F_OK) == 0;
		refused += rmdir(ROOT "/pseudo/a") != 0;
	}
	__atomic_store_n(&stop_walking, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		pthread_join(walkers[i], NULL);
	ok(refused == 0 && failures[0] == 0 && failures[1] == 0,
		"groups come and go under those who walk to them (%d, %d, %d)", refused, failures[0], failures[1]);
	rmdir(ROOT "/pseudo");
	long after = dentry_count();
	ok(before > 0 && after == before, "their directories go with them (%ld, %ld)", before, after);
}

static void test_mounts(void)
{
	mkdir("/tmp/mnt", 0755);
	ok(mount("tmpfs", "/tmp/mnt", "tmpfs", 0, "size=64k") == 0 &&
			contains("/proc/mounts", "/tmp/mnt"),
		"mount");
	int fd = open("/tmp/mnt/f", O_CREAT | O_RDWR, 0600);

	memset(text, 'x', sizeof(text));
	ok(write(fd, text, 65536) == 65536 && FAILS((int)write(fd, text, 1), ENOSPC),
		"size= bounds it: ENOSPC");
	ok(FAILS(umount("/tmp/mnt"), EBUSY), "in use: EBUSY");
	close(fd);
	ok(mount("", "/tmp/mnt", "", MS_REMOUNT | MS_RDONLY, "") == 0 &&
			FAILS(open("/tmp/mnt/g", O_CREAT | O_RDWR, 0600), EROFS) &&
			FAILS(open("/tmp/mnt/f", O_RDWR), EROFS) &&
			FAILS(unlink("/tmp/mnt/f"), EROFS),
		"read-only: EROFS");
	ok(umount("/tmp/mnt") == 0 && FAILS(access("/tmp/mnt/f", F_OK), ENOENT) &&
	   FAILS(umount("/tmp/mnt"), EINVAL), "umount");
	ok(FAILS(mount("x", "/tmp/mnt", "nosuchfs", 0, ""), ENODEV) &&
	   FAILS(mount("x", "/tmp/none", "tmpfs", 0, ""), ENOENT) &&
	   FAILS(mount("x", "/proc", "proc", 0, ""), EBUSY), "mount: ENODEV, ENOENT, EBUSY");
	ok(mount("c", "/tmp/mnt", "cgroup2", 0, "") == 0 && mkdir("/tmp/mnt/two", 0755) == 0 &&
	   access(ROOT "/two", F_OK) == 0 && rmdir(ROOT "/two") == 0 && umount("/tmp/mnt") == 0,
	   "the one tree at two places");
	rmdir("/tmp/mnt");
}

int main(void)
{
	test_machine();
	test_kernel_threads();
	test_self();
	test_zombie();
	test_storm();
	test_group_directory();
	test_group_listing();
	test_group_files();
	test_group_removed();
	test_group_walks();
	test_mounts();
	return tap_done();
}
