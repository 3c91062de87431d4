// SPDX-License-Identifier: Apache-2.0
/*
 * cores_on_host.c - the kernel's file as it is, compiled for the host.
 */
#include "kernel/sched/cores.c" // NOLINT: the kernel's own target is for riscv64 alone
