// SPDX-License-Identifier: Apache-2.0
/*
 * sbi.h - calls into the firmware (RISC-V Supervisor Binary Interface, 2.0).
 */
#ifndef KERNEL_RISCV_SBI_H
#define KERNEL_RISCV_SBI_H

#include <stdbool.h>
#include <stdint.h>

#include "cgroups/cpumask.h"
#include "kernel/mm/layout.h"

/* Chapter 3.1's error codes that we tell apart. */
enum { SBI_SUCCESS = 0, SBI_ERROR_NOT_SUPPORTED = -2, SBI_ERROR_INVALID_PARAMETER = -3, SBI_ERROR_ALREADY_AVAILABLE = -6 };

/* TIME: the next timer interrupt, in ticks of the time CSR; UINT64_MAX: none. */
void sbi_set_timer(uint64_t ticks);
/* IPI: a software interrupt on one hart. */
void sbi_send_ipi(uint64_t hart);
/* HSM: starts a stopped hart at a physical address with paging off, a0 = hart, a1 = opaque. An SBI error. */
int64_t sbi_hart_start(uint64_t hart, paddr_t address, uint64_t opaque);
/* HSM: stops this hart, interrupts off; returns only when it cannot. */
void sbi_hart_stop(void);
/* HSM: whether a hart is stopped, so that it can be started again. */
bool sbi_hart_is_stopped(uint64_t hart);
/* SRST: never returns when it works. */
void sbi_system_reset(uint32_t type, uint32_t reason);
enum { SBI_RESET_SHUTDOWN = 0, SBI_RESET_COLD_REBOOT = 1 };
/* The legacy console, for a machine whose UART we do not know. */
void sbi_console_putchar(uint8_t byte);

/* RFENCE: other CPUs forget translations of [start, start + size) (size UINT64_MAX: all), or refetch
 * instructions. Returns when they have. */
void sbi_remote_sfence_vma(const struct cpumask *cpus, uaddr_t start, size_t size);
void sbi_remote_fence_i(const struct cpumask *cpus);

#endif
