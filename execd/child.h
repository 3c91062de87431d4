// SPDX-License-Identifier: Apache-2.0
/*
 * child.h - what execd has that a program must not inherit.
 */
#ifndef EXECD_CHILD_H
#define EXECD_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

/* In the child, which is about to become a program: signals as at first, a session of its own, at the root.
 * False: it cannot be there. */
static inline bool child_prepare(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	return !chdir("/");
}

#endif
