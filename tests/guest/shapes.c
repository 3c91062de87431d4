// SPDX-License-Identifier: Apache-2.0
/*
 * shapes.c - machines whose memory nodes are not all alike. `shapes distances`: some ways are longer than
 * the way back, and full nodes are passed over by distance. `shapes holes`: node 1 has CPUs and no memory,
 * node 2 memory and no CPUs. See the BUILD file for the machines.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "tests/guest/group.h"
#include "tests/guest/nodes.h"
#include "tests/guest/tap.h"

enum { NODES = 4 };

static int read_file(const char *name, char *text, size_t size)
{
	char path[128];
	snprintf(path, sizeof(path), "/sys/devices/system/%s", name);
	int fd = open(path, O_RDONLY);
	ssize_t length = read(fd, text, size - 1);
	text[length > 0 ? length : 0] = '\0';
	close(fd);
	return (int)length;
}

static int file_is(const char *name, const char *wanted)
{
	char text[256];
	read_file(name, text, sizeof(text));
	if (!strcmp(text, wanted))
		return 1;
	printf("# %s: %s", name, text);
	return 0;
}

/* ---- distances ---- */

static long free_on(int node)
{
	char name[32], text[256];
	snprintf(name, sizeof(name), "node/node%d/meminfo", node);
	read_file(name, text, sizeof(text));
	const char *found = strstr(text, "MemFree:");
	return found ? atol(found + 8) * 1024 / PAGE : 0;
}

/* The nodes in the order of their distance from one, as its file tells it. */
static void order_from(int from, int *order)
{
	int distance[NODES], count = 0;
	char name[32], text[256];
	snprintf(name, sizeof(name), "node/node%d/distance", from);
	read_file(name, text, sizeof(text));
	sscanf(text, "%d %d %d %d", &distance[0], &distance[1], &distance[2], &distance[3]);
	for (int node = 0; node < NODES; node++) {
		int place = count++;
		for (; place > 0 && distance[order[place - 1]] > distance[node]; place--)
			order[place] = order[place - 1];
		order[place] = node;
	}
}

/* Touches pages until three nodes are in use: whether each begins when the nearer ones are full, but for
 * what CPUs keep in stock. */
static int overflows_by_distance(const int *order)
{
	long count = free_on(order[0]) + free_on(order[1]) + 500;
	char *memory = pages_new(count, MAP_PRIVATE | MAP_NORESERVE);
	long first[NODES] = { -1, -1, -1, -1 };
	pages_touch(memory, count);
	for (long i = 0; i < count; i++) {
		int node = node_of(memory + i * PAGE);
		if (node >= 0 && node < NODES && first[node] < 0)
			first[node] = i;
	}
	printf("# order %d %d %d %d: first pages %ld %ld %ld %ld of %ld\n", order[0], order[1], order[2],
	       order[3], first[order[0]], first[order[1]], first[order[2]], first[order[3]], count);
	return first[order[0]] == 0 && first[order[1]] > first[order[0]] &&
	       first[order[2]] > first[order[1]] && first[order[3]] < 0;
}

static int overflows_on(int on, int preferred, const int *order)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		if (run_on_node((unsigned int)on) || (preferred >= 0 && policy(PREFERRED, bit((unsigned int)preferred))))
			_exit(2);
		_exit(overflows_by_distance(order) ? 0 : 1);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void test_distances(void)
{
	int order[NODES];
	ok(file_is("node/node0/distance", "10 15 40 20\n") && file_is("node/node1/distance", "30 10 20 40\n") &&
	   file_is("node/node2/distance", "12 40 10 30\n") && file_is("node/node3/distance", "50 20 30 10\n"),
	   "each way has its own distance");
	for (int node = 0; node < NODES; node++) {
		order_from(node, order);
		ok(overflows_on(node, -1, order), "from node %d full nodes are passed over by distance", node);
	}
	order_from(2, order);
	ok(overflows_on(1, 2, order), "from the node that is preferred, wherever one runs");
	for (int node = 0; node < NODES; node++)
		printf("# node %d: %ld pages are free\n", node, free_on(node));
}

/* ---- nodes without memory, nodes without CPUs ---- */

/* Nodes 1 and 3 are as near to node 2. */
static int wakes_near_2(void)
{
	enum { WAKES = 20 };
	int count = 0;
	cpu_set_t any;
	memset(&any, 0xff, sizeof(any));
	policy(BIND, bit(2));
	run_on_node(0);
	sched_setaffinity(0, sizeof(any), &any);
	for (int i = 0; i < WAKES; i++) {
		unsigned int cpu, node = 0;
		usleep(2000);
		syscall(SYS_getcpu, &cpu, &node, NULL);
		count += node == 1 || node == 3;
	}
	policy(DEFAULT, 0);
	printf("# %d of %d\n", count, WAKES);
	return count >= WAKES * 9 / 10;
}

static void test_holes(void)
{
	uint64_t mems = bit(0) | bit(2) | bit(3);
	void *memory = pages_new(1, MAP_PRIVATE);
	int without = 1, with = 2, status = 9;
	ok(file_is("node/possible", "0-3\n") && file_is("node/online", "0-3\n") &&
	   file_is("node/has_cpu", "0-1,3\n") && file_is("node/has_memory", "0,2-3\n") &&
	   file_is("node/has_normal_memory", "0,2-3\n"), "the files tell who has what");
	ok(file_is("node/node0/cpulist", "0-3\n") && file_is("node/node1/cpulist", "4-5\n") &&
	   file_is("node/node2/cpulist", "\n") && file_is("node/node2/cpumap", "00\n") &&
	   file_is("node/node3/cpulist", "6-7\n"), "and whose the CPUs are");
	ok(free_on(1) == 0 && free_on(2) > 1000 && allowed_nodes() == mems &&
	   group_is("", "cpuset.mems.effective", "0,2-3"), "memory is where memory is");
	ok(file_is("node/node1/numastat", "numa_hit 0\nnuma_miss 0\nnuma_foreign 0\ninterleave_hit 0\n"
		   "local_node 0\nother_node 0\n"), "what has none counts nothing");

	ok(!run_on_node(1) && lies_on(bit(2)), "a CPU without memory takes the nearest");
	ok(policy(BIND, bit(1)) == -EINVAL && policy(PREFERRED, bit(1)) == -EINVAL,
	   "no policy names a node without memory: EINVAL");
	ok(!policy(BIND, bit(1) | bit(3)) && lies_on(bit(3)), "beside another it is left out");
	ok(!policy(INTERLEAVE, mems) && !policy(DEFAULT, 0), "turns go around it");
	pages_touch(memory, 1);
	ok(move(0, 1, &memory, &without, &status, MOVE) == -ENODEV, "no page moves there: ENODEV");
	ok(!move(0, 1, &memory, &with, &status, MOVE) && status == 2 && node_of(memory) == 2,
	   "pages move to where no CPU is");

	ok(group_put("m", "cpuset.mems", "1") == -EINVAL, "cpuset.mems of no memory: EINVAL");
	ok(!group_put("m", "cpuset.mems", "2") && !group_move("m", 0) && node_of(memory) == 2 && lies_on(bit(2)),
	   "cpuset.mems of no CPU");
	ok(!group_put("m", "cpuset.cpus", "4-5") && lies_on(bit(2)), "with CPUs that have no memory");
	ok(!group_put("m", "cpuset.mems", "3") && node_of(memory) == 3 && lies_on(bit(3)), "pages follow");
	ok(!group_move("", 0) && !group_put("m", "cpuset.cpus", "\n"), "back in the root");
	ok(wakes_near_2(), "who is bound to memory without CPUs wakes up on those that are nearest");
}

static int plug(const char *cpu, const char *value)
{
	char path[64];
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%s/online", cpu);
	int fd = open(path, O_WRONLY);
	int error = write(fd, value, 1) == 1 ? 0 : -errno;
	close(fd);
	return error;
}

/* All CPUs of a node go, and come back. */
static void test_unplugged(void)
{
	unsigned int cpu, node;
	ok(!run_on_node(3) && lies_on(bit(3)), "on node 3");
	char *memory = pages_new(COUNT, MAP_PRIVATE);
	pages_touch(memory, COUNT);
	ok(!plug("6", "0") && !plug("7", "0") && file_is("node/node3/cpulist", "\n") &&
	   file_is("node/has_cpu", "0-1\n"), "a node whose CPUs are unplugged has none");
	ok(!syscall(SYS_getcpu, &cpu, &node, NULL) && node != 3 && pages_intact(memory, COUNT) &&
	   pages_on(0, memory, COUNT, bit(3)) == COUNT, "its memory stays where it is");
	ok(!policy(BIND, bit(3)) && lies_on(bit(3)) && !policy(DEFAULT, 0), "and is there for others");
	ok(!plug("6", "1") && !plug("7", "1") && file_is("node/node3/cpulist", "6-7\n") &&
	   file_is("node/has_cpu", "0-1,3\n"), "plugged again they are its CPUs");
	ok(!run_on_node(3) && lies_on(bit(3)), "and its memory is near again");
	munmap(memory, COUNT * PAGE);
}

int main(int argc, char **argv)
{
	group_put("", "cgroup.subtree_control", "+cpuset");
	ok(!group_make("m"), "a group");
	if (argc > 1 && !strcmp(argv[1], "distances")) {
		test_distances();
	} else {
		test_holes();
		test_unplugged();
	}
	ok(!group_remove("m"), "nothing is left of it");
	return tap_done();
}
