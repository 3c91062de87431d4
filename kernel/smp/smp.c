// SPDX-License-Identifier: Apache-2.0
/*
 * smp.c - the CPUs: their data, their start (SBI HSM), interrupts and IPIs.
 *
 * A hart starts in entry.S with its idle task, loads the kernel's page table, and arrives in
 * secondary_main(). Whoever started it sleeps until it is there, or is given up: see arrivals.h.
 */
#include "kernel/dev/machine.h"
#include "kernel/dev/plic.h"
#include "kernel/kernel.h"
#include "kernel/mm/node.h"
#include "kernel/mm/slab.h"
#include "kernel/riscv/csr.h"
#include "kernel/riscv/paging.h"
#include "kernel/riscv/sbi.h"
#include "kernel/riscv/stack.h"
#include "kernel/sched/core.h"
#include "kernel/sched/isolation.h"
#include "kernel/sched/sabotage.h"
#include "kernel/smp/arrivals.h"
#include "kernel/smp/cpu.h"
#include "kernel/smp/smp.h"

struct cpu *cpu_table[NR_CPUS];
unsigned int cpu_count;
struct cpumask cpu_possible;
struct cpumask cpu_online;

extern struct task boot_task;
extern uint64_t secondary_satp;
void _start_secondary(void);
_Noreturn void secondary_main(void);

static struct arrivals arrivals; /* waiting: boot, then whoever has LOCK_RANK_HOTPLUG */

static struct cpu boot_cpu;
struct task boot_task = { .cpu = &boot_cpu, .flags = TASK_KERNEL | TASK_IDLE, .references = 1 };

bool smp_add_cpu(uint64_t hart, unsigned int node, bool is_this)
{
	struct cpu *cpu = is_this ? &boot_cpu : kzalloc(sizeof(*cpu));

	if (!cpu)
		return false;
	cpu->id = cpu_count;
	cpu->hart = hart;
	cpu->node = (uint16_t)node;
	node_add_cpu(node);
	cpu_table[cpu_count] = cpu;
	cpumask_set(&cpu_possible, cpu_count);
	cpu_count++;
	return true;
}

static void set_online(unsigned int id)
{
	__atomic_fetch_or(&cpu_online.bits[id / 64], 1UL << id % 64, __ATOMIC_SEQ_CST);
}

/* What every CPU does for itself before it takes part. */
static void start_here(struct cpu *cpu)
{
	timer_start_here();
	csr_write(sie, INTERRUPT_SOFTWARE | INTERRUPT_TIMER | INTERRUPT_EXTERNAL);
	plic_join();
	csr_write(scounteren, 7); /* user mode may read cycle, time, instret */
	set_online(cpu->id);
	paging_activate_kernel(); /* again: a stack may have been mapped before we were online */
}

/* For a test: the last CPU is twice as long on its way as anybody waits for it, once. */
static void dawdle(const struct cpu *cpu)
{
	static bool is_over; /* only the last CPU */
	uint64_t end_ns = time_now_ns() + 2 * ARRIVALS_PATIENCE_NS;

	if (cpu->id + 1 != cpu_count || is_over || !is_sabotaged("late-cpu"))
		return;
	is_over = true;
	while (time_now_ns() < end_ns)
		;
}

/* A CPU that was given up stops again: the tree does not count on it, until somebody brings it online. */
_Noreturn void secondary_main(void)
{
	struct cpu *cpu = this_cpu();

	dawdle(cpu);
	if (!arrivals_come(&arrivals, cpu->id)) {
		sbi_hart_stop();
		panic("hart %lu does not stop", (unsigned long)cpu->hart);
	}
	start_here(cpu);
	sched_idle_loop();
}

/* Makes a CPU's idle task; the boot CPU's is the task that runs now. */
static bool make_idle(struct cpu *cpu)
{
	struct task *task = cpu == &boot_cpu ? &boot_task : kzalloc(sizeof(*task));

	if (!task)
		return false;
	task->flags = TASK_KERNEL | TASK_IDLE;
	task->references = 1;
	task->cpu = cpu;
	if (task != &boot_task) {
		task->kernel_stack = stack_alloc();
		if (!task->kernel_stack)
			return false;
		task->kernel_stack_top = task->kernel_stack + KERNEL_STACK_SIZE;
	}
	cpu->idle = task;
	uintptr_t emergency = stack_alloc();
	if (!emergency)
		return false;
	cpu->emergency_stack_top = emergency + KERNEL_STACK_SIZE;
	sched_init_cpu(cpu, task);
	return true;
}

int64_t smp_start_hart(struct cpu *cpu)
{
	paddr_t entry = (uintptr_t)_start_secondary - KERNEL_BASE + machine.kernel_start;

	arrivals_expect(&arrivals, cpu->id, time_now_ns());
	int64_t error = sbi_hart_start(cpu->hart, entry, (uint64_t)cpu->idle);
	/* One that was given up and comes at this very moment has been started already. */
	return error && arrivals_give_up(&arrivals, cpu->id) ? error : SBI_SUCCESS;
}

static bool is_stopped(unsigned int id)
{
	return sbi_hart_is_stopped(cpu_table[id]->hart);
}

bool smp_is_starting(void)
{
	return arrivals_go_on(&arrivals, &cpu_online, is_stopped, time_now_ns());
}

static void start(struct cpu *cpu)
{
	int64_t error;

	if (!make_idle(cpu))
		panic("no memory for the idle task of CPU %u", cpu->id);
	error = smp_start_hart(cpu);
	if (error)
		printk("smp: CPU %u (hart %lu) does not start: SBI error %ld\n", cpu->id,
		       (unsigned long)cpu->hart, (long)error);
}

void smp_start_others(void)
{
	if (!make_idle(&boot_cpu))
		panic("no memory for the idle task of CPU %u", boot_cpu.id);
	start_here(&boot_cpu);
	secondary_satp = paging_kernel_satp();
	full_barrier();
	for (unsigned int id = 0; id < cpu_count; id++)
		if (cpu_table[id] != &boot_cpu)
			start(cpu_table[id]);

	/* They come one by one; a machine emulated in turns needs this one to rest meanwhile. */
	while (smp_is_starting()) {
		timer_wake_at(time_now_ns() + 20 * NSEC_PER_USEC);
		wait_for_interrupt();
		interrupts_serve();
	}
	printk("smp: %u of %u CPUs online, boot CPU %u (hart %lu)\n", cpumask_count(&cpu_online), cpu_count,
	       boot_cpu.id, (unsigned long)boot_cpu.hart);
}

void cpu_send_ipi(struct cpu *cpu, enum ipi_kind kind)
{
	struct cpu *here = this_cpu();

	if (__atomic_fetch_or(&cpu->ipi, (uint32_t)kind, __ATOMIC_SEQ_CST))
		return; /* there is one under way, and whoever asked for it owns ipi_next */
	cpu->ipi_next = here->ipi_first;
	here->ipi_first = cpu;
	__atomic_fetch_or(&current->work, WORK_IPI, __ATOMIC_RELAXED);
}

void cpu_flush_ipis(void)
{
	struct cpu *here = this_cpu(), *cpu;

	__atomic_fetch_and(&current->work, ~(uint32_t)WORK_IPI, __ATOMIC_RELAXED);
	while ((cpu = here->ipi_first)) {
		here->ipi_first = cpu->ipi_next;
		sbi_send_ipi(cpu->hart);
	}
}

static _Noreturn void stop_here(void)
{
	csr_write(sie, 0);
	for (;;)
		wait_for_interrupt();
}

static void serve_ipi(struct cpu *cpu)
{
	csr_clear(sip, INTERRUPT_SOFTWARE);
	uint32_t kinds = __atomic_exchange_n(&cpu->ipi, 0, __ATOMIC_SEQ_CST);

	cpu->ipis++;
	if (kinds & IPI_STOP)
		stop_here();
	if (kinds & IPI_RESCHED)
		sched_ipi();
	if (kinds & IPI_SETTLE)
		isolation_settle();
	if (kinds & IPI_TIMER)
		timer_interrupt();
}

void interrupts_serve(void)
{
	struct cpu *cpu = this_cpu();
	uint64_t pending = csr_read(sip) & csr_read(sie);

	if (!pending)
		return; /* most often, at a preempt_point() */
	cpu->interrupts++;
	if (pending & INTERRUPT_SOFTWARE)
		serve_ipi(cpu);
	if (pending & INTERRUPT_TIMER)
		timer_interrupt();
	if (pending & INTERRUPT_EXTERNAL)
		plic_serve();
}

void smp_stop_others(void)
{
	for (unsigned int id = 0; id < cpu_count; id++) {
		struct cpu *cpu = cpu_table[id];

		if (cpu == this_cpu() || !cpumask_test(&cpu_online, id))
			continue;
		__atomic_fetch_or(&cpu->ipi, (uint32_t)IPI_STOP, __ATOMIC_SEQ_CST);
		sbi_send_ipi(cpu->hart);
	}
}
