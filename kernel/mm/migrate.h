// SPDX-License-Identifier: Apache-2.0
/*
 * migrate.h - pages of an address space move to other memory nodes, by themselves or because of a
 * mapping's policy; what is in them, and where they are seen, stays.
 *
 * Movable are pages that only this space maps. What others map, too, moves as far as that can be done
 * without a list of who maps it (VM_MOVE_ALL): memory shared copy-on-write becomes a page of this
 * space's own; pages of files and of shared memory leave this space's table, come back with the next
 * fault, and move with the last space that maps them.
 */
#ifndef KERNEL_MM_MIGRATE_H
#define KERNEL_MM_MIGRATE_H

#include "kernel/mm/address_space.h"
#include "kernel/mm/node.h"
#include "kernel/mm/policy.h"

enum vm_move {
	VM_MOVE_OWN, /* what nobody else maps */
	VM_MOVE_ALL,
};

struct vm_migration {
	enum vm_move reach;
	/* Where the page of an address is to be, which is on `node`; false: where it is. */
	bool (*place)(const struct vm_migration *migration, const struct vm_mapping *mapping,
		      uaddr_t address, unsigned int node, struct policy_place *place);
	uint8_t to[NODES_MAX]; /* for vm_migrate(): where each node's pages go */
	uint64_t nodes;        /* for vm_bind(): the pages on these stay */
	uint64_t mems;         /* for vm_bind(): what the policies choose from */
	uint64_t full;         /* nodes that had no page left */
	uint64_t failed;       /* pages that should have moved and did not */
	int error;             /* why the last one did not: -EACCES others have it, -ENOMEM, -EBUSY */
};

/* Moves what is not where it is to be in [start, end). The mutex is held; sleeps. */
void vm_migrate_locked(struct address_space *space, uaddr_t start, uaddr_t end,
		       struct vm_migration *migration);

/* What migrate_pages(2) and cpuset.mems do: the pages of `from` go to `to`, node by node in order;
 * sets of different size leave those alone that are in `to` already. Answers how many did not
 * move. Takes the mutex. */
uint64_t vm_migrate(struct address_space *space, uint64_t from, uint64_t to, enum vm_move reach);
/* Every mapping's policy follows the memory nodes. Takes the mutex. */
void vm_rebind(struct address_space *space, uint64_t mems);

/* The node of the page at an address; -EFAULT: no mapping, -ENOENT: no page. Takes the mutex. */
int vm_page_node(struct address_space *space, uaddr_t address);
/* Brings that page to a node: the node, or errors as above and -EACCES: others map it, -ENOMEM: the
 * node is full, -EBUSY: others have it and it moves with the last of them, or never. */
int vm_move_page(struct address_space *space, uaddr_t address, unsigned int node,
		 enum vm_move reach);

/* mbind(2) for the current task's space, arguments checked: `policy` for [start, end), and what is to
 * become of pages that are on none of `nodes`. */
enum vm_bind_flags { VM_BIND_STRICT = 1, VM_BIND_MOVE = 2, VM_BIND_MOVE_ALL = 4 };
struct vm_binding {
	struct memory_policy policy;
	uint64_t nodes; /* as asked for */
	uint32_t flags; /* enum vm_bind_flags */
};
/* 0; -EFAULT: not all of it is mapped (nothing is: with POLICY_DEFAULT); -EIO: strict, and a page is
 * elsewhere, or did not move; -ENOMEM. Takes the mutex. */
int vm_bind(struct address_space *space, uaddr_t start, uaddr_t end,
	    const struct vm_binding *binding);
/* set_mempolicy_home_node(2): 0; -ENOENT: no policy there, -EOPNOTSUPP: one that has no home,
 * -ENOMEM. Takes the mutex. */
int vm_set_home(struct address_space *space, uaddr_t start, uaddr_t end, unsigned int node);
/* The policy of the mapping of an address: 0 or -EFAULT. Takes the mutex. */
int vm_policy(struct address_space *space, uaddr_t address, struct memory_policy *policy);

#endif
