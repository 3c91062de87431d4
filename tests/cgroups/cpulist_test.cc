// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/cgroups/machine.h"

/* The canonical form of what was read with CPUs 0-7, or the error's number. */
static std::string parse(const std::string &text, unsigned int cpus = 8)
{
	struct cpumask mask = cpumask_of(511);
	int error = cpulist_parse(text.data(), text.size(), cpus, &mask);
	if (!error)
		return list_of(mask);
	EXPECT_EQ(list_of(mask), "511") << "a refused list changed the mask";
	return std::to_string(error);
}

static const std::string invalid = std::to_string(-EINVAL);
static const std::string range = std::to_string(-ERANGE);
static const std::string overflow = std::to_string(-EOVERFLOW);

TEST(CpulistParse, ReadsSingleCpusAndRanges)
{
	EXPECT_EQ(parse("0"), "0");
	EXPECT_EQ(parse("1-3"), "1-3");
	EXPECT_EQ(parse("0,2,4-5"), "0,2,4-5");
	EXPECT_EQ(parse("5,4,0-3"), "0-5");
	EXPECT_EQ(parse("00-03"), "0-3");
	EXPECT_EQ(parse("1-1"), "1");
}

TEST(CpulistParse, AllowsEmptyRegionsAndWhiteSpace)
{
	EXPECT_EQ(parse(""), "");
	EXPECT_EQ(parse("\n"), "");
	EXPECT_EQ(parse(" "), "");
	EXPECT_EQ(parse("0,,"), "0");
	EXPECT_EQ(parse(",0"), "0");
	EXPECT_EQ(parse("0 1"), "0-1");
	EXPECT_EQ(parse(" 2-3 \t5\r\n"), "2-3,5");
}

TEST(CpulistParse, EndsAtANewlineBehindARegion)
{
	EXPECT_EQ(parse("0-3\n4"), "0-3");
	EXPECT_EQ(parse("0-3 \n4"), "0-4");
	EXPECT_EQ(parse("0-7:1/2\n1"), "0-2,4,6");
}

TEST(CpulistParse, EndsAtANul)
{
	EXPECT_EQ(parse(std::string("1\0x", 3)), "1");
}

TEST(CpulistParse, TakesTheUsedOfEachGroup)
{
	EXPECT_EQ(parse("0-7:1/2"), "0,2,4,6");
	EXPECT_EQ(parse("0-7:2/4"), "0-1,4-5");
	EXPECT_EQ(parse("1-6:2/3"), "1-2,4-5");
	EXPECT_EQ(parse("0-7:4/4"), "0-7");
	EXPECT_EQ(parse("0-7:0/4"), "");
	EXPECT_EQ(parse("0-7:5/4"), invalid);
	EXPECT_EQ(parse("0-7:0/0"), invalid);
	EXPECT_EQ(parse("0-7:1"), invalid);
	EXPECT_EQ(parse("0-7:1/"), invalid);
	EXPECT_EQ(parse("0-7:/2"), invalid);
	EXPECT_EQ(parse("3:1/2"), invalid);
	EXPECT_EQ(parse("0-7:1/2x"), invalid);
}

TEST(CpulistParse, KnowsAllAndTheLast)
{
	EXPECT_EQ(parse("all"), "0-7");
	EXPECT_EQ(parse("ALL"), "0-7");
	EXPECT_EQ(parse("all:1/4"), "0,4");
	EXPECT_EQ(parse("N"), "7");
	EXPECT_EQ(parse("6-N"), "6-7");
	EXPECT_EQ(parse("alles"), invalid);
	EXPECT_EQ(parse("al"), invalid);
	EXPECT_EQ(parse("n"), invalid);
}

TEST(CpulistParse, RefusesWhatIsNoList)
{
	for (const char *text : {"a", "0-", "-3", "-1", "3-1", "none", "0x3", "+0", "0--1", "1-2-3",
		     "0.5", "0;1", "1-,2"})
		EXPECT_EQ(parse(text), invalid) << text;
}

TEST(CpulistParse, RefusesACpuPastTheLast)
{
	EXPECT_EQ(parse("7"), "7");
	EXPECT_EQ(parse("8"), range);
	EXPECT_EQ(parse("0-100"), range);
	EXPECT_EQ(parse("511", 512), "511");
	EXPECT_EQ(parse("512", 512), range);
	EXPECT_EQ(parse("0", 1), "0");
	EXPECT_EQ(parse("1", 1), range);
	EXPECT_EQ(parse("9-8"), invalid);
}

TEST(CpulistParse, RefusesNumbersBeyond32Bits)
{
	EXPECT_EQ(parse("4294967295"), range);
	EXPECT_EQ(parse("4294967296"), overflow);
	EXPECT_EQ(parse("99999999999999999999999999"), overflow);
	EXPECT_EQ(parse("0-9999999999"), overflow);
}

TEST(CpulistParse, ReadsNoByteBehindTheLength)
{
	struct cpumask mask;
	ASSERT_EQ(cpulist_parse("123", 1, 8, &mask), 0);
	EXPECT_EQ(list_of(mask), "1");
	ASSERT_EQ(cpulist_parse("1all", 1, 8, &mask), 0);
	ASSERT_EQ(cpulist_parse("all", 2, 8, &mask), -EINVAL);
}

TEST(CpulistFormat, TellsTheLengthOfWhatDoesNotFit)
{
	struct cpumask mask = mask_of("0-3,6,8-511");
	std::string text = "0-3,6,8-511";
	for (size_t size = 0; size <= text.size(); size++) {
		std::string buffer(text.size() + 1, '#');
		EXPECT_EQ(cpulist_format(&mask, buffer.data(), size), text.size());
		EXPECT_EQ(buffer, text.substr(0, size) + std::string(text.size() + 1 - size, '#'));
	}
}

TEST(CpulistFormat, RepeatsEveryMaskThatItWrote)
{
	struct cpumask mask = cpumask_none();
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu += 1 + cpu % 3) {
		cpumask_set(&mask, cpu);
		struct cpumask again = mask_of(list_of(mask));
		EXPECT_TRUE(cpumask_equal(&mask, &again));
	}
}
