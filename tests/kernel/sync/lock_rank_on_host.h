// SPDX-License-Identifier: Apache-2.0
/*
 * lock_rank_on_host.h - the kernel's lock-order checker, for one CPU and a task on it.
 */
#ifndef TESTS_KERNEL_SYNC_LOCK_RANK_ON_HOST_H
#define TESTS_KERNEL_SYNC_LOCK_RANK_ON_HOST_H

#ifdef __cplusplus
extern "C" {
#endif

#include "kernel/sync/spinlock.h"

/* Another task runs on the CPU from now on, and holds no mutex. */
void lock_rank_switch_task(void);

#ifdef __cplusplus
}
#endif

#endif
