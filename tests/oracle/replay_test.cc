// SPDX-License-Identifier: Apache-2.0
/*
 * replay_test.cc - the recorded conversations with Linux, line for line.
 *
 * Differences that are meant stand in differences.txt.
 */
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>

#include "tests/oracle/replay.h"

/* An operation of a trace and the recorded lines, the result's own first. */
struct Exchange {
	std::string operation;
	std::vector<std::string> lines;
	size_t line_number;
};

/* The recorded lines of files that the tree has. */
static bool is_ours(const std::string &line)
{
	if (line.rfind("  task ", 0) == 0)
		return true;
	size_t file = line.find(' ', 2) + 1;
	return Replay::knows(line.substr(file, line.find_first_of(": ", file) - file));
}

static std::vector<Exchange> read_trace(const std::string &path)
{
	std::ifstream trace(path);
	EXPECT_TRUE(trace.good()) << path << " cannot be read";
	std::vector<Exchange> exchanges;
	size_t number = 0;
	for (std::string line; std::getline(trace, line);) {
		number++;
		if (line == "end")
			break;
		if (line.rfind("  ", 0) != 0)
			exchanges.push_back({line.substr(0, line.rfind(" = ")), {line}, number});
		else if (is_ours(line))
			exchanges.back().lines.push_back(line);
	}
	return exchanges;
}

/* Whether the operation writes into a file that the tree does not have. */
static bool is_foreign(const std::string &operation)
{
	if (operation.rfind("put ", 0) != 0)
		return false;
	size_t file = operation.find_last_of('/', operation.find(' ', 4)) + 1;
	return !Replay::knows(operation.substr(file, operation.find(' ', file) - file));
}

/* "family:line" -> why the tree answers otherwise there. */
static std::map<std::string, std::string> read_differences()
{
	std::ifstream list("tests/oracle/differences.txt");
	std::map<std::string, std::string> differences;
	for (std::string line; std::getline(list, line);) {
		size_t blank = line.find(' ');
		if (!line.empty() && line[0] != '#' && blank != std::string::npos)
			differences[line.substr(0, blank)] = line.substr(blank + 1);
	}
	return differences;
}

static std::string joined(const std::vector<std::string> &lines)
{
	std::string text;
	for (const std::string &line : lines)
		text += line + "\n";
	return text;
}

class Oracle : public testing::TestWithParam<std::string>
{
};

TEST_P(Oracle, AgreesLineForLine)
{
	auto differences = read_differences();
	std::unique_ptr<Replay> replay;
	std::string sequence;
	bool lost = false; /* the trees differ: the rest of the sequence says nothing */
	size_t compared = 0;
	for (const Exchange &exchange :
		read_trace("tests/oracle/traces/" + GetParam() + ".trace")) {
		if (exchange.operation.rfind("seq ", 0) == 0) {
			replay = std::make_unique<Replay>();
			sequence = exchange.operation;
			lost = false;
			continue;
		}
		if (lost)
			continue;
		if (is_foreign(exchange.operation)) {
			lost = exchange.lines[0] == exchange.operation + " = 0";
			continue;
		}
		std::vector<std::string> lines = replay->run(exchange.operation);
		std::string place = GetParam() + ":" + std::to_string(exchange.line_number);
		bool equal = lines == exchange.lines, meant = differences.count(place);
		compared++;
		EXPECT_FALSE(equal && meant) << place << ": agrees, but is listed as a difference";
		if (equal || meant)
			continue;
		ADD_FAILURE() << place << " (" << sequence << ")\nLinux:\n"
			      << joined(exchange.lines) << "the tree:\n"
			      << joined(lines);
		lost = true;
	}
	EXPECT_GT(compared, 500U);
}

INSTANTIATE_TEST_SUITE_P(Traces, Oracle,
	testing::Values(
		"core", "effective", "affinity", "weight", "threaded", "mems", "syntax", "hotplug"),
	[](const auto &info) { return info.param; });
