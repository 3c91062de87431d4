// SPDX-License-Identifier: Apache-2.0
/*
 * small_tree.h - a root and three nodes of any shape, with one thread: few enough that a test can be in every
 * state. Nodes are threaded, so that the thread may be in any of them.
 */
#ifndef TESTS_CGROUPS_SMALL_TREE_H
#define TESTS_CGROUPS_SMALL_TREE_H

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

extern "C" {
#include "cgroups/cg.h"
}

inline struct cpumask wide(unsigned int mask)
{
	struct cpumask result = cpumask_none();
	result.bits[0] = mask;
	return result;
}

/* What operations change lies together, before the table of names. */
struct SmallTree {
	static constexpr unsigned int node_count = 4;

	struct cg_node nodes[node_count]; /* the first is not used: the root is the tree's */
	struct cg_member member;
	struct cg_tree tree;

	SmallTree(const uint8_t (&parent)[node_count], unsigned int cpus)
	{
		struct cpumask all = wide(cpus);
		std::memset(static_cast<void *>(this), 0, sizeof(*this));
		cg_tree_init(&tree, &all, &all, CG_HAS_CPUSET);
		for (unsigned int i = 1; i < node_count; i++) {
			static const char names[] = "0123";
			struct cg_node *above = node(parent[i]);
			if (cg_set_subtree_control(above, CG_HAS_CPUSET, 0) ||
				cg_create(above, &nodes[i], &names[i], 1) ||
				cg_set_threaded(&nodes[i]))
				std::abort();
		}
		if (cg_attach(&member, &tree.root, 1))
			std::abort();
		cg_forget_changes(&tree);
	}
	struct cg_node *node(unsigned int i)
	{
		return i ? &nodes[i] : &tree.root;
	}
	/* The names never change. */
	size_t size() const
	{
		return offsetof(SmallTree, tree) + offsetof(struct cg_tree, names);
	}
};

#endif
