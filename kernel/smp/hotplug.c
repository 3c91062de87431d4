// SPDX-License-Identifier: Apache-2.0
/*
 * hotplug.c - see hotplug.h.
 *
 * Off: the tree takes the CPU out of every mask first, synchronously, so that its tasks have left by
 * the ordinary way. Only then is it no longer online, which no task's mask can notice. What is
 * left are kernel threads, timers, and the interrupt controller's attention; they move, and the idle
 * task gives back what memory the CPU has in stock and stops the hart. On: the reverse, the tree last.
 */
#include "kernel/dev/plic.h"
#include "kernel/kernel.h"
#include "kernel/mm/percpu.h"
#include "kernel/riscv/csr.h"
#include "kernel/riscv/sbi.h"
#include "kernel/sched/core.h"
#include "kernel/sched/isolation.h"
#include "kernel/sched/tree.h"
#include "kernel/sched/trace.h"
#include "kernel/smp/cpu.h"
#include "kernel/smp/hotplug.h"
#include "kernel/smp/smp.h"

enum { POLL_NS = 20000 };

static struct mutex hotplug_mutex = MUTEX_INIT(hotplug_mutex, LOCK_RANK_HOTPLUG);

/* A hart cannot wake anybody once it has stopped, nor before it runs: look again and again. */
static void rest(void)
{
	task_set_state(TASK_UNINTERRUPTIBLE);
	sched_sleep(time_now_ns() + POLL_NS);
}

static bool is_online(unsigned int id)
{
	return cpumask_test(&cpu_online, id);
}

/* Its timers fire elsewhere. Who is to have them may become quiet meanwhile: then another. */
static void give_timers_away(struct cpu *cpu)
{
	struct cpu *heir;

	do
		heir = isolation_heir(cpu);
	while (!timer_move_all(cpu, heir));
	cpu_send_ipi(heir, IPI_TIMER);
}

static int take_offline(struct cpu *cpu)
{
	int error = tree_set_cpu_online(cpu->id, CPU_OFF);

	if (error)
		return error;
	trace(TRACE_CPU, current, (int32_t)cpu->id, 0);
	__atomic_fetch_and(&cpu_online.bits[cpu->id / 64], ~(1UL << cpu->id % 64), __ATOMIC_SEQ_CST);
	do {
		sched_drain(cpu);
		rest();
	} while (!sched_is_drained(cpu));
	__atomic_store_n(&cpu->leaving, true, __ATOMIC_RELEASE);
	cpu_send_ipi(cpu, IPI_RESCHED);
	while (!sbi_hart_is_stopped(cpu->hart))
		rest();
	kcheck(!cpu->magazines || memory_cpu_pages(cpu->magazines) == 0);
	cpu->leaving = false;
	isolation_forget(cpu);
	give_timers_away(cpu);
	cpu_flush_ipis(); /* it may come back, and then none is under way to it */
	return 0;
}

int hotplug_take_offline(unsigned int id)
{
	int error = 0;

	if (id >= cpu_count)
		return -EINVAL;
	mutex_lock(&hotplug_mutex);
	if (is_online(id))
		error = cpumask_count(&cpu_online) == 1 ? -EBUSY : take_offline(cpu_table[id]);
	mutex_unlock(&hotplug_mutex);
	return error;
}

_Noreturn void hotplug_leave(void)
{
	page_reclaim();
	csr_write(sie, 0);
	plic_leave();
	sbi_hart_stop();
	panic("hart %lu does not stop", (unsigned long)this_cpu()->hart);
}

int hotplug_bring_online(unsigned int id)
{
	int error = 0;

	if (id >= cpu_count)
		return -EINVAL;
	mutex_lock(&hotplug_mutex);
	if (!is_online(id)) {
		struct cpu *cpu = cpu_table[id];

		cpu->ipi = 0;
		sched_restart_cpu(cpu);
		if (smp_start_hart(cpu) == SBI_SUCCESS)
			while (smp_is_starting())
				rest();
		if (!is_online(id)) {
			error = -EIO;
		} else {
			trace(TRACE_CPU, current, (int32_t)id, 1);
			tree_set_cpu_online(id, CPU_ON);
		}
	}
	mutex_unlock(&hotplug_mutex);
	return error;
}
