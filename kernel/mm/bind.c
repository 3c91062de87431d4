// SPDX-License-Identifier: Apache-2.0
/*
 * bind.c - policies of mappings: mbind(2) and what follows from it. See migrate.h.
 *
 * A policy is part of its mapping: it is copied when that is split, copied or forked, and mappings
 * join only when theirs are equal. Everything that may fail comes before the first change, but for
 * moving pages, which is asked for after the policy holds.
 *
 * Locks: the address space's mutex.
 */
#include "kernel/mm/migrate.h"

#include "kernel/mm/user_page.h"
#include "kernel/mm/vm.h"
#include "kernel/proc/task.h"
#include "kernel/riscv/paging.h"
#include "kernel/smp/cpu.h"

static bool is_strict_only(const struct vm_binding *binding)
{
	return binding->flags == VM_BIND_STRICT;
}

/* Whether a page of [start, end) is on none of the nodes. */
static bool has_misplaced(struct address_space *space, uaddr_t start, uaddr_t end, uint64_t nodes)
{
	size_t count;
	const uint64_t *entry;
	for (uaddr_t at = start; (entry = paging_next_span(space, &at, end, &count));
	     at += count << PAGE_SHIFT) {
		for (size_t i = 0; i < count; i++)
			if (entry[i] && !(nodes & node_bit(pte_page(entry[i])->node)))
				return true;
		preempt_point();
	}
	return false;
}

/* As Linux goes: mapping by mapping, first the hole behind it, then its pages. */
static int check_binding(struct address_space *space, uaddr_t start, uaddr_t end,
			 const struct vm_binding *binding)
{
	bool holes_matter = binding->policy.mode != POLICY_DEFAULT;
	struct vm_mapping *mapping = vm_find(space, start);
	if (!mapping || mapping->start >= end || (holes_matter && mapping->start > start))
		return -EFAULT;
	while (mapping && mapping->start < end) {
		struct vm_mapping *next = RB_NEXT(vm_tree, &space->mappings, mapping);
		if (holes_matter && mapping->end < end && (!next || next->start > mapping->end))
			return -EFAULT;
		if (is_strict_only(binding) &&
		    has_misplaced(space, MAX(start, mapping->start), MIN(end, mapping->end),
				  binding->nodes))
			return -EIO;
		mapping = next;
	}
	return 0;
}

/* [start, end) has been isolated. */
static void set_policy(struct address_space *space, uaddr_t start, uaddr_t end,
		       const struct memory_policy *policy)
{
	struct vm_mapping *mapping = vm_find(space, start);
	while (mapping && mapping->start < end) {
		mapping->policy = *policy;
		mapping = vm_merge(space, mapping);
		mapping = RB_NEXT(vm_tree, &space->mappings, mapping);
	}
}

/* A page that is on a node which was asked for stays. So does one that would come to where it is. */
static bool place_by_policy(const struct vm_migration *migration, const struct vm_mapping *mapping,
			    uaddr_t address, unsigned int node, struct policy_place *place)
{
	struct memory_policy policy = mapping->policy;
	if (migration->nodes & node_bit(node))
		return false;
	if (policy.mode == POLICY_DEFAULT)
		policy = user_page_policy();
	*place = policy_place(&policy, migration->mems, vm_page_number(mapping, address),
			      this_cpu()->node);
	return place->node != node || !(place->first & node_bit(node));
}

static uint64_t move_pages(struct address_space *space, uaddr_t start, uaddr_t end,
			   const struct vm_binding *binding)
{
	struct vm_migration migration = {
		.reach = binding->flags & VM_BIND_MOVE_ALL ? VM_MOVE_ALL : VM_MOVE_OWN,
		.place = place_by_policy,
		.nodes = binding->nodes,
		.mems = __atomic_load_n(&current->mems, __ATOMIC_RELAXED),
	};
	vm_migrate_locked(space, start, end, &migration);
	return migration.failed;
}

int vm_bind(struct address_space *space, uaddr_t start, uaddr_t end,
	    const struct vm_binding *binding)
{
	vm_lock(space);
	int error = check_binding(space, start, end, binding);
	if (!error)
		error = vm_isolate(space, start, end);
	if (!error) {
		/* The nodes may have changed since it was made; to rebind twice changes nothing. */
		struct memory_policy policy = binding->policy;
		policy_rebind(&policy, __atomic_load_n(&current->mems, __ATOMIC_RELAXED));
		set_policy(space, start, end, &policy);
		uint64_t failed = binding->flags & (VM_BIND_MOVE | VM_BIND_MOVE_ALL)
			? move_pages(space, start, end, binding) : 0;
		error = failed && binding->flags & VM_BIND_STRICT ? -EIO : 0;
	}
	vm_unlock(space);
	return error;
}

static bool has_home(const struct memory_policy *policy)
{
	return policy->mode == POLICY_BIND || policy->mode == POLICY_PREFERRED_MANY;
}

/* Mapping by mapping: those before one that fails have it. */
static int set_home_locked(struct address_space *space, uaddr_t start, uaddr_t end, uint8_t node)
{
	int error = vm_isolate(space, start, end);
	if (error)
		return error;
	error = -ENOENT;
	struct vm_mapping *mapping = vm_find(space, start);
	while (mapping && mapping->start < end) {
		if (mapping->policy.mode != POLICY_DEFAULT) {
			if (!has_home(&mapping->policy))
				return -EOPNOTSUPP;
			mapping->policy.home = node;
			error = 0;
		}
		mapping = vm_merge(space, mapping);
		mapping = RB_NEXT(vm_tree, &space->mappings, mapping);
	}
	return error;
}

int vm_set_home(struct address_space *space, uaddr_t start, uaddr_t end, unsigned int node)
{
	vm_lock(space);
	int error = set_home_locked(space, start, end, (uint8_t)node);
	vm_unlock(space);
	return error;
}

int vm_policy(struct address_space *space, uaddr_t address, struct memory_policy *policy)
{
	vm_lock(space);
	const struct vm_mapping *mapping = vm_find(space, address);
	bool covers = vm_covers(mapping, address);
	if (covers)
		*policy = mapping->policy;
	vm_unlock(space);
	return covers ? 0 : -EFAULT;
}

void vm_rebind(struct address_space *space, uint64_t mems)
{
	struct vm_mapping *mapping;
	vm_lock(space);
	RB_FOREACH(mapping, vm_tree, &space->mappings)
		policy_rebind(&mapping->policy, mems);
	vm_unlock(space);
}
