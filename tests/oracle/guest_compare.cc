// SPDX-License-Identifier: Apache-2.0
/*
 * guest_compare.cc - guest_compare FAMILY OUTPUT: holds what treeoracle printed in the guest
 * against the family's trace; status 1 and the places where they differ, status 2 when the
 * output is not that of the whole script.
 */
#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>

#include "tests/oracle/trace.h"

/* Plays back what the guest answered. */
class GuestPlayer : public Player
{
      public:
	explicit GuestPlayer(const char *output) : exchanges(read_trace(output))
	{
		std::ifstream list("tests/oracle/absent.txt");
		for (std::string line; std::getline(list, line);) {
			std::string file = line.substr(0, line.find(' '));
			if (!file.empty() && file[0] != '#')
				absent[file] = file != line;
		}
	}

	bool knows(const std::string &file) const override
	{
		return !absent.count(file);
	}

	bool is_detached(const std::string &file) const override
	{
		return absent.at(file);
	}

	void start_sequence() override {}

	std::vector<std::string> run(size_t index, const std::string &) override
	{
		return exchanges[index].lines;
	}

	/* The first watched file that is there although it is listed as absent; "": none. */
	std::string unexpected_file() const
	{
		for (const Exchange &exchange : exchanges)
			for (size_t i = 1; i < exchange.lines.size(); i++)
				if (!knows(file_of_line(exchange.lines[i])))
					return file_of_line(exchange.lines[i]);
		return "";
	}

	std::vector<Exchange> exchanges;
	std::map<std::string, bool> absent; /* a file: whether it is detached */
};

static bool same_operations(const std::vector<Exchange> &one, const std::vector<Exchange> &other)
{
	return std::equal(one.begin(), one.end(), other.begin(), other.end(),
		[](const Exchange &a, const Exchange &b) { return a.operation == b.operation; });
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		std::cerr << "usage: guest_compare FAMILY OUTPUT\n";
		return 2;
	}
	const std::string family = argv[1];
	GuestPlayer player(argv[2]);
	auto recorded = read_trace("tests/oracle/traces/" + family + ".trace");
	if (recorded.empty() || !same_operations(recorded, player.exchanges)) {
		std::cout << family << ": " << player.exchanges.size() << " operations of "
			  << recorded.size() << ", or others than the trace's\n";
		return 2;
	}
	if (!player.unexpected_file().empty()) {
		std::cout << player.unexpected_file() << ": is there, but absent.txt lists it\n";
		return 2;
	}
	Comparison comparison = compare_with_trace(family, &player);
	for (const std::string &failure : comparison.failures)
		std::cout << failure;
	std::cout << family << ": " << comparison.compared << " operations of " << recorded.size()
		  << " compared, " << comparison.failures.size() << " differ\n";
	return comparison.failures.empty() ? 0 : 1;
}
