// SPDX-License-Identifier: Apache-2.0
/*
 * topology_test.cc - device trees, compiled by dtc, against the shape that is read from them.
 *
 * A tree is written as its CPU nodes and its cpu-map; the rest is the same for all.
 */
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

extern "C" {
#include "cgroups/cpulist.h"
#include "kernel/dev/topology.h"
}

namespace {

/* The flattened tree of the text, in words for its alignment. */
std::vector<uint64_t> compile(const std::string &text)
{
	std::string base = std::string(std::getenv("TEST_TMPDIR")) + "/tree";
	std::ofstream(base + ".dts") << text;
	std::string command = "dtc -q -O dtb -o " + base + ".dtb " + base + ".dts";
	EXPECT_EQ(std::system(command.c_str()), 0) << text;
	std::ifstream file(base + ".dtb", std::ios::binary);
	std::stringstream bytes;
	bytes << file.rdbuf();
	std::vector<uint64_t> tree(bytes.str().size() / 8 + 1);
	std::memcpy(tree.data(), bytes.str().data(), bytes.str().size());
	return tree;
}

std::string cpu(unsigned int id, const std::string &more = "")
{
	std::string number = std::to_string(id);
	return "c" + number + ": cpu@" + number + " { device_type = \"cpu\"; reg = <" + number + ">; " +
	       more + " };\n";
}

std::string cpus(unsigned int count, const std::string &more = "")
{
	std::string text;
	for (unsigned int id = 0; id < count; id++)
		text += cpu(id, more);
	return text;
}

struct Shape {
	std::vector<struct topology_cpu> cpus;
	struct topology topology = {};
	int answer;

	Shape(unsigned int count, const std::string &nodes, const std::string &map = "")
	    : cpus(count)
	{
		std::string text = "/dts-v1/;\n/ { cpus { #address-cells = <1>; #size-cells = <0>;\n" + nodes;
		if (!map.empty())
			text += "cpu-map { " + map + " };\n";
		std::vector<uint64_t> tree = compile(text + "}; };\n");
		topology.cpu_count = count;
		topology.cpus = cpus.data();
		answer = topology_parse(tree.data(), &topology);
	}

	static std::string list(struct cpumask mask)
	{
		char text[128];
		return std::string(text, cpulist_format(&mask, text, sizeof(text)));
	}
	/* "package cluster core" */
	std::string ids(unsigned int cpu) const
	{
		return std::to_string(cpus[cpu].package_id) + " " + std::to_string(cpus[cpu].cluster_id) +
		       " " + std::to_string(cpus[cpu].core_id);
	}
	std::string siblings(unsigned int cpu, enum topology_level level) const
	{
		return list(topology_siblings(&topology, cpu, level));
	}
	std::string capacities() const
	{
		std::string text;
		for (const struct topology_cpu &one : cpus)
			text += std::to_string(one.capacity) + " ";
		return text;
	}
	bool is_made_up() const
	{
		for (unsigned int i = 0; i < cpus.size(); i++)
			if (ids(i) != "0 -1 " + std::to_string(i))
				return false;
		return true;
	}
};

std::string core(unsigned int number, unsigned int cpu)
{
	return "core" + std::to_string(number) + " { cpu = <&c" + std::to_string(cpu) + ">; }; ";
}

std::string smt_core(unsigned int number, unsigned int first)
{
	return "core" + std::to_string(number) + " { thread0 { cpu = <&c" + std::to_string(first) +
	       ">; }; thread1 { cpu = <&c" + std::to_string(first + 1) + ">; }; }; ";
}

} // namespace

TEST(TopologyParse, TakesCpusForCoresOfOnePackageWithoutAMap)
{
	Shape shape(3, cpus(3));
	EXPECT_EQ(shape.answer, 0);
	EXPECT_TRUE(shape.is_made_up());
	EXPECT_EQ(shape.siblings(1, TOPOLOGY_CORE), "1");
	EXPECT_EQ(shape.siblings(1, TOPOLOGY_CLUSTER), "1");
	EXPECT_EQ(shape.siblings(1, TOPOLOGY_PACKAGE), "0-2");
	EXPECT_EQ(shape.capacities(), "1024 1024 1024 ");
}

TEST(TopologyParse, TakesMemoryNodesForPackagesWithoutAMap)
{
	Shape shape(2, cpu(0, "numa-node-id = <0>;") + cpu(1, "numa-node-id = <1>;"));
	EXPECT_EQ(shape.ids(0), "0 -1 0");
	EXPECT_EQ(shape.ids(1), "1 -1 1");
	EXPECT_EQ(shape.siblings(1, TOPOLOGY_PACKAGE), "1");
}

TEST(TopologyParse, CountsCoresInEachCluster)
{
	Shape shape(4, cpus(4),
		"cluster0 { " + core(0, 0) + core(1, 1) + "}; cluster1 { " + core(0, 2) + core(1, 3) + "};");
	EXPECT_EQ(shape.answer, 0);
	EXPECT_EQ(shape.ids(1), "0 0 1");
	EXPECT_EQ(shape.ids(3), "0 1 1");
	EXPECT_EQ(shape.siblings(3, TOPOLOGY_CORE), "3");
	EXPECT_EQ(shape.siblings(3, TOPOLOGY_CLUSTER), "2-3");
	EXPECT_EQ(shape.siblings(3, TOPOLOGY_PACKAGE), "0-3");
}

TEST(TopologyParse, KnowsThreadsOfACore)
{
	Shape shape(4, cpus(4), "cluster0 { " + smt_core(0, 0) + smt_core(1, 2) + "};");
	EXPECT_EQ(shape.answer, 0);
	EXPECT_EQ(shape.ids(3), "0 0 1");
	EXPECT_EQ(shape.siblings(0, TOPOLOGY_CORE), "0-1");
	EXPECT_EQ(shape.siblings(3, TOPOLOGY_CORE), "2-3");
	EXPECT_EQ(shape.siblings(3, TOPOLOGY_CLUSTER), "0-3");
}

TEST(TopologyParse, KnowsTwoPackages)
{
	Shape shape(8, cpus(8),
		"socket0 { cluster0 { " + smt_core(0, 0) + smt_core(1, 2) + "}; }; "
		"socket1 { cluster0 { " + smt_core(0, 4) + smt_core(1, 6) + "}; };");
	EXPECT_EQ(shape.answer, 0);
	EXPECT_EQ(shape.ids(2), "0 0 1");
	EXPECT_EQ(shape.ids(6), "1 0 1");
	EXPECT_EQ(shape.siblings(6, TOPOLOGY_CORE), "6-7");
	EXPECT_EQ(shape.siblings(6, TOPOLOGY_CLUSTER), "4-7");
	EXPECT_EQ(shape.siblings(1, TOPOLOGY_PACKAGE), "0-3");
}

TEST(TopologyParse, FlattensNestedClusters)
{
	Shape shape(3, cpus(3),
		"cluster0 { cluster0 { " + core(0, 0) + "}; cluster1 { " + core(0, 1) + "}; }; "
		"cluster1 { cluster0 { " + core(0, 2) + "}; };");
	EXPECT_EQ(shape.answer, 0);
	EXPECT_EQ(shape.ids(0), "0 0 0");
	EXPECT_EQ(shape.ids(1), "0 1 0");
	EXPECT_EQ(shape.ids(2), "0 2 0");
}

TEST(TopologyParse, FollowsTheMapNotTheOrderOfNodes)
{
	Shape shape(3, cpus(3), "cluster0 { " + core(0, 2) + "}; cluster1 { " + core(0, 1) + core(1, 0) + "};");
	EXPECT_EQ(shape.ids(2), "0 0 0");
	EXPECT_EQ(shape.ids(0), "0 1 1");
	EXPECT_EQ(shape.siblings(0, TOPOLOGY_CLUSTER), "0-1");
}

TEST(TopologyParse, PassesOverDisabledCpus)
{
	Shape shape(2, cpu(0) + cpu(1, "status = \"disabled\";") + cpu(2),
		"cluster0 { " + core(0, 0) + core(1, 1) + core(2, 2) + "};");
	EXPECT_EQ(shape.answer, 0);
	EXPECT_EQ(shape.ids(1), "0 0 2"); /* CPU 1 is the node of c2 */
}

TEST(TopologyParse, IgnoresAMapThatMakesNoSense)
{
	const std::string two = core(0, 0) + core(1, 1);
	for (const std::string &map : std::vector<std::string>{
		     two,                                                   /* cores outside clusters */
		     "cluster0 { " + core(0, 0) + "};",                     /* CPU 1 is missing */
		     "cluster0 { " + two + core(2, 1) + "};",               /* twice */
		     "cluster0 { " + two + "core2 { }; };",                 /* a core of nothing */
		     "cluster0 { " + two + "core2 { cpu = <99>; }; };",     /* nobody */
		     "cluster0 { " + two + "core2 { cpu = <0>; }; };",
		     "cluster0 { " + two + "core2 { cpu = <&other>; }; };", /* no CPU */
		     "cluster0 { " + core(0, 0) + "core1 { cpu = <&c1>; thread0 { cpu = <&c1>; }; }; };",
		     "cluster0 { " + two + "cluster0 { }; };", /* cores beside clusters */
		     "cluster0 { cluster0 { cluster0 { cluster0 { cluster0 { cluster0 { cluster0 { "
		     "cluster0 { cluster0 { " + two + "}; }; }; }; }; }; }; }; };",
		     "socket0 { cluster0 { " + core(0, 0) + "}; };",
		     "socket0 { " + two + "};",
		     "other { };",
	     }) {
		Shape shape(2, cpus(2) + "other: thing { };\n", map);
		EXPECT_EQ(shape.answer, -EINVAL) << map;
		EXPECT_TRUE(shape.is_made_up()) << map;
	}
}

TEST(TopologyParse, ReadsCapacitiesAsSharesOfTheStrongest)
{
	auto strong = [](const char *value) {
		return std::string("capacity-dmips-mhz = <") + value + ">;";
	};
	Shape shape(3, cpu(0, strong("446")) + cpu(1, strong("892")) + cpu(2, strong("223")));
	EXPECT_EQ(shape.capacities(), "512 1024 256 ");
	EXPECT_EQ(Shape::list(topology_class_cpus(&shape.topology, CG_PERFORMANCE)), "1");
	EXPECT_EQ(Shape::list(topology_class_cpus(&shape.topology, CG_EFFICIENCY)), "0,2");

	Shape huge(2, cpu(0, strong("0xffffffff")) + cpu(1, strong("1")));
	EXPECT_EQ(huge.capacities(), "1024 1 ");
}

TEST(TopologyParse, TakesAllCpusForEqualWhenACapacityIsMissing)
{
	for (const char *second : {"", "capacity-dmips-mhz = <0>;", "capacity-dmips-mhz = <1 2>;"}) {
		Shape shape(2, cpu(0, "capacity-dmips-mhz = <100>;") + cpu(1, second));
		EXPECT_EQ(shape.capacities(), "1024 1024 ") << second;
		EXPECT_EQ(Shape::list(topology_class_cpus(&shape.topology, CG_PERFORMANCE)), "0-1");
		EXPECT_EQ(Shape::list(topology_class_cpus(&shape.topology, CG_EFFICIENCY)), "0-1");
	}
}

static const char own_caches[] =
	"i-cache-size = <0x8000>; i-cache-sets = <64>; i-cache-line-size = <64>;"
	"d-cache-size = <0x4000>; d-cache-sets = <1>; d-cache-block-size = <32>; ";

TEST(TopologyParse, FollowsTheChainOfCaches)
{
	std::string own = own_caches;
	Shape shape(3, cpu(0, own + "next-level-cache = <&l2>;") + cpu(1, own + "next-level-cache = <&l2>;") +
		cpu(2, own + "l2-cache = <&l3>;") +
		"l2: l2 { compatible = \"cache\"; cache-level = <2>; cache-unified; cache-size = <0x80000>;"
		" cache-sets = <512>; cache-line-size = <64>; next-level-cache = <&l3>; };\n"
		"l3: l3 { compatible = \"cache\"; cache-level = <3>; cache-unified; cache-size = <0x400000>; };\n");
	ASSERT_EQ(shape.cpus[0].cache_count, 4);
	ASSERT_EQ(shape.cpus[2].cache_count, 3);
	const struct topology_cache *caches = shape.cpus[0].caches;
	EXPECT_EQ(caches[0].type, TOPOLOGY_INSTRUCTION);
	EXPECT_EQ(caches[0].level, 1);
	EXPECT_EQ(caches[0].size, 0x8000U);
	EXPECT_EQ(topology_cache_ways(&caches[0]), 8U);
	EXPECT_EQ(caches[1].type, TOPOLOGY_DATA);
	EXPECT_EQ(caches[1].line_size, 32U);
	EXPECT_EQ(topology_cache_ways(&caches[1]), 0U); /* one set */
	EXPECT_EQ(caches[2].type, TOPOLOGY_UNIFIED);
	EXPECT_EQ(caches[2].level, 2);
	EXPECT_EQ(topology_cache_ways(&caches[2]), 16U);
	EXPECT_EQ(caches[3].level, 3);
	EXPECT_EQ(caches[3].line_size, 0U);
	auto sharers = [&](unsigned int cpu, unsigned int index) {
		return Shape::list(topology_cache_sharers(&shape.topology, cpu, index));
	};
	EXPECT_EQ(sharers(0, 0), "0");
	EXPECT_EQ(sharers(0, 2), "0-1");
	EXPECT_EQ(sharers(0, 3), "0-2");
	EXPECT_EQ(sharers(2, 2), "0-2");
}

TEST(TopologyParse, TellsOfNoCacheWhenTheChainMakesNoSense)
{
	std::string own = own_caches;
	for (const char *second : {
		     "cache-level = <2>; cache-size = <1024>;",                             /* no cache */
		     "compatible = \"cache\"; cache-size = <1024>;",                        /* no level */
		     "compatible = \"cache\"; cache-level = <1>; cache-size = <1024>;",     /* not further */
		     "compatible = \"cache\"; cache-level = <300>; cache-size = <1024>;",
		     "compatible = \"cache\"; cache-level = <2>; next-level-cache = <&l2>;", /* a ring */
		     "compatible = \"cache\"; cache-level = <2>; next-level-cache = <99>;",
	     }) {
		Shape shape(1, cpu(0, own + "next-level-cache = <&l2>;") + "l2: l2 { " + second + " };\n");
		EXPECT_EQ(shape.answer, 0);
		EXPECT_EQ(shape.cpus[0].cache_count, 0) << second;
	}
}

TEST(TopologyParse, LeavesCpusThatTheTreeLacksMadeUp)
{
	Shape fewer(3, cpus(2));
	EXPECT_TRUE(fewer.is_made_up());
	Shape more(1, cpus(2)); /* more nodes than CPUs that were taken */
	EXPECT_TRUE(more.is_made_up());
}
