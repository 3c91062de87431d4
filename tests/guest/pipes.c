// SPDX-License-Identifier: Apache-2.0
/*
 * pipes.c - pipes, FIFOs and poll from a program's side.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

#define FAILS(call, error) (errno = 0, (call) == -1 && errno == (error))

/* An address that the compiler knows nothing about. */
static void *wild(unsigned long address)
{
	volatile unsigned long hidden = address;

	return (void *)hidden;
}

static volatile int signals_seen;

static void count_signal(int number)
{
	(void)number;
	signals_seen++;
}

static void test_basics(void)
{
	char buffer[65536];
	int fds[2], used;

	ok(pipe2(fds, O_CLOEXEC) == 0 && fcntl(fds[0], F_GETFD) == 1, "pipe2");
	ok(write(fds[1], "abc", 3) == 3 && ioctl(fds[0], FIONREAD, &used) == 0 && used == 3 &&
	   read(fds[0], buffer, 99) == 3 && !memcmp(buffer, "abc", 3), "what goes in comes out");
	ok(fcntl(fds[0], F_GETPIPE_SZ) == 65536, "64 KiB");
	ok(FAILS((int)lseek(fds[0], 0, SEEK_SET), ESPIPE) &&
			FAILS((int)pread(fds[0], buffer, 1, 0), ESPIPE),
		"no position: ESPIPE");
	ok(FAILS((int)write(fds[0], "x", 1), EBADF) && FAILS((int)read(fds[1], buffer, 1), EBADF),
	   "each end does one thing");
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	ok(FAILS((int)read(fds[0], buffer, 1), EAGAIN), "empty: EAGAIN");
	memset(buffer, 'x', sizeof(buffer));
	ok(write(fds[1], buffer, 65536) == 65536 && FAILS((int)write(fds[1], "y", 1), EAGAIN),
		"full: EAGAIN");
	ok(read(fds[0], buffer, 100) == 100 && FAILS((int)write(fds[1], buffer, 4096), EAGAIN) &&
	   write(fds[1], buffer, 5000) == 100, "4096 bytes go whole or not at all, more in pieces");
	ok(FAILS((int)read(fds[0], wild(16), 8), EFAULT), "a wild pointer: EFAULT");
	close(fds[1]);
	long total = 0;
	ssize_t part;

	while ((part = read(fds[0], buffer, sizeof(buffer))) > 0)
		total += part;
	ok(total == 65536 && part == 0, "then the end");
	close(fds[0]);
	ok(FAILS(pipe2(wild(8), 0), EFAULT) && FAILS(pipe2(fds, 0x10), EINVAL),
		"pipe2: EFAULT, EINVAL");
}

static void test_broken(void)
{
	int fds[2];

	signal(SIGPIPE, count_signal);
	if (pipe(fds) != 0)
		return;
	close(fds[0]);
	signals_seen = 0;
	ok(FAILS((int)write(fds[1], "x", 1), EPIPE) && signals_seen == 1,
		"no reader: SIGPIPE and EPIPE");
	close(fds[1]);
}

static void test_streaming(void)
{
	int fds[2], status;
	unsigned char buffer[7001];
	unsigned long total = 0, wrong = 0;
	ssize_t part;

	if (pipe(fds) != 0)
		return;
	pid_t child = fork();

	if (child == 0) {
		unsigned char piece[10007];
		unsigned long at = 0;

		for (int i = 0; i < 300; i++) {
			for (size_t j = 0; j < sizeof(piece); j++)
				piece[j] = (unsigned char)(at++ * 31 >> 3);
			if (write(fds[1], piece, sizeof(piece)) != (ssize_t)sizeof(piece))
				_exit(1);
		}
		_exit(0);
	}
	close(fds[1]);
	while ((part = read(fds[0], buffer, sizeof(buffer))) > 0)
		for (ssize_t i = 0; i < part; i++)
			wrong += buffer[i] != (unsigned char)(total++ * 31 >> 3);
	waitpid(child, &status, 0);
	ok(status == 0 && total == 300 * 10007UL && wrong == 0, "three megabytes in order (%lu)",
		total);
	close(fds[0]);
}

/* Eight writers of whole records and four readers: no record is torn or lost. */
static void test_records(void)
{
	enum { WRITERS = 8, READERS = 4, RECORDS = 200, SIZE = 512 };
	int data[2], results[2], failures = 0;
	long total = 0;

	if (pipe(data) != 0 || pipe(results) != 0)
		return;
	for (int i = 0; i < WRITERS; i++) {
		if (fork() == 0) {
			char record[SIZE];

			memset(record, 'a' + i, sizeof(record));
			for (int j = 0; j < RECORDS; j++)
				if (write(data[1], record, SIZE) != SIZE)
					_exit(1);
			_exit(0);
		}
	}
	for (int i = 0; i < READERS; i++) {
		if (fork() == 0) {
			char record[SIZE];
			long count = 0;
			ssize_t length;

			close(data[1]);
			while ((length = read(data[0], record, SIZE)) > 0) {
				for (int j = 1; j < length; j++)
					if (record[j] != record[0])
						_exit(2);
				count++;
			}
			write(results[1], &count, sizeof(count));
			_exit(0);
		}
	}
	close(data[1]);
	for (int i = 0; i < WRITERS + READERS; i++) {
		int status;

		wait(&status);
		failures += status != 0;
	}
	for (int i = 0; i < READERS; i++) {
		long count = 0;

		read(results[0], &count, sizeof(count));
		total += count;
	}
	ok(failures == 0 && total == WRITERS * RECORDS, "records of many writers stay whole (%ld)",
		total);
	close(data[0]);
	close(results[0]);
	close(results[1]);
}

static void test_interrupt(void)
{
	struct sigaction action = { .sa_handler = count_signal };
	char byte;
	int fds[2];

	if (pipe(fds) != 0)
		return;
	sigaction(SIGALRM, &action, NULL);
	signals_seen = 0;
	alarm(1);
	ok(FAILS((int)read(fds[0], &byte, 1), EINTR) && signals_seen == 1,
		"a signal interrupts a read");
	struct pollfd entry = { fds[0], POLLIN, 0 };

	alarm(1);
	ok(FAILS(poll(&entry, 1, 5000), EINTR), "and a poll");
	close(fds[0]);
	close(fds[1]);
}

static void *write_later(void *argument)
{
	struct timespec pause = { 0, 50000000 };

	nanosleep(&pause, NULL);
	write(*(int *)argument, "!", 1);
	return NULL;
}

static void test_poll(void)
{
	struct pollfd entries[12];
	int fds[2], more[2];
	char byte;
	pthread_t thread;

	if (pipe(fds) != 0 || pipe(more) != 0)
		return;
	entries[0] = (struct pollfd){ fds[0], POLLIN, 0 };
	entries[1] = (struct pollfd){ fds[1], POLLOUT, 0 };
	entries[2] = (struct pollfd){ -1, POLLIN, 77 };
	entries[3] = (struct pollfd){ 999, POLLIN, 0 };
	ok(poll(entries, 4, 0) == 2 && entries[0].revents == 0 && entries[1].revents == POLLOUT &&
			entries[2].revents == 0 && entries[3].revents == POLLNVAL,
		"poll: what is ready, and POLLNVAL");
	struct timespec before, after;

	clock_gettime(CLOCK_MONOTONIC, &before);
	ok(poll(entries, 1, 30) == 0, "nothing within 30 ms");
	clock_gettime(CLOCK_MONOTONIC, &after);
	ok((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 29,
	   "and no earlier");
	pthread_create(&thread, NULL, write_later, &fds[1]);
	for (int i = 0; i < 12; i++)
		entries[i] = (struct pollfd){ i == 11 ? fds[0] : more[0], POLLIN, 0 };
	ok(poll(entries, 12, 5000) == 1 && entries[11].revents == POLLIN,
		"a writer wakes the poller");
	pthread_join(thread, NULL);
	fd_set set;
	struct timeval timeout = { 5, 0 };

	FD_ZERO(&set);
	FD_SET(fds[0], &set);
	FD_SET(more[0], &set);
	ok(select(64, &set, NULL, NULL, &timeout) == 1 && FD_ISSET(fds[0], &set) &&
			!FD_ISSET(more[0], &set),
		"select");
	read(fds[0], &byte, 1);
	close(fds[1]);
	entries[0] = (struct pollfd){ fds[0], POLLIN, 0 };
	ok(poll(entries, 1, 0) == 1 && entries[0].revents == POLLHUP,
		"POLLHUP when the writers are gone");
	close(more[0]);
	entries[0] = (struct pollfd){ more[1], POLLOUT, 0 };
	ok(poll(entries, 1, 0) == 1 && (entries[0].revents & POLLERR),
		"POLLERR when the readers are");
	ok(FAILS(poll(wild(8), 1, 0), EFAULT) &&
			FAILS(poll(entries, (nfds_t)wild(1 << 28), 0), EINVAL),
		"poll: EFAULT, EINVAL");
	close(fds[0]);
	close(more[1]);
}

static void test_fifo(void)
{
	char buffer[8] = "";
	int fd, status;

	ok(mkfifo("/tmp/pipes.fifo", 0600) == 0, "mkfifo");
	ok(FAILS(open("/tmp/pipes.fifo", O_WRONLY | O_NONBLOCK), ENXIO), "no reader: ENXIO");
	pid_t child = fork();

	if (child == 0) {
		fd = open("/tmp/pipes.fifo", O_WRONLY);
		_exit(fd >= 0 && write(fd, "fifo", 4) == 4 ? 0 : 1);
	}
	fd = open("/tmp/pipes.fifo", O_RDONLY);
	ok(read(fd, buffer, 8) == 4 && !memcmp(buffer, "fifo", 4) && read(fd, buffer, 8) == 0,
	   "the ends wait for each other");
	waitpid(child, &status, 0);
	ok(status == 0, "the writer was done");
	close(fd);
	unlink("/tmp/pipes.fifo");
}

int main(void)
{
	test_basics();
	test_broken();
	test_streaming();
	test_records();
	test_interrupt();
	test_poll();
	test_fifo();
	return tap_done();
}
