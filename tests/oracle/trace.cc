// SPDX-License-Identifier: Apache-2.0
/*
 * trace.cc - see trace.h.
 */
#include "tests/oracle/trace.h"

#include <fstream>
#include <map>

static bool begins(const std::string &line, const char *with)
{
	return line.rfind(with, 0) == 0;
}

std::vector<Exchange> read_trace(const std::string &path)
{
	std::ifstream trace(path);
	std::vector<Exchange> exchanges;
	size_t number = 0;
	for (std::string line; std::getline(trace, line);) {
		number++;
		if (line == "end")
			break;
		if (!begins(line, "  "))
			exchanges.push_back({line.substr(0, line.rfind(" = ")), {line}, number});
		else if (!exchanges.empty())
			exchanges.back().lines.push_back(line);
	}
	return exchanges;
}

std::string file_of_line(const std::string &line)
{
	if (begins(line, "put ")) {
		size_t file = line.find_last_of('/', line.find(' ', 4)) + 1;
		return line.substr(file, line.find(' ', file) - file);
	}
	if (!begins(line, "  ") || begins(line, "  task "))
		return "";
	size_t file = line.find(' ', 2) + 1;
	return line.substr(file, line.find_first_of(": ", file) - file);
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

static bool is_known(const Player &player, const std::string &line)
{
	std::string file = file_of_line(line);
	return file.empty() || player.knows(file);
}

static std::vector<std::string> known_lines(const Player &player, const Exchange &exchange)
{
	std::vector<std::string> lines;
	for (const std::string &line : exchange.lines)
		if (&line == &exchange.lines[0] || is_known(player, line))
			lines.push_back(line);
	return lines;
}

Comparison compare_with_trace(const std::string &family, Player *player)
{
	const auto differences = read_differences();
	const auto exchanges = read_trace("tests/oracle/traces/" + family + ".trace");
	Comparison result;
	std::string sequence;
	bool lost = false; /* the trees differ: the rest of the sequence says nothing */
	for (size_t i = 0; i < exchanges.size(); i++) {
		const Exchange &exchange = exchanges[i];
		if (exchange.starts_sequence()) {
			player->start_sequence();
			sequence = exchange.operation;
			lost = false;
			continue;
		}
		if (lost)
			continue;
		if (!is_known(*player, exchange.operation)) {
			lost = exchange.lines[0] == exchange.operation + " = 0" &&
			       !player->is_detached(file_of_line(exchange.operation));
			continue;
		}
		auto recorded = known_lines(*player, exchange);
		auto lines = player->run(i, exchange.operation);
		std::string place = family + ":" + std::to_string(exchange.line_number);
		bool equal = lines == recorded, meant = differences.count(place);
		result.compared++;
		if (equal && meant)
			result.failures.push_back(place + ": agrees, but is listed as a difference\n");
		if (equal || meant)
			continue;
		result.failures.push_back(place + " (" + sequence + ")\nLinux:\n" +
					  joined(recorded) + "Taper:\n" + joined(lines));
		lost = true;
	}
	return result;
}
