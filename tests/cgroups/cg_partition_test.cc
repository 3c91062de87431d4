// SPDX-License-Identifier: Apache-2.0
/*
 * cg_partition_test.cc - partitions: how one comes about, every fault, how it recovers; and random
 * operations with every invariant checked after each.
 */
#include <gtest/gtest.h>

#include <cerrno>
#include <random>

#include "tests/cgroups/machine.h"

class CgPartition : public testing::Test
{
      protected:
	CgPartition()
	{
		for (const char *path : {"a/b/c", "a/d", "e/f"})
			machine.group(path);
	}
	~CgPartition() override
	{
		machine.check();
	}
	int exclusive(const char *path, const char *list)
	{
		struct cpumask mask = mask_of(list);
		return cg_set_exclusive(machine.node(path), &mask);
	}
	/* The fault that is left, -1 for a partition that is one. */
	int make(const char *path, enum cg_partition partition = CG_ROOT)
	{
		EXPECT_EQ(cg_set_partition(machine.node(path), partition, CG_PRIVILEGED), 0);
		return fault(path);
	}
	int fault(const char *path)
	{
		return cg_node_is_partition(machine.node(path)) ? -1 : machine.node(path)->fault;
	}
	std::string has(const char *path)
	{
		return list_of(machine.node(path)->exclusive_effective);
	}
	void online(const char *list)
	{
		struct cpumask mask = mask_of(list);
		cg_set_online(machine.tree.get(), &mask);
	}
	Machine machine{"0-7"};
};

TEST_F(CgPartition, TakesItsCpusFromTheParent)
{
	machine.set_cpus("a", "0-3");
	EXPECT_EQ(make("a"), -1);
	EXPECT_EQ(machine.effective(""), "4-7");
	EXPECT_EQ(machine.effective("e/f"), "4-7");
	machine.set_cpus("a/b", "2-3");
	EXPECT_EQ(make("a/b"), -1);
	EXPECT_EQ(machine.effective("a"), "0-1");
	EXPECT_EQ(machine.effective("a/d"), "0-1");
	EXPECT_EQ(machine.effective("a/b/c"), "2-3");
	EXPECT_EQ(make("a", CG_MEMBER), CG_FAULT_NONE);
	EXPECT_EQ(fault("a/b"), CG_FAULT_PARENT);
	EXPECT_EQ(machine.effective(""), "0-7");
}

TEST_F(CgPartition, RecoversByItself)
{
	machine.set_cpus("a", "0-3");
	make("a");
	machine.set_cpus("a/b", "2-3");
	make("a/b");
	make("a", CG_MEMBER);
	EXPECT_EQ(make("a"), -1);
	EXPECT_EQ(fault("a/b"), -1);
	EXPECT_EQ(machine.effective("a/b"), "2-3");
}

TEST_F(CgPartition, MayBeRemote)
{
	for (const char *path : {"a", "a/b", "a/b/c"})
		EXPECT_EQ(exclusive(path, "4-5"), 0);
	EXPECT_EQ(make("a/b/c", CG_ISOLATED), -1);
	EXPECT_TRUE(machine.node("a/b/c")->remote);
	EXPECT_EQ(machine.effective(""), "0-3,6-7");
	EXPECT_EQ(machine.effective("a/b"), "0-3,6-7");
	EXPECT_EQ(list_of(cg_isolated(machine.tree.get())), "4-5");
	EXPECT_EQ(make("a"), CG_FAULT_REMOTE);
	make("a", CG_MEMBER);
	EXPECT_EQ(exclusive("a", "4"), 0);
	EXPECT_EQ(machine.node("a/b/c")->partition, CG_MEMBER) << "what was promised is withdrawn";
	EXPECT_EQ(machine.effective(""), "0-7");
}

TEST_F(CgPartition, RemoteOnesAreForThePrivileged)
{
	for (const char *path : {"a", "a/b"})
		exclusive(path, "4-5");
	cg_set_partition(machine.node("a/b"), CG_ROOT, CG_UNPRIVILEGED);
	EXPECT_EQ(fault("a/b"), CG_FAULT_PERMISSION);
}

TEST_F(CgPartition, TellsWhyNot)
{
	EXPECT_EQ(make("a"), CG_FAULT_EMPTY);
	machine.set_cpus("a", "0-7");
	EXPECT_EQ(make("a"), CG_FAULT_NO_CPU) << "the root must keep a CPU";
	machine.set_cpus("a", "0-5");
	machine.set_cpus("e", "5");
	EXPECT_EQ(make("a"), CG_FAULT_SHARED);
	machine.set_cpus("a/b", "1");
	EXPECT_EQ(make("a/b"), CG_FAULT_LIST) << "a remote one has to ask for exclusive CPUs";
	EXPECT_EQ(cg_set_partition(&machine.tree->root, CG_ROOT, CG_PRIVILEGED), -EACCES);
	machine.tree->boot_isolated = mask_of("7");
	machine.set_cpus("e", "6-7");
	EXPECT_EQ(make("e"), CG_FAULT_HOUSEKEEPING);
	EXPECT_EQ(make("e", CG_ISOLATED), -1);
}

TEST_F(CgPartition, LosesToASiblingThatAsksForItsCpus)
{
	machine.set_cpus("a", "0-3");
	make("a");
	machine.set_cpus("a/b", "0-1");
	make("a/b");
	EXPECT_EQ(machine.set_cpus("e", "3-4"), 0);
	EXPECT_EQ(fault("a"), CG_FAULT_SHARED);
	EXPECT_EQ(fault("a/b"), CG_FAULT_INVALID_PARENT);
	EXPECT_EQ(machine.effective(""), "0-7");
}

TEST_F(CgPartition, ExclusiveListsOfSiblingsDoNotMeet)
{
	EXPECT_EQ(exclusive("a", "0-3"), 0);
	EXPECT_EQ(exclusive("e", "3-4"), -EINVAL);
	machine.set_cpus("e", "4-5");
	EXPECT_EQ(exclusive("a", "3-6"), -EINVAL) << "all that e has";
	EXPECT_EQ(exclusive("a", "3-4"), 0);
	struct cpumask impossible = mask_of("8");
	EXPECT_EQ(cg_set_exclusive(machine.node("a"), &impossible), -EINVAL);
	EXPECT_EQ(exclusive("", "1"), -EACCES);
}

/* What each partition owes its tasks, in CPUs, and what was asked last. */
static std::map<const struct cg_node *, unsigned int> owed;
static std::string asked_for;

static int may_merge(const struct cg_node *node)
{
	asked_for = "merge";
	return owed[node] ? -EBUSY : 0;
}

static int may_shrink(const struct cg_node *partition, const struct cpumask *cpus)
{
	asked_for = list_of(*cpus);
	return cpumask_count(cpus) < owed[partition] ? -EBUSY : 0;
}

static const struct cg_promises promises = { may_shrink, may_merge };

class CgPromises : public CgPartition
{
      protected:
	CgPromises()
	{
		cg_tree_set_promises(machine.tree.get(), &promises);
		machine.set_cpus("a", "2-4");
		machine.set_cpus("a/b", "3-4");
		make("a");
		owed.clear();
		asked_for = "nothing";
	}
	/* The answer, and that a refusal changed nothing. */
	int refused(int (*set)(struct cg_node *, const struct cpumask *), const char *path, const char *list)
	{
		struct cpumask mask = mask_of(list);
		std::string before = machine.image();
		int error = set(machine.node(path), &mask);
		EXPECT_EQ(machine.image() == before, error != 0) << path << " " << list;
		return error;
	}
	int cpus(const char *path, const char *list)
	{
		return refused(cg_set_cpus, path, list);
	}
	int exclusive(const char *path, const char *list)
	{
		return refused(cg_set_exclusive, path, list);
	}
};

TEST_F(CgPromises, ListThatLosesACpuIsAskedAbout)
{
	owed[machine.node("a")] = 2;
	EXPECT_EQ(cpus("a", "3-4"), 0);
	EXPECT_EQ(asked_for, "3-4");
	EXPECT_EQ(cpus("a", "4"), -EBUSY);
	EXPECT_EQ(cpus("a", "5"), -EBUSY);
	EXPECT_EQ(cpus("a", "4-5"), 0);
	EXPECT_EQ(machine.effective("a"), "4-5");
	owed[machine.node("a")] = 3;
	asked_for = "nothing";
	EXPECT_EQ(cpus("a", "4-6"), 0);
	owed[machine.node("a")] = 8;
	EXPECT_EQ(cpus("a", "3-6"), 0) << "what loses none is not asked about";
	EXPECT_EQ(asked_for, "nothing");
}

TEST_F(CgPromises, TheListThatCountsIsAskedAbout)
{
	owed[machine.node("a")] = 2;
	EXPECT_EQ(exclusive("a", "2"), -EBUSY);
	EXPECT_EQ(exclusive("a", "2-3"), 0);
	EXPECT_EQ(exclusive("a", "3"), -EBUSY);
	EXPECT_EQ(cpus("a", "2"), 0) << "the other list has the say";
	EXPECT_EQ(exclusive("a", ""), -EBUSY) << "which it would not any more";
	EXPECT_EQ(asked_for, "2");
	EXPECT_EQ(make("a", CG_ISOLATED), -1);
	EXPECT_EQ(exclusive("a", "2"), -EBUSY);
}

TEST_F(CgPromises, CpusThatAreOfflineDoNotCount)
{
	owed[machine.node("a")] = 2;
	online("0-3,5-7");
	EXPECT_EQ(cpus("a", "3-4"), -EBUSY);
	EXPECT_EQ(asked_for, "3");
	EXPECT_EQ(cpus("a", "2-3"), 0);
	EXPECT_EQ(asked_for, "3") << "CPU 4 was gone";
}

TEST_F(CgPromises, NothingElseIsAskedAbout)
{
	owed[machine.node("a")] = owed[machine.node("a/b")] = owed[machine.node("")] = 8;
	EXPECT_EQ(cpus("a/b", "3"), 0) << "a member";
	EXPECT_EQ(make("a/b"), -1) << "a partition below it";
	machine.set_cpus("e", "0-1");
	EXPECT_EQ(make("e"), -1) << "and one beside it";
	EXPECT_EQ(make("a", CG_ISOLATED), -1);
	EXPECT_EQ(make("a", CG_MEMBER), CG_FAULT_NONE);
	EXPECT_EQ(cpus("a", "2"), 0);
	EXPECT_EQ(asked_for, "nothing");
}

TEST_F(CgPromises, CpusetGoesWhereTheParentCanKeepThem)
{
	auto drop = [&] {
		std::string before = machine.image();
		int error = cg_set_subtree_control(machine.node("a"), 0, CG_HAS_CPUSET);
		EXPECT_EQ(machine.image() == before, error != 0);
		return error;
	};
	cg_set_subtree_control(machine.node("a/b"), 0, CG_THREADED_CONTROLLERS);
	cg_set_subtree_control(machine.node("a/d"), 0, CG_THREADED_CONTROLLERS);
	EXPECT_EQ(make("a/b"), -1);
	owed[machine.node("a")] = 1;
	machine.spawn("t", machine.node("a/b/c"));
	EXPECT_EQ(drop(), -EBUSY);
	EXPECT_EQ(fault("a/b"), -1);
	owed[machine.node("a")] = 0;
	EXPECT_EQ(drop(), 0);
	EXPECT_EQ(asked_for, "merge");
	EXPECT_EQ(machine.effective("a/b"), "2-4");
	EXPECT_EQ(machine.allowed("t"), "2-4");
}

TEST_F(CgPromises, CpusetStaysWhereTheParentHasNoCpu)
{
	cg_set_subtree_control(machine.node("a/b"), 0, CG_THREADED_CONTROLLERS);
	machine.set_cpus("a/b", "2-4");
	EXPECT_EQ(make("a/b"), -1);
	EXPECT_EQ(machine.effective("a"), "");
	machine.spawn("t", machine.node("a/b"));
	EXPECT_EQ(cg_set_subtree_control(machine.node("a"), 0, CG_HAS_CPUSET), -ENOSPC);
	machine.end("t");
	EXPECT_EQ(cg_set_subtree_control(machine.node("a"), 0, CG_HAS_CPUSET), 0);
	EXPECT_EQ(machine.effective("a"), "2-4");
}

TEST_F(CgPromises, OtherErrorsComeFirst)
{
	owed[machine.node("a")] = 8;
	EXPECT_EQ(exclusive("e", "6"), 0);
	EXPECT_EQ(exclusive("a", "6"), -EINVAL);
	EXPECT_EQ(exclusive("a", "2"), -EBUSY);
	machine.spawn("t", machine.node("a/d"));
	EXPECT_EQ(cpus("a", ""), -ENOSPC);
	EXPECT_EQ(cpus("a", "6"), -EBUSY) << "before a sibling takes offence";
}

TEST_F(CgPartition, GivesItsCpusBackWhenItIsRemoved)
{
	machine.set_cpus("e/f", "6");
	machine.set_cpus("e", "6-7");
	make("e");
	EXPECT_EQ(make("e/f"), -1);
	EXPECT_EQ(machine.effective("e"), "7");
	EXPECT_EQ(machine.remove("e/f"), 0);
	EXPECT_EQ(machine.effective("e"), "6-7");
	EXPECT_EQ(machine.remove("e"), 0);
	EXPECT_EQ(machine.effective(""), "0-7");
}

TEST_F(CgPartition, TurnsInvalidWithItsLastCpuAndComesBackWithIt)
{
	machine.set_cpus("e", "7");
	EXPECT_EQ(machine.spawn("task", machine.node("e")), 0);
	make("e");
	online("0-6");
	EXPECT_EQ(fault("e"), CG_FAULT_HOTPLUG);
	EXPECT_EQ(machine.allowed("task"), "0-6");
	online("0-7");
	EXPECT_EQ(fault("e"), -1);
	EXPECT_EQ(machine.allowed("task"), "7");
}

TEST_F(CgPartition, LeavesTheRootACpuWhateverGoes)
{
	machine.set_cpus("e", "1-7");
	make("e");
	online("1-7");
	EXPECT_EQ(fault("e"), CG_FAULT_HOTPLUG);
	EXPECT_EQ(machine.effective(""), "1-7");
}

TEST_F(CgPartition, TakesNobodyWithoutACpu)
{
	machine.set_cpus("a", "0-1");
	make("a");
	machine.set_cpus("a/b", "0-1");
	EXPECT_EQ(make("a/b"), -1);
	EXPECT_EQ(machine.effective("a"), "");
	EXPECT_EQ(machine.spawn("task", machine.node("a/d")), -ENOSPC);
	EXPECT_EQ(machine.spawn("task", machine.node("a/b/c")), 0);
	EXPECT_EQ(machine.set_cpus("a/b", ""), -ENOSPC);
}

/* ---- random operations ---- */

static const char *const paths[] = {"a", "a/b", "a/b/c", "a/d", "e", "e/f"};

static void step(Machine &machine, std::mt19937 &random)
{
	struct cg_node *node = machine.node(paths[random() % 6]);
	struct cpumask mask = cpumask_none();
	mask.bits[0] = random() & (random() % 4 ? random() : UINT32_MAX) & 0xff;
	struct cg_member *member = machine.member(random() % 2 ? "one" : "two");
	switch (random() % 8) {
	case 0:
	case 1:
		cg_set_cpus(node, &mask);
		break;
	case 2:
	case 3:
		cg_set_exclusive(node, &mask);
		break;
	case 4:
	case 5:
		cg_set_partition(node, static_cast<enum cg_partition>(random() % 3), CG_PRIVILEGED);
		break;
	case 6:
		if (random() % 2)
			cg_move(member, random() % 4 ? node : &machine.tree->root, CG_PROCESS);
		else
			cg_pin(member, &mask);
		break;
	default:
		if (cpumask_empty(&mask))
			break;
		cg_set_online(machine.tree.get(), &mask);
	}
}

TEST(CgPartitionRandom, KeepsEveryInvariant)
{
	for (uint32_t seed = 1; seed <= 40; seed++) {
		Machine machine("0-7");
		std::mt19937 random(seed);
		for (const char *path : {"a/b/c", "a/d", "e/f"})
			machine.group(path);
		for (const char *path : paths)
			cg_set_threaded(machine.node(path));
		machine.spawn("one", machine.node("."));
		machine.spawn("two", machine.node("."));
		for (unsigned int i = 0; i < 3000; i++) {
			step(machine, random);
			SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(i));
			machine.check();
			cg_forget_changes(machine.tree.get());
		}
	}
}
