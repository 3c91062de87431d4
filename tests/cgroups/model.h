// SPDX-License-Identifier: Apache-2.0
/*
 * model.h - the tree once more, as simply as it can be said: settings in maps by path, every answer
 * recomputed from the root by recursion, a CPU set as 64 bits. It shares nothing with the tree.
 */
#ifndef TESTS_CGROUPS_MODEL_H
#define TESTS_CGROUPS_MODEL_H

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

class Model
{
      public:
	enum { CPUSET = 1, CPU = 2, MEMORY = 4, PIDS = 8, THREADED = CPUSET | CPU | PIDS };

	struct Node {
		unsigned int control = 0;
		bool threaded = false;
		std::string domain; /* of a threaded one */
		uint64_t cpus = 0;
		uint64_t weight = 100;
		int64_t pids_max = INT64_MAX;
		int64_t depth_max = INT64_MAX, descendants_max = INT64_MAX;
	};
	struct Task {
		std::string node, process;
		std::optional<uint64_t> pin;
	};

	Model(uint64_t possible, unsigned int available);

	/* Operations answer 0 or -errno, and change nothing in the second case. */
	int make(const std::string &path);
	int remove(const std::string &path);
	int control(const std::string &path, unsigned int enable, unsigned int disable);
	int make_threaded(const std::string &path);
	int set_cpus(const std::string &path, uint64_t cpus);
	int set_weight(const std::string &path, uint64_t weight);
	int set_pids_max(const std::string &path, int64_t limit);
	int set_depth_max(const std::string &path, int64_t limit);
	int set_descendants_max(const std::string &path, int64_t limit);
	int spawn(const std::string &task, const std::string &path);
	int fork(const std::string &task, const std::string &creator, bool thread,
		const std::optional<std::string> &into);
	int move(const std::string &task, const std::string &path, bool thread);
	int pin(const std::string &task, uint64_t cpus);
	void end(const std::string &task);

	/* What the tree should say. */
	uint64_t effective(const std::string &path) const;
	uint64_t allowed(const std::string &task) const;
	std::string type(const std::string &path) const;
	bool populated(const std::string &path) const;
	unsigned int controllers(const std::string &path) const;

	uint64_t online;
	std::map<std::string, Node> nodes; /* the root is "" */
	std::map<std::string, Task> tasks;

      private:
	std::string domain(const std::string &path) const;
	bool has_tasks(const std::string &path) const;
	bool thread_root(const std::string &path) const;
	bool may_be_thread_root(const std::string &path) const;
	bool valid_domain(const std::string &path) const;
	int host(const std::string &path) const;
	int64_t tasks_below(const std::string &path) const;
	std::set<std::string> children(const std::string &path) const;

	uint64_t possible_;
	unsigned int available_;
};

#endif
