// SPDX-License-Identifier: Apache-2.0
/*
 * machine.cc - a tree for tests.
 */
#include "tests/cgroups/machine.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

extern "C" void cg_assert_failed(const char *expression, const char *file, int line)
{
	std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
	std::abort();
}

struct cpumask mask_of(const std::string &list)
{
	struct cpumask mask;
	if (cpulist_parse(list.data(), list.size(), NR_CPUS, &mask)) {
		std::fprintf(stderr, "no CPU list: %s\n", list.c_str());
		std::abort();
	}
	return mask;
}

std::string list_of(const struct cpumask &mask)
{
	std::string text(cpulist_format(&mask, nullptr, 0), '\0');
	cpulist_format(&mask, text.data(), text.size());
	return text;
}

Machine::Machine(const std::string &possible, const std::string &online, cg_controllers available)
    : tree(new struct cg_tree)
{
	struct cpumask possible_mask = mask_of(possible);
	struct cpumask online_mask = online.empty() ? possible_mask : mask_of(online);
	cg_tree_init(tree.get(), &possible_mask, &online_mask, available);
}

struct cg_node *Machine::node(const std::string &path)
{
	if (path.empty() || path == ".")
		return &tree->root;
	auto found = nodes_.find(path);
	return found == nodes_.end() ? nullptr : &found->second->node;
}

int Machine::make(const std::string &path)
{
	size_t slash = path.rfind('/');
	struct cg_node *parent = node(slash == std::string::npos ? "" : path.substr(0, slash));
	if (!parent)
		return -ENOENT;
	auto slot = std::make_unique<Slot>();
	slot->name = slash == std::string::npos ? path : path.substr(slash + 1);
	int error = cg_create(parent, &slot->node, slot->name.data(), slot->name.size());
	if (!error)
		nodes_[path] = std::move(slot);
	return error;
}

int Machine::remove(const std::string &path)
{
	struct cg_node *gone = node(path);
	if (!gone)
		return -ENOENT;
	int error = cg_remove(gone);
	if (error)
		return error;
	dead_.push_back(std::move(nodes_[path]));
	nodes_.erase(path);
	return 0;
}

struct cg_node *Machine::group(const std::string &path)
{
	for (size_t end = 0; end != std::string::npos;) {
		end = path.find('/', end + 1);
		std::string part = path.substr(0, end);
		if (node(part))
			continue;
		size_t slash = part.rfind('/');
		struct cg_node *parent =
			node(slash == std::string::npos ? "" : part.substr(0, slash));
		if (cg_set_subtree_control(parent, CG_THREADED_CONTROLLERS, 0) || make(part))
			std::abort();
	}
	return node(path);
}

int Machine::spawn(const std::string &name, struct cg_node *node)
{
	auto created = std::make_unique<struct cg_member>();
	int error = cg_attach(created.get(), node, last_tid_ + 1);
	if (error)
		return error;
	last_tid_++;
	members[name] = std::move(created);
	return 0;
}

int Machine::fork(const std::string &child, const std::string &creator, enum cg_scope scope,
	struct cg_node *into)
{
	auto created = std::make_unique<struct cg_member>();
	int error = cg_fork(created.get(), member(creator), into, scope, last_tid_ + 1);
	if (error)
		return error;
	last_tid_++;
	members[child] = std::move(created);
	return 0;
}

void Machine::end(const std::string &name)
{
	cg_detach(member(name));
	members.erase(name);
}

struct cg_member *Machine::member(const std::string &name)
{
	auto found = members.find(name);
	return found == members.end() ? nullptr : found->second.get();
}

int Machine::set_cpus(const std::string &path, const std::string &list)
{
	struct cpumask mask = mask_of(list);
	return cg_set_cpus(node(path), &mask);
}

std::string Machine::effective(const std::string &path)
{
	return list_of(node(path)->effective);
}

std::string Machine::allowed(const std::string &name)
{
	return list_of(member(name)->allowed);
}

std::string Machine::image() const
{
	std::string bytes(reinterpret_cast<const char *>(tree.get()), sizeof(*tree));
	for (const auto &[path, slot] : nodes_)
		bytes.append(reinterpret_cast<const char *>(&slot->node), sizeof(slot->node));
	for (const auto &[name, member] : members)
		bytes.append(reinterpret_cast<const char *>(member.get()), sizeof(*member));
	return bytes;
}
