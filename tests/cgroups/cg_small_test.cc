// SPDX-License-Identifier: Apache-2.0
/*
 * cg_small_test.cc - every reachable state of every small tree, and every change from each of them:
 * a request, a CPU going off or on, a move, a pin. After each the tree's masks are what the naive
 * specification says, and a refused change leaves it bit for bit as it was.
 */
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "tests/cgroups/machine.h"
#include "tests/cgroups/small_tree.h"
#include "tests/cgroups/spec.h"

/* The tree under test. */
struct World : SmallTree {
	explicit World(const Spec &shape) : SmallTree(shape.parent, Spec::all)
	{
	}
	int set_cpus(unsigned int i, uint8_t request)
	{
		struct cpumask mask = wide(request);
		return cg_set_cpus(node(i), &mask);
	}
	int set_online(uint8_t online)
	{
		struct cpumask mask = wide(online);
		cg_set_online(&tree, &mask);
		return 0;
	}
	int move(unsigned int i)
	{
		return cg_move(&member, node(i), CG_THREAD);
	}
	int set_pin(uint8_t request)
	{
		struct cpumask mask = wide(request);
		return cg_pin(&member, &mask);
	}
};

/* The changes: number -> change, on the tree and on the specification alike. */
enum { REQUESTS = 3 * 8, ONLINES = 7, MOVES = 4, PINS = 8 };
enum { CHANGES = REQUESTS + ONLINES + MOVES + PINS };

template <typename Subject> static int change(Subject &subject, unsigned int number)
{
	if (number < REQUESTS)
		return subject.set_cpus(1 + number / 8, number % 8);
	number -= REQUESTS;
	if (number < ONLINES)
		return subject.set_online(static_cast<uint8_t>(number + 1));
	number -= ONLINES;
	if (number < MOVES)
		return subject.move(number);
	return subject.set_pin(static_cast<uint8_t>(number - MOVES));
}

static bool agrees(World &world, const Spec &spec)
{
	for (unsigned int i = 0; i < Spec::node_count; i++) {
		struct cpumask effective = wide(spec.effective(i));
		if (!cpumask_equal(&world.node(i)->effective, &effective))
			return false;
	}
	struct cpumask allowed = wide(spec.allowed());
	return world.member.node == world.node(spec.place) &&
	       cpumask_equal(&world.member.allowed, &allowed);
}

/* Brings a fresh tree into the state: first what could be refused later. */
static void enter(World &world, const Spec &spec)
{
	int refused = spec.pin ? world.set_pin(spec.pin) : 0;
	for (unsigned int i = 1; i < Spec::node_count; i++)
		refused |= world.set_cpus(i, spec.cpus[i]);
	refused |= world.move(spec.place) | world.set_online(spec.online);
	if (refused)
		std::abort();
	cg_forget_changes(&world.tree);
}

class Explorer
{
      public:
	explicit Explorer(const Spec &shape) : shape_(shape)
	{
	}

	void run()
	{
		visit(shape_.code());
		while (!waiting_.empty() && !testing::Test::HasFatalFailure()) {
			uint32_t code = waiting_.back();
			waiting_.pop_back();
			explore(code);
		}
	}
	size_t states = 0, changes = 0;

      private:
	void visit(uint32_t code)
	{
		if (seen_[code])
			return;
		seen_[code] = true;
		states++;
		waiting_.push_back(code);
	}

	void explore(uint32_t code)
	{
		Spec spec = shape_;
		spec.decode(code);
		world_ = std::make_unique<World>(shape_);
		enter(*world_, spec);
		ASSERT_TRUE(agrees(*world_, spec)) << "state " << code;
		std::string image(reinterpret_cast<const char *>(world_.get()), world_->size());
		for (unsigned int number = 0; number < CHANGES; number++) {
			Spec next = spec;
			int wanted = change(next, number), answer = change(*world_, number);
			changes++;
			ASSERT_EQ(answer, wanted) << "state " << code << ", change " << number;
			ASSERT_TRUE(agrees(*world_, next))
				<< "state " << code << ", change " << number;
			bool touched = std::memcmp(image.data(), world_.get(), image.size()) != 0;
			ASSERT_FALSE(answer && touched)
				<< "state " << code << ", change " << number;
			visit(next.code());
			if (touched)
				std::memcpy(static_cast<void *>(world_.get()), image.data(),
					image.size());
		}
	}

	const Spec shape_;
	std::unique_ptr<World> world_;
	std::vector<bool> seen_ = std::vector<bool>(1 << 17);
	std::vector<uint32_t> waiting_;
};

TEST(CgSmallScope, EveryStateOfEveryTreeOfFourNodesIsRight)
{
	size_t states = 0, changes = 0;
	for (uint8_t second = 0; second < 2; second++) {
		for (uint8_t third = 0; third < 3; third++) {
			Spec shape;
			shape.parent[2] = second;
			shape.parent[3] = third;
			Explorer explorer(shape);
			explorer.run();
			ASSERT_FALSE(HasFatalFailure())
				<< "parents 0, " << +second << ", " << +third;
			states += explorer.states;
			changes += explorer.changes;
		}
	}
	std::printf("%zu states, %zu changes\n", states, changes);
	EXPECT_GT(states, 500000U);
}
