// SPDX-License-Identifier: Apache-2.0
/*
 * sys_memory.c - the system calls about memory: Linux's numbers and flags in, vm_ calls out.
 */
#include "kernel/fs/vfs.h"
#include "kernel/kernel.h"
#include "kernel/mm/address_space.h"
#include "kernel/proc/task.h"
#include "kernel/riscv/csr.h"
#include "kernel/riscv/paging.h"
#include "kernel/riscv/sbi.h"
#include "kernel/smp/cpu.h"
#include "kernel/sys/syscall.h"

/* mmap(2) */
enum {
	MAP_TYPE_SHARED = 1, MAP_TYPE_PRIVATE = 2, MAP_TYPE_SHARED_VALIDATE = 3, MAP_TYPE_MASK = 15,
	MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20, MAP_GROWS_DOWN = 0x100, MAP_DENY_WRITE = 0x800,
	MAP_EXECUTABLE = 0x1000, MAP_LOCKED = 0x2000, MAP_NO_RESERVE = 0x4000,
	MAP_POPULATE = 0x8000, MAP_NON_BLOCK = 0x10000, MAP_STACK = 0x20000,
	MAP_FIXED_NO_REPLACE = 0x100000,
	MAP_KNOWN = MAP_TYPE_MASK | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWS_DOWN | MAP_DENY_WRITE |
		MAP_EXECUTABLE | MAP_LOCKED | MAP_NO_RESERVE | MAP_POPULATE | MAP_NON_BLOCK |
		MAP_STACK | MAP_FIXED_NO_REPLACE,
};
enum { PROTECTION_MASK = VM_READ | VM_WRITE | VM_EXEC, PROTECTION_SEMAPHORE = 8 };

int64_t sys_brk(const uint64_t *argument)
{
	return (int64_t)vm_brk(current->space, argument[0]);
}

/* The flags' meaning: 0 or -EINVAL, -EOPNOTSUPP. Linux ignores unknown bits but in the validating
 * type. */
static int decode_map_flags(uint64_t flags, struct vm_request *request)
{
	switch (flags & MAP_TYPE_MASK) {
	case MAP_TYPE_SHARED_VALIDATE:
		if (flags & ~(uint64_t)MAP_KNOWN)
			return -EOPNOTSUPP;
		request->flags |= VM_SHARED;
		break;
	case MAP_TYPE_SHARED:
		request->flags |= VM_SHARED;
		break;
	case MAP_TYPE_PRIVATE:
		break;
	default:
		return -EINVAL;
	}
	if (flags & MAP_NO_RESERVE)
		request->flags |= VM_NORESERVE;
	if (flags & MAP_FIXED_NO_REPLACE)
		request->placement = VM_MAP_FIXED_NOREPLACE;
	else if (flags & MAP_FIXED)
		request->placement = VM_MAP_FIXED;
	return 0;
}

/* Brings the pages in; what cannot come is left to the faults. */
static void populate(struct address_space *space, uaddr_t start, uint64_t length,
		     uint32_t protection)
{
	enum vm_protection access = protection & VM_WRITE ? VM_WRITE
		: protection & VM_READ ? VM_READ : VM_EXEC;
	if (protection == VM_NONE)
		return;
	for (uint64_t offset = 0; offset < length; offset += PAGE_SIZE) {
		if (vm_fault(space, start + offset, access) || task_has_signal(current))
			return;
		preempt_point();
	}
}

int64_t sys_mmap(const uint64_t *argument)
{
	uint64_t flags = argument[3];
	struct vm_request request = {
		.address = argument[0],
		.length = argument[1],
		.protection = (uint32_t)argument[2] & PROTECTION_MASK,
		.offset = argument[5],
		.file_end = UINT64_MAX,
	};
	if (argument[2] & ~(uint64_t)(PROTECTION_MASK | PROTECTION_SEMAPHORE) ||
	    request.offset & (PAGE_SIZE - 1))
		return -EINVAL;
	int error = decode_map_flags(flags, &request);
	if (error)
		return error;
	if (!(flags & MAP_ANONYMOUS)) {
		request.file = fd_file((int)argument[4]);
		if (!request.file)
			return -EBADF;
	} else {
		request.offset = 0;
	}
	int64_t address = vm_map(current->space, &request);
	if (request.file)
		file_put(request.file);
	if (address >= 0 && flags & MAP_POPULATE && !(flags & MAP_NON_BLOCK))
		populate(current->space, (uaddr_t)address, request.length, request.protection);
	return address;
}

int64_t sys_munmap(const uint64_t *argument)
{
	return vm_unmap(current->space, argument[0], argument[1]);
}

int64_t sys_mremap(const uint64_t *argument)
{
	if (argument[3] > UINT32_MAX)
		return -EINVAL;
	return vm_remap(current->space, argument[0], argument[1], argument[2],
			(unsigned int)argument[3], argument[4]);
}

int64_t sys_mprotect(const uint64_t *argument)
{
	if (argument[2] & ~(uint64_t)(PROTECTION_MASK | PROTECTION_SEMAPHORE))
		return -EINVAL;
	return vm_protect(current->space, argument[0], argument[1],
			  (uint32_t)argument[2] & PROTECTION_MASK);
}

int64_t sys_madvise(const uint64_t *argument)
{
	return vm_advise(current->space, argument[0], argument[1], (int)argument[2]);
}

/* A shared mapping is the file's own pages, so there is never anything to write back. */
int64_t sys_msync(const uint64_t *argument)
{
	enum { ASYNC = 1, INVALIDATE = 2, SYNC = 4 };
	uint64_t flags = argument[2];
	if (argument[0] & (PAGE_SIZE - 1) || flags & ~(uint64_t)(ASYNC | INVALIDATE | SYNC) ||
	    (flags & ASYNC && flags & SYNC))
		return -EINVAL;
	return vm_check_mapped(current->space, argument[0], argument[1]);
}

/* Nothing is ever paged out: memory that is there stays. Locking brings it in. */
int64_t sys_mlock(const uint64_t *argument)
{
	uaddr_t start = ALIGN_DOWN(argument[0], PAGE_SIZE);
	if (argument[1] > USER_END)
		return -ENOMEM;
	uint64_t length = argument[0] - start + argument[1];
	int error = vm_check_mapped(current->space, start, length);
	if (error)
		return error;
	for (uint64_t offset = 0; offset < length; offset += PAGE_SIZE) {
		error = vm_fault(current->space, start + offset, VM_READ);
		if (error)
			return error == -EFAULT ? -ENOMEM : error;
		if (task_has_signal(current))
			return -EINTR;
		preempt_point();
	}
	return 0;
}

int64_t sys_munlock(const uint64_t *argument)
{
	uaddr_t start = ALIGN_DOWN(argument[0], PAGE_SIZE);
	if (argument[1] > USER_END)
		return -ENOMEM;
	return vm_check_mapped(current->space, start, argument[0] - start + argument[1]);
}

int64_t sys_mlockall(const uint64_t *argument)
{
	enum { CURRENT = 1, FUTURE = 2, ON_FAULT = 4 };
	uint64_t flags = argument[0];
	bool nothing = !(flags & (CURRENT | FUTURE));
	return nothing || flags & ~(uint64_t)(CURRENT | FUTURE | ON_FAULT) ? -EINVAL : 0;
}

int64_t sys_munlockall(const uint64_t *argument)
{
	(void)argument;
	return 0;
}

/* Flags 1: only this thread's hart; code of the whole space may have changed either way, and the
 * cheap answer to both is the lazy one. */
int64_t sys_riscv_flush_icache(const uint64_t *argument)
{
	if (argument[2] & ~1UL)
		return -EINVAL;
	paging_code_changed(current->space);
	return 0;
}

/* membarrier(2). A CPU that does not run the space passes a barrier before it does. */
enum {
	BARRIER_QUERY = 0,
	BARRIER_GLOBAL = 1,
	BARRIER_PRIVATE = 8,
	BARRIER_REGISTER_PRIVATE = 16,
	BARRIER_CORE = 32,
	BARRIER_REGISTER_CORE = 64,
};

static void barrier_on(const struct cpumask *cpus)
{
	struct cpumask others;
	full_barrier();
	CPUMASK_EACH_WORD(word)
		others.bits[word] = __atomic_load_n(&cpus->bits[word], __ATOMIC_RELAXED);
	cpumask_clear(&others, this_cpu()->id);
	if (!cpumask_empty(&others))
		sbi_remote_fence_i(&others);
	full_barrier();
}

int64_t sys_membarrier(const uint64_t *argument)
{
	struct address_space *space = current->space;
	uint64_t command = argument[0];
	if (argument[1])
		return -EINVAL;
	switch (command) {
	case BARRIER_QUERY:
		return BARRIER_GLOBAL | BARRIER_PRIVATE | BARRIER_REGISTER_PRIVATE | BARRIER_CORE |
			BARRIER_REGISTER_CORE;
	case BARRIER_GLOBAL:
		barrier_on(&cpu_online);
		return 0;
	case BARRIER_REGISTER_PRIVATE:
	case BARRIER_REGISTER_CORE:
		__atomic_fetch_or(&space->membarrier, (uint32_t)command >> 1, __ATOMIC_RELAXED);
		return 0;
	case BARRIER_PRIVATE:
	case BARRIER_CORE:
		if (!(__atomic_load_n(&space->membarrier, __ATOMIC_RELAXED) & command))
			return -EPERM;
		if (command == BARRIER_CORE)
			paging_code_changed(space);
		else
			barrier_on(&space->active);
		return 0;
	default:
		return -EINVAL;
	}
}
