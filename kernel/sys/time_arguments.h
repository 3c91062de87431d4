// SPDX-License-Identifier: Apache-2.0
/*
 * time_arguments.h - times as users write them, and deadlines as the kernel sleeps until them:
 * nanoseconds of CLOCK_MONOTONIC, UINT64_MAX for never.
 */
#ifndef KERNEL_SYS_TIME_ARGUMENTS_H
#define KERNEL_SYS_TIME_ARGUMENTS_H

#include "kernel/mm/layout.h"
#include "kernel/sys/abi.h"

/* 0; -EFAULT; -EINVAL: negative, or a second's worth of nanoseconds and more. */
int timespec_from_user(struct abi_timespec *time, uaddr_t address);
int timespec_to_user(uaddr_t address, uint64_t ns);

/* Sums that do not fit end at UINT64_MAX. */
uint64_t timespec_ns(const struct abi_timespec *time);
/* From now on; when the call is a restarted one, where it ended the first time. */
uint64_t deadline_of_relative(const struct abi_timespec *time);
/* A time of CLOCK_REALTIME (or TAI) or CLOCK_MONOTONIC (and its like). */
uint64_t deadline_of_absolute(int clock, const struct abi_timespec *time);

/* What a call that slept until a deadline answers: -ERESTARTSYS becomes -ERESTARTNOHAND, and a
 * relative one's deadline is kept for the restart. */
int64_t answer_of_relative(int64_t answer, uint64_t deadline_ns);
int64_t answer_of_absolute(int64_t answer);

#endif
