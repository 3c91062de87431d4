// SPDX-License-Identifier: Apache-2.0
/*
 * procfs_task.c - what /proc says of a process or one of its threads: stat, status and their kin.
 *
 * A thread may be gone while its process still waits to be reaped: then subject->task is NULL, and
 * the process remembers what is asked for. A kernel thread has no process: subject->process is NULL.
 */
#include "cgroups/cpulist.h"
#include "kernel/dev/tty.h"
#include "kernel/fs/procfs.h"
#include "kernel/mm/page.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/family.h"
#include "kernel/sched/tree.h"
#include "kernel/smp/cpu.h"
#include "kernel/sys/named_task.h"
#include "kernel/sys/abi.h"

enum {
	TICK_NS = 1000000000 / TICKS_PER_SECOND,
	KIB_PER_PAGE = PAGE_SIZE / 1024,
	LIST_SIZE_MAX = 2048,
	STAT_KERNEL_THREAD = 0x200000, /* the one flag in stat that tools look at */
};

static const char *task_name(const struct proc_subject *subject)
{
	return subject->task ? subject->task->name : subject->process->name;
}

static struct cred copy_cred(const struct proc_subject *subject)
{
	spin_lock(&family_lock);
	struct cred cred = subject->task ? subject->task->cred : subject->process->cred;
	spin_unlock(&family_lock);
	return cred;
}

static int32_t subject_id(const struct proc_subject *subject, const struct task *thread)
{
	return thread ? thread->tid : subject->process->pid;
}

static int32_t subject_process_id(const struct proc_subject *subject)
{
	return subject->process ? subject->process->pid : subject->task->tid;
}

static char state_letter(const struct proc_subject *subject)
{
	if (!subject->task)
		return 'Z';
	switch (__atomic_load_n(&subject->task->state, __ATOMIC_RELAXED)) {
	case TASK_RUNNING:
	case TASK_THROTTLED:
		return 'R';
	case TASK_INTERRUPTIBLE:
		return 'S';
	case TASK_UNINTERRUPTIBLE:
		return subject->process ? 'D' : 'I';
	case TASK_STOPPED:
		return 'T';
	default:
		return 'Z';
	}
}

static const char *state_word(char letter)
{
	switch (letter) {
	case 'R':
		return "running";
	case 'S':
		return "sleeping";
	case 'D':
		return "disk sleep";
	case 'I':
		return "idle";
	case 'T':
		return "stopped";
	default:
		return "zombie";
	}
}

/* What the family lock guards, copied under it. */
struct family_facts {
	int32_t parent, group, session, foreground;
	uint32_t terminal_device, threads;
	uint64_t child_user_ns, child_system_ns;
};

static struct family_facts family_facts(struct process *process)
{
	struct family_facts facts = { .foreground = -1, .threads = 1 };
	struct tty *terminal;

	if (!process)
		return facts;
	spin_lock(&family_lock);
	facts.parent = process->parent ? process->parent->pid : 0;
	facts.group = process->group;
	facts.session = process->session;
	facts.threads = process->thread_count;
	facts.child_user_ns = process->child_user_ns;
	facts.child_system_ns = process->child_system_ns;
	terminal = process->terminal;
	spin_unlock(&family_lock);
	if (terminal) {
		facts.terminal_device = tty_device(terminal);
		facts.foreground = tty_foreground(terminal);
	}
	return facts;
}

struct memory_facts {
	uint64_t mapped_pages, resident_pages, resident_peak;
};

static struct memory_facts memory_facts(struct task *task)
{
	struct memory_facts facts = { 0, 0, 0 };
	struct address_space *space = task ? task_space_get(task) : NULL;

	if (space) {
		facts.mapped_pages = __atomic_load_n(&space->mapped_pages, __ATOMIC_RELAXED);
		facts.resident_pages = __atomic_load_n(&space->resident_pages, __ATOMIC_RELAXED);
		facts.resident_peak = address_space_resident_peak(space);
		address_space_put(space);
	}
	return facts;
}

static uint32_t last_cpu(struct task *task)
{
	return task && tree_sees_task(task) && task->cpu ? task->cpu->id : 0;
}

/* Linux's scale: 0 to 39 by the nice level, below it the real-time priorities, -101 deadline tasks. */
static int shown_priority(const struct task *task)
{
	if (!task || !task->class.urgent)
		return 20 + (task ? nice_of(task) : 0);
	return task->class.policy == POLICY_DEADLINE ? -101 : -1 - task->class.priority;
}

/* The 52 fields of proc_pid_stat(5); those that this kernel has nothing to say to are 0. */
static int show_stat(struct text *text, const struct proc_subject *subject,
	const struct task *thread, uint64_t user_ns, uint64_t system_ns)
{
	struct process *process = subject->process;
	struct family_facts family = family_facts(process);
	struct memory_facts memory = memory_facts(subject->task);

	text_printf(text, "%d (%s) %c %d %d %d %u %d %u 0 0 0 0 ", subject_id(subject, thread),
		task_name(subject), state_letter(subject), family.parent, family.group,
		family.session, family.terminal_device, family.foreground,
		process ? 0 : STAT_KERNEL_THREAD);
	text_printf(text, "%lu %lu %lu %lu %d %d %u 0 %lu ", (unsigned long)(user_ns / TICK_NS),
		(unsigned long)(system_ns / TICK_NS),
		(unsigned long)(family.child_user_ns / TICK_NS),
		(unsigned long)(family.child_system_ns / TICK_NS), shown_priority(subject->task),
		subject->task ? nice_of(subject->task) : 0, family.threads,
		process ? (unsigned long)(process->start_time_ns / TICK_NS) : 0);
	text_printf(text, "%lu %lu 18446744073709551615 0 0 0 0 0 ",
		(unsigned long)(memory.mapped_pages * PAGE_SIZE),
		(unsigned long)memory.resident_pages);
	text_printf(text, "0 0 0 0 0 0 0 17 %u %u %u 0 0 0 0 0 0 0 0 0 0 0\n", last_cpu(subject->task),
		subject->task ? subject->task->class.priority : 0U,
		subject->task ? subject->task->class.policy : 0U);
	return 0;
}

int proc_show_process_stat(struct text *text, const struct proc_subject *subject)
{
	uint64_t user_ns, system_ns;

	process_times(subject->process, &user_ns, &system_ns);
	return show_stat(text, subject, NULL, user_ns, system_ns);
}

int proc_show_thread_stat(struct text *text, const struct proc_subject *subject)
{
	uint64_t user_ns, system_ns;

	sched_task_times(subject->task, &user_ns, &system_ns);
	return show_stat(text, subject, subject->task, user_ns, system_ns);
}

/* ---- status ---- */

static void show_ids(struct text *text, const struct cred *cred)
{
	text_printf(text, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nGroups:\t", cred->uid,
		cred->euid, cred->suid, cred->fsuid, cred->gid, cred->egid, cred->sgid,
		cred->fsgid);
	for (uint32_t i = 0; i < cred->group_count; i++)
		text_printf(text, "%u ", cred->groups[i]);
	text_printf(text, "\n");
}

static void show_signals(struct text *text, struct process *process, struct task *task)
{
	uint64_t pending = 0, shared = 0, blocked = 0, ignored = 0, caught = 0;

	if (process && task) {
		spin_lock(&process->signals.lock);
		pending = task->signals.queue.pending;
		shared = process->signals.queue.pending;
		blocked = task->signals.blocked;
		for (int i = 0; i < SIGNAL_COUNT; i++) {
			uint64_t handler = process->signals.actions[i].handler;

			ignored |= (uint64_t)(handler == SIGNAL_IGNORE) << i;
			caught |= (uint64_t)(handler > SIGNAL_IGNORE) << i;
		}
		spin_unlock(&process->signals.lock);
	}
	text_printf(text, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\n",
		(unsigned long)pending, (unsigned long)shared, (unsigned long)blocked);
	text_printf(text, "SigIgn:\t%016lx\nSigCgt:\t%016lx\n", (unsigned long)ignored,
		(unsigned long)caught);
}

static void show_capabilities(struct text *text, const struct cred *cred)
{
	text_printf(text, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\n",
		    (unsigned long)cred->inheritable, (unsigned long)cred->permitted,
		    (unsigned long)cred->effective, (unsigned long)cred->bounding);
	text_printf(text, "CapAmb:\t%016lx\n", 0UL);
}

/* Hexadecimal words of 32 CPUs, the highest first, as Linux prints a mask. */
static void show_mask_words(struct text *text, const struct cpumask *mask)
{
	for (unsigned int word = (cpu_count + 31) / 32; word-- > 0;) {
		uint32_t bits = (uint32_t)(mask->bits[word / 2] >> (word % 2 * 32));
		unsigned int width = word == (cpu_count + 31) / 32 - 1 && cpu_count % 32 ?
				     (cpu_count % 32 + 3) / 4 : 8;

		text_printf(text, "%0*x%s", (int)width, bits, word ? "," : "\n");
	}
}

static int show_allowed(struct text *text, struct task *task)
{
	struct cpumask allowed;

	if (!tree_sees_task(task))
		return 0;
	char *list = kmalloc(LIST_SIZE_MAX);

	if (!list)
		return -ENOMEM;
	spin_lock(&task->lock);
	allowed = task->allowed;
	spin_unlock(&task->lock);
	allowed = cpumask_and(&allowed, &cpu_possible);
	text_printf(text, "Cpus_allowed:\t");
	show_mask_words(text, &allowed);
	size_t length = cpulist_format(&allowed, list, LIST_SIZE_MAX);

	text_printf(
		text, "Cpus_allowed_list:\t%.*s\n", (int)MIN(length, (size_t)LIST_SIZE_MAX), list);
	struct cpumask mems = cpumask_none();

	mems.bits[0] = __atomic_load_n(&task->mems, __ATOMIC_RELAXED);
	text_printf(text, "Mems_allowed:\t%llx\n", (unsigned long long)mems.bits[0]);
	length = cpulist_format(&mems, list, LIST_SIZE_MAX);
	text_printf(
		text, "Mems_allowed_list:\t%.*s\n", (int)MIN(length, (size_t)LIST_SIZE_MAX), list);
	kfree(list);
	return 0;
}

static int show_status(
	struct text *text, const struct proc_subject *subject, const struct task *thread)
{
	struct process *process = subject->process;
	struct family_facts family = family_facts(process);
	struct memory_facts memory = memory_facts(subject->task);
	const struct cred cred = copy_cred(subject);
	char letter = state_letter(subject);
	int error = 0;

	text_printf(text, "Name:\t%s\nState:\t%c (%s)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\n",
		    task_name(subject), letter, state_word(letter), subject_process_id(subject),
		    subject_id(subject, thread), family.parent);
	text_printf(text, "TracerPid:\t0\n");
	show_ids(text, &cred);
	if (subject->task)
		text_printf(text, "VmSize:\t%8lu kB\nVmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\n",
			    (unsigned long)(memory.mapped_pages * KIB_PER_PAGE),
			    (unsigned long)(memory.resident_peak * KIB_PER_PAGE),
			    (unsigned long)(memory.resident_pages * KIB_PER_PAGE));
	text_printf(text, "Threads:\t%u\n", family.threads);
	show_signals(text, process, subject->task);
	show_capabilities(text, &cred);
	text_printf(text, "NoNewPrivs:\t%u\n", process && process->no_new_privileges);
	if (subject->task) {
		error = show_allowed(text, subject->task);
		text_printf(text, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t0\n",
			    (unsigned long)subject->task->entity.switches);
	}
	return error;
}

int proc_show_process_status(struct text *text, const struct proc_subject *subject)
{
	return show_status(text, subject, NULL);
}

int proc_show_thread_status(struct text *text, const struct proc_subject *subject)
{
	return show_status(text, subject, subject->task);
}

int proc_show_comm(struct text *text, const struct proc_subject *subject)
{
	text_printf(text, "%s\n", task_name(subject));
	return 0;
}

/* ---- cgroup ---- */

/* "0::/path": from the node upwards, so the names are first laid end to end, backwards. */
int proc_show_cgroup(struct text *text, const struct proc_subject *subject)
{
	char *buffer = page_alloc_mapped(PAGE_ANY);
	char *start;

	if (!buffer)
		return -ENOMEM;
	start = buffer + PAGE_SIZE;
	mutex_lock(&tree_mutex);
	const struct cg_node *node = subject->task ? subject->task->member.node : NULL;

	for (; node && node->parent; node = node->parent) {
		if ((size_t)(start - buffer) < node->name_length + 1u)
			break;
		start -= node->name_length;
		memcpy(start, node->name, node->name_length);
		*--start = '/';
	}
	mutex_unlock(&tree_mutex);
	size_t length = (size_t)(buffer + PAGE_SIZE - start);

	text_append(text, "0::", 3);
	text_append(text, length ? start : "/", length ? length : 1);
	text_append(text, "\n", 1);
	page_free_mapped(buffer);
	return 0;
}

/* ---- limits ---- */

static void show_limit(struct text *text, uint64_t limit)
{
	if (limit == RLIMIT_INFINITY)
		text_printf(text, "%-20s ", "unlimited");
	else
		text_printf(text, "%-20lu ", (unsigned long)limit);
}

int proc_show_limits(struct text *text, const struct proc_subject *subject)
{
	static const struct {
		const char *name, *unit;
	} rows[RLIMIT_COUNT] = {
		{"Max cpu time", "seconds"},
		{"Max file size", "bytes"},
		{"Max data size", "bytes"},
		{"Max stack size", "bytes"},
		{"Max core file size", "bytes"},
		{"Max resident set", "bytes"},
		{"Max processes", "processes"},
		{"Max open files", "files"},
		{"Max locked memory", "bytes"},
		{"Max address space", "bytes"},
		{"Max file locks", "locks"},
		{"Max pending signals", "signals"},
		{"Max msgqueue size", "bytes"},
		{"Max nice priority", ""},
		{"Max realtime priority", ""},
		{"Max realtime timeout", "us"},
	};

	text_printf(
		text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (unsigned int i = 0; i < RLIMIT_COUNT; i++) {
		text_printf(text, "%-25s ", rows[i].name);
		show_limit(text, subject->process->limits[i].soft);
		show_limit(text, subject->process->limits[i].hard);
		text_printf(text, "%-10s\n", rows[i].unit);
	}
	return 0;
}
