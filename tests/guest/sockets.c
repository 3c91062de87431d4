// SPDX-License-Identifier: Apache-2.0
/*
 * sockets.c - local sockets: how two ends come together, what they send each other, who they are, and
 * every way in which that fails.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/guest/tap.h"

enum { CLIENTS = 8, ROUNDS = 200, BIG = 300000 };

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(address.sun_path, path);
	return address;
}

static int bind_to(int fd, const char *path)
{
	struct sockaddr_un address = address_of(path);

	return bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
}

static int connect_to(int fd, const char *path)
{
	struct sockaddr_un address = address_of(path);

	return connect(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
}

static int listener(int type, const char *path, int backlog)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	unlink(path);
	ok(fd >= 0 && !bind_to(fd, path) && !listen(fd, backlog), "somebody listens at %s", path);
	return fd;
}

static int client(int type, const char *path)
{
	int fd = socket(AF_UNIX, type, 0), error = connect_to(fd, path);

	if (error)
		close(fd);
	return error ? error : fd;
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int ready(int fd, short events)
{
	struct pollfd polled = { .fd = fd, .events = events };

	return poll(&polled, 1, 0) < 0 ? -1 : polled.revents;
}

#define fails(call, number) ok((call) < 0 && errno == (number), #call " is " #number)

static void check_mistakes(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), other, file = open("/s/file", O_CREAT | O_RDWR, 0600);
	char byte;

	fails(socket(AF_INET, SOCK_STREAM, 0), EAFNOSUPPORT);
	fails(socket(AF_UNIX, SOCK_DGRAM, 0), ESOCKTNOSUPPORT);
	fails(socket(AF_UNIX, SOCK_STREAM, 7), EPROTONOSUPPORT);
	fails(listen(fd, 1), EINVAL);
	fails(accept(fd, NULL, NULL), EINVAL);
	fails(read(fd, &byte, 1), ENOTCONN);
	fails(write(fd, "x", 1), ENOTCONN);
	fails(shutdown(fd, SHUT_RD), ENOTCONN);
	fails(listen(file, 1), ENOTSOCK);
	fails(listen(99, 1), EBADF);
	fails(bind(fd, (struct sockaddr *)&address, 2), EINVAL);
	fails(bind(fd, (struct sockaddr *)&address, sizeof(address)), EINVAL);
	ok(bind_to(fd, "/s/file") == -EADDRINUSE, "a name that is there cannot be bound");
	ok(bind_to(fd, "/s/no/name") == -ENOENT, "nor one in no directory");
	ok(connect_to(fd, "/s/none") == -ENOENT, "nobody is at a name that is not there");
	ok(connect_to(fd, "/s/file") == -ECONNREFUSED, "nor at a file's");
	ok(!bind_to(fd, "/s/bound") && bind_to(fd, "/s/again") == -EINVAL, "one name a socket");
	other = socket(AF_UNIX, SOCK_STREAM, 0);
	ok(connect_to(other, "/s/bound") == -ECONNREFUSED, "bound is not listening");
	ok(!listen(fd, 1), "now it is");
	close(other);
	other = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	ok(connect_to(other, "/s/bound") == -EPROTOTYPE, "the type must be the same");
	close(other);
	other = client(SOCK_STREAM, "/s/bound");
	ok(other >= 0 && connect_to(other, "/s/bound") == -EISCONN, "one connection a socket");
	struct stat status;
	ok(!stat("/s/bound", &status) && S_ISSOCK(status.st_mode), "the name is a socket's");
	close(fd);
	ok(read(other, &byte, 1) == 0, "a connection that nobody accepted ends with its listener");
	close(other);
	ok(client(SOCK_STREAM, "/s/bound") == -ECONNREFUSED, "its name stays, and leads nowhere");
	unlink("/s/bound");
	close(file);
}

static void check_permission(void)
{
	int fd = listener(SOCK_STREAM, "/s/closed", 1), status;

	chmod("/s/closed", 0600);
	pid_t pid = fork();
	if (!pid) {
		if (setgid(1000) || setuid(1000))
			_exit(2);
		_exit(client(SOCK_STREAM, "/s/closed") == -EACCES ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "who may not write the name may not connect");
	close(fd);
}

/* Another user connects, and both ends know the other. */
static void check_credentials(void)
{
	int fd = listener(SOCK_SEQPACKET, "/s/who", 4), status;
	struct ucred peer;
	socklen_t size = sizeof(peer);

	chmod("/s/who", 0666);
	pid_t pid = fork();
	if (!pid) {
		if (setgid(1001) || setuid(1000))
			_exit(2);
		int mine = client(SOCK_SEQPACKET, "/s/who");
		if (mine < 0 || getsockopt(mine, SOL_SOCKET, SO_PEERCRED, &peer, &size))
			_exit(3);
		char byte;
		_exit(peer.pid == getppid() && !peer.uid && read(mine, &byte, 1) == 0 ? 0 : 4);
	}
	int theirs = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	ok(theirs >= 0 && fcntl(theirs, F_GETFD) == FD_CLOEXEC, "accepted, closed by exec");
	ok(!getsockopt(theirs, SOL_SOCKET, SO_PEERCRED, &peer, &size) && size == sizeof(peer) &&
	   peer.pid == pid && peer.uid == 1000 && peer.gid == 1001, "the peer is %d of user %d",
	   (int)peer.pid, (int)peer.uid);
	close(theirs);
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "it knew us, and saw the end (%d)",
	   WEXITSTATUS(status));
	struct sockaddr_un name;
	size = sizeof(name);
	ok(!getsockname(fd, (struct sockaddr *)&name, &size) && !strcmp(name.sun_path, "/s/who") &&
	   size == offsetof(struct sockaddr_un, sun_path) + 7, "the listener knows its name");
	close(fd);
}

static void check_stream(void)
{
	int ends[2];
	char text[16] = "";

	ok(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), "a pair");
	fails(read(ends[0], text, 1), EAGAIN);
	ok(ready(ends[0], POLLIN | POLLOUT) == POLLOUT, "there is room and nothing to read");
	ok(write(ends[1], "abc", 3) == 3 && write(ends[1], "def", 3) == 3, "two writes");
	ok(ready(ends[0], POLLIN) == POLLIN, "something to read");
	ok(read(ends[0], text, 2) == 2 && !memcmp(text, "ab", 2), "a read takes a part");
	ok(read(ends[0], text, 16) == 4 && !memcmp(text, "cdef", 4), "and the next one the rest of both");
	ok(!shutdown(ends[1], SHUT_WR) && read(ends[0], text, 1) == 0, "shut down: the end");
	fails(send(ends[1], "x", 1, MSG_NOSIGNAL), EPIPE);
	ok(write(ends[0], "back", 4) == 4 && read(ends[1], text, 16) == 4, "the other way is open");
	close(ends[0]);
	ok(ready(ends[1], POLLIN) & POLLHUP && read(ends[1], text, 1) == 0, "closed: hung up");
	fails(send(ends[1], "x", 1, MSG_NOSIGNAL), EPIPE);
	close(ends[1]);
}

static void check_packets(void)
{
	int ends[2];
	char text[16];
	static char big[40000];
	struct iovec parts[2] = { { text, 2 }, { text + 8, 2 } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	ok(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), "a pair for packets");
	ok(write(ends[0], "one", 3) == 3 && write(ends[0], "three", 5) == 5, "two packets");
	ok(read(ends[1], text, 16) == 3, "each is read by itself");
	ok(recvmsg(ends[1], &message, 0) == 4 && message.msg_flags == MSG_TRUNC &&
	   !memcmp(text, "th", 2) && !memcmp(text + 8, "re", 2), "into pieces, and it is told what was lost");
	ok(send(ends[0], "", 0, 0) == 0 && read(ends[1], text, 16) == 0, "an empty one is one");
	ok(write(ends[0], "12345", 5) == 5 && recv(ends[1], text, 2, MSG_TRUNC) == 5, "MSG_TRUNC: the length");
	fails(write(ends[0], big, sizeof(big)), EMSGSIZE);
	int sent = 0;
	while (send(ends[0], big, 1000, MSG_DONTWAIT) == 1000)
		sent++;
	ok(errno == EAGAIN && sent == 65, "a flood ends after 64 KiB (%d packets)", sent);
	ok(!(ready(ends[0], POLLOUT) & POLLOUT), "no room any more");
	close(ends[0]);
	close(ends[1]);
}

static void check_timeouts(void)
{
	struct timeval timeout = { .tv_usec = 100000 }, wrong = { .tv_usec = 1000000 };
	int fd = listener(SOCK_STREAM, "/s/slow", 1), mine = client(SOCK_STREAM, "/s/slow");
	char byte;

	fails(setsockopt(mine, SOL_SOCKET, SO_RCVTIMEO, &wrong, sizeof(wrong)), EDOM);
	ok(!setsockopt(mine, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)), "a receive waits 100 ms");
	long before = milliseconds();
	fails(read(mine, &byte, 1), EAGAIN);
	long waited = milliseconds() - before;
	ok(waited >= 100 && waited < 5000, "after %ld ms", waited);
	int second = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ok(connect_to(second, "/s/slow") == -EAGAIN, "a queue of one is full");
	ok(ready(fd, POLLIN) == POLLIN, "the listener has something to accept");
	close(accept(fd, NULL, NULL));
	ok(!connect_to(second, "/s/slow"), "and has room again");
	close(second);
	close(mine);
	close(fd);
}

/* Each client sends numbers and wants each one back, one more. */
static void *run_client(void *failures)
{
	for (int round = 0; round < ROUNDS; round++) {
		int fd = client(SOCK_SEQPACKET, "/s/many"), number = rand(), answer = 0;

		if (fd < 0 || write(fd, &number, sizeof(number)) != sizeof(number) ||
		    read(fd, &answer, sizeof(answer)) != sizeof(answer) || answer != number + 1)
			__atomic_fetch_add((int *)failures, 1, __ATOMIC_RELAXED);
		close(fd);
	}
	return NULL;
}

static void *run_server(void *listening)
{
	for (int served = 0; served < CLIENTS * ROUNDS / 2; served++) {
		int fd = accept(*(int *)listening, NULL, NULL), number = 0;

		if (read(fd, &number, sizeof(number)) == sizeof(number)) {
			number++;
			(void)!write(fd, &number, sizeof(number));
		}
		close(fd);
	}
	return NULL;
}

static void check_many(void)
{
	int fd = listener(SOCK_SEQPACKET, "/s/many", 3), failures = 0;
	pthread_t clients[CLIENTS], servers[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&servers[i], NULL, run_server, &fd);
	for (int i = 0; i < CLIENTS; i++)
		pthread_create(&clients[i], NULL, run_client, &failures);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(clients[i], NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(servers[i], NULL);
	ok(!failures, "%d questions from %d threads are answered, each its own", CLIENTS * ROUNDS, CLIENTS);
	close(fd);
}

/* More than fits, through a stream, with a reader of odd sizes. */
static void check_bulk(void)
{
	int ends[2], status;
	size_t at = 0;
	bool same = true;

	socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
	pid_t pid = fork();
	if (!pid) {
		static unsigned char bytes[BIG];
		for (size_t i = 0; i < BIG; i++)
			bytes[i] = (unsigned char)(i * 7 + i / 251);
		_exit(write(ends[0], bytes, BIG) != BIG);
	}
	close(ends[0]);
	for (size_t size = 1;; size = size * 5 % 4099) {
		unsigned char piece[4099];
		ssize_t got = read(ends[1], piece, size);

		if (got <= 0)
			break;
		for (ssize_t i = 0; i < got; i++, at++)
			same = same && piece[i] == (unsigned char)(at * 7 + at / 251);
	}
	waitpid(pid, &status, 0);
	ok(at == BIG && same && !status, "%zu bytes arrive as they were sent", at);
	close(ends[1]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	mkdir("/s", 0777);
	check_mistakes();
	check_permission();
	check_credentials();
	check_stream();
	check_packets();
	check_timeouts();
	check_many();
	check_bulk();
	return tap_done();
}
