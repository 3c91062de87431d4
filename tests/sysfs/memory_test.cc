// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/sysfs/host.h"

struct MemoryHost : Host {
	MemoryHost() : Host("0-7", "", CG_THREADED_CONTROLLERS | CG_HAS_MEMORY)
	{
		make("a");
		write("cgroup.subtree_control", "+memory");
	}
};

TEST(Memory, HasItsFilesWhereTheControllerIs)
{
	MemoryHost host;
	host.make("a/b");
	EXPECT_EQ(host.read("cgroup.controllers"), "cpuset cpu memory pids\n");
	EXPECT_EQ(host.read("a/cgroup.controllers"), "memory\n");
	EXPECT_EQ(host.read("a/b/memory.max"), "!-2");
	EXPECT_EQ(host.read("memory.current"), "!-2");
	EXPECT_EQ(host.read("memory.max"), "!-2");
	EXPECT_EQ(host.read("memory.stat").substr(0, 5), "anon ");
	EXPECT_EQ(host.read("a/memory.low"), "!-2"); /* nothing enforces it */
	EXPECT_EQ(host.read("a/memory.high"), "!-2");
}

TEST(Memory, MaxIsInBytesAndRoundsDownToPages)
{
	MemoryHost host;
	EXPECT_EQ(host.read("a/memory.max"), "max\n");
	const std::pair<const char *, const char *> values[] = {
		{"4096\n", "4096\n"}, {"8191", "4096\n"}, {"4095", "0\n"}, {" 64k ", "65536\n"},
		{"1M", "1048576\n"}, {"2G", "2147483648\n"}, {"1T", "1099511627776\n"},
		{"1P", "1125899906842624\n"}, {"1e", "1152921504606846976\n"}, {"0x1000", "4096\n"},
		{"010000", "4096\n"}, {"0x2k", "0\n"}, {"8E", "max\n"}, {"0", "0\n"}, {"M", "0\n"},
		{"\n", "0\n"}, {"9223372036854775807", "max\n"}, {"9223372036854771712", "max\n"},
		{"9223372036854767616", "9223372036854767616\n"}, {"max", "max\n"}, {" max\n", "max\n"},
	};
	for (auto [text, shown] : values) {
		EXPECT_EQ(host.write("a/memory.max", text), 0) << text;
		EXPECT_EQ(host.read("a/memory.max"), shown) << text;
	}
}

TEST(Memory, MaxRefusesWhatIsNoSize)
{
	MemoryHost host;
	host.write("a/memory.max", "4096");
	for (const char *text : {"-1", "+1", "1 M", "1KB", "1KK", "x", "0x", "1.5M", "MAX", "max 1", "08"})
		EXPECT_EQ(host.write("a/memory.max", text), -EINVAL) << text;
	EXPECT_EQ(host.read("a/memory.max"), "4096\n");
}

TEST(Memory, ShowsWhatTheSystemCounts)
{
	MemoryHost host;
	host.memory = {40960, 81920, 4096, 8192, 12288, 16384, 28672};
	EXPECT_EQ(host.read("a/memory.current"), "40960\n");
	EXPECT_EQ(host.read("a/memory.peak"), "81920\n");
	EXPECT_EQ(host.read("a/memory.stat"), "anon 4096\nfile 8192\nkernel 28672\n"
					      "kernel_stack 12288\npagetables 16384\nshmem 8192\n");
	for (const char *file : {"current", "peak", "events", "events.local", "stat"})
		EXPECT_EQ(host.write(std::string("a/memory.") + file, "1\n"), -EINVAL) << file;
}

TEST(Memory, ShowsEvents)
{
	MemoryHost host;
	host.make("a/b");
	host.write("a/cgroup.subtree_control", "+memory");
	EXPECT_EQ(host.read("a/memory.events"),
		"low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n");
	cg_memory_event(host.node("a/b"), CG_MEMORY_EVENT_MAX);
	cg_memory_event(host.node("a/b"), CG_MEMORY_EVENT_OOM_KILL);
	cg_memory_event(host.node("a"), CG_MEMORY_EVENT_MAX);
	EXPECT_EQ(host.read("a/memory.events"),
		"low 0\nhigh 0\nmax 2\noom 0\noom_kill 1\noom_group_kill 0\n");
	EXPECT_EQ(host.read("a/memory.events.local"),
		"low 0\nhigh 0\nmax 1\noom 0\noom_kill 0\noom_group_kill 0\n");
	EXPECT_EQ(host.read("a/b/memory.events.local"), host.read("a/b/memory.events"));
}

TEST(Memory, OomGroupIsAFlag)
{
	MemoryHost host;
	EXPECT_EQ(host.read("a/memory.oom.group"), "0\n");
	EXPECT_EQ(host.write("a/memory.oom.group", "1\n"), 0);
	EXPECT_EQ(host.read("a/memory.oom.group"), "1\n");
	EXPECT_EQ(host.write("a/memory.oom.group", "2"), -EINVAL);
	EXPECT_EQ(host.write("a/memory.oom.group", "-1"), -EINVAL);
	EXPECT_EQ(host.write("a/memory.oom.group", "x"), -EINVAL);
	EXPECT_EQ(host.write("a/memory.oom.group", "99999999999"), -ERANGE);
	EXPECT_EQ(host.read("a/memory.oom.group"), "1\n");
	EXPECT_EQ(host.write("a/memory.oom.group", "0x0"), 0);
	EXPECT_EQ(host.read("a/memory.oom.group"), "0\n");
}

TEST(Memory, IsADomainController)
{
	MemoryHost host;
	host.make("a/b");
	host.spawn("t", host.node("a"));
	EXPECT_EQ(host.write("a/cgroup.subtree_control", "+memory"), -EBUSY);
	EXPECT_EQ(cg_move(host.member("t"), host.node("a/b"), CG_PROCESS), 0);
	EXPECT_EQ(host.write("a/cgroup.subtree_control", "+memory"), 0);
	host.writer = "t";
	EXPECT_EQ(host.write("a/cgroup.procs", "0"), -EBUSY);
	EXPECT_EQ(host.write("a/b/cgroup.type", "threaded"), -EOPNOTSUPP);
	EXPECT_EQ(host.write("cgroup.subtree_control", "-memory"), -EBUSY);
}
