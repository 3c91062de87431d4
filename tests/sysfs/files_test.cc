// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/sysfs/host.h"

static std::string error(int number)
{
	return "!" + std::to_string(-number);
}

TEST(SysfsStore, NoBytesChangeNothing)
{
	Host host;
	host.group("a");
	host.write("a/cpuset.cpus", "2");
	EXPECT_EQ(host.write("a/cpuset.cpus", ""), 0);
	EXPECT_EQ(host.write("a/cgroup.type", ""), 0);
	EXPECT_EQ(host.write("a/cgroup.events", ""), 0);
	EXPECT_EQ(host.read("a/cpuset.cpus"), "2\n");
	EXPECT_EQ(host.write("a/cpuset.cpus", "\n"), 0);
	EXPECT_EQ(host.read("a/cpuset.cpus"), "\n");
}

TEST(SysfsStore, RefusesWhatIsTooLong)
{
	Host host;
	host.group("a");
	std::string list = "1" + std::string(99 + 6 * NR_CPUS, ' ');
	EXPECT_EQ(host.write("a/cpuset.cpus", list), 0);
	EXPECT_EQ(host.write("a/cpuset.cpus", list + " "), -E2BIG);
	EXPECT_EQ(host.write("a/cgroup.max.depth", "1" + std::string(4095, ' ')), 0);
	EXPECT_EQ(host.write("a/cgroup.max.depth", "1" + std::string(4096, ' ')), -E2BIG);
	EXPECT_EQ(host.write("a/cpu.weight", std::string(60000, '1')), -E2BIG);
}

TEST(SysfsStore, RefusesReadOnlyFiles)
{
	Host host;
	host.group("a");
	for (const char *file : {"cgroup.events", "cgroup.controllers", "cgroup.stat", "cpu.stat",
		     "cpuset.cpus.effective", "pids.current", "pids.events"})
		EXPECT_EQ(host.write(std::string("a/") + file, "1\n"), -EINVAL) << file;
}

TEST(SysfsStore, AnswersEnodevBehindARemoval)
{
	Host host;
	host.group("a");
	struct sysfs_place place;
	ASSERT_EQ(host.find("a/cpu.weight", &place), 0);
	host.remove("a");
	host.group("a");
	struct outbuf out = {nullptr, 0, 0};
	EXPECT_EQ(sysfs_show(&host.environment, place.row, place.node, &out), -ENODEV);
	EXPECT_EQ(sysfs_store(&host.environment, place.row, place.node, "1", 1), -ENODEV);
	EXPECT_EQ(sysfs_store(&host.environment, place.row, place.node, "", 0), -ENODEV);
}

TEST(SysfsStore, AnswersEnodevWhenTheControllerIsTakenAway)
{
	Host host;
	host.group("a");
	struct sysfs_place place;
	ASSERT_EQ(host.find("a/cpu.weight", &place), 0);
	host.write("cgroup.subtree_control", "-cpu\n");
	EXPECT_EQ(sysfs_store(&host.environment, place.row, place.node, "1", 1), -ENODEV);
}

TEST(CgroupControllers, ListsWhatTheParentHandsOn)
{
	Host host;
	host.make("a");
	EXPECT_EQ(host.read("cgroup.controllers"), "cpuset cpu pids\n");
	EXPECT_EQ(host.read("a/cgroup.controllers"), "");
	EXPECT_EQ(host.write("cgroup.subtree_control", "+cpu +cpuset\n"), 0);
	EXPECT_EQ(host.read("a/cgroup.controllers"), "cpuset cpu\n");
	EXPECT_EQ(host.read("cgroup.subtree_control"), "cpuset cpu\n");
	EXPECT_EQ(host.read("a/cgroup.subtree_control"), "");
}

TEST(CgroupSubtreeControl, TheLastWordWins)
{
	Host host;
	EXPECT_EQ(host.write("cgroup.subtree_control", " +cpu  -cpu +cpuset\n"), 0);
	EXPECT_EQ(host.read("cgroup.subtree_control"), "cpuset\n");
	EXPECT_EQ(host.write("cgroup.subtree_control", "\n"), 0);
	EXPECT_EQ(host.write("cgroup.subtree_control", "-cpuset +cpuset"), 0);
	EXPECT_EQ(host.read("cgroup.subtree_control"), "cpuset\n");
}

TEST(CgroupSubtreeControl, RefusesWholeWrites)
{
	Host host;
	host.make("a");
	for (const char *text : {"cpu", "+nothing", "+cpu +nothing", "*cpu", "+", "-",
		     "+cpu\n+cpuset", "+cpu\t+cpuset", "+CPU", "1"})
		EXPECT_EQ(host.write("cgroup.subtree_control", text), -EINVAL) << text;
	EXPECT_EQ(host.write("cgroup.subtree_control", "+cpu +memory"), -ENOENT);
	EXPECT_EQ(host.write("a/cgroup.subtree_control", "+cpu"), -ENOENT);
	EXPECT_EQ(host.read("cgroup.subtree_control"), "");
	host.write("cgroup.subtree_control", "+cpu");
	host.write("a/cgroup.subtree_control", "+cpu");
	EXPECT_EQ(host.write("cgroup.subtree_control", "-cpu"), -EBUSY);
}

TEST(CgroupSubtreeControl, RefusesFilesWhoseNameIsTaken)
{
	Host host;
	host.make("a");
	host.make("a/cpu.weight");
	EXPECT_EQ(host.write("cgroup.subtree_control", "+cpuset"), 0);
	EXPECT_EQ(host.write("cgroup.subtree_control", "+cpu"), -EEXIST);
	host.remove("a/cpu.weight");
	EXPECT_EQ(host.write("cgroup.subtree_control", "+cpu"), 0);
}

TEST(CgroupType, ShowsEveryType)
{
	Host host;
	host.group("a/b");
	EXPECT_EQ(host.read("a/cgroup.type"), "domain\n");
	EXPECT_EQ(host.write("a/b/cgroup.type", " threaded \n"), 0);
	EXPECT_EQ(host.read("a/cgroup.type"), "domain threaded\n");
	EXPECT_EQ(host.read("a/b/cgroup.type"), "threaded\n");
	host.make("a/c");
	EXPECT_EQ(host.read("a/c/cgroup.type"), "domain invalid\n");
	EXPECT_EQ(host.read("cgroup.type"), error(ENOENT));
}

TEST(CgroupType, AcceptsThreadedOnly)
{
	Host host;
	host.group("a");
	for (const char *text : {"domain", "Threaded", "threaded x", "\n", "max"})
		EXPECT_EQ(host.write("a/cgroup.type", text), -EINVAL) << text;
	host.spawn("t", host.node("a"));
	EXPECT_EQ(host.write("a/cgroup.type", "threaded"), -EOPNOTSUPP);
}

TEST(CgroupProcs, ListsEachProcessOnce)
{
	Host host;
	host.group("a");
	EXPECT_EQ(host.read("a/cgroup.procs"), "");
	host.spawn("t", host.node("a"));
	host.fork("x", "t", CG_THREAD);
	host.fork("u", "t", CG_PROCESS);
	EXPECT_EQ(host.read("a/cgroup.procs"), "100\n102\n");
	EXPECT_EQ(host.read("a/cgroup.threads"), "100\n101\n102\n");
	host.end("t");
	EXPECT_EQ(host.read("a/cgroup.procs"), "100\n102\n");
	EXPECT_EQ(host.read("a/cgroup.threads"), "101\n102\n");
}

TEST(CgroupProcs, OfAThreadRootHasTheWholeThreadedSubtree)
{
	Host host;
	host.group("a/b/c");
	host.write("a/b/cgroup.type", "threaded");
	host.write("a/b/c/cgroup.type", "threaded");
	host.make("d");
	host.write("d/cgroup.type", "threaded");
	host.spawn("t", host.node("a/b/c"));
	host.spawn("u", host.node("a"));
	host.spawn("v", host.node("d"));
	EXPECT_EQ(host.read("a/cgroup.procs"), "101\n100\n");
	EXPECT_EQ(host.read("a/cgroup.threads"), "101\n");
	EXPECT_EQ(host.read("a/b/cgroup.procs"), error(EOPNOTSUPP));
	EXPECT_EQ(host.read("cgroup.procs"), "102\n");
}

TEST(CgroupProcs, OfAThreadRootLooksBehindInvalidDomains)
{
	Host host;
	host.group("a/b/c/d");
	host.write("a/b/c/d/cgroup.type", "threaded");
	host.write("a/b/cgroup.type", "threaded");
	EXPECT_EQ(host.read("a/b/c/cgroup.type"), "domain invalid\n");
	ASSERT_EQ(host.spawn("t", host.node("a/b/c/d")), 0);
	EXPECT_EQ(host.read("a/cgroup.procs"), "100\n");
	host.check();
}

TEST(CgroupProcs, MovesAProcessByAnyOfItsThreads)
{
	Host host;
	host.group("a");
	host.spawn("t", host.node("."));
	host.fork("x", "t", CG_THREAD);
	EXPECT_EQ(host.write("a/cgroup.procs", " 101\n"), 0);
	EXPECT_EQ(host.read("a/cgroup.threads"), "101\n100\n");
	EXPECT_EQ(host.write("cgroup.procs", "0x64"), 0);
	EXPECT_EQ(host.read("a/cgroup.threads"), "");
	host.writer = "t";
	EXPECT_EQ(host.write("a/cgroup.procs", "0"), 0);
	EXPECT_EQ(host.read("a/cgroup.procs"), "100\n");
	host.check();
}

TEST(CgroupProcs, TellsEveryMistake)
{
	Host host("0-7", "", CG_THREADED_CONTROLLERS | CG_HAS_MEMORY);
	host.group("a/b");
	host.make("c");
	host.spawn("t", host.node("."));
	host.spawn("u", host.node("a"));
	struct cg_member *thread = (host.members["k"] = std::make_unique<struct cg_member>()).get();
	cg_attach_kernel_thread(thread, host.tree.get(), 2);
	for (const char *text :
		{"", "max", "1.5", "-1", "5 5", "99999999999999999999", "2147483648", "2"})
		EXPECT_EQ(host.write("a/cgroup.procs", std::string(text) + "\n"), -EINVAL) << text;
	EXPECT_EQ(host.write("a/cgroup.procs", "999"), -ESRCH);
	EXPECT_EQ(host.write("a/b/cgroup.procs", "100"), -EOPNOTSUPP);
	host.write("cgroup.subtree_control", "+memory");
	host.write("c/cgroup.subtree_control", "+memory");
	EXPECT_EQ(host.write("c/cgroup.procs", "100"), -EBUSY);
	host.move_error = -EACCES;
	EXPECT_EQ(host.write("a/cgroup.procs", "100"), -EACCES);
	EXPECT_EQ(host.write("a/cgroup.procs", "2"), -EINVAL);
	host.check();
}

TEST(CgroupThreads, MovesOneThreadInsideItsDomain)
{
	Host host;
	host.group("a/b");
	host.make("c");
	host.write("a/b/cgroup.type", "threaded");
	host.spawn("t", host.node("a"));
	host.fork("x", "t", CG_THREAD);
	EXPECT_EQ(host.write("a/b/cgroup.threads", "101\n"), 0);
	EXPECT_EQ(host.read("a/b/cgroup.threads"), "101\n");
	EXPECT_EQ(host.write("c/cgroup.threads", "101\n"), -EOPNOTSUPP);
	EXPECT_EQ(host.write("c/cgroup.threads", "x\n"), -EINVAL);
	EXPECT_EQ(host.write("c/cgroup.threads", "999\n"), -ESRCH);
}

TEST(CgroupEvents, SpeakOfTheSubtree)
{
	Host host;
	host.make("a");
	host.make("a/b");
	EXPECT_EQ(host.read("a/cgroup.events"), "populated 0\nfrozen 0\n");
	host.spawn("t", host.node("a/b"));
	EXPECT_EQ(host.read("a/cgroup.events"), "populated 1\nfrozen 0\n");
	EXPECT_EQ(host.read("cgroup.events"), error(ENOENT));
}

TEST(CgroupMax, TakesNumbersAndMax)
{
	Host host;
	host.make("a");
	for (const char *file : {"a/cgroup.max.depth", "a/cgroup.max.descendants",
		     "cgroup.max.depth", "cgroup.max.descendants"}) {
		EXPECT_EQ(host.read(file), "max\n");
		EXPECT_EQ(host.write(file, " 0x10 \n"), 0);
		EXPECT_EQ(host.read(file), "16\n");
		EXPECT_EQ(host.write(file, "2147483646"), 0);
		EXPECT_EQ(host.write(file, "-1"), -ERANGE);
		EXPECT_EQ(host.write(file, "2147483648"), -ERANGE);
		EXPECT_EQ(host.write(file, "maximum"), -EINVAL);
		EXPECT_EQ(host.write(file, "\n"), -EINVAL);
		EXPECT_EQ(host.read(file), "2147483646\n");
		EXPECT_EQ(host.write(file, "max\n"), 0);
	}
	host.write("cgroup.max.depth", "1");
	EXPECT_EQ(host.make("a/b"), -EAGAIN);
}

TEST(CgroupStat, CountsDescendants)
{
	Host host;
	host.make("a");
	host.make("a/b");
	EXPECT_EQ(host.read("cgroup.stat"), "nr_descendants 2\nnr_dying_descendants 0\n");
}

TEST(CpusetCpus, ShowsTheRequestAndWhatBecameOfIt)
{
	Host host;
	host.group("a/b");
	EXPECT_EQ(host.read("a/cpuset.cpus"), "\n");
	EXPECT_EQ(host.write("a/cpuset.cpus", "0-3\n"), 0);
	EXPECT_EQ(host.write("a/b/cpuset.cpus", "2-5,7"), 0);
	EXPECT_EQ(host.read("a/b/cpuset.cpus"), "2-5,7\n");
	EXPECT_EQ(host.read("a/b/cpuset.cpus.effective"), "2-3\n");
	EXPECT_EQ(host.read("cpuset.cpus.effective"), "0-7\n");
	EXPECT_EQ(host.read("cpuset.cpus"), error(ENOENT));
}

TEST(CpusetCpus, TellsEveryMistake)
{
	Host host("0-5,7");
	host.group("a");
	host.write("a/cpuset.cpus", "1");
	EXPECT_EQ(host.write("a/cpuset.cpus", "a"), -EINVAL);
	EXPECT_EQ(host.write("a/cpuset.cpus", "6"), -EINVAL);
	EXPECT_EQ(host.write("a/cpuset.cpus", "8"), -ERANGE);
	EXPECT_EQ(host.write("a/cpuset.cpus", "9999999999"), -EOVERFLOW);
	host.spawn("t", host.node("a"));
	EXPECT_EQ(host.write("a/cpuset.cpus", "\n"), -ENOSPC);
	EXPECT_EQ(host.read("a/cpuset.cpus"), "1\n");
}

TEST(CpuWeight, IsOneScaleWithNiceAndIdle)
{
	Host host;
	host.group("a");
	EXPECT_EQ(host.read("a/cpu.weight"), "100\n");
	EXPECT_EQ(host.read("a/cpu.weight.nice"), "0\n");
	EXPECT_EQ(host.write("a/cpu.weight", "+0x64\n"), 0);
	EXPECT_EQ(host.write("a/cpu.weight.nice", "-20\n"), 0);
	EXPECT_EQ(host.read("a/cpu.weight"), "8668\n");
	EXPECT_EQ(host.write("a/cpu.idle", "1\n"), 0);
	EXPECT_EQ(host.read("a/cpu.idle"), "1\n");
	EXPECT_EQ(host.read("a/cpu.weight"), "1\n");
	EXPECT_EQ(host.read("a/cpu.weight.nice"), "19\n");
	EXPECT_EQ(host.write("a/cpu.weight", "5"), -EINVAL);
	EXPECT_EQ(host.write("a/cpu.weight.nice", "5"), -EINVAL);
	EXPECT_EQ(host.write("a/cpu.idle", "0"), 0);
	EXPECT_EQ(host.read("a/cpu.weight"), "8668\n");
}

TEST(CpuWeight, TellsEveryMistake)
{
	Host host;
	host.group("a");
	EXPECT_EQ(host.write("a/cpu.weight", "1"), 0);
	EXPECT_EQ(host.write("a/cpu.weight", "10000"), 0);
	EXPECT_EQ(host.write("a/cpu.weight", "0"), -ERANGE);
	EXPECT_EQ(host.write("a/cpu.weight", "10001"), -ERANGE);
	EXPECT_EQ(host.write("a/cpu.weight", "-1"), -EINVAL);
	EXPECT_EQ(host.write("a/cpu.weight", " 50 "), -EINVAL);
	EXPECT_EQ(host.write("a/cpu.weight.nice", "20"), -ERANGE);
	EXPECT_EQ(host.write("a/cpu.weight.nice", "-21"), -ERANGE);
	EXPECT_EQ(host.write("a/cpu.weight.nice", "x"), -EINVAL);
	EXPECT_EQ(host.write("a/cpu.idle", "2"), -EINVAL);
	EXPECT_EQ(host.write("a/cpu.idle", "99999999999999999999"), -ERANGE);
	EXPECT_EQ(host.read("a/cpu.weight"), "10000\n");
	EXPECT_EQ(host.read("cpu.weight"), error(ENOENT));
}

TEST(CpuStat, ShowsTheUsageInEveryNode)
{
	Host host;
	host.make("a");
	host.usage = {1000, 234, 56};
	EXPECT_EQ(host.read("a/cpu.stat"),
		"usage_usec 1234\nuser_usec 1000\nsystem_usec 234\nnice_usec 56\n");
	EXPECT_EQ(host.read("cpu.stat").substr(0, 10), "usage_usec");
}

TEST(CpuStat, ShowsWhatTheQuotaDidWithTheController)
{
	Host host;
	host.make("a");
	host.bandwidth = {10, 3, 456, 2, 78, 400};
	EXPECT_EQ(host.read("a/cpu.stat").find("nr_periods"), std::string::npos);
	EXPECT_EQ(host.read("a/cpu.stat.local"), "");
	host.write("cgroup.subtree_control", "+cpu");
	EXPECT_EQ(host.read("a/cpu.stat"),
		"usage_usec 0\nuser_usec 0\nsystem_usec 0\nnice_usec 0\nnr_periods 10\n"
		"nr_throttled 3\nthrottled_usec 456\nnr_bursts 2\nburst_usec 78\n");
	EXPECT_EQ(host.read("a/cpu.stat.local"), "throttled_usec 400\n");
	EXPECT_NE(host.read("cpu.stat").find("nr_periods 10"), std::string::npos);
}

TEST(CpuStatPercpu, ShowsALineForEachCpuThatThereMayBe)
{
	Host host("0-2,5", "0-1");
	host.make("a");
	EXPECT_EQ(host.read("a/cpu.stat.percpu"), "cpu0 0\ncpu1 1\ncpu2 2\ncpu5 5\n");
	EXPECT_EQ(host.read("cpu.stat.percpu"), host.read("a/cpu.stat.percpu"));
}

TEST(Pids, ShowsLimitCountAndRefusals)
{
	Host host;
	host.group("a/b");
	EXPECT_EQ(host.read("a/pids.max"), "max\n");
	EXPECT_EQ(host.write("a/pids.max", " 1\n"), 0);
	EXPECT_EQ(host.read("a/pids.max"), "1\n");
	host.write("a/cgroup.subtree_control", "-cpu -cpuset -pids");
	host.spawn("t", host.node("a/b"));
	EXPECT_EQ(host.read("a/pids.current"), "1\n");
	EXPECT_EQ(host.fork("u", "t", CG_PROCESS), -EAGAIN);
	EXPECT_EQ(host.read("a/pids.events"), "max 1\n");
	EXPECT_EQ(host.read("a/pids.events.local"), "max 1\n");
	EXPECT_EQ(host.write("a/pids.max", "-1"), -EINVAL);
	EXPECT_EQ(host.write("a/pids.max", "4194304"), 0);
	EXPECT_EQ(host.write("a/pids.max", "4194305"), -EINVAL);
	EXPECT_EQ(host.write("a/pids.max", "2147483647"), -EINVAL);
	EXPECT_EQ(host.write("a/pids.max", "x"), -EINVAL);
	EXPECT_EQ(host.write("a/pids.max", "99999999999999999999"), -ERANGE);
	EXPECT_EQ(host.write("a/pids.max", "max"), 0);
}

TEST(CgroupFreeze, IsInheritedAndShowsTheOwnRequest)
{
	Host host;
	host.make("a");
	host.make("a/b");
	EXPECT_EQ(host.write("a/cgroup.freeze", " 1\n"), 0);
	EXPECT_EQ(host.read("a/b/cgroup.events"), "populated 0\nfrozen 1\n");
	EXPECT_EQ(host.read("a/b/cgroup.freeze"), "0\n");
	host.make("a/b/c");
	EXPECT_EQ(host.read("a/b/c/cgroup.events"), "populated 0\nfrozen 1\n");
	EXPECT_EQ(host.write("a/b/cgroup.freeze", "1"), 0);
	EXPECT_EQ(host.write("a/b/cgroup.freeze", "1"), 0);
	EXPECT_EQ(host.write("a/cgroup.freeze", "0"), 0);
	EXPECT_EQ(host.read("a/cgroup.events"), "populated 0\nfrozen 0\n");
	EXPECT_EQ(host.read("a/b/c/cgroup.events"), "populated 0\nfrozen 1\n");
	host.check();
	for (const char *text : {"2", "-1", "99999999999999999999"})
		EXPECT_EQ(host.write("a/cgroup.freeze", text), -ERANGE) << text;
	EXPECT_EQ(host.write("a/cgroup.freeze", "x"), -EINVAL);
	EXPECT_EQ(cg_set_freeze(host.node("."), 1), -EACCES);
}

TEST(CgroupFreeze, TellsEachNodeThatItStops)
{
	Host host;
	host.make("a");
	host.make("a/b");
	host.write("a/b/cgroup.freeze", "1");
	cg_forget_changes(host.tree.get());
	host.write("a/cgroup.freeze", "1");
	unsigned int what;
	EXPECT_EQ(cg_next_changed_node(host.tree.get(), &what), host.node("a"));
	EXPECT_EQ(what, (unsigned int)(CG_CHANGED_FROZEN | CG_CHANGED_FREEZE));
	EXPECT_EQ(cg_next_changed_node(host.tree.get(), &what), nullptr);
}

TEST(CgroupKill, EndsTheSubtree)
{
	Host host;
	host.group("a/b");
	EXPECT_EQ(host.write("a/cgroup.kill", "1\n"), 0);
	EXPECT_EQ(host.killed, host.node("a"));
	EXPECT_EQ(host.read("a/cgroup.kill"), error(EINVAL));
	EXPECT_EQ(host.write("a/cgroup.kill", "0"), -ERANGE);
	EXPECT_EQ(host.write("a/cgroup.kill", "2"), -ERANGE);
	EXPECT_EQ(host.write("a/cgroup.kill", "max"), -EINVAL);
	host.write("a/b/cgroup.type", "threaded");
	EXPECT_EQ(host.write("a/b/cgroup.kill", "1"), -EOPNOTSUPP);
	EXPECT_EQ(host.killed, host.node("a"));
}

TEST(CpusetMems, FollowsTheRulesOfCpus)
{
	Host host;
	host.group("a/b");
	EXPECT_EQ(host.read("cpuset.mems.effective"), "0-1\n");
	EXPECT_EQ(host.write("a/cpuset.mems", "1\n"), 0);
	EXPECT_EQ(host.read("a/b/cpuset.mems.effective"), "1\n");
	EXPECT_EQ(host.write("a/b/cpuset.mems", "0"), 0);
	EXPECT_EQ(host.read("a/b/cpuset.mems"), "0\n");
	EXPECT_EQ(host.read("a/b/cpuset.mems.effective"), "1\n");
	EXPECT_EQ(host.write("a/cpuset.mems", "2"), -EINVAL);
	EXPECT_EQ(host.write("a/cpuset.mems", "3"), -EINVAL);
	EXPECT_EQ(host.write("a/cpuset.mems", "4"), -ERANGE);
	EXPECT_EQ(host.write("a/cpuset.mems", "9999999999"), -EOVERFLOW);
	host.write("a/cgroup.subtree_control", "-cpu -cpuset -pids");
	EXPECT_EQ(host.read("a/b/cpuset.mems"), error(ENOENT));
	host.spawn("t", host.node("a/b"));
	EXPECT_EQ(host.write("a/cpuset.mems", "\n"), -ENOSPC);
	EXPECT_EQ(host.read("a/cpuset.mems"), "1\n");
	host.check();
}

TEST(CpuMax, KeepsQuotaAndPeriodInTheirLimits)
{
	Host host;
	host.group("a");
	EXPECT_EQ(host.read("a/cpu.max"), "max 100000\n");
	EXPECT_EQ(host.write("a/cpu.max", "50000 200000\n"), 0);
	EXPECT_EQ(host.write("a/cpu.max", "60000"), 0);
	EXPECT_EQ(host.read("a/cpu.max"), "60000 200000\n");
	EXPECT_EQ(host.write("a/cpu.max", "1000 1000"), 0);
	EXPECT_EQ(host.write("a/cpu.max", "10000 1000000 30000"), 0);
	EXPECT_EQ(host.read("a/cpu.max"), "10000 1000000\n");
	for (const char *text : {"999 100000", "50000 999", "50000 1000001", "-1", "0", "abc", "\n",
		     "Max", "18446744073709551615 100000", "17592186044416 100000",
		     "99999999999999999999"})
		EXPECT_EQ(host.write("a/cpu.max", text), -EINVAL) << text;
	EXPECT_EQ(host.write("a/cpu.max", "17592186044415 100000"), 0);
	EXPECT_EQ(host.write("a/cpu.max", "max max"), 0);
	EXPECT_EQ(host.read("a/cpu.max"), "max 100000\n");
}

TEST(CpuMaxBurst, IsAtMostTheQuota)
{
	Host host;
	host.group("a");
	EXPECT_EQ(host.read("a/cpu.max.burst"), "0\n");
	EXPECT_EQ(host.write("a/cpu.max.burst", "70000"), 0); /* no quota yet */
	EXPECT_EQ(host.write("a/cpu.max", "69999"), -EINVAL);
	EXPECT_EQ(host.write("a/cpu.max", "70000"), 0);
	EXPECT_EQ(host.write("a/cpu.max.burst", "70001"), -EINVAL);
	EXPECT_EQ(host.write("a/cpu.max.burst", "-1"), -EINVAL);
	EXPECT_EQ(host.write("a/cpu.max.burst", "99999999999999999999"), -ERANGE);
	EXPECT_EQ(host.read("a/cpu.max.burst"), "70000\n");
	host.check();
	host.write("cgroup.subtree_control", "-cpu");
	host.check();
}

TEST(SysfsRows, AreNotThereWhereTheirSettingIsNotEnforced)
{
	Host host("0-7", "", CG_THREADED_CONTROLLERS, 0);
	host.group("a");
	for (const char *file : {"cpu.max", "cpu.max.burst", "cpuset.mems", "cpuset.mems.effective",
		     "cgroup.freeze", "cgroup.kill"})
		EXPECT_EQ(host.read(std::string("a/") + file), error(ENOENT)) << file;
}

TEST(Topology, ShowsTheMachinesCpus)
{
	Host host("0-3,6", "0,2-3");
	auto read = [&](const char *name) {
		char buffer[64];
		struct outbuf out = {buffer, sizeof(buffer), 0};
		const struct sysfs_row *row = sysfs_find_cpu_row(name, strlen(name));
		int answer = sysfs_show(&host.environment, row, &host.tree->root, &out);
		return answer ? error(-answer) : std::string(buffer, out.length);
	};
	EXPECT_EQ(read("online"), "0,2-3\n");
	EXPECT_EQ(read("offline"), "1,6\n");
	EXPECT_EQ(read("possible"), "0-3,6\n");
	EXPECT_EQ(read("present"), "0-3,6\n");
	EXPECT_EQ(read("kernel_max"), "511\n");
	EXPECT_EQ(sysfs_find_cpu_row("cpu", 3), nullptr);
	EXPECT_EQ(sysfs_find_cpu_row("onlinex", 7), nullptr);
}
