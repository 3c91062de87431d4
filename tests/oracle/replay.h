// SPDX-License-Identifier: Apache-2.0
/*
 * replay.h - plays an operation of a recorded conversation against the tree, and tells what it
 * answered and what it changed in the words of the recording.
 *
 * The language is the recorder's: see README.md beside the traces.
 */
#ifndef TESTS_ORACLE_REPLAY_H
#define TESTS_ORACLE_REPLAY_H

#include <string>
#include <utility>
#include <vector>

#include "tests/sysfs/host.h"

/* It lived in the root through all of the sequences: whether its mask is the one that it started with. */
enum class Recorder { IsFresh, SawPartitions };

class Replay
{
      public:
	Replay(const std::string &isolated, Recorder recorder);
	Recorder recorder()
	{
		return host_.member("recorder")->keeps_off ? Recorder::IsFresh
							   : Recorder::SawPartitions;
	}

	/* Carries out one line; the lines that the recorder would print: the operation with its
	 * result, then what changed. */
	std::vector<std::string> run(const std::string &line);
	/* Whether the recorder's file is one of ours; its lines are left out otherwise. */
	static bool knows(const std::string &file);

      private:
	struct Task {
		std::string name;
		int32_t tid;    /* 0: gone */
		size_t process; /* index of its process's first task */
	};
	using Snapshot = std::vector<std::pair<std::string, std::string>>;

	void settle();
	int find_task(const std::string &name) const;
	size_t add_task(const std::string &name);
	int spawn(const std::string &name, const std::string &node);
	int start_thread(const std::string &process, const std::string &name);
	void end_process(size_t index);
	int put(const std::string &path, const std::string &value);
	int affect(const std::string &task, const std::string &node, const char *file);
	int pin(const std::string &task, const std::string &list);
	int set_online(unsigned int cpu, const std::string &value);
	int carry_out(const std::string &verb, const std::string &one, const std::string &rest);
	std::string name_tids(const std::string &text) const;
	void watch(const std::string &path, struct cg_node *node, Snapshot *into);
	Snapshot snapshot();

	Host host_;
	std::vector<Task> tasks_;
	Snapshot before_;
};

#endif
