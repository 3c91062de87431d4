// SPDX-License-Identifier: Apache-2.0
/*
 * docs_test.cc - docs/sysfs.md has a section for each pseudo-file, in the order of the tables, that
 * tells mode and place as they are, and none for a file that is not there.
 */
#include <gtest/gtest.h>

#include <fstream>

#include "tests/sysfs/host.h"

/* "name|mode, where" for each section below a heading of that name. */
static std::vector<std::string> documented(const std::string &heading)
{
	std::ifstream page("docs/sysfs.md");
	EXPECT_TRUE(page.good()) << "docs/sysfs.md cannot be read";
	std::vector<std::string> sections;
	bool inside = false;
	for (std::string line; std::getline(page, line);) {
		if (line.rfind("## ", 0) == 0)
			inside = line == "## " + heading;
		if (!inside || line.rfind("### ", 0) != 0)
			continue;
		std::string place;
		std::getline(page, place);
		sections.push_back(line.substr(4) + "|" + place);
	}
	return sections;
}

static std::string mode_of(const struct sysfs_row &row)
{
	char text[8];
	std::snprintf(text, sizeof(text), "%04o", row.mode);
	return text;
}

TEST(SysfsDocs, HaveEachFileOfANode)
{
	size_t count;
	const struct sysfs_row *rows = sysfs_cgroup_rows(&count);
	const std::pair<int, const char *> controllers[] = {{CG_HAS_CPUSET, "cpuset"},
		{CG_HAS_CPU, "cpu"}, {CG_HAS_MEMORY, "memory"}, {CG_HAS_PIDS, "pids"}};
	std::vector<std::string> wanted;
	for (size_t i = 0; i < count; i++) {
		std::string place = rows[i].where == SYSFS_EVERYWHERE   ? "every node"
		                    : rows[i].where == SYSFS_BELOW_ROOT ? "not on the root"
		                                                        : "on the root";
		for (auto [controller, name] : controllers)
			if (rows[i].controllers & controller)
				place += std::string(", needs ") + name;
		if (rows[i].features)
			place += ", where enforced";
		wanted.push_back(rows[i].name + ("|" + mode_of(rows[i])) + ", " + place);
	}
	EXPECT_EQ(documented("/sys/fs/cgroup"), wanted);
}

TEST(SysfsDocs, HaveEachFileOfTheCpus)
{
	size_t count;
	const struct sysfs_row *rows = sysfs_cpu_rows(&count);
	std::vector<std::string> wanted;
	for (size_t i = 0; i < count; i++)
		wanted.push_back(rows[i].name + ("|" + mode_of(rows[i])));
	EXPECT_EQ(documented("/sys/devices/system/cpu"), wanted);
}

TEST(SysfsRows, CanBeWhatTheirModeSays)
{
	size_t count, cpu_count;
	const struct sysfs_row *rows = sysfs_cgroup_rows(&count),
			       *cpu_rows = sysfs_cpu_rows(&cpu_count);
	std::vector<struct sysfs_row> all(rows, rows + count);
	all.insert(all.end(), cpu_rows, cpu_rows + cpu_count);
	for (const struct sysfs_row &row : all) {
		EXPECT_EQ((row.mode & 0444) != 0, row.show != nullptr) << row.name;
		EXPECT_EQ((row.mode & 0222) != 0, row.store != nullptr) << row.name;
	}
}

TEST(SysfsDocs, HaveEachFileOfOneCpu)
{
	const std::string cpu = "/sys/devices/system/cpu/cpuN";
	const std::string headings[] = {cpu, cpu + "/topology", cpu + "/cache/indexN"};
	size_t count;
	const struct sysfs_cpu_file *files = sysfs_cpu_files(&count);
	for (uint8_t directory : {SYSFS_OF_CPU, SYSFS_OF_TOPOLOGY, SYSFS_OF_CACHE}) {
		std::vector<std::string> wanted;
		for (size_t i = 0; i < count; i++) {
			char mode[8];
			std::snprintf(mode, sizeof(mode), "%04o", files[i].mode);
			if (files[i].directory == directory)
				wanted.push_back(std::string(files[i].name) + "|" + mode);
		}
		EXPECT_EQ(documented(headings[directory]), wanted);
	}
}
