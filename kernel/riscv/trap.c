// SPDX-License-Identifier: Apache-2.0
/*
 * trap.c - what entry.S hands over: faults and interrupts from user mode, faults in the kernel, and
 * the work before going back.
 */
#include "kernel/kernel.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/fail.h"
#include "kernel/proc/task.h"
#include "kernel/riscv/csr.h"
#include "kernel/riscv/fpu.h"
#include "kernel/riscv/offsets.h"
#include "kernel/riscv/stack.h"
#include "kernel/riscv/user_copy.h"
#include "kernel/sched/tree.h"
#include "kernel/sched/bandwidth.h"
#include "kernel/smp/cpu.h"
#include "kernel/smp/smp.h"

_Static_assert(offsetof(struct task, kernel_stack_top) == TASK_KERNEL_STACK_TOP, "offsets.h");
_Static_assert(offsetof(struct task, user_sp_scratch) == TASK_USER_SP, "offsets.h");
_Static_assert(offsetof(struct task, user_since_ticks) == TASK_USER_SINCE, "offsets.h");
_Static_assert(offsetof(struct task, user_ticks) == TASK_USER_TICKS, "offsets.h");
_Static_assert(offsetof(struct task, work) == TASK_WORK, "offsets.h");
_Static_assert(offsetof(struct task, context) == TASK_CONTEXT, "offsets.h");
_Static_assert(offsetof(struct task, cpu) == TASK_CPU, "offsets.h");
_Static_assert(offsetof(struct cpu, emergency_stack_top) == CPU_EMERGENCY_STACK, "offsets.h");
_Static_assert(ERESTARTNOHAND == ERESTART_LAST && ERESTARTNOHAND - ERESTARTSYS < ERESTART_CODES,
	       "offsets.h");
_Static_assert(offsetof(struct trap_frame, original_a0) == FRAME_ORIGINAL_A0, "offsets.h");
_Static_assert(offsetof(struct trap_frame, status) == FRAME_STATUS, "offsets.h");
_Static_assert(sizeof(struct trap_frame) == FRAME_SIZE, "offsets.h");

void trap_from_user(struct trap_frame *frame, uint64_t cause, uint64_t value);
void trap_from_kernel(struct trap_frame *frame, uint64_t cause, uint64_t value);
void trap_user_work(struct trap_frame *frame);
_Noreturn void kernel_stack_overflow(uintptr_t stack, uintptr_t pc);

/* si_code values of signal faults, as Linux's siginfo.h numbers them. */
enum { ILL_ILLOPC = 1, TRAP_BRKPT = 1, SEGV_MAPERR = 1, BUS_ADRALN = 1, BUS_ADRERR = 2 };

static enum vm_protection access_of(uint64_t cause)
{
	return cause == CAUSE_STORE_PAGE_FAULT ? VM_WRITE
	       : cause == CAUSE_FETCH_PAGE_FAULT ? VM_EXEC : VM_READ;
}

static bool is_page_fault(uint64_t cause)
{
	return cause == CAUSE_LOAD_PAGE_FAULT || cause == CAUSE_STORE_PAGE_FAULT ||
	       cause == CAUSE_FETCH_PAGE_FAULT;
}

/* Whether the fault may be tried again. */
static bool find_room_for(uint64_t address)
{
	if (current->refused)
		return tree_memory_settle();
	return tree_memory_relieve(vm_fault_nodes(current->space, address));
}

/* A fault of the task itself, or of a copy from or to its memory. */
static int page_fault(uint64_t cause, uint64_t address)
{
	int error;

	do
		error = vm_fault(current->space, address, access_of(cause));
	while (unlikely(error == -ENOMEM) && find_room_for(address));
	current->minor_faults += !error;
	return error;
}

static void user_page_fault(uint64_t cause, uint64_t address)
{
	int error = page_fault(cause, address);

	if (error == -EIO)
		signal_force(KSIGBUS, BUS_ADRERR, address);
	else if (error == -ENOMEM)
		signal_force(KSIGKILL, 0, address);
	else if (error)
		signal_force(KSIGSEGV, SEGV_MAPERR, address);
}

void trap_from_user(struct trap_frame *frame, uint64_t cause, uint64_t value)
{
	if (cause & CAUSE_INTERRUPT) {
		interrupts_serve();
		return;
	}
	if (is_page_fault(cause)) {
		uint64_t nth = fail_pause();

		user_page_fault(cause, value);
		fail_resume(nth);
		return;
	}
	switch (cause) {
	case CAUSE_ILLEGAL_INSTRUCTION:
		if (!fpu_enable(frame))
			signal_force(KSIGILL, ILL_ILLOPC, frame->pc);
		return;
	case CAUSE_BREAKPOINT:
		signal_force(KSIGTRAP, TRAP_BRKPT, frame->pc);
		return;
	case CAUSE_LOAD_MISALIGNED:
	case CAUSE_STORE_MISALIGNED:
		signal_force(KSIGBUS, BUS_ADRALN, value);
		return;
	default: /* access faults, misaligned fetches */
		signal_force(KSIGSEGV, SEGV_MAPERR, value);
	}
}

/* A system call was refused memory. One that therefore failed has changed nothing: it is done again,
 * once there is room. */
static void end_refused_call(struct trap_frame *frame)
{
	if ((int64_t)frame->a[0] != -ENOMEM) {
		tree_memory_forgo();
	} else if (tree_memory_settle()) {
		frame->a[0] = frame->original_a0;
		frame->pc -= 4;
	}
}

void trap_user_work(struct trap_frame *frame)
{
	uint32_t work = __atomic_load_n(&current->work, __ATOMIC_RELAXED);

	if (work & WORK_IPI)
		cpu_flush_ipis();
	if (work & WORK_RESCHED)
		schedule();
	if (work & WORK_MEMORY)
		end_refused_call(frame);
	if (work & (WORK_SIGNAL | WORK_RESTORE_MASK))
		signal_deliver(frame);
	if (work & WORK_THROTTLE)
		bandwidth_wait();
}

static const char *cause_name(uint64_t cause)
{
	switch (cause) {
	case CAUSE_ILLEGAL_INSTRUCTION: return "illegal instruction";
	case CAUSE_BREAKPOINT:          return "breakpoint";
	case CAUSE_LOAD_MISALIGNED:     return "misaligned load";
	case CAUSE_LOAD_ACCESS:         return "load access fault";
	case CAUSE_STORE_MISALIGNED:    return "misaligned store";
	case CAUSE_STORE_ACCESS:        return "store access fault";
	case CAUSE_FETCH_PAGE_FAULT:    return "fetch from a page that is not executable";
	case CAUSE_LOAD_PAGE_FAULT:     return "load from a page that is not readable";
	case CAUSE_STORE_PAGE_FAULT:    return "store to a page that is not writable";
	default:                        return "unexpected trap";
	}
}

void trap_from_kernel(struct trap_frame *frame, uint64_t cause, uint64_t value)
{
	uintptr_t landing = user_copy_fixup(frame->pc);

	if (is_page_fault(cause) && cause != CAUSE_FETCH_PAGE_FAULT && stack_mend(value))
		return;
	if (landing && is_page_fault(cause)) {
		lock_check_may_touch_user();
		if (!current->space || value >= USER_END || page_fault(cause, value))
			frame->pc = landing;
		return;
	}
	panic("%s: pc 0x%lx, address 0x%lx, cause %lu, ra 0x%lx, sp 0x%lx", cause_name(cause),
	      (unsigned long)frame->pc, (unsigned long)value, (unsigned long)cause,
	      (unsigned long)frame->ra, (unsigned long)frame->sp);
}

_Noreturn void kernel_stack_overflow(uintptr_t stack, uintptr_t pc)
{
	panic("a kernel stack overflowed: sp 0x%lx, pc 0x%lx, task %d (%s)", (unsigned long)stack,
	      (unsigned long)pc, current->tid, current->name);
}
