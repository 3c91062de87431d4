// SPDX-License-Identifier: Apache-2.0
/*
 * home.c - see home.h. Near a node are its own CPUs; near one without CPUs are those of the nodes that are
 * least far away.
 */
#include "kernel/sched/home.h"

#include "kernel/mm/node.h"
#include "kernel/mm/user_page.h"
#include "kernel/smp/cpu.h"

static struct cpumask near_cpus[NODES_MAX]; /* fixed after boot */

static unsigned int least_distance(unsigned int from)
{
	uint64_t rest = nodes_with_cpus;
	unsigned int least = UINT8_MAX;

	if (rest & node_bit(from))
		return node_distance(from, from);
	node_for_each(node, rest)
		least = MIN(least, node_distance(from, node));
	return least;
}

void home_init(void)
{
	for (unsigned int node = 0; node < node_count; node++) {
		unsigned int least = least_distance(node);

		for (unsigned int id = 0; id < cpu_count; id++)
			if (node_distance(node, cpu_table[id]->node) <= least)
				cpumask_set(&near_cpus[node], id);
	}
}

struct cpumask home_prefer(const struct task *task, const struct cpumask *cpus)
{
	uint64_t home = user_page_home(task);
	struct cpumask near = cpumask_none();

	if (!task->space || !(nodes_with_memory & ~home))
		return *cpus;
	node_for_each(node, home)
		near = cpumask_or(&near, &near_cpus[node]);
	near = cpumask_and(&near, cpus);
	return cpumask_empty(&near) ? *cpus : near;
}
