// SPDX-License-Identifier: Apache-2.0
/*
 * alone.h - a CPU that is watched: how often it is interrupted, who may run there.
 */
#ifndef TESTS_GUEST_ALONE_H
#define TESTS_GUEST_ALONE_H

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* -1: it cannot be read. */
static inline long interrupts_of(int cpu)
{
	char path[64], text[32] = "";

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/sched.interrupts", cpu);
	int fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return -1;
	close(fd);
	return atol(text);
}

static inline int pin(pid_t pid, size_t cpu)
{
	cpu_set_t mask;

	CPU_ZERO(&mask);
	CPU_SET(cpu, &mask);
	return sched_setaffinity(pid, sizeof(mask), &mask);
}

/* Bit by bit; -1: no such task. */
static inline int allowed(pid_t pid)
{
	cpu_set_t mask;
	int bits = 0;

	if (sched_getaffinity(pid, sizeof(mask), &mask))
		return -1;
	for (size_t cpu = 0; cpu < 8; cpu++)
		bits |= CPU_ISSET(cpu, &mask) ? 1 << cpu : 0;
	return bits;
}

#endif
