// SPDX-License-Identifier: Apache-2.0
/*
 * rogue.c - in the place of policyd: one that misbehaves as /etc/policyd/rogue says: "exit", "deaf" (listens
 * and says nothing), "garbage", "stop" (stops itself once it listens); and two that allow everything and must
 * not be believed: "impostor" (another process than the one that was started), "user" (not user 0).
 *
 * As a command: "rogue flood" leaves a hundred connections to policyd silent, talks nonsense on others, and
 * then asks properly: the answer goes to standard output. "rogue ask UID" asks as that user; "rogue pin N"
 * pins itself N times, a line each in the kernel's ring.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET "/run/policyd.sock"

enum { FLOOD = 100, USER = 1000 };

static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET };

static int misbehave(const char *how)
{
	int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	if (!strncmp(how, "exit", 4))
		return 1;
	unlink(SOCKET);
	if (bind(listener, (const struct sockaddr *)&address, sizeof(address)))
		return 2;
	if (!strncmp(how, "impostor", 8) && fork())
		for (;;)
			pause();
	if (!strncmp(how, "user", 4) && setuid(USER))
		return 2;
	/* Whose the socket is, is settled here. */
	if (listen(listener, 8))
		return 2;
	if (!strncmp(how, "stop", 4))
		raise(SIGSTOP);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		static char garbage[1000];

		if (!strncmp(how, "garbage", 7)) {
			memset(garbage, 'a', sizeof(garbage));
			send(fd, "allow", 5, MSG_NOSIGNAL); /* no newline: no answer */
			send(fd, garbage, sizeof(garbage), MSG_NOSIGNAL);
		}
		if (!strncmp(how, "impostor", 8) || !strncmp(how, "user", 4))
			send(fd, "allow\n", 6, MSG_NOSIGNAL);
	}
}

static int connection(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	if (connect(fd, (const struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}

static int ask(void)
{
	static const char question[] = "service x\nshares 500\n";
	char answer[100];
	int fd = connection();

	if (fd < 0)
		return 4;
	send(fd, question, sizeof(question) - 1, MSG_NOSIGNAL); /* who is turned away is told by recv */
	ssize_t got = recv(fd, answer, sizeof(answer), 0);
	if (got <= 0)
		return 5;
	fwrite(answer, 1, (size_t)got, stdout);
	return 0;
}

static int flood(void)
{
	for (int i = 0; i < FLOOD; i++) {
		int fd = connection();
		if (fd < 0)
			return 3;
		if (i % 3 == 1)
			send(fd, "\0\n\xff nonsense", 12, MSG_NOSIGNAL);
		if (i % 3 == 2)
			close(fd);
	}
	return ask();
}

static int pin(int times)
{
	cpu_set_t mask;

	for (int i = 0; i < times; i++) {
		CPU_ZERO(&mask);
		CPU_SET((size_t)(i % 4), &mask);
		if (sched_setaffinity(0, sizeof(mask), &mask))
			return 6;
	}
	return 0;
}

int main(int count, char **arguments)
{
	char how[16] = "exit";
	int fd;

	if (count == 2 && !strcmp(arguments[1], "flood"))
		return flood();
	if (count == 3 && !strcmp(arguments[1], "ask"))
		return setuid((uid_t)atoi(arguments[2])) ? 7 : ask();
	if (count == 3 && !strcmp(arguments[1], "pin"))
		return pin(atoi(arguments[2]));
	fd = open("/etc/policyd/rogue", O_RDONLY);
	if (fd >= 0 && read(fd, how, sizeof(how) - 1) < 0)
		return 6;
	return misbehave(how);
}
