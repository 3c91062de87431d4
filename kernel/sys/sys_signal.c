// SPDX-License-Identifier: Apache-2.0
/*
 * sys_signal.c - sending signals to others, and what a task does about its own.
 */
#include "kernel/mm/address_space.h"
#include "kernel/proc/family.h"
#include "kernel/sys/syscall.h"
#include "kernel/sys/time_arguments.h"

/* --- sending --- */

static bool is_signal(int number)
{
	return number >= 0 && number <= SIGNAL_COUNT;
}

/* kill(2): one of the sender's IDs is one of the target's; SIGCONT inside a session; CAP_KILL. */
static bool may_signal(const struct process *process, const struct cred *target, int number)
{
	const struct cred *own = &current->cred;

	if (cred_has(own, CAP_KILL) || process == current->process)
		return true;
	if (own->euid == target->uid || own->euid == target->suid || own->uid == target->uid ||
	    own->uid == target->suid)
		return true;
	return number == KSIGCONT && process->session == current->process->session;
}

static const struct cred *cred_of_locked(const struct process *process)
{
	const struct task *leader = TAILQ_FIRST(&process->threads);

	return leader ? &leader->cred : &process->cred;
}

static struct signal_info info_from_current(int number, int code)
{
	return (struct signal_info){ .number = number, .code = code, .pid = current->process->pid,
				     .uid = current->cred.uid };
}

/* Signal 0 only asks. `shared`: it is for several processes. */
static int kill_process_locked(struct process *process, bool shared, int number, const struct signal_info *info)
{
	if (!may_signal(process, cred_of_locked(process), number))
		return -EPERM;
	if (!number)
		return 0;
	return shared ? signal_post_shared(process, number, info) : signal_post(process, NULL, number, info);
}

static int kill_one(int32_t pid, int number, const struct signal_info *info)
{
	struct process *process;
	struct task *thread;
	int error = -ESRCH;

	spin_lock(&family_lock);
	process = process_lookup_locked(pid);
	if (!process) { /* a thread's ID names its process */
		thread = task_lookup_locked(pid);
		process = thread ? thread->process : NULL;
	}
	if (process)
		error = kill_process_locked(process, false, number, info);
	spin_unlock(&family_lock);
	return error;
}

/* Success when one could be sent; EPERM when none of those there were. */
static int kill_group(int32_t group, int number, const struct signal_info *info)
{
	struct process *process = NULL;
	int answer = -ESRCH;

	spin_lock(&family_lock);
	while ((process = group_next_locked(group, process))) {
		int error = kill_process_locked(process, true, number, info);

		if (!error || answer == -ESRCH)
			answer = error;
	}
	spin_unlock(&family_lock);
	return answer;
}

/* Everybody but init and the sender. */
static int kill_all(int number, const struct signal_info *info)
{
	struct process *process;
	int32_t pid = 1;
	int answer = -ESRCH;

	while ((process = process_next(pid))) {
		pid = process->pid;
		if (process != current->process && pid > 1) {
			int error;

			spin_lock(&family_lock);
			error = kill_process_locked(process, true, number, info);
			spin_unlock(&family_lock);
			if (error != -EPERM)
				answer = 0;
			else if (answer)
				answer = error;
		}
		process_put(process);
	}
	return answer;
}

int64_t sys_kill(const uint64_t *argument)
{
	int32_t pid = (int32_t)argument[0];
	int number = (int)argument[1];
	struct signal_info info = info_from_current(number, SI_USER);

	if (!is_signal(number))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid > 0)
		return kill_one(pid, number, &info);
	if (pid == -1)
		return kill_all(number, &info);
	return kill_group(pid ? -pid : current->process->group, number, &info);
}

/* To one thread; group 0: of whatever process. */
static int64_t kill_thread(int32_t group, int32_t tid, int number, const struct signal_info *info)
{
	struct task *task;
	int error = -ESRCH;

	if (tid <= 0 || group < 0 || !is_signal(number))
		return -EINVAL;
	spin_lock(&family_lock);
	task = task_lookup_locked(tid);
	if (task && task->process && (!group || task->process->pid == group)) {
		error = may_signal(task->process, &task->cred, number) ? 0 : -EPERM;
		if (!error && number)
			error = signal_post(task->process, task, number, info);
	}
	spin_unlock(&family_lock);
	return error;
}

int64_t sys_tkill(const uint64_t *argument)
{
	struct signal_info info = info_from_current((int)argument[1], SI_TKILL);

	return kill_thread(0, (int32_t)argument[0], (int)argument[1], &info);
}

int64_t sys_tgkill(const uint64_t *argument)
{
	struct signal_info info = info_from_current((int)argument[2], SI_TKILL);

	if ((int32_t)argument[0] <= 0)
		return -EINVAL;
	return kill_thread((int32_t)argument[0], (int32_t)argument[1], (int)argument[2], &info);
}

/* What the sender says of itself; only the kernel and kill(2) may use code >= 0 towards others. */
static int info_from_user(uaddr_t address, int number, int32_t target, struct signal_info *info)
{
	struct abi_siginfo user_info;

	if (copy_from_user(&user_info, address, sizeof(user_info)))
		return -EFAULT;
	if ((user_info.code >= 0 || user_info.code == SI_TKILL) && target != current->process->pid)
		return -EPERM;
	*info = (struct signal_info){
		.number = number, .error = user_info.error, .code = user_info.code,
		.pid = user_info.pid, .uid = user_info.uid, .value = user_info.value,
	};
	return 0;
}

int64_t sys_rt_sigqueueinfo(const uint64_t *argument)
{
	int32_t pid = (int32_t)argument[0];
	int number = (int)argument[1];
	struct signal_info info;
	int error = info_from_user(argument[2], number, pid, &info);

	if (error)
		return error;
	if (!is_signal(number))
		return -EINVAL;
	return pid > 0 ? kill_one(pid, number, &info) : -ESRCH;
}

/* --- handlers --- */

int64_t sys_rt_sigaction(const uint64_t *argument)
{
	int number = (int)argument[0];
	struct process *process = current->process;
	struct signal_action action, old;

	if (argument[3] != SIGNAL_SET_SIZE || number < 1 || number > SIGNAL_COUNT)
		return -EINVAL;
	if (argument[1]) {
		if (SIGNALS_UNBLOCKABLE & SIGNAL_BIT(number))
			return -EINVAL;
		if (copy_from_user(&action, argument[1], sizeof(action)))
			return -EFAULT;
		action.flags &= SA_KNOWN;
		action.mask &= ~SIGNALS_UNBLOCKABLE;
	}
	spin_lock(&process->signals.lock);
	old = process->signals.actions[number - 1];
	if (argument[1]) {
		process->signals.actions[number - 1] = action;
		if (action.handler == SIGNAL_IGNORE ||
		    (action.handler == SIGNAL_DEFAULT && (SIGNALS_IGNORED & SIGNAL_BIT(number))))
			signal_discard_locked(process, SIGNAL_BIT(number));
	}
	spin_unlock(&process->signals.lock);
	return argument[2] ? copy_to_user(argument[2], &old, sizeof(old)) : 0;
}

/* --- masks --- */

int64_t sys_rt_sigprocmask(const uint64_t *argument)
{
	uint64_t old = current->signals.blocked, set;

	if (argument[3] != SIGNAL_SET_SIZE)
		return -EINVAL;
	if (argument[1]) {
		if (copy_from_user(&set, argument[1], sizeof(set)))
			return -EFAULT;
		switch ((int)argument[0]) {
		case SIG_BLOCK:
			signal_set_blocked(old | set);
			break;
		case SIG_UNBLOCK:
			signal_set_blocked(old & ~set);
			break;
		case SIG_SETMASK:
			signal_set_blocked(set);
			break;
		default:
			return -EINVAL;
		}
	}
	return argument[2] ? copy_to_user(argument[2], &old, sizeof(old)) : 0;
}

int64_t sys_rt_sigpending(const uint64_t *argument)
{
	uint64_t set;

	if (argument[1] > SIGNAL_SET_SIZE)
		return -EINVAL;
	spin_lock(&current->process->signals.lock);
	set = (current->signals.queue.pending | current->process->signals.queue.pending) &
	      current->signals.blocked;
	spin_unlock(&current->process->signals.lock);
	return copy_to_user(argument[0], &set, argument[1]);
}

/* --- waiting --- */

int64_t sys_rt_sigsuspend(const uint64_t *argument)
{
	uint64_t mask;

	if (argument[1] != SIGNAL_SET_SIZE)
		return -EINVAL;
	if (copy_from_user(&mask, argument[0], sizeof(mask)))
		return -EFAULT;
	signal_mask_replace(mask);
	do {
		task_set_state(TASK_INTERRUPTIBLE);
	} while (!sched_sleep(UINT64_MAX));
	signal_mask_restore_after_delivery();
	return -ERESTARTNOHAND;
}

static void set_waited(uint64_t set)
{
	spin_lock(&current->process->signals.lock);
	current->signals.waited = set;
	spin_unlock(&current->process->signals.lock);
}

static int take(uint64_t wanted, struct signal_info *info)
{
	int number;

	spin_lock(&current->process->signals.lock);
	number = signal_take(wanted, info);
	spin_unlock(&current->process->signals.lock);
	return number;
}

/* The signal's number; 0: none came until the deadline; -EINTR: another one did. */
static int wait_for_signal(uint64_t wanted, uint64_t deadline_ns, struct signal_info *info)
{
	int number, error = 0;

	set_waited(wanted);
	for (;;) {
		task_set_state(TASK_INTERRUPTIBLE);
		number = take(wanted, info);
		if (number || error)
			break;
		error = sched_sleep(deadline_ns);
	}
	task_set_state(TASK_RUNNING);
	set_waited(0);
	signal_set_blocked(current->signals.blocked);
	if (number)
		return number;
	return error == -ETIMEDOUT ? 0 : -EINTR;
}

int64_t sys_rt_sigtimedwait(const uint64_t *argument)
{
	uint64_t wanted, deadline_ns = UINT64_MAX;
	struct abi_timespec timeout;
	struct abi_siginfo user_info;
	struct signal_info info;
	int number;

	if (argument[3] != SIGNAL_SET_SIZE)
		return -EINVAL;
	if (copy_from_user(&wanted, argument[0], sizeof(wanted)))
		return -EFAULT;
	if (argument[2]) {
		int error = timespec_from_user(&timeout, argument[2]);

		if (error)
			return error;
		deadline_ns = deadline_of_relative(&timeout);
	}
	wanted &= ~SIGNALS_UNBLOCKABLE;
	number = wait_for_signal(wanted, deadline_ns, &info);
	if (number <= 0)
		return number ? number : -EAGAIN;
	signal_info_encode(&user_info, &info);
	if (argument[1] && copy_to_user(argument[1], &user_info, sizeof(user_info)))
		return -EFAULT;
	return number;
}
