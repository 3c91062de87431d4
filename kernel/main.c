// SPDX-License-Identifier: Apache-2.0
/*
 * main.c - the boot order, one line a subsystem.
 */
#include "kernel/dev/console.h"
#include "kernel/dev/machine.h"
#include "kernel/fs/vfs.h"
#include "kernel/kernel.h"
#include "kernel/mm/charge.h"
#include "kernel/mm/node.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"
#include "kernel/riscv/paging.h"
#include "kernel/riscv/stack.h"
#include "kernel/sched/core.h"
#include "kernel/sched/home.h"
#include "kernel/sched/isolation.h"
#include "kernel/sched/tree.h"
#include "kernel/smp/cpu.h"
#include "kernel/smp/smp.h"

_Noreturn void boot_main(uint64_t hart, paddr_t device_tree, paddr_t kernel_start);
extern char _kernel_start[], _kernel_end[], boot_stack_top[];

/* Once the scheduler runs: everything that may sleep. */
static void boot_second_half(void *unused)
{
	int error;

	(void)unused;
	vfs_init();         /* mounts, devices, pseudo-files */
	fdt_find_devices(); /* input, clock */
	time_read_rtc();
	if (machine.initrd_start == machine.initrd_end)
		panic("there is no initramfs: the machine was started without one (QEMU: -initrd)");
	error = initramfs_unpack(phys_to_virt(machine.initrd_start), phys_to_virt(machine.initrd_end));
	if (error)
		printk("initramfs: going on with what could be unpacked (error %d)\n", -error);
	page_add_range(ALIGN_UP(machine.initrd_start, PAGE_SIZE),
		       ALIGN_DOWN(machine.initrd_end, PAGE_SIZE));
	struct page_counts pages = page_count();
	printk("memory: %lu KiB of %lu KiB free\n", (unsigned long)(pages.free * PAGE_SIZE / 1024),
	       (unsigned long)(pages.total * PAGE_SIZE / 1024));
	for (unsigned int node = 0; node_count > 1 && node < node_count; node++)
		printk("memory: node %u has %lu KiB\n", node,
		       (unsigned long)(page_count_in(node).total * PAGE_SIZE / 1024));
	error = process_start_init("/init");
	if (error)
		panic("/init cannot be started: error %d (%s)", -error,
		      error == -ENOENT ? "it is not in the initramfs" : "it is no riscv64 program");
}

_Noreturn void boot_main(uint64_t hart, paddr_t device_tree, paddr_t kernel_start)
{
	this_cpu()->hart = hart;
	machine.kernel_start = kernel_start;
	current->kernel_stack_top = (uintptr_t)boot_stack_top;
	fdt_init(device_tree);                        /* what the machine says of itself */
	time_init();                                  /* the clock */
	this_cpu()->node = (uint16_t)fdt_numa_node_of_hart(hart);
	page_init();                                  /* memory */
	fdt_add_memory(kernel_start, kernel_start + (paddr_t)(_kernel_end - _kernel_start));
	paging_init(kernel_start);                    /* final mappings: W^X, guard pages */
	paging_activate_kernel();
	fdt_map();                                    /* the tree and the initramfs again */
	stack_init();                                 /* kernel stacks above guard pages */
	fdt_find_console();                           /* the log is seen, a panic has a status */
	printk("Taper on %s, hart %lu boots\n", machine.model, (unsigned long)hart);
	if (machine_option("quiet", NULL, 0))
		console_quiet();
	slab_init();
	charge_init();                                /* whose memory it is */
	proc_init();                                  /* tables of tasks, signals, futexes */
	fdt_find_cpus(hart);                          /* CPU numbers */
	home_init();                                  /* who is near which memory */
	fdt_find_topology();                          /* and their shape */
	fdt_find_interrupts();                        /* who serves devices */
	smp_start_others();                           /* the other harts idle */
	isolation_read_options();                     /* CPUs kept for others */
	tree_init();                                  /* the root node */
	struct task *second = kernel_thread_create("boot", boot_second_half, NULL);
	if (!second)
		panic("no memory for the first task");
	sched_start(second);
	sched_idle_loop();
}
