// SPDX-License-Identifier: Apache-2.0
/*
 * lock_rank_on_host.h - the kernel's lock-order checker, for one CPU and a task on it.
 */
#ifndef TESTS_KERNEL_SYNC_LOCK_RANK_ON_HOST_H
#define TESTS_KERNEL_SYNC_LOCK_RANK_ON_HOST_H

#include "kernel/sync/lock_rank.h"

#ifdef __cplusplus
extern "C" {
#endif

/* kernel/sync/spinlock.h as the checked kernel has it. */
void lock_rank_acquire(enum lock_rank rank, const void *lock);
void lock_rank_note(enum lock_rank rank);
void lock_rank_release(enum lock_rank rank, const void *lock);
void lock_check_may_sleep(void);
void lock_check_may_touch_user(void);
void lock_rank_forget(void);

/* Another task runs on the CPU from now on, and holds no mutex. */
void lock_rank_switch_task(void);

#ifdef __cplusplus
}
#endif

#endif
