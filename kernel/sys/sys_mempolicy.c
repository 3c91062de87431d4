// SPDX-License-Identifier: Apache-2.0
/*
 * sys_mempolicy.c - the system calls about memory nodes, as Linux 6.12 answers them: policies of the
 * caller and of its mappings, and pages that are moved.
 *
 * Whose pages may be moved: one's own process's; a process's that is the caller's in every respect
 * (its user and group IDs are the caller's real ones, it has no capability more, it is dumpable);
 * with CAP_SYS_NICE anybody's. Nobody moves pages to where the process may not have them, and only
 * CAP_SYS_NICE moves pages that others map, too.
 */
#include "kernel/kernel.h"
#include "kernel/mm/migrate.h"
#include "kernel/mm/page.h"
#include "kernel/mm/user_page.h"
#include "kernel/proc/family.h"
#include "kernel/smp/cpu.h"
#include "kernel/sys/syscall.h"

enum { MEMPOLICY_NODE = 1, MEMPOLICY_ADDRESS = 2, MEMPOLICY_MEMS = 4 }; /* get_mempolicy's */
enum {
	WORD_BITS = 64,
	LINUX_NODES = 4, /* what a set may name at least: Linux's limit on riscv64 */
};

static uint64_t mems_of(const struct task *task)
{
	return __atomic_load_n(&task->mems, __ATOMIC_RELAXED);
}

static bool may_act_for_others(void)
{
	return cred_has(&current->cred, CAP_SYS_NICE);
}

/* ---- sets of nodes ---- */

/* Words of a set past the first must be 0. */
static int check_rest(uaddr_t set, uint64_t bit_count)
{
	for (uint64_t bit = WORD_BITS; bit < bit_count; bit += WORD_BITS) {
		uint64_t word;
		if (copy_from_user(&word, set + bit / 8, sizeof(word)))
			return -EFAULT;
		if (bit_count - bit < WORD_BITS)
			word &= (UINT64_C(1) << (bit_count - bit)) - 1;
		if (word)
			return -EINVAL;
	}
	return 0;
}

/* A set of `limit` - 1 bits. -EINVAL: it names a node that there cannot be, or is too long; -EFAULT. */
static int read_nodes(uaddr_t set, uint64_t limit, uint64_t *nodes)
{
	uint64_t bit_count = limit - 1;
	unsigned int possible = MAX(node_count, (unsigned int)LINUX_NODES);
	*nodes = 0;
	if (!bit_count || !set)
		return 0;
	if (bit_count > PAGE_SIZE * 8)
		return -EINVAL;
	int error = check_rest(set, bit_count);
	if (error)
		return error;
	if (copy_from_user(nodes, set, sizeof(*nodes)))
		return -EFAULT;
	if (bit_count < WORD_BITS)
		*nodes &= (UINT64_C(1) << bit_count) - 1;
	return possible < NODES_MAX && *nodes >> possible ? -EINVAL : 0;
}

static int write_nodes(uaddr_t set, uint64_t limit, uint64_t nodes)
{
	uint64_t size = ALIGN_UP(limit - 1, (uint64_t)WORD_BITS) / 8;
	if (size > sizeof(nodes)) {
		if (size > PAGE_SIZE)
			return -EINVAL;
		if (clear_user(set + sizeof(nodes), size - sizeof(nodes)))
			return -EFAULT;
		size = sizeof(nodes);
	}
	return copy_to_user(set, &nodes, size) ? -EFAULT : 0;
}

/* ---- policies ---- */

static int read_policy(uint64_t mode_argument, uaddr_t set, uint64_t limit,
		       struct memory_policy *policy, uint64_t *nodes)
{
	enum policy_mode mode;
	uint16_t flags;
	int error = policy_decode(mode_argument, &mode, &flags);
	if (!error)
		error = read_nodes(set, limit, nodes);
	return error ? error : policy_make(policy, mode, flags, *nodes, mems_of(current));
}

int64_t sys_set_mempolicy(const uint64_t *argument)
{
	struct memory_policy policy;
	uint64_t nodes;
	int error = read_policy(argument[0], argument[1], argument[2], &policy, &nodes);
	if (!error)
		user_page_set_policy(&policy);
	return error;
}

/* The node that a page of the caller's is on, brought in for it. */
static int node_of_page(uaddr_t address)
{
	struct page *page;
	int error = address_space_page(current->space, address, VM_READ, &page);
	if (error)
		return error == -EIO ? -EFAULT : error;
	int node = page->node;
	page_put(page);
	return node;
}

/* What MPOL_F_NODE asks for: the node of a page, or the one whose turn comes next. */
static int told_node(const struct memory_policy *policy, uaddr_t address, uint64_t flags)
{
	if (flags & MEMPOLICY_ADDRESS)
		return node_of_page(address);
	if (policy->mode != POLICY_INTERLEAVE)
		return -EINVAL;
	return (int)policy_next(policy->nodes, current->last_interleaved);
}

/* What is told of a policy: *value, *nodes. */
static int tell_policy(uaddr_t address, uint64_t flags, int32_t *value, uint64_t *nodes)
{
	struct memory_policy policy;
	*value = 0;
	if (flags & ~(uint64_t)(MEMPOLICY_NODE | MEMPOLICY_ADDRESS | MEMPOLICY_MEMS))
		return -EINVAL;
	if (flags & MEMPOLICY_MEMS) {
		*nodes = mems_of(current);
		return flags & (MEMPOLICY_NODE | MEMPOLICY_ADDRESS) ? -EINVAL : 0;
	}
	if (flags & MEMPOLICY_ADDRESS) {
		int error = vm_policy(current->space, address, &policy);
		if (error)
			return error;
	} else if (address) {
		return -EINVAL;
	} else {
		policy = user_page_policy();
	}
	*nodes = policy_nodes(&policy);
	*value = policy.mode | policy.flags;
	if (flags & MEMPOLICY_NODE)
		*value = told_node(&policy, address, flags);
	return MIN(*value, 0);
}

int64_t sys_get_mempolicy(const uint64_t *argument)
{
	uaddr_t set = argument[1];
	uint64_t nodes;
	int32_t value;
	if (set && argument[2] < node_count)
		return -EINVAL;
	int error = tell_policy(argument[3], argument[4], &value, &nodes);
	if (error)
		return error;
	if (argument[0] && copy_to_user(argument[0], &value, sizeof(value)))
		return -EFAULT;
	return set ? write_nodes(set, argument[2], nodes) : 0;
}

/* A range as mbind(2) takes it: *end. -EINVAL: not on a page, or around the end. */
static int read_range(uaddr_t start, uint64_t length, uaddr_t *end)
{
	if (start & (PAGE_SIZE - 1))
		return -EINVAL;
	*end = start + ALIGN_UP(length, PAGE_SIZE);
	return *end < start ? -EINVAL : 0;
}

int64_t sys_mbind(const uint64_t *argument)
{
	struct vm_binding binding = { .flags = (uint32_t)argument[5] };
	uaddr_t start = argument[0], end;
	enum policy_mode mode;
	uint16_t mode_flags;
	int error = policy_decode(argument[2], &mode, &mode_flags);
	if (!error)
		error = read_nodes(argument[3], argument[4], &binding.nodes);
	if (error)
		return error;
	if (binding.flags & ~(uint32_t)(VM_BIND_STRICT | VM_BIND_MOVE | VM_BIND_MOVE_ALL))
		return -EINVAL;
	if (binding.flags & VM_BIND_MOVE_ALL && !may_act_for_others())
		return -EPERM;
	if (mode == POLICY_DEFAULT)
		binding.flags &= ~(uint32_t)VM_BIND_STRICT;
	error = read_range(start, argument[1], &end);
	if (error || end == start)
		return error;
	error = policy_make(&binding.policy, mode, mode_flags, binding.nodes, mems_of(current));
	return error ? error : vm_bind(current->space, start, end, &binding);
}

int64_t sys_set_mempolicy_home_node(const uint64_t *argument)
{
	uint64_t node = argument[2];
	uaddr_t end;
	if (argument[0] & (PAGE_SIZE - 1) || argument[3] || node >= node_count ||
	    !((nodes_with_memory | nodes_with_cpus) & node_bit((unsigned int)node)))
		return -EINVAL;
	int error = read_range(argument[0], argument[1], &end);
	if (error || end == argument[0])
		return error;
	return vm_set_home(current->space, argument[0], end, (unsigned int)node);
}

/* ---- whose pages ---- */

static bool is_mine(const struct task *task)
{
	const struct cred *mine = &current->cred;
	if (task->process == current->process)
		return true;
	spin_lock(&family_lock);
	struct cred theirs = task->cred;
	bool dumpable = task->process && task->process->dumpable == 1;
	spin_unlock(&family_lock);
	return dumpable && theirs.uid == mine->uid && theirs.euid == mine->uid &&
	       theirs.suid == mine->uid && theirs.gid == mine->gid && theirs.egid == mine->gid &&
	       theirs.sgid == mine->gid && !(theirs.permitted & ~mine->permitted);
}

struct victim {
	struct address_space *space; /* a reference */
	uint64_t mems;               /* where it may have pages */
};

/* The process of a TID, 0: the caller's. -ESRCH, -EPERM, -EINVAL: it has no memory (any more). */
static int find_victim(int32_t tid, struct victim *victim)
{
	struct task *task = tid ? task_find(tid) : current;
	if (!task)
		return -ESRCH;
	int error = is_mine(task) || may_act_for_others() ? 0 : -EPERM;
	if (!error) {
		victim->mems = mems_of(task);
		victim->space = task_space_get(task);
		error = victim->space ? 0 : -EINVAL;
	}
	if (tid)
		task_put(task);
	return error;
}

int64_t sys_migrate_pages(const uint64_t *argument)
{
	uint64_t from, to;
	struct victim victim;
	int error = read_nodes(argument[2], argument[1], &from);
	if (!error)
		error = read_nodes(argument[3], argument[1], &to);
	if (!error)
		error = find_victim((int32_t)argument[0], &victim);
	if (error)
		return error;
	int64_t answer = -EINVAL;
	if (to & ~victim.mems && !may_act_for_others())
		answer = -EPERM;
	else if ((to &= mems_of(current)) != 0)
		answer = (int64_t)vm_migrate(victim.space, from, to,
					     may_act_for_others() ? VM_MOVE_ALL : VM_MOVE_OWN);
	address_space_put(victim.space);
	return answer;
}

/* The i-th page of move_pages(2): where it is now, or why not. */
static int64_t move_one(const struct victim *victim, const uint64_t *argument, uint64_t index,
			uint32_t flags, int32_t *status)
{
	uaddr_t address;
	int32_t node;
	if (copy_from_user(&address, argument[2] + index * sizeof(address), sizeof(address)))
		return -EFAULT;
	if (!argument[3]) {
		*status = vm_page_node(victim->space, address);
		return 0;
	}
	if (copy_from_user(&node, argument[3] + index * sizeof(node), sizeof(node)))
		return -EFAULT;
	if (node < 0 || node >= NODES_MAX || !(nodes_with_memory & node_bit((unsigned int)node)))
		return -ENODEV;
	if (!(victim->mems & node_bit((unsigned int)node)))
		return -EACCES;
	*status = vm_move_page(victim->space, address, (unsigned int)node,
			       flags & VM_BIND_MOVE_ALL ? VM_MOVE_ALL : VM_MOVE_OWN);
	return *status == -ENOMEM || *status == -EBUSY; /* it should have moved */
}

static int64_t move_each(const struct victim *victim, const uint64_t *argument, uint32_t flags)
{
	int64_t left = 0;
	for (uint64_t i = 0; i < argument[1]; i++) {
		int32_t status;
		int64_t answer = move_one(victim, argument, i, flags, &status);
		if (answer < 0)
			return answer;
		left += answer;
		if (copy_to_user(argument[4] + i * sizeof(status), &status, sizeof(status)))
			return -EFAULT;
		if (task_has_signal(current) && task_is_dying())
			return -EINTR;
		preempt_point();
	}
	return left;
}

int64_t sys_move_pages(const uint64_t *argument)
{
	uint32_t flags = (uint32_t)argument[5];
	struct victim victim;
	if (flags & ~(uint32_t)(VM_BIND_MOVE | VM_BIND_MOVE_ALL))
		return -EINVAL;
	if (flags & VM_BIND_MOVE_ALL && !may_act_for_others())
		return -EPERM;
	int error = find_victim((int32_t)argument[0], &victim);
	if (error)
		return error;
	int64_t answer = move_each(&victim, argument, flags);
	address_space_put(victim.space);
	return answer;
}
