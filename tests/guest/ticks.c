// SPDX-License-Identifier: Apache-2.0
/*
 * ticks.c - the end of a turn finds who waits, though another CPU moves him between groups at that moment and has him
 * in its hands. Meant for virtual time, with two CPUs that take short turns.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "tests/guest/rival.h"
#include "tests/guest/tap.h"
#include "tests/guest/tasks.h"

enum { MEASURE_MS = 3000, WAIT_MAX_US = 20000 /* some turns */ };

static _Atomic long *turned; /* by who is moved */

static void turn(void)
{
	pin(1);
	for (;;)
		++*turned;
}

static void spin(void)
{
	pin(1);
	for (;;)
		;
}

/* The longest that the task stands still while it is moved to and fro. */
static int64_t longest_wait_us(pid_t task)
{
	int64_t begin_ns = now_ns(), since_ns = begin_ns, now, longest_ns = 0;
	long last = *turned;

	for (int i = 0; (now = now_ns()) < begin_ns + MEASURE_MS * (int64_t)MILLISECOND; i++) {
		group_move(i % 2 ? "moved/a" : "moved/b", task);
		if (*turned != last)
			since_ns = now;
		last = *turned;
		if (now - since_ns > longest_ns)
			longest_ns = now - since_ns;
	}
	return longest_ns / 1000;
}

int main(void)
{
	turned = mmap(NULL, sizeof(*turned), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	group_put("", "cgroup.subtree_control", "+cpu");
	ok(!group_make("moved") && !group_put("moved", "cgroup.subtree_control", "+cpu") && !group_make("moved/a") &&
		   !group_make("moved/b"),
	   "groups");
	pin(2);
	start_task(spin);
	int64_t longest_us = longest_wait_us(start_task(turn));
	ok(longest_us < WAIT_MAX_US, "who is moved while he waits has his turns: the longest wait %lld us",
	   (long long)longest_us);
	ok(*turned > 1000, "and works: %ld", *turned);
	end_all();
	return tap_done();
}
