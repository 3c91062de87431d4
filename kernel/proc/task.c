// SPDX-License-Identifier: Apache-2.0
/*
 * task.c - the memory of tasks and processes.
 */
#include <string.h>

#include "kernel/fs/vfs.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/charge.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/family.h"
#include "kernel/proc/life.h"
#include "kernel/proc/program.h"
#include "kernel/riscv/stack.h"
#include "kernel/sys/abi.h"

enum { STACK_PAGES = KERNEL_STACK_SIZE / PAGE_SIZE };

static struct slab_cache *task_cache, *process_cache;

void proc_init(void)
{
	task_cache = slab_cache_create("task", sizeof(struct task), 16);
	process_cache = slab_cache_create("process", sizeof(struct process), 16);
	kassert(task_cache && process_cache);
	signal_init();
	futex_init();
}

/* --- tasks --- */

struct task *task_create(void)
{
	struct task *task = slab_alloc(task_cache, PAGE_ZERO);

	if (!task)
		return NULL;
	if (!memory_charge(CHARGE_STACK, STACK_PAGES, &task->stack_charge))
		task->kernel_stack = stack_alloc();
	if (!task->kernel_stack) {
		memory_uncharge(task->stack_charge, STACK_PAGES);
		slab_free(task_cache, task);
		return NULL;
	}
	task->kernel_stack_top = task->kernel_stack + KERNEL_STACK_SIZE;
	task->references = 1;
	spinlock_init(&task->lock, LOCK_RANK_TASK);
	signal_queue_init(&task->signals.queue);
	task->signals.stack_flags = SS_DISABLE;
	return task;
}

void task_discard(struct task *task)
{
	if (task->space)
		address_space_put(task->space);
	if (task->files)
		fd_table_put(task->files);
	if (task->fs)
		fs_context_put(task->fs);
	task_put(task);
}

void task_put(struct task *task)
{
	uint32_t before = __atomic_fetch_sub(&task->references, 1, __ATOMIC_ACQ_REL);

	kassert(before > 0);
	if (before > 1)
		return;
	kassert(!(task->flags & TASK_IDLE));
	if (task->process)
		process_put(task->process);
	stack_free(task->kernel_stack);
	memory_uncharge(task->stack_charge, STACK_PAGES);
	slab_free(task_cache, task);
}

/* The last part of the path, as ps shows it. */
void task_set_name(struct task *task, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t length = strnlen(name, TASK_NAME_SIZE - 1);

	memcpy(task->name, name, length);
	memset(task->name + length, 0, TASK_NAME_SIZE - length);
}

/* --- processes --- */

struct process *process_create(void)
{
	struct process *process = slab_alloc(process_cache, PAGE_ZERO);

	if (!process)
		return NULL;
	process->references = 1;
	process->exit_signal = KSIGCHLD;
	process->dumpable = 1;
	process->start_time_ns = time_now_ns();
	TAILQ_INIT(&process->threads);
	TAILQ_INIT(&process->children);
	waitqueue_init(&process->child_event);
	spinlock_init(&process->signals.lock, LOCK_RANK_SIGNAL);
	signal_queue_init(&process->signals.queue);
	alarm_init(process);
	return process;
}

void process_put(struct process *process)
{
	uint32_t before = __atomic_fetch_sub(&process->references, 1, __ATOMIC_ACQ_REL);

	kassert(before > 0);
	if (before > 1)
		return;
	program_put(
		process->program); /* only of a process that never lived; exit puts it otherwise */
	signal_queue_clear(&process->signals.queue);
	slab_free(process_cache, process);
}

void process_inherit(struct process *child, struct process *parent)
{
	spin_lock(&parent->signals.lock);
	memcpy(child->signals.actions, parent->signals.actions, sizeof(child->signals.actions));
	spin_unlock(&parent->signals.lock);
	child->dumpable = parent->dumpable;
	child->no_new_privileges = parent->no_new_privileges;
	spin_lock(&family_lock);
	memcpy(child->limits, parent->limits, sizeof(child->limits));
	if (parent->program) {
		program_get(parent->program);
		child->program = parent->program;
		child->executable = parent->executable;
		child->executable_path = parent->executable_path;
	}
	spin_unlock(&family_lock);
}

struct address_space *task_space_get(struct task *task)
{
	spin_lock(&family_lock);
	struct address_space *space = task->space;

	if (space)
		address_space_get(space);
	spin_unlock(&family_lock);
	return space;
}

/* --- what a process runs --- */

struct program *program_create(struct file *file, const char *path)
{
	size_t length = strlen(path) + 1;
	struct program *program = kmalloc(sizeof(*program) + length);

	if (!program)
		return NULL;
	program->references = 1;
	program->file = file;
	memcpy(program->path, path, length);
	return program;
}

void program_get(struct program *program)
{
	__atomic_fetch_add(&program->references, 1, __ATOMIC_RELAXED);
}

void program_put(struct program *program)
{
	if (!program || __atomic_fetch_sub(&program->references, 1, __ATOMIC_ACQ_REL) > 1)
		return;
	file_put(program->file);
	kfree(program);
}
