// SPDX-License-Identifier: Apache-2.0
/*
 * signal_deliver.c - receiving: on the way back to user mode a task runs a handler, stops, or ends.
 *
 * One pass takes as many signals as have no handler, and at most one that has; entry.S comes back
 * while WORK_SIGNAL is set. What becomes of an interrupted system call is settled here too,
 * before a handler's frame is built, because the frame saves the program counter.
 */
#include "kernel/proc/family.h"
#include "kernel/sched/tree.h"
#include "kernel/sys/abi.h"

/* --- the interrupted call --- */

static void restart_call(struct trap_frame *frame)
{
	frame->a[0] = frame->original_a0;
	frame->pc -= 4;
}

/* `action` NULL: no handler runs. */
static void settle_call(struct trap_frame *frame, const struct signal_action *action)
{
	int code = current->restart;

	if (!code)
		return;
	current->restart = 0;
	if (!action || code == ERESTARTNOINTR ||
	    (code == ERESTARTSYS && (action->flags & SA_RESTART))) {
		restart_call(frame);
	} else {
		frame->a[0] = (uint64_t)-EINTR;
	}
	if (action)
		current->restart_deadline_ns = 0;
}

/* --- stopping --- */

static bool must_stay_stopped(const struct process *process, uint32_t generation)
{
	return __atomic_load_n(&process->stopping, __ATOMIC_RELAXED) &&
	       __atomic_load_n(&process->stop_generation, __ATOMIC_RELAXED) == generation &&
	       !task_is_dying();
}

/* Takes part in the process's stop until SIGCONT or the end; the last to stop tells the parent.
 * Called with the signal lock, returns without. */
static void stop_here(struct process *process)
{
	uint32_t generation = process->stop_generation;
	int number = process->stop_signal;
	bool last = ++process->stopped_count == process->thread_count;

	if (last) {
		process->stopped = true;
		process->continued = false;
	}
	spin_unlock(&process->signals.lock);
	if (last)
		process_report(process, CLD_STOPPED, number);
	for (;;) {
		task_set_state(TASK_STOPPED);
		if (!must_stay_stopped(process, generation))
			break;
		if (task_must_freeze())
			task_freeze();
		else
			schedule();
	}
	task_set_state(TASK_RUNNING);
}

/* The default action of a stop signal. A terminal's stop means nothing to an orphaned group:
 * nobody would continue it. Takes and returns with the signal lock. */
static void begin_stop(struct process *process, int number)
{
	uint32_t generation = process->stop_generation;
	struct task *task;
	bool orphaned;

	if (number != KSIGSTOP) {
		spin_unlock(&process->signals.lock);
		orphaned = group_is_orphaned(process->group);
		spin_lock(&process->signals.lock);
		if (orphaned || generation != process->stop_generation)
			return;
	}
	if (process->stopping || process->group_exiting)
		return;
	process->stop_signal = number;
	process->stopped_count = 0;
	__atomic_store_n(&process->stopping, true, __ATOMIC_RELAXED);
	TAILQ_FOREACH(task, &process->threads, thread_link) {
		__atomic_fetch_or(&task->work, WORK_SIGNAL, __ATOMIC_SEQ_CST);
		if (task == current)
			continue;
		sched_kick(task);
		sched_wake_states(task, 1 << TASK_INTERRUPTIBLE);
	}
}

/* --- delivering --- */

/* The handler's frame; where it does not fit, SIGSEGV, and when that was it, the end. */
static void run_handler(struct trap_frame *frame, const struct signal_info *info,
			const struct signal_action *action)
{
	uint64_t blocked = current->signals.blocked;
	uint64_t mask = blocked;

	if (__atomic_load_n(&current->work, __ATOMIC_RELAXED) & WORK_RESTORE_MASK) {
		mask = current->signals.saved_blocked;
		__atomic_fetch_and(&current->work, ~(uint32_t)WORK_RESTORE_MASK, __ATOMIC_RELAXED);
	}
	settle_call(frame, action);
	if (signal_frame_push(frame, info, action, mask)) {
		signal_set_blocked(mask);
		if (info->number == KSIGSEGV) {
			process_end_threads(current->process, KSIGSEGV);
			task_exit(KSIGSEGV);
		}
		signal_force(KSIGSEGV, SI_KERNEL, frame->sp);
		return;
	}
	blocked |= action->mask;
	if (!(action->flags & SA_NODEFER))
		blocked |= SIGNAL_BIT(info->number);
	signal_set_blocked(blocked);
}

/* Takes signals until one has a handler: its number, and what to do; 0: none is left. Called with
 * the signal lock and returns with it. */
static int next_handled(struct process *process, struct signal_info *info,
			struct signal_action *action)
{
	for (;;) {
		int number = signal_take(~current->signals.blocked, info);

		if (!number)
			return 0;
		*action = process->signals.actions[number - 1];
		if (action->handler == SIGNAL_IGNORE)
			continue;
		if (action->handler != SIGNAL_DEFAULT) {
			if (action->flags & SA_RESETHAND)
				process->signals.actions[number - 1].handler = SIGNAL_DEFAULT;
			return number;
		}
		if (SIGNALS_IGNORED & SIGNAL_BIT(number))
			continue;
		if (process == init_process && info->code <= 0)
			continue;
		if (SIGNALS_STOP & SIGNAL_BIT(number)) {
			begin_stop(process, number);
			if (process->stopping)
				return 0;
			continue;
		}
		process_end_threads_locked(process, number);
		return 0;
	}
}

static void end_current(struct process *process)
{
	int status = process->group_exiting ? process->group_exit_status : 0;

	spin_unlock(&process->signals.lock);
	task_exit(status);
}

void signal_deliver(struct trap_frame *frame)
{
	struct process *process = current->process;
	struct signal_action action;
	struct signal_info info;
	int number;

	for (;;) {
		spin_lock(&process->signals.lock);
		if (task_is_dying())
			end_current(process);
		if (task_must_freeze()) {
			spin_unlock(&process->signals.lock);
			task_freeze();
			continue;
		}
		if (process->news) {
			process->news = false;
			spin_unlock(&process->signals.lock);
			process_report(process, CLD_CONTINUED, KSIGCONT);
			continue;
		}
		if (process->stopping) {
			stop_here(process);
			continue;
		}
		number = next_handled(process, &info, &action);
		if (number || (!process->stopping && !task_is_dying()))
			break;
		spin_unlock(&process->signals.lock);
	}
	spin_unlock(&process->signals.lock);
	if (number) {
		run_handler(frame, &info, &action);
		return;
	}
	settle_call(frame, NULL);
	if (__atomic_fetch_and(&current->work, ~(uint32_t)WORK_RESTORE_MASK, __ATOMIC_RELAXED) &
	    WORK_RESTORE_MASK)
		signal_mask_restore();
	else
		signal_set_blocked(current->signals.blocked);
}
