// SPDX-License-Identifier: Apache-2.0
/*
 * user_copy.c - user memory of the current task: the checks before riscv/user_copy.S touches it.
 *
 * A page that is not there yet faults in the middle of the copy; the trap handler brings it with
 * vm_fault() and goes on, or asks user_copy_fixup() where to land. What was copied before that
 * stays copied.
 *
 * Context: may sleep; nothing of rank >= LOCK_RANK_ADDRESS_SPACE may be held.
 */
#include "kernel/kernel.h"
#include "kernel/mm/address_space.h"
#include "kernel/riscv/csr.h"
#include "kernel/riscv/user_copy.h"

int user_copy_raw(void *to, const void *from, size_t length);
int user_clear_raw(void *to, size_t length);
int64_t user_string_raw(char *to, const char *from, size_t size);
int user_load_32_raw(const uint32_t *from, uint32_t *value);
int user_exchange_32_raw(uint32_t *at, int32_t old, uint32_t new_value);

extern const char user_copy_begin[], user_copy_end[], user_copy_fault[];

/* The handler may sleep, and what runs then must not reach user memory by mistake: it is closed
 * here, and opened again by the return to the copy. */
uintptr_t user_copy_fixup(uintptr_t pc)
{
	csr_clear(sstatus, SSTATUS_SUM);
	bool inside = pc >= (uintptr_t)user_copy_begin && pc < (uintptr_t)user_copy_end;
	return inside ? (uintptr_t)user_copy_fault : 0;
}

static inline bool is_user_range(uaddr_t address, size_t length)
{
	return likely(length <= USER_END && address <= USER_END - length);
}

int copy_from_user(void *to, uaddr_t from, size_t length)
{
	lock_check_may_touch_user();
	if (!is_user_range(from, length))
		return -EFAULT;
	return user_copy_raw(to, (const void *)from, length);
}

int copy_to_user(uaddr_t to, const void *from, size_t length)
{
	lock_check_may_touch_user();
	if (!is_user_range(to, length))
		return -EFAULT;
	return user_copy_raw((void *)to, from, length);
}

int clear_user(uaddr_t to, size_t length)
{
	lock_check_may_touch_user();
	if (!is_user_range(to, length))
		return -EFAULT;
	return user_clear_raw((void *)to, length);
}

int64_t copy_string_from_user(char *to, uaddr_t from, size_t size)
{
	lock_check_may_touch_user();
	if (from >= USER_END)
		return -EFAULT;
	size_t reachable = MIN(size, USER_END - from);
	int64_t length = user_string_raw(to, (const char *)from, reachable);
	if (length != (int64_t)reachable)
		return length;
	return reachable < size ? -EFAULT : -ENAMETOOLONG;
}

int user_load_32(uaddr_t address, uint32_t *value)
{
	lock_check_may_touch_user();
	if (!is_user_range(address, sizeof(*value)) || address % sizeof(*value))
		return -EFAULT;
	return user_load_32_raw((const uint32_t *)address, value);
}

int user_compare_exchange_32(uaddr_t address, uint32_t old, uint32_t new_value)
{
	lock_check_may_touch_user();
	if (!is_user_range(address, sizeof(old)) || address % sizeof(old))
		return -EFAULT;
	return user_exchange_32_raw((uint32_t *)address, (int32_t)old, new_value);
}
