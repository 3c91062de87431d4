// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

extern "C" {
#include "cgroups/cpulist.h"
#include "kernel/sched/isolation_options.h"
}

/* "LIST|flags|unknown", or "!errno", of what follows "isolcpus=" on a machine with eight CPUs. */
static std::string parse(const char *text)
{
	struct cpumask cpus;
	unsigned int flags, unknown;
	int error = isolation_parse(text, 8, &cpus, &flags, &unknown);
	if (error)
		return "!" + std::to_string(-error);
	char list[64];
	std::string answer(list, cpulist_format(&cpus, list, sizeof(list)));
	return answer + "|" + std::to_string(flags) + "|" + std::to_string(unknown);
}

TEST(IsolationParse, ListsAloneMeanTheDomain)
{
	EXPECT_EQ(parse("4-7"), "4-7|1|0");
	EXPECT_EQ(parse("1,3,5"), "1,3,5|1|0");
	EXPECT_EQ(parse("0-7:1/2"), "0,2,4,6|1|0");
	EXPECT_EQ(parse(""), "|1|0");
}

TEST(IsolationParse, FlagsMeanThemselves)
{
	EXPECT_EQ(parse("domain,4-7"), "4-7|1|0");
	EXPECT_EQ(parse("nohz,4-7"), "4-7|2|0");
	EXPECT_EQ(parse("managed_irq,4-7"), "4-7|4|0");
	EXPECT_EQ(parse("domain,managed_irq,nohz,4-7"), "4-7|7|0");
}

TEST(IsolationParse, SkipsFlagsThatItDoesNotKnow)
{
	EXPECT_EQ(parse("quick,4"), "4|1|1");
	EXPECT_EQ(parse("nohz,quick,very_quick,4"), "4|2|2");
	EXPECT_EQ(parse("domains,4"), "4|1|1");
	EXPECT_EQ(parse("nohz"), "|2|0");
}

TEST(IsolationParse, RefusesWhatMakesNoSense)
{
	EXPECT_EQ(parse("4-8"), "!" + std::to_string(ERANGE));
	EXPECT_EQ(parse("7-4"), "!" + std::to_string(EINVAL));
	EXPECT_EQ(parse("no-hz,4"), "!" + std::to_string(EINVAL));
	EXPECT_EQ(parse("nohz2,4"), "!" + std::to_string(EINVAL));
	EXPECT_EQ(parse("4;5"), "!" + std::to_string(EINVAL));
	EXPECT_EQ(parse("99999999999"), "!" + std::to_string(EOVERFLOW));
}
