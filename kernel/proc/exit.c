// SPDX-License-Identifier: Apache-2.0
/*
 * exit.c - the end of a thread, and with the last one the end of its process.
 *
 * A thread first gives back what it uses (that may sleep), leaves the tree, and then, under the
 * family lock, its process. A process without threads is a zombie until its parent asks, or is
 * gone at once when the parent does not care. Its children become init's. So whoever sees a
 * zombie sees its group already empty of it.
 */
#include <string.h>

#include "kernel/dev/tty.h"
#include "kernel/fs/vfs.h"
#include "kernel/mm/address_space.h"
#include "kernel/proc/life.h"
#include "kernel/proc/program.h"
#include "kernel/sched/tree.h"
#include "kernel/sys/abi.h"
#include "kernel/sys/syscall.h"

/* --- what a thread gives back --- */

void vfork_release(struct process *process)
{
	struct vfork_wait *wait;

	if (!process->vfork_waiter)
		return;
	spin_lock(&family_lock);
	wait = process->vfork_waiter;
	process->vfork_waiter = NULL;
	if (wait) {
		__atomic_store_n(&wait->done, true, __ATOMIC_RELEASE);
		sched_wake(wait->task);
	}
	spin_unlock(&family_lock);
}

static void leave_address_space(struct task *task)
{
	struct address_space *space = task->space;

	futex_exit_robust(task);
	if (task->clear_child_tid && __atomic_load_n(&space->references, __ATOMIC_RELAXED) > 1) {
		uint32_t zero = 0;

		if (!copy_to_user(task->clear_child_tid, &zero, sizeof(zero)))
			(void)futex_wake_address(task->clear_child_tid);
	}
	spin_lock(&family_lock); /* /proc looks at other tasks' parts under it */
	task->process->resident_peak = MAX(task->process->resident_peak, address_space_resident_peak(space));
	task->space = NULL;
	spin_unlock(&family_lock);
	address_space_activate(NULL);
	address_space_put(space);
}

static void give_back(struct task *task)
{
	struct fd_table *files = task->files;
	struct fs_context *fs = task->fs;

	if (task->space)
		leave_address_space(task);
	spin_lock(&family_lock);
	task->files = NULL;
	task->fs = NULL;
	spin_unlock(&family_lock);
	if (files)
		fd_table_put(files);
	if (fs)
		fs_context_put(fs);
}

/* --- the end of a process --- */

static bool parent_wants_no_zombie(const struct process *process)
{
	const struct signal_action *action = &process->parent->signals.actions[KSIGCHLD - 1];

	return process->exit_signal == KSIGCHLD &&
	       (action->handler == SIGNAL_IGNORE || (action->flags & SA_NOCLDWAIT));
}

void process_reap_locked(struct process *process)
{
	kassert(process->state == PROCESS_ZOMBIE);
	TAILQ_REMOVE(&process->parent->children, process, sibling_link);
	process->parent = NULL;
	process_remove_locked(process);
}

/* Tells the parent of a zombie. Answers whether nobody will ever wait for it. */
static bool tell_parent_locked(struct process *process)
{
	struct process *parent = process->parent;
	int status = process->exit_status;
	bool killed = status & 0x7f;
	struct signal_info info = {
		.code = killed ? CLD_KILLED : CLD_EXITED,
		.pid = process->pid,
		.uid = process->cred.uid,
		.status = killed ? status & 0x7f : status >> 8 & 0xff,
	};
	bool unwanted = parent_wants_no_zombie(process);

	if (process->exit_signal > 0 && process->exit_signal <= SIGNAL_COUNT)
		signal_send_process(parent, process->exit_signal, &info);
	if (unwanted)
		process_reap_locked(process);
	waitqueue_wake_all(&parent->child_event);
	return unwanted;
}

/* A stopped group that nobody can continue any more is told so (POSIX). */
static void check_orphaned_locked(int32_t group, const struct process *leaving)
{
	if (!group_has_stopped_locked(group) || !group_is_orphaned_locked(group, leaving))
		return;
	(void)signal_send_group_locked(group, KSIGHUP, NULL);
	(void)signal_send_group_locked(group, KSIGCONT, NULL);
}

/* The children go to init. Zombies that init does not want are linked into *unwanted. */
static void give_children_away_locked(struct process *process, struct child_list *unwanted)
{
	struct process *child, *next;

	for (child = TAILQ_FIRST(&process->children); child; child = next) {
		next = TAILQ_NEXT(child, sibling_link);
		TAILQ_REMOVE(&process->children, child, sibling_link);
		TAILQ_INSERT_TAIL(&init_process->children, child, sibling_link);
		child->parent = init_process;
		__atomic_store_n(&child->parent_pid, init_process->pid, __ATOMIC_RELAXED);
		child->exit_signal = KSIGCHLD;
		if (child->death_signal)
			signal_send_process(child, child->death_signal, NULL);
		if (child->state == PROCESS_ZOMBIE) {
			if (tell_parent_locked(child))
				TAILQ_INSERT_TAIL(unwanted, child, sibling_link);
		} else if (child->group != process->group && child->session == process->session) {
			check_orphaned_locked(child->group, process);
		}
	}
}

static void become_zombie_locked(struct task *last, struct child_list *unwanted)
{
	struct process *process = last->process;

	process->state = PROCESS_ZOMBIE;
	process->exit_status = process->group_exiting ? process->group_exit_status :
							process->leader_status;
	process->cred = last->cred;
	memcpy(process->name, last->name, sizeof(process->name));
	give_children_away_locked(process, unwanted);
	if (process->parent->group != process->group &&
		process->parent->session == process->session)
		check_orphaned_locked(process->group, process);
	if (tell_parent_locked(process))
		TAILQ_INSERT_TAIL(unwanted, process, sibling_link);
}

/* --- leaving --- */

/* Off the list of threads. Answers whether the others have thereby all stopped. */
static bool leave_threads_locked(struct process *process, struct task *task)
{
	bool all_stopped;

	spin_lock(&process->signals.lock);
	TAILQ_REMOVE(&process->threads, task, thread_link);
	process->thread_count--;
	signal_queue_clear(&task->signals.queue);
	signal_hand_over_locked(process, task);
	all_stopped = process->stopping && process->thread_count &&
		      process->stopped_count == process->thread_count && !process->stopped;
	if (all_stopped)
		process->stopped = true;
	spin_unlock(&process->signals.lock);
	return all_stopped;
}

static _Noreturn void init_died(int status)
{
	if (status & 0x7f)
		panic("init died: killed by signal %d", status & 0x7f);
	panic("init died: exit status %d", status >> 8 & 0xff);
}

/* What a process still had when its last thread left. */
static void end_process(struct process *process, struct program *program)
{
	struct tty *terminal = process->terminal;

	if (process->session == process->pid && terminal) {
		session_set_terminal(process->session, NULL);
		tty_leave_session(terminal, process->session);
	}
	alarm_cancel(process);
	vfork_release(process);
	program_put(program);
}

static void leave_family(struct task *task)
{
	struct process *process = task->process, *gone;
	struct child_list unwanted = TAILQ_HEAD_INITIALIZER(unwanted);
	struct program *program = NULL;
	bool all_stopped, last;
	uint64_t user_ns, system_ns;

	sched_task_times(task, &user_ns, &system_ns);
	spin_lock(&family_lock);
	all_stopped = leave_threads_locked(process, task);
	process->dead_user_ns += user_ns;
	process->dead_system_ns += system_ns;
	task_add_counts(task, &process->dead_counts);
	task_remove_locked(task);
	task_forget_id_locked(task->tid);
	if (task->tid == process->pid)
		process->leader_status = task->exit_status;
	last = process->thread_count == 0;
	if (last && process == init_process)
		init_died(process->group_exiting ? process->group_exit_status
						 : process->leader_status);
	if (last) {
		program = process->program;
		process->program = NULL;
		process->executable = NULL;
		process->executable_path = NULL;
		become_zombie_locked(task, &unwanted);
	} else if (process->exec_task) {
		waitqueue_wake_all(&process->child_event);
	}
	spin_unlock(&family_lock);
	if (all_stopped)
		process_report(process, CLD_STOPPED, process->stop_signal);
	if (last)
		end_process(process, program);
	while ((gone = TAILQ_FIRST(&unwanted))) {
		TAILQ_REMOVE(&unwanted, gone, sibling_link);
		process_put(gone);
	}
}

static void leave_kernel_family(struct task *task)
{
	spin_lock(&family_lock);
	task_remove_locked(task);
	task_forget_id_locked(task->tid);
	spin_unlock(&family_lock);
}

void task_exit(int status)
{
	struct task *task = current;
	struct process *process = task->process;

	kassert(!(task->flags & (TASK_EXITING | TASK_IDLE)));
	task->flags |= TASK_EXITING;
	task->exit_status = status;
	give_back(task);
	tree_exit(task);
	if (process)
		leave_family(task);
	else
		leave_kernel_family(task);
	sched_exit();
}

int64_t sys_exit(const uint64_t *argument)
{
	task_exit((int)(argument[0] & 0xff) << 8);
}

int64_t sys_exit_group(const uint64_t *argument)
{
	process_end_threads(current->process, (int)(argument[0] & 0xff) << 8);
	task_exit(current->process->group_exit_status);
}
