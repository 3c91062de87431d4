// SPDX-License-Identifier: Apache-2.0
/*
 * machine.c - what process 1 does for the machine: mounts, the console, the end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "execd/log.h"
#include "execd/machine.h"

struct mount_row {
	const char *type;
	const char *path;
	unsigned long flags;
};

static const struct mount_row mounts[] = {
	{ "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "devtmpfs", "/dev", MS_NOSUID },
};

void machine_mount(void)
{
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		const struct mount_row *row = &mounts[i];
		/* A directory that cannot be made shows in the mount that follows. */
		mkdir(row->path, 0755);
		if (mount(row->type, row->path, row->type, row->flags, NULL) && errno != EBUSY)
			log_error("%s: cannot mount %s: %s (%s)", row->path, row->type,
				  strerrordesc_np(errno), strerrorname_np(errno));
	}
}

void machine_prepare(void)
{
	int fd = open(CONSOLE_PATH, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0)
		log_to(fd);
	umask(022);
	/* The root already is in memory: /tmp needs no file system, and may hold files. */
	mkdir("/tmp", 01777);
	chmod("/tmp", 01777);
	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
	setenv("HOME", "/", 0);
	setenv("TERM", "linux", 0);
	setenv("LANG", "C.UTF-8", 0);
}

bool machine_option(const char *word)
{
	char line[4096];
	ssize_t length = -1;
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		length = read(fd, line, sizeof(line) - 1);
		close(fd);
	}
	line[length > 0 ? length : 0] = '\0';
	for (char *save = NULL, *at = strtok_r(line, " \n", &save); at;
	     at = strtok_r(NULL, " \n", &save))
		if (!strcmp(at, word))
			return true;
	return false;
}

void machine_end(enum machine_end how, int status)
{
	static const unsigned int commands[] = {
		[MACHINE_POWER_OFF] = LINUX_REBOOT_CMD_POWER_OFF,
		[MACHINE_RESTART] = LINUX_REBOOT_CMD_RESTART,
		[MACHINE_HALT] = LINUX_REBOOT_CMD_HALT,
	};

	sync();
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, commands[how], status);
	log_error("reboot: %s (%s)", strerrordesc_np(errno), strerrorname_np(errno));
	_exit(status);
}
