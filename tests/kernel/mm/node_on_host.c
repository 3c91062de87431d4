// SPDX-License-Identifier: Apache-2.0
/*
 * node_on_host.c - the kernel's file as it is, compiled for the host; and a way to begin anew.
 */
#include <string.h>

#include "kernel/mm/node.c" // NOLINT: the kernel's own target is for riscv64 alone

void node_forget(void);

void node_forget(void)
{
	node_count = 1;
	nodes_with_memory = nodes_with_cpus = 0;
	region_count = order_length = 0;
	memset(distances, 0, sizeof(distances));
	memset(orders, 0, sizeof(orders));
}
