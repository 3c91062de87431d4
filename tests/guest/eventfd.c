// SPDX-License-Identifier: Apache-2.0
/*
 * eventfd.c - a counter to wait on, from a program's side.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define FAILS(call, error) (errno = 0, (call) == -1 && errno == (error))

static int ready(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&one, 1, 0) < 0 ? -1 : one.revents;
}

static void test_counter(void)
{
	uint64_t value = 0, one = 1, most = UINT64_MAX - 1, none = UINT64_MAX;
	int fd = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);

	ok(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & O_NONBLOCK),
	   "eventfd2 with its flags");
	ok(ready(fd) == (POLLIN | POLLOUT) && read(fd, &value, sizeof(value)) == 8 && value == 3 &&
	   ready(fd) == POLLOUT, "a read takes all of it");
	ok(FAILS((int)read(fd, &value, sizeof(value)), EAGAIN), "0: EAGAIN");
	ok(write(fd, &one, 8) == 8 && write(fd, &one, 8) == 8 && read(fd, &value, 8) == 8 && value == 2,
	   "writes add up");
	ok(FAILS((int)read(fd, &value, 7), EINVAL) && FAILS((int)write(fd, &value, 7), EINVAL) &&
	   FAILS((int)write(fd, &none, 8), EINVAL), "less than 8 bytes, or all ones: EINVAL");
	ok(write(fd, &most, 8) == 8 && ready(fd) == POLLIN && FAILS((int)write(fd, &one, 8), EAGAIN) &&
	   read(fd, &value, 8) == 8 && value == most, "full: EAGAIN, and all of it is there");
	ok(FAILS((int)lseek(fd, 0, SEEK_SET), ESPIPE) && FAILS(eventfd(0, 2), EINVAL),
	   "no position, no unknown flag");
	close(fd);
	fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
	ok(read(fd, &value, 8) == 8 && value == 1 && read(fd, &value, 8) == 8 && value == 1 &&
	   FAILS((int)read(fd, &value, 8), EAGAIN), "a semaphore gives one at a time");
	close(fd);
}

static void ignore_signal(int number)
{
	(void)number;
}

static void test_waiting(void)
{
	int there = eventfd(0, 0), back = eventfd(0, 0), status;
	uint64_t value = 1, sum = 0;
	pid_t child = fork();

	if (child == 0) {
		for (int i = 0; i < 1000; i++)
			if (read(there, &value, 8) != 8 || write(back, &value, 8) != 8)
				_exit(1);
		_exit(0);
	}
	for (uint64_t i = 1; i <= 1000; i++) {
		if (write(there, &i, 8) != 8 || read(back, &value, 8) != 8)
			break;
		sum += value;
	}
	waitpid(child, &status, 0);
	ok(status == 0 && sum == 500500, "a thousand there and back (%lu)", (unsigned long)sum);

	struct sigaction action = { .sa_handler = ignore_signal };

	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	ok(FAILS((int)read(there, &value, 8), EINTR), "a signal ends a wait");
	close(there);
	close(back);
}

enum { THREADS = 8, UNITS = 500 };
static int shared_fd;
static atomic_ulong taken;

static void *giver(void *unused)
{
	uint64_t one = 1;

	for (int i = 0; i < UNITS; i++)
		if (write(shared_fd, &one, 8) != 8)
			return NULL;
	return unused;
}

static void *taker(void *unused)
{
	uint64_t value;

	for (int i = 0; i < UNITS; i++) {
		if (read(shared_fd, &value, 8) != 8)
			return NULL;
		atomic_fetch_add(&taken, value);
	}
	return unused;
}

/* Every unit reaches one taker, or one of them would wait for ever. */
static void test_many(void)
{
	pthread_t threads[2 * THREADS];

	shared_fd = eventfd(0, EFD_SEMAPHORE);
	for (int i = 0; i < 2 * THREADS; i++)
		pthread_create(&threads[i], NULL, i % 2 ? giver : taker, NULL);
	for (int i = 0; i < 2 * THREADS; i++)
		pthread_join(threads[i], NULL);
	ok(atomic_load(&taken) == THREADS * UNITS, "%lu of %d units taken", atomic_load(&taken),
	   THREADS * UNITS);
	close(shared_fd);
}

/* A full counter holds its writers until somebody reads. */
static void test_full(void)
{
	int fd = eventfd(0, 0), status;
	uint64_t most = UINT64_MAX - 1, two = 2, value;

	if (write(fd, &most, 8) != 8)
		return;
	pid_t child = fork();
	if (child == 0)
		_exit(write(fd, &two, 8) != 8);
	usleep(20000);
	ok(read(fd, &value, 8) == 8 && value == most && waitpid(child, &status, 0) == child &&
	   status == 0 && read(fd, &value, 8) == 8 && value == 2, "a full counter holds its writer");
	close(fd);
}

int main(void)
{
	test_counter();
	test_waiting();
	test_many();
	test_full();
	return tap_done();
}
