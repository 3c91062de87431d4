// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "tests/sysfs/host.h"

TEST(SysfsWalk, FindsNodesAndFiles)
{
	Host host;
	host.group("a/b");
	struct sysfs_place place;
	ASSERT_EQ(host.find("a/b/cpu.weight", &place), 0);
	EXPECT_EQ(place.node, host.node("a/b"));
	EXPECT_STREQ(place.row->name, "cpu.weight");
	ASSERT_EQ(host.find("/a//./b/", &place), 0);
	EXPECT_EQ(place.node, host.node("a/b"));
	EXPECT_EQ(place.row, nullptr);
	ASSERT_EQ(host.find("a/b/../../../a", &place), 0);
	EXPECT_EQ(place.node, host.node("a"));
	ASSERT_EQ(host.find("", &place), 0);
	EXPECT_EQ(place.node, host.node("."));
}

TEST(SysfsWalk, TellsWhatIsNotThere)
{
	Host host;
	host.make("a");
	struct sysfs_place place = {nullptr, nullptr};
	EXPECT_EQ(host.find("b", &place), -ENOENT);
	EXPECT_EQ(host.find("a/cpu.weight", &place), -ENOENT);
	EXPECT_EQ(host.find("a/cgroup.procs/x", &place), -ENOTDIR);
	EXPECT_EQ(host.find("a/cgroup.procs/..", &place), -ENOTDIR);
	struct cg_node *a = host.node("a");
	host.remove("a");
	EXPECT_EQ(sysfs_walk(a, "", 0, &place), -ENODEV);
	EXPECT_EQ(place.node, nullptr);
}

TEST(SysfsRowVisible, FollowsTheParentsSubtreeControl)
{
	Host host("0-7", "", CG_THREADED_CONTROLLERS, 0);
	host.make("a");
	const std::vector<std::string> always = {"cgroup.type", "cgroup.procs", "cgroup.threads",
		"cgroup.controllers", "cgroup.subtree_control", "cgroup.events",
		"cgroup.max.descendants", "cgroup.max.depth", "cgroup.stat", "cpu.stat",
		"cpu.stat.percpu", "cpu.pressure", "sched.qos", "sched.latency_ms", "sched.opaque"};
	EXPECT_EQ(host.list("a"), always);
	host.write("cgroup.subtree_control", "+cpuset");
	std::vector<std::string> names = always;
	names.insert(names.end(), {"cpuset.cpus", "cpuset.cpus.effective", "sched.cpu_class"});
	EXPECT_EQ(host.list("a"), names);
	host.write("cgroup.subtree_control", "+cpu +pids");
	names.insert(names.end(), {"cpu.weight", "cpu.weight.nice", "cpu.idle", "pids.max",
					  "pids.current", "pids.events", "pids.events.local"});
	EXPECT_EQ(host.list("a"), names);
	host.write("cgroup.subtree_control", "-cpuset -cpu -pids");
	EXPECT_EQ(host.list("a"), always);
}

TEST(SysfsRowVisible, TheRootHasItsOwnFiles)
{
	Host host("0-7", "", CG_THREADED_CONTROLLERS, 0);
	EXPECT_EQ(host.list("."),
		(std::vector<std::string>{"cgroup.procs", "cgroup.threads", "cgroup.controllers",
			"cgroup.subtree_control", "cgroup.max.descendants", "cgroup.max.depth",
			"cgroup.stat", "cpu.stat", "cpu.stat.percpu", "cpu.pressure", "cpuset.cpus.effective"}));
}

TEST(SysfsNextEntry, ListsChildrenBehindFilesOldestFirst)
{
	Host host;
	for (const char *name : {"c", "a", "b"})
		host.make(name);
	std::vector<std::string> names = host.list(".");
	EXPECT_EQ(std::vector<std::string>(names.end() - 3, names.end()),
		(std::vector<std::string>{"c", "a", "b"}));
}

/* Goes through a listing and lets `meddle` change the tree behind each entry; `keep` says whether
 * the position alone is carried on. */
template <typename Meddle>
static std::multiset<std::string> meddled(Host &host, bool keep, Meddle meddle)
{
	std::multiset<std::string> seen;
	struct sysfs_cursor cursor = {0, 0, nullptr};
	struct sysfs_entry entry;
	while (sysfs_next_entry(host.node("."), &cursor, &entry)) {
		std::string name(entry.name, entry.length);
		seen.insert(name);
		meddle(name);
		if (keep)
			cursor = {cursor.position, 0, nullptr};
	}
	return seen;
}

TEST(SysfsNextEntry, KeepsItsPlaceWhateverComesAndGoes)
{
	for (bool keep : {false, true}) {
		Host host;
		for (int i = 0; i < 20; i++)
			host.make("n" + std::to_string(i));
		int made = 0;
		auto seen = meddled(host, keep, [&](const std::string &name) {
			if (name == "n5")
				for (int i = 0; i <= 8; i++)
					host.remove("n" + std::to_string(i));
			if (name == "n9")
				host.remove("n10");
			if (name == "n12" && made++ == 0)
				host.make("late");
		});
		for (int i = 11; i < 20; i++)
			EXPECT_EQ(seen.count("n" + std::to_string(i)), 1U) << i;
		EXPECT_EQ(seen.count("n5"), 1U);
		EXPECT_EQ(seen.count("n6"), 0U);
		EXPECT_EQ(seen.count("n10"), 0U);
		EXPECT_EQ(seen.count("late"), 1U);
	}
}

TEST(SysfsNextEntry, EndsInADeadNode)
{
	Host host;
	host.make("a");
	struct cg_node *a = host.node("a");
	host.remove("a");
	struct sysfs_cursor cursor = {0, 0, nullptr};
	struct sysfs_entry entry;
	EXPECT_FALSE(sysfs_next_entry(a, &cursor, &entry));
}
