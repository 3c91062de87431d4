// SPDX-License-Identifier: Apache-2.0
#include "execd/order.h"

#include "gtest/gtest.h"
#include "tests/execd/reading.h"

namespace {

using Lines = std::vector<std::string>;

TEST(RecipesOrder, PutsParentsFirstAndMakesTheMissingOnes)
{
	Reading reading("[service z]\nexec=x\ngroup=b/c/d\n[service y]\nexec=x\ngroup=b-c\n"
			"[group a/b]\ncpus=1\n");
	reading.order();
	EXPECT_EQ(reading.errors, Lines{});
	EXPECT_EQ(reading.paths(), (Lines{"a", "a/b", "b", "b/c", "b/c/d", "b-c"}));
}

TEST(RecipesOrder, GivesTheServicesLimitsToTheirGroups)
{
	Reading reading("[service a]\nexec=x\ngroup=g\ncpus=1\n[service b]\nexec=x\ngroup=g\n"
			"shares=7\n");
	reading.order();
	EXPECT_EQ(reading.errors, Lines{});
	EXPECT_STREQ(reading.group(0).limits.of[RECIPE_CPUS].value, "1");
	EXPECT_STREQ(reading.group(0).limits.of[RECIPE_SHARES].value, "7");
}

TEST(RecipesOrder, KeepsTheFirstOfTwoLimitsAndTheGroupsOwnBeforeAll)
{
	Reading reading("[service a]\nexec=x\ngroup=g\ncpus=1\nshares=1\n"
			"[service b]\nexec=x\ngroup=g\nshares=2\n[group g]\ncpus=3\n");
	reading.order();
	EXPECT_EQ(reading.errors,
		  (Lines{"a.ini:4: group g: cpus is already set at a.ini:11; that one stays",
			 "a.ini:9: group g: shares is already set at a.ini:5; that one stays"}));
	EXPECT_STREQ(reading.group(0).limits.of[RECIPE_CPUS].value, "3");
	EXPECT_STREQ(reading.group(0).limits.of[RECIPE_SHARES].value, "1");
	EXPECT_FALSE(reading.service(0).wrong);
	EXPECT_FALSE(reading.service(1).wrong);
}

TEST(RecipesOrder, WantsACommand)
{
	Reading reading("[service a]\nshares=2\n");
	reading.order();
	EXPECT_EQ(reading.errors, Lines{"a.ini:1: service a: no exec= says what to run"});
	EXPECT_TRUE(reading.service(0).wrong);
	EXPECT_EQ(reading.paths(), Lines{});
}

TEST(RecipesOrder, RefusesAServiceAboveAGroup)
{
	Reading reading("[service a]\nexec=x\ngroup=g\n[service b]\nexec=x\ngroup=g/h\n");
	reading.order();
	EXPECT_EQ(reading.errors,
		  Lines{"a.ini:1: service a: its group g has a group below it (g/h), so tasks "
			"cannot be in it; give the service a group of its own"});
	EXPECT_TRUE(reading.service(0).wrong);
	EXPECT_FALSE(reading.service(1).wrong);
}

TEST(RecipesOrder, LetsAServiceRunInTheRootWithoutLimits)
{
	Reading reading("[service a]\nexec=x\ngroup=/\n[service b]\nexec=x\ngroup=g/h\n");
	reading.order();
	EXPECT_EQ(reading.errors, Lines{});
	Reading limits("[service a]\nexec=x\ngroup=/\ncpus=0\n");
	limits.order();
	EXPECT_EQ(limits.errors, Lines{"a.ini:1: service a: the root takes no settings; they "
				       "are left out"});
	EXPECT_FALSE(limits.service(0).wrong);
}

TEST(RecipesOrder, StartsNothingInAWrongGroupOrBelowIt)
{
	Reading reading("[group g]\nshares=0\n[service a]\nexec=x\ngroup=g/h\n"
			"[service b]\nexec=x\ngroup=gg\n");
	reading.order();
	EXPECT_EQ(reading.errors,
		  (Lines{"a.ini:2: group g: shares 0: shares go from 1 to 10000 (ERANGE)",
			 "a.ini:3: service a: not started, as group g is wrong (a.ini:1)"}));
	EXPECT_TRUE(reading.service(0).wrong);
	EXPECT_FALSE(reading.service(1).wrong);
}

TEST(RecipesOrder, TellsWhenThereIsNoRoomForParents)
{
	std::string text;
	for (int i = 0; i < RECIPE_GROUP_MAX; i++)
		text += "[group g" + std::to_string(i) + "]\ncpus=0\n";
	Reading reading(text + "[service a]\nexec=x\ngroup=more\n");
	reading.order();
	EXPECT_EQ(reading.errors, Lines{"a.ini:257: group more: more than 128 groups"});
	EXPECT_TRUE(reading.service(0).wrong);
}

}  // namespace

TEST(RecipesOrder, GivesAServiceWhatItsProfilesSay)
{
	Reading reading("[affinity a]\ncpus=1-2\nclass=performance\n");
	reading.read("b.ini", "[qos a]\nshares=7\nqos=idle\nlatency=99\nburst=999999999\n"
			      "[service a]\nexec=x\ngroup=g\n");
	reading.order();
	EXPECT_TRUE(reading.errors.empty());
	const struct recipe_limits &limits = reading.group(0).limits;
	EXPECT_STREQ(limits.of[RECIPE_CPUS].value, "1-2");
	EXPECT_STREQ(limits.of[RECIPE_CPU_CLASS].value, "performance");
	EXPECT_STREQ(limits.of[RECIPE_SHARES].value, "7");
	EXPECT_STREQ(limits.of[RECIPE_QOS].value, "idle");
	EXPECT_STREQ(limits.of[RECIPE_LATENCY].value, "99");
	EXPECT_STREQ(limits.of[RECIPE_BURST].value, "999999999");
	EXPECT_EQ(limits.of[RECIPE_CPUS].place.line, 2);
}

TEST(RecipesOrder, LetsAServicesOwnSectionRuleOverItsProfile)
{
	Reading reading("[service a]\nexec=x\nshares=3\n[qos a]\nshares=4\n");
	reading.order();
	EXPECT_EQ(reading.errors,
		  Lines{"a.ini:5: service a: shares is already set at a.ini:3; that one stays"});
	EXPECT_STREQ(reading.group(0).limits.of[RECIPE_SHARES].value, "3");
}

TEST(RecipesOrder, DoesNotStartAServiceWhoseProfileIsWrong)
{
	Reading reading("[service a]\nexec=x\n[service b]\nexec=x\n[affinity a]\ncpus=x\n"
			"[qos b]\ncpus=1\n");
	reading.order();
	EXPECT_EQ(reading.errors,
		  (Lines{"a.ini:6: affinity a: cpus x: this is no CPU list such as 0-3,6 (EINVAL)",
			 "a.ini:8: qos b: there is no key 'cpus'",
			 "a.ini:1: service a: not started, as its affinity is wrong (a.ini:5)",
			 "a.ini:3: service b: not started, as its qos is wrong (a.ini:7)"}));
	EXPECT_TRUE(reading.service(0).wrong);
	EXPECT_TRUE(reading.service(1).wrong);
}

TEST(RecipesOrder, TellsOfAProfileOfNobodyAndOfASecondOne)
{
	Reading reading("[qos x]\nshares=1\n[service a]\nexec=x\n[qos a]\nshares=1\n");
	reading.read("b.ini", "[qos a]\nshares=2\n");
	reading.order();
	EXPECT_EQ(reading.errors,
		  (Lines{"b.ini:1: [qos a]: this is already said, in a.ini:5",
			 "a.ini:1: qos x: there is no service of that name"}));
	EXPECT_FALSE(reading.service(0).wrong);
}
