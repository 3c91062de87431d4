// SPDX-License-Identifier: Apache-2.0
/*
 * csr.h - control and status registers (RISC-V privileged specification 1.12), and the few
 * instructions that C cannot say.
 */
#ifndef KERNEL_RISCV_CSR_H
#define KERNEL_RISCV_CSR_H

#define SSTATUS_SIE  (1UL << 1)
#define SSTATUS_SPIE (1UL << 5)
#define SSTATUS_SPP  (1UL << 8)
#define SSTATUS_FS   (3UL << 13)
#define SSTATUS_FS_INITIAL (1UL << 13)
#define SSTATUS_FS_CLEAN   (2UL << 13)
#define SSTATUS_FS_DIRTY   (3UL << 13)
#define SSTATUS_SUM  (1UL << 18)

#define CAUSE_INTERRUPT (1UL << 63)
#define CAUSE_ILLEGAL_INSTRUCTION 2
#define CAUSE_BREAKPOINT          3
#define CAUSE_LOAD_MISALIGNED     4
#define CAUSE_LOAD_ACCESS         5
#define CAUSE_STORE_MISALIGNED    6
#define CAUSE_STORE_ACCESS        7
#define CAUSE_USER_ECALL          8
#define CAUSE_FETCH_PAGE_FAULT    12
#define CAUSE_LOAD_PAGE_FAULT     13
#define CAUSE_STORE_PAGE_FAULT    15

/* Bits of sie and sip. */
#define INTERRUPT_SOFTWARE (1UL << 1)
#define INTERRUPT_TIMER    (1UL << 5)
#define INTERRUPT_EXTERNAL (1UL << 9)

#ifdef __ASSEMBLER__
#define SATP_SV39 (8 << 60)
#else
#define SATP_SV39 (8UL << 60)
#endif

#define CSR_STIMECMP 0x14d

#ifndef __ASSEMBLER__
#include <stdint.h>

#define CSR_NAME_(name) #name
#define CSR_NAME(name)  CSR_NAME_(name)

#define csr_read(name) \
({ \
	uint64_t value_; \
	__asm__ volatile("csrr %0, " CSR_NAME(name) : "=r"(value_) : : "memory"); \
	value_; \
})
#define csr_write(name, value) \
	__asm__ volatile("csrw " CSR_NAME(name) ", %0" : : "rK"((uint64_t)(value)) : "memory")
#define csr_set(name, bits) \
	__asm__ volatile("csrs " CSR_NAME(name) ", %0" : : "rK"((uint64_t)(bits)) : "memory")
#define csr_clear(name, bits) \
	__asm__ volatile("csrc " CSR_NAME(name) ", %0" : : "rK"((uint64_t)(bits)) : "memory")

static inline uint64_t time_ticks(void) { return csr_read(time); }

/* Sleeps until an interrupt is pending that sie lets through, taken or not. */
static inline void wait_for_interrupt(void) { __asm__ volatile("wfi" : : : "memory"); }

/* A hint that this hart waits for another (Zihintpause; a no-op where it is unknown). */
static inline void cpu_pause(void) { __asm__ volatile(".4byte 0x0100000f" : : : "memory"); }

static inline void full_barrier(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
#endif

#endif
