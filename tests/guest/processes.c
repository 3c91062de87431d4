// SPDX-License-Identifier: Apache-2.0
/*
 * processes.c - how processes begin and end, as a program sees it: fork, clone3, wait, orphans,
 * exec with its errors and its scripts. Broken ELF files are elf.c's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/tap.h"

static char *self; /* this program's path */

static int exit_status(pid_t child)
{
	int status = -1;

	if (waitpid(child, &status, 0) <= 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static long call(long number, ...)
{
	va_list list;
	long a, b, c, d, e;

	va_start(list, number);
	a = va_arg(list, long);
	b = va_arg(list, long);
	c = va_arg(list, long);
	d = va_arg(list, long);
	e = va_arg(list, long);
	va_end(list);
	return syscall(number, a, b, c, d, e);
}

static int fails_with(long answer, int expected)
{
	return answer == -1 && errno == expected;
}

/* --- fork and wait --- */

static void test_fork(void)
{
	volatile int shared = 1;
	pid_t parent = getpid(), child = fork();
	int status;

	if (child == 0) {
		shared = 2;
		_exit(getppid() == parent && getpid() != parent && shared == 2 ? 7 : 1);
	}
	ok(exit_status(child) == 7 && shared == 1, "a child is a copy with an ID of its own");
	ok(fails_with(waitpid(-1, &status, 0), ECHILD), "without children wait is ECHILD");
	ok(fails_with(waitpid(getpid(), &status, 0), ECHILD), "nobody is its own child");
	ok(fails_with(call(SYS_wait4, INT32_MIN, 0L, 0L, 0L, 0L), ESRCH),
		"wait for group -INT_MIN is ESRCH");
	ok(fails_with(waitpid(-1, &status, 0x100), EINVAL), "unknown options are EINVAL");
}

static void test_wait_options(void)
{
	int pipe_ends[2], status = 1;
	siginfo_t info;
	struct rusage usage;
	pid_t child;

	ok(pipe(pipe_ends) == 0, "a pipe");
	child = fork();
	if (child == 0) {
		char byte;

		close(pipe_ends[1]);
		_exit(read(pipe_ends[0], &byte, 1) == 0 ? 9 : 1);
	}
	ok(waitpid(child, &status, WNOHANG) == 0, "WNOHANG answers 0 while the child lives");
	memset(&info, 1, sizeof(info));
	ok(waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0,
	   "waitid with WNOHANG tells no pid");
	close(pipe_ends[1]);
	ok(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0 && info.si_pid == child &&
		   info.si_code == CLD_EXITED && info.si_status == 9 && info.si_signo == SIGCHLD,
	   "WNOWAIT tells how it ended and leaves it");
	ok(wait4(child, &status, 0, &usage) == child && WEXITSTATUS(status) == 9,
		"it can still be waited for");
	ok(fails_with(waitid(P_ALL, 0, &info, 0), EINVAL), "waitid for nothing is EINVAL");
	ok(fails_with(waitid(P_PID, 0, &info, WEXITED), EINVAL), "waitid for pid 0 is EINVAL");
	close(pipe_ends[0]);
}

/* A child that touches so many pages, and sleeps so often. */
static pid_t start_busy(int pages, int naps)
{
	pid_t child = fork();

	if (child == 0) {
		size_t size = (size_t)pages * 4096;
		char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		for (size_t at = 0; at < size; at += 4096)
			memory[at] = 1;
		munmap(memory, size);
		while (naps--)
			usleep(1000);
		_exit(0);
	}
	return child;
}

static void test_usage(void)
{
	struct rusage before, after, child;
	int status;

	getrusage(RUSAGE_CHILDREN, &before);
	wait4(start_busy(300, 5), &status, 0, &child);
	getrusage(RUSAGE_CHILDREN, &after);
	ok(child.ru_minflt >= 300 && child.ru_minflt < 400, "faults are counted: %ld for 300 pages",
	   child.ru_minflt);
	ok(child.ru_maxrss >= 1200 && child.ru_maxrss < 4000, "the peak of memory is: %ld KiB",
	   child.ru_maxrss);
	ok(child.ru_nvcsw >= 5 && child.ru_nvcsw < 100, "sleeps are: %ld for 5", child.ru_nvcsw);
	ok(after.ru_minflt == before.ru_minflt + child.ru_minflt &&
		   after.ru_nvcsw == before.ru_nvcsw + child.ru_nvcsw &&
		   after.ru_nivcsw == before.ru_nivcsw + child.ru_nivcsw &&
		   after.ru_maxrss >= child.ru_maxrss, "and added to the parent's children");
	getrusage(RUSAGE_THREAD, &before);
	for (int i = 0; i < 3; i++)
		usleep(1000);
	getrusage(RUSAGE_THREAD, &after);
	ok(after.ru_nvcsw >= before.ru_nvcsw + 3 && after.ru_maxrss >= before.ru_maxrss,
	   "a thread has its own");
}

static void test_order_and_groups(void)
{
	pid_t first = fork(), second;

	if (first == 0)
		_exit(1);
	second = fork();
	if (second == 0)
		pause();
	setpgid(second, second);
	kill(-second, SIGKILL);
	ok(exit_status(-second) == -SIGKILL, "a group is waited for by its negative ID");
	ok(exit_status(0) == 1, "0 waits for the own group");
	ok(fails_with(waitpid(first, NULL, 0), ECHILD), "and then no child is left");
}

static void test_orphan(void)
{
	int pipe_ends[2], adopted = 0;
	pid_t child;

	ok(pipe(pipe_ends) == 0, "a pipe");
	child = fork();
	if (child == 0) {
		pid_t middle = getpid();

		if (fork() == 0) {
			while (getppid() == middle)
				usleep(1000);
			adopted = getppid();
			_exit(write(pipe_ends[1], &adopted, sizeof(adopted)) != sizeof(adopted));
		}
		_exit(0);
	}
	exit_status(child);
	ok(read(pipe_ends[0], &adopted, sizeof(adopted)) == sizeof(adopted) && adopted == 1,
	   "an orphan's parent is process 1");
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

static void test_ignored_children(void)
{
	signal(SIGCHLD, SIG_IGN);
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	ok(fails_with(waitpid(child, NULL, 0), ECHILD), "who ignores SIGCHLD gets no zombies");
	signal(SIGCHLD, SIG_DFL);
}

static void test_killed(void)
{
	pid_t child = fork();

	if (child == 0)
		for (;;)
			pause();
	kill(child, SIGTERM);
	ok(exit_status(child) == -SIGTERM, "a signal's number is in the status");
	ok(fails_with(kill(child, 0), ESRCH), "a reaped process is gone");
}

/* --- clone3 --- */

struct clone_arguments {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup;
};

static long clone3(struct clone_arguments *arguments, size_t size)
{
	return syscall(SYS_clone3, arguments, size);
}

static int clone3_error(struct clone_arguments arguments, size_t size)
{
	long pid = clone3(&arguments, size);

	if (pid == 0)
		_exit(0);
	if (pid > 0) {
		waitpid((pid_t)pid, NULL, __WALL);
		return 0;
	}
	return errno;
}

static void test_clone3(void)
{
	struct {
		struct clone_arguments known;
		uint64_t unknown;
	} long_one = {{.exit_signal = SIGCHLD}, 0};
	struct clone_arguments plain = { .exit_signal = SIGCHLD };
	int tid = 0;
	struct clone_arguments with_tid = { .flags = CLONE_PARENT_SETTID, .exit_signal = SIGCHLD,
					    .parent_tid = (uintptr_t)&tid };
	long pid;

	ok(clone3_error(plain, sizeof(plain)) == 0, "clone3 makes a process");
	ok(clone3_error(plain, 64) == 0, "its first size still works");
	ok(clone3_error(plain, 63) == EINVAL, "a smaller one is EINVAL");
	ok(fails_with(clone3(&plain, 4097), E2BIG), "more than a page is E2BIG");
	pid = clone3(&long_one.known, sizeof(long_one));
	if (pid == 0)
		_exit(0);
	ok(pid > 0 && exit_status((pid_t)pid) == 0, "zeros that it does not know are fine");
	long_one.unknown = 1;
	ok(fails_with(clone3(&long_one.known, sizeof(long_one)), E2BIG),
		"anything else there is E2BIG");
	pid = clone3(&with_tid, sizeof(with_tid));
	if (pid == 0)
		_exit(0);
	ok(pid > 0 && tid == pid, "CLONE_PARENT_SETTID writes the ID");
	exit_status((pid_t)pid);
	ok(fails_with(clone3(NULL, sizeof(plain)), EFAULT), "no arguments are EFAULT");

	plain.exit_signal = 65;
	ok(clone3_error(plain, sizeof(plain)) == EINVAL, "exit signal 65 is EINVAL");
	plain = (struct clone_arguments){ .flags = CLONE_THREAD };
	ok(clone3_error(plain, sizeof(plain)) == EINVAL, "CLONE_THREAD alone is EINVAL");
	plain.flags = CLONE_SIGHAND;
	ok(clone3_error(plain, sizeof(plain)) == EINVAL, "CLONE_SIGHAND alone is EINVAL");
	plain.flags = 1ULL << 60;
	ok(clone3_error(plain, sizeof(plain)) == EINVAL, "unknown flags are EINVAL");
	plain.flags = CLONE_NEWNS;
	ok(clone3_error(plain, sizeof(plain)) == EINVAL, "a namespace is EINVAL");
	plain = (struct clone_arguments){ .exit_signal = SIGCHLD, .stack = 4096 };
	ok(clone3_error(plain, sizeof(plain)) == EINVAL, "a stack without a size is EINVAL");
	plain = (struct clone_arguments){
		.flags = 1ULL << 33, .exit_signal = SIGCHLD, .cgroup = 1000};
	ok(clone3_error(plain, sizeof(plain)) == EBADF,
		"CLONE_INTO_CGROUP without a descriptor is EBADF");
}

static void test_vfork(void)
{
	static volatile int value;
	pid_t child = vfork();

	if (child == 0) {
		value = 5;
		_exit(3);
	}
	ok(value == 5 && exit_status(child) == 3,
		"vfork's child runs first, in the parent's memory");
	child = vfork();
	if (child == 0) {
		execl(self, self, "exit", "4", NULL);
		_exit(1);
	}
	ok(exit_status(child) == 4, "and leaves it with exec");
}

/* --- exec --- */

static void write_file(const char *path, const void *bytes, size_t size, mode_t mode)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, mode);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		ok(0, "%s can be written", path);
	fchmod(fd, mode);
	close(fd);
}

static int exec_error(const char *path)
{
	char *arguments[] = { (char *)(uintptr_t)path, NULL };

	execve(path, arguments, NULL);
	return errno;
}

static void test_exec_errors(void)
{
	char *argument[] = { self, NULL };
	char *long_name = malloc(8192), **many = calloc(40000, sizeof(char *));

	write_file("/tmp/text", "just text\n", 10, 0755);
	write_file("/tmp/empty", "", 0, 0755);
	write_file("/tmp/plain", "#!/bin/sh\n", 10, 0644);
	ok(exec_error("/tmp/absent") == ENOENT, "a program that is not there is ENOENT");
	ok(exec_error("") == ENOENT, "no name is ENOENT");
	ok(exec_error("/tmp") == EACCES, "a directory is EACCES");
	ok(exec_error("/tmp/plain") == EACCES, "a file without x is EACCES");
	ok(exec_error("/tmp/text") == ENOEXEC, "text is ENOEXEC");
	ok(exec_error("/tmp/empty") == ENOEXEC, "an empty file is ENOEXEC");
	ok(exec_error("/tmp/text/x") == ENOTDIR, "a path through a file is ENOTDIR");
	memset(long_name, 'a', 8191);
	long_name[8191] = 0;
	ok(exec_error(long_name) == ENAMETOOLONG, "too long a path is ENAMETOOLONG");
	ok(fails_with(call(SYS_execve, 8L, argument, 0L, 0L, 0L), EFAULT), "a wild path is EFAULT");
	ok(fails_with(call(SYS_execve, self, 8L, 0L, 0L, 0L), EFAULT), "a wild argv is EFAULT");
	for (int i = 0; i < 39999; i++)
		many[i] = (char *)(uintptr_t)"12345678";
	ok(fails_with(execve(self, many, NULL), E2BIG), "too many arguments are E2BIG");
	free(many);
	free(long_name);
}

static int run(const char *path, const char *first, const char *second)
{
	pid_t child = fork();

	if (child == 0) {
		execl(path, path, first, second, NULL);
		_exit(126);
	}
	return exit_status(child);
}

static void test_scripts(void)
{
	char text[300];
	int length = snprintf(text, sizeof(text), "#!%s script\n", self);

	write_file("/tmp/script", text, (size_t)length, 0755);
	ok(run("/tmp/script", "a", NULL) == 11,
		"a script's interpreter gets its argument, its path, its arguments");
	length = snprintf(text, sizeof(text), "#!/tmp/script\n");
	write_file("/tmp/outer", text, (size_t)length, 0755);
	ok(run("/tmp/outer", "a", NULL) == 12, "a script's interpreter may be a script");
	write_file("/tmp/loop", "#!/tmp/loop\n", 12, 0755);
	ok(exec_error("/tmp/loop") == ELOOP, "one that names itself is ELOOP");
	write_file("/tmp/noname", "#! \n", 4, 0755);
	ok(exec_error("/tmp/noname") == ENOEXEC, "one that names nobody is ENOEXEC");
	write_file("/tmp/gone", "#!/tmp/absent\n", 14, 0755);
	ok(exec_error("/tmp/gone") == ENOENT, "one that names what is not there is ENOENT");
}

static void *exec_in_thread(void *unused)
{
	(void)unused;
	execl(self, self, "exit", "21", NULL);
	return NULL;
}

static void *sleep_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void test_exec_with_threads(void)
{
	pid_t child = fork();

	if (child == 0) {
		pthread_t thread;

		for (int i = 0; i < 3; i++)
			pthread_create(&thread, NULL, sleep_for_ever, NULL);
		pthread_create(&thread, NULL, exec_in_thread, NULL);
		for (;;)
			pause();
	}
	ok(exit_status(child) == 21, "exec in a thread ends the others and keeps the PID");
}

static void test_what_exec_keeps(void)
{
	int kept = open("/tmp/text", O_RDONLY), closed = open("/tmp/text", O_RDONLY | O_CLOEXEC);
	char first[16], second[16];

	snprintf(first, sizeof(first), "%d", kept);
	snprintf(second, sizeof(second), "%d", closed);
	signal(SIGUSR1, SIG_IGN);
	ok(run(self, "kept", first) == 0, "exec keeps descriptors");
	ok(run(self, "closed", second) == 0, "exec closes those with close-on-exec");
	ok(run(self, "ignored", NULL) == 0, "exec keeps ignored signals");
	signal(SIGUSR1, SIG_DFL);
	close(kept);
	close(closed);
}

/* --- IDs --- */

static void test_groups(void)
{
	pid_t child = fork();

	if (child == 0) {
		int good = setsid() == getpid() && getpgrp() == getpid() && getsid(0) == getpid();

		good &= fails_with(setsid(), EPERM);
		good &= fails_with(setpgid(0, 0), EPERM);
		_exit(!good);
	}
	ok(exit_status(child) == 0, "setsid makes a session and a group, once");
	ok(fails_with(setpgid(-1, 0), ESRCH) && fails_with(setpgid(0, -1), EINVAL),
		"setpgid's errors");
	ok(fails_with(getpgid(30000), ESRCH), "an absent process has no group");
}

static void test_limits(void)
{
	struct rlimit limit = { 10, 5 };
	char name[16] = "";

	ok(fails_with(setrlimit(RLIMIT_NOFILE, &limit), EINVAL),
		"a soft limit above the hard one is EINVAL");
	ok(fails_with(getrlimit(99, &limit), EINVAL), "an unknown limit is EINVAL");
	ok(getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur == 8 << 20, "the stack is 8 MiB");
	ok(prctl(PR_SET_NAME, "a-name-that-is-far-too-long") == 0 &&
			prctl(PR_GET_NAME, name) == 0 && !strcmp(name, "a-name-that-is-"),
		"a name is cut to 15 bytes");
	ok(fails_with(prctl(9999, 0, 0, 0, 0), EINVAL), "an unknown prctl is EINVAL");
}

/* A thousand children, a few at a time. */
static void test_fork_storm(void)
{
	int good = 1;

	for (int round = 0; round < 125; round++) {
		pid_t child[8];

		for (int i = 0; i < 8; i++) {
			child[i] = fork();
			if (child[i] == 0)
				_exit(i);
		}
		for (int i = 0; i < 8; i++)
			good &= exit_status(child[i]) == i;
	}
	ok(good, "a thousand children come and go");
}

/* What this program is when a test executes it. */
static int be(int count, char **argument)
{
	const char *role = argument[1];

	if (!strcmp(role, "exit"))
		return atoi(argument[2]);
	if (!strcmp(role, "script"))
		return count == 4 && !strcmp(argument[2], "/tmp/script") &&
		                       !strcmp(argument[3], "a")
		               ? 11
		       : count == 5 && !strcmp(argument[3], "/tmp/outer") &&
		                       !strcmp(argument[4], "a")
		               ? 12
		               : 1;
	if (!strcmp(role, "kept"))
		return fcntl(atoi(argument[2]), F_GETFD) < 0;
	if (!strcmp(role, "closed"))
		return fcntl(atoi(argument[2]), F_GETFD) >= 0 || errno != EBADF;
	if (!strcmp(role, "ignored"))
		return signal(SIGUSR1, SIG_DFL) != SIG_IGN;
	return 99;
}

int main(int count, char **argument)
{
	self = argument[0];
	if (count > 1)
		return be(count, argument);
	test_fork();
	test_wait_options();
	test_usage();
	test_order_and_groups();
	test_orphan();
	test_ignored_children();
	test_killed();
	test_clone3();
	test_vfork();
	test_exec_errors();
	test_scripts();
	test_exec_with_threads();
	test_what_exec_keeps();
	test_groups();
	test_limits();
	test_fork_storm();
	return tap_done();
}
