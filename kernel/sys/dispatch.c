// SPDX-License-Identifier: Apache-2.0
/*
 * dispatch.c - which function serves a system call.
 *
 * riscv/entry.S calls through the table itself; here is what is rare: Taper's own numbers, which
 * begin at 4096, numbers without a row (any may come: ENOSYS), and calls that a signal interrupted.
 */
#include <errno.h>
#include <stddef.h>

#include "kernel/proc/task.h"
#include "kernel/riscv/offsets.h"
#include "kernel/sys/syscall.h"

enum { OWN_FIRST = 4096, OWN_CALLS = 64 };
#define TABLE_INDEX(number) \
	((number) < OWN_FIRST ? (number) : (number) - OWN_FIRST + SYSCALL_TABLE_SIZE)

#define SYSCALL(number, name) [TABLE_INDEX(number)] = sys_##name,
syscall_function *const syscall_table[SYSCALL_TABLE_SIZE + OWN_CALLS] = {
#include "kernel/sys/syscall_list.h"
};
#undef SYSCALL

#define SYSCALL(number, name) \
	_Static_assert((number) < SYSCALL_TABLE_SIZE || \
		       ((number) >= OWN_FIRST && (number) < OWN_FIRST + OWN_CALLS), #name);
#include "kernel/sys/syscall_list.h"
#undef SYSCALL

int64_t syscall_other(const uint64_t *argument, uint64_t number)
{
	syscall_function *function = NULL;

	if (number >= OWN_FIRST && number < OWN_FIRST + OWN_CALLS)
		function = syscall_table[TABLE_INDEX(number)];
	return function ? function(argument) : -ENOSYS;
}

/* signal_deliver() decides what becomes of the call; it is reached even when the signal is gone. */
void syscall_restart(int64_t answer)
{
	current->restart = (int)-answer;
	__atomic_fetch_or(&current->work, WORK_SIGNAL, __ATOMIC_RELAXED);
}
