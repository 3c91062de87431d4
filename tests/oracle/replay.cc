// SPDX-License-Identifier: Apache-2.0
/*
 * replay.cc - one operation after the other, as the recorder does them.
 */
#include "tests/oracle/replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>

static const char *const watched[] = {
	"cgroup.controllers",
	"cgroup.subtree_control",
	"cgroup.type",
	"cgroup.events",
	"cgroup.procs",
	"cgroup.threads",
	"cgroup.max.depth",
	"cgroup.max.descendants",
	"cgroup.freeze",
	"cpuset.cpus",
	"cpuset.cpus.effective",
	"cpuset.cpus.exclusive",
	"cpuset.cpus.exclusive.effective",
	"cpuset.cpus.partition",
	"cpuset.cpus.isolated",
	"cpuset.mems",
	"cpuset.mems.effective",
	"cpu.weight",
	"cpu.weight.nice",
	"cpu.max",
	"cpu.max.burst",
	"cpu.idle",
	"pids.max",
	"pids.current",
};

static std::string error_name(int error)
{
	static const std::pair<int, const char *> names[] = {
		{0, "0"},
		{ENOENT, "ENOENT"},
		{ESRCH, "ESRCH"},
		{E2BIG, "E2BIG"},
		{EAGAIN, "EAGAIN"},
		{EACCES, "EACCES"},
		{EBUSY, "EBUSY"},
		{EEXIST, "EEXIST"},
		{ENODEV, "ENODEV"},
		{ENOTDIR, "ENOTDIR"},
		{EINVAL, "EINVAL"},
		{ENOSPC, "ENOSPC"},
		{ERANGE, "ERANGE"},
		{EOPNOTSUPP, "EOPNOTSUPP"},
		{EOVERFLOW, "EOVERFLOW"},
	};
	for (auto [number, name] : names)
		if (number == -error)
			return name;
	return "E" + std::to_string(-error);
}

bool Replay::knows(const std::string &file)
{
	size_t count;
	const struct sysfs_row *rows = sysfs_cgroup_rows(&count);
	return std::any_of(
		rows, rows + count, [&](const struct sysfs_row &row) { return row.name == file; });
}

Replay::Replay(const std::string &isolated, Recorder recorder)
	: host_("0-7", "", CG_THREADED_CONTROLLERS | CG_HAS_MEMORY)
{
	struct cpumask mask = mask_of(isolated);
	cg_tree_set_isolated(host_.tree.get(), &mask);
	host_.spawn("recorder", host_.node("."));
	if (recorder == Recorder::SawPartitions) {
		host_.member("recorder")->keeps_off = false;
		host_.member("recorder")->allowed = host_.tree->online;
	}
	host_.write("cgroup.subtree_control", "+cpuset +cpu +pids\n");
	settle();
	before_ = snapshot();
}

/* What the kernel does behind an operation. */
void Replay::settle()
{
	cg_forget_changes(host_.tree.get());
	host_.check();
}

int Replay::find_task(const std::string &name) const
{
	for (size_t i = 0; i < tasks_.size(); i++)
		if (tasks_[i].tid && tasks_[i].name == name)
			return static_cast<int>(i);
	return -1;
}

size_t Replay::add_task(const std::string &name)
{
	for (size_t i = 0; i < tasks_.size(); i++)
		if (!tasks_[i].tid) {
			tasks_[i].name = name;
			return i;
		}
	tasks_.push_back({name, 0, 0});
	return tasks_.size() - 1;
}

static std::string key(int32_t tid)
{
	return "tid " + std::to_string(tid);
}

int Replay::spawn(const std::string &name, const std::string &node)
{
	size_t index = add_task(name);
	if (host_.fork("new", "recorder", CG_PROCESS))
		return -EAGAIN;
	int32_t tid = host_.member("new")->tid;
	host_.members[key(tid)] = std::move(host_.members["new"]);
	host_.members.erase("new");
	tasks_[index].tid = tid;
	tasks_[index].process = index;
	return affect(name, node, "cgroup.procs");
}

int Replay::start_thread(const std::string &process, const std::string &name)
{
	int p = find_task(process);
	if (p < 0 || tasks_[static_cast<size_t>(p)].process != static_cast<size_t>(p))
		return -ESRCH;
	size_t leader = static_cast<size_t>(p), index = add_task(name);
	if (host_.fork("new", key(tasks_[leader].tid), CG_THREAD))
		return -EAGAIN;
	int32_t tid = host_.member("new")->tid;
	host_.members[key(tid)] = std::move(host_.members["new"]);
	host_.members.erase("new");
	tasks_[index].tid = tid;
	tasks_[index].process = leader;
	return 0;
}

void Replay::end_process(size_t index)
{
	int32_t pid = tasks_[index].tid;
	std::vector<std::string> gone;
	for (auto &[name, member] : host_.members)
		if (member->pid == pid)
			gone.push_back(name);
	for (const std::string &name : gone)
		host_.end(name);
	for (Task &task : tasks_)
		if (task.process == index)
			task.tid = 0;
}

static std::string with_root(const std::string &path)
{
	return path.rfind("./", 0) == 0 ? path.substr(2) : path;
}

int Replay::put(const std::string &path, const std::string &value)
{
	std::string text = value + "\n";
	for (size_t at; (at = text.find("\\n")) != std::string::npos;)
		text.replace(at, 2, "\n");
	return host_.write(with_root(path), text);
}

int Replay::affect(const std::string &task, const std::string &node, const char *file)
{
	int index = find_task(task);
	if (index < 0)
		return -ESRCH;
	return put(node + "/" + file, std::to_string(tasks_[static_cast<size_t>(index)].tid));
}

int Replay::pin(const std::string &task, const std::string &list)
{
	int index = find_task(task);
	if (index < 0)
		return -ESRCH;
	struct cpumask mask = mask_of(list);
	mask = cpumask_and(&mask, &host_.tree->possible);
	return cg_pin(host_.member(key(tasks_[static_cast<size_t>(index)].tid)), &mask);
}

int Replay::set_online(unsigned int cpu, const std::string &value)
{
	struct cpumask online = host_.tree->online;
	if (value == "0")
		cpumask_clear(&online, cpu);
	else
		cpumask_set(&online, cpu);
	cg_set_online(host_.tree.get(), &online);
	return 0;
}

int Replay::carry_out(const std::string &verb, const std::string &one, const std::string &rest)
{
	if (verb == "mkdir")
		return host_.make(one);
	if (verb == "rmdir")
		return one == "." ? -EBUSY : host_.remove(one);
	if (verb == "put")
		return put(one, rest);
	if (verb == "spawn")
		return spawn(one, rest);
	if (verb == "thread")
		return start_thread(one, rest);
	if (verb == "move")
		return affect(one, rest, "cgroup.procs");
	if (verb == "tmove")
		return affect(one, rest, "cgroup.threads");
	if (verb == "pin")
		return pin(one, rest);
	if (verb == "cpu")
		return set_online(static_cast<unsigned int>(std::stoul(one)), rest);
	ADD_FAILURE() << "unknown operation: " << verb;
	return 0;
}

/* The names of those that live, in the order of the recorder's table. */
std::string Replay::name_tids(const std::string &text) const
{
	std::vector<bool> present(tasks_.size());
	std::istringstream lines(text);
	for (int32_t tid; lines >> tid;)
		for (size_t i = 0; i < tasks_.size(); i++)
			if (tasks_[i].tid == tid)
				present[i] = true;
	std::string names;
	for (size_t i = 0; i < tasks_.size(); i++)
		if (present[i])
			names += (names.empty() ? "" : " ") + tasks_[i].name;
	return names;
}

void Replay::watch(const std::string &path, struct cg_node *node, Snapshot *into)
{
	for (const char *file : watched) {
		std::string text = host_.read(path + "/" + file);
		if (text == "!" + std::to_string(-ENOENT))
			continue;
		if (text[0] == '!')
			text = "!" + error_name(std::stoi(text.substr(1)));
		else if (!strcmp(file, "cgroup.procs") || !strcmp(file, "cgroup.threads"))
			text = name_tids(text);
		while (!text.empty() && text.back() == '\n')
			text.pop_back();
		std::replace(text.begin(), text.end(), '\n', ';');
		into->emplace_back(path + " " + file, text);
	}
	std::vector<std::pair<std::string, struct cg_node *>> children;
	for (struct cg_node *child = cg_first_child(node); child; child = cg_next_sibling(child))
		children.emplace_back(std::string(child->name, child->name_length), child);
	std::sort(children.begin(), children.end());
	for (auto &[name, child] : children)
		watch(path == "." ? name : path + "/" + name, child, into);
}

Replay::Snapshot Replay::snapshot()
{
	Snapshot rows;
	watch(".", host_.node("."), &rows);
	for (const Task &task : tasks_) {
		if (!task.tid)
			continue;
		struct cpumask mask =
			cpumask_and(&host_.member(key(task.tid))->allowed, &host_.tree->online);
		rows.emplace_back("task " + task.name + " affinity", list_of(mask));
	}
	return rows;
}

std::vector<std::string> Replay::run(const std::string &line)
{
	std::istringstream words(line);
	std::string verb, one, rest;
	words >> verb >> one;
	std::getline(words, rest);
	if (!rest.empty())
		rest.erase(0, 1);
	int index = verb == "kill" ? find_task(one) : 0;
	int answer = 0;
	if (verb != "kill")
		answer = carry_out(verb, one, rest);
	else if (index < 0)
		answer = -ESRCH;
	else
		end_process(static_cast<size_t>(index));
	settle();

	auto first = [](const Snapshot &rows, const std::string &name) {
		return std::find_if(rows.begin(), rows.end(),
			[&](const auto &row) { return row.first == name; });
	};
	std::vector<std::string> lines = {line + " = " + error_name(answer)};
	Snapshot after = snapshot();
	for (const auto &[name, value] : after) {
		auto old = first(before_, name);
		if (old == before_.end() || old->second != value)
			lines.push_back("  " + name + ": " + value);
	}
	for (const auto &[name, value] : before_)
		if (first(after, name) == after.end())
			lines.push_back("  " + name + " gone");
	before_ = after;
	return lines;
}
