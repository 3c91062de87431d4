// SPDX-License-Identifier: Apache-2.0
/*
 * policy_test.cc - memory policies: what may be made, what they mean, how they follow a set.
 */
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

extern "C" {
#define _Static_assert static_assert
#define _Noreturn      [[noreturn]]
#define restrict       __restrict
#include "kernel/mm/node.h"
#include "kernel/mm/policy.h"
#undef restrict

[[noreturn]] void assertion_failed(const char *expression, const char *file, int line)
{
	std::fprintf(stderr, "%s:%d: %s\n", file, line, expression);
	std::abort();
}
}

namespace {

constexpr uint64_t kMems = 0xf;

memory_policy Make(policy_mode mode, uint64_t nodes, uint16_t flags = 0, uint64_t mems = kMems)
{
	memory_policy policy;
	EXPECT_EQ(policy_make(&policy, mode, flags, nodes, mems), 0);
	return policy;
}

int Error(policy_mode mode, uint64_t nodes, uint16_t flags = 0)
{
	memory_policy policy;
	return policy_make(&policy, mode, flags, nodes, kMems);
}

TEST(PolicyDecode, TakesModeAndFlagsApart)
{
	policy_mode mode;
	uint16_t flags;
	EXPECT_EQ(policy_decode(POLICY_BIND | POLICY_STATIC, &mode, &flags), 0);
	EXPECT_EQ(mode, POLICY_BIND);
	EXPECT_EQ(flags, POLICY_STATIC);
	EXPECT_EQ(policy_decode(POLICY_MODE_COUNT, &mode, &flags), -EINVAL);
	EXPECT_EQ(policy_decode(UINT64_MAX, &mode, &flags), -EINVAL);
	EXPECT_EQ(policy_decode(POLICY_STATIC | POLICY_RELATIVE, &mode, &flags), -EINVAL);
	EXPECT_EQ(policy_decode(POLICY_PREFERRED_MANY | POLICY_BALANCING, &mode, &flags), 0);
	EXPECT_EQ(policy_decode(POLICY_PREFERRED | POLICY_BALANCING, &mode, &flags), -EINVAL);
}

TEST(PolicyMake, RefusesNodesWhereNoneAreMeantAndNoneWhereSomeAre)
{
	EXPECT_EQ(Error(POLICY_DEFAULT, 1), -EINVAL);
	EXPECT_EQ(Error(POLICY_LOCAL, 1), -EINVAL);
	EXPECT_EQ(Error(POLICY_LOCAL, 0, POLICY_STATIC), -EINVAL);
	EXPECT_EQ(Error(POLICY_BIND, 0), -EINVAL);
	EXPECT_EQ(Error(POLICY_INTERLEAVE, 0), -EINVAL);
	EXPECT_EQ(Error(POLICY_PREFERRED_MANY, 0), -EINVAL);
	EXPECT_EQ(Error(POLICY_PREFERRED, 0, POLICY_RELATIVE), -EINVAL);
	EXPECT_EQ(Error(POLICY_BIND, 0x30), -EINVAL); /* none of the set */
	EXPECT_EQ(Error(POLICY_BIND, 0x30, POLICY_STATIC), -EINVAL);
	EXPECT_EQ(Error(POLICY_BIND, 0x30, POLICY_RELATIVE), 0);
}

TEST(PolicyMake, TurnsPreferringNothingIntoLocal)
{
	EXPECT_EQ(Make(POLICY_PREFERRED, 0).mode, POLICY_LOCAL);
}

TEST(PolicyMake, KeepsWhatMayBeUsed)
{
	EXPECT_EQ(Make(POLICY_BIND, 0x33).nodes, 0x3U);
	EXPECT_EQ(Make(POLICY_PREFERRED, 0xc).nodes, 0x4U);
	memory_policy fixed = Make(POLICY_BIND, 0x33, POLICY_STATIC);
	EXPECT_EQ(fixed.nodes, 0x3U);
	EXPECT_EQ(policy_nodes(&fixed), 0x33U);
	/* Places 0 and 2 of three nodes; 5 counts around to 2. */
	EXPECT_EQ(Make(POLICY_BIND, 0x21, POLICY_RELATIVE, 0xd0).nodes, 0x90U);
}

TEST(PolicyRebind, MapsPlaceByPlace)
{
	memory_policy policy = Make(POLICY_BIND, 0x2, 0, 0x3);
	policy_rebind(&policy, 0xc);
	EXPECT_EQ(policy.nodes, 0x8U);
	policy_rebind(&policy, 0x1); /* both come to the only one */
	EXPECT_EQ(policy.nodes, 0x1U);
	policy_rebind(&policy, 0x1);
	EXPECT_EQ(policy.nodes, 0x1U);
}

TEST(PolicyRebind, ComesBackToAStaticRequest)
{
	memory_policy policy = Make(POLICY_INTERLEAVE, 0x6, POLICY_STATIC);
	policy_rebind(&policy, 0x9);
	EXPECT_EQ(policy.nodes, 0x9U); /* nothing of it is there: the set */
	policy_rebind(&policy, 0xc);
	EXPECT_EQ(policy.nodes, 0x4U);
	policy_rebind(&policy, 0xf);
	EXPECT_EQ(policy.nodes, 0x6U);
	EXPECT_EQ(policy_nodes(&policy), 0x6U);
}

TEST(PolicyRebind, CountsARelativeRequestAnew)
{
	memory_policy policy = Make(POLICY_BIND, 0x5, POLICY_RELATIVE);
	EXPECT_EQ(policy.nodes, 0x5U);
	policy_rebind(&policy, 0xc);
	EXPECT_EQ(policy.nodes, 0x4U); /* places 0 and 2 of two are the first */
}

TEST(PolicyRebind, LeavesAWishAlone)
{
	memory_policy policy = Make(POLICY_PREFERRED, 0x2);
	policy_rebind(&policy, 0x1);
	EXPECT_EQ(policy.nodes, 0x2U);
	policy = Make(POLICY_LOCAL, 0);
	memory_policy before = policy;
	policy_rebind(&policy, 0x1);
	EXPECT_TRUE(policy_equal(&policy, &before));
}

TEST(PolicyPlace, SaysWhereToLook)
{
	memory_policy policy = Make(POLICY_DEFAULT, 0);
	struct policy_place place = policy_place(&policy, kMems, 0, 2);
	EXPECT_EQ(place.node, 2U);
	EXPECT_EQ(place.first, kMems);
	policy = Make(POLICY_PREFERRED, 0x8);
	place = policy_place(&policy, kMems, 0, 2);
	EXPECT_EQ(place.node, 3U);
	EXPECT_EQ(place.first, kMems);
	policy = Make(POLICY_BIND, 0x9);
	place = policy_place(&policy, kMems, 0, 2);
	EXPECT_EQ(place.node, 2U);
	EXPECT_EQ(place.first, 0x9U);
	EXPECT_EQ(place.then, 0U);
	policy.home = 3;
	EXPECT_EQ(policy_place(&policy, kMems, 0, 2).node, 3U);
	policy = Make(POLICY_PREFERRED_MANY, 0x9);
	place = policy_place(&policy, kMems, 0, 2);
	EXPECT_EQ(place.first, 0x9U);
	EXPECT_EQ(place.then, 0x6U);
}

TEST(PolicyPlace, NeverLeavesTheSet)
{
	memory_policy policy = Make(POLICY_BIND, 0x2);
	EXPECT_EQ(policy_place(&policy, 0x4, 0, 0).first, 0x4U);
	policy = Make(POLICY_PREFERRED_MANY, 0x2);
	EXPECT_EQ(policy_place(&policy, 0x4, 0, 0).first | policy_place(&policy, 0x4, 0, 0).then, 0x4U);
}

TEST(PolicyPlace, TakesTurns)
{
	memory_policy policy = Make(POLICY_INTERLEAVE, 0xb);
	const unsigned due[] = { 0, 1, 3, 0, 1, 3 };
	for (uint64_t number = 0; number < 6; number++)
		EXPECT_EQ(policy_place(&policy, kMems, 300 + number, 2).node, due[number]);
}

TEST(PolicyNext, CountsAround)
{
	EXPECT_EQ(policy_next(0xb, NODES_MAX - 1), 0U);
	EXPECT_EQ(policy_next(0xb, 0), 1U);
	EXPECT_EQ(policy_next(0xb, 1), 3U);
	EXPECT_EQ(policy_next(0xb, 3), 0U);
	EXPECT_EQ(policy_next(UINT64_C(1) << 63, 62), 63U);
}

} // namespace
