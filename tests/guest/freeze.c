// SPDX-License-Identifier: Apache-2.0
/*
 * freeze.c - cgroup.freeze and cgroup.kill: tasks that run, sleep, fork, wait or are stopped stand
 * still and go on as if nothing had been; or are gone, however fast they fork.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { LIMIT_MS = 10000, COUNTERS = 16 };

static struct shared {
	_Atomic long counters[COUNTERS];
	_Atomic int started, terminated;
} *shared;

static long long now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

/* Waits in a poll until cgroup.events reads as `text`. */
static int becomes(const char *group, const char *text)
{
	int fd = group_open(group, "cgroup.events", O_RDONLY);
	long long end = now_ms() + LIMIT_MS;
	char buffer[64];
	int same;

	for (;;) {
		ssize_t length = pread(fd, buffer, sizeof(buffer) - 1, 0);
		buffer[length > 0 ? length : 0] = '\0';
		same = !strcmp(buffer, text);
		long long left = end - now_ms();
		struct pollfd entry = { .fd = fd, .events = POLLPRI };
		if (same || left <= 0 || poll(&entry, 1, (int)left) <= 0)
			break;
	}
	close(fd);
	return same;
}

#define FROZEN  "populated 1\nfrozen 1\n"
#define RUNNING "populated 1\nfrozen 0\n"
#define EMPTY   "populated 0\nfrozen 0\n"

/* Answers once the child is in the group. */
static pid_t start(void (*body)(int), int counter)
{
	int started = shared->started;
	pid_t child = fork();

	if (child == 0) {
		group_move("freeze/a", 0);
		shared->started++;
		body(counter);
		_exit(0);
	}
	while (shared->started == started)
		usleep(100);
	return child;
}

/* ---- what tasks do meanwhile: each turn counts ---- */

static void spin(int counter)
{
	for (;;)
		shared->counters[counter]++;
}

static void nap(int counter)
{
	for (;;) {
		usleep(1000);
		shared->counters[counter]++;
	}
}

static void fork_on(int counter)
{
	for (;;) {
		pid_t child = fork();
		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
		shared->counters[counter]++;
	}
}

static void vfork_on(int counter)
{
	for (;;) {
		pid_t child = vfork();
		if (child == 0) {
			usleep(2000);
			_exit(0);
		}
		waitpid(child, NULL, 0);
		shared->counters[counter]++;
	}
}

static void *spin_thread(void *counter)
{
	spin((int)(intptr_t)counter);
	return NULL;
}

static void thread_on(int counter)
{
	pthread_t thread;

	pthread_create(&thread, NULL, spin_thread, (void *)(intptr_t)(counter + 1));
	nap(counter);
}

static void on_term(int number)
{
	(void)number;
	shared->terminated++;
}

static void handle_on(int counter)
{
	signal(SIGTERM, on_term);
	nap(counter);
}

static void ping(int counter)
{
	int there[2], back[2];
	char byte = 0;

	if (pipe(there) || pipe(back))
		_exit(1);
	if (fork() == 0)
		while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
			;
	while (write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1)
		shared->counters[counter]++;
	_exit(2);
}

static void (*const bodies[])(int) = { spin, nap, fork_on, vfork_on, handle_on, ping, thread_on };
enum { BODIES = sizeof(bodies) / sizeof(bodies[0]) };

/* How many of the counters moved within 100 ms. */
static int moving(int count)
{
	long before[COUNTERS];
	int moved = 0;

	for (int i = 0; i < count; i++)
		before[i] = shared->counters[i];
	usleep(100000);
	for (int i = 0; i < count; i++)
		moved += shared->counters[i] != before[i];
	return moved;
}

static int all_move(int count)
{
	long long end = now_ms() + LIMIT_MS;

	while (moving(count) != count)
		if (now_ms() > end)
			return 0;
	return 1;
}

/* Whether that one does, before long. */
static int moves_on(int counter)
{
	long before = shared->counters[counter];
	long long end = now_ms() + LIMIT_MS;

	while (shared->counters[counter] <= before)
		if (now_ms() > end)
			return 0;
	return 1;
}

static void test_all(void)
{
	pid_t children[BODIES];
	int status;

	for (int i = 0; i < BODIES; i++)
		children[i] = start(bodies[i], i);
	ok(all_move(BODIES + 1), "tasks of every kind run");
	pid_t stopped = start(nap, BODIES + 1);
	kill(stopped, SIGSTOP);
	waitpid(stopped, &status, WUNTRACED);
	for (int round = 0; round < 5; round++) {
		if (group_put("freeze", "cgroup.freeze", "1") || !becomes("freeze", FROZEN)) {
			ok(0, "round %d: frozen", round);
			return;
		}
		if (moving(BODIES + 2)) {
			ok(0, "round %d: still", round);
			return;
		}
		group_put("freeze", "cgroup.freeze", "0");
		if (!all_move(BODIES + 1)) {
			ok(0, "round %d: on", round);
			return;
		}
	}
	ok(1, "they freeze, stand still and go on, five times");

	group_put("freeze", "cgroup.freeze", "1");
	ok(becomes("freeze/a", FROZEN) && group_is("freeze/a", "cgroup.freeze", "0"),
	   "a group below is frozen without having asked");
	kill(children[4], SIGTERM);
	usleep(50000);
	ok(shared->terminated == 0 && group_is("freeze", "cgroup.events", "populated 1\nfrozen 1"),
	   "a signal waits");
	kill(children[0], SIGKILL);
	ok(waitpid(children[0], &status, 0) == children[0] && WIFSIGNALED(status), "but SIGKILL ends a frozen task");
	ok(becomes("freeze", FROZEN), "and the others stay frozen");
	ok(group_move("", children[1]) == 0, "a frozen task is moved out");
	ok(moves_on(1), "and goes on");
	ok(group_move("freeze/a", children[1]) == 0 && becomes("freeze", FROZEN) && moving(BODIES) == 0,
	   "moved in again it freezes");
	int started = shared->started;
	pid_t late = fork();
	if (late == 0) {
		group_move("freeze/a", 0);
		shared->started++;
		nap(BODIES);
	}
	usleep(50000);
	ok(becomes("freeze", FROZEN) && shared->started == started, "so does a new one");
	group_put("freeze", "cgroup.freeze", "0");
	for (int ms = 0; ms < LIMIT_MS && shared->terminated == 0; ms++)
		usleep(1000);
	ok(shared->terminated == 1, "the signal arrives after the thaw");
	kill(stopped, SIGCONT);
	ok(moves_on(BODIES + 1), "what was stopped too is continued");

	group_put("freeze", "cgroup.freeze", "1");
	becomes("freeze", FROZEN);
	ok(group_put("freeze", "cgroup.kill", "1") == 0 && becomes("freeze", "populated 0\nfrozen 1\n"),
	   "cgroup.kill ends frozen tasks");
	group_put("freeze", "cgroup.freeze", "0");
	for (int i = 1; i < BODIES; i++)
		waitpid(children[i], NULL, 0);
	waitpid(late, NULL, 0);
	waitpid(stopped, NULL, 0);
}

static void test_sleep(void)
{
	int status;
	long long begin = now_ms();
	pid_t child = fork();

	if (child == 0) {
		struct timespec time = { .tv_nsec = 400000000 };
		group_move("freeze/a", 0);
		_exit(nanosleep(&time, NULL) == 0 && poll(NULL, 0, 100) == 0 ? 0 : 1);
	}
	usleep(100000);
	group_put("freeze/a", "cgroup.freeze", "1");
	ok(becomes("freeze/a", FROZEN), "a sleeper freezes");
	group_put("freeze/a", "cgroup.freeze", "0");
	waitpid(child, &status, 0);
	ok(status == 0 && now_ms() - begin >= 500, "and sleeps on to the end, without EINTR");
}

static void test_files(void)
{
	int kill_file = group_open("freeze", "cgroup.kill", O_RDWR);
	char byte;

	ok(group_put("freeze", "cgroup.freeze", "1") == 0 &&
	   group_is("freeze/a", "cgroup.events", "populated 0\nfrozen 1"), "an empty group is frozen at once");
	ok(group_make("freeze/new") == 0 && group_is("freeze/new", "cgroup.events", "populated 0\nfrozen 1"),
	   "a new one below, too");
	group_remove("freeze/new");
	group_put("freeze", "cgroup.freeze", "0");
	ok(group_put("freeze", "cgroup.freeze", "2") == -ERANGE, "2 is ERANGE");
	ok(group_put("freeze", "cgroup.freeze", "x") == -EINVAL, "no number is EINVAL");
	ok(group_put("freeze", "cgroup.kill", "0") == -ERANGE, "killing 0 is ERANGE");
	ok(group_put("freeze", "cgroup.kill", "x") == -EINVAL, "killing no number is EINVAL");
	ok(read(kill_file, &byte, 1) == -1 && errno == EINVAL, "reading cgroup.kill is EINVAL");
	close(kill_file);
	group_make("freeze/threads");
	group_put("freeze/threads", "cgroup.type", "threaded");
	ok(group_put("freeze/threads", "cgroup.kill", "1") == -EOPNOTSUPP, "killing a threaded group is EOPNOTSUPP");
	group_remove("freeze/threads");
}

/* ---- kill against forks ---- */

static void bomb(int counter)
{
	(void)counter;
	for (;;)
		if (fork() < 0)
			sched_yield();
}

struct clone_arguments {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
		set_tid_size, cgroup;
};

/* Clones into the group from outside, until told to stop. */
static void *clone_into(void *stop)
{
	int group = group_open("freeze/a", "", O_PATH | O_DIRECTORY);

	while (!atomic_load((_Atomic int *)stop)) {
		struct clone_arguments arguments = {
			.flags = 0x200000000ULL, .exit_signal = SIGCHLD, .cgroup = (uint64_t)group,
		};
		long child = syscall(435, &arguments, sizeof(arguments));
		if (child == 0)
			for (;;)
				pause();
	}
	close(group);
	return NULL;
}

static void test_kill(void)
{
	static _Atomic int stop;
	int left = 0;

	group_put("freeze", "pids.max", "60");
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 3; i++)
			start(bomb, 0);
		usleep(30000);
		group_put("freeze", "cgroup.kill", "1");
		left += !becomes("freeze", EMPTY);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	ok(left == 0, "cgroup.kill ends fork bombs, five times");

	pthread_t thread;
	pthread_create(&thread, NULL, clone_into, &stop);
	for (int round = 0; round < 50; round++) {
		usleep(2000);
		group_put("freeze/a", "cgroup.kill", "1");
	}
	atomic_store(&stop, 1);
	pthread_join(thread, NULL);
	group_put("freeze/a", "cgroup.kill", "1");
	ok(becomes("freeze", EMPTY), "and those that come in while it kills");
	while (waitpid(-1, NULL, WNOHANG) > 0 || errno == EINTR)
		;

	for (int round = 0; round < 5; round++) {
		start(bomb, 0);
		usleep(20000);
		group_put("freeze", "cgroup.freeze", "1");
		left += !becomes("freeze", FROZEN);
		group_put("freeze", "cgroup.freeze", "0");
		group_put("freeze", "cgroup.kill", "1");
		left += !becomes("freeze", EMPTY);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	ok(left == 0, "a fork bomb freezes, five times");
	group_put("freeze", "pids.max", "max");
}

int main(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	group_put("", "cgroup.subtree_control", "+cpu +pids");
	group_make("freeze");
	group_make("freeze/a");
	test_files();
	test_sleep();
	test_all();
	test_kill();
	group_remove("freeze/a");
	group_remove("freeze");
	return tap_done();
}
