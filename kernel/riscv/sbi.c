// SPDX-License-Identifier: Apache-2.0
/*
 * sbi.c - ecalls into the firmware: see sbi.h.
 */
#include "kernel/kernel.h"
#include "kernel/riscv/sbi.h"
#include "kernel/smp/cpu.h"

enum {
	EXTENSION_LEGACY_PUTCHAR = 0x01,
	EXTENSION_TIME = 0x54494d45,
	EXTENSION_IPI = 0x735049,
	EXTENSION_RFENCE = 0x52464e43,
	EXTENSION_HSM = 0x48534d,
	EXTENSION_SRST = 0x53525354,
};

enum { HSM_HART_STOP = 1, HSM_HART_STATUS = 2, HSM_STATUS_STOPPED = 1 };
enum { RFENCE_FENCE_I = 0, RFENCE_SFENCE_VMA = 1 };

struct sbi_answer {
	int64_t error;
	int64_t value;
};

static struct sbi_answer call(uint64_t extension, uint64_t function, uint64_t argument0,
			      uint64_t argument1, uint64_t argument2, uint64_t argument3)
{
	register uint64_t a0 __asm__("a0") = argument0;
	register uint64_t a1 __asm__("a1") = argument1;
	register uint64_t a2 __asm__("a2") = argument2;
	register uint64_t a3 __asm__("a3") = argument3;
	register uint64_t a6 __asm__("a6") = function;
	register uint64_t a7 __asm__("a7") = extension;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1)
			 : "r"(a2), "r"(a3), "r"(a6), "r"(a7)
			 : "memory");
	return (struct sbi_answer){ (int64_t)a0, (int64_t)a1 };
}

void sbi_set_timer(uint64_t ticks)
{
	call(EXTENSION_TIME, 0, ticks, 0, 0, 0);
}

void sbi_send_ipi(uint64_t hart)
{
	call(EXTENSION_IPI, 0, 1, hart, 0, 0);
}

int64_t sbi_hart_start(uint64_t hart, paddr_t address, uint64_t opaque)
{
	return call(EXTENSION_HSM, 0, hart, address, opaque, 0).error;
}

void sbi_hart_stop(void)
{
	call(EXTENSION_HSM, HSM_HART_STOP, 0, 0, 0, 0);
}

bool sbi_hart_is_stopped(uint64_t hart)
{
	struct sbi_answer answer = call(EXTENSION_HSM, HSM_HART_STATUS, hart, 0, 0, 0);

	return answer.error == SBI_SUCCESS && answer.value == HSM_STATUS_STOPPED;
}

void sbi_system_reset(uint32_t type, uint32_t reason)
{
	call(EXTENSION_SRST, 0, type, reason, 0, 0);
}

void sbi_console_putchar(uint8_t byte)
{
	call(EXTENSION_LEGACY_PUTCHAR, 0, byte, 0, 0, 0);
}

/* Firmware takes 64 hart IDs at a time, from a base: neighbours in one call. */
static void remote_fence(uint64_t function, const struct cpumask *cpus, uint64_t start, uint64_t size)
{
	uint64_t base = 0, mask = 0;

	for (unsigned int id = 0; id < cpu_count; id++) {
		if (!cpumask_test(cpus, id))
			continue;
		uint64_t hart = cpu_table[id]->hart;
		if (mask && (hart < base || hart >= base + 64)) {
			call(EXTENSION_RFENCE, function, mask, base, start, size);
			mask = 0;
		}
		if (!mask)
			base = hart;
		mask |= 1UL << (hart - base);
	}
	if (mask)
		call(EXTENSION_RFENCE, function, mask, base, start, size);
}

void sbi_remote_sfence_vma(const struct cpumask *cpus, uaddr_t start, size_t size)
{
	remote_fence(RFENCE_SFENCE_VMA, cpus, start, size);
}

void sbi_remote_fence_i(const struct cpumask *cpus)
{
	remote_fence(RFENCE_FENCE_I, cpus, 0, 0);
}
