// SPDX-License-Identifier: Apache-2.0
/*
 * restart.h - whether and when a service that ended starts again. Pure: times are given.
 */
#ifndef EXECD_RESTART_H
#define EXECD_RESTART_H

#include <stdint.h>

#include "execd/recipes.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RESTART_DELAY_FIRST_NS INT64_C(100000000)
#define RESTART_DELAY_MAX_NS   INT64_C(30000000000)
#define RESTART_SETTLED_NS     INT64_C(10000000000)

/* By policy and wait status. */
bool restart_wanted(enum recipe_restart policy, int status);

/* How long to wait, given the last wait (0: none yet) and how long it ran: 100 ms at first, twice
 * as long each time up to 30 s; who ran for 10 s begins anew. */
int64_t restart_delay(int64_t last_delay_ns, int64_t ran_ns);

#ifdef __cplusplus
}
#endif

#endif
