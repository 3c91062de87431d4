// SPDX-License-Identifier: Apache-2.0
/*
 * affinity.c - pins and births: what sched_setaffinity accepts and remembers, what a child
 * inherits, threads apart, and a child born inside a group.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { LENGTH = 64 };

static int cpus;
static unsigned long all;

static long set_mask(pid_t pid, size_t length, const void *mask)
{
	return syscall(SYS_sched_setaffinity, pid, length, mask) < 0 ? -errno : 0;
}

static long get_mask(pid_t pid, size_t length, void *mask)
{
	long answer = syscall(SYS_sched_getaffinity, pid, length, mask);

	return answer < 0 ? -errno : answer;
}

static long pin(pid_t pid, unsigned long mask)
{
	return set_mask(pid, sizeof(mask), &mask);
}

static unsigned long mask_of(pid_t pid)
{
	unsigned long mask[LENGTH / 8] = { 0 };

	return get_mask(pid, sizeof(mask), mask) > 0 ? mask[0] : 0;
}

static void test_errors(void)
{
	unsigned char bytes[4096];
	unsigned long none[LENGTH / 8] = { 0 }, mask = all;

	ok(set_mask(0, sizeof(none), none) == -EINVAL, "an empty mask is EINVAL");
	ok(set_mask(0, 0, &mask) == -EINVAL, "a mask of no bytes is EINVAL");
	none[LENGTH / 8 - 1] = 1UL << 63;
	ok(set_mask(0, sizeof(none), none) == -EINVAL, "only CPUs that are not there: EINVAL");
	ok(pin(99999, 1) == -ESRCH && pin(-1, 1) == -ESRCH, "no such task is ESRCH, so is -1");
	ok(set_mask(0, 8, (void *)8) == -EFAULT, "a wild pointer is EFAULT");
	ok(set_mask(0, 8, (void *)0xffffffc080000000) == -EFAULT, "the kernel's memory too");
	ok(set_mask(0, 1, "\1") == 0 && mask_of(0) == 1, "a short mask is extended with zeros");
	memset(bytes, 0xff, sizeof(bytes));
	ok(set_mask(0, sizeof(bytes), bytes) == 0 && mask_of(0) == all, "a long one is cut");
	ok(get_mask(0, 0, bytes) == -EINVAL, "getaffinity: no room is EINVAL");
	ok(get_mask(0, 12, bytes) == -EINVAL, "getaffinity: no multiple of 8 is EINVAL");
	ok(get_mask(99999, 8, bytes) == -ESRCH && get_mask(-1, 8, bytes) == -ESRCH,
	   "getaffinity: no such task is ESRCH");
	ok(get_mask(0, 8, (void *)16) == -EFAULT, "getaffinity: a wild pointer is EFAULT");
	long stored = get_mask(0, sizeof(bytes), bytes);
	ok(stored >= (cpus + 7) / 8 && stored % 8 == 0 && stored <= 64,
	   "getaffinity answers the bytes it stored (%ld)", stored);
	ok(syscall(SYS_getcpu, NULL, NULL, NULL) == 0, "getcpu with nothing to store");
	ok(syscall(SYS_getcpu, 8, NULL, NULL) == -1 && errno == EFAULT, "getcpu: EFAULT");
}

static void test_inheritance(void)
{
	unsigned long last = 1UL << (cpus - 1);
	int status;

	ok(pin(0, last) == 0 && sched_getcpu() == cpus - 1, "setaffinity moves the caller at once");
	pid_t child = fork();
	if (child == 0) {
		int right = mask_of(0) == last && sched_getcpu() == cpus - 1;
		char *const arguments[] = { "/bin/sh", "-c", "taskset -p $$ | grep -q \"mask: $MASK\"",
					    NULL };
		char wanted[32];
		snprintf(wanted, sizeof(wanted), "MASK=%lx", last);
		char *const environment[] = { wanted, "PATH=/bin", NULL };
		if (right)
			execve("/bin/sh", arguments, environment);
		_exit(1);
	}
	waitpid(child, &status, 0);
	ok(status == 0, "a child inherits the mask, and keeps it over execve");
	pin(0, all);
}

struct pinned {
	pthread_t thread;
	int cpu;
	int wrong;
};

static void *stay(void *argument)
{
	struct pinned *me = argument;

	me->wrong = pin(0, 1UL << me->cpu) != 0;
	for (int i = 0; i < 20000; i++) {
		me->wrong += sched_getcpu() != me->cpu;
		if (i % 64 == 0)
			sched_yield();
	}
	return NULL;
}

static void test_threads(void)
{
	struct pinned threads[16];
	int count = cpus < 16 ? cpus : 16, wrong = 0;

	for (int i = 0; i < count; i++) {
		threads[i] = (struct pinned){ .cpu = i };
		wrong += pthread_create(&threads[i].thread, NULL, stay, &threads[i]) != 0;
	}
	for (int i = 0; i < count; i++) {
		pthread_join(threads[i].thread, NULL);
		wrong += threads[i].wrong;
	}
	ok(wrong == 0, "%d threads pinned apart stay apart (%d mistakes)", count, wrong);
	ok(mask_of(0) == all, "and their process keeps its mask");
}

/* A child that clone3 starts inside the group `fd` names, or -errno. */
static long clone_into(int fd)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
		uint64_t set_tid, set_tid_size, cgroup;
	} arguments = { .flags = 0x200000000, .exit_signal = SIGCHLD, .cgroup = (uint64_t)fd };
	long pid = syscall(435, &arguments, sizeof(arguments));

	return pid < 0 ? -errno : pid;
}

static void test_clone_into(void)
{
	char list[16], text[64];
	int status, fd, inside = 0;

	group_make("born");
	snprintf(list, sizeof(list), "%d", cpus - 1);
	ok(group_put("born", "cpuset.cpus", list) == 0, "a group of CPU %s", list);
	fd = group_open("born", "", O_PATH | O_DIRECTORY);
	for (int i = 0; i < 20; i++) {
		long pid = clone_into(fd);
		if (pid == 0) {
			int cpu = sched_getcpu();
			snprintf(text, sizeof(text), "%d", (int)getpid());
			_exit(cpu != cpus - 1 || mask_of(0) != 1UL << (cpus - 1) ||
			      !group_is("born", "cgroup.procs", text));
		}
		inside += pid > 0 && waitpid((pid_t)pid, &status, 0) == pid && status == 0;
	}
	ok(inside == 20, "a child is born inside its group, on its CPU (%d of 20)", inside);
	ok(clone_into(999) == -EBADF && clone_into(1) == -EBADF, "what is no group is EBADF");
	ok(clone_into(-1) == -EINVAL, "what is no descriptor is EINVAL");
	ok(group_remove("born") == 0, "the group is empty again");
	ok(clone_into(fd) == -ENODEV, "a group that is gone is ENODEV");
	close(fd);
}

/* A pin is remembered while its CPUs are away, and counts again when they are back. */
static void test_memory_of_pins(void)
{
	int go[2];

	group_make("keeps");
	group_put("keeps", "cpuset.cpus", "0-1");
	if (pipe(go))
		return;
	pid_t child = fork();
	if (child == 0) {
		char byte;
		close(go[1]);
		_exit(read(go[0], &byte, 1) != 0);
	}
	ok(group_move("keeps", child) == 0 && mask_of(child) == 3, "a move takes the group's mask");
	ok(pin(child, 2) == 0 && mask_of(child) == 2, "a pin narrows it");
	ok(pin(child, 12) == -EINVAL && mask_of(child) == 2, "outside the group: EINVAL, nothing changes");
	ok(pin(child, 14) == 0 && mask_of(child) == 2, "partly outside: cut to the group");
	ok(pin(child, 2) == 0 && group_put("keeps", "cpuset.cpus", "2-3") == 0 && mask_of(child) == 12,
	   "nothing of the pin left: the group's mask");
	ok(group_put("keeps", "cpuset.cpus", "1-3") == 0 && mask_of(child) == 2, "the pin is remembered");
	ok(group_move("", child) == 0 && mask_of(child) == 2, "and moves along");
	close(go[0]);
	close(go[1]);
	waitpid(child, NULL, 0);
	ok(group_remove("keeps") == 0, "the group is empty again");
}

int main(void)
{
	cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	all = cpus < 64 ? (1UL << cpus) - 1 : ~0UL;
	group_put("", "cgroup.subtree_control", "+cpuset +cpu");
	ok(pin(0, all) == 0, "all of %d CPUs", cpus);
	test_errors();
	test_inheritance();
	test_threads();
	test_clone_into();
	if (cpus >= 4)
		test_memory_of_pins();
	return tap_done();
}
