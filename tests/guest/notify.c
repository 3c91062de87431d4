// SPDX-License-Identifier: Apache-2.0
/*
 * notify.c - who waits is told: poll and inotify on the tree's files, inotify on any others.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { NEWS = POLLPRI | POLLERR, NOW = 0, SOON = 5000 };

/* ---- poll ---- */

/* Whether the descriptor has news within `timeout` ms. */
static int has_news(int fd, int timeout)
{
	struct pollfd entry = { .fd = fd, .events = POLLPRI };

	return poll(&entry, 1, timeout) == 1 && (entry.revents & NEWS) == NEWS;
}

static void read_again(int fd)
{
	char text[256];

	if (pread(fd, text, sizeof(text), 0) < 0)
		perror("pread");
}

static pid_t start_sleeper(void)
{
	pid_t child = fork();

	if (child == 0) {
		pause();
		_exit(0);
	}
	return child;
}

static void end_sleeper(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void *write_soon(void *text)
{
	usleep(100000);
	group_put("notify/a", "cpuset.cpus", text);
	return NULL;
}

static void test_events(void)
{
	int events = group_open("notify", "cgroup.events", O_RDONLY);
	int other = group_open("notify", "cgroup.events", O_RDONLY);

	ok(has_news(events, NOW), "a descriptor that was never read has news");
	read_again(events);
	read_again(other);
	ok(!has_news(events, NOW), "one that was read has none");
	pid_t child = start_sleeper();
	ok(!has_news(events, NOW), "nor does it by what happens elsewhere");
	group_move("notify/a", child);
	ok(has_news(events, NOW), "it has when a group below is populated");
	read_again(events);
	ok(!has_news(events, NOW) && has_news(other, NOW), "each descriptor for itself");
	kill(child, SIGKILL);
	ok(has_news(events, SOON), "a poll wakes when the last task is gone");
	waitpid(child, NULL, 0);
	ok(group_is("notify", "cgroup.events", "populated 0\nfrozen 0"), "and so it says");
	close(events);
	close(other);
}

static void test_effective(void)
{
	static char first[] = "0";
	int effective = group_open("notify/a", "cpuset.cpus.effective", O_RDONLY);
	int max = group_open("notify/a", "cgroup.max.depth", O_RDONLY);
	pthread_t writer;

	read_again(effective);
	ok(!has_news(max, NOW), "a file that does not tell of changes has no news");
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1) {
		pthread_create(&writer, NULL, write_soon, first);
		ok(has_news(effective, SOON), "a poll wakes when the effective mask changes");
		pthread_join(writer, NULL);
		read_again(effective);
		group_put("notify/a", "cpuset.cpus", "0");
		ok(!has_news(effective, NOW), "a write that changes nothing is no news");
		group_put("notify/a", "cpuset.cpus", "\n");
		ok(has_news(effective, NOW), "taking the request back is");
	}
	close(effective);
	close(max);
}

static void test_pids(void)
{
	int events = group_open("notify/a", "pids.events", O_RDONLY);

	read_again(events);
	group_put("notify/a", "pids.max", "1");
	pid_t child = fork();
	if (child == 0) {
		group_move("notify/a", 0);
		_exit(fork() == -1 && errno == EAGAIN ? 0 : 1);
	}
	int status;
	waitpid(child, &status, 0);
	ok(status == 0, "a fork above pids.max is refused");
	ok(has_news(events, NOW), "which pids.events tells");
	group_put("notify/a", "pids.max", "max");
	close(events);
}

static void test_removal(void)
{
	group_make("notify/gone");
	int events = group_open("notify/gone", "cgroup.events", O_RDONLY);
	char byte;

	read_again(events);
	group_remove("notify/gone");
	ok(has_news(events, NOW), "removing the group is news");
	ok(pread(events, &byte, 1, 0) == -1 && errno == ENODEV, "of which reading tells ENODEV");
	close(events);
}

/* ---- inotify ---- */

static union {
	struct inotify_event first;
	char bytes[65536];
} buffer;
static ssize_t filled, taken;

/* The next event of the instance that is there now; NULL: none. */
static const struct inotify_event *next_event(int fd)
{
	if (taken >= filled) {
		filled = read(fd, buffer.bytes, sizeof(buffer.bytes));
		taken = 0;
		if (filled <= 0)
			return NULL;
	}
	const struct inotify_event *event = (const void *)(buffer.bytes + taken);
	taken += (ssize_t)(sizeof(*event) + event->len);
	return event;
}

/* Whether the next event is this one; `name` NULL: without a name. */
static int told(int fd, int wd, uint32_t mask, const char *name)
{
	const struct inotify_event *event = next_event(fd);

	if (!event) {
		printf("# no event, wanted %#x %s\n", mask, name ? name : "");
		return 0;
	}
	if (event->wd == wd && event->mask == mask && !strcmp(event->len ? event->name : "", name ? name : ""))
		return 1;
	printf("# event: wd %d mask %#x name %s\n", event->wd, event->mask, event->len ? event->name : "");
	return 0;
}

static void forget(int fd)
{
	while (next_event(fd))
		;
}

static void test_errors(int fd)
{
	int pipe_fds[2];

	ok(inotify_init1(1) == -1 && errno == EINVAL, "an unknown flag is EINVAL");
	ok(inotify_add_watch(fd, "/none", IN_MODIFY) == -1 && errno == ENOENT, "no such path is ENOENT");
	ok(inotify_add_watch(fd, "/tmp", 0) == -1 && errno == EINVAL, "no event is EINVAL");
	ok(inotify_add_watch(-1, "/tmp", IN_MODIFY) == -1 && errno == EBADF, "no descriptor is EBADF");
	ok(pipe(pipe_fds) == 0 && inotify_add_watch(pipe_fds[0], "/tmp", IN_MODIFY) == -1 &&
	   errno == EINVAL, "a descriptor of another kind is EINVAL");
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	ok(inotify_add_watch(fd, GROUP_ROOT "/cgroup.procs", IN_MODIFY | IN_ONLYDIR) == -1 &&
	   errno == ENOTDIR, "IN_ONLYDIR and a file is ENOTDIR");
	ok(inotify_add_watch(fd, (const char *)16, IN_MODIFY) == -1 && errno == EFAULT,
	   "a path nowhere is EFAULT");
	ok(inotify_rm_watch(fd, 77) == -1 && errno == EINVAL, "removing no watch is EINVAL");
	ok(read(fd, buffer.bytes, 100) == -1 && errno == EAGAIN, "reading nothing is EAGAIN");
}

static void test_directory(int fd)
{
	mkdir("/tmp/watched", 0755);
	int wd = inotify_add_watch(fd, "/tmp/watched", IN_ALL_EVENTS & ~(IN_ACCESS | IN_OPEN));
	ok(wd > 0, "a directory is watched");
	ok(inotify_add_watch(fd, "/tmp/watched", IN_ALL_EVENTS & ~(IN_ACCESS | IN_OPEN)) == wd,
	   "once more is the same watch");
	ok(inotify_add_watch(fd, "/tmp/watched", IN_MODIFY | IN_MASK_CREATE) == -1 && errno == EEXIST,
	   "unless IN_MASK_CREATE forbids it");

	int file = open("/tmp/watched/file", O_CREAT | O_RDWR, 0644);
	ok(told(fd, wd, IN_CREATE, "file"), "IN_CREATE");
	ok(write(file, "x", 1) == 1 && write(file, "y", 1) == 1 && told(fd, wd, IN_MODIFY, "file") &&
	   !next_event(fd), "IN_MODIFY, and the same twice in a row is told once");
	fchmod(file, 0600);
	ok(told(fd, wd, IN_ATTRIB, "file"), "IN_ATTRIB");
	close(file);
	ok(told(fd, wd, IN_CLOSE_WRITE, "file"), "IN_CLOSE_WRITE");
	close(open("/tmp/watched/file", O_RDONLY));
	ok(told(fd, wd, IN_CLOSE_NOWRITE, "file"), "IN_CLOSE_NOWRITE");

	rename("/tmp/watched/file", "/tmp/watched/other");
	const struct inotify_event *from = next_event(fd);
	uint32_t cookie = from ? from->cookie : 0;
	ok(from && from->mask == IN_MOVED_FROM && cookie, "IN_MOVED_FROM");
	const struct inotify_event *to = next_event(fd);
	ok(to && to->mask == IN_MOVED_TO && to->cookie == cookie && !strcmp(to->name, "other"),
	   "IN_MOVED_TO, with the same cookie");
	mkdir("/tmp/watched/below", 0755);
	ok(told(fd, wd, IN_CREATE | IN_ISDIR, "below"), "a directory's events say so");
	rmdir("/tmp/watched/below");
	ok(told(fd, wd, IN_DELETE | IN_ISDIR, "below"), "IN_DELETE");

	int self = inotify_add_watch(fd, "/tmp/watched/other", IN_DELETE_SELF | IN_ATTRIB);
	unlink("/tmp/watched/other");
	ok(told(fd, self, IN_ATTRIB, NULL) && told(fd, wd, IN_DELETE, "other") &&
	   told(fd, self, IN_DELETE_SELF, NULL) && told(fd, self, IN_IGNORED, NULL),
	   "a file that goes tells its links, its directory, its end");
	rmdir("/tmp/watched");
	ok(told(fd, wd, IN_DELETE_SELF, NULL) && told(fd, wd, IN_IGNORED, NULL) && !next_event(fd),
	   "and so does a directory");
	ok(inotify_rm_watch(fd, wd) == -1 && errno == EINVAL, "their watches are gone");
}

static void test_queue(int fd)
{
	int bytes, count = 0, file = open("/tmp/full", O_CREAT | O_RDWR, 0644);
	int wd = inotify_add_watch(fd, "/tmp/full", IN_MODIFY | IN_ATTRIB);
	const struct inotify_event *event;
	uint32_t last = 0;

	for (int i = 0; i < 20000; i++) {
		fchmod(file, 0644);
		if (write(file, "x", 1) != 1)
			break;
	}
	ok(ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 16 * 1000, "FIONREAD counts bytes");
	ok(read(fd, buffer.bytes, 15) == -1 && errno == EINVAL, "a buffer too small is EINVAL");
	while ((event = next_event(fd))) {
		last = event->mask;
		count++;
	}
	ok(last == IN_Q_OVERFLOW && count > 1000 && count * 16 == bytes,
	   "a full queue ends with IN_Q_OVERFLOW (%d events)", count);
	fchmod(file, 0600);
	ok(told(fd, wd, IN_ATTRIB, NULL), "and then goes on");
	ok(inotify_rm_watch(fd, wd) == 0 && told(fd, wd, IN_IGNORED, NULL), "a removed watch is IN_IGNORED");
	fchmod(file, 0644);
	ok(!next_event(fd), "and tells nothing more");
	wd = inotify_add_watch(fd, "/tmp/full", IN_ATTRIB | IN_ONESHOT);
	fchmod(file, 0600);
	fchmod(file, 0644);
	ok(told(fd, wd, IN_ATTRIB, NULL) && told(fd, wd, IN_IGNORED, NULL) && !next_event(fd),
	   "IN_ONESHOT tells once");
	close(file);
	unlink("/tmp/full");
}

static void test_groups(int fd)
{
	struct pollfd entry = { .fd = fd, .events = POLLIN };
	int events = inotify_add_watch(fd, GROUP_ROOT "/notify/cgroup.events", IN_MODIFY);
	int root = inotify_add_watch(fd, GROUP_ROOT "/notify", IN_CREATE | IN_DELETE);
	int effective = inotify_add_watch(fd, GROUP_ROOT "/notify/a/cpuset.cpus.effective", IN_MODIFY);

	ok(poll(&entry, 1, 0) == 0, "poll: nothing yet");
	pid_t child = start_sleeper();
	group_move("notify/a", child);
	ok(poll(&entry, 1, SOON) == 1 && entry.revents == POLLIN, "poll: an event");
	ok(told(fd, events, IN_MODIFY, NULL), "cgroup.events: populated");
	end_sleeper(child);
	ok(told(fd, events, IN_MODIFY, NULL) && !next_event(fd), "cgroup.events: empty");
	group_make("notify/new");
	group_remove("notify/new");
	ok(told(fd, root, IN_CREATE | IN_ISDIR, "new") && told(fd, root, IN_DELETE | IN_ISDIR, "new"),
	   "groups come and go as directories");
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1) {
		group_put("notify/a", "cpuset.cpus", "0");
		ok(told(fd, effective, IN_MODIFY, NULL), "cpuset.cpus.effective: another mask");
		group_put("notify/a", "cpuset.cpus", "\n");
		forget(fd);
	}
	group_remove("notify/a");
	ok(told(fd, effective, IN_IGNORED, NULL) && told(fd, root, IN_DELETE | IN_ISDIR, "a"),
	   "a removed group ends its watches");
}

/* Watches, events and their readers, all at once. */
static void *make_noise(void *unused)
{
	for (int i = 0; i < 2000; i++) {
		close(open("/tmp/noise/file", O_CREAT | O_RDWR, 0644));
		unlink("/tmp/noise/file");
	}
	return unused;
}

static void *watch_noise(void *unused)
{
	char text[4096];

	for (int i = 0; i < 300; i++) {
		int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
		inotify_add_watch(fd, "/tmp/noise", IN_ALL_EVENTS);
		inotify_add_watch(fd, "/tmp/noise/file", IN_ALL_EVENTS);
		for (int j = 0; j < 3; j++)
			if (read(fd, text, sizeof(text)) < 0)
				sched_yield();
		close(fd);
	}
	return unused;
}

static void test_noise(void)
{
	pthread_t threads[4];

	mkdir("/tmp/noise", 0755);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, i & 1 ? make_noise : watch_noise, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	rmdir("/tmp/noise");
	ok(1, "watching and being watched from every side");
}

int main(void)
{
	mkdir("/tmp", 0777);
	group_put("", "cgroup.subtree_control", "+cpuset +pids");
	group_make("notify");
	group_put("notify", "cgroup.subtree_control", "+cpuset +pids");
	group_make("notify/a");
	test_events();
	test_effective();
	test_pids();
	test_removal();
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	ok(fd >= 0, "an instance");
	test_errors(fd);
	test_directory(fd);
	test_queue(fd);
	test_groups(fd);
	close(fd);
	test_noise();
	group_remove("notify");
	return tap_done();
}
