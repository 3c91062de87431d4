// SPDX-License-Identifier: Apache-2.0
/*
 * pid.c - IDs and the tables behind them: threads by TID, processes by PID, processes by group.
 *
 * An ID stays in use while a task, a process, a group or a session has it: pid_uses counts. So a
 * PID is never given out while anything could still be meant by it. IDs go round.
 *
 * Cost: lookups and the choice of an ID are O(1) for what the tables are sized for (a few
 * thousand processes); process_next skips unused IDs eight bytes at a time.
 */
#include <string.h>

#include "kernel/mm/address_space.h"
#include "kernel/proc/family.h"

enum { BUCKETS = 512 };

LIST_HEAD(task_bucket, task);
LIST_HEAD(process_bucket, process);

struct spinlock family_lock = SPINLOCK_INIT(LOCK_RANK_FAMILY);
struct process *init_process;

static struct task_bucket tasks_by_tid[BUCKETS];             /* (f) */
static struct process_bucket processes_by_pid[BUCKETS];      /* (f) */
static struct process_bucket processes_by_group[BUCKETS];    /* (f) */
static uint16_t pid_uses[PID_MAX] __attribute__((aligned(8))); /* (f), zero or not: (a) */
static int32_t last_pid = 1;                                 /* (f) */
static unsigned int live_tasks;                              /* (f) */

/* --- IDs --- */

int32_t pid_alloc(void)
{
	int32_t pid;

	spin_lock(&family_lock);
	if (live_tasks >= TASK_MAX) {
		spin_unlock(&family_lock);
		return -EAGAIN;
	}
	pid = last_pid;
	do {
		pid = pid + 1 < PID_MAX ? pid + 1 : 2;
	} while (pid_uses[pid] && pid != last_pid);
	if (pid_uses[pid]) {
		spin_unlock(&family_lock);
		return -EAGAIN;
	}
	pid_uses[pid] = 1;
	last_pid = pid;
	live_tasks++;
	spin_unlock(&family_lock);
	return pid;
}

void pid_take_locked(int32_t pid)
{
	kassert(pid >= 0 && pid < PID_MAX && pid_uses[pid] < UINT16_MAX);
	pid_uses[pid]++;
}

void pid_release_locked(int32_t pid)
{
	kassert(pid >= 0 && pid < PID_MAX && pid_uses[pid] > 0);
	pid_uses[pid]--;
}

unsigned int task_count(void)
{
	return __atomic_load_n(&live_tasks, __ATOMIC_RELAXED);
}

int32_t pid_last(void)
{
	return __atomic_load_n(&last_pid, __ATOMIC_RELAXED);
}

/* --- tasks --- */

struct task *task_lookup_locked(int32_t tid)
{
	struct task *task;

	kcheck(spin_is_held(&family_lock));
	LIST_FOREACH(task, &tasks_by_tid[(uint32_t)tid % BUCKETS], tid_link)
		if (task->tid == tid)
			return task;
	return NULL;
}

void pid_take_first(void)
{
	spin_lock(&family_lock);
	pid_take_locked(1);
	live_tasks++;
	spin_unlock(&family_lock);
}

/* The ID's one use by its task was counted by pid_alloc(). */
void task_insert_locked(struct task *task)
{
	LIST_INSERT_HEAD(&tasks_by_tid[(uint32_t)task->tid % BUCKETS], task, tid_link);
}

void task_remove_locked(struct task *task)
{
	LIST_REMOVE(task, tid_link);
}

void task_forget_id_locked(int32_t tid)
{
	pid_release_locked(tid);
	live_tasks--;
}

struct task *task_find(int32_t tid)
{
	struct task *task;

	spin_lock(&family_lock);
	task = task_lookup_locked(tid);
	if (task)
		task_get(task);
	spin_unlock(&family_lock);
	return task;
}

/* --- processes --- */

struct process *process_lookup_locked(int32_t pid)
{
	struct process *process;

	kcheck(spin_is_held(&family_lock));
	LIST_FOREACH(process, &processes_by_pid[(uint32_t)pid % BUCKETS], pid_link)
		if (process->pid == pid)
			return process;
	return NULL;
}

static struct process_bucket *group_bucket(int32_t group)
{
	return &processes_by_group[(uint32_t)group % BUCKETS];
}

void process_insert_locked(struct process *process)
{
	pid_take_locked(process->pid);
	pid_take_locked(process->group);
	pid_take_locked(process->session);
	LIST_INSERT_HEAD(&processes_by_pid[(uint32_t)process->pid % BUCKETS], process, pid_link);
	LIST_INSERT_HEAD(group_bucket(process->group), process, group_link);
}

void process_remove_locked(struct process *process)
{
	LIST_REMOVE(process, pid_link);
	LIST_REMOVE(process, group_link);
	pid_release_locked(process->pid);
	pid_release_locked(process->group);
	pid_release_locked(process->session);
}

void process_set_group_locked(struct process *process, int32_t group)
{
	LIST_REMOVE(process, group_link);
	pid_release_locked(process->group);
	process->group = group;
	pid_take_locked(group);
	LIST_INSERT_HEAD(group_bucket(group), process, group_link);
}

void process_set_session_locked(struct process *process, int32_t session)
{
	pid_release_locked(process->session);
	process->session = session;
	pid_take_locked(session);
}

struct process *process_find(int32_t pid)
{
	struct process *process;

	spin_lock(&family_lock);
	process = process_lookup_locked(pid);
	if (process)
		process_get(process);
	spin_unlock(&family_lock);
	return process;
}

/* The next ID in use, without the lock: what is born or dies meanwhile may be missed. */
static int32_t next_used(int32_t pid)
{
	while (pid < PID_MAX) {
		uint64_t four;

		if (pid % 4 == 0) {
			memcpy(&four, &pid_uses[pid], sizeof(four));
			if (four == 0) {
				pid += 4;
				continue;
			}
		}
		if (__atomic_load_n(&pid_uses[pid], __ATOMIC_RELAXED))
			return pid;
		pid++;
	}
	return PID_MAX;
}

struct process *process_next(int32_t after)
{
	int32_t pid = after < 0 ? 0 : after;

	while (pid < PID_MAX) {
		struct process *process;

		pid = next_used(pid + 1);
		process = pid < PID_MAX ? process_find(pid) : NULL;
		if (process)
			return process;
	}
	return NULL;
}

static bool is_process_or_kernel_thread(int32_t pid)
{
	const struct task *task;
	bool found;

	spin_lock(&family_lock);
	task = task_lookup_locked(pid);
	found = (task && !task->process) || process_lookup_locked(pid);
	spin_unlock(&family_lock);
	return found;
}

int32_t pid_next(int32_t after)
{
	int32_t pid = after < 0 ? 0 : after;

	do {
		pid = next_used(pid + 1);
	} while (pid < PID_MAX && !is_process_or_kernel_thread(pid));
	return pid < PID_MAX ? pid : -1;
}

struct task *thread_next(struct process *process, int32_t after)
{
	struct task *best = NULL, *task;

	spin_lock(&family_lock);
	TAILQ_FOREACH(task, &process->threads, thread_link)
		if (task->tid > after && (!best || task->tid < best->tid))
			best = task;
	if (best)
		task_get(best);
	spin_unlock(&family_lock);
	return best;
}

struct task *process_leader(struct process *process)
{
	struct task *task;

	spin_lock(&family_lock);
	task = TAILQ_FIRST(&process->threads);
	if (task)
		task_get(task);
	spin_unlock(&family_lock);
	return task;
}

void process_times_locked(struct process *process, uint64_t *user_ns, uint64_t *system_ns)
{
	struct task *task;

	*user_ns = process->dead_user_ns;
	*system_ns = process->dead_system_ns;
	TAILQ_FOREACH(task, &process->threads, thread_link) {
		uint64_t user, system;

		sched_task_times(task, &user, &system);
		*user_ns += user;
		*system_ns += system;
	}
}

/* The switch that it runs since is not over. */
void task_add_counts(const struct task *task, struct task_counts *sum)
{
	uint64_t involuntary = __atomic_load_n(&task->entity.involuntary_switches, __ATOMIC_RELAXED);
	uint64_t out = __atomic_load_n(&task->entity.switches, __ATOMIC_RELAXED);

	out -= MIN(out, (uint64_t)(task == current));
	sum->minor_faults += __atomic_load_n(&task->minor_faults, __ATOMIC_RELAXED);
	sum->involuntary_switches += involuntary;
	sum->voluntary_switches += out - MIN(out, involuntary);
}

void process_counts_locked(struct process *process, struct task_counts *counts)
{
	const struct task *task;

	*counts = process->dead_counts;
	TAILQ_FOREACH(task, &process->threads, thread_link)
		task_add_counts(task, counts);
}

uint64_t process_resident_peak_locked(struct process *process)
{
	const struct task *task = TAILQ_FIRST(&process->threads);
	uint64_t peak = process->resident_peak;

	return task && task->space ? MAX(peak, address_space_resident_peak(task->space)) : peak;
}

void process_times(struct process *process, uint64_t *user_ns, uint64_t *system_ns)
{
	spin_lock(&family_lock);
	process_times_locked(process, user_ns, system_ns);
	spin_unlock(&family_lock);
}

/* --- groups and sessions --- */

struct process *group_next_locked(int32_t group, struct process *previous)
{
	struct process *process;

	kcheck(spin_is_held(&family_lock));
	process = previous ? LIST_NEXT(previous, group_link) : LIST_FIRST(group_bucket(group));
	while (process && process->group != group)
		process = LIST_NEXT(process, group_link);
	return process;
}

bool group_in_session(int32_t group, int32_t session)
{
	struct process *member;
	bool found;

	spin_lock(&family_lock);
	member = group_next_locked(group, NULL); /* one speaks for all: a group is in one session */
	found = member && member->session == session;
	spin_unlock(&family_lock);
	return found;
}

bool group_is_orphaned_locked(int32_t group, const struct process *without)
{
	struct process *member = NULL;

	while ((member = group_next_locked(group, member))) {
		const struct process *parent = member->parent;

		if (member == without || member->state == PROCESS_ZOMBIE || !parent ||
		    parent == init_process)
			continue;
		if (parent->group != group && parent->session == member->session)
			return false;
	}
	return true;
}

bool group_is_orphaned(int32_t group)
{
	bool orphaned;

	spin_lock(&family_lock);
	orphaned = group_is_orphaned_locked(group, NULL);
	spin_unlock(&family_lock);
	return orphaned;
}

bool group_has_stopped_locked(int32_t group)
{
	struct process *member = NULL;

	while ((member = group_next_locked(group, member)))
		if (__atomic_load_n(&member->stopping, __ATOMIC_RELAXED))
			return true;
	return false;
}

void session_set_terminal(int32_t session, struct tty *terminal)
{
	spin_lock(&family_lock);
	for (unsigned int i = 0; i < BUCKETS; i++) {
		struct process *process;

		LIST_FOREACH(process, &processes_by_pid[i], pid_link)
			if (process->session == session)
				process->terminal = terminal;
	}
	spin_unlock(&family_lock);
}
