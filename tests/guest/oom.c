// SPDX-License-Identifier: Apache-2.0
/*
 * oom.c - no memory is left: in a group or in the whole machine, at a touch or in the middle of a system
 * call's copy. The largest process is killed and counted, no call answers EFAULT for it, the others go on.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { PAGE = 4096, MIB = 1 << 20, CHUNK = 64 * 1024 };

/* Told by a child that has seen an answer that it should not have: 100 and the errno. */
enum { WRONG = 100 };

static char *fresh(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static void must(ssize_t length)
{
	if (length < 0)
		_exit(WRONG + errno);
}

/* ---- ways to take more and more ---- */

static void by_touch(void)
{
	for (;;)
		memset(fresh(CHUNK), 1, CHUNK);
}

static void by_read(void)
{
	int fd = open("/dev/zero", O_RDONLY);
	for (;;)
		must(read(fd, fresh(CHUNK), CHUNK));
}

static void by_readv(void)
{
	int fd = open("/dev/zero", O_RDONLY);
	for (;;) {
		struct iovec parts[2] = { { fresh(CHUNK), CHUNK }, { fresh(CHUNK), CHUNK } };
		must(readv(fd, parts, 2));
	}
}

/* The file's pages are there already: its lock is held while they are copied. */
static void by_file(void)
{
	int fd = open("/tmp/oom", O_RDWR);
	for (;;)
		must(pread(fd, fresh(CHUNK), CHUNK, 0));
}

static void by_pipe(void)
{
	static char block[PAGE];
	int ends[2];
	must(pipe(ends));
	for (;;) {
		must(write(ends[1], block, PAGE));
		must(read(ends[0], fresh(PAGE), PAGE));
	}
}

static void by_socket(void)
{
	static char block[PAGE];
	int ends[2];
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	for (;;) {
		must(write(ends[1], block, PAGE));
		must(read(ends[0], fresh(PAGE), PAGE));
	}
}

/* Small answers: a structure a page. */
static void by_stat(void)
{
	for (;;)
		must(stat("/", (struct stat *)fresh(PAGE)));
}

static void by_poll(void)
{
	for (;;)
		must(poll((struct pollfd *)fresh(PAGE), 8, 0));
}

static void by_tail(void)
{
	execl("/bin/busybox", "tail", "/dev/zero", NULL);
	_exit(WRONG);
}

static const struct way {
	const char *name;
	void (*take)(void);
} ways[] = {
	{ "a touch", by_touch },       { "read", by_read },     { "readv", by_readv },
	{ "pread of a file", by_file }, { "a pipe", by_pipe },  { "a socket", by_socket },
	{ "stat", by_stat },           { "poll", by_poll },     { "tail /dev/zero", by_tail },
};
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

static pid_t start(const char *group, void (*body)(void))
{
	pid_t child = fork();
	if (child == 0) {
		if (group && group_move(group, 0))
			_exit(WRONG);
		body();
		_exit(0);
	}
	return child;
}

static int was_killed(pid_t child)
{
	int status = 0;
	waitpid(child, &status, 0);
	if (!WIFSIGNALED(status))
		printf("# status 0x%x\n", status);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static long long kills(const char *group)
{
	return group_number(group, "memory.events", "oom_kill");
}

static void sit_small(void)
{
	memset(fresh(MIB), 1, MIB);
	for (;;)
		pause();
}

static void test_group(const struct way *way, long long size)
{
	char text[32];
	long long before = kills("oom");
	snprintf(text, sizeof(text), "%lld", size);
	group_put("oom", "memory.max", text);
	ok(was_killed(start("oom", way->take)) && kills("oom") == before + 1,
	   "%lld MiB for a group, %s: killed and counted", size / MIB, way->name);
	group_put("oom", "memory.max", "max");
}

/* The largest in the whole machine, wherever it is; a smaller one lives, and is alive afterwards. */
static void test_machine(const struct way *way, pid_t small)
{
	long long before = kills("oom");
	ok(was_killed(start("oom", way->take)) && kill(small, 0) == 0 && kills("oom") == before + 1,
	   "the whole machine, %s: killed and counted", way->name);
}

static long free_kib(void)
{
	char text[256] = "";
	long total, available = 0;
	int fd = open("/proc/meminfo", O_RDONLY);
	(void)!read(fd, text, sizeof(text) - 1);
	close(fd);
	sscanf(text, "MemTotal: %ld kB MemFree: %ld kB", &total, &available);
	return available;
}

static void fill_most(void)
{
	size_t size = (size_t)free_kib() * 1024 / 10 * 7;
	memset(fresh(size), 1, size);
	for (;;)
		pause();
}

/* Not who asks for the last page, but who has most. */
static void test_largest(void)
{
	int status = -1;
	long before = free_kib();
	pid_t large = start(NULL, fill_most), child;
	while (free_kib() > before / 10 * 4)
		usleep(10000);
	size_t size = (size_t)free_kib() * 1024 + 4 * MIB;
	child = fork();
	if (child == 0) {
		memset(fresh(size), 1, size);
		_exit(0);
	}
	waitpid(child, &status, 0);
	ok(status == 0, "who asks for the last page gets it");
	ok(was_killed(large), "from who has most, who sleeps");
}

/* By ways that need none of the kernel's own memory: for want of that calls answer ENOMEM. */
static void test_many(void)
{
	enum { TAKERS = 6 };
	pid_t takers[TAKERS];
	int killed = 0;
	for (int i = 0; i < TAKERS; i++)
		takers[i] = start(i % 2 ? "oom" : NULL, ways[i % 4].take);
	for (int i = 0; i < TAKERS; i++)
		killed += was_killed(takers[i]);
	ok(killed == TAKERS, "many at a time: all of them end");
}

static void shell(void)
{
	execl("/bin/sh", "sh", "-c", "echo /etc/passwd | xargs ls >/dev/null", NULL);
}

int main(void)
{
	static char block[CHUNK];
	int status;
	group_put("", "cgroup.subtree_control", "+memory");
	ok(!group_make("oom"), "a group");
	int fd = open("/tmp/oom", O_RDWR | O_CREAT, 0600);
	(void)!write(fd, block, sizeof(block));
	pid_t small = start(NULL, sit_small);
	long before = free_kib();
	for (int i = 0; i < WAYS; i++)
		test_group(&ways[i], 6 * MIB);
	/* More than a quarter of the machine: refused by the machine before the group is full. */
	test_group(&ways[1], 1024LL * MIB);
	for (int i = 0; i < WAYS; i++)
		test_machine(&ways[i], small);
	test_largest();
	test_many();
	waitpid(start(NULL, shell), &status, 0);
	ok(status == 0 && kill(small, 0) == 0, "the machine lives");
	kill(small, SIGKILL);
	waitpid(small, &status, 0);
	for (int i = 0; i < 200 && free_kib() < before - 2048; i++)
		usleep(10000);
	ok(free_kib() > before - 2048, "the memory is back: %ld of %ld KiB", free_kib(), before);
	unlink("/tmp/oom");
	ok(!group_remove("oom"), "nothing is left of it");
	return tap_done();
}
