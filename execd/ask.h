// SPDX-License-Identifier: Apache-2.0
/*
 * ask.h - execd's side of the policy: starts policyd, and asks it.
 *
 * A machine without /etc/policyd/policy.ini has no policy: nobody is asked, and everything goes.
 */
#ifndef EXECD_ASK_H
#define EXECD_ASK_H

#include <sys/types.h>

#include "execd/policy.h"

/* Whether there is a policy to be kept. */
bool ask_is_needed(void);

/* Starts policyd: its PID, or -Exxx (told). */
pid_t ask_start_daemon(void);

/*
 * What policyd says of a group's settings. Never takes longer than a second for all calls together that
 * get no answer; an answer counts only from the process `daemon` of user 0.
 */
enum policy_verdict ask_policy(pid_t daemon, const char *who, const struct recipe_limits *limits,
			       enum recipe_setting *setting, char *reason, size_t size);

#endif
