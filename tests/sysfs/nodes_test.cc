// SPDX-License-Identifier: Apache-2.0
/*
 * nodes_test.cc - /sys/devices/system/node, text by text as Linux 6.12 shows it.
 */
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

extern "C" {
#include "sysfs/nodes.h"
}

namespace {

/* 8 CPUs on two nodes, and a third without either. */
struct sysfs_nodes Machine()
{
	struct sysfs_nodes nodes = {};
	nodes.present = 0x7;
	nodes.with_cpus = nodes.with_memory = 0x3;
	nodes.cpu_count = 8;
	nodes.cpus = cpumask_below(8);
	nodes.cpus_of = [](unsigned node, struct cpumask *cpus) {
		*cpus = cpumask_none();
		for (unsigned cpu = 0; node < 2 && cpu < 4; cpu++)
			cpumask_set(cpus, node * 4 + cpu);
	};
	nodes.distance = [](unsigned from, unsigned to) { return from == to ? 10U : 10 * (to + 1); };
	nodes.memory = [](unsigned node, struct sysfs_node_memory *memory) {
		*memory = { 1048576, 123456789, { 1, 2, 3, 4, 5, 6 } };
		memory->free_kib = node ? 12 : 1048576;
	};
	return nodes;
}

std::string Show(const struct sysfs_nodes &nodes, const std::string &name, unsigned node = 0)
{
	size_t count;
	const struct sysfs_node_file *files = sysfs_node_files(&count);
	char text[1024];
	for (size_t i = 0; i < count; i++) {
		struct outbuf out = { text, sizeof(text), 0 };
		if (files[i].name != name)
			continue;
		files[i].show(&nodes, node, &out);
		return std::string(text, out.length);
	}
	return "no such file";
}

TEST(SysfsNodes, TellWhichThereAre)
{
	struct sysfs_nodes nodes = Machine();
	EXPECT_EQ(Show(nodes, "possible"), "0-2\n");
	EXPECT_EQ(Show(nodes, "online"), "0-2\n");
	EXPECT_EQ(Show(nodes, "has_cpu"), "0-1\n");
	EXPECT_EQ(Show(nodes, "has_memory"), "0-1\n");
	EXPECT_EQ(Show(nodes, "has_normal_memory"), "0-1\n");
	EXPECT_EQ(Show(nodes, "has_generic_initiator"), "\n");
}

TEST(SysfsNodes, TellTheirCpusThatAreSeen)
{
	struct sysfs_nodes nodes = Machine();
	EXPECT_EQ(Show(nodes, "cpulist", 1), "4-7\n");
	EXPECT_EQ(Show(nodes, "cpumap", 1), "f0\n");
	EXPECT_EQ(Show(nodes, "cpumap", 0), "0f\n");
	cpumask_clear(&nodes.cpus, 5);
	EXPECT_EQ(Show(nodes, "cpulist", 1), "4,6-7\n");
	EXPECT_EQ(Show(nodes, "cpulist", 2), "\n");
}

TEST(SysfsNodes, TellHowFarTheOthersAre)
{
	EXPECT_EQ(Show(Machine(), "distance", 0), "10 20 30\n");
	EXPECT_EQ(Show(Machine(), "distance", 2), "10 20 10\n");
}

TEST(SysfsNodes, TellTheirMemory)
{
	EXPECT_EQ(Show(Machine(), "meminfo", 1),
		  "Node 1 MemTotal:        1048576 kB\n"
		  "Node 1 MemFree:              12 kB\n"
		  "Node 1 MemUsed:         1048564 kB\n");
	EXPECT_EQ(Show(Machine(), "numastat", 1),
		  "numa_hit 1\nnuma_miss 2\nnuma_foreign 3\ninterleave_hit 4\nlocal_node 5\nother_node 6\n");
}

/* docs/sysfs.md has a section for each, in the order of the table. */
TEST(SysfsNodes, AreDocumented)
{
	std::ifstream page("docs/sysfs.md");
	ASSERT_TRUE(page.good());
	std::vector<std::string> found, wanted;
	bool inside = false;
	for (std::string line; std::getline(page, line);) {
		if (line.rfind("## ", 0) == 0)
			inside = line.rfind("## /sys/devices/system/node", 0) == 0;
		if (inside && line.rfind("### ", 0) == 0)
			found.push_back(line.substr(4));
	}
	size_t count;
	const struct sysfs_node_file *files = sysfs_node_files(&count);
	for (size_t i = 0; i < count; i++)
		wanted.push_back(files[i].name);
	EXPECT_EQ(found, wanted);
}

} // namespace
