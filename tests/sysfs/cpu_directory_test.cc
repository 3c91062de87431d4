// SPDX-License-Identifier: Apache-2.0
/*
 * cpu_directory_test.cc - /sys/devices/system/cpu/cpuN/online takes 0 and 1, and passes on what the
 * system answers.
 */
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <vector>

extern "C" {
#include "sysfs/sysfs.h"
}

namespace {

struct Asked {
	unsigned int cpu;
	bool online;
	bool operator==(const Asked &other) const
	{
		return cpu == other.cpu && online == other.online;
	}
};

std::vector<Asked> asked;
int answer;

int go(void *, unsigned int cpu)
{
	asked.push_back({cpu, false});
	return answer;
}

int come(void *, unsigned int cpu)
{
	asked.push_back({cpu, true});
	return answer;
}

const struct sysfs_cpu_file &online_file()
{
	size_t count;
	const struct sysfs_cpu_file *files = sysfs_cpu_files(&count);
	for (size_t i = 0; i < count; i++)
		if (!std::strcmp(files[i].name, "online"))
			return files[i];
	std::abort();
}

int write(const char *text)
{
	struct sysfs_environment environment = {};
	environment.take_cpu_offline = go;
	environment.bring_cpu_online = come;
	asked.clear();
	return online_file().store(&environment, 3, text, std::strlen(text));
}

} // namespace

TEST(CpuOnlineStore, TakesTheTwoNumbersWithWhiteSpace)
{
	answer = 0;
	EXPECT_EQ(write("0"), 0);
	EXPECT_EQ(asked, (std::vector<Asked>{{3, false}}));
	EXPECT_EQ(write(" 1\n"), 0);
	EXPECT_EQ(asked, (std::vector<Asked>{{3, true}}));
}

TEST(CpuOnlineStore, RefusesEverythingElseWithoutAsking)
{
	for (const char *text : {"", "2", "-1", "00", "on", "0 1", "x", "\n"}) {
		EXPECT_EQ(write(text), -EINVAL) << text;
		EXPECT_TRUE(asked.empty()) << text;
	}
}

TEST(CpuOnlineStore, AnswersWhatTheSystemDoes)
{
	answer = -EBUSY;
	EXPECT_EQ(write("0"), -EBUSY);
}

TEST(CpuOnlineShow, TellsWhetherTheCpuRuns)
{
	static struct cg_tree tree;
	struct cpumask possible = cpumask_below(4), online = possible;
	cpumask_clear(&online, 2);
	cg_tree_init(&tree, &possible, &online, 0);
	for (unsigned int cpu = 0; cpu < 4; cpu++) {
		char text[8];
		struct outbuf out = {text, sizeof(text), 0};
		EXPECT_EQ(online_file().show(&tree, cpu, &out), 0);
		EXPECT_EQ(std::string(text, out.length), cpu == 2 ? "0\n" : "1\n");
	}
}
