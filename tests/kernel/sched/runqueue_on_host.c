// SPDX-License-Identifier: Apache-2.0
/*
 * runqueue_on_host.c - the kernel's file as it is, compiled for the host.
 */
#include "kernel/sched/runqueue.c" // NOLINT: the kernel's own target is for riscv64 alone
