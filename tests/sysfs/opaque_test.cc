// SPDX-License-Identifier: Apache-2.0
/*
 * opaque_test.cc - sched.opaque: who is behind it sees his own CPUs and nobody else's.
 */
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

#include "tests/sysfs/host.h"

namespace {

/* a (CPUs 2-3, opaque) has a/b (CPU 3); beside it is c (CPUs 4-5). */
class Opaque : public ::testing::Test
{
      protected:
	Opaque()
	{
		for (const char *path : {"a/b", "c"})
			host.group(path);
		host.set_cpus("a", "2-3");
		host.set_cpus("a/b", "3");
		host.set_cpus("c", "4-5");
		EXPECT_EQ(host.write("a/sched.opaque", "1"), 0);
		for (unsigned int cpu = 0; cpu < 8; cpu++)
			cpus[cpu] = {1, 2, 0, (uint16_t)(100 * cpu + 1), 1, {{9, 1024, 64, 2, 2, TOPOLOGY_UNIFIED}}, 0};
		host.topology.cpu_count = 8;
		host.topology.cpus = cpus;
	}
	void view(const std::string &path)
	{
		host.environment.viewer = path.empty() ? nullptr : host.node(path);
	}
	std::string cpu_row(const char *name)
	{
		char text[64];
		struct outbuf out = {text, sizeof(text), 0};
		EXPECT_EQ(sysfs_show(&host.environment, sysfs_find_cpu_row(name, std::strlen(name)),
				  &host.tree->root, &out), 0);
		return std::string(text, out.length);
	}
	std::string show(const char *name, unsigned int cpu)
	{
		size_t count;
		const struct sysfs_cpu_file *files = sysfs_cpu_files(&count);
		char text[64];
		struct outbuf out = {text, sizeof(text), 0};
		for (size_t i = 0; i < count; i++)
			if (!std::strcmp(files[i].name, name)) {
				int error = sysfs_show_cpu(&host.environment, &files[i], host.tree.get(),
					{cpu, 0}, &out);
				return error ? "!" + std::to_string(error) : std::string(text, out.length);
			}
		return "no such file";
	}
	Host host;
	struct topology_cpu cpus[8];
};

} // namespace

TEST_F(Opaque, HidesCpusOfGroupsOutside)
{
	view("a/b");
	for (const char *file : {"cpuset.cpus", "cpuset.cpus.effective", "cpuset.cpus.partition",
		     "cpuset.cpus.exclusive", "cpuset.cpus.exclusive.effective"})
		EXPECT_EQ(host.read(std::string("c/") + file), "!-13") << file;
	EXPECT_EQ(host.read("cpuset.cpus.effective"), "!-13");
	EXPECT_EQ(host.read("cpuset.cpus.isolated"), "!-13");
	EXPECT_EQ(host.read("a/cpuset.cpus"), "2-3\n");
	EXPECT_EQ(host.read("a/b/cpuset.cpus.effective"), "3\n");
	EXPECT_EQ(host.read("c/cpu.weight"), "100\n"); /* no CPUs in it */
}

TEST_F(Opaque, HidesNothingFromThoseOutside)
{
	for (const char *viewer : {"", ".", "c"}) {
		view(viewer);
		EXPECT_EQ(host.read("a/cpuset.cpus"), "2-3\n");
		EXPECT_EQ(host.read("c/cpuset.cpus"), "4-5\n");
		EXPECT_EQ(cpu_row("online"), "0-7\n");
		EXPECT_EQ(show("cpu_capacity", 3), "301\n");
		EXPECT_EQ(show("level", 3), "2\n");
	}
}

TEST_F(Opaque, ShowsTheOwnCpusAsTheMachine)
{
	view("a");
	EXPECT_EQ(cpu_row("online"), "2-3\n");
	EXPECT_EQ(cpu_row("possible"), "2-3\n");
	EXPECT_EQ(cpu_row("present"), "2-3\n");
	EXPECT_EQ(cpu_row("offline"), "\n");
	view("a/b");
	EXPECT_EQ(cpu_row("online"), "3\n");
}

TEST_F(Opaque, ShowsThemAsEqualCores)
{
	view("a");
	EXPECT_EQ(show("online", 4), "!-2");
	EXPECT_EQ(show("core_id", 4), "!-2");
	EXPECT_EQ(show("online", 3), "1\n");
	EXPECT_EQ(show("cpu_capacity", 3), "1024\n");
	EXPECT_EQ(show("core_id", 3), "3\n");
	EXPECT_EQ(show("cluster_id", 3), "-1\n");
	EXPECT_EQ(show("physical_package_id", 3), "0\n");
	EXPECT_EQ(show("core_cpus_list", 3), "3\n");
	EXPECT_EQ(show("cluster_cpus_list", 3), "3\n");
	EXPECT_EQ(show("package_cpus_list", 3), "2-3\n");
	EXPECT_EQ(show("level", 3), "!-2");
}

TEST_F(Opaque, IsNotLiftedFromBehind)
{
	for (const char *viewer : {"a", "a/b"}) {
		view(viewer);
		EXPECT_EQ(host.write("a/sched.opaque", "0"), -EPERM);
		EXPECT_EQ(host.write("a/sched.opaque", "1"), 0);
	}
	EXPECT_EQ(host.write("a/b/sched.opaque", "1"), 0);
	EXPECT_EQ(host.write("a/b/sched.opaque", "0"), -EPERM); /* he is behind it himself */
	view("a");
	EXPECT_EQ(host.write("a/b/sched.opaque", "0"), 0);
	view("c");
	EXPECT_EQ(host.write("a/sched.opaque", "0"), 0);
	EXPECT_EQ(host.read("a/sched.opaque"), "0\n");
	host.check();
}

TEST_F(Opaque, TakesTheTwoNumbers)
{
	EXPECT_EQ(host.write("c/sched.opaque", "2"), -ERANGE);
	EXPECT_EQ(host.write("c/sched.opaque", "-1"), -ERANGE);
	EXPECT_EQ(host.write("c/sched.opaque", "yes"), -EINVAL);
	EXPECT_EQ(cg_set_opaque(&host.tree->root, 1), -EACCES);
	host.check();
}

TEST_F(Opaque, GoesWithItsNode)
{
	EXPECT_EQ(host.remove("a/b"), 0);
	EXPECT_EQ(host.remove("a"), 0);
	EXPECT_EQ(host.tree->opaque_count, 0U);
	host.check();
}
