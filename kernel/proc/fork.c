// SPDX-License-Identifier: Apache-2.0
/*
 * fork.c - a new thread or process: clone(2), clone3(2), and the kernel's own threads.
 *
 * The child is built aside. It enters the tree before anyone can see it and the family before it
 * can run; until then every failure undoes all that was done. Signals for the parent come before or
 * after: what is pending when it begins is delivered first (the call restarts after it), what comes
 * meanwhile waits. If it came for several processes, a group say, then the child gets it, too.
 */
#include <string.h>

#include "kernel/fs/vfs.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/page.h"
#include "kernel/mm/user_page.h"
#include "kernel/proc/life.h"
#include "kernel/riscv/fpu.h"
#include "kernel/sched/tree.h"
#include "kernel/sys/abi.h"

/* riscv/entry.S: where a new task's first switch returns to. */
void ret_from_fork(void);
void ret_from_kernel_thread(void);

/* --- the parts of a child --- */

static int share_resources(struct task *child, uint64_t flags)
{
	/* What the tree says by the time the child enters it may be something else already. */
	user_page_inherit(child);
	if (flags & CLONE_VM) {
		child->mems = 0; /* and it brings no memory of its own */
		address_space_get(current->space);
		child->space = current->space;
	} else {
		child->space = address_space_clone(current->space);
	}
	if (flags & CLONE_FILES) {
		fd_table_get(current->files);
		child->files = current->files;
	} else {
		child->files = fd_table_clone(current->files);
	}
	if (flags & CLONE_FS) {
		fs_context_get(current->fs);
		child->fs = current->fs;
	} else {
		child->fs = fs_context_clone(current->fs);
	}
	return child->space && child->files && child->fs ? 0 : -ENOMEM;
}

static void set_registers(struct task *child, const struct clone_request *request)
{
	struct trap_frame *frame = task_frame(child);

	if (current->uses_fpu) {
		fpu_sync();
		child->fpu = current->fpu;
		child->uses_fpu = 1;
	}
	*frame = *task_frame(current);
	frame->a[0] = 0;
	if (request->stack)
		frame->sp = request->stack;
	if (request->flags & CLONE_SETTLS)
		frame->tp = request->tls;
	child->context.ra = (uint64_t)ret_from_fork;
	child->context.sp = (uint64_t)frame;
}

static void copy_identity(struct task *child, const struct clone_request *request)
{
	memcpy(child->name, current->name, sizeof(child->name));
	child->cred = current->cred;
	child->signals.blocked = current->signals.blocked;
	if (!(request->flags & CLONE_VM) || (request->flags & CLONE_VFORK)) {
		child->signals.stack_base = current->signals.stack_base;
		child->signals.stack_size = current->signals.stack_size;
		child->signals.stack_flags = current->signals.stack_flags;
	}
	if (request->flags & CLONE_CHILD_CLEARTID)
		child->clear_child_tid = request->child_tid;
}

static int make_process(struct task *child, const struct clone_request *request)
{
	struct process *process;

	if (request->flags & CLONE_THREAD) {
		process_get(current->process);
		child->process = current->process;
		return 0;
	}
	process = process_create();
	child->process = process;
	if (!process)
		return -ENOMEM;
	process_inherit(process, current->process);
	if (request->flags & CLONE_CLEAR_SIGHAND)
		signal_reset_handlers(process);
	process->exit_signal = request->exit_signal;
	return 0;
}

/* --- limits --- */

/* RLIMIT_NPROC counts the threads of a user; who may administer the system has no limit. Walks
 * the processes, so only those pay who have one. */
static bool exceeds_thread_limit(void)
{
	const struct cred *cred = &current->cred;
	uint64_t limit = current->process->limits[RLIMIT_NPROC].soft, count = 0;
	struct process *process = NULL, *next;

	if (limit == RLIMIT_INFINITY || cred_has(cred, CAP_SYS_RESOURCE) ||
	    cred_has(cred, CAP_SYS_ADMIN))
		return false;
	while ((next = process_next(process ? process->pid : 0))) {
		struct task *leader = process_leader(next);

		if (leader && leader->cred.uid == cred->uid)
			count += next->thread_count;
		if (leader)
			task_put(leader);
		if (process)
			process_put(process);
		process = next;
	}
	if (process)
		process_put(process);
	return count >= limit;
}

/* --- into the family --- */

/* Every signal of a set, as if kill(2) had sent it. */
static void send_set(struct process *process, uint64_t set)
{
	for (; set; set &= set - 1) {
		struct signal_info info = { .number = __builtin_ctzll(set) + 1, .code = SI_USER };

		(void)signal_post(process, NULL, info.number, &info);
	}
}

/* cgroup.kill may have found the process on its way: then its first act is to end. */
static void take_first_thread(struct process *process, struct task *thread)
{
	spin_lock(&process->signals.lock);
	process->thread_count = 1;
	TAILQ_INSERT_TAIL(&process->threads, thread, thread_link);
	if (process->group_exiting)
		__atomic_fetch_or(&thread->work, WORK_SIGNAL, __ATOMIC_RELAXED);
	spin_unlock(&process->signals.lock);
}

static int join_family(struct task *child, const struct clone_request *request)
{
	struct process *parent = current->process, *process = child->process;
	int error = 0;

	spin_lock(&family_lock);
	spin_lock(&parent->signals.lock);
	uint64_t signals = current->signals.for_child;
	if (task_is_dying()) {
		error = -EAGAIN;
	} else if (request->flags & CLONE_THREAD) {
		parent->thread_count++;
		TAILQ_INSERT_TAIL(&parent->threads, child, thread_link);
		/* What the others have been told while it was not among them: that they stop, say. */
		if (task_has_signal(current))
			__atomic_fetch_or(&child->work, WORK_SIGNAL, __ATOMIC_RELAXED);
	}
	spin_unlock(&parent->signals.lock);
	if (!error && process != parent) {
		process->group = parent->group;
		process->session = parent->session;
		process->terminal = parent->terminal;
		take_first_thread(process, child);
		if (request->flags & CLONE_PARENT) {
			process->exit_signal = parent->exit_signal;
			parent = parent->parent;
		}
		process->parent = parent;
		process->parent_pid = parent->pid;
		process_get(process); /* the table's; the first one is the thread's */
		TAILQ_INSERT_TAIL(&parent->children, process, sibling_link);
		process_insert_locked(process);
		send_set(process, signals);
	}
	if (!error)
		task_insert_locked(child);
	spin_unlock(&family_lock);
	return error;
}

static void forget_id(int32_t tid)
{
	spin_lock(&family_lock);
	task_forget_id_locked(tid);
	spin_unlock(&family_lock);
}

/* --- clone --- */

static int enter_tree(struct task *child, const struct clone_request *request)
{
	struct cg_node *node = NULL;
	int error;

	if (!(request->flags & CLONE_INTO_CGROUP))
		return tree_fork(child, current, NULL);
	error = fd_cgroup_node(request->cgroup_fd, &node);
	if (error)
		return error;
	error = tree_fork(child, current, node);
	tree_node_put(node);
	return error;
}

/* The TID where the caller wants it; a bad address is no error, as in Linux. */
static void write_ids(struct task *child, const struct clone_request *request)
{
	if (request->flags & CLONE_PARENT_SETTID)
		(void)copy_to_user(request->parent_tid, &child->tid, sizeof(child->tid));
	if (request->flags & CLONE_CHILD_SETTID)
		(void)address_space_write(child->space, request->child_tid, &child->tid,
					  sizeof(child->tid));
}

static int build_child(struct task *child, const struct clone_request *request)
{
	int error = make_process(child, request);

	if (!error)
		error = share_resources(child, request->flags);
	if (error)
		return error;
	copy_identity(child, request);
	set_registers(child, request);
	sched_fork(child, current);
	child->tid = pid_alloc();
	if (child->tid < 0)
		return child->tid;
	if (!(request->flags & CLONE_THREAD))
		child->process->pid = child->tid;
	error = enter_tree(child, request);
	if (error) {
		forget_id(child->tid);
		return error;
	}
	write_ids(child, request);
	error = join_family(child, request);
	if (error) {
		tree_exit(child);
		tree_end(child); /* it has never run */
		forget_id(child->tid);
	}
	return error;
}

/* Until the child has another address space, or is no more. Only the caller's own end cuts it
 * short. */
static void wait_for_vfork(struct process *process, struct vfork_wait *wait)
{
	__atomic_store_n(&current->killable, true, __ATOMIC_SEQ_CST);
	for (;;) {
		task_set_state(TASK_UNINTERRUPTIBLE);
		if (__atomic_load_n(&wait->done, __ATOMIC_ACQUIRE) || task_is_dying())
			break;
		if (task_must_freeze())
			task_freeze();
		else
			schedule();
	}
	task_set_state(TASK_RUNNING);
	__atomic_store_n(&current->killable, false, __ATOMIC_RELAXED);
	spin_lock(&family_lock);
	process->vfork_waiter = NULL;
	spin_unlock(&family_lock);
	process_put(process);
}

int64_t task_clone(const struct clone_request *request)
{
	struct vfork_wait wait = { .task = current };
	struct process *vforked = NULL;
	struct task *child;
	int32_t tid;
	int error;

	error = signal_begin_fork();
	if (error)
		return error;
	if (exceeds_thread_limit() || policy_forbids_fork(current))
		return -EAGAIN;
	if (page_is_short())
		return -ENOMEM; /* what is left is for the faults of those who are there */
	child = task_create();
	if (!child)
		return -ENOMEM;
	error = build_child(child, request);
	if (error) {
		task_discard(child);
		return error;
	}
	tid = child->tid;
	if (request->flags & CLONE_VFORK) {
		vforked = child->process;
		process_get(vforked);
		vforked->vfork_waiter = &wait;
	}
	sched_start(child);
	if (vforked)
		wait_for_vfork(vforked, &wait);
	return tid;
}

/* --- the kernel's own threads --- */

struct task *kernel_thread_create(const char *name, void (*function)(void *), void *argument)
{
	struct task *task = task_create();

	if (!task)
		return NULL;
	task->flags = TASK_KERNEL;
	task_set_name(task, name);
	task->context.ra = (uint64_t)ret_from_kernel_thread;
	task->context.sp = task->kernel_stack_top;
	task->context.s[0] = (uint64_t)function;
	task->context.s[1] = (uint64_t)argument;
	sched_fork(task, current);
	task->tid = pid_alloc();
	if (task->tid < 0 || tree_fork(task, current, NULL)) {
		if (task->tid > 0)
			forget_id(task->tid);
		task_put(task);
		return NULL;
	}
	spin_lock(&family_lock);
	task_insert_locked(task);
	spin_unlock(&family_lock);
	return task;
}
