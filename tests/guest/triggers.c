// SPDX-License-Identifier: Apache-2.0
/*
 * triggers.c - triggers of cpu.pressure: when they fire and when not, whose they are, and how they go.
 * Meant for virtual time on two CPUs; the second one is the test's own. "storm": many at once, in groups
 * that come and go. But for the bounds, and windows of 1 ms, Linux 6.12 passes it, too.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/guest/rival.h"
#include "tests/guest/tap.h"
#include "tests/guest/tasks.h"

enum { TRIGGERS_MAX = 256, TRIGGERS_SHARED = 128, FIRED = POLLPRI, GONE = POLLPRI | POLLERR };

static const char machine_file[] = "/proc/pressure/cpu";

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Tasks of the group that never stop, on the first CPU. */
static void start(const char *group, int count)
{
	while (count--) {
		pid_t child = fork();

		if (child == 0) {
			group_move(group, 0);
			pin(1);
			for (;;)
				;
		}
		tasks[task_count++] = child;
	}
}

static int put(int fd, const char *text)
{
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* A descriptor with that trigger, or -errno; `group` NULL: the machine's. */
static int trigger(const char *group, const char *text)
{
	int fd = group ? group_open(group, "cpu.pressure", O_RDWR) : open(machine_file, O_RDWR | O_CLOEXEC);
	int error = fd < 0 ? -errno : put(fd, text);

	if (error && fd >= 0)
		close(fd);
	return error ? error : fd;
}

/* FIRED, GONE; 0: neither within so many ms. */
static int news(int fd, int timeout)
{
	struct pollfd entry = { .fd = fd, .events = POLLPRI };

	return poll(&entry, 1, timeout) == 1 ? entry.revents : 0;
}

/* ---- what may be written, and by whom ---- */

static void test_words(void)
{
	static const struct {
		const char *text;
		size_t length;
		int answer;
	} words[] = {
		{ "some 150000 1000000", 19, 19 }, { "full 1 10000000\n", 16, 16 }, { "some 1 1", 8, 8 },
		{ "", 0, 0 }, { "\0some 1 1", 9, -EINVAL }, { "some 1 10000001", 15, -EINVAL },
		{ "some 0 1000000", 14, -EINVAL }, { "some 2 1", 8, -EINVAL }, { "some -1 1", 9, -EINVAL },
		{ "some\0 1 1", 9, -EINVAL }, { "\xff\xff\xff\xff", 4, -EINVAL }, { "%n%n%s", 6, -EINVAL },
	};
	static char much[4097], *volatile nowhere = (char *)16;
	struct stat status;

	memset(much, '9', sizeof(much));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		int fd = group_open("t", "cpu.pressure", O_RDWR);
		long answer = write(fd, words[i].text, words[i].length);

		answer = answer < 0 ? -errno : answer;
		ok(answer == words[i].answer && (news(fd, 0) == GONE) == (answer <= 0),
		   "word %zu answers %ld", i, answer);
		close(fd);
	}
	int fd = group_open("t", "cpu.pressure", O_RDWR);
	ok(write(fd, much, 4096) == -1 && errno == EINVAL && write(fd, much, 4097) == -1 && errno == E2BIG,
	   "4096 digits are EINVAL, a byte more E2BIG");
	ok(write(fd, nowhere, 8) == -1 && errno == EFAULT, "what is not there is EFAULT");
	ok(put(fd, "some 1 1") == 0, "none of which leaves a trigger");
	close(fd);
	ok(fstatat(AT_FDCWD, GROUP_ROOT "/t/cpu.pressure", &status, 0) == 0 && (status.st_mode & 0777) == 0644 &&
	   stat(machine_file, &status) == 0 && (status.st_mode & 0777) == 0666, "modes are 0644 and 0666");
}

static void test_machine_words(void)
{
	int fd = open(machine_file, O_RDWR);

	ok(write(fd, "", 0) == -1 && errno == EINVAL, "%s: nothing is EINVAL", machine_file);
	ok(write(fd, "\n", 1) == -1 && errno == EINVAL, "and so is a newline");
	ok(write(fd, "some 1 0", 8) == -1 && errno == EINVAL, "and a window of 0");
	ok(write(fd, "some 2 15", 9) == -1 && errno == EINVAL, "the last byte is not looked at");
	ok(write(fd, "some 1 1000000\n                        much", 44) == 44, "nor what is behind 32");
	ok(write(fd, "some 1 1\n", 9) == -1 && errno == EBUSY, "a second trigger is EBUSY");
	close(fd);
}

static void test_descriptors(void)
{
	int fd = trigger("t", "some 1000 1000000"), copy = dup(fd), other = trigger("t", "some 1000 1000000");
	int reader = group_open("t", "cpu.pressure", O_RDONLY), bare = group_open("t", "cpu.pressure", O_RDWR);
	struct pollfd entry = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };
	char text[256];

	ok(fd >= 0 && other >= 0, "two descriptors have a trigger each");
	ok(put(fd, "some 1000 1000000") == -EBUSY && put(fd, "junk") == -EBUSY && put(copy, "full 1 1") == -EBUSY,
	   "a second one on either is EBUSY, whatever it is");
	ok(put(reader, "some 1 1") == -EBADF, "who reads has none");
	ok(news(reader, 10000) == GONE && news(bare, 10000) == GONE,
	   "a poll without a trigger is POLLPRI and POLLERR");
	ok(poll(&entry, 1, 0) == 1 && entry.revents == (POLLIN | POLLOUT), "with one it may be read and written");
	ok(pread(fd, text, sizeof(text), 0) > 0 && !strncmp(text, "some avg10=", 11), "and it is read as before");
	close(fd);
	ok(news(copy, 0) == 0 && put(copy, "some 1 1") == -EBUSY, "it stays while a copy is there");
	close(copy);
	close(other);
	close(reader);
	close(bare);
}

/* In a child without any right, as nobody: the answer is its exit status. */
static int as_nobody(int (*body)(int fd), int fd)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(setgid(1000) || setuid(1000) ? 99 : body(fd));
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int nobody_writes(int fd)
{
	int machine = open(machine_file, O_RDWR);

	if (group_open("t", "cpu.pressure", O_RDWR) != -EACCES)
		return 1;
	if (put(machine, "some 1000 1000000\n") != -EINVAL || put(machine, "some 1000 3000000\n") != -EINVAL)
		return 2;
	if (put(machine, "some 1000 4000000\n"))
		return 3;
	if (put(fd, "some 1000 1000000"))
		return 4;
	int made = 2, more; /* these two */
	while ((more = trigger(NULL, "some 1000 2000000\n")) >= 0)
		made++;
	return more != -ENOMEM ? 5 : made != TRIGGERS_SHARED ? 6 : 0;
}

static int nobody_is_told(int fd)
{
	int machine = trigger(NULL, "some 200000 2000000\n");

	(void)fd;
	return machine < 0 ? 1 : news(machine, 5000) == FIRED ? 0 : 2;
}

static void test_nobody(void)
{
	start("t/a", 2);
	int answer = as_nobody(nobody_is_told, -1);
	ok(answer == 0, "who has no right is told, too (%d)", answer);
	end_all();
}

/* ---- when they fire ---- */

static void test_fires(void)
{
	int fd = trigger("t/a", "some 150000 1000000"), above = trigger("t", "some 150000 1000000");
	int machine = trigger(NULL, "some 150000 1000000\n"), beside = trigger("t/b", "some 1000 1000000");
	int full = trigger("t/a", "full 100000 1000000");
	int watcher = inotify_init1(IN_NONBLOCK);
	char event[64];

	inotify_add_watch(watcher, GROUP_ROOT "/t/a/cpu.pressure", IN_MODIFY);
	ok(news(fd, 2500) == 0, "no event without pressure");
	start("t/a", 2);
	long begin = now_ms();
	ok(news(fd, 1000) == FIRED, "an event under pressure, within the window");
	long first = now_ms();
	ok(first - begin >= 140 && first - begin <= 300, "soon after 150 ms of it (%ld)", first - begin);
	struct pollfd told = { .fd = watcher, .events = POLLIN };
	ok(poll(&told, 1, 500) == 1 && read(watcher, event, sizeof(event)) > 0, "which inotify tells, too");
	ok(news(fd, (int)(first + 900 - now_ms())) == 0, "no second one within a window");
	ok(news(fd, 350) == FIRED, "but the next, as long as it lasts");
	long apart = now_ms() - first;
	ok(apart >= 990 && apart <= 1200, "a window later (%ld)", apart);
	ok(news(above, 0) == FIRED && news(machine, 0) == FIRED, "the group above and the machine have had theirs");
	ok(news(beside, 0) == 0 && news(full, 0) == 0, "the group beside, and who looks at full, none");
	end_all();
	(void)news(fd, 1300); /* what was reached since, and is told now */
	ok(news(fd, 3000) == 0, "and none when it is over");
	close(watcher);
	close(beside);
	close(machine);
	close(above);
	close(full);
	close(fd);
}

/* Of one CPU each group has half. */
static void test_thresholds(void)
{
	start("t/a", 1);
	start("t/b", 1);
	usleep(200000);
	int low = trigger("t/a", "full 300000 1000000"), high = trigger("t/a", "full 700000 1000000");
	int whole = trigger("t", "some 900000 1000000"), brief = trigger("t/b", "some 500 1000");
	ok(news(brief, 50) == FIRED, "a window of 1 ms is looked at every 4 ms");
	ok(news(low, 1300) == FIRED, "stalled half of the time: full 300 of 1000 ms fires");
	ok(news(whole, 1300) == FIRED, "and so does some 900 of the group above");
	ok(news(high, 2000) == 0, "full 700 of 1000 ms does not");
	close(low);
	close(high);
	close(whole);
	close(brief);
	end_all();
}

/* ---- how they go ---- */

static void *poll_for_ever(void *fd)
{
	return (void *)(intptr_t)news(*(int *)fd, -1);
}

static void test_removal(void)
{
	char byte;
	pthread_t poller;
	void *answer;

	group_make("t/gone");
	int fd = trigger("t/gone", "some 1000 1000000"), idle = group_open("t/gone", "cpu.pressure", O_RDWR);
	pthread_create(&poller, NULL, poll_for_ever, &fd);
	usleep(50000);
	ok(group_remove("t/gone") == 0, "a group with triggers can be removed");
	pthread_join(poller, &answer);
	ok((intptr_t)answer == GONE, "who polls is told by POLLERR");
	group_make("t/gone");
	ok(news(fd, 0) == GONE && news(idle, 0) == GONE, "for good, though the name is there again");
	ok(put(fd, "some 1 1") == -ENODEV && put(idle, "some 1 1") == -ENODEV &&
	   pread(fd, &byte, 1, 0) == -1 && errno == ENODEV, "and all else answers ENODEV");
	close(fd);
	close(idle);
	group_remove("t/gone");
}

/* How many triggers there is room for. */
static int room(void)
{
	static int fds[TRIGGERS_MAX + 1];
	int made = 0, error;

	while (made <= TRIGGERS_MAX && (fds[made] = trigger("t", "some 1000 1000000")) >= 0)
		made++;
	error = made <= TRIGGERS_MAX ? fds[made] : 0;
	for (int i = 0; i < made; i++)
		close(fds[i]);
	return error == -ENOMEM ? made : -1;
}

static void test_bound(void)
{
	ok(room() == TRIGGERS_MAX, "there is room for 256, then ENOMEM");
	ok(room() == TRIGGERS_MAX, "and again when they are closed");
	int fd = group_open("t", "cpu.pressure", O_RDWR), answer = as_nobody(nobody_writes, fd);
	ok(answer == 0, "who has no right may have 128 of whole 2 s, and what the opener may (%d)", answer);
	close(fd);
	ok(room() == TRIGGERS_MAX, "which go with the process");
}

/* ---- many at once ---- */

enum { STORM_THREADS = 6, STORM_MS = 3000 };

static void *storm(void *seed)
{
	unsigned int random = (unsigned int)(intptr_t)seed;
	long end = now_ms() + STORM_MS;
	long wrong = 0;

	while (now_ms() < end) {
		char group[16];
		snprintf(group, sizeof(group), "t/s%d", rand_r(&random) % 3);
		if (rand_r(&random) % 3 == 0)
			rand_r(&random) % 2 ? group_make(group) : group_remove(group);
		int fd = trigger(rand_r(&random) % 4 ? group : "t", "some 100 2000");
		if (fd < 0)
			continue;
		for (int i = rand_r(&random) % 4; i > 0; i--) {
			int answer = news(fd, rand_r(&random) % 12);
			wrong += answer != 0 && answer != FIRED && answer != GONE;
		}
		close(fd);
	}
	return (void *)(intptr_t)wrong;
}

static void test_storm(void)
{
	pthread_t threads[STORM_THREADS];
	long wrong = 0;

	start("t/a", 2);
	for (intptr_t i = 0; i < STORM_THREADS; i++)
		pthread_create(&threads[i], NULL, storm, (void *)(i + now_ms()));
	for (int i = 0; i < STORM_THREADS; i++) {
		void *answer;
		pthread_join(threads[i], &answer);
		wrong += (intptr_t)answer;
	}
	end_all();
	for (int i = 0; i < 3; i++) {
		char group[16];
		snprintf(group, sizeof(group), "t/s%d", i);
		group_remove(group);
	}
	ok(wrong == 0, "in a storm of triggers, polls and removals each poll answers one of three");
	ok(room() == TRIGGERS_MAX, "and none is left over");
}

int main(int argc, char **argv)
{
	static const char *const groups[] = { "t", "t/a", "t/b" };
	struct rlimit files = { 1024, 1024 };

	setrlimit(RLIMIT_NOFILE, &files);
	group_put("", "cgroup.subtree_control", "+cpu");
	for (int i = 0; i < 3; i++) {
		group_make(groups[i]);
		if (i == 0)
			group_put("t", "cgroup.subtree_control", "+cpu");
	}
	if (argc > 1 && !strcmp(argv[1], "storm")) {
		test_storm();
	} else {
		pin(2);
		test_words();
		test_machine_words();
		test_descriptors();
		test_removal();
		test_bound();
		test_fires();
		test_thresholds();
		test_nobody();
	}
	int left = 0;
	for (int i = 3; i--;)
		left += group_remove(groups[i]) != 0;
	ok(left == 0, "nothing is left");
	return tap_done();
}
