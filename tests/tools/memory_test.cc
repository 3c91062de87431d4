// SPDX-License-Identifier: Apache-2.0
/*
 * memory_test.cc - every allocation of libsched and of execd's loaders fails once in turn: the call
 * says that there is no memory, has changed nothing, and leaks no descriptor.
 */
#include <dirent.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "tests/tools/failing_malloc.h"
#include "tools/schedctl/libsched.h"

extern "C" {
#include "execd/groups.h"
#include "execd/load.h"
}

namespace {

namespace fs = std::filesystem;

/* A directory that looks like a mount. */
class Memory : public testing::Test {
 protected:
	Memory()
	{
		std::string name = testing::TempDir() + "/memoryXXXXXX";
		root_ = mkdtemp(name.data());
		for (const char *path : {"", "web", "web/api", "db"}) {
			fs::create_directories(root_ / path);
			put(std::string(path) + "/cgroup.controllers", "cpuset cpu\n");
			put(std::string(path) + "/cgroup.subtree_control", "cpuset cpu\n");
			put(std::string(path) + "/cgroup.procs", "30\n4\n17\n");
			put(std::string(path) + "/cpuset.cpus.effective", "0-3\n");
		}
		put("long", std::string(3000, 'x'));
		EXPECT_EQ(sched_tree_open(&tree, root_.c_str(), &error), 0) << error.text;
	}

	~Memory() override
	{
		sched_tree_close(&tree);
		fs::remove_all(root_);
	}

	void put(const std::string &path, const std::string &text)
	{
		std::ofstream(root_.string() + "/" + path) << text;
	}

	std::map<std::string, std::string> image()
	{
		std::map<std::string, std::string> all;
		for (const auto &entry : fs::recursive_directory_iterator(root_)) {
			if (entry.is_directory()) {
				all[entry.path()] = "";
				continue;
			}
			std::ifstream file(entry.path());
			all[entry.path()] = std::string(std::istreambuf_iterator<char>(file), {});
		}
		return all;
	}

	static size_t descriptors()
	{
		return (size_t)std::distance(fs::directory_iterator("/proc/self/fd"), {});
	}

	/* How many allocations have failed before it went well. */
	unsigned int fail_each(const std::function<int()> &call)
	{
		auto before = image();
		size_t open = descriptors();
		for (unsigned int nth = 1; nth < 1000; nth++) {
			error.text[0] = '\0';
			fail_malloc(nth);
			int result = call();
			bool failed = malloc_has_failed();
			EXPECT_TRUE(!result || (failed && result == -ENOMEM)) << "allocation " << nth;
			EXPECT_EQ(image(), before);
			EXPECT_EQ(descriptors(), open);
			if (!failed)
				return nth - 1;
			/* qsort() does without, if need be */
			EXPECT_TRUE(!result || strstr(error.text, "memory")) << error.text;
		}
		ADD_FAILURE() << "there is no end";
		return 0;
	}

	fs::path root_;
	struct sched_tree tree;
	struct sched_error error;
};

TEST_F(Memory, ReadingAFileFailsCleanly)
{
	struct sched_group top = {""};
	EXPECT_EQ(fail_each([&] {
		char *text;
		int result = sched_file_read(&tree, &top, "long", &text, &error);
		if (!result)
			free(text);
		return result;
	}), 4U); /* 512 bytes, and doubled three times */
}

TEST_F(Memory, ListingGroupsFailsCleanly)
{
	struct sched_group top = {""};
	EXPECT_GT(fail_each([&] {
		struct sched_list list;
		int result = sched_group_list(&tree, &top, &list, &error);
		EXPECT_EQ(list.count, result ? 0U : 4U);
		sched_list_free(&list);
		return result;
	}), 4U);
}

TEST_F(Memory, ReadingTasksFailsCleanly)
{
	struct sched_group web = {"web"};
	EXPECT_EQ(fail_each([&] {
		struct sched_tasks tasks;
		int result = sched_tasks_read(&tree, &web, SCHED_PROCESSES, &tasks, &error);
		EXPECT_EQ(tasks.count, result ? 0U : 3U);
		sched_tasks_free(&tasks);
		return result;
	}), 2U);
}

TEST_F(Memory, EffectiveCpusFailCleanly)
{
	struct sched_group web = {"web"};
	EXPECT_EQ(fail_each([&] {
		struct cpumask mask;
		return sched_group_effective(&tree, &web, &mask, &error);
	}), 1U);
}

TEST_F(Memory, MakingAGroupFailsCleanly)
{
	struct sched_group web = {"web"};
	EXPECT_EQ(fail_each([&] { /* all is there: it reads what is enabled, and writes nothing */
		unsigned int made;
		return sched_group_create(&tree, &web, SCHED_CREATE_PARENTS, &made, &error);
	}), 2U);
}

TEST_F(Memory, LoadingACommandFailsCleanly)
{
	put("command", std::string("/bin/true\0an argument\0", 22));
	std::string path = root_ / "command";
	EXPECT_EQ(fail_each([&] {
		char **arguments = load_command(path.c_str());
		snprintf(error.text, sizeof(error.text), "%s", strerror(errno));
		if (!arguments)
			return -errno;
		EXPECT_STREQ(arguments[1], "an argument");
		free(arguments[0]);
		free(arguments);
		return 0;
	}), 2U);
}

TEST_F(Memory, LoadingRecipesFailsCleanly)
{
	put("a.ini", "[group web]\ncpus = 0\n");
	put("b.ini", "[group db]\ncpus = 0\n");
	std::string path = root_;
	auto recipes = std::make_unique<struct recipes>();
	unsigned int failures = fail_each([&] {
		struct recipe_report report = {
			[](void *context, const char *text) {
				auto *error = static_cast<struct sched_error *>(context);
				snprintf(error->text, sizeof(error->text), "%s", text);
			},
			&error,
		};
		recipes_init(recipes.get(), &report);
		return load_recipes(recipes.get(), path.c_str()) ? 0 : -ENOMEM;
	});
	EXPECT_GE(failures, 2U);
}

/* A group that could not be made is wrong, and that is told; the others have what they asked for. */
TEST_F(Memory, MakingTheRecipesGroupsFailsCleanly)
{
	put("a.ini", "[group web]\nshares = 200\n[group web/api]\nshares = 300\n[group db]\nshares = 400\n");
	std::string path = root_;
	auto recipes = std::make_unique<struct recipes>();
	unsigned int failures = 0;
	for (bool failed = true; failed && failures < 100; failures += failed) {
		struct recipe_report report = {
			[](void *context, const char *text) {
				auto *error = static_cast<struct sched_error *>(context);
				snprintf(error->text, sizeof(error->text), "%s", text);
			},
			&error,
		};
		recipes_init(recipes.get(), &report);
		ASSERT_TRUE(load_recipes(recipes.get(), path.c_str()));
		ASSERT_EQ(recipes->group_count, 3U);
		for (size_t i = 0; i < 3; i++)
			put(std::string(recipes->groups[i].path) + "/cpu.weight", "");
		error.text[0] = '\0';
		size_t open = descriptors(), wrong = 0;
		fail_malloc(failures + 1);
		groups_make(&tree, recipes.get(), -1);
		failed = malloc_has_failed();
		EXPECT_EQ(descriptors(), open);
		for (size_t i = 0; i < 3; i++) {
			auto files = image();
			std::string file = root_.string() + "/" + recipes->groups[i].path + "/cpu.weight";
			EXPECT_EQ(files[file].empty(), recipes->groups[i].wrong) << recipes->groups[i].path;
			wrong += recipes->groups[i].wrong;
		}
		EXPECT_EQ(wrong, failed ? 1U : 0U);
		EXPECT_EQ(strstr(error.text, "memory") != nullptr, failed) << error.text;
	}
	EXPECT_GE(failures, 3U);
}

} // namespace
