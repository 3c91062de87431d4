// SPDX-License-Identifier: Apache-2.0
/*
 * exec.c - the current process runs another program: execve(2), and the first one of all.
 *
 * The new program is loaded beside the old one. What may fail comes first: loading, an own
 * descriptor table, the end of the other threads. Then the process changes over, and nothing of
 * that can fail.
 *
 * Set-user-ID bits are not obeyed: a program never has more rights than who started it.
 */
#include <string.h>

#include "kernel/fs/vfs.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/life.h"
#include "kernel/proc/program.h"
#include "kernel/riscv/csr.h"
#include "kernel/riscv/fpu.h"
#include "kernel/sched/pressure_trigger.h"
#include "kernel/sched/tree.h"
#include "kernel/sys/abi.h"
#include "kernel/sys/syscall.h"

enum { PATH_SIZE = 4096 };

/* riscv/entry.S */
void ret_from_fork(void);

/* --- the other threads --- */

/* The one thread that is left is the process's leader by name, whoever it was. */
static void take_leaders_id(struct task *task)
{
	struct process *process = task->process;

	mutex_lock(&tree_mutex);
	task->member.tid = process->pid;
	mutex_unlock(&tree_mutex);
	spin_lock(&family_lock);
	task_remove_locked(task);
	pid_release_locked(task->tid);
	task->tid = process->pid;
	pid_take_locked(task->tid);
	task_insert_locked(task);
	spin_unlock(&family_lock);
}

static uint32_t thread_count(const struct process *process)
{
	return __atomic_load_n(&process->thread_count, __ATOMIC_ACQUIRE);
}

static int end_other_threads(void)
{
	struct process *process = current->process;
	int error = process_keep_current(process);

	if (error)
		return error;
	wait_event(&process->child_event, thread_count(process) == 1);
	__atomic_store_n(&process->exec_task, NULL, __ATOMIC_RELAXED);
	if (current->tid != process->pid)
		take_leaders_id(current);
	return 0;
}

/* --- changing over --- */

static void set_program(struct process *process, struct program *program)
{
	struct program *old;

	spin_lock(&family_lock);
	old = process->program;
	process->program = program;
	process->executable = program->file;
	process->executable_path = program->path;
	process->executed = true;
	spin_unlock(&family_lock);
	program_put(old);
}

/* Root's programs have every capability that the bounding set leaves, others none. */
static void set_capabilities(struct cred *cred)
{
	spin_lock(&family_lock);
	cred->permitted = cred->uid == 0 || cred->euid == 0 ? cred->bounding : 0;
	cred->effective = cred->euid == 0 ? cred->permitted : 0;
	cred->suid = cred->fsuid = cred->euid;
	cred->sgid = cred->fsgid = cred->egid;
	spin_unlock(&family_lock);
}

static void leave_old_memory(struct address_space *new_space)
{
	struct address_space *old = current->space;

	futex_exit_robust(current);
	if (current->clear_child_tid && __atomic_load_n(&old->references, __ATOMIC_RELAXED) > 1) {
		uint32_t zero = 0;

		if (!copy_to_user(current->clear_child_tid, &zero, sizeof(zero)))
			(void)futex_wake_address(current->clear_child_tid);
	}
	current->clear_child_tid = 0;
	qos_exec();
	spin_lock(&family_lock); /* /proc looks at other tasks' memory under it */
	current->process->resident_peak =
		MAX(current->process->resident_peak, address_space_resident_peak(old));
	current->space = new_space;
	spin_unlock(&family_lock);
	address_space_activate(new_space);
	address_space_put(old);
	vfork_release(current->process);
}

static void change_over(const char *path, struct loaded_program *loaded)
{
	struct process *process = current->process;

	leave_old_memory(loaded->space);
	current->home_votes = 0;
	set_program(process, loaded->program);
	signal_reset_handlers(process);
	current->signals.stack_base = 0;
	current->signals.stack_size = 0;
	current->signals.stack_flags = SS_DISABLE;
	process->dumpable = 1;
	set_capabilities(&current->cred);
	task_set_name(current, path);
	program_start_frame(task_frame(current), loaded->start, loaded->stack);
	fpu_reset();
}

static int replace_program(const char *path, struct argument_list *arguments)
{
	struct loaded_program loaded;
	int error = program_load(path, arguments, &current->cred,
				 current->process->limits[RLIMIT_STACK].soft, &loaded);

	if (error)
		return error;
	error = fd_table_exec(&current->files);
	if (!error)
		error = end_other_threads();
	if (error) {
		program_unload(&loaded);
		return error;
	}
	change_over(path, &loaded);
	return 0;
}

int64_t sys_execve(const uint64_t *argument)
{
	struct argument_list arguments;
	char *path = kmalloc(PATH_SIZE);
	int64_t error;

	if (!path)
		return -ENOMEM;
	error = copy_string_from_user(path, argument[0], PATH_SIZE);
	if (error >= 0)
		error = error ? arguments_from_user(&arguments, argument[1], argument[2]) : -ENOENT;
	if (!error) {
		error = replace_program(path, &arguments);
		arguments_free(&arguments);
	}
	kfree(path);
	return error;
}

/* --- process 1 --- */

static void set_first_limits(struct process *process)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(process->limits); i++)
		process->limits[i].soft = process->limits[i].hard = RLIMIT_INFINITY;
	process->limits[RLIMIT_STACK].soft = 8UL << 20;
	process->limits[RLIMIT_NOFILE].soft = 1024;
	process->limits[RLIMIT_NOFILE].hard = 4096;
	process->limits[RLIMIT_CORE].soft = 0;
	process->limits[RLIMIT_MEMLOCK].soft = process->limits[RLIMIT_MEMLOCK].hard = 8UL << 20;
	process->limits[RLIMIT_MSGQUEUE].soft = process->limits[RLIMIT_MSGQUEUE].hard = 819200;
	process->limits[RLIMIT_NICE].soft = process->limits[RLIMIT_NICE].hard = 0;
	process->limits[RLIMIT_RTPRIO].soft = process->limits[RLIMIT_RTPRIO].hard = 0;
	process->limits[RLIMIT_SIGPENDING].soft = SIGNAL_QUEUE_MAX;
	process->limits[RLIMIT_SIGPENDING].hard = SIGNAL_QUEUE_MAX;
}

static int load_first_program(struct task *task, const char *path)
{
	const char *const argv[] = { path, NULL };
	const char *const envp[] = {
		"HOME=/", "TERM=linux", "PATH=/sbin:/usr/sbin:/bin:/usr/bin", NULL,
	};
	struct loaded_program loaded;
	struct argument_list arguments;
	int error = arguments_from_kernel(&arguments, argv, envp);

	if (error)
		return error;
	error = program_load(
		path, &arguments, &task->cred, task->process->limits[RLIMIT_STACK].soft, &loaded);
	arguments_free(&arguments);
	if (error)
		return error;
	task->space = loaded.space;
	task->process->program = loaded.program;
	task->process->executable = loaded.program->file;
	task->process->executable_path = loaded.program->path;
	program_start_frame(task_frame(task), loaded.start, loaded.stack);
	task->context.ra = (uint64_t)ret_from_fork;
	task->context.sp = (uint64_t)task_frame(task);
	return 0;
}

static int build_init(struct task *task, const char *path)
{
	const uint64_t all = (1ULL << (CAP_LAST + 1)) - 1;

	task->process = process_create();
	task->files = fd_table_create_console();
	task->fs = fs_context_create_root();
	if (!task->process || !task->files || !task->fs)
		return -ENOMEM;
	task->cred.permitted = task->cred.effective = task->cred.bounding = all;
	set_first_limits(task->process);
	task_set_name(task, path);
	return load_first_program(task, path);
}

int process_start_init(const char *path)
{
	struct task *task = task_create();
	struct process *process;
	int error;

	if (!task)
		return -ENOMEM;
	error = alarm_start();
	if (!error)
		error = pressure_monitor_start();
	if (!error)
		error = build_init(task, path);
	if (!error) {
		process = task->process;
		task->tid = process->pid = 1;
		sched_fork(task, current);
		pid_take_first();
		error = tree_fork(task, current, NULL);
	}
	if (error) {
		task_discard(task);
		return error;
	}
	init_process = process;
	process_get(process); /* the table's */
	process->thread_count = 1;
	TAILQ_INSERT_TAIL(&process->threads, task, thread_link);
	spin_lock(&family_lock);
	process_insert_locked(process);
	task_insert_locked(task);
	spin_unlock(&family_lock);
	sched_start(task);
	return 0;
}
