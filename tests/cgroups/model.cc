// SPDX-License-Identifier: Apache-2.0
/*
 * model.cc - the naive tree.
 */
#include "tests/cgroups/model.h"

#include <cerrno>

static std::string parent_of(const std::string &path)
{
	size_t slash = path.rfind('/');
	return slash == std::string::npos ? "" : path.substr(0, slash);
}

static bool is_below(const std::string &path, const std::string &top)
{
	return path == top || top.empty() || path.rfind(top + "/", 0) == 0;
}

Model::Model(uint64_t possible, unsigned int available)
    : online(possible), possible_(possible), available_(available)
{
	nodes[""];
}

std::set<std::string> Model::children(const std::string &path) const
{
	std::set<std::string> found;
	for (const auto &[other, node] : nodes)
		if (!other.empty() && parent_of(other) == path)
			found.insert(other);
	return found;
}

uint64_t Model::effective(const std::string &path) const
{
	if (path.empty())
		return online;
	uint64_t limit = effective(parent_of(path));
	uint64_t wanted = nodes.at(path).cpus & limit;
	return wanted ? wanted : limit;
}

uint64_t Model::allowed(const std::string &task) const
{
	uint64_t mask = effective(tasks.at(task).node);
	uint64_t pinned = mask & tasks.at(task).pin.value_or(mask);
	return pinned ? pinned : mask;
}

unsigned int Model::controllers(const std::string &path) const
{
	if (path.empty())
		return available_;
	unsigned int handed = nodes.at(parent_of(path)).control;
	return nodes.at(path).threaded ? handed & THREADED : handed;
}

std::string Model::domain(const std::string &path) const
{
	return nodes.at(path).threaded ? nodes.at(path).domain : path;
}

bool Model::has_tasks(const std::string &path) const
{
	for (const auto &[name, task] : tasks)
		if (task.node == path)
			return true;
	return false;
}

int64_t Model::tasks_below(const std::string &path) const
{
	int64_t count = 0;
	for (const auto &[name, task] : tasks)
		count += is_below(task.node, path);
	return count;
}

bool Model::populated(const std::string &path) const
{
	return tasks_below(path) > 0;
}

bool Model::thread_root(const std::string &path) const
{
	if (nodes.at(path).threaded)
		return false;
	for (const std::string &child : children(path))
		if (nodes.at(child).threaded)
			return true;
	return has_tasks(path) && nodes.at(path).control & THREADED;
}

bool Model::may_be_thread_root(const std::string &path) const
{
	if (path.empty())
		return true;
	if (nodes.at(path).threaded || nodes.at(path).control & MEMORY)
		return false;
	for (const std::string &child : children(path))
		if (!nodes.at(child).threaded && populated(child))
			return false;
	return true;
}

bool Model::valid_domain(const std::string &path) const
{
	if (nodes.at(path).threaded)
		return false;
	for (std::string up = path; !up.empty();) {
		up = parent_of(up);
		if (nodes.at(up).threaded || (!up.empty() && thread_root(up)))
			return false;
	}
	return true;
}

std::string Model::type(const std::string &path) const
{
	if (nodes.at(path).threaded)
		return "threaded";
	if (!valid_domain(path))
		return "domain invalid";
	return thread_root(path) ? "domain threaded" : "domain";
}

int Model::make(const std::string &path)
{
	std::string parent = parent_of(path);
	if (!nodes.count(parent))
		return -ENOENT;
	if (nodes.count(path))
		return -EEXIST;
	int64_t level = 0;
	for (std::string up = parent;; up = parent_of(up), level++) {
		int64_t below = -1;
		for (const auto &[other, node] : nodes)
			below += is_below(other, up);
		if (below >= nodes.at(up).descendants_max || level >= nodes.at(up).depth_max)
			return -EAGAIN;
		if (up.empty())
			break;
	}
	nodes[path];
	return 0;
}

int Model::remove(const std::string &path)
{
	if (!nodes.count(path))
		return -ENOENT;
	if (path.empty() || populated(path) || !children(path).empty())
		return -EBUSY;
	nodes.erase(path);
	return 0;
}

int Model::control(const std::string &path, unsigned int enable, unsigned int disable)
{
	Node &node = nodes.at(path);
	enable &= ~node.control;
	disable &= node.control;
	for (unsigned int one : {CPUSET, CPU, MEMORY, PIDS}) {
		if (enable & one && !(controllers(path) & one))
			return -ENOENT;
		for (const std::string &child : children(path))
			if (disable & one && nodes.at(child).control & one)
				return -EBUSY;
	}
	if (enable && !valid_domain(domain(path)))
		return -EOPNOTSUPP;
	if (enable && !path.empty()) {
		if (enable & MEMORY && (node.threaded || thread_root(path)))
			return -EOPNOTSUPP;
		bool tolerant = !(enable & MEMORY) && (node.threaded || may_be_thread_root(path));
		if (!tolerant && has_tasks(path))
			return -EBUSY;
	}
	node.control = (node.control | enable) & ~disable;
	for (const std::string &child : children(path)) {
		Node fresh;
		if ((enable | disable) & CPUSET)
			nodes[child].cpus = fresh.cpus;
		if ((enable | disable) & CPU)
			nodes[child].weight = fresh.weight;
		if ((enable | disable) & PIDS)
			nodes[child].pids_max = fresh.pids_max;
	}
	return 0;
}

int Model::make_threaded(const std::string &path)
{
	if (path.empty())
		return -EACCES;
	if (nodes.at(path).threaded)
		return 0;
	std::string root = domain(parent_of(path));
	if (populated(path) || nodes.at(path).control & MEMORY || !valid_domain(root) ||
		!may_be_thread_root(root))
		return -EOPNOTSUPP;
	nodes[path].threaded = true;
	for (auto &[other, node] : nodes)
		if (node.threaded && is_below(other, path))
			node.domain = root;
	return 0;
}

int Model::set_cpus(const std::string &path, uint64_t cpus)
{
	if (path.empty())
		return -EACCES;
	if (cpus & ~possible_)
		return -EINVAL;
	if (!cpus && nodes.at(path).cpus && populated(path))
		return -ENOSPC;
	nodes[path].cpus = cpus;
	return 0;
}

int Model::set_weight(const std::string &path, uint64_t weight)
{
	if (weight < 1 || weight > 10000)
		return -ERANGE;
	if (path.empty())
		return -EACCES;
	nodes[path].weight = weight;
	return 0;
}

int Model::set_pids_max(const std::string &path, int64_t limit)
{
	if (path.empty())
		return -EACCES;
	nodes[path].pids_max = limit;
	return 0;
}

int Model::set_depth_max(const std::string &path, int64_t limit)
{
	nodes.at(path).depth_max = limit;
	return 0;
}

int Model::set_descendants_max(const std::string &path, int64_t limit)
{
	nodes.at(path).descendants_max = limit;
	return 0;
}

int Model::host(const std::string &path) const
{
	if (!valid_domain(domain(path)))
		return -EOPNOTSUPP;
	if (nodes.at(path).threaded || may_be_thread_root(path))
		return 0;
	return nodes.at(path).control ? -EBUSY : 0;
}

int Model::spawn(const std::string &task, const std::string &path)
{
	int error = host(path);
	if (!error)
		tasks[task] = Task{path, task, std::nullopt};
	return error;
}

int Model::fork(const std::string &task, const std::string &creator, bool thread,
	const std::optional<std::string> &into)
{
	const Task &parent = tasks.at(creator);
	std::string path = into.value_or(parent.node);
	if (into) {
		int error = host(path);
		if (!error && thread && domain(parent.node) != domain(path))
			error = -EOPNOTSUPP;
		if (error)
			return error;
	}
	for (std::string up = path;; up = parent_of(up)) {
		if (tasks_below(up) >= nodes.at(up).pids_max)
			return -EAGAIN;
		if (up.empty())
			break;
	}
	tasks[task] = Task{path, thread ? parent.process : task, parent.pin};
	return 0;
}

int Model::move(const std::string &task, const std::string &path, bool thread)
{
	int error = host(path);
	if (!error && thread && domain(tasks.at(task).node) != domain(path))
		error = -EOPNOTSUPP;
	if (error)
		return error;
	std::string process = tasks.at(task).process;
	for (auto &[name, other] : tasks)
		if (thread ? name == task : other.process == process)
			other.node = path;
	return 0;
}

int Model::pin(const std::string &task, uint64_t cpus)
{
	if (!(cpus & effective(tasks.at(task).node)))
		return -EINVAL;
	tasks.at(task).pin = cpus;
	return 0;
}

void Model::end(const std::string &task)
{
	tasks.erase(task);
}
