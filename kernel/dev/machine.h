// SPDX-License-Identifier: Apache-2.0
/*
 * machine.h - what the device tree says of this machine, and the end of its work.
 */
#ifndef KERNEL_DEV_MACHINE_H
#define KERNEL_DEV_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/mm/layout.h"

struct machine {
	const void *device_tree;       /* linear address of the flattened tree */
	size_t device_tree_size;
	uint64_t timebase_hz;          /* of the time CSR */
	bool has_stimecmp;             /* every hart has Sstc */
	char command_line[1024];       /* /chosen/bootargs */
	paddr_t kernel_start;          /* where the image was loaded */
	paddr_t initrd_start, initrd_end;
	uint8_t seed[64];              /* /chosen/rng-seed */
	size_t seed_length;
	char model[64];
	char isa[128];                 /* of the boot CPU */
	paddr_t rtc;                   /* a goldfish RTC, 0: none */
};
extern struct machine machine; /* (i) after boot */

/* The text behind NAME= on the command line into value; whether it was there ("NAME" alone counts). */
bool machine_option(const char *name, char *value, size_t size);

/* Ends everything. The status reaches the machine where it can tell (QEMU's exit status). */
_Noreturn void machine_power_off(int status);
_Noreturn void machine_restart(void);
/* Stops here for good, with every other hart (LINUX_REBOOT_CMD_HALT). */
_Noreturn void machine_halt(void);

/* ---- dev/fdt.c, in boot order ---- */

/* The memory, CPUs and devices that the tree names. Each stops the machine with a reason when the
 * tree makes no sense. */
void fdt_init(paddr_t device_tree);   /* machine above; before anything is allocated */
unsigned int fdt_numa_node_of_hart(uint64_t hart); /* its memory node */
void fdt_add_memory(paddr_t kernel_start, paddr_t kernel_end); /* RAM, nodes to the page allocator */
void fdt_map(void);                   /* after paging_init(): the tree and the initramfs stay readable */
void fdt_find_cpus(uint64_t boot_hart); /* cpu_table, cpu_possible; boot_hart's is this_cpu */
void fdt_find_topology(void);         /* machine_topology, of the CPUs that were found */
void fdt_find_console(void);          /* the UART and the power, so that a panic is seen early */
void fdt_find_interrupts(void);       /* interrupt controllers, before the other harts start */
void fdt_find_devices(void);          /* console input, virtio, clock */

/* Called by fdt_find_devices for every such node. */
void virtio_console_probe(uintptr_t registers, size_t size, unsigned int interrupt);

#endif
