// SPDX-License-Identifier: Apache-2.0
/*
 * topology.h - the machine's shape as the device tree tells it: cpu-map, caches, capacities.
 *
 * Devicetree Specification 0.4, and the bindings cpu-topology.txt and cpu-capacity.txt.
 */
#ifndef KERNEL_DEV_TOPOLOGY_H
#define KERNEL_DEV_TOPOLOGY_H

#include "sysfs/topology.h"

extern struct topology machine_topology; /* (i) after boot */

/*
 * Fills topology->cpus[0..cpu_count) from the flattened tree; CPU numbers are the order of the
 * usable CPU nodes. What is not told is made up: cores of one package (of one a memory node),
 * full capacity, no caches.
 * 0, or -EINVAL the tree has a cpu-map that makes no sense (a CPU that is no CPU, is in it twice
 * or not at all, a core with both a CPU and threads, cores outside clusters); it is ignored then.
 */
int topology_parse(const void *tree, struct topology *topology);

#endif
