// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <string>

#include "gtest/gtest.h"
#include "tools/schedctl/libsched.h"

namespace {

std::string parsed(const std::string &text)
{
	struct sched_error error;
	struct sched_group group;
	int result = sched_group_parse(text.c_str(), &group, &error);
	return result ? error.text : group.path;
}

TEST(SchedGroupParse, NormalizesSlashes)
{
	EXPECT_EQ(parsed("web"), "web");
	EXPECT_EQ(parsed("/web//api/"), "web/api");
	EXPECT_EQ(parsed("/"), "");
	EXPECT_EQ(parsed("///"), "");
	EXPECT_EQ(parsed("a.b/.hid/...x"), "a.b/.hid/...x");
}

TEST(SchedGroupParse, RefusesWhatIsNoName)
{
	EXPECT_EQ(parsed(""), "a group's name is empty; '/' is the root (EINVAL)");
	EXPECT_EQ(parsed("a/./b"), "a/./b: '.' is no name of a group (EINVAL)");
	EXPECT_EQ(parsed(".."), "..: '..' is no name of a group (EINVAL)");
	EXPECT_EQ(parsed("a\nb"), "a group's name holds no newline (EINVAL)");
}

TEST(SchedGroupParse, HasRoomForExactlyItsLimits)
{
	std::string component(SCHED_COMPONENT_MAX, 'c');
	EXPECT_EQ(parsed(component), component);
	EXPECT_NE(parsed(component + "c").find("(ENAMETOOLONG)"), std::string::npos);

	std::string path;
	for (int i = 0; i < 511; i++)
		path += "c/";
	path += "c";
	ASSERT_EQ(path.size(), size_t{SCHED_PATH_MAX - 1});
	EXPECT_EQ(parsed(path), path);
	EXPECT_NE(parsed(path + "c").find("at most 1023 bytes (ENAMETOOLONG)"), std::string::npos);
}

TEST(SchedGroupParent, WalksUpToTheRoot)
{
	struct sched_error error;
	struct sched_group group;
	sched_group_parse("a/b", &group, &error);
	EXPECT_TRUE(sched_group_parent(&group, &group));
	EXPECT_STREQ(group.path, "a");
	EXPECT_TRUE(sched_group_parent(&group, &group));
	EXPECT_STREQ(sched_group_label(&group), "/");
	EXPECT_FALSE(sched_group_parent(&group, &group));
}

TEST(SchedPathCompare, PutsParentsBeforeChildrenAndThoseBeforeSiblings)
{
	const char *sorted[] = {"", "a", "a/b", "a/b/c", "a/b-", "a-b", "a-b/c", "b", "\xff"};
	for (size_t i = 0; i < std::size(sorted); i++)
		for (size_t j = 0; j < std::size(sorted); j++) {
			int order = sched_path_compare(sorted[i], sorted[j]);
			EXPECT_EQ(i < j, order < 0) << sorted[i] << " " << sorted[j];
			EXPECT_EQ(i == j, order == 0) << sorted[i] << " " << sorted[j];
		}
}

TEST(SchedSettingFile, KnowsShortNamesAndPseudoFiles)
{
	EXPECT_STREQ(sched_setting_file("cpus"), "cpuset.cpus");
	EXPECT_STREQ(sched_setting_file("effective"), "cpuset.cpus.effective");
	EXPECT_STREQ(sched_setting_file("shares"), "cpu.weight");
	EXPECT_STREQ(sched_setting_file("cpu.max"), "cpu.max");
	for (const char *name : {"", "cpu", "../x.y", "a/cpu.max", ".x"})
		EXPECT_EQ(sched_setting_file(name), nullptr) << name;
}

TEST(SchedSharesParse, TakesWholeNumbersWithinTheRange)
{
	unsigned int shares = 7;
	EXPECT_EQ(sched_shares_parse("0", &shares), -ERANGE);
	EXPECT_EQ(sched_shares_parse("10001", &shares), -ERANGE);
	EXPECT_EQ(sched_shares_parse("99999999999999999999", &shares), -ERANGE);
	for (const char *text : {"", "-1", "+1", "1 ", "0x10", "ten"})
		EXPECT_EQ(sched_shares_parse(text, &shares), -EINVAL) << text;
	EXPECT_EQ(shares, 7u);
	EXPECT_EQ(sched_shares_parse("1", &shares), 0);
	EXPECT_EQ(shares, 1u);
	EXPECT_EQ(sched_shares_parse("10000", &shares), 0);
	EXPECT_EQ(shares, 10000u);
}

TEST(SchedTaskParse, TakesWhatCanBeATask)
{
	pid_t task = 7;
	EXPECT_EQ(sched_task_parse("0", &task), -ERANGE);
	EXPECT_EQ(sched_task_parse("2147483648", &task), -ERANGE);
	EXPECT_EQ(sched_task_parse("self", &task), -EINVAL);
	EXPECT_EQ(task, 7);
	EXPECT_EQ(sched_task_parse("2147483647", &task), 0);
	EXPECT_EQ(task, 2147483647);
}

TEST(SchedFail, NamesTheErrorEvenBehindALongLine)
{
	struct sched_error error;
	EXPECT_EQ(sched_fail(&error, ERANGE, "%s: %d", "a", 8), -ERANGE);
	EXPECT_STREQ(error.text, "a: 8 (ERANGE)");
	EXPECT_EQ(error.number, ERANGE);
	std::string line(SCHED_ERROR_MAX * 2, 'x');
	sched_fail(&error, EINVAL, "%s", line.c_str());
	EXPECT_EQ(std::string(error.text), line.substr(0, SCHED_ERROR_MAX - 1));
}

TEST(SchedSuggest, FindsTheNearestWord)
{
	const char *const words[] = {"create", "remove", "set", "get", "move", nullptr};
	EXPECT_STREQ(sched_suggest("creat", words), "create");
	EXPECT_STREQ(sched_suggest("craete", words), "create");
	EXPECT_STREQ(sched_suggest("remvoe", words), "remove");
	EXPECT_STREQ(sched_suggest("ste", words), "set");
	EXPECT_STREQ(sched_suggest("mov", words), "move");
	for (const char *typed : {"", "xyz", "destroy", "q"})
		EXPECT_EQ(sched_suggest(typed, words), nullptr) << typed;
	EXPECT_EQ(sched_suggest(std::string(33, 'c').c_str(), words), nullptr);
}

}  // namespace
