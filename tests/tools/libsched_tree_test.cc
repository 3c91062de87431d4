// SPDX-License-Identifier: Apache-2.0
/* libsched over a directory that looks like a mount: plain files stand for pseudo-files. */
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tools/schedctl/libsched.h"

namespace {

namespace fs = std::filesystem;

class SchedTree : public testing::Test {
 protected:
	SchedTree()
	{
		std::string name = testing::TempDir() + "/treeXXXXXX";
		root_ = mkdtemp(name.data());
		group("");
		EXPECT_EQ(sched_tree_open(&tree, root_.c_str(), &error), 0) << error.text;
	}

	~SchedTree() override
	{
		sched_tree_close(&tree);
		fs::remove_all(root_);
	}

	void put(const std::string &path, const std::string &text)
	{
		std::ofstream(root_ / path) << text;
	}

	std::string text(const std::string &path)
	{
		std::stringstream all;
		all << std::ifstream(root_ / path).rdbuf();
		return all.str();
	}

	void group(const std::string &path)
	{
		fs::path folder = fs::path(path);
		fs::create_directories(root_ / folder);
		put(folder / "cgroup.controllers", "cpuset cpu io pids\n");
		put(folder / "cgroup.subtree_control", "");
	}

	struct sched_group named(const char *path)
	{
		struct sched_group named;
		EXPECT_EQ(sched_group_parse(path, &named, &error), 0) << error.text;
		return named;
	}

	fs::path root_;
	struct sched_tree tree;
	struct sched_error error;
};

TEST_F(SchedTree, OpensOnlyWhatLooksLikeAMount)
{
	struct sched_tree other;
	fs::create_directories(root_ / "plain");
	std::string plain = root_ / "plain", none = root_ / "none";
	EXPECT_EQ(sched_tree_open(&other, plain.c_str(), &error), -ENOENT);
	EXPECT_EQ(error.text, plain + ": no cgroup.controllers in it: this is no cgroup2 mount; "
				      "--root names one (ENOENT)");
	EXPECT_EQ(sched_tree_open(&other, none.c_str(), &error), -ENOENT);
}

TEST_F(SchedTree, CreateEnablesTheControllersInTheParent)
{
	unsigned int made_count;
	struct sched_group web = named("web");
	ASSERT_EQ(sched_group_create(&tree, &web, SCHED_CREATE_ONE, &made_count, &error), 0);
	EXPECT_EQ(made_count, 1u);
	EXPECT_EQ(text("cgroup.subtree_control"), "+cpuset +cpu\n");
	EXPECT_TRUE(sched_group_exists(&tree, &web));
}

TEST_F(SchedTree, CreateEnablesOnlyWhatIsOfferedAndMissing)
{
	unsigned int made_count;
	struct sched_group web = named("web"), api = named("web/api");
	put("cgroup.subtree_control", "io cpuset\n");
	group("web");
	put("web/cgroup.controllers", "cpuset\n");
	put("web/cgroup.subtree_control", "cpuset\n");
	ASSERT_EQ(sched_group_create(&tree, &api, SCHED_CREATE_PARENTS, &made_count, &error), 0);
	EXPECT_EQ(made_count, 1u);
	EXPECT_EQ(text("cgroup.subtree_control").substr(0, 5), "+cpu\n");
	EXPECT_EQ(text("web/cgroup.subtree_control"), "cpuset\n");
	ASSERT_EQ(sched_group_create(&tree, &web, SCHED_CREATE_PARENTS, &made_count, &error), 0);
	EXPECT_EQ(made_count, 0u);
}

TEST_F(SchedTree, CreateTellsWhyItCannot)
{
	unsigned int made_count;
	struct sched_group web = named("web"), api = named("web/api"), root = named("/");
	EXPECT_EQ(sched_group_create(&tree, &api, SCHED_CREATE_ONE, &made_count, &error), -ENOENT);
	EXPECT_STREQ(error.text, "web/api: mkdir: its parent is not there; 'create -p' makes the "
				 "parents too (ENOENT)");
	group("web");
	EXPECT_EQ(sched_group_create(&tree, &web, SCHED_CREATE_ONE, &made_count, &error), -EEXIST);
	EXPECT_EQ(sched_group_create(&tree, &root, SCHED_CREATE_ONE, &made_count, &error), -EEXIST);
	EXPECT_EQ(made_count, 0u);
}

TEST_F(SchedTree, CreateThatFailsLeavesNothing)
{
	/* A new plain directory has no cgroup.controllers: the second level fails. */
	unsigned int made_count;
	struct sched_group deep = named("a/b/c");
	EXPECT_EQ(sched_group_create(&tree, &deep, SCHED_CREATE_PARENTS, &made_count, &error),
		  -ENOENT);
	EXPECT_EQ(made_count, 0u);
	EXPECT_FALSE(fs::exists(root_ / "a"));
}

TEST_F(SchedTree, ListsParentsBeforeChildren)
{
	for (const char *path : {"b", "a", "a/y", "a/x", "a/x/deep", "a-b"})
		group(path);
	struct sched_group top = named("/");
	struct sched_list list;
	ASSERT_EQ(sched_group_list(&tree, &top, &list, &error), 0);
	std::vector<std::string> paths;
	for (size_t i = 0; i < list.count; i++)
		paths.emplace_back(list.group[i].path);
	sched_list_free(&list);
	EXPECT_EQ(paths, (std::vector<std::string>{"", "a", "a/x", "a/x/deep", "a/y", "a-b", "b"}));

	struct sched_group none = named("none");
	EXPECT_EQ(sched_group_list(&tree, &none, &list, &error), -ENOENT);
	EXPECT_STREQ(error.text, "none: there is no such group (ENOENT)");
}

TEST_F(SchedTree, ReadsLongFilesWhole)
{
	std::string numbers;
	for (int i = 1; i <= 5000; i++)
		numbers += std::to_string(i) + "\n";
	put("cgroup.procs", numbers);
	struct sched_group root = named("/");
	struct sched_tasks tasks;
	ASSERT_EQ(sched_tasks_read(&tree, &root, SCHED_PROCESSES, &tasks, &error), 0);
	ASSERT_EQ(tasks.count, 5000u);
	EXPECT_EQ(tasks.task[0], 1);
	EXPECT_EQ(tasks.task[4999], 5000);
	sched_tasks_free(&tasks);

	put("cgroup.procs", "");
	ASSERT_EQ(sched_tasks_read(&tree, &root, SCHED_PROCESSES, &tasks, &error), 0);
	EXPECT_EQ(tasks.count, 0u);
	sched_tasks_free(&tasks);
}

TEST_F(SchedTree, WritesOneLineAndRefusesBadValuesBefore)
{
	group("web");
	put("web/cpu.weight", "");
	put("web/cpuset.cpus", "");
	struct sched_group web = named("web");
	EXPECT_EQ(sched_file_write(&tree, &web, "cpu.weight", "300", &error), 0);
	EXPECT_EQ(text("web/cpu.weight"), "300\n");
	EXPECT_EQ(sched_file_write(&tree, &web, "cpu.weight", "0", &error), -ERANGE);
	EXPECT_STREQ(error.text, "web: cpu.weight 0: shares go from 1 to 10000 (ERANGE)");
	EXPECT_EQ(text("web/cpu.weight"), "300\n");
	EXPECT_EQ(sched_file_write(&tree, &web, "cpuset.cpus", "", &error), 0);
	EXPECT_EQ(text("web/cpuset.cpus"), "\n");
	EXPECT_EQ(sched_file_write(&tree, &web, "cpu.max", std::string(4096, '1').c_str(), &error),
		  -E2BIG);
}

TEST_F(SchedTree, TellsAMissingGroupFromAMissingController)
{
	group("web");
	struct sched_group web = named("web"), none = named("none");
	EXPECT_EQ(sched_file_write(&tree, &web, "cpu.weight", "1", &error), -ENOENT);
	EXPECT_NE(std::string(error.text).find("the controller cpu is not enabled in /"),
		  std::string::npos);
	EXPECT_EQ(sched_file_write(&tree, &none, "cpu.weight", "1", &error), -ENOENT);
	EXPECT_STREQ(error.text, "none: cpu.weight 1: there is no such group (ENOENT)");
}

TEST_F(SchedTree, EffectiveComesFromTheNearestAncestorThatHasIt)
{
	group("web/api");
	put("cpuset.cpus.effective", "0-3\n");
	put("web/cpuset.cpus.effective", "1,3\n");
	struct cpumask mask;
	char list[64];
	struct sched_group api = named("web/api");
	ASSERT_EQ(sched_group_effective(&tree, &api, &mask, &error), 0);
	EXPECT_STREQ(sched_cpus_text(&mask, list, sizeof(list)), "1,3");
}

TEST_F(SchedTree, RemoveTellsWhatIsInTheWay)
{
	fs::create_directories(root_ / "web/api");
	struct sched_group web = named("web"), api = named("web/api"), root = named("/");
	EXPECT_EQ(sched_group_remove(&tree, &web, &error), -EBUSY);
	EXPECT_STREQ(error.text, "web: rmdir: it has groups below it (web/api, ...); 'remove -r' "
				 "takes them too (EBUSY)");
	EXPECT_EQ(sched_group_remove(&tree, &root, &error), -EBUSY);
	EXPECT_EQ(sched_group_remove(&tree, &api, &error), 0);
	put("web/cgroup.procs", "12\n13\n");
	EXPECT_EQ(sched_group_remove(&tree, &web, &error), -EBUSY);
	EXPECT_STREQ(error.text,
		     "web: rmdir: it holds 2 tasks (12, ...); move them out first (EBUSY)");
}

TEST(SchedTask, KnowsItsOwnNameAndAffinity)
{
	struct sched_error error;
	struct cpumask mask, possible = sched_machine_cpus();
	char name[32];
	ASSERT_EQ(sched_task_affinity(getpid(), &mask, &error), 0) << error.text;
	EXPECT_FALSE(cpumask_empty(&mask));
	EXPECT_TRUE(cpumask_subset(&mask, &possible));
	EXPECT_STRNE(sched_task_name(getpid(), name, sizeof(name)), "?");
	EXPECT_EQ(sched_task_pin(getpid(), &mask, &error), 0) << error.text;
}

}  // namespace
