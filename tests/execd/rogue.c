// SPDX-License-Identifier: Apache-2.0
/*
 * rogue.c - in the place of policyd: one that misbehaves as /etc/policyd/rogue says: "exit", "deaf" (listens
 * and says nothing), "garbage", "stop" (stops itself once it listens).
 *
 * As a command: "rogue flood" leaves a hundred connections to policyd silent, talks nonsense on others, and
 * then asks properly: the answer goes to standard output.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET "/run/policyd.sock"

enum { FLOOD = 100 };

static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET };

static int misbehave(const char *how)
{
	int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	if (!strncmp(how, "exit", 4))
		return 1;
	unlink(SOCKET);
	if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) || listen(listener, 8))
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

static int flood(void)
{
	static const char question[] = "service x\nshares 500\n";
	char answer[100];

	for (int i = 0; i < FLOOD; i++) {
		int fd = connection();
		if (fd < 0)
			return 3;
		if (i % 3 == 1)
			send(fd, "\0\n\xff nonsense", 12, MSG_NOSIGNAL);
		if (i % 3 == 2)
			close(fd);
	}
	int fd = connection();
	if (fd < 0 || send(fd, question, sizeof(question) - 1, MSG_NOSIGNAL) < 0)
		return 4;
	ssize_t got = recv(fd, answer, sizeof(answer), 0);
	if (got <= 0)
		return 5;
	fwrite(answer, 1, (size_t)got, stdout);
	return 0;
}

int main(int count, char **arguments)
{
	char how[16] = "exit";
	int fd;

	if (count == 2 && !strcmp(arguments[1], "flood"))
		return flood();
	fd = open("/etc/policyd/rogue", O_RDONLY);
	if (fd >= 0 && read(fd, how, sizeof(how) - 1) < 0)
		return 6;
	return misbehave(how);
}
