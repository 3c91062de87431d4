// SPDX-License-Identifier: Apache-2.0
/*
 * stress_life.c - births and ends of processes, threads and groups.
 */
#include "tests/guest/stress.h"

static void *leave_process(void *unused)
{
	(void)unused;
	_exit(7);
}

static void *linger(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static _Noreturn void end_somehow(unsigned int how)
{
	pthread_t thread;

	switch (how) {
	case 0:
		_exit(7);
	case 1:
		execl("/proc/self/exe", "stress", "exec", (char *)NULL);
		_exit(1);
	case 2:
		raise(SIGKILL);
		_exit(1);
	case 3: /* another thread ends the process */
		pthread_create(&thread, NULL, leave_process, NULL);
		pause();
		_exit(1);
	default: /* exec ends the other threads */
		pthread_create(&thread, NULL, linger, NULL);
		execl("/proc/self/exe", "stress", "exec", (char *)NULL);
		_exit(1);
	}
}

void forker(int index)
{
	(void)index;
	while (!is_over()) {
		unsigned int how = chance(6);
		pid_t child = how == 5 ? vfork() : fork();

		if (child == 0) {
			if (how < 5)
				end_somehow(how);
			execl("/proc/self/exe", "stress", "exec", (char *)NULL);
			_exit(1);
		}
		require(child > 0, "fork: %s", strerror(errno));
		int status = child > 0 ? reap(child) : 7 << 8;
		require(status == (how == 2 ? SIGKILL : 7 << 8), "end %u answers 0x%x", how, status);
		count();
	}
}

/* Kills what may be doing anything: running, asleep, stopped, moving, exiting. */
void killer(int index)
{
	(void)index;
	while (!is_over()) {
		unsigned int how = chance(4);
		pid_t child = fork();

		if (child == 0) {
			if (how == 1)
				pause();
			if (how == 2)
				raise(SIGSTOP);
			for (;;)
				if (how == 3)
					pause_ns(50000);
		}
		if (child < 0)
			continue;
		pause_ns(chance(600000));
		group_move(chance(2) ? "stress/roles" : "stress/other", child);
		if (chance(2)) {
			kill(child, SIGSTOP);
			kill(child, SIGCONT);
		}
		pin(child, 1UL << chance((uint32_t)cpus));
		require(kill(child, SIGKILL) == 0, "kill: %s", strerror(errno));
		int status = reap(child);
		require(status == SIGKILL, "the killed answers 0x%x", status);
		count();
	}
}

/* Groups that come and go, with tasks in them and levels below; weights change meanwhile. */
void gardener(int index)
{
	char name[32], below[48], weight[16];

	snprintf(name, sizeof(name), "stress/garden%d", index);
	snprintf(below, sizeof(below), "%s/below", name);
	while (!is_over()) {
		require(group_make(name) == 0, "making %s: %s", name, strerror(errno));
		group_put(name, "cgroup.subtree_control", chance(2) ? "+cpu" : "+cpu +cpuset");
		require(group_make(below) == 0, "making %s: %s", below, strerror(errno));
		snprintf(weight, sizeof(weight), "%u", 1 + chance(10000));
		group_put(chance(2) ? name : below, "cpu.weight", weight);
		pid_t child = fork();
		if (child == 0) {
			for (int64_t end = now_ns() + chance(3000000); now_ns() < end;)
				;
			_exit(0);
		}
		int error = group_move(below, child); /* it may have ended already */
		require(error == 0 || error == -ESRCH, "moving into %s: %s", below, strerror(-error));
		if (chance(2))
			pause_ns(chance(2500000));
		require(reap(child) == 0, "a gardener's child");
		if (chance(2))
			group_put(name, "cgroup.subtree_control", "-cpu");
		require(group_remove(below) == 0, "removing %s: %s", below, strerror(errno));
		require(group_remove(name) == 0, "removing %s: %s", name, strerror(errno));
		count();
	}
}
