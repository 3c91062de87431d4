// SPDX-License-Identifier: Apache-2.0
/*
 * fdt.c - what the device tree says of memory, CPUs and the kernel's own start.
 *
 * The tree is the machine's word, but checked like anybody's: libfdt checks the header and
 * bounds, this file every number that it uses.
 */
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/dev/fdt.h"
#include "kernel/dev/machine.h"
#include "kernel/dev/topology.h"
#include "kernel/kernel.h"
#include "kernel/mm/node.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/riscv/paging.h"
#include "kernel/sched/cores.h"
#include "kernel/sched/sabotage.h"
#include "kernel/smp/cpu.h"
#include "kernel/smp/smp.h"

struct machine machine;

static uint64_t cells(const fdt32_t *cell, int count)
{
	uint64_t value = 0;

	for (int i = 0; i < count; i++)
		value = value << 32 | fdt32_to_cpu(cell[i]);
	return value;
}

/* An address on `bus` in its parent's terms (`ranges`); false: not passed on. */
static bool translate(int bus, int parent, uint64_t *address, uint64_t size)
{
	int length;
	const fdt32_t *ranges = fdt_getprop(machine.device_tree, bus, "ranges", &length);

	if (!ranges)
		return false;
	if (length == 0)
		return true; /* the same addresses on both sides */
	int child_cells = fdt_address_cells(machine.device_tree, bus);
	int parent_cells = fdt_address_cells(machine.device_tree, parent);
	int size_cells = fdt_size_cells(machine.device_tree, bus);
	int row = child_cells + parent_cells + size_cells;
	if (child_cells < 0 || parent_cells < 0 || size_cells < 0 || row == 0)
		return false;
	for (int i = 0; i + row <= length / 4; i += row) {
		uint64_t from = cells(ranges + i, child_cells);
		uint64_t to = cells(ranges + i + child_cells, parent_cells);
		uint64_t span = cells(ranges + i + child_cells + parent_cells, size_cells);

		if (*address >= from && size <= span && *address - from <= span - size) {
			*address = *address - from + to;
			return true;
		}
	}
	return false;
}

bool fdt_reg(int node, unsigned int index, struct fdt_range *range)
{
	const void *tree = machine.device_tree;
	int parent = fdt_parent_offset(tree, node);
	int length;
	const fdt32_t *reg = fdt_getprop(tree, node, "reg", &length);

	if (parent < 0 || !reg)
		return false;
	int address_cells = fdt_address_cells(tree, parent), size_cells = fdt_size_cells(tree, parent);
	if (address_cells < 1 || size_cells < 0)
		return false;
	int row = address_cells + size_cells;
	if ((uint64_t)index >= (uint64_t)(length / 4 / row))
		return false;
	uint64_t start = cells(reg + (int)index * row, address_cells);
	uint64_t size = cells(reg + (int)index * row + address_cells, size_cells);
	while (parent > 0) {
		int above = fdt_parent_offset(tree, parent);

		if (above < 0 || !translate(parent, above, &start, size))
			return false;
		parent = above;
	}
	if (start + size < start || start + size > LINEAR_SIZE)
		return false;
	*range = (struct fdt_range){ start, size };
	return true;
}

uint32_t fdt_cell(int node, const char *name, uint32_t otherwise)
{
	int length;
	const fdt32_t *value = fdt_getprop(machine.device_tree, node, name, &length);

	return value && length == 4 ? fdt32_to_cpu(*value) : otherwise;
}

bool fdt_available(int node)
{
	const char *status = fdt_getprop(machine.device_tree, node, "status", NULL);

	return !status || !strcmp(status, "okay") || !strcmp(status, "ok");
}

int fdt_next_compatible(int node, const char *compatible)
{
	do
		node = fdt_node_offset_by_compatible(machine.device_tree, node, compatible);
	while (node >= 0 && !fdt_available(node));
	return node;
}

static uint64_t chosen_number(int chosen, const char *name)
{
	int length;
	const fdt32_t *value = fdt_getprop(machine.device_tree, chosen, name, &length);

	return value && (length == 4 || length == 8) ? cells(value, length / 4) : 0;
}

static void copy_text(char *to, size_t size, int node, const char *name)
{
	const char *text = fdt_getprop(machine.device_tree, node, name, NULL);

	if (text)
		snprintf(to, size, "%s", text);
}

void fdt_init(paddr_t device_tree)
{
	machine.device_tree = phys_to_virt(device_tree);
	int error = fdt_check_header(machine.device_tree);
	if (error)
		panic("the device tree at 0x%lx cannot be read: %s", (unsigned long)device_tree,
		      fdt_strerror(error));

	machine.device_tree_size = fdt_totalsize(machine.device_tree);
	int cpus = fdt_path_offset(machine.device_tree, "/cpus");
	machine.timebase_hz = cpus < 0 ? 0 : fdt_cell(cpus, "timebase-frequency", 0);
	if (!machine.timebase_hz)
		panic("the device tree names no /cpus/timebase-frequency");
	copy_text(machine.model, sizeof(machine.model), 0, "model");

	int chosen = fdt_path_offset(machine.device_tree, "/chosen");
	if (chosen < 0)
		return;
	copy_text(machine.command_line, sizeof(machine.command_line), chosen, "bootargs");
	machine.initrd_start = chosen_number(chosen, "linux,initrd-start");
	machine.initrd_end = chosen_number(chosen, "linux,initrd-end");
	if (machine.initrd_end > LINEAR_SIZE || machine.initrd_start > machine.initrd_end)
		machine.initrd_start = machine.initrd_end = 0;
	int length;
	const void *seed = fdt_getprop(machine.device_tree, chosen, "rng-seed", &length);
	if (seed && length > 0) {
		machine.seed_length = MIN((size_t)length, sizeof(machine.seed));
		memcpy(machine.seed, seed, machine.seed_length);
	}
}

bool machine_option(const char *name, char *value, size_t size)
{
	size_t length = strlen(name);

	for (const char *word = machine.command_line; *word;) {
		size_t end = strcspn(word, " ");

		if (end >= length && !memcmp(word, name, length) &&
		    (end == length || word[length] == '=')) {
			const char *text = end == length ? word + end : word + length + 1;
			size_t count = (size_t)(word + end - text);

			if (size) {
				count = MIN(count, size - 1);
				memcpy(value, text, count);
				value[count] = '\0';
			}
			return true;
		}
		word += end + strspn(word + end, " ");
	}
	return false;
}

/* ---- memory ---- */

enum { HOLES_MAX = 64 };

/* What is not the allocator's, in ascending order, merged as it is used. Boot only. */
static struct fdt_range holes[HOLES_MAX];
static unsigned int hole_count;

static void add_hole(paddr_t start, paddr_t end)
{
	start = ALIGN_DOWN(start, PAGE_SIZE);
	end = ALIGN_UP(end, PAGE_SIZE);
	if (start >= end)
		return;
	if (hole_count == HOLES_MAX)
		panic("the device tree reserves more than %d pieces of memory", HOLES_MAX);
	unsigned int at = hole_count++;
	for (; at && holes[at - 1].start > start; at--)
		holes[at] = holes[at - 1];
	holes[at] = (struct fdt_range){ start, end - start };
}

static void find_holes(paddr_t kernel_start, paddr_t kernel_end)
{
	const void *tree = machine.device_tree;
	paddr_t tree_start = virt_to_phys(tree);
	int reserved = fdt_path_offset(tree, "/reserved-memory"), node;

	add_hole(kernel_start, kernel_end);
	add_hole(tree_start, tree_start + machine.device_tree_size);
	add_hole(machine.initrd_start, machine.initrd_end);
	for (int i = 0; i < fdt_num_mem_rsv(tree); i++) {
		uint64_t start, size;

		if (!fdt_get_mem_rsv(tree, i, &start, &size))
			add_hole(start, start + size);
	}
	if (reserved < 0)
		return;
	fdt_for_each_subnode(node, tree, reserved) {
		struct fdt_range range;

		for (unsigned int i = 0; fdt_reg(node, i, &range); i++)
			add_hole(range.start, range.start + range.size);
	}
}

static void add_memory(paddr_t start, paddr_t end)
{
	start = ALIGN_UP(start, PAGE_SIZE);
	end = ALIGN_DOWN(MIN(end, LINEAR_SIZE), PAGE_SIZE);
	for (unsigned int i = 0; i < hole_count && start < end; i++) {
		paddr_t hole_end = holes[i].start + holes[i].size;

		if (hole_end <= start || holes[i].start >= end)
			continue;
		if (holes[i].start > start)
			page_add_range(start, holes[i].start);
		start = hole_end;
	}
	if (start < end)
		page_add_range(start, end);
}

void fdt_add_memory(paddr_t kernel_start, paddr_t kernel_end)
{
	const void *tree = machine.device_tree;
	bool found = false;

	find_holes(kernel_start, kernel_end);
	for (int node = fdt_next_node(tree, -1, NULL); node >= 0; node = fdt_next_node(tree, node, NULL)) {
		const char *type = fdt_getprop(tree, node, "device_type", NULL);
		struct fdt_range range;

		if (!type || strcmp(type, "memory") != 0 || !fdt_available(node))
			continue;
		for (unsigned int i = 0; fdt_reg(node, i, &range); i++) {
			node_add_memory(fdt_numa_node(node), range.start, range.start + range.size);
			add_memory(range.start, range.start + range.size);
			found = true;
		}
	}
	fdt_find_distances();
	node_settle();
	if (!found)
		panic("the device tree names no memory");
}

void fdt_map(void)
{
	paddr_t tree = virt_to_phys(machine.device_tree);

	if (!device_map(tree, machine.device_tree_size) ||
	    (machine.initrd_start < machine.initrd_end &&
	     !device_map(machine.initrd_start, machine.initrd_end - machine.initrd_start)))
		panic("no memory to map the device tree and the initramfs");
}

/* ---- CPUs ---- */

static bool isa_has(int node, const char *extension)
{
	const void *tree = machine.device_tree;
	const char *isa = fdt_getprop(tree, node, "riscv,isa", NULL);

	if (fdt_stringlist_search(tree, node, "riscv,isa-extensions", extension) >= 0)
		return true;
	for (const char *word = isa ? strchr(isa, '_') : NULL; word; word = strchr(word, '_')) {
		size_t length = strlen(extension);

		word++;
		if (!strncmp(word, extension, length) && (word[length] == '_' || !word[length]))
			return true;
	}
	return false;
}

void fdt_find_cpus(uint64_t boot_hart)
{
	const void *tree = machine.device_tree;
	int cpus = fdt_path_offset(tree, "/cpus"), node;
	bool stimecmp = true, zicboz = true;
	uint32_t block = 0;

	fdt_for_each_subnode(node, tree, cpus) {
		const char *type = fdt_getprop(tree, node, "device_type", NULL);
		int length;
		const fdt32_t *reg = fdt_getprop(tree, node, "reg", &length);

		if (!type || strcmp(type, "cpu") != 0 || !fdt_available(node))
			continue;
		if (!reg || length < 4 || length > 8)
			panic("a CPU of the device tree has no hart ID");
		if (cpu_count == NR_CPUS) {
			printk("smp: more than %d CPUs; the others stay off\n", NR_CPUS);
			break;
		}
		uint64_t hart = cells(reg, length / 4);
		if (!smp_add_cpu(hart, fdt_numa_node(node), hart == boot_hart))
			panic("no memory for the data of CPU %u", cpu_count);
		if (hart == boot_hart)
			copy_text(machine.isa, sizeof(machine.isa), node, "riscv,isa");
		stimecmp = stimecmp && isa_has(node, "sstc");
		zicboz = zicboz && isa_has(node, "zicboz");
		block = fdt_cell(node, "riscv,cboz-block-size", block);
	}
	machine.has_stimecmp = stimecmp;
	if (!cpumask_test(&cpu_possible, this_cpu()->id) || this_cpu()->hart != boot_hart)
		panic("the device tree does not name hart %lu, which runs", (unsigned long)boot_hart);
	if (zicboz && block >= 8 && block <= PAGE_SIZE && (block & (block - 1)) == 0) {
		zicboz_block = block;
		machine_has_zicboz = true;
	}
}

void fdt_find_topology(void)
{
	machine_topology.cpu_count = cpu_count;
	machine_topology.cpus = kzalloc(cpu_count * sizeof(machine_topology.cpus[0]));
	if (!machine_topology.cpus)
		panic("no memory for the shape of %u CPUs", cpu_count);
	if (topology_parse(machine.device_tree, &machine_topology))
		printk("machine: the device tree's cpu-map makes no sense; every CPU counts as a core\n");
	struct cpu_neighbours *neighbours = kzalloc(cpu_count * sizeof(*neighbours));
	if (!neighbours)
		panic("no memory for the neighbours of %u CPUs", cpu_count);
	if (cores_describe(&machine_topology, neighbours) && !is_sabotaged("cores"))
		cpu_neighbours = neighbours;
	else
		kfree(neighbours);
}
