// SPDX-License-Identifier: Apache-2.0
/*
 * pressure_window_on_host.c - the kernel's file as it is, compiled for the host.
 */
#include "kernel/sched/pressure_window.c" // NOLINT: the kernel's own target is for riscv64 alone
