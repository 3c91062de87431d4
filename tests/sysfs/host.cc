// SPDX-License-Identifier: Apache-2.0
/*
 * host.cc - the pseudo-files over a test's tree.
 */
#include "tests/sysfs/host.h"

static struct cg_member *find_member(void *context, int32_t tid)
{
	Host *host = static_cast<Host *>(context);
	if (tid == 0)
		return host->member(host->writer);
	for (auto &[name, member] : host->members)
		if (member->tid == tid)
			return member.get();
	return nullptr;
}

static int may_move(void *context, const struct cg_member *, const struct cg_node *, enum cg_scope)
{
	return static_cast<Host *>(context)->move_error;
}

/* Of several CPUs together `usage`, of CPU N alone N µs. */
static void cpu_usage(void *context, const struct cg_node *, const struct cpumask *cpus,
	struct sysfs_cpu_usage *usage)
{
	if (cpumask_count(cpus) == 1)
		usage->user_us = cpumask_first(cpus);
	else
		*usage = static_cast<Host *>(context)->usage;
}

static void memory_usage(
	void *context, const struct cg_node *, struct sysfs_memory_usage *usage)
{
	*usage = static_cast<Host *>(context)->memory;
}

static void cpu_bandwidth(void *context, const struct cg_node *, struct sysfs_cpu_bandwidth *bandwidth)
{
	*bandwidth = static_cast<Host *>(context)->bandwidth;
}

static void cpu_pressure(void *context, const struct cg_node *, struct sysfs_pressure *pressure)
{
	*pressure = static_cast<Host *>(context)->pressure;
}

static bool may_watch_often(void *context)
{
	return static_cast<Host *>(context)->may_watch_often;
}

static int watch_pressure(
	void *context, struct cg_node *node, const struct sysfs_pressure_trigger *trigger)
{
	Host *host = static_cast<Host *>(context);
	host->watched = node;
	host->trigger = *trigger;
	return 0;
}

static void kill_node(void *context, struct cg_node *node)
{
	static_cast<Host *>(context)->killed = node;
}

Host::Host(const std::string &possible, const std::string &online, cg_controllers available,
	unsigned int features)
    : Machine(possible, online, available), environment{}
{
	environment.context = this;
	environment.find_member = find_member;
	environment.may_move = may_move;
	environment.cpu_usage = cpu_usage;
	environment.cpu_bandwidth = cpu_bandwidth;
	environment.cpu_pressure = cpu_pressure;
	environment.may_watch_often = ::may_watch_often;
	environment.watch_pressure = watch_pressure;
	environment.kill = kill_node;
	environment.memory_usage = memory_usage;
	environment.topology = &topology;
	cg_tree_set_features(tree.get(), features, 3);
}

int Host::find(const std::string &path, struct sysfs_place *place)
{
	return sysfs_walk(&tree->root, path.data(), path.size(), place);
}

std::string Host::read(const std::string &path)
{
	struct sysfs_place place;
	int error = find(path, &place);
	struct outbuf out = {nullptr, 0, 0};
	std::string text;
	while (!error) {
		out.length = 0;
		error = sysfs_show(&environment, place.row, place.node, &out);
		if (!error && out.length <= out.size)
			return text.substr(0, out.length);
		text.resize(out.length);
		out.data = text.data();
		out.size = text.size();
	}
	return "!" + std::to_string(error);
}

int Host::write(const std::string &path, const std::string &text)
{
	struct sysfs_place place;
	int error = find(path, &place);
	if (error)
		return error;
	return sysfs_store(&environment, place.row, place.node, text.data(), text.size());
}

std::vector<std::string> Host::list(const std::string &path)
{
	std::vector<std::string> names;
	struct sysfs_cursor cursor = {0, 0, nullptr};
	struct sysfs_entry entry;
	while (sysfs_next_entry(node(path), &cursor, &entry))
		names.emplace_back(entry.name, entry.length);
	return names;
}
