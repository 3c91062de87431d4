// SPDX-License-Identifier: Apache-2.0
/*
 * arrivals_on_host.c - the kernel's file as it is, compiled for the host.
 */
#include "kernel/smp/arrivals.c" // NOLINT: the kernel's own target is for riscv64 alone
