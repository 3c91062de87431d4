// SPDX-License-Identifier: Apache-2.0
/*
 * signal_frame.c - what a handler finds on its stack, and the way back: Linux's rt_sigframe of
 * riscv64.
 *
 *   sp -> siginfo (128 bytes), ucontext: flags, link, stack, mask (128 bytes with its reserve),
 *         then, 16-aligned, 32 registers (pc in the place of x0) and 528 bytes of FPU state.
 *
 * rt_sigreturn trusts nothing of it: registers and the FPU may be anything, the mask loses
 * SIGKILL and SIGSTOP, sstatus is the kernel's own.
 */
#include <string.h>

#include "kernel/mm/address_space.h"
#include "kernel/proc/task.h"
#include "kernel/riscv/fpu.h"
#include "kernel/sys/abi.h"
#include "kernel/sys/syscall.h"

struct abi_sigcontext {
	uint64_t registers[32];
	uint64_t f[32];
	uint32_t fcsr, fcsr_padding;
	uint64_t reserved[33]; /* of the quad format; the last 8 bytes end the list of extensions */
} __attribute__((aligned(16)));

struct abi_ucontext {
	uint64_t flags, link;
	struct abi_stack stack;
	uint64_t mask, mask_reserve[15];
	struct abi_sigcontext context;
};

struct signal_frame {
	struct abi_siginfo info;
	struct abi_ucontext context;
};
_Static_assert(sizeof(struct abi_sigcontext) == 784, "struct sigcontext");
_Static_assert(offsetof(struct abi_ucontext, context) == 176, "struct ucontext");
_Static_assert(sizeof(struct signal_frame) == 1088, "struct rt_sigframe");
_Static_assert(sizeof(struct signal_frame) % 16 == 0, "the stack stays aligned");

void signal_info_encode(struct abi_siginfo *to, const struct signal_info *from)
{
	memset(to, 0, sizeof(*to));
	to->number = from->number;
	to->error = from->error;
	to->code = from->code;
	if (from->code > 0 && from->number != KSIGCHLD) {
		to->address = from->value;
		return;
	}
	to->pid = from->pid;
	to->uid = from->uid;
	if (from->number == KSIGCHLD && from->code > 0)
		to->status = from->status;
	else
		to->value = from->value;
}

/* --- the alternate stack --- */

static bool is_on_alternate(uaddr_t sp)
{
	const struct task_signals *signals = &current->signals;

	return !(signals->stack_flags & SS_AUTODISARM) && sp > signals->stack_base &&
	       sp - signals->stack_base <= signals->stack_size;
}

/* As sigaltstack(2) describes it. */
static void describe_stack(struct abi_stack *stack, uaddr_t sp)
{
	const struct task_signals *signals = &current->signals;
	uint32_t flags = signals->stack_flags & SS_AUTODISARM;

	if (!signals->stack_size)
		flags |= SS_DISABLE;
	else if (is_on_alternate(sp))
		flags |= SS_ONSTACK;
	*stack = (struct abi_stack){ .base = signals->stack_base, .flags = (int32_t)flags,
				     .size = signals->stack_size };
}

static int change_stack(const struct abi_stack *stack, uaddr_t sp)
{
	struct task_signals *signals = &current->signals;
	uint32_t mode = (uint32_t)stack->flags & ~SS_AUTODISARM;

	if (is_on_alternate(sp))
		return -EPERM;
	if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE)
		return -EINVAL;
	if (mode != SS_DISABLE && stack->size < MINSIGSTKSZ)
		return -ENOMEM;
	signals->stack_base = mode == SS_DISABLE ? 0 : stack->base;
	signals->stack_size = mode == SS_DISABLE ? 0 : stack->size;
	signals->stack_flags = (uint32_t)stack->flags;
	return 0;
}

int64_t sys_sigaltstack(const uint64_t *argument)
{
	uaddr_t sp = task_frame(current)->sp;
	struct abi_stack stack, old;
	int error;

	describe_stack(&old, sp);
	if (argument[0]) {
		if (copy_from_user(&stack, argument[0], sizeof(stack)))
			return -EFAULT;
		error = change_stack(&stack, sp);
		if (error)
			return error;
	}
	if (argument[1] && copy_to_user(argument[1], &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

/* --- there --- */

static uaddr_t place_frame(const struct trap_frame *frame, const struct signal_action *action)
{
	const struct task_signals *signals = &current->signals;
	uaddr_t sp = frame->sp;

	if (is_on_alternate(sp)) {
		/* Running out of it must not run into what lies below. */
		if (sp - signals->stack_base < sizeof(struct signal_frame) + 16)
			return 0;
	} else if ((action->flags & SA_ONSTACK) && signals->stack_size) {
		sp = signals->stack_base + signals->stack_size;
	}
	return ALIGN_DOWN(sp - sizeof(struct signal_frame), 16UL);
}

int signal_frame_push(struct trap_frame *frame, const struct signal_info *info,
		      const struct signal_action *action, uint64_t mask)
{
	uaddr_t sp = place_frame(frame, action);
	struct signal_frame new_frame;

	memset(&new_frame.context, 0, sizeof(new_frame.context));
	signal_info_encode(&new_frame.info, info);
	describe_stack(&new_frame.context.stack, frame->sp);
	new_frame.context.mask = mask;
	memcpy(new_frame.context.context.registers, frame->x, sizeof(frame->x));
	if (current->uses_fpu) {
		fpu_sync();
		memcpy(new_frame.context.context.f, current->fpu.f, sizeof(current->fpu.f));
		new_frame.context.context.fcsr = (uint32_t)current->fpu.fcsr;
	}
	if (copy_to_user(sp, &new_frame, sizeof(new_frame)))
		return -EFAULT;
	if (current->signals.stack_flags & SS_AUTODISARM) {
		current->signals.stack_base = 0;
		current->signals.stack_size = 0;
		current->signals.stack_flags = SS_DISABLE;
	}
	frame->pc = action->handler;
	frame->sp = sp;
	frame->ra = current->space->signal_trampoline;
	frame->a[0] = (uint64_t)info->number;
	frame->a[1] = sp + offsetof(struct signal_frame, info);
	frame->a[2] = sp + offsetof(struct signal_frame, context);
	return 0;
}

/* --- and back --- */

static bool has_float_values(const struct abi_sigcontext *context)
{
	uint64_t any = context->fcsr;

	for (unsigned int i = 0; i < ARRAY_SIZE(context->f); i++)
		any |= context->f[i];
	return any != 0;
}

int64_t sys_rt_sigreturn(const uint64_t *argument)
{
	struct trap_frame *frame = task_frame(current);
	struct abi_ucontext context;

	(void)argument;
	current->restart_deadline_ns = 0;
	if (copy_from_user(&context, frame->sp + offsetof(struct signal_frame, context),
			   sizeof(context))) {
		signal_force(KSIGSEGV, SEGV_MAPERR, frame->sp);
		return (int64_t)frame->a[0];
	}
	memcpy(frame->x, context.context.registers, sizeof(frame->x));
	if (current->uses_fpu || has_float_values(&context.context)) {
		memcpy(current->fpu.f, context.context.f, sizeof(current->fpu.f));
		current->fpu.fcsr = context.context.fcsr & 0xff;
		fpu_reload();
	}
	signal_set_blocked(context.mask);
	(void)change_stack(&context.stack, frame->sp);
	return (int64_t)frame->a[0];
}
