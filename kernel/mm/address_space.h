// SPDX-License-Identifier: Apache-2.0
/*
 * address_space.h - what a process has mapped where, and its page table.
 *
 * Mappings are kept in a tree ordered by address. Pages arrive on demand; fork shares them
 * copy-on-write. Private file mappings share the file's own pages until written. Everything
 * that changes mappings or the page table holds the address space's mutex
 * (LOCK_RANK_ADDRESS_SPACE).
 */
#ifndef KERNEL_MM_ADDRESS_SPACE_H
#define KERNEL_MM_ADDRESS_SPACE_H

#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroups/cpumask.h"
#include "kernel/mm/page.h"
#include "kernel/mm/policy.h"
#include "kernel/sync/mutex.h"

struct file;
struct shared_memory; /* kernel/mm/shared_memory.h */

enum vm_protection { VM_NONE = 0, VM_READ = 1, VM_WRITE = 2, VM_EXEC = 4 }; /* = Linux PROT_* */

struct vm_mapping {
	RB_ENTRY(vm_mapping) link; /* (m) by start */
	struct vm_mapping *next_removed; /* (m) in space->removed */
	uaddr_t start, end;        /* (m) page-aligned, start < end */
	uint32_t protection;       /* (m) enum vm_protection */
	uint32_t flags;            /* (m) VM_SHARED, VM_STACK, ... */
	struct file *file;         /* (m) NULL: anonymous */
	struct shared_memory *shared; /* (m) anonymous and VM_SHARED: its pages; else NULL */
	uint64_t file_offset;      /* (m) of start, page-aligned; in `shared` as well */
	uint64_t file_end;         /* (m) bytes of the file past this read as zero (ELF's .bss) */
	struct memory_policy policy; /* (m) mbind(2)'s */
};
/* VM_NORESERVE: may be larger than memory. */
enum { VM_SHARED = 1, VM_STACK = 2, VM_NORESERVE = 4 };

RB_HEAD(vm_tree, vm_mapping);

/* (m) the mutex   (a) atomic   (i) fixed */
struct address_space {
	struct mutex mutex;
	uint32_t references;        /* (a) tasks and borrowers */
	paddr_t root;               /* (i) the page table's root page */
	uint64_t satp;              /* (i) the CSR's value */
	struct cpumask active;      /* (a) CPUs that may hold its translations: riscv/paging.h */
	struct vm_tree mappings;    /* (m) */
	uaddr_t brk_start, brk_end; /* (m) */
	uaddr_t mmap_hint;          /* (m) where the search for a hole starts, going down */
	uint64_t mapped_pages;      /* (m) pages of all mappings (VmSize) */
	uint64_t resident_pages;    /* (m) */
	uint64_t resident_peak;     /* (m) the most that it was, when it last fell */
	uint32_t mapping_count;     /* (m) */
	struct vm_mapping *removed; /* (m) no longer in the tree, released once the mutex is free */
	uint32_t membarrier;        /* (a) the commands registered, see sys_memory.c */
	struct page_list tables;    /* (m) every page of its page table but the root */
	struct cpumask icache_stale; /* (a) CPUs that must fence.i before they run its code */
	uaddr_t argument_start, argument_end; /* (i) for /proc/PID/cmdline */
	uaddr_t signal_trampoline;  /* (i) where rt_sigreturn's code is mapped (the vDSO page) */
};

static inline uint64_t address_space_resident_peak(const struct address_space *space)
{
	return MAX(__atomic_load_n(&space->resident_peak, __ATOMIC_RELAXED),
		   __atomic_load_n(&space->resident_pages, __ATOMIC_RELAXED));
}

/* NULL: no memory. One reference. */
struct address_space *address_space_create(void);
/* fork: the same mappings, pages shared copy-on-write. NULL: no memory. Sleeps. */
struct address_space *address_space_clone(struct address_space *parent);
void address_space_get(struct address_space *space);
void address_space_put(struct address_space *space); /* the last one frees it; may sleep */
/* Makes it the one that this CPU translates with (NULL: the kernel's own). */
void address_space_activate(struct address_space *space);

/* mmap(2) and its kin, in Linux's terms; `space` is locked inside. Errors as in the man pages. */
struct vm_request {
	uaddr_t address;      /* a hint, or the place with VM_MAP_FIXED */
	size_t length;
	uint32_t protection;  /* enum vm_protection */
	uint32_t flags;       /* VM_SHARED, VM_STACK */
	enum { VM_MAP_ANYWHERE, VM_MAP_FIXED, VM_MAP_FIXED_NOREPLACE } placement;
	struct file *file;    /* NULL: anonymous; a reference is taken when mapped */
	struct shared_memory *shared; /* VM_SHARED without a file; NULL: new memory */
	uint64_t offset;
	uint64_t file_end;    /* see struct vm_mapping; UINT64_MAX: the file's size decides */
};
int64_t vm_map(struct address_space *space, const struct vm_request *request); /* the address */
int vm_unmap(struct address_space *space, uaddr_t address, size_t length);
int vm_protect(struct address_space *space, uaddr_t address, size_t length, uint32_t protection);
int64_t vm_remap(struct address_space *space, uaddr_t old, size_t old_length, size_t new_length,
		 unsigned int flags, uaddr_t new_address);
int vm_advise(struct address_space *space, uaddr_t address, size_t length, int advice);
/* 0, or -ENOMEM: not all of it is mapped, or not the user's. */
int vm_check_mapped(struct address_space *space, uaddr_t address, uint64_t length);
uaddr_t vm_brk(struct address_space *space, uaddr_t end); /* the break after it */

/* A fault of the current task at `address`. 0: resolved, go on. -EFAULT: no mapping or not allowed
 * (SIGSEGV); -ENOMEM (SIGKILL, logged); -EIO: beyond the end of the file (SIGBUS). Sleeps. */
int vm_fault(struct address_space *space, uaddr_t address, enum vm_protection access);
/* The memory nodes from which a page may come to an address of the current task's. Takes the mutex. */
uint64_t vm_fault_nodes(struct address_space *space, uaddr_t address);

/* User memory of the current task, through its own page table, faulting pages in. Answers 0 or
 * -EFAULT; nothing of rank >= LOCK_RANK_ADDRESS_SPACE may be held. May sleep. */
int copy_from_user(void *to, uaddr_t from, size_t length);
int copy_to_user(uaddr_t to, const void *from, size_t length);
int clear_user(uaddr_t to, size_t length);
/* The length of the string copied without its NUL; -ENAMETOOLONG when it does not fit in size
 * bytes with its NUL; -EFAULT. */
int64_t copy_string_from_user(char *to, uaddr_t from, size_t size);
/* One naturally aligned 32-bit word; -EFAULT, or for the exchange -EAGAIN when it was not `old`. */
int user_load_32(uaddr_t address, uint32_t *value);
int user_compare_exchange_32(uaddr_t address, uint32_t old, uint32_t new_value);

/* Memory of any address space (another process's argv; a new program's stack before it runs). */
int address_space_write(struct address_space *space, uaddr_t to, const void *from, size_t length);
int address_space_read(struct address_space *space, void *to, uaddr_t from, size_t length);
/* The page and offset behind a user address, with a reference, faulted in for reading (or writing):
 * what a shared futex is keyed by. */
int address_space_page(struct address_space *space, uaddr_t address, enum vm_protection access,
		       struct page **page);

#endif
