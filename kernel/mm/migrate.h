// SPDX-License-Identifier: Apache-2.0
/*
 * migrate.h - pages of an address space move to other memory nodes; what is in them, and where they
 * are seen, stays.
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

enum vm_move {
	VM_MOVE_OWN, /* what nobody else maps */
	VM_MOVE_ALL,
};

struct vm_migration {
	enum vm_move reach;
	/* The node that the page of an address is to be on; its own: it stays. */
	unsigned int (*target)(const struct vm_migration *migration, const struct vm_mapping *mapping,
			       uaddr_t address, unsigned int node);
	uint8_t to[NODES_MAX]; /* for vm_migration_by_node(): where each node's pages go */
	uint64_t full;         /* nodes that had no page left */
	uint64_t failed;       /* pages that should have moved and did not */
};

/* Moves what is not where it is to be in [start, end). The mutex is held; sleeps. */
void vm_migrate_locked(struct address_space *space, uaddr_t start, uaddr_t end,
		       struct vm_migration *migration);

/* What migrate_pages(2) and cpuset.mems do: the pages of `from` go to `to`, node by node in order;
 * sets of different size leave those alone that are in `to` already. Answers how many did not
 * move. Takes the mutex. */
uint64_t vm_migrate(struct address_space *space, uint64_t from, uint64_t to, enum vm_move reach);

#endif
