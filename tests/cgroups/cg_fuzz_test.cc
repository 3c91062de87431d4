// SPDX-License-Identifier: Apache-2.0
/*
 * cg_fuzz_test.cc - random operations on the tree and on the naive model: the same answers, the
 * same tree after every step, and a refused operation leaves the tree bit for bit as it was.
 *
 * TAPER_FUZZ_SEED repeats one seed, TAPER_FUZZ_STEPS sets how many steps a seed has.
 */
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <set>

#include "tests/cgroups/machine.h"
#include "tests/cgroups/model.h"

static_assert(int(Model::CPUSET) == CG_HAS_CPUSET && int(Model::CPU) == CG_HAS_CPU &&
	      int(Model::MEMORY) == CG_HAS_MEMORY && int(Model::PIDS) == CG_HAS_PIDS);

enum { CPUS = 8, NODES_MAX = 40, TASKS_MAX = 30 };

static struct cpumask wide(uint64_t mask)
{
	struct cpumask result = cpumask_none();
	result.bits[0] = mask;
	return result;
}

class Fuzz
{
      public:
	explicit Fuzz(uint64_t seed)
	    : random_(seed), machine_("0-7", "", available_), model_(0xff, available_)
	{
	}

	void step(int number);
	int refused = 0;

      private:
	uint64_t draw(uint64_t limit)
	{
		return random_() % limit;
	}
	uint64_t mask()
	{
		return draw(4) ? random_() & random_() & 0xff : draw(1 << CPUS);
	}
	std::string any_node(bool root);
	std::string any_task();
	int act(int *expected);
	int act_on_limits(const std::string &path, int *expected);
	int act_on_tasks(uint64_t what, int *expected);
	void compare();

	static const unsigned int available_ = CG_THREADED_CONTROLLERS | CG_HAS_MEMORY;
	std::mt19937_64 random_;
	Machine machine_;
	Model model_;
	int last_ = 0;
	std::string told_;
};

std::string Fuzz::any_node(bool root)
{
	auto at = model_.nodes.begin();
	std::advance(at, draw(model_.nodes.size()));
	return at->first.empty() && !root && model_.nodes.size() > 1 ? model_.nodes.rbegin()->first
	                                                             : at->first;
}

std::string Fuzz::any_task()
{
	auto at = model_.tasks.begin();
	std::advance(at, draw(model_.tasks.size()));
	return at->first;
}

/* One operation on both: the tree's answer, and in *expected the model's. */
int Fuzz::act(int *expected)
{
	std::string path = any_node(draw(5) == 0);
	struct cg_node *node = machine_.node(path);
	uint64_t what = draw(20);
	told_ = "operation " + std::to_string(what) + " on /" + path;
	switch (what) {
	case 0:
	case 1: {
		std::string child =
			path + (path.empty() ? "" : "/") + "n" + std::to_string(draw(4));
		if (model_.nodes.size() > NODES_MAX)
			child = path;
		*expected = child.empty() ? 0 : model_.make(child);
		return child.empty() ? 0 : machine_.make(child);
	}
	case 2:
		*expected = model_.remove(path);
		return path.empty() ? cg_remove(node) : machine_.remove(path);
	case 3:
	case 4: {
		cg_controllers enable =
			static_cast<cg_controllers>(draw(8) ? draw(16) & ~4ULL : draw(16));
		cg_controllers disable =
			static_cast<cg_controllers>(draw(2) ? 0 : draw(16) & ~enable);
		*expected = model_.control(path, enable, disable);
		return cg_set_subtree_control(node, enable, disable);
	}
	case 5:
		if (draw(4))
			return *expected = 0;
		*expected = model_.make_threaded(path);
		return cg_set_threaded(node);
	case 6:
	case 7:
	case 8: {
		/* without the controller there is no such file */
		if (!(model_.controllers(path) & Model::CPUSET))
			return *expected = 0;
		uint64_t cpus = draw(10) ? mask() : draw(2) << 8;
		struct cpumask request = wide(cpus);
		*expected = model_.set_cpus(path, cpus);
		return cg_set_cpus(node, &request);
	}
	case 9: {
		if (!(model_.controllers(path) & Model::CPU))
			return *expected = 0;
		uint64_t weight = draw(10100);
		*expected = model_.set_weight(path, weight);
		return cg_set_weight(node, weight);
	}
	case 10:
	case 11:
		return act_on_limits(path, expected);
	case 12: {
		model_.online = mask() | 1ULL << draw(CPUS);
		struct cpumask online = wide(model_.online);
		cg_set_online(machine_.tree.get(), &online);
		return *expected = 0;
	}
	default:
		return act_on_tasks(what, expected);
	}
}

int Fuzz::act_on_limits(const std::string &path, int *expected)
{
	struct cg_node *node = machine_.node(path);
	int32_t limit = draw(3) ? CG_LIMIT_NONE : static_cast<int32_t>(draw(5));
	switch (draw(3)) {
	case 0:
		*expected = model_.set_depth_max(path, limit);
		return cg_set_depth_max(node, limit);
	case 1:
		*expected = model_.set_descendants_max(path, limit);
		return cg_set_descendants_max(node, limit);
	default:
		if (!(model_.controllers(path) & Model::PIDS))
			return *expected = 0;
		*expected = model_.set_pids_max(path, limit);
		return cg_set_pids_max(node, limit);
	}
}

int Fuzz::act_on_tasks(uint64_t what, int *expected)
{
	std::string path = any_node(draw(5) == 0), fresh = "t" + std::to_string(last_++);
	struct cg_node *node = machine_.node(path);
	if (what == 13 || model_.tasks.empty()) {
		*expected = model_.spawn(fresh, path);
		return machine_.spawn(fresh, node);
	}
	std::string task = any_task();
	bool thread = draw(2);
	told_ += ", " + task + " and /" + path + (thread ? " (thread)" : "");
	switch (what) {
	case 14:
	case 15: {
		if (model_.tasks.size() > TASKS_MAX)
			return *expected = 0;
		bool into = draw(2);
		*expected =
			model_.fork(fresh, task, thread, into ? std::optional(path) : std::nullopt);
		int error = machine_.fork(
			fresh, task, thread ? CG_THREAD : CG_PROCESS, into ? node : nullptr);
		return error;
	}
	case 16:
		model_.end(task);
		machine_.end(task);
		return *expected = 0;
	case 17: {
		uint64_t cpus = mask();
		struct cpumask request = wide(cpus);
		*expected = model_.pin(task, cpus);
		return cg_pin(machine_.member(task), &request);
	}
	default:
		*expected = model_.move(task, path, thread);
		return cg_move(machine_.member(task), node, thread ? CG_THREAD : CG_PROCESS);
	}
}

void Fuzz::compare()
{
	static const std::string types[] = {
		"domain", "domain threaded", "domain invalid", "threaded"};
	for (const auto &[path, wanted] : model_.nodes) {
		struct cg_node *node = machine_.node(path);
		ASSERT_NE(node, nullptr) << path;
		ASSERT_EQ(node->effective.bits[0], model_.effective(path)) << path;
		ASSERT_EQ(node->cpus.bits[0], wanted.cpus) << path;
		ASSERT_EQ(cg_node_weight(node), wanted.weight) << path;
		ASSERT_EQ(node->subtree_control, wanted.control) << path;
		ASSERT_EQ(cg_node_controllers(node), model_.controllers(path)) << path;
		ASSERT_EQ(cg_node_is_populated(node), model_.populated(path)) << path;
		std::string type = path.empty() ? model_.type(path) : types[cg_node_type(node)];
		ASSERT_EQ(type, model_.type(path)) << path;
	}
	ASSERT_EQ(machine_.tree->root.descendant_count + 1, model_.nodes.size());
	for (const auto &[name, wanted] : model_.tasks) {
		struct cg_member *member = machine_.member(name);
		ASSERT_EQ(member->node, machine_.node(wanted.node)) << name;
		ASSERT_EQ(member->allowed.bits[0], model_.allowed(name)) << name;
	}
	ASSERT_EQ(machine_.members.size(), model_.tasks.size());
}

void Fuzz::step(int number)
{
	std::map<std::string, uint64_t> effective, allowed;
	for (const auto &[path, node] : model_.nodes)
		effective[path] = model_.effective(path);
	for (const auto &[name, task] : model_.tasks)
		allowed[name] = model_.allowed(name);
	cg_forget_changes(machine_.tree.get());
	std::string before = machine_.image();
	int expected = 0, answer = act(&expected);
	SCOPED_TRACE("step " + std::to_string(number) + ": " + told_);
	ASSERT_EQ(answer, expected);
	refused += answer != 0;
	bool untouched = answer && answer != -EAGAIN; /* a refused fork is counted in pids.events */
	ASSERT_TRUE(!untouched || machine_.image() == before)
		<< "a refused operation changed the tree";
	machine_.check();
	compare();

	/* What changed was told, and nothing else. */
	std::set<struct cg_node *> told_nodes;
	std::set<struct cg_member *> told_members;
	unsigned int what;
	while (struct cg_node *node = cg_next_changed_node(machine_.tree.get(), &what))
		if (what & CG_CHANGED_EFFECTIVE)
			told_nodes.insert(node);
	while (struct cg_member *member = cg_next_changed_member(machine_.tree.get()))
		told_members.insert(member);
	for (const auto &[path, mask] : effective) {
		bool changed = model_.nodes.count(path) && mask != model_.effective(path);
		ASSERT_EQ(told_nodes.count(machine_.node(path)), changed) << path;
	}
	for (const auto &[name, mask] : allowed) {
		bool changed = model_.tasks.count(name) && mask != model_.allowed(name);
		ASSERT_GE(told_members.count(machine_.member(name)), changed) << name;
	}
}

static void run(uint64_t seed)
{
	const char *text = std::getenv("TAPER_FUZZ_STEPS");
	int steps = text ? std::atoi(text) : 10000;
	std::printf("seed %llu, %d steps\n", static_cast<unsigned long long>(seed), steps);
	Fuzz fuzz(seed);
	for (int i = 0; i < steps; i++) {
		fuzz.step(i);
		if (testing::Test::HasFatalFailure())
			FAIL() << "repeat with TAPER_FUZZ_SEED=" << seed;
	}
	EXPECT_GT(fuzz.refused, steps / 20);
	EXPECT_LT(fuzz.refused, steps * 3 / 4);
}

TEST(CgFuzz, AgreesWithTheNaiveModel)
{
	if (const char *text = std::getenv("TAPER_FUZZ_SEED")) {
		run(std::strtoull(text, nullptr, 0));
		return;
	}
	for (uint64_t seed : {1, 2, 3, 4, 5})
		run(seed);
}
