// SPDX-License-Identifier: Apache-2.0
/*
 * machine.h - what process 1 does for the machine: mounts, the console, the end.
 */
#ifndef EXECD_MACHINE_H
#define EXECD_MACHINE_H

#include <stdbool.h>

#define CONSOLE_PATH "/dev/console"
#define COMMAND_CONSOLE_PATH "/dev/hvc0"

/* Mounts /proc, /sys, /sys/fs/cgroup and /dev. What is mounted already stays; what cannot
 * be mounted is told. */
void machine_mount(void);

/* Sends execd's log to the console; makes /tmp and the environment that everything starts with. */
void machine_prepare(void);

/* Whether the kernel's command line has the word. */
bool machine_option(const char *word);

enum machine_end {
	MACHINE_POWER_OFF,
	MACHINE_RESTART,
	MACHINE_HALT,
};

/* Ends the machine. The status goes to whoever runs it (Taper; Linux has no use for it). */
_Noreturn void machine_end(enum machine_end how, int status);

#endif
