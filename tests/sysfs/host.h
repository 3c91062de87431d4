// SPDX-License-Identifier: Apache-2.0
/*
 * host.h - the pseudo-files over a test's tree: reads and writes by path, as a program does them.
 */
#ifndef TESTS_SYSFS_HOST_H
#define TESTS_SYSFS_HOST_H

#include <string>
#include <vector>

#include "tests/cgroups/machine.h"

extern "C" {
#include "sysfs/sysfs.h"
#include "sysfs/textparse.h"
}

class Host : public Machine
{
      public:
	explicit Host(const std::string &possible = "0-7", const std::string &online = "",
		cg_controllers available = CG_THREADED_CONTROLLERS,
		unsigned int features = CG_FEATURE_ALL);

	/* The text of "a/b/cpuset.cpus", or "!-22" for an error. */
	std::string read(const std::string &path);
	int write(const std::string &path, const std::string &text);
	/* The names in a node's directory, in the order of a listing. */
	std::vector<std::string> list(const std::string &path);
	int find(const std::string &path, struct sysfs_place *place);

	struct sysfs_environment environment;
	struct topology topology = {};
	std::string writer; /* who writes 0 */
	int move_error = 0; /* what may_move answers */
	struct sysfs_cpu_usage usage = {0, 0, 0};
	struct sysfs_memory_usage memory = {0, 0, 0, 0, 0, 0, 0};
	struct sysfs_pressure pressure = {{0, 0, 0, 0}, {0, 0, 0, 0}};
	bool may_watch_often = true;
	struct sysfs_pressure_trigger trigger = {false, false, 0, 0}; /* the last one written */
	struct cg_node *watched = nullptr; /* where; null: none */
	struct sysfs_cpu_bandwidth bandwidth = {0, 0, 0, 0, 0, 0};
	struct cg_node *killed = nullptr; /* the last node that cgroup.kill was written in */
};

#endif
