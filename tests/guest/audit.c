// SPDX-License-Identifier: Apache-2.0
/*
 * audit.c - /dev/audit: every change that was asked for is told, granted or not, with who and whom; to
 * one privileged reader; and a flood is counted and holds nobody up.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { FLOOD = 2000, USER = 1000 };

static int ring;
static char lines[65536 * 4];

/* Everything that is there. */
static void drain(void)
{
	size_t length = 0;
	ssize_t more;

	while (length < sizeof(lines) - 1 &&
	       (more = read(ring, lines + length, sizeof(lines) - 1 - length)) > 0)
		length += (size_t)more;
	lines[length] = '\0';
}

/* Whether a line holds all three. */
static bool told(const char *one, const char *two, const char *three)
{
	for (char *line = lines; *line;) {
		size_t length = strcspn(line, "\n");
		char copy[512];

		snprintf(copy, sizeof(copy), "%.*s", (int)length, line);
		if (strstr(copy, one) && strstr(copy, two) && strstr(copy, three))
			return true;
		line += length + (line[length] == '\n');
	}
	printf("# not there: %s %s %s\n", one, two, three);
	return false;
}

static int pin(pid_t pid, int cpu)
{
	cpu_set_t mask;

	CPU_ZERO(&mask);
	CPU_SET((size_t)cpu, &mask);
	return sched_setaffinity(pid, sizeof(mask), &mask) ? -errno : 0;
}

static int as_user(int (*body)(pid_t), pid_t pid)
{
	int status;
	pid_t child = fork();

	if (!child)
		_exit(setgid(USER) || setuid(USER) ? 99 : body(pid));
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

static int open_ring(pid_t unused)
{
	(void)unused;
	return open("/dev/audit", O_RDONLY) < 0 ? errno : 0;
}

static int pin_other(pid_t pid)
{
	return -pin(pid, 0);
}

static void check_reader(void)
{
	ok(as_user(open_ring, 0) == EACCES, "a user may not read it");
	chmod("/dev/audit", 0666);
	ok(as_user(open_ring, 0) == EPERM, "whatever its mode");
	chmod("/dev/audit", 0600);
	ring = open("/dev/audit", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ok(ring >= 0, "root may");
	ok(open("/dev/audit", O_RDONLY) < 0 && errno == EBUSY, "one at a time");
	char small[16];
	ok(read(ring, small, sizeof(small)) < 0 && errno == EINVAL, "a line must fit");
	drain();
}

static void check_lines(void)
{
	char me[32];
	pid_t target = fork();

	if (!target)
		for (;;)
			pause();
	snprintf(me, sizeof(me), "pid=%d uid=0", (int)getpid());
	ok(!group_put("", "cgroup.subtree_control", "+cpuset +cpu") && !group_make("g"), "a group");
	group_put("g", "cpuset.cpus", "0-1");
	group_put("g", "cpu.weight", "20000");
	group_put("g", "cpu.weight", "300");
	group_put("g", "sched.cpu_class", "performance");
	group_move("g", target);
	drain();
	ok(told("affinity cpuset.cpus ", me, "group=\"/g\" value=\"0-1\" result=0"), "a list");
	ok(told("shares cpu.weight ", me, "value=\"20000\" result=-34"), "shares that were refused");
	ok(told("shares cpu.weight ", me, "value=\"300\" result=0"), "and some that were not");
	ok(told("affinity sched.cpu_class ", me, "value=\"performance\" result=0"), "a class");
	char whom[32];
	snprintf(whom, sizeof(whom), "target=%d", (int)target);
	ok(told("membership cgroup.procs ", whom, "group=\"/g\""), "a move");
	pin(target, 1);
	setpriority(PRIO_PROCESS, (id_t)target, 3);
	ok(as_user(pin_other, target) == EPERM, "a user tries it, too");
	drain();
	ok(told("affinity sched_setaffinity ", whom, "value=\"1\" result=0"), "a pin, and whom it is about");
	ok(told("shares setpriority ", whom, "value=\"3\" result=0"), "a nice level");
	ok(told("affinity sched_setaffinity pid=", "uid=1000", "result=-1"), "the user's, refused");
	ok(read(ring, lines, sizeof(lines)) < 0 && errno == EAGAIN, "nothing is told twice");
	kill(target, SIGKILL);
	waitpid(target, NULL, 0);
}

static void check_flood(void)
{
	int count = 0;
	struct pollfd polled = { .fd = ring, .events = POLLIN };

	ok(poll(&polled, 1, 0) == 0, "poll: nothing to read");
	for (int i = 0; i < FLOOD; i++)
		pin(0, i % 4);
	ok(poll(&polled, 1, 0) == 1, "poll: something");
	drain();
	ok(!strncmp(lines, "lost 1488\n", 10), "a full ring counts: %.12s", lines);
	for (char *line = lines; (line = strstr(line, "sched_setaffinity")); line++)
		count++;
	ok(count == 512, "and keeps what it had (%d)", count);
	pin(0, 0);
	drain();
	ok(!strstr(lines, "lost") && strstr(lines, "sched_setaffinity"), "then all is as before");
	close(ring);
	ring = open("/dev/audit", O_RDONLY | O_NONBLOCK);
	ok(ring >= 0, "the next reader may come");
	close(ring);
}

int main(void)
{
	check_reader();
	check_lines();
	check_flood();
	ok(!group_remove("g"), "the end");
	return tap_done();
}
