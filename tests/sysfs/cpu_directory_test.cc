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

const struct sysfs_cpu_file &file(const char *name)
{
	size_t count;
	const struct sysfs_cpu_file *files = sysfs_cpu_files(&count);
	for (size_t i = 0; i < count; i++)
		if (!std::strcmp(files[i].name, name))
			return files[i];
	std::abort();
}

int write(const char *text)
{
	struct sysfs_environment environment = {};
	environment.take_cpu_offline = go;
	environment.bring_cpu_online = come;
	asked.clear();
	return file("online").store(&environment, 3, text, std::strlen(text));
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

/* Four CPUs of two cores in one package of two clusters; CPU 2 does not run. */
class CpuShow : public ::testing::Test
{
      protected:
	CpuShow()
	{
		struct cpumask possible = cpumask_below(4), online = possible;
		cpumask_clear(&online, 2);
		cg_tree_init(&tree, &possible, &online, 0);
		for (unsigned int cpu = 0; cpu < 4; cpu++) {
			struct topology_cache own = {cpu, 32768, 64, 64, 1, TOPOLOGY_DATA};
			struct topology_cache shared = {99, 1048576, 0, 0, 2, TOPOLOGY_UNIFIED};
			cpus[cpu] = {0, (int32_t)cpu / 2, 0, (uint16_t)(cpu < 2 ? 512 : 1024), 2, {own, shared}, 0};
		}
		environment.topology = &topology;
	}

	std::string show(const char *name, unsigned int cpu, unsigned int cache = 0)
	{
		char text[64];
		struct outbuf out = {text, sizeof(text), 0};
		int error = file(name).show(&environment, &tree, {cpu, cache}, &out);
		return error ? "!" + std::to_string(error) : std::string(text, out.length);
	}

	struct cg_tree tree;
	struct topology_cpu cpus[4];
	struct topology topology = {4, cpus, {}};
	struct sysfs_environment environment = {};
};

TEST_F(CpuShow, TellsWhetherTheCpuRuns)
{
	for (unsigned int cpu = 0; cpu < 4; cpu++)
		EXPECT_EQ(show("online", cpu), cpu == 2 ? "0\n" : "1\n");
}

TEST_F(CpuShow, TellsSiblingsThatRun)
{
	EXPECT_EQ(show("core_cpus", 0), "3\n");
	EXPECT_EQ(show("core_cpus_list", 0), "0-1\n");
	EXPECT_EQ(show("thread_siblings", 3), "8\n");
	EXPECT_EQ(show("thread_siblings_list", 3), "3\n");
	EXPECT_EQ(show("cluster_cpus", 1), "3\n");
	EXPECT_EQ(show("cluster_cpus_list", 3), "3\n");
	EXPECT_EQ(show("package_cpus", 3), "b\n");
	EXPECT_EQ(show("package_cpus_list", 3), "0-1,3\n");
	EXPECT_EQ(show("core_siblings", 0), "b\n");
	EXPECT_EQ(show("core_siblings_list", 0), "0-1,3\n");
}

TEST_F(CpuShow, TellsNumbers)
{
	EXPECT_EQ(show("physical_package_id", 3), "0\n");
	EXPECT_EQ(show("cluster_id", 3), "1\n");
	EXPECT_EQ(show("core_id", 3), "0\n");
	EXPECT_EQ(show("cpu_capacity", 0), "512\n");
	EXPECT_EQ(show("cpu_capacity", 2), "1024\n");
}

TEST_F(CpuShow, TellsCaches)
{
	EXPECT_EQ(show("level", 0, 1), "2\n");
	EXPECT_EQ(show("type", 0), "Data\n");
	EXPECT_EQ(show("type", 0, 1), "Unified\n");
	EXPECT_EQ(show("size", 0, 1), "1024K\n");
	EXPECT_EQ(show("coherency_line_size", 0), "64\n");
	EXPECT_EQ(show("number_of_sets", 0), "64\n");
	EXPECT_EQ(show("ways_of_associativity", 0), "8\n");
	EXPECT_EQ(show("shared_cpu_map", 0), "1\n");
	EXPECT_EQ(show("shared_cpu_list", 0, 1), "0-1,3\n");
	EXPECT_TRUE(file("number_of_sets").known(&cpus[0].caches[0]));
	EXPECT_FALSE(file("number_of_sets").known(&cpus[0].caches[1]));
	EXPECT_FALSE(file("ways_of_associativity").known(&cpus[0].caches[1]));
	EXPECT_FALSE(file("coherency_line_size").known(&cpus[0].caches[1]));
}

TEST_F(CpuShow, TellsNoShapeOfACpuThatDoesNotRun)
{
	size_t count;
	const struct sysfs_cpu_file *files = sysfs_cpu_files(&count);
	for (size_t i = 0; i < count; i++)
		if (files[i].directory != SYSFS_OF_CPU) {
			EXPECT_EQ(show(files[i].name, 2), "!-19") << files[i].name;
		}
}

TEST(OutbufMask, WritesAsManyDigitsAsCpusNeed)
{
	struct cpumask mask = cpumask_below(1);
	cpumask_set(&mask, 35);
	auto text = [&](unsigned int cpu_count) {
		char digits[160];
		struct outbuf out = {digits, sizeof(digits), 0};
		outbuf_mask(&out, &mask, cpu_count);
		return std::string(digits, out.length);
	};
	EXPECT_EQ(text(1), "1");
	EXPECT_EQ(text(4), "1");
	EXPECT_EQ(text(5), "01");
	EXPECT_EQ(text(32), "00000001");
	EXPECT_EQ(text(36), "8,00000001");
	EXPECT_EQ(text(37), "08,00000001");
	EXPECT_EQ(text(512).length(), 128U + 15U);
}

TEST(CpuInterruptsShow, TellsWhatTheSystemCounts)
{
	struct sysfs_environment environment = {};
	environment.cpu_interrupts = [](void *, unsigned int cpu) -> uint64_t { return cpu * 10; };
	size_t count;
	const struct sysfs_cpu_file *files = sysfs_cpu_files(&count);
	for (size_t i = 0; i < count; i++) {
		if (std::strcmp(files[i].name, "sched.interrupts"))
			continue;
		char text[8];
		struct outbuf out = {text, sizeof(text), 0};
		EXPECT_EQ(files[i].show(&environment, nullptr, {7, 0}, &out), 0);
		EXPECT_EQ(std::string(text, out.length), "70\n");
		return;
	}
	ADD_FAILURE() << "there is no such file";
}
