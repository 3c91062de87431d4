// SPDX-License-Identifier: Apache-2.0
/*
 * rival.h - for measuring who has what of a CPU: tasks that work for so long, or for ever, in a group.
 */
#ifndef TESTS_GUEST_RIVAL_H
#define TESTS_GUEST_RIVAL_H

#include <sched.h>
#include <sys/resource.h>

#include "tests/guest/clock.h"
#include "tests/guest/group.h"

enum { MILLISECOND = 1000000 };

static inline void pin(unsigned long mask)
{
	sched_setaffinity(0, sizeof(mask), (cpu_set_t *)&mask);
}

static inline int64_t cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static inline void burn(int64_t ns)
{
	int64_t end_ns = cpu_ns() + ns;

	while (cpu_ns() < end_ns)
		;
}

static inline void start_spinner(const char *group, unsigned long mask, int nice)
{
	if (fork())
		return;
	pin(mask);
	setpriority(PRIO_PROCESS, 0, nice);
	group_move(group, 0);
	for (;;)
		;
}

/* It tells what it has had. */
static inline void start_told_spinner(const char *group, unsigned long mask, _Atomic int64_t *had_ns)
{
	if (fork())
		return;
	pin(mask);
	group_move(group, 0);
	for (;;)
		*had_ns = cpu_ns();
}

/* Kills all of it, and waits until they have gone. */
static inline void end_group(const char *group)
{
	group_put(group, "cgroup.kill", "1");
	while (!group_is(group, "cgroup.procs", ""))
		sleep_ms(1);
}

static inline long long on_cpu_0_us(const char *group)
{
	return group_number(group, "cpu.stat.percpu", "cpu0");
}

#endif
