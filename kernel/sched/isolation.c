// SPDX-License-Identifier: Apache-2.0
/*
 * isolation.c - see isolation.h and docs/isolation.md.
 */
#include "kernel/sched/isolation.h"

#include <string.h>

#include "cgroups/cpulist.h"
#include "kernel/dev/machine.h"
#include "kernel/dev/plic.h"
#include "kernel/dev/topology.h"
#include "kernel/kernel.h"
#include "kernel/sched/core.h"
#include "kernel/sched/group.h"
#include "kernel/sched/isolation_options.h"
#include "kernel/smp/cpu.h"

struct cpumask isolation_cpus;
bool isolation_is_used;

static struct isolation_options boot; /* (i) after boot */
static struct cpumask quiet_cpus;     /* (t) with a keeper */
static struct cpumask last_isolated, last_online; /* (t) what was published */
static uint32_t unsettled_count;      /* (a) CPUs that are */

/* ---- the command line ---- */

/* A list of CPUs, behind flags where `flags` is not NULL. Answers as cpulist_parse(). */
static int read_list(const char *name, const char *text, struct cpumask *cpus, unsigned int *flags)
{
	unsigned int unknown;

	if (!flags)
		return cpulist_parse(text, strlen(text), cpu_count, cpus);
	int error = isolation_parse(text, cpu_count, cpus, flags, &unknown);
	if (unknown)
		printk("isolation: %s=%s: %u unknown flags are skipped\n", name, text, unknown);
	return error;
}

/* The option's CPUs; none, and a word in the log, when it is void. */
static struct cpumask read_option(const char *name, unsigned int *flags)
{
	char text[sizeof(machine.command_line)];
	struct cpumask cpus = cpumask_none();

	if (flags)
		*flags = 0;
	if (!machine_option(name, text, sizeof(text)) || !text[0])
		return cpus;
	if (read_list(name, text, &cpus, flags)) {
		printk("isolation: %s=%s is no list of CPUs 0-%u: without effect\n", name, text,
		       cpu_count - 1);
		return cpumask_none();
	}
	if (cpumask_empty(&cpus))
		printk("isolation: %s=%s names no CPU: without effect\n", name, text);
	return cpus;
}

/* Somebody has to do the work of the others. */
static void leave_one(struct cpumask *cpus, const char *what)
{
	unsigned int id = this_cpu()->id;

	if (!cpumask_subset(&cpu_online, cpus))
		return;
	cpumask_clear(cpus, id);
	printk("isolation: no CPU is left that is not %s: CPU %u stays out\n", what, id);
}

static void tell(const char *what, const struct cpumask *cpus)
{
	char list[64];

	if (cpumask_empty(cpus))
		return;
	size_t length = cpulist_format(cpus, list, sizeof(list));
	printk("isolation: CPUs %.*s are %s\n", (int)MIN(length, sizeof(list)), list, what);
}

void isolation_read_options(void)
{
	unsigned int flags;
	struct cpumask cpus = read_option("isolcpus", &flags);

	if (flags & ISOLATION_DOMAIN)
		boot.isolated = cpus;
	else
		boot.quiet = cpus;
	if (flags & ISOLATION_NOHZ)
		machine_topology.nohz_full = cpus;
	cpus = read_option("nohz_full", NULL);
	machine_topology.nohz_full = cpumask_or(&machine_topology.nohz_full, &cpus);
	boot.quiet = cpumask_or(&boot.quiet, &cpus);
	read_option("rcu_nocbs", NULL);
	leave_one(&boot.isolated, "isolated");
	boot.quiet = cpumask_or(&boot.quiet, &boot.isolated);
	leave_one(&boot.quiet, "quiet");
	machine_topology.nohz_full = cpumask_and(&machine_topology.nohz_full, &boot.quiet);
	tell("isolated", &boot.isolated);
	tell("quiet", &boot.quiet);
}

const struct cpumask *isolation_of_boot(void)
{
	return &boot.isolated;
}

/* ---- who is quiet ---- */

/* The next CPU that runs and is not quiet. */
static struct cpu *keeper_for(unsigned int id, const struct cpumask *keepers)
{
	unsigned int next = cpumask_next(keepers, id + 1);

	return cpu_table[next == NR_CPUS ? cpumask_first(keepers) : next];
}

static void set_isolated(const struct cpumask *isolated)
{
	CPUMASK_EACH_WORD(word)
		__atomic_store_n(&isolation_cpus.bits[word], isolated->bits[word], __ATOMIC_RELAXED);
	__atomic_store_n(&isolation_is_used, !cpumask_empty(isolated), __ATOMIC_RELEASE);
}

/* Names the keeper; whether the CPU has something to give away: it is quiet only now, or serves devices although
 * there may be another for it. */
static bool set_keeper(struct cpu *cpu, struct cpu *keeper)
{
	bool is_new = !cpu->keeper;

	__atomic_store_n(&cpu->keeper, keeper, __ATOMIC_SEQ_CST);
	return keeper && (is_new || plic_is_server(cpu));
}

static void unsettle(struct cpu *cpu)
{
	if (!__atomic_exchange_n(&cpu->unsettled, 1U, __ATOMIC_ACQ_REL))
		__atomic_fetch_add(&unsettled_count, 1, __ATOMIC_RELEASE);
	if (cpu == this_cpu())
		isolation_settle();
	else
		cpu_send_ipi(cpu, IPI_SETTLE);
}

void isolation_publish(const struct cpumask *isolated, const struct cpumask *online)
{
	if (cpumask_equal(isolated, &last_isolated) && cpumask_equal(online, &last_online))
		return;
	last_isolated = *isolated;
	last_online = *online;
	struct cpumask quiet = cpumask_or(isolated, &boot.quiet), due = cpumask_none();
	struct cpumask keepers = cpumask_andnot(online, &quiet), isolation = *isolated;

	if (cpumask_empty(&keepers))
		isolation = quiet = cpumask_none();
	quiet_cpus = quiet;
	set_isolated(&isolation);
	for (unsigned int id = 0; id < cpu_count; id++) {
		struct cpu *keeper =
			cpumask_test(&quiet, id) ? keeper_for(id, &keepers) : NULL;

		if (set_keeper(cpu_table[id], keeper) && cpumask_test(online, id))
			cpumask_set(&due, id);
	}
	/* Only now, when every keeper is known to be one. */
	cpumask_for_each(id, &due)
		unsettle(cpu_table[id]);
}

struct cpumask isolation_quiet(void)
{
	return quiet_cpus;
}

struct cpu *isolation_heir(const struct cpu *cpu)
{
	struct cpu *keeper = __atomic_load_n(&cpu->keeper, __ATOMIC_ACQUIRE);
	struct cpumask others = cpu_online;

	if (keeper)
		return keeper;
	cpumask_clear(&others, cpu->id);
	for (unsigned int id = 0; id < cpu_count; id++)
		if (cpumask_test(&others, id) && !__atomic_load_n(&cpu_table[id]->keeper, __ATOMIC_RELAXED))
			return cpu_table[id];
	return cpu_table[cpumask_first(&others)];
}

/* ---- becoming it ---- */

static void end_rests(struct cpu *cpu)
{
	spin_lock(&cpu->queue.lock);
	group_end_rests(cpu, UINT64_MAX);
	cpu->queue.rest_check_ns = UINT64_MAX;
	spin_unlock(&cpu->queue.lock);
}

static void set_settled(struct cpu *cpu)
{
	if (!__atomic_exchange_n(&cpu->unsettled, 0U, __ATOMIC_SEQ_CST))
		return;
	__atomic_fetch_sub(&unsettled_count, 1, __ATOMIC_SEQ_CST);
	if (!waitqueue_is_empty(&cpu->switched))
		waitqueue_wake_all(&cpu->switched);
}

void isolation_settle(void)
{
	struct cpu *cpu = this_cpu();

	if (__atomic_load_n(&cpu->keeper, __ATOMIC_ACQUIRE)) {
		plic_yield();
		end_rests(cpu);
		timer_give_away();
	}
	set_settled(cpu);
}

void isolation_forget(struct cpu *cpu)
{
	set_settled(cpu);
}

void isolation_wait(void)
{
	if (likely(!__atomic_load_n(&unsettled_count, __ATOMIC_ACQUIRE)))
		return;
	for (unsigned int id = 0; id < cpu_count; id++) {
		struct cpu *cpu = cpu_table[id];

		if (__atomic_load_n(&cpu->unsettled, __ATOMIC_ACQUIRE))
			wait_event(&cpu->switched, !__atomic_load_n(&cpu->unsettled, __ATOMIC_ACQUIRE));
	}
}
