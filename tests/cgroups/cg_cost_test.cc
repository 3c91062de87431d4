// SPDX-License-Identifier: Apache-2.0
/*
 * cg_cost_test.cc - what a write at the top of a wide and deep tree costs, in instructions, counted
 * one by one: another process runs the write in single steps. 512 CPUs, up to depth 64.
 */
#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

extern "C" {
#include "cgroups/cg.h"
}

/* The instructions of `work`, with those of stopping before and after it. */
static long count_steps(const std::function<void()> &work)
{
	pid_t child = fork();
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
		raise(SIGSTOP);
		work();
		raise(SIGSTOP);
		_exit(0);
	}
	int status;
	long steps = 0;
	waitpid(child, &status, 0);
	while (WIFSTOPPED(status) && (!steps || WSTOPSIG(status) != SIGSTOP)) {
		ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr);
		if (waitpid(child, &status, 0) != child)
			break;
		steps++;
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return steps;
}

static long count_instructions(const std::function<void()> &work)
{
	return count_steps(work) - count_steps([] {});
}

/* A chain of 64 nodes below the top one, the others in equal parts below each of them. */
struct Forest {
	static constexpr size_t depth = 64;

	Forest(size_t node_count, size_t member_count) : nodes(node_count), members(member_count)
	{
		struct cpumask all = cpumask_below(NR_CPUS);
		cg_tree_init(&tree, &all, &all, CG_THREADED_CONTROLLERS);
		for (size_t i = 0; i < node_count; i++) {
			struct cg_node *parent = i == 0     ? &tree.root
						 : i < depth ? &nodes[i - 1]
							     : &nodes[i % depth];
			names.push_back(std::make_unique<std::string>(std::to_string(i)));
			cg_set_subtree_control(parent, CG_HAS_CPUSET, 0);
			if (cg_create(parent, &nodes[i], names[i]->c_str(), names[i]->size()))
				std::abort();
			cg_set_threaded(&nodes[i]);
		}
		for (size_t i = 0; i < member_count; i++) {
			auto tid = static_cast<int32_t>(i + 1);
			if (i ? cg_fork(&members[i], &members[0], nullptr, CG_THREAD, tid)
			      : cg_attach(&members[0], &tree.root, tid))
				std::abort();
			if (cg_move(&members[i], &nodes[i % node_count], CG_THREAD))
				std::abort();
		}
		cg_forget_changes(&tree);
	}
	/* The instructions of giving the top one half of the CPUs. */
	long narrow()
	{
		struct cpumask half = cpumask_below(NR_CPUS / 2);
		return count_instructions([&] { cg_set_cpus(&nodes[0], &half); });
	}

	struct cg_tree tree;
	std::vector<struct cg_node> nodes;
	std::vector<std::unique_ptr<std::string>> names;
	std::vector<struct cg_member> members;
};

TEST(CgCost, AWriteAtTheTopCostsAHundredAndFiftyANodeAtMostAndNoMoreWhereThereAreMore)
{
	long thousand = std::make_unique<Forest>(1000, 0)->narrow();
	std::printf("%ld instructions a changed node\n", thousand / 1000);
	EXPECT_LT(thousand, 1000 * 150);
	EXPECT_LT(thousand, std::make_unique<Forest>(250, 0)->narrow() * 4 * 11 / 10);
}

TEST(CgCost, MembersAddTheirOwnMasks)
{
	long none = std::make_unique<Forest>(100, 0)->narrow();
	long each = (std::make_unique<Forest>(100, 1000)->narrow() - none) / 1000;
	std::printf("%ld instructions a changed member\n", each);
	EXPECT_LT(each, 150);
}

TEST(CgCost, NodesThatDoNotChangeAreNotVisited)
{
	auto forest = std::make_unique<Forest>(1000, 0);
	struct cpumask few = cpumask_below(4);
	cg_set_cpus(&forest->nodes[1], &few);
	/* below the top: the second of the chain, that keeps its CPUs, and 15 others */
	size_t changing = 1;
	for (size_t i = Forest::depth; i < 1000; i += Forest::depth)
		changing++;
	EXPECT_LT(forest->narrow(), static_cast<long>(changing + 20) * 150);
}
