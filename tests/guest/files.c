// SPDX-License-Identifier: Apache-2.0
/*
 * files.c - descriptors, paths and memory files from a program's side.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define BASE "/tmp/files"
#define FAILS(call, error) (errno = 0, (call) == -1 && errno == (error))

/* An address that the compiler knows nothing about. */
static void *wild(unsigned long address)
{
	volatile unsigned long hidden = address;

	return (void *)hidden;
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		printf("# cannot write %s: %s\n", path, strerror(errno));
	close(fd);
}

static int text_is(const char *path, const char *text)
{
	char buffer[256];
	int fd = open(path, O_RDONLY);
	ssize_t length = fd < 0 ? -1 : read(fd, buffer, sizeof(buffer));

	close(fd);
	return length == (ssize_t)strlen(text) && memcmp(buffer, text, strlen(text)) == 0;
}

static void test_contents(void)
{
	char buffer[8192], zeros[4096] = { 0 };
	int fd = open(BASE "/a", O_RDWR | O_CREAT | O_EXCL, 0600);
	struct stat stat;
	struct iovec parts[3] = { { "one", 3 }, { "", 0 }, { "two", 3 } };

	ok(fd >= 0, "open makes a file");
	ok(FAILS(open(BASE "/a", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST), "O_EXCL: EEXIST");
	ok(write(fd, "hello", 5) == 5 && pread(fd, buffer, 9, 1) == 4 && !memcmp(buffer, "ello", 4),
	   "write, then pread");
	ok(lseek(fd, 10000, SEEK_SET) == 10000 && write(fd, "end", 3) == 3, "write beyond the end");
	ok(fstat(fd, &stat) == 0 && stat.st_size == 10003 && S_ISREG(stat.st_mode),
		"the size follows");
	ok(pread(fd, buffer, 4096, 4096) == 4096 && !memcmp(buffer, zeros, 4096),
		"a hole reads as zeros");
	ok(ftruncate(fd, 3) == 0 && ftruncate(fd, 4096) == 0 &&
			pread(fd, buffer, 4096, 0) == 4096 && !memcmp(buffer, "hel\0\0\0", 6),
		"what was cut off does not come back");
	ok(lseek(fd, 0, SEEK_END) == 4096 && lseek(fd, -1, SEEK_CUR) == 4095,
		"lseek from here and end");
	ok(FAILS((int)lseek(fd, -1, SEEK_SET), EINVAL) && FAILS((int)lseek(fd, 0, 77), EINVAL),
	   "lseek: EINVAL");
	ok(pwritev(fd, parts, 3, 0) == 6 && pread(fd, buffer, 6, 0) == 6 &&
			!memcmp(buffer, "onetwo", 6),
		"pwritev writes its segments in order");
	ok(FAILS((int)readv(fd, parts, (int)(long)wild(1025)), EINVAL) &&
	   FAILS((int)readv(fd, wild(8), 2), EFAULT),
	   "readv: too many segments EINVAL, a wild pointer EFAULT");
	ok(FAILS((int)read(fd, wild(-4096UL), 10), EFAULT) || read(fd, NULL, 0) == 0,
		"read: wild pointer");
	ok(FAILS((int)pread(fd, wild(0xffffffc000000000UL), 8, 0), EFAULT),
		"no read into kernel memory");
	ok(FAILS((int)pwrite(fd, wild(0xffffffff80000000UL), 8, 0), EFAULT), "no write from it");
	ok(FAILS((int)pread(fd, buffer, 1, -1), EINVAL), "pread: a negative offset EINVAL");
	ok(FAILS((int)pwrite(fd, "x", 1, INT64_MAX), EFBIG),
		"pwrite at the end of the world: EFBIG");
	ok(FAILS(ftruncate(fd, -1), EINVAL), "ftruncate: EINVAL");
	close(fd);
	ok(FAILS((int)read(fd, buffer, 1), EBADF) && FAILS(close(fd), EBADF),
		"a closed descriptor: EBADF");
	ok(FAILS((int)read(-1, buffer, 1), EBADF) && FAILS((int)read(1 << 30, buffer, 1), EBADF),
	   "descriptors that never were: EBADF");
}

static void test_modes_of_open(void)
{
	char buffer[8];
	int fd, other;

	write_text(BASE "/m", "12345");
	fd = open(BASE "/m", O_RDONLY);
	ok(FAILS((int)write(fd, "x", 1), EBADF), "write to a reader: EBADF");
	close(fd);
	fd = open(BASE "/m", O_WRONLY | O_APPEND);
	ok(FAILS((int)read(fd, buffer, 1), EBADF), "read from a writer: EBADF");
	ok(write(fd, "67", 2) == 2 && text_is(BASE "/m", "1234567"), "O_APPEND writes at the end");
	close(fd);
	ok(FAILS(open(BASE, O_WRONLY), EISDIR) && FAILS(open(BASE, O_RDWR | O_CREAT, 0600), EISDIR),
	   "a directory opened for writing: EISDIR");
	ok(FAILS(open(BASE "/m", O_RDONLY | O_DIRECTORY), ENOTDIR),
		"O_DIRECTORY on a file: ENOTDIR");
	fd = open(BASE "/m", O_PATH);
	ok(fd >= 0 && FAILS((int)read(fd, buffer, 1), EBADF) && FAILS(fchmod(fd, 0600), EBADF),
	   "O_PATH names, but does not read");
	other = openat(fd, "x", O_RDONLY);
	ok(other == -1 && errno == ENOTDIR, "a file is no directory to start from");
	close(fd);
	fd = open(BASE "/m", O_RDWR | O_TRUNC);
	ok(read(fd, buffer, 8) == 0, "O_TRUNC empties");
	close(fd);
}

static void test_descriptors(void)
{
	int fd = open(BASE "/m", O_RDWR), low, at;
	struct rlimit limit = { 64, 64 };

	ok(fcntl(fd, F_GETFD) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
			fcntl(fd, F_GETFD) == 1,
		"the close-on-exec flag");
	low = dup(fd);
	ok(low >= 0 && fcntl(low, F_GETFD) == 0, "dup does not copy it");
	ok(write(fd, "abc", 3) == 3 && lseek(low, 0, SEEK_CUR) == 3,
		"a duplicate shares the position");
	at = fcntl(fd, F_DUPFD_CLOEXEC, 50);
	ok(at == 50 && fcntl(50, F_GETFD) == 1, "F_DUPFD_CLOEXEC starts at its argument");
	ok(dup3(fd, 51, O_CLOEXEC) == 51 && FAILS(dup3(fd, fd, 0), EINVAL), "dup3");
	ok(FAILS(dup2(fd, 1 << 20), EBADF) && FAILS(dup2(999, 3), EBADF), "dup2: EBADF");
	ok(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK) == 0 &&
			(fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK | O_ACCMODE)) ==
				(O_APPEND | O_NONBLOCK | O_RDWR),
		"F_SETFL changes what may be changed");
	ok(FAILS(fcntl(fd, 99999), EINVAL), "an unknown fcntl: EINVAL");
	ok(syscall(SYS_close_range, 50, 51, 0) == 0 && FAILS(fcntl(50, F_GETFD), EBADF),
		"close_range");
	ok(FAILS((int)syscall(SYS_close_range, 51, 50, 0), EINVAL),
		"close_range backwards: EINVAL");
	close(low);
	pid_t child = fork();

	if (child == 0) {
		int last = 0;

		setrlimit(RLIMIT_NOFILE, &limit);
		while ((at = dup(fd)) >= 0)
			last = at;
		_exit(errno == EMFILE && last == 63 ? 0 : 1);
	}
	int status;

	waitpid(child, &status, 0);
	ok(status == 0, "RLIMIT_NOFILE: EMFILE after descriptor 63");
	for (at = 0; at < 1000; at++)
		if (dup(fd) < 0)
			break;
	ok(at == 1000, "a thousand descriptors");
	syscall(SYS_close_range, 3, ~0U, 0);
}

static void test_names(void)
{
	struct stat a, b;
	char buffer[64];
	int fd;

	write_text(BASE "/n1", "n");
	ok(link(BASE "/n1", BASE "/n2") == 0 && stat(BASE "/n2", &a) == 0 && a.st_nlink == 2,
		"hard links");
	ok(FAILS(link(BASE "/n1", BASE "/n2"), EEXIST) && FAILS(link(BASE, BASE "/d"), EPERM),
	   "link: EEXIST, and EPERM for a directory");
	fd = open(BASE "/n1", O_RDONLY);
	ok(unlink(BASE "/n1") == 0 && unlink(BASE "/n2") == 0 && read(fd, buffer, 9) == 1 &&
	   fstat(fd, &a) == 0 && a.st_nlink == 0, "an open file outlives its names");
	close(fd);
	ok(FAILS(unlink(BASE "/n1"), ENOENT) && FAILS(unlink(BASE), EISDIR),
		"unlink: ENOENT, EISDIR");
	ok(mkdir(BASE "/d", 0755) == 0 && mkdir(BASE "/d/e/", 0755) == 0 &&
			FAILS(mkdir(BASE "/d", 0755), EEXIST) &&
			FAILS(mkdir(BASE "/x/y", 0755), ENOENT),
		"mkdir");
	ok(stat(BASE "/d", &a) == 0 && a.st_nlink == 3, "a directory counts its subdirectories");
	ok(FAILS(rmdir(BASE "/d"), ENOTEMPTY) && FAILS(rmdir(BASE "/d/."), EINVAL) &&
	   FAILS(rmdir(BASE "/d/e/.."), ENOTEMPTY) && FAILS(rmdir(BASE "/m"), ENOTDIR) &&
	   FAILS(rmdir("/"), EBUSY), "rmdir: ENOTEMPTY, EINVAL, ENOTDIR, EBUSY");
	write_text(BASE "/r1", "r1");
	write_text(BASE "/r2", "r2");
	ok(rename(BASE "/r1", BASE "/r2") == 0 && text_is(BASE "/r2", "r1") &&
	   FAILS(access(BASE "/r1", F_OK), ENOENT), "rename replaces");
	ok(syscall(SYS_renameat2, AT_FDCWD, BASE "/r2", AT_FDCWD, BASE "/m", 1) == -1 &&
			errno == EEXIST,
		"RENAME_NOREPLACE: EEXIST");
	ok(FAILS(rename(BASE "/d", BASE "/d/e/f"), EINVAL) &&
			FAILS(rename(BASE "/d", BASE "/m"), ENOTDIR) &&
			FAILS(rename(BASE "/m", BASE "/d"), EISDIR) &&
			FAILS(rename(BASE "/m", "/proc/x"), EXDEV),
		"rename: EINVAL into itself, ENOTDIR, EISDIR, EXDEV");
	ok(rename(BASE "/d/e", BASE "/e") == 0 && stat(BASE "/d", &a) == 0 && a.st_nlink == 2 &&
	   stat(BASE "/e/..", &b) == 0 && stat(BASE, &a) == 0 && a.st_ino == b.st_ino,
	   "a directory that moved has a new parent");
	ok(FAILS(open(BASE "/m/x", O_RDONLY), ENOTDIR) &&
			FAILS(open(BASE "/m/", O_RDONLY), ENOTDIR),
		"a file in the middle or with a slash: ENOTDIR");
}

static void test_paths(void)
{
	static char longest[5000];
	char buffer[4096];
	struct stat stat;

	ok(symlink("m", BASE "/s") == 0 && readlink(BASE "/s", buffer, 9) == 1 &&
			buffer[0] == 'm' && lstat(BASE "/s", &stat) == 0 && S_ISLNK(stat.st_mode),
		"a symbolic link");
	write_text(BASE "/s", "through");
	ok(text_is(BASE "/m", "through"), "it is followed");
	ok(symlink("loop", BASE "/loop") == 0 && FAILS(open(BASE "/loop", O_RDONLY), ELOOP),
		"ELOOP");
	ok(FAILS(open(BASE "/s", O_RDONLY | O_NOFOLLOW), ELOOP), "O_NOFOLLOW: ELOOP");
	ok(symlink("../../tmp/files/d", BASE "/sd") == 0 && access(BASE "/sd/../m", F_OK) == 0,
	   "dot-dot behind a link is the target's parent");
	ok(symlink("/tmp/files", BASE "/abs") == 0 && access(BASE "/abs/abs/abs/m", F_OK) == 0,
	   "absolute links in a row");
	ok(access("/../../tmp/./files///m", F_OK) == 0, "dots and slashes");
	memset(longest, 'a', 4999);
	ok(FAILS(open(longest, O_RDONLY), ENAMETOOLONG), "5000 bytes: ENAMETOOLONG");
	longest[0] = '/';
	longest[257] = '\0';
	ok(FAILS(open(longest, O_RDONLY), ENAMETOOLONG), "a name of 256: ENAMETOOLONG");
	longest[256] = '\0';
	ok(FAILS(open(longest, O_RDONLY), ENOENT), "a name of 255: only not there");
	ok(FAILS(open("", O_RDONLY), ENOENT) && FAILS(open(wild(8), O_RDONLY), EFAULT),
		"ENOENT, EFAULT");
	ok(chdir(BASE "/d") == 0 && getcwd(buffer, sizeof(buffer)) && !strcmp(buffer, BASE "/d") &&
	   access("../m", F_OK) == 0, "chdir and getcwd");
	ok(syscall(SYS_getcwd, buffer, 4) == -1 && errno == ERANGE, "getcwd: ERANGE");
	ok(rmdir(BASE "/d") == 0 && FAILS(open("x", O_CREAT | O_RDWR, 0600), ENOENT) &&
			syscall(SYS_getcwd, buffer, 4096) == -1 && errno == ENOENT,
		"a removed working directory: ENOENT");
	ok(FAILS(chdir(BASE "/m"), ENOTDIR) && chdir("/") == 0, "chdir to a file: ENOTDIR");
}

static void test_listing(void)
{
	enum { COUNT = 500 };
	static char seen[COUNT];
	char path[64], tiny[16];
	struct dirent *entry;
	int twice = 0, total = 0;

	mkdir(BASE "/many", 0755);
	for (int i = 0; i < COUNT; i++) {
		snprintf(path, sizeof(path), BASE "/many/%d", i);
		close(open(path, O_CREAT | O_WRONLY, 0600));
	}
	DIR *directory = opendir(BASE "/many");

	while ((entry = readdir(directory)) != NULL) {
		int number = atoi(entry->d_name);

		if (entry->d_name[0] == '.')
			continue;
		twice += seen[number]++;
		total++;
		snprintf(path, sizeof(path), BASE "/many/%d", number);
		unlink(path);
	}
	ok(total == COUNT && twice == 0, "a listing is whole while its entries are removed");
	rewinddir(directory);
	int dots = 0;

	while (readdir(directory))
		dots++;
	ok(dots == 2, "and empty but for the dots after it");
	ok(lseek(dirfd(directory), 0, SEEK_SET) == 0 &&
	   syscall(SYS_getdents64, dirfd(directory), tiny, sizeof(tiny)) == -1 && errno == EINVAL,
	   "no room for one entry: EINVAL");
	ok(syscall(SYS_getdents64, dirfd(directory), wild(16), 4096) == -1 && errno == EFAULT,
	   "getdents64: EFAULT");
	closedir(directory);
	int fd = open(BASE "/m", O_RDONLY);

	ok(syscall(SYS_getdents64, fd, path, sizeof(path)) == -1 && errno == ENOTDIR, "ENOTDIR");
	close(fd);
}

static void test_permissions(void)
{
	int status;
	pid_t child;

	write_text(BASE "/secret", "s");
	chmod(BASE "/secret", 0600);
	mkdir(BASE "/closed", 0700);
	write_text(BASE "/closed/in", "i");
	mkdir(BASE "/sticky", 01777);
	write_text(BASE "/sticky/root", "r");
	chmod(BASE "/sticky", 01777);
	child = fork();
	if (child == 0) {
		int good = setgid(1000) == 0 && setuid(1000) == 0;

		good = good && FAILS(open(BASE "/secret", O_RDONLY), EACCES);
		good = good && FAILS(open(BASE "/closed/in", O_RDONLY), EACCES);
		good = good && FAILS(open(BASE "/new", O_CREAT | O_RDWR, 0600), EACCES);
		good = good && FAILS(chmod(BASE "/secret", 0666), EPERM);
		good = good && FAILS(chown(BASE "/secret", 1000, 1000), EPERM);
		good = good && FAILS(unlink(BASE "/sticky/root"), EPERM);
		good = good && FAILS(mkdir("/sys/fs/cgroup/files-test", 0755), EACCES);
		_exit(good ? 0 : 1);
	}
	waitpid(child, &status, 0);
	ok(status == 0, "another user is kept out");
	ok(umask(027) == 022 || 1, "umask");
	close(open(BASE "/masked", O_CREAT | O_WRONLY, 0666));
	struct stat stat_;

	ok(stat(BASE "/masked", &stat_) == 0 && (stat_.st_mode & 0777) == 0640, "umask takes away");
	umask(022);
	ok(chown(BASE "/masked", 7, 8) == 0 && stat(BASE "/masked", &stat_) == 0 &&
			stat_.st_uid == 7 && stat_.st_gid == 8,
		"chown");
}

static void *hammer(void *argument)
{
	int *stop = argument;

	while (!__atomic_load_n(stop, __ATOMIC_RELAXED)) {
		int fd = open(BASE "/m", O_RDONLY);

		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

static void test_shared(void)
{
	pthread_t threads[3];
	char path[64];
	int stop = 0, failures = 0, status = 0;

	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, hammer, &stop);
	for (int i = 0; i < 2000; i++) {
		snprintf(path, sizeof(path), BASE "/t%d", i % 7);
		int fd = open(path, O_CREAT | O_RDWR, 0600);

		failures += fd < 0 || write(fd, "x", 1) != 1 || close(fd) != 0;
		failures += rename(path, BASE "/other") != 0 || unlink(BASE "/other") != 0;
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	ok(failures == 0, "threads open, make, rename and remove at once");
	int fd = open(BASE "/log", O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0600);

	for (int i = 0; i < 4; i++) {
		if (fork() == 0) {
			for (int j = 0; j < 500; j++)
				if (write(fd, "0123456789\n", 11) != 11)
					_exit(1);
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++) {
		int one;

		wait(&one);
		status |= one;
	}
	struct stat stat_;

	ok(status == 0 && fstat(fd, &stat_) == 0 && stat_.st_size == 4 * 500 * 11,
	   "four processes append through one description and lose nothing");
	close(fd);
}

static void test_mapping(void)
{
	int fd = open(BASE "/map", O_CREAT | O_RDWR, 0600);

	ftruncate(fd, 8192);
	char *shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *private = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	char buffer[4];

	shared[5000] = 'S';
	ok(pread(fd, buffer, 1, 5000) == 1 && buffer[0] == 'S' && private[5000] == 'S',
	   "a shared mapping writes to the file");
	private[5001] = 'P';
	ok(pread(fd, buffer, 1, 5001) == 1 && buffer[0] == 0, "a private one does not");
	ok(write(fd, shared, 8192) == 8192, "a file is written from its own mapping");
	munmap(shared, 8192);
	munmap(private, 8192);
	ok(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 0, 0) == MAP_FAILED,
		"a terminal cannot be mapped");
	close(fd);
}

static void test_locks_and_others(void)
{
	int a = open(BASE "/m", O_RDWR), b = open(BASE "/m", O_RDWR), memory;
	struct statfs fs;
	struct statx statx_;
	char buffer[8];

	ok(flock(a, LOCK_EX) == 0 && FAILS(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK) &&
	   flock(a, LOCK_SH) == 0 && flock(b, LOCK_SH | LOCK_NB) == 0, "flock");
	close(a);
	ok(flock(b, LOCK_EX | LOCK_NB) == 0 && FAILS(flock(b, 77), EINVAL),
		"closing gives a lock back");
	close(b);
	memory = memfd_create("m", 0);
	ok(memory >= 0 && write(memory, "mem", 3) == 3 && pread(memory, buffer, 3, 0) == 3,
		"memfd_create");
	close(memory);
	ok(statfs("/tmp", &fs) == 0 && fs.f_type == 0x01021994 && statfs("/proc", &fs) == 0 &&
	   fs.f_type == 0x9fa0 && statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == 0x63677270,
	   "statfs tells the file system");
	ok(statx(AT_FDCWD, BASE "/m", 0, STATX_BASIC_STATS, &statx_) == 0 && statx_.stx_size == 7,
		"statx");
	ok(FAILS(statx(AT_FDCWD, BASE "/m", 0x80000, 0, &statx_), EINVAL) &&
	   FAILS(stat(BASE "/m", wild(8)), EFAULT), "EINVAL, EFAULT");
	struct timespec times[2] = { { 1000, 5 }, { 2000, 6 } };
	struct stat stat_;

	ok(utimensat(AT_FDCWD, BASE "/m", times, 0) == 0 && stat(BASE "/m", &stat_) == 0 &&
	   stat_.st_atim.tv_sec == 1000 && stat_.st_mtim.tv_nsec == 6, "utimensat");
	ok(mknod(BASE "/null", S_IFCHR | 0666, 0x103) == 0 &&
			(a = open(BASE "/null", O_RDWR)) >= 0 && write(a, "x", 1) == 1 &&
			read(a, buffer, 1) == 0,
		"a device node anywhere is the device");
	close(a);
	a = open("/dev/zero", O_RDWR);
	ok(read(a, buffer, 8) == 8 && !memcmp(buffer, "\0\0\0\0\0\0\0\0", 8), "/dev/zero");
	close(a);
	a = open("/dev/full", O_RDWR);
	ok(FAILS((int)write(a, "x", 1), ENOSPC), "/dev/full: ENOSPC");
	close(a);
	a = open("/dev/urandom", O_RDONLY);
	char first[16], second[16];

	ok(read(a, first, 16) == 16 && read(a, second, 16) == 16 && memcmp(first, second, 16),
		"/dev/urandom");
	close(a);
}

int main(void)
{
	mkdir(BASE, 0755);
	test_contents();
	test_modes_of_open();
	test_descriptors();
	test_names();
	test_paths();
	test_listing();
	test_permissions();
	test_shared();
	test_mapping();
	test_locks_and_others();
	return tap_done();
}
