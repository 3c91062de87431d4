// SPDX-License-Identifier: Apache-2.0
/*
 * policyd.c - decides what services may have, and keeps the log of what was tried.
 *
 * One loop: accept, read a question, answer it, read the kernel's ring. It keeps no promise to a client
 * but that one answer: who says nothing for a second, or anything but a question, is let go, and when
 * all places are taken the oldest is. Only user 0 is answered.
 *
 * The log, /run/policyd.log, holds who tried what of whom; masks and shares only when the policy says
 * so. At 64 KiB it becomes policyd.log.1.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "execd/clock.h"
#include "execd/policy.h"

#define AUDIT_PATH "/dev/audit"
#define LOG_PATH "/run/policyd.log"

enum {
	CLIENT_MAX = 8,
	CLIENT_MS = 1000,
	LOG_BYTES_MAX = 65536,
	POLICY_TEXT_MAX = 65536,
	LINES_MAX = 8192,
};

struct client {
	int fd; /* -1: free */
	int64_t since_ms;
};

static struct policy policy;
static struct client clients[CLIENT_MAX];
static int log_fd = -1;

static void complain(void *context, const char *text)
{
	(void)context;
	fprintf(stderr, "policyd: %s\n", text);
}

/* ---- the log ---- */

static void log_bytes(const char *bytes, size_t length)
{
	struct stat status;

	if (log_fd >= 0 && !fstat(log_fd, &status) && status.st_size > LOG_BYTES_MAX) {
		close(log_fd);
		log_fd = -1;
		rename(LOG_PATH, LOG_PATH ".1");
	}
	if (log_fd < 0)
		log_fd = open(LOG_PATH, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log_fd >= 0 && write(log_fd, bytes, length) < 0)
		close(log_fd), log_fd = -1;
}

/* The line without its value="...". */
static void log_line(char *line, size_t length)
{
	char *value = policy.logs_values ? NULL : memmem(line, length, " value=\"", 8);
	char *end = value ? memchr(value + 8, '"', length - (size_t)(value + 8 - line)) : NULL;

	if (end) {
		size_t rest = length - (size_t)(end + 1 - line);
		memmove(value, end + 1, rest);
		length = (size_t)(value - line) + rest;
	}
	log_bytes(line, length);
}

static void read_ring(int ring)
{
	char lines[LINES_MAX];
	ssize_t got = read(ring, lines, sizeof(lines));

	for (char *line = lines; got > 0;) {
		char *newline = memchr(line, '\n', (size_t)got);
		size_t length = newline ? (size_t)(newline + 1 - line) : (size_t)got;
		log_line(line, length);
		line += length;
		got -= (ssize_t)length;
	}
}

/* ---- clients ---- */

static void client_close(struct client *client)
{
	close(client->fd);
	client->fd = -1;
}

static struct client *client_place(void)
{
	struct client *oldest = &clients[0];
	for (size_t i = 0; i < CLIENT_MAX; i++) {
		if (clients[i].fd < 0)
			return &clients[i];
		if (clients[i].since_ms < oldest->since_ms)
			oldest = &clients[i];
	}
	client_close(oldest);
	return oldest;
}

static void client_accept(int listener)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) || peer.uid) {
		close(fd);
		return;
	}
	*client_place() = (struct client){ fd, now_ms() };
}

/* One question, one answer, and the end. */
static void client_serve(struct client *client)
{
	char question[POLICY_PACKET_MAX], answer[POLICY_PACKET_MAX], line[256];
	ssize_t got = recv(client->fd, question, sizeof(question), 0);

	if (got < 0 && errno == EAGAIN)
		return;
	size_t length = got > 0 ? policy_answer(&policy, question, (size_t)got, answer, sizeof(answer)) : 0;
	if (length) {
		bool sent = send(client->fd, answer, length, MSG_NOSIGNAL) == (ssize_t)length;
		const char *end = memchr(question, '\n', (size_t)got);
		int who = end ? (int)(end - question) : 0;
		/* "deny KEY": the reason has values in it */
		int words = (int)strcspn(answer, "\n");
		if (!policy.logs_values && !strncmp(answer, "deny ", 5))
			words = 5 + (int)strcspn(answer + 5, " \n");
		int count = snprintf(line, sizeof(line), "answer %.*s: %.*s%s\n", who > 100 ? 100 : who,
				     question, words > 100 ? 100 : words, answer, sent ? "" : " (gone)");
		log_bytes(line, (size_t)count);
	}
	client_close(client);
}

static void clients_expire(void)
{
	for (size_t i = 0; i < CLIENT_MAX; i++)
		if (clients[i].fd >= 0 && now_ms() - clients[i].since_ms > CLIENT_MS)
			client_close(&clients[i]);
}

/* ---- the start ---- */

static void load_policy(void)
{
	static char text[POLICY_TEXT_MAX + 1];
	const struct recipe_report report = { complain, NULL };
	int fd = open(POLICY_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, POLICY_TEXT_MAX);

	if (length < 0)
		fprintf(stderr, "policyd: " POLICY_FILE ": %s; everything is strict\n", strerror(errno));
	text[length < 0 ? 0 : length] = '\0';
	policy_read(&policy, "policy.ini", text, &report);
}

static int start_listening(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = POLICY_SOCKET };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	umask(0177); /* nobody else may connect */
	unlink(POLICY_SOCKET);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, CLIENT_MAX)) {
		fprintf(stderr, "policyd: " POLICY_SOCKET ": %s\n", strerror(errno));
		return -1;
	}
	return fd;
}

int main(void)
{
	int listener, ring;

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < CLIENT_MAX; i++)
		clients[i].fd = -1;
	load_policy();
	listener = start_listening();
	if (listener < 0)
		return 1;
	ring = open(AUDIT_PATH, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (ring < 0)
		fprintf(stderr, "policyd: " AUDIT_PATH ": %s; nothing that is tried is logged\n",
			strerror(errno));
	for (;;) {
		struct pollfd polled[2 + CLIENT_MAX] = { { listener, POLLIN, 0 }, { ring, POLLIN, 0 } };
		bool waiting = false;

		for (size_t i = 0; i < CLIENT_MAX; i++) {
			polled[2 + i] = (struct pollfd){ clients[i].fd, POLLIN, 0 };
			waiting = waiting || clients[i].fd >= 0;
		}
		if (poll(polled, 2 + CLIENT_MAX, waiting ? CLIENT_MS : -1) < 0 && errno != EINTR)
			return 1;
		for (size_t i = 0; i < CLIENT_MAX; i++)
			if (clients[i].fd >= 0 && polled[2 + i].revents)
				client_serve(&clients[i]);
		clients_expire();
		if (polled[1].revents)
			read_ring(ring);
		if (polled[0].revents)
			client_accept(listener);
	}
}
