// SPDX-License-Identifier: Apache-2.0
/*
 * tree_fuzz.c - any bytes as a stream of operations: groups come and go, threads fork, move, pin
 * and end, and anything is written into any file. Every invariant holds after every operation.
 *
 * An operation is a byte that says what, one that says where, one that says who, and for a write
 * the bytes up to the next newline.
 */
#include <string.h>

#include "sysfs/sysfs.h"

enum { NODES = 12, MEMBERS = 10, OPERATIONS_MAX = 100 };

static struct cg_tree tree;
static struct {
	struct cg_node node;
	char name[2];
	bool used;
} nodes[NODES];
static struct {
	struct cg_member member;
	bool used;
} members[MEMBERS];

/* The tid of a member is its place plus one. */
static struct cg_member *find_member(void *context, int32_t tid)
{
	(void)context;
	int32_t place = tid ? tid - 1 : 0;
	return place < MEMBERS && members[place].used ? &members[place].member : NULL;
}

static int may_move(void *context, const struct cg_member *member, const struct cg_node *node,
		    enum cg_scope scope)
{
	(void)context, (void)member, (void)node, (void)scope;
	return 0;
}

static void cpu_usage(void *context, const struct cg_node *node, const struct cpumask *cpus,
		      struct sysfs_cpu_usage *usage)
{
	(void)context, (void)node, (void)cpus;
	usage->user_us = 1;
}

static void memory_usage(void *context, const struct cg_node *node,
			 struct sysfs_memory_usage *usage)
{
	(void)context, (void)node;
	*usage = (struct sysfs_memory_usage){.total = 4096};
}

static void cpu_bandwidth(void *context, const struct cg_node *node,
			  struct sysfs_cpu_bandwidth *bandwidth)
{
	(void)context, (void)node;
	*bandwidth = (struct sysfs_cpu_bandwidth){ .periods = 1 };
}

static void cpu_pressure(void *context, const struct cg_node *node, struct sysfs_pressure *pressure)
{
	(void)context, (void)node;
	*pressure = (struct sysfs_pressure){ .some = { .total_us = 1 } };
}

static bool may_watch_often(void *context)
{
	(void)context;
	return false;
}

static int watch_pressure(void *context, struct cg_node *node, const struct sysfs_pressure_trigger *trigger)
{
	(void)context, (void)node;
	if (trigger->often || !trigger->threshold_us || trigger->threshold_us > trigger->window_us ||
	    trigger->window_us % SYSFS_PRESSURE_STEP_US)
		__builtin_trap();
	return 0;
}

static void kill_node(void *context, struct cg_node *node)
{
	(void)context, (void)node;
}

static const struct sysfs_environment environment = {
	.find_member = find_member,
	.may_move = may_move,
	.cpu_usage = cpu_usage,
	.cpu_bandwidth = cpu_bandwidth,
	.cpu_pressure = cpu_pressure,
	.may_watch_often = may_watch_often,
	.watch_pressure = watch_pressure,
	.kill = kill_node,
	.memory_usage = memory_usage,
};

static struct cg_node *node_at(unsigned int place)
{
	place %= NODES + 1;
	return place < NODES && nodes[place].used ? &nodes[place].node : &tree.root;
}

static void make_or_remove(unsigned int where, unsigned int who)
{
	unsigned int place = who % NODES;
	if (nodes[place].used) {
		if (!cg_remove(&nodes[place].node))
			nodes[place].used = false;
		return;
	}
	nodes[place].name[0] = (char)('a' + place);
	if (!cg_create(node_at(where), &nodes[place].node, nodes[place].name, 1))
		nodes[place].used = true;
}

static void come_or_go(unsigned int what, unsigned int where, unsigned int who)
{
	unsigned int place = who % MEMBERS, creator = who / MEMBERS % MEMBERS;
	int32_t tid = (int32_t)place + 1;
	struct cg_member *member = &members[place].member;
	if (members[place].used) {
		cg_detach(member);
		members[place].used = false;
	} else if (creator != place && members[creator].used) {
		members[place].used = !cg_fork(member, &members[creator].member,
			what & 1 ? node_at(where) : NULL, what & 2 ? CG_THREAD : CG_PROCESS, tid);
	} else {
		members[place].used = !cg_attach(member, node_at(where), tid);
	}
}

static void pin(unsigned int where, unsigned int who)
{
	struct cpumask mask = cpumask_none();
	mask.bits[0] = where;
	if (members[who % MEMBERS].used)
		cg_pin(&members[who % MEMBERS].member, &mask);
}

static void write_and_read(unsigned int where, unsigned int who, const char *text, size_t length)
{
	size_t count;
	const struct sysfs_row *rows = sysfs_cgroup_rows(&count);
	const struct sysfs_row *row = &rows[who % count];
	char buffer[64];
	struct outbuf out = {buffer, sizeof(buffer), 0};
	sysfs_store(&environment, row, node_at(where), text, length);
	sysfs_show(&environment, row, node_at(where), &out);
}

static void set_online(unsigned int where)
{
	struct cpumask online = cpumask_none();
	online.bits[0] = where | 1;
	cg_set_online(&tree, &online);
}

static void clear(void)
{
	struct cpumask all = cpumask_below(8);
	memset(nodes, 0, sizeof(nodes));
	memset(members, 0, sizeof(members));
	cg_tree_init(&tree, &all, &all, CG_THREADED_CONTROLLERS | CG_HAS_MEMORY);
	cg_tree_set_features(&tree, CG_FEATURE_ALL, 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	clear();
	for (int i = 0; i < OPERATIONS_MAX && size >= 3; i++) {
		unsigned int what = data[0], where = data[1], who = data[2];
		data += 3, size -= 3;
		if (what % 8 == 0) {
			make_or_remove(where, who);
		} else if (what % 8 == 1) {
			come_or_go(what >> 3, where, who);
		} else if (what % 8 == 2) {
			pin(where, who);
		} else if (what == 3) {
			set_online(where);
		} else {
			const uint8_t *end = memchr(data, '\n', size);
			size_t length = end ? (size_t)(end - data) : size;
			write_and_read(where, who, (const char *)data, length);
			data += length + !!end, size -= length + !!end;
		}
		cg_check(&tree);
		cg_forget_changes(&tree);
	}
	return 0;
}
