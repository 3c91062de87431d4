// SPDX-License-Identifier: Apache-2.0
/*
 * machine.c - the devices that the tree names, and power.
 */
#include <libfdt.h>
#include <string.h>

#include "kernel/dev/fdt.h"
#include "kernel/dev/machine.h"
#include "kernel/dev/plic.h"
#include "kernel/dev/uart.h"
#include "kernel/kernel.h"
#include "kernel/riscv/csr.h"
#include "kernel/riscv/paging.h"
#include "kernel/riscv/sbi.h"
#include "kernel/smp/cpu.h"
#include "kernel/smp/smp.h"

/* The test device of SiFive's and QEMU's machines: one register that ends the machine's work. */
enum { FINISH_FAIL = 0x3333, FINISH_PASS = 0x5555, FINISH_STATUS_SHIFT = 16 };
static volatile uint32_t *finisher; /* (i) NULL: there is none */

static void *map_registers(int node, uint64_t *size)
{
	struct fdt_range range;

	if (node < 0 || !fdt_reg(node, 0, &range) || !range.size)
		return NULL;
	if (size)
		*size = range.size;
	return device_map(range.start, range.size);
}

/* /chosen/stdout-path, without its options after ':'. */
static int stdout_node(void)
{
	int chosen = fdt_path_offset(machine.device_tree, "/chosen"), length;
	const char *path = chosen < 0 ? NULL
		: fdt_getprop(machine.device_tree, chosen, "stdout-path", &length);

	if (!path)
		return fdt_next_compatible(-1, "ns16550a");
	return fdt_path_offset_namelen(machine.device_tree, path, (int)strcspn(path, ":"));
}

static bool is_uart(int node)
{
	return node >= 0 && (!fdt_node_check_compatible(machine.device_tree, node, "ns16550a") ||
			     !fdt_node_check_compatible(machine.device_tree, node, "ns16550"));
}

void fdt_find_console(void)
{
	int node = stdout_node();
	void *registers = is_uart(node) ? map_registers(node, NULL) : NULL;

	if (registers)
		uart_init((uintptr_t)registers, fdt_cell(node, "reg-shift", 0));
	/* As early: a panic ends the machine with its status. */
	finisher = map_registers(fdt_next_compatible(-1, "sifive,test0"), NULL);
}

/* Which of the controller's contexts is a CPU's for supervisor mode: the interrupts-extended list
 * names a CPU's interrupt controller and a cause for each. -1: none. */
static int context_of(int plic, const struct cpu *cpu)
{
	const void *tree = machine.device_tree;
	int length, cpus = fdt_path_offset(tree, "/cpus"), node;
	const fdt32_t *list = fdt_getprop(tree, plic, "interrupts-extended", &length);
	uint32_t wanted = 0;

	fdt_for_each_subnode(node, tree, cpus) {
		int child = fdt_subnode_offset(tree, node, "interrupt-controller"), size;
		const fdt32_t *reg = fdt_getprop(tree, node, "reg", &size);

		if (child >= 0 && reg && size >= 4 &&
		    fdt32_to_cpu(reg[size / 4 - 1]) == (uint32_t)cpu->hart)
			wanted = fdt_get_phandle(tree, child);
	}
	for (int i = 0; list && wanted && i + 2 <= length / 4; i += 2)
		if (fdt32_to_cpu(list[i]) == wanted && fdt32_to_cpu(list[i + 1]) == 9)
			return i / 2;
	return -1;
}

/* The controllers' phandles, by their numbers. */
static uint32_t controller_phandles[PLIC_MAX];

static void find_interrupt_controllers(const char *compatible)
{
	for (int node = fdt_next_compatible(-1, compatible); node >= 0;
	     node = fdt_next_compatible(node, compatible)) {
		void *registers = map_registers(node, NULL);
		int number = registers ? plic_add((uintptr_t)registers, fdt_cell(node, "riscv,ndev", 0))
				       : -ENODEV;

		if (number < 0)
			continue;
		controller_phandles[number] = fdt_get_phandle(machine.device_tree, node);
		for (unsigned int id = 0; id < cpu_count; id++) {
			int context = context_of(node, cpu_table[id]);

			if (context < 0 || cpu_table[id]->interrupt_context >= 0)
				continue;
			cpu_table[id]->interrupt_context = context;
			cpu_table[id]->interrupt_controller = (uint8_t)number;
		}
	}
}

void fdt_find_interrupts(void)
{
	for (unsigned int id = 0; id < cpu_count; id++)
		cpu_table[id]->interrupt_context = -1;
	find_interrupt_controllers("riscv,plic0");
	if (!controller_phandles[0])
		find_interrupt_controllers("sifive,plic-1.0.0");
	if (!controller_phandles[0])
		printk("machine: no interrupt controller that we know; the console takes no input\n");
}

/* A device's interrupt; a node above it may say at which controller. */
static uint32_t interrupt_of(int node)
{
	uint32_t source = fdt_cell(node, "interrupts", 0), parent = 0;

	for (; node >= 0 && !parent; node = fdt_parent_offset(machine.device_tree, node))
		parent = fdt_cell(node, "interrupt-parent", 0);
	for (int number = 0; parent && number < PLIC_MAX; number++)
		if (controller_phandles[number] == parent)
			return plic_interrupt(number, source);
	return INTERRUPT_NONE;
}

void fdt_find_devices(void)
{
	uint64_t size;
	int node = stdout_node();
	struct fdt_range range;

	if (is_uart(node))
		uart_start_input(interrupt_of(node));
	node = fdt_next_compatible(-1, "google,goldfish-rtc");
	if (node >= 0 && fdt_reg(node, 0, &range))
		machine.rtc = range.start;
	for (node = fdt_next_compatible(-1, "virtio,mmio"); node >= 0;
	     node = fdt_next_compatible(node, "virtio,mmio")) {
		void *registers = map_registers(node, &size);

		if (registers)
			virtio_console_probe((uintptr_t)registers, size, interrupt_of(node));
	}
}

_Noreturn void machine_power_off(int status)
{
	/* The firmware writes to the same device, without our status: not both. */
	if (finisher)
		*finisher = status ? (uint32_t)status << FINISH_STATUS_SHIFT | FINISH_FAIL
				   : FINISH_PASS;
	else
		sbi_system_reset(SBI_RESET_SHUTDOWN, status != 0);
	machine_halt();
}

_Noreturn void machine_restart(void)
{
	sbi_system_reset(SBI_RESET_COLD_REBOOT, 0);
	machine_halt();
}

_Noreturn void machine_halt(void)
{
	smp_stop_others();
	csr_write(sie, 0);
	for (;;)
		wait_for_interrupt();
}
