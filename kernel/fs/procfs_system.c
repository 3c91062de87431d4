// SPDX-License-Identifier: Apache-2.0
/*
 * procfs_system.c - the files of /proc that speak of the machine, in the words Linux uses.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/dev/machine.h"
#include "kernel/fs/procfs.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/family.h"
#include "kernel/sched/tree.h"
#include "kernel/smp/cpu.h"
#include "kernel/smp/timer.h"
#include "kernel/sys/abi.h"
#include "kernel/sys/system_name.h"

enum { KIB_PER_PAGE = PAGE_SIZE / 1024, TICK_NS = 1000000000 / TICKS_PER_SECOND };

static int show_cmdline(struct text *text, const struct proc_subject *subject)
{
	(void)subject;
	text_printf(text, "%s\n", machine.command_line);
	return 0;
}

/* The CPUs that run and that the reader sees. */
static struct cpumask seen_cpus(void)
{
	struct cpumask seen;

	tree_view(&seen);
	return cpumask_and(&seen, &cpu_online);
}

static int show_cpuinfo(struct text *text, const struct proc_subject *subject)
{
	const struct cpumask seen = seen_cpus();

	(void)subject;
	for (unsigned int cpu = 0; cpu < cpu_count; cpu++)
		if (cpumask_test(&seen, cpu))
			text_printf(text,
				"processor\t: %u\nhart\t\t: %lu\nisa\t\t: %s\nmmu\t\t: sv39\n\n",
				cpu, (unsigned long)cpu_table[cpu]->hart, machine.isa);
	return 0;
}

static int show_filesystems(struct text *text, const struct proc_subject *subject)
{
	const struct filesystem_type *type;

	(void)subject;
	for (unsigned int i = 0; (type = filesystem_by_index(i)) != NULL; i++)
		text_printf(text, "nodev\t%s\n", type->name);
	return 0;
}

/* Tasks that run or want to. */
static unsigned int running_count(void)
{
	unsigned int count = 0;

	for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
		const struct cpu *data = cpu_table[cpu];

		count += __atomic_load_n(&data->queue.waiting_count, __ATOMIC_RELAXED);
		count += __atomic_load_n(&data->queue.running, __ATOMIC_RELAXED) != data->idle;
	}
	return count;
}

/* No averages are kept: the first three fields are what runs at this moment. */
static int show_loadavg(struct text *text, const struct proc_subject *subject)
{
	unsigned int running = running_count();

	(void)subject;
	text_printf(text, "%u.00 %u.00 %u.00 %u/%u %d\n", running, running, running, running,
		task_count(), pid_last());
	return 0;
}

static int show_meminfo(struct text *text, const struct proc_subject *subject)
{
	struct page_counts pages = page_count();
	unsigned long total = pages.total * KIB_PER_PAGE, free = pages.free * KIB_PER_PAGE;

	(void)subject;
	text_printf(text, "MemTotal:       %8lu kB\nMemFree:        %8lu kB\n", total, free);
	text_printf(text, "MemAvailable:   %8lu kB\nBuffers:        %8u kB\n", free, 0);
	text_printf(text, "Cached:         %8u kB\nSwapCached:     %8u kB\n", 0, 0);
	text_printf(text, "SwapTotal:      %8u kB\nSwapFree:       %8u kB\n", 0, 0);
	text_printf(text, "Shmem:          %8u kB\nSReclaimable:   %8u kB\n", 0, 0);
	return 0;
}

int proc_show_mounts(struct text *text, const struct proc_subject *subject)
{
	bool room = text->length < text->size;
	int64_t length = mount_print_all(room ? text->buffer + text->length : NULL,
					 room ? text->size - text->length : 0);

	(void)subject;
	if (length < 0)
		return (int)length;
	text->length += (size_t)length;
	return 0;
}

/* Time busy is not told apart by CPU: it stands in the column of user time. */
static int show_stat(struct text *text, const struct proc_subject *subject)
{
	uint64_t now = time_now_ns(), idle_all = 0, switches = 0, interrupts = 0;
	unsigned int online = 0;
	const struct cpumask seen = seen_cpus();
	int64_t boot = (realtime_now_ns() - (int64_t)now) / (int64_t)NSEC_PER_SEC;

	(void)subject;
	for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
		if (!cpumask_test(&seen, cpu))
			continue;
		online++;
		idle_all += sched_cpu_idle_ns(cpu);
		switches += cpu_table[cpu]->queue.switches;
		interrupts += cpu_table[cpu]->interrupts;
	}
	uint64_t all = now * online;

	text_printf(text, "cpu  %lu 0 0 %lu 0 0 0 0 0 0\n",
		(unsigned long)((all - MIN(idle_all, all)) / TICK_NS),
		(unsigned long)(idle_all / TICK_NS));
	for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
		if (!cpumask_test(&seen, cpu))
			continue;
		uint64_t idle = sched_cpu_idle_ns(cpu);

		text_printf(text, "cpu%u %lu 0 0 %lu 0 0 0 0 0 0\n", cpu,
			    (unsigned long)((now - MIN(idle, now)) / TICK_NS),
			    (unsigned long)(idle / TICK_NS));
	}
	text_printf(text,
		"intr %lu\nctxt %lu\nbtime %ld\nprocesses %d\nprocs_running %u\nprocs_blocked 0\n",
		(unsigned long)interrupts, (unsigned long)switches, (long)boot, pid_last(),
		running_count());
	return 0;
}

static int show_uptime(struct text *text, const struct proc_subject *subject)
{
	uint64_t now = time_now_ns() / TICK_NS, idle = 0;
	const struct cpumask seen = seen_cpus();

	(void)subject;
	for (unsigned int cpu = 0; cpu < cpu_count; cpu++)
		if (cpumask_test(&seen, cpu))
			idle += sched_cpu_idle_ns(cpu);
	idle /= TICK_NS;
	text_printf(text, "%lu.%02lu %lu.%02lu\n", (unsigned long)(now / 100),
		(unsigned long)(now % 100), (unsigned long)(idle / 100),
		(unsigned long)(idle % 100));
	return 0;
}

static int show_version(struct text *text, const struct proc_subject *subject)
{
	(void)subject;
	text_printf(text, "%s version %s %s\n", SYSTEM_NAME, SYSTEM_RELEASE, SYSTEM_VERSION);
	return 0;
}

/* ---- /proc/self ---- */

static int64_t self_read_link(const struct proc_subject *subject, char *buffer, size_t size)
{
	struct text text = { .buffer = buffer, .size = size };

	(void)subject;
	if (!current->process)
		return -ENOENT;
	text_printf(&text, "%d", current->process->pid);
	return (int64_t)MIN(text.length, size);
}

static int64_t thread_self_read_link(const struct proc_subject *subject, char *buffer, size_t size)
{
	struct text text = { .buffer = buffer, .size = size };

	(void)subject;
	if (!current->process)
		return -ENOENT;
	text_printf(&text, "%d/task/%d", current->process->pid, current->tid);
	return (int64_t)MIN(text.length, size);
}

/* ---- /proc/sys/kernel ---- */

static int show_hostname(struct text *text, const struct proc_subject *subject)
{
	char name[SYSTEM_NAME_SIZE];

	(void)subject;
	hostname_get(name);
	text_printf(text, "%s\n", name);
	return 0;
}

static int store_hostname(const char *value, size_t length)
{
	if (!current_has(CAP_SYS_ADMIN))
		return -EPERM;
	return hostname_set(value, strcspn(value, "\n") < length ? strcspn(value, "\n") : length);
}

static int show_osrelease(struct text *text, const struct proc_subject *subject)
{
	(void)subject;
	text_printf(text, "%s\n", SYSTEM_RELEASE);
	return 0;
}

static int show_ostype(struct text *text, const struct proc_subject *subject)
{
	(void)subject;
	text_printf(text, "%s\n", SYSTEM_NAME);
	return 0;
}

static int show_pid_max(struct text *text, const struct proc_subject *subject)
{
	(void)subject;
	text_printf(text, "%d\n", PID_MAX);
	return 0;
}

static const struct proc_entry kernel_entries[] = {
	{ .name = "hostname", .permissions = 0644, .show = show_hostname, .store = store_hostname },
	{ .name = "osrelease", .permissions = 0444, .show = show_osrelease },
	{ .name = "ostype", .permissions = 0444, .show = show_ostype },
	{ .name = "pid_max", .permissions = 0444, .show = show_pid_max },
	{ .name = NULL },
};
static const struct proc_directory kernel_directory = { .entries = kernel_entries };

static const struct proc_entry sys_entries[] = {
	{ .name = "kernel", .permissions = 0555, .directory = &kernel_directory },
	{ .name = NULL },
};
static const struct proc_directory sys_directory = { .entries = sys_entries };

/* Linux's columns, without the last two groups. */
static int show_slabinfo(struct text *text, const struct proc_subject *subject)
{
	struct slab_facts facts;

	(void)subject;
	text_printf(text, "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> "
			  "<objperslab> <pagesperslab>\n");
	for (unsigned int i = 0; slab_facts(i, &facts); i++) {
		char name[24];

		snprintf(name, sizeof(name), strcmp(facts.name, "kmalloc") ? "%s" : "%s-%u", facts.name,
			 facts.size);
		for (char *blank = name; (blank = strchr(blank, ' ')) != NULL;)
			*blank = '_';
		text_printf(text, "%-17s %6lu %6lu %6u %4u %4u\n", name, (unsigned long)facts.in_use,
			    (unsigned long)(facts.slabs * facts.capacity), facts.size, facts.capacity,
			    facts.pages);
	}
	return 0;
}

#ifdef TAPER_CHECKED
/* As Linux's /proc/self/fail-nth, of the task itself: what is left, 0 once it has failed. */
static int show_fail_nth(struct text *text, const struct proc_subject *subject)
{
	(void)subject;
	text_printf(text, "%lu\n", (unsigned long)current->fail_nth);
	return 0;
}

static int store_fail_nth(const char *text, size_t length)
{
	char *end;
	unsigned long nth = strtoul(text, &end, 0);

	if (!length || end == text || (*end && *end != '\n'))
		return -EINVAL;
	current->fail_nth = nth;
	return 0;
}
#endif

static const struct proc_entry root_entries[] = {
	{ .name = "cmdline", .permissions = 0444, .show = show_cmdline },
	{ .name = "cpuinfo", .permissions = 0444, .show = show_cpuinfo },
#ifdef TAPER_CHECKED
	{ .name = "fail-nth", .permissions = 0600, .show = show_fail_nth, .store = store_fail_nth },
#endif
	{ .name = "filesystems", .permissions = 0444, .show = show_filesystems },
	{ .name = "loadavg", .permissions = 0444, .show = show_loadavg },
	{ .name = "meminfo", .permissions = 0444, .show = show_meminfo },
	{ .name = "mounts", .permissions = 0444, .show = proc_show_mounts },
	{ .name = "pressure", .permissions = 0555, .directory = &proc_pressure },
	{ .name = "self", .permissions = 0777, .read_link = self_read_link },
	{ .name = "slabinfo", .permissions = 0400, .show = show_slabinfo },
	{ .name = "stat", .permissions = 0444, .show = show_stat },
	{ .name = "sys", .permissions = 0555, .directory = &sys_directory },
	{ .name = "thread-self", .permissions = 0777, .read_link = thread_self_read_link },
	{ .name = "uptime", .permissions = 0444, .show = show_uptime },
	{ .name = "version", .permissions = 0444, .show = show_version },
	{ .name = NULL },
};

const struct proc_directory proc_root = {
	.entries = root_entries,
	.find = proc_find_process,
	.next = proc_next_process,
	.kernel_numbered = &proc_kernel_thread_entry,
	.numbered = &proc_process_entry,
};
