// SPDX-License-Identifier: Apache-2.0
/*
 * ask.c - starts policyd, and asks it.
 *
 * Whatever policyd does - dies, stops, talks nonsense - the answer is then none, in bounded time: once it
 * failed to answer, nobody waits for it again until it is started anew.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "execd/ask.h"
#include "execd/child.h"
#include "execd/clock.h"
#include "execd/log.h"

#define DAEMON "/sbin/policyd"

enum { PATIENCE_MS = 1000, PAUSE_MS = 5 };

static int64_t patience_ms = PATIENCE_MS; /* what is left of it for this daemon */

bool ask_is_needed(void)
{
	return !access(POLICY_FILE, F_OK);
}

pid_t ask_start_daemon(void)
{
	unlink(POLICY_SOCKET); /* nobody answers for it meanwhile */
	pid_t pid = fork();
	if (!pid) {
		if (child_prepare())
			execl(DAEMON, "policyd", NULL);
		_exit(127);
	}
	if (pid < 0) {
		log_error("policyd: %s (%s)", strerrordesc_np(errno), strerrorname_np(errno));
		return -errno;
	}
	patience_ms = PATIENCE_MS;
	return pid;
}

/* Until policyd listens, or the patience is at its end: a descriptor, or -1. */
static int connect_until(int64_t end_ms)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = POLICY_SOCKET };
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000 };

	do {
		int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof(address)))
			return fd;
		if (fd >= 0)
			close(fd);
		nanosleep(&pause, NULL);
	} while (now_ms() < end_ms);
	return -1;
}

static bool is_daemon(int fd, pid_t daemon)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) && peer.pid == daemon && !peer.uid;
}

static ssize_t question_and_answer(int fd, const char *question, size_t length, char *answer,
				   size_t size, int64_t end_ms)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN };
	int64_t left_ms = end_ms - now_ms();

	if (left_ms <= 0 || send(fd, question, length, MSG_NOSIGNAL) != (ssize_t)length ||
	    poll(&polled, 1, (int)left_ms) != 1)
		return -1;
	return recv(fd, answer, size, MSG_DONTWAIT);
}

enum policy_verdict ask_policy(pid_t daemon, const char *who, const struct recipe_limits *limits,
			       enum recipe_setting *setting, char *reason, size_t size)
{
	char question[POLICY_PACKET_MAX], answer[POLICY_PACKET_MAX];
	size_t length = policy_question(who, limits, question, sizeof(question));
	int64_t start = now_ms(), end = start + patience_ms;
	enum policy_verdict verdict = POLICY_NO_ANSWER;

	if (!length)
		return POLICY_ALLOWED;
	int fd = daemon > 0 && patience_ms > 0 ? connect_until(end) : -1;
	if (fd >= 0 && is_daemon(fd, daemon)) {
		ssize_t got = question_and_answer(fd, question, length, answer, sizeof(answer), end);
		if (got > 0)
			verdict = policy_verdict(answer, (size_t)got, setting, reason, size);
	}
	if (fd >= 0)
		close(fd);
	if (verdict == POLICY_NO_ANSWER)
		patience_ms -= now_ms() - start;
	return verdict;
}
