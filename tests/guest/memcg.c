// SPDX-License-Identifier: Apache-2.0
/*
 * memcg.c - the memory controller: what is charged to whom, and what becomes of a group that has no
 * room. Each part begins and ends with the empty groups memcg/a and memcg/b.
 */
#define _GNU_SOURCE
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { PAGE = 4096, KIB = 1024, MIB = 1024 * KIB, MANY = 400, WORKERS = 4 };

#define FILE_NAME "/tmp/memcg"

static volatile struct {
	int ready, go;
} *shared;

static long long bytes(const char *group, const char *file)
{
	char text[64];

	return group_get(group, file, text, sizeof(text)) < 0 ? -1 : atoll(text);
}

static long long stat_of(const char *group, const char *key)
{
	return group_number(group, "memory.stat", key);
}

static void limit(const char *group, long long size)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", size);
	group_put(group, "memory.max", size < 0 ? "max" : text);
}

/* Waits until a group is empty again: tasks leave their memory a moment after they are reaped. */
static int is_empty(const char *group)
{
	for (int i = 0; i < 2000 && bytes(group, "memory.current"); i++)
		usleep(1000);
	return bytes(group, "memory.current") == 0;
}

static char *map(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
}

static void touch(char *memory, size_t size)
{
	for (size_t at = 0; at < size; at += PAGE)
		memory[at] = 1;
}

/* A child in the group that runs body(argument). */
static pid_t start(const char *group, void (*body)(long), long argument)
{
	shared->ready = shared->go = 0;
	pid_t child = fork();

	if (child == 0) {
		if (group_move(group, 0))
			_exit(99);
		body(argument);
		_exit(0);
	}
	return child;
}

static int end_of(pid_t child)
{
	int status;

	return waitpid(child, &status, 0) == child ? status : -1;
}

static int was_killed(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void await_ready(int count)
{
	while (shared->ready < count)
		usleep(500);
}

static void be_ready_and_wait(void)
{
	__atomic_fetch_add(&shared->ready, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
}

static void end_child(pid_t child)
{
	kill(child, SIGKILL);
	end_of(child);
}

/* A group that has no past. */
static void renew(const char *group)
{
	group_remove(group);
	group_make(group);
}

/* ---- the files and their rules ---- */

static void test_rules(void)
{
	char text[128];

	ok(group_get("", "cgroup.controllers", text, sizeof(text)) > 0 && strstr(text, "memory"),
	   "the root offers memory");
	ok(group_is("memcg/a", "memory.max", "max") && group_is("memcg/a", "memory.current", "0"),
	   "a new group has no limit and no memory");
	ok(group_put("memcg/a", "memory.max", "64K") == 0 && group_is("memcg/a", "memory.max", "65536"),
	   "sizes have suffixes");
	ok(group_put("memcg/a", "memory.max", "-1") == -EINVAL &&
		   group_is("memcg/a", "memory.max", "65536"), "and no sign");
	limit("memcg/a", -1);
	ok(group_open("memcg/a", "memory.high", O_RDONLY) == -ENOENT,
	   "there is no file for what is not enforced");
	ok(group_get("", "memory.stat", text, sizeof(text)) > 0 &&
		   group_get("", "memory.current", text, sizeof(text)) == -ENOENT,
	   "the root has memory.stat alone");
}

static void pause_in(long argument)
{
	(void)argument;
	be_ready_and_wait();
}

static void test_no_internal_processes(void)
{
	group_make("memcg/a/sub");
	pid_t child = start("memcg/a", pause_in, 0);

	await_ready(1);
	ok(group_put("memcg/a", "cgroup.subtree_control", "+memory") == -EBUSY,
	   "a group with processes hands on no memory: EBUSY");
	ok(group_move("memcg/a/sub", child) == 0 &&
		   group_put("memcg/a", "cgroup.subtree_control", "+memory") == 0, "an empty one does");
	ok(group_move("memcg/a", child) == -EBUSY, "and takes no process: EBUSY");
	int fd = group_open("memcg/a", "", O_PATH | O_DIRECTORY);
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD,
				   .cgroup = (unsigned int)fd };
	long clone = syscall(SYS_clone3, &args, sizeof(args));
	if (clone == 0)
		_exit(0);
	ok(clone == -1 && errno == EBUSY, "nor a new one: clone3 answers EBUSY");
	close(fd);
	ok(group_put("memcg/a/sub", "cgroup.type", "threaded") == -EOPNOTSUPP,
	   "below a domain controller nothing is threaded: EOPNOTSUPP");
	end_child(child);
	ok(group_put("memcg/a", "cgroup.subtree_control", "-memory") == 0 &&
		   group_put("memcg/a/sub", "cgroup.type", "threaded") == 0 &&
		   group_put("memcg/a", "cgroup.subtree_control", "+memory") == -EOPNOTSUPP,
	   "and the root of a threaded subtree hands on no memory");
	group_remove("memcg/a/sub");
}

/* ---- what is charged ---- */

static void touch_pages(long pages)
{
	size_t size = (size_t)pages * PAGE;

	touch(map(size), size);
	be_ready_and_wait();
}

static void test_anonymous(void)
{
	pid_t little = start("memcg/a", touch_pages, 0);
	await_ready(1);
	long long few = stat_of("memcg/a", "anon");
	end_child(little);
	ok(is_empty("memcg/a"), "the end of a process takes its charges");
	pid_t child = start("memcg/a", touch_pages, MANY);
	await_ready(1);
	long long anon = stat_of("memcg/a", "anon");
	ok(anon == few + MANY * PAGE, "%d pages touched are %lld bytes more", MANY, anon - few);
	ok(bytes("memcg/a", "memory.current") ==
		   anon + stat_of("memcg/a", "file") + stat_of("memcg/a", "kernel"),
	   "memory.current is the sum of its parts");
	ok(stat_of("memcg/a", "kernel_stack") == 0 && stat_of("memcg/a", "pagetables") >= PAGE,
	   "page tables are charged; its kernel stack is who forked it's");
	ok(bytes("memcg", "memory.current") == bytes("memcg/a", "memory.current"),
	   "the group above counts it, too");
	/* its charges do not move with it */
	ok(group_move("memcg/b", child) == 0 && stat_of("memcg/a", "anon") == anon &&
		   bytes("memcg/b", "memory.current") == 0, "moving a process moves no charge");
	end_child(child);
	ok(is_empty("memcg/a") && is_empty("memcg/b"), "they go where they were");
	ok(bytes("memcg/a", "memory.peak") >= MANY * PAGE, "memory.peak remembers");
}

static void touch_moved(long pages)
{
	char *memory = map(2 * (size_t)pages * PAGE);

	touch(memory, (size_t)pages * PAGE);
	group_move("memcg/b", 0);
	touch(memory + pages * PAGE, (size_t)pages * PAGE);
	be_ready_and_wait();
}

static void write_after_fork(long pages)
{
	char *memory = map((size_t)pages * PAGE);

	touch(memory, (size_t)pages * PAGE);
	if (fork() == 0) {
		group_move("memcg/b", 0);
		touch(memory, (size_t)pages * PAGE / 2);
		be_ready_and_wait();
	}
	be_ready_and_wait();
}

static void test_who(void)
{
	pid_t child = start("memcg/a", touch_moved, MANY);

	await_ready(1);
	ok(stat_of("memcg/a", "anon") >= MANY * PAGE && stat_of("memcg/b", "anon") >= MANY * PAGE &&
		   stat_of("memcg/b", "anon") < (MANY + 8) * PAGE,
	   "who touches after a move pays in the new group");
	end_child(child);
	child = start("memcg/a", write_after_fork, MANY);
	await_ready(2);
	ok(stat_of("memcg/b", "anon") >= MANY / 2 * PAGE &&
		   stat_of("memcg/b", "anon") < (MANY / 2 + 16) * PAGE,
	   "after a fork the writer pays for its copies");
	kill(child, SIGKILL);
	group_put("memcg/b", "cgroup.kill", "1");
	end_of(child);
	ok(is_empty("memcg/a") && is_empty("memcg/b"), "and all of it goes");
}

static void write_file(long pages)
{
	char block[PAGE] = "x";
	int fd = open(FILE_NAME, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	for (long i = 0; i < pages; i++)
		if (write(fd, block, sizeof(block)) != sizeof(block))
			_exit(errno);
	close(fd);
}

static void share_and_pipe(long pages)
{
	int ends[2];
	char block[PAGE] = "x";
	size_t size = (size_t)pages * PAGE;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	touch(memory, size);
	if (fork() == 0) {
		touch(memory, size);
		be_ready_and_wait();
	}
	if (pipe(ends) == 0)
		for (int i = 0; i < 4; i++)
			(void)!write(ends[1], block, PAGE);
	be_ready_and_wait();
}

static void test_files(void)
{
	int status = end_of(start("memcg/a", write_file, MANY));
	ok(status == 0 && stat_of("memcg/a", "file") == MANY * PAGE,
	   "a file's pages are charged to who wrote them");
	ok(bytes("memcg/a", "memory.current") >= MANY * PAGE, "and stay when he has gone");
	ok(group_remove("memcg/a") == 0 && stat_of("memcg", "file") == MANY * PAGE,
	   "a removed group's are the parent's");
	unlink(FILE_NAME);
	ok(is_empty("memcg"), "until the file goes");
	group_make("memcg/a");
	pid_t child = start("memcg/a", share_and_pipe, MANY);
	await_ready(2);
	ok(stat_of("memcg/a", "file") == MANY * PAGE, "shared memory is charged once");
	ok(stat_of("memcg/a", "kernel_stack") == 2 * PAGE, "and the stack of a child");
	ok(stat_of("memcg/a", "kernel") >= 2 * PAGE + stat_of("memcg/a", "pagetables") + 4 * PAGE,
	   "what is in a pipe is charged");
	group_put("memcg/a", "cgroup.kill", "1");
	end_of(child);
	ok(is_empty("memcg/a"), "and both go");
}

/* ---- a group without room ---- */

static void touch_and_end(long pages)
{
	size_t size = (size_t)pages * PAGE;

	touch(map(size), size);
}

static void test_limit(void)
{
	pid_t outside = start("memcg/b", touch_pages, 2 * MANY);
	await_ready(1);
	renew("memcg/a");
	limit("memcg/a", MIB);
	int fd = group_open("memcg/a", "memory.events", O_RDONLY);
	int watcher = inotify_init1(IN_NONBLOCK);
	char text[256], path[GROUP_PATH];
	group_path(path, "memcg/a", "memory.events");
	inotify_add_watch(watcher, path, IN_MODIFY);
	struct pollfd entry = { .fd = fd, .events = POLLPRI };
	(void)!read(fd, text, sizeof(text));
	ok(poll(&entry, 1, 0) == 0, "memory.events has no news");
	ok(was_killed(end_of(start("memcg/a", touch_and_end, 1000))), "who touches too much is killed");
	ok(poll(&entry, 1, 0) == 1 && entry.revents & POLLPRI, "memory.events has news: poll");
	ok(read(watcher, text, sizeof(text)) > 0, "and inotify");
	ok(group_number("memcg/a", "memory.events", "oom_kill") == 1 &&
		   group_number("memcg/a", "memory.events", "oom") == 1 &&
		   group_number("memcg/a", "memory.events", "max") >= 1 &&
		   group_number("memcg", "memory.events", "oom_kill") == 1 &&
		   group_number("memcg", "memory.events.local", "oom_kill") == 0,
	   "it counts, and so does the group above");
	ok(bytes("memcg/a", "memory.peak") <= MIB, "the limit was never exceeded");
	ok(kill(outside, 0) == 0 && group_number("memcg/b", "memory.events", "oom_kill") == 0,
	   "nobody outside was harmed");
	close(fd);
	close(watcher);
	end_child(outside);
	ok(is_empty("memcg/a"), "nothing remains");
	limit("memcg/a", -1);
}

static void wait_and_touch(long pages)
{
	char *memory = map((size_t)pages * PAGE);

	__atomic_fetch_add(&shared->ready, 1, __ATOMIC_SEQ_CST);
	while (!shared->go)
		usleep(500);
	touch(memory, (size_t)pages * PAGE);
}

static void test_largest(void)
{
	pid_t large = start("memcg/a", touch_pages, 300);
	await_ready(1);
	limit("memcg/a", 2 * MIB);
	pid_t small = start("memcg/a", wait_and_touch, 250);
	shared->go = 1;
	ok(was_killed(end_of(large)), "the largest of the group is killed");
	ok(end_of(small) == 0, "and the other gets what it asked for");
	large = start("memcg/a", touch_pages, 300);
	await_ready(1);
	ok(end_of(start("memcg/a", write_file, 250)) == 0 && was_killed(end_of(large)),
	   "so does who writes a file: the call is done again");
	ok(was_killed(end_of(start("memcg/a", write_file, 600))), "unless he is the largest himself");
	unlink(FILE_NAME);
	limit("memcg/a", -1);
}

/* Copies into untouched memory of its own, with the file's lock held meanwhile. */
static void read_file(long pages)
{
	size_t size = (size_t)pages * PAGE;
	char *memory = map(size);
	int fd = open(FILE_NAME, O_RDWR);

	if (read(fd, memory, size) != (ssize_t)size)
		_exit(1);
}

static void fork_many(long count)
{
	for (long i = 0; i < count; i++)
		if (fork() == 0)
			be_ready_and_wait();
}

static void test_calls(void)
{
	write_file(1000);
	limit("memcg/a", MIB);
	ok(was_killed(end_of(start("memcg/a", read_file, 1000))),
	   "a read into too much memory ends the reader");
	pid_t readers[WORKERS];
	for (int i = 0; i < WORKERS; i++)
		readers[i] = start("memcg/a", read_file, 200);
	int ended = 0;
	for (int i = 0; i < WORKERS; i++)
		ended += end_of(readers[i]) != -1;
	ok(ended == WORKERS, "many readers of one file do not hang each other");
	unlink(FILE_NAME);
	pid_t forker = start("memcg/a", fork_many, 200);
	end_of(forker);
	ok(bytes("memcg/a", "memory.current") <= MIB &&
		   group_number("memcg/a", "memory.events", "oom_kill") > 1, "forks end at the limit, too");
	group_put("memcg/a", "cgroup.kill", "1");
	ok(is_empty("memcg/a"), "nothing remains of them");
	limit("memcg/a", -1);
}

static void test_lowered(void)
{
	pid_t child = start("memcg/a", touch_pages, MANY);

	await_ready(1);
	ok(group_put("memcg/a", "memory.max", "512K") == 0 && was_killed(end_of(child)),
	   "a limit below what is charged kills");
	limit("memcg/a", -1);
	child = start("memcg/a", touch_pages, MANY);
	await_ready(1);
	ok(group_put("memcg", "memory.max", "4M") == 0 && kill(child, 0) == 0,
	   "one above it does not, in the group above");
	ok(was_killed(end_of(start("memcg/b", touch_and_end, 1024))), "whose limit is for both");
	ok(kill(child, 0) == 0, "the smaller one lives");
	ok(group_put("memcg/a", "memory.max", "0") == 0 && was_killed(end_of(child)),
	   "nothing is allowed at 0");
	ok(was_killed(end_of(start("memcg/a", touch_and_end, 1))), "and nobody lives there");
	limit("memcg/a", -1);
	limit("memcg", -1);
}

static void test_oom_group(void)
{
	renew("memcg/a");
	limit("memcg/a", 4 * MIB);
	group_put("memcg/a", "memory.oom.group", "1");
	pid_t bystander = start("memcg/a", touch_pages, 1);
	await_ready(1);
	ok(was_killed(end_of(start("memcg/a", touch_and_end, 2000))) && was_killed(end_of(bystander)),
	   "memory.oom.group: all of the group are killed");
	ok(group_number("memcg/a", "memory.events", "oom_group_kill") == 1 &&
		   group_number("memcg/a", "memory.events", "oom_kill") == 2, "and counted");
	group_put("memcg/a", "memory.oom.group", "0");
	limit("memcg/a", -1);
}

/* ---- many at a time ---- */

static void touch_again_and_again(long pages)
{
	size_t size = (size_t)pages * PAGE;
	char *memory = map(size);

	__atomic_fetch_add(&shared->ready, 1, __ATOMIC_SEQ_CST);
	for (int i = 0; i < 40; i++) {
		touch(memory, size);
		madvise(memory, size, MADV_DONTNEED);
	}
}

/* The limit is what they need and no page more than that a fork may be in the midst of. */
static void test_exact(void)
{
	pid_t children[WORKERS];
	int fine = 0;

	renew("memcg/a");
	limit("memcg/a", WORKERS * (128 + 64) * PAGE);
	for (int i = 0; i < WORKERS; i++)
		children[i] = start("memcg/a", touch_again_and_again, 128);
	for (int i = 0; i < WORKERS; i++)
		fine += end_of(children[i]) == 0;
	ok(fine == WORKERS && group_number("memcg/a", "memory.events", "oom") == 0,
	   "what other CPUs keep in stock is given back before anybody is refused");
	limit("memcg/a", -1);
	ok(is_empty("memcg/a"), "and nothing is lost");
}

static void test_storm(void)
{
	pid_t children[4 * WORKERS];
	int ended = 0;

	renew("memcg/a");
	limit("memcg/a", 3 * MIB);
	for (int i = 0; i < 4 * WORKERS; i++)
		children[i] = start("memcg/a", touch_again_and_again, 64 + 32 * (i % 8));
	for (int i = 0; i < 4 * WORKERS; i++)
		ended += end_of(children[i]) != -1;
	ok(ended == 4 * WORKERS && bytes("memcg/a", "memory.peak") <= 3 * MIB,
	   "a group that is full all the time does not hang");
	ok(is_empty("memcg/a"), "and is empty in the end");
	limit("memcg/a", -1);
}

int main(void)
{
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	group_make("memcg");
	if (group_put("", "cgroup.subtree_control", "+memory") ||
	    group_put("memcg", "cgroup.subtree_control", "+memory")) {
		puts("Bail out! no memory controller");
		return 1;
	}
	group_make("memcg/a");
	group_make("memcg/b");
	test_rules();
	test_no_internal_processes();
	test_anonymous();
	test_who();
	test_files();
	test_limit();
	test_largest();
	test_calls();
	test_lowered();
	test_oom_group();
	test_exact();
	test_storm();
	ok(group_remove("memcg/a") == 0 && group_remove("memcg/b") == 0 && group_remove("memcg") == 0,
	   "all groups go");
	return tap_done();
}
