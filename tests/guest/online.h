// SPDX-License-Identifier: Apache-2.0
/*
 * online.h - CPUs that go and come.
 */
#ifndef TESTS_GUEST_ONLINE_H
#define TESTS_GUEST_ONLINE_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Writes that to the CPU's file: "0" or "1". 0, or -errno. */
static inline int set_online(int cpu, const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int error = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return error;
}

#endif
