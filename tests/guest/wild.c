// SPDX-License-Identifier: Apache-2.0
/*
 * wild.c - every system-call number with arguments that make no sense: pointers to nothing, to the
 * kernel, across the end of a page, sizes and descriptors at the ends of numbers.
 *
 * Each call is made in a child without privileges, which may die of it or sleep for ever (then it
 * is killed). The kernel must still be there, with the memory it had.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/guest/tap.h"

enum {
	LINUX_LAST = 600,
	OWN_FIRST = 4096,
	OWN_LAST = 4170,
	MIXED_ROUNDS = 5,
	CALLS_A_CHILD = 8,
	PAGE = 4096
};
enum { NO_SUCH_CALL = 98, NO_PRIVILEGES_TO_DROP = 99 };

static uint8_t *page, *ones;
static long values[24];
static int value_count;
static unsigned int seed = 20260101;

static void make_values(void)
{
	page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(page + PAGE, PAGE);
	ones = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(ones, 0xff, PAGE);
	const long list[] = {
		0,
		-1,
		1,
		2,
		8,
		INT32_MAX,
		INT32_MIN,
		INT64_MAX,
		INT64_MIN,
		0x1000,
		0x3ffffff000,
		0x4000000000,
		(long)0xffffffff80000000,
		(long)0xffffffff80100001,
		(long)0xffffffc080000000,
		(long)0xffffffe000002000,
		(long)0xdead000000000000,
		-4096,
		(long)page,
		(long)(page + PAGE - 4),
		(long)(page + 1),
		(long)ones,
		(long)make_values,
		0x10000,
	};

	value_count = sizeof(list) / sizeof(list[0]);
	memcpy(values, list, sizeof(list));
}

/* No files, no rights, nobody but itself to harm. */
static void strip(void)
{
	for (int fd = 0; fd < 16; fd++)
		close(fd);
	open("/dev/null", O_RDWR);
	dup(0);
	dup(0);
	setgroups(0, NULL);
	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		_exit(NO_PRIVILEGES_TO_DROP);
}

static void call(long number, pid_t self, const long *argument)
{
	syscall(number, argument[0], argument[1], argument[2], argument[3], argument[4],
		argument[5]);
	if (syscall(SYS_getpid) != self)
		_exit(0); /* a child of a wild clone */
}

static void make_calls(long number, int round)
{
	pid_t self = getpid();
	long argument[6];

	strip();
	/* No call answers zeros with ENOSYS but one that is not there: it is spared the rest. */
	if (round == 0 && syscall(number, 0, 0, 0, 0, 0, 0) == -1 && errno == ENOSYS)
		_exit(NO_SUCH_CALL);
	if (syscall(SYS_getpid) != self)
		_exit(0);
	if (round < value_count) {
		for (int i = 0; i < 6; i++)
			argument[i] = values[round];
		call(number, self, argument);
		_exit(0);
	}
	for (int i = 0; i < CALLS_A_CHILD; i++) {
		for (int j = 0; j < 6; j++)
			argument[j] = values[rand_r(&seed) % value_count];
		call(number, self, argument);
	}
	_exit(0);
}

enum outcome { WENT_WRONG, RETURNED, ABSENT };

/* Waits a moment, then ends it. */
static enum outcome reap(pid_t child, const sigset_t *child_signal)
{
	struct timespec moment = { 0, 50000000 };
	siginfo_t info;
	int status;

	for (int i = 0; i < 3; i++) {
		pid_t ended = waitpid(child, &status, WNOHANG);

		if (ended == child && WIFEXITED(status) && WEXITSTATUS(status) == NO_SUCH_CALL)
			return ABSENT;
		if (ended)
			return ended == child && !(WIFEXITED(status) &&
						   WEXITSTATUS(status) == NO_PRIVILEGES_TO_DROP) ?
				       RETURNED : WENT_WRONG;
		sigtimedwait(child_signal, &info, &moment);
	}
	kill(child, SIGKILL);
	return waitpid(child, &status, 0) == child ? RETURNED : WENT_WRONG;
}

static int try_number(long number, const sigset_t *child_signal)
{
	enum outcome outcome = RETURNED;

	for (int round = 0; round < value_count + MIXED_ROUNDS && outcome == RETURNED; round++) {
		pid_t child = fork();

		if (child == 0)
			make_calls(number, round);
		rand_r(&seed);
		outcome = child > 0 ? reap(child, child_signal) : WENT_WRONG;
	}
	while (waitpid(-1, NULL, WNOHANG | __WALL) > 0) /* with CLONE_PARENT */
		;
	return outcome != WENT_WRONG;
}

static int try_range(long first, long last, const sigset_t *child_signal)
{
	int good = 1;

	for (long number = first; number <= last; number++)
		good &= try_number(number, child_signal);
	return good;
}

static uint64_t free_memory(void)
{
	struct sysinfo info;

	usleep(100000);
	sysinfo(&info);
	return info.freeram;
}

int main(void)
{
	sigset_t child_signal;
	uint64_t before, after;
	int status = -1;
	pid_t child;

	sigemptyset(&child_signal);
	sigaddset(&child_signal, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_signal, NULL);
	make_values();
	printf("# seed %u\n", seed);
	fflush(stdout);
	before = free_memory();
	ok(try_range(0, 99, &child_signal), "calls 0 to 99");
	ok(try_range(100, 199, &child_signal), "calls 100 to 199");
	ok(try_range(200, 299, &child_signal), "calls 200 to 299");
	ok(try_range(300, LINUX_LAST, &child_signal), "calls 300 to %d", LINUX_LAST);
	ok(try_range(OWN_FIRST, OWN_LAST, &child_signal), "Taper's own calls");
	ok(try_number(-1, &child_signal) && try_number(INT64_MIN, &child_signal) &&
		   try_number(INT32_MAX, &child_signal),
	   "numbers at the ends");
	after = free_memory();
	ok(after + (4 << 20) > before, "no memory is lost (%lld KiB)",
		((long long)before - (long long)after) / 1024);
	child = fork();
	if (child == 0)
		_exit(5);
	waitpid(child, &status, 0);
	printf("# the last process is %d\n", (int)child);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 5, "and processes still come and go");
	return tap_done();
}
