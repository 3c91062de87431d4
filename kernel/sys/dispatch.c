// SPDX-License-Identifier: Apache-2.0
/*
 * dispatch.c - from an ecall to the system call's function and back.
 *
 * The table comes from syscall_list.h: Linux's numbers first, then Taper's own, which begin at
 * 4096. Any number may come; one without a row answers ENOSYS.
 */
#include <errno.h>
#include <stddef.h>

#include "kernel/proc/task.h"
#include "kernel/sys/syscall.h"

enum { LINUX_CALLS = 512, OWN_FIRST = 4096, OWN_CALLS = 64 };
#define TABLE_INDEX(number) \
	((number) < OWN_FIRST ? (number) : (number) - OWN_FIRST + LINUX_CALLS)

#define SYSCALL(number, name) [TABLE_INDEX(number)] = sys_##name,
static syscall_function *const table[LINUX_CALLS + OWN_CALLS] = {
#include "kernel/sys/syscall_list.h"
};
#undef SYSCALL

#define SYSCALL(number, name) \
	_Static_assert((number) < LINUX_CALLS || \
		       ((number) >= OWN_FIRST && (number) < OWN_FIRST + OWN_CALLS), #name);
#include "kernel/sys/syscall_list.h"
#undef SYSCALL

static syscall_function *find(uint64_t number)
{
	if (likely(number < LINUX_CALLS))
		return table[number];
	if (number >= OWN_FIRST && number < OWN_FIRST + OWN_CALLS)
		return table[TABLE_INDEX(number)];
	return NULL;
}

/* signal_deliver() decides what becomes of the call; it is reached even when the signal is gone. */
static void leave_to_delivery(int code)
{
	current->restart = code;
	__atomic_fetch_or(&current->work, WORK_SIGNAL, __ATOMIC_RELAXED);
}

void syscall_dispatch(struct trap_frame *frame)
{
	syscall_function *function = find(frame->a[7]);
	int64_t answer = -ENOSYS;

	frame->original_a0 = frame->a[0];
	frame->pc += 4;
	if (likely(function))
		answer = function(frame->a);
	frame->a[0] = (uint64_t)answer;
	if (unlikely(answer >= -ERESTARTNOHAND && answer <= -ERESTARTSYS))
		leave_to_delivery((int)-answer);
}
