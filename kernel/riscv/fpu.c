// SPDX-License-Identifier: Apache-2.0
/*
 * fpu.c - when floating-point registers move: see fpu.h.
 */
#include <string.h>

#include "kernel/proc/task.h"
#include "kernel/riscv/csr.h"
#include "kernel/riscv/fpu.h"

static void set_frame_state(struct task *task, uint64_t state)
{
	struct trap_frame *frame = task_frame(task);

	frame->status = (frame->status & ~SSTATUS_FS) | state;
}

static void store(struct task *task)
{
	csr_set(sstatus, SSTATUS_FS);
	fpu_store_registers(&task->fpu);
	set_frame_state(task, SSTATUS_FS_CLEAN);
}

static void load(struct task *task)
{
	csr_set(sstatus, SSTATUS_FS);
	fpu_load_registers(&task->fpu);
	set_frame_state(task, SSTATUS_FS_CLEAN);
}

void fpu_leave(struct task *previous)
{
	if (previous->uses_fpu && (task_frame(previous)->status & SSTATUS_FS) == SSTATUS_FS_DIRTY)
		store(previous);
}

void fpu_enter(struct task *next)
{
	if (next->uses_fpu)
		load(next);
}

void fpu_sync(void)
{
	fpu_leave(current);
}

void fpu_reload(void)
{
	current->uses_fpu = 1;
	load(current);
}

void fpu_reset(void)
{
	current->uses_fpu = 0;
	set_frame_state(current, 0);
}

bool fpu_enable(struct trap_frame *frame)
{
	if (current->uses_fpu)
		return false;
	kassert(frame == task_frame(current));
	memset(&current->fpu, 0, sizeof(current->fpu));
	fpu_reload();
	return true;
}
