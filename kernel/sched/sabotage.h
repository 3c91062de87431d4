// SPDX-License-Identifier: Apache-2.0
/*
 * sabotage.h - a mechanism that the checked kernel leaves out, so that a test can show that another one, or the
 * self-test, misses it: `sabotage=masks`, `shares`, `qos`, `burst`, `quota-burst` or `cores` on the command
 * line. (`late-cpu` is of the machine: its last CPU comes when nobody waits for it any more.)
 */
#ifndef KERNEL_SCHED_SABOTAGE_H
#define KERNEL_SCHED_SABOTAGE_H

#include <stdbool.h>
#include <string.h>

#include "kernel/dev/machine.h"

static inline bool is_sabotaged(const char *mechanism)
{
#ifdef TAPER_CHECKED
	char value[16];

	return machine_option("sabotage", value, sizeof(value)) && !strcmp(value, mechanism);
#else
	(void)mechanism;
	return false;
#endif
}

#endif
