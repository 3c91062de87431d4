// SPDX-License-Identifier: Apache-2.0
/*
 * trace.h - a recorded conversation, and how another's answers are held against it.
 *
 * Whoever answers (the tree on the host, the kernel in QEMU) may lack files that Linux has: their
 * lines are left out, and once Linux changed something through one, the rest of that sequence says
 * nothing, unless that file has no bearing on others. Differences that are meant stand in
 * differences.txt.
 */
#ifndef TESTS_ORACLE_TRACE_H
#define TESTS_ORACLE_TRACE_H

#include <cstddef>
#include <string>
#include <vector>

/* An operation and the lines about it, its own result first. */
struct Exchange {
	std::string operation;
	std::vector<std::string> lines;
	size_t line_number;

	bool starts_sequence() const
	{
		return operation.rfind("seq ", 0) == 0;
	}
};

class Player
{
      public:
	virtual ~Player() = default;

	/* Whether the recorder's file is one of the player's. */
	virtual bool knows(const std::string &file) const = 0;
	/* Whether a file that the player lacks has no bearing on any that it has. */
	virtual bool is_detached(const std::string &) const
	{
		return false;
	}
	/* Everything anew. */
	virtual void start_sequence() = 0;
	/* The lines about the operation, which is the trace's `index`th. */
	virtual std::vector<std::string> run(size_t index, const std::string &operation) = 0;
};

struct Comparison {
	size_t compared = 0;
	std::vector<std::string> failures;
};

/* Every line of a conversation, in its exchanges. Empty: it cannot be read. */
std::vector<Exchange> read_trace(const std::string &path);
/* The file that a line of changes, or a `put`, is about; "" otherwise. */
std::string file_of_line(const std::string &line);
/* Plays traces/FAMILY.trace. */
Comparison compare_with_trace(const std::string &family, Player *player);

#endif
