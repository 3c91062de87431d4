// SPDX-License-Identifier: Apache-2.0
/*
 * machine.h - a tree for tests: memory for nodes and members, found by path and by name.
 */
#ifndef TESTS_CGROUPS_MACHINE_H
#define TESTS_CGROUPS_MACHINE_H

#include <map>
#include <memory>
#include <string>
#include <vector>

extern "C" {
#include "cgroups/cg.h"
#include "cgroups/cpulist.h"
}

/* "0-3,6" as a mask; aborts when it is no list of CPUs below NR_CPUS. */
struct cpumask mask_of(const std::string &list);
std::string list_of(const struct cpumask &mask);

class Machine
{
      public:
	explicit Machine(const std::string &possible = "0-7", const std::string &online = "",
		cg_controllers available = CG_THREADED_CONTROLLERS);

	/* mkdir and rmdir, by path from the root ("" and "." are the root). */
	int make(const std::string &path);
	int remove(const std::string &path);
	struct cg_node *node(const std::string &path); /* nullptr: none */
	/* Makes a node and enables all controllers of its parents for it. */
	struct cg_node *group(const std::string &path);

	/* Threads by name; tids rise from 100. */
	int spawn(const std::string &name, struct cg_node *node);
	int fork(const std::string &child, const std::string &creator, enum cg_scope scope,
		struct cg_node *into = nullptr);
	void end(const std::string &name);
	struct cg_member *member(const std::string &name); /* nullptr: none */

	int set_cpus(const std::string &path, const std::string &list);
	std::string effective(const std::string &path);
	std::string allowed(const std::string &name);

	/* Bytes of all that the tree consists of: equal before and after a refused operation. */
	std::string image() const;
	void check() const
	{
		cg_check(tree.get());
	}

	std::unique_ptr<struct cg_tree> tree;
	std::map<std::string, std::unique_ptr<struct cg_member>> members;

      private:
	struct Slot {
		struct cg_node node;
		std::string name;
	};
	std::map<std::string, std::unique_ptr<Slot>> nodes_;
	std::vector<std::unique_ptr<Slot>> dead_;
	int32_t last_tid_ = 99;
};

#endif
