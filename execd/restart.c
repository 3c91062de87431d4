// SPDX-License-Identifier: Apache-2.0
/*
 * restart.c - whether and when a service that ended starts again. Pure.
 */
#include <sys/wait.h>

#include "execd/restart.h"

bool restart_wanted(enum recipe_restart policy, int status)
{
	switch (policy) {
	case RECIPE_RESTART_ALWAYS:
		return true;
	case RECIPE_RESTART_ON_FAILURE:
		return !WIFEXITED(status) || WEXITSTATUS(status);
	case RECIPE_RESTART_NEVER:
		break;
	}
	return false;
}

int64_t restart_delay(int64_t last_delay_ns, int64_t ran_ns)
{
	if (!last_delay_ns || ran_ns >= RESTART_SETTLED_NS)
		return RESTART_DELAY_FIRST_NS;
	int64_t doubled = 2 * last_delay_ns;
	return doubled < RESTART_DELAY_MAX_NS ? doubled : RESTART_DELAY_MAX_NS;
}
