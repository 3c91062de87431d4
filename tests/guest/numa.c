// SPDX-License-Identifier: Apache-2.0
/*
 * numa.c - where each page lies: by policy, after forks and splits, before and after changes of
 * cpuset.mems. numa_pressure.c: with more pages than a node has.
 *
 * The machine has 2 or 4 memory nodes in a line, see tools/qemu/boot.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "tests/guest/group.h"
#include "tests/guest/nodes.h"
#include "tests/guest/tap.h"

static uint64_t all;

/* Whether page after page lies on the next node of a set. */
static int takes_turns(char *memory, long count, uint64_t nodes)
{
	int last = node_of(memory);
	for (long i = 1; i < count; i++) {
		int node = node_of(memory + i * PAGE), due = last;
		do
			due = (due + 1) % 64;
		while (!(nodes >> due & 1));
		if (node != due)
			return 0;
		last = node;
	}
	return nodes >> last & 1;
}

static void test_task_policies(void)
{
	int local = 1, preferred = 1, bound = 1, back = 1;
	for (unsigned int node = 0; all >> node; node++) {
		local &= !run_on_node(node) && lies_on(bit(node));
		for (unsigned int other = 0; all >> other; other++) {
			preferred &= !policy(PREFERRED, bit(other)) && lies_on(bit(other));
			bound &= !policy(BIND, bit(other)) && lies_on(bit(other));
		}
		policy(BIND, all);
		bound &= lies_on(bit(node)); /* of a set the nearest */
		policy(LOCAL, 0);
		back &= lies_on(bit(node));
		policy(DEFAULT, 0);
	}
	ok(local, "DEFAULT: on the node of the CPU");
	ok(preferred, "PREFERRED: on the node that is preferred");
	ok(bound, "BIND: on the nodes that are bound to");
	ok(back, "LOCAL: on the node of the CPU");
	policy(INTERLEAVE, all);
	char *memory = fresh(COUNT);
	ok(takes_turns(memory, COUNT, all), "INTERLEAVE: page after page");
	drop(memory, COUNT);
	policy(DEFAULT, 0);
}

static int mapping_count(const char *start, const char *end)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	int count = 0;
	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long from, to;
		if (sscanf(line, "%lx-%lx", &from, &to) == 2 && from < (unsigned long)end &&
		    to > (unsigned long)start)
			count++;
	}
	if (maps)
		fclose(maps);
	return count;
}

static void test_mapping_policies(void)
{
	char *memory = pages_new(30, MAP_PRIVATE), *end = memory + 30 * PAGE;
	policy(PREFERRED, bit(0));
	int before = mapping_count(memory, end);
	bind_to(memory + 10 * PAGE, 10, BIND, bit(1), 0);
	ok(mapping_count(memory, end) == before + 2, "a policy in the middle splits a mapping in three");
	pages_touch(memory, 30);
	ok(pages_on(0, memory, 30, bit(1)) == 10 && pages_on(0, memory + 10 * PAGE, 10, bit(1)) == 10,
	   "a mapping's policy goes before the task's");
	bind_to(memory, 10, BIND, bit(1), 0);
	ok(mapping_count(memory, end) == before + 1, "equal policies join");
	munmap(memory + 15 * PAGE, PAGE);
	ok(bind_to(memory + 14 * PAGE, 1, BIND, bit(1), 0) == 0, "a policy that is there already");
	bind_to(memory, 15, DEFAULT, 0, 0);
	bind_to(memory + 16 * PAGE, 14, DEFAULT, 0, 0);
	ok(mapping_count(memory, end) == before + 1, "without policies they are what they were, but for the hole");
	munmap(memory, 30 * PAGE);

	char *shared = pages_new(COUNT, MAP_SHARED);
	bind_to(shared, COUNT, INTERLEAVE, all, 0);
	pages_touch(shared, COUNT);
	ok(takes_turns(shared, COUNT, all), "INTERLEAVE over shared memory");
	drop(shared, COUNT);
	char *grown = pages_new(4, MAP_PRIVATE);
	bind_to(grown, 4, BIND, bit(1), 0);
	grown = mremap(grown, 4 * PAGE, 16 * PAGE, MREMAP_MAYMOVE);
	pages_touch(grown, 16);
	ok(pages_on(0, grown, 16, bit(1)) == 16, "mremap takes the policy along");
	munmap(grown, 16 * PAGE);
	policy(DEFAULT, 0);
}

static int child_has_policies(char *memory)
{
	pages_touch(memory, COUNT); /* copies: by the mapping's policy */
	return lies_on(bit(1)) && pages_on(0, memory, COUNT, bit(0)) == COUNT;
}

static int grandchild_has_policies(char *memory)
{
	return in_child(child_has_policies, memory);
}

static void test_fork(void)
{
	char *memory = pages_new(COUNT, MAP_PRIVATE);
	bind_to(memory, COUNT, BIND, bit(0), 0);
	pages_touch(memory, COUNT);
	policy(BIND, bit(1));
	ok(in_child(child_has_policies, memory), "a child has its parent's policies");
	ok(in_child(grandchild_has_policies, memory), "and its child, too");
	policy(DEFAULT, 0);
	drop(memory, COUNT);
}

static void test_moves(void)
{
	char *memory = fresh(COUNT);
	uint64_t from = bit(0), to = bit(1);
	bind_to(memory, COUNT, BIND, bit(0), MOVE);
	ok(pages_on(0, memory, COUNT, bit(0)) == COUNT && pages_intact(memory, COUNT),
	   "mbind with MOVE brings what is there");
	ok(!bind_to(memory, COUNT, INTERLEAVE, bit(0) | bit(1), MOVE) &&
	   pages_on(0, memory, COUNT, bit(0)) == COUNT, "and leaves what is on one of the nodes");
	ok(migrate(0, 64, &from, &to) >= 0 && pages_on(0, memory, COUNT, bit(1)) == COUNT &&
	   pages_intact(memory, COUNT), "migrate_pages");
	char *other = pages_new(COUNT, MAP_SHARED);
	pages_touch(other, COUNT);
	ok(migrate(0, 64, &all, &from) >= 0 && pages_on(0, other, COUNT, bit(0)) == COUNT &&
	   pages_intact(other, COUNT), "shared memory that nobody else maps moves");
	drop(memory, COUNT);
	drop(other, COUNT);
}

/* ---- cpuset.mems ---- */

static int status_says(const char *line)
{
	char text[4096] = "";
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t length = read(fd, text, sizeof(text) - 1);
	close(fd);
	return length > 0 && strstr(text, line);
}

/* Whether the policy of the task and that of a mapping are told as these. */
static int told(const void *address, uint64_t of_task, uint64_t of_mapping)
{
	uint64_t task = 0, mapping = 0;
	get_policy(NULL, &task, 64, NULL, 0);
	get_policy(NULL, &mapping, 64, address, F_ADDRESS);
	return task == of_task && mapping == of_mapping;
}

static void test_mems(void)
{
	char *memory = fresh(COUNT), *shared = pages_new(COUNT, MAP_SHARED);
	char *bound = pages_new(1, MAP_PRIVATE), *fixed = pages_new(1, MAP_PRIVATE);
	pages_touch(shared, COUNT);
	ok(!set_mems("m", bit(0)) && !group_move("m", 0) && allowed_nodes() == bit(0),
	   "a group's nodes are its task's");
	ok(pages_on(0, memory, COUNT, bit(0)) == COUNT && pages_on(0, shared, COUNT, bit(0)) == COUNT &&
	   pages_intact(memory, COUNT) && pages_intact(shared, COUNT), "a move brings its pages along");
	ok(status_says("\nMems_allowed:\t1\nMems_allowed_list:\t0\n"), "/proc tells the nodes");
	ok(policy(BIND, bit(1)) == -EINVAL, "no policy leads out of them");
	ok(!policy(INTERLEAVE, bit(0)) && !bind_to(bound, 1, BIND, bit(0), 0) &&
	   !bind_to(fixed, 1, BIND | STATIC, bit(0) | bit(1), 0), "policies inside");
	ok(!set_mems("m", bit(1)) && pages_on(0, memory, COUNT, bit(1)) == COUNT &&
	   pages_on(0, shared, COUNT, bit(1)) == COUNT && pages_intact(memory, COUNT) &&
	   pages_intact(shared, COUNT), "a write to cpuset.mems moves what is there");
	ok(lies_on(bit(1)) && told(bound, bit(1), bit(1)), "policies follow");
	ok(told(fixed, bit(1), bit(0) | bit(1)), "one that is to stay tells what was asked for");
	policy(PREFERRED, bit(0));
	run_on_node(0);
	policy(DEFAULT, 0);
	ok(lies_on(bit(1)), "the CPU's node is no way out");
	ok(!set_mems("m", bit(0) | bit(1)) && pages_on(0, memory, COUNT, bit(1)) == COUNT,
	   "a wider set moves nothing");
	ok(!group_move("", 0) && allowed_nodes() == all && lies_on(bit(0)), "back in the root all are free");
	drop(memory, COUNT);
	drop(shared, COUNT);
	drop(bound, 1);
	drop(fixed, 1);
}

/* A file that one writes within a group's nodes, and a page cache that moves with its only mapper. */
static void test_files(void)
{
	set_mems("m", bit(1));
	group_move("m", 0);
	int fd = open("/tmp/numa", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char text[PAGE];
	memset(text, 7, sizeof(text));
	int wrote = 0;
	for (int i = 0; i < 16; i++)
		wrote += write(fd, text, sizeof(text)) == PAGE;
	char *file = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (int i = 0; i < 16; i++)
		wrote += file[i * PAGE] == 7;
	ok(wrote == 32 && pages_on(0, file, 16, bit(1)) == 16, "a file's pages come from its writer's nodes");
	set_mems("m", bit(0));
	ok(pages_on(0, file, 16, bit(0)) == 16 && file[5 * PAGE + 9] == 7, "and move with its only mapper");
	file[3] = 9;
	ok(pread(fd, text, 8, 0) == 8 && text[3] == 9 && text[4] == 7, "they are the file's as before");
	munmap(file, 16 * PAGE);
	close(fd);
	unlink("/tmp/numa");
	group_move("", 0);
}

/* A parent and a child that share memory, both kinds, moved together. */
static void test_shared(void)
{
	char *copied = fresh(COUNT), *shared = pages_new(COUNT, MAP_SHARED);
	int status, ready[2], go[2];
	char byte = 0;
	pages_touch(shared, COUNT);
	if (pipe(ready) || pipe(go))
		return;
	pid_t child = fork();
	if (!child) {
		close(go[1]);
		if (!pages_intact(shared, COUNT) || write(ready[1], &byte, 1) != 1)
			_exit(2);
		_exit(read(go[0], &byte, 1) == 0 && pages_intact(copied, COUNT) &&
		      pages_intact(shared, COUNT) ? 0 : 1);
	}
	close(go[0]);
	ok(read(ready[0], &byte, 1) == 1, "a child that has touched what it shares");
	set_mems("m", bit(0));
	group_move("m", 0);
	group_move("m", child);
	set_mems("m", bit(1));
	ok(pages_on(0, copied, COUNT, bit(1)) == COUNT && pages_on(child, copied, COUNT, bit(1)) == COUNT,
	   "pages shared copy-on-write move in each");
	pages_intact(shared, COUNT);
	ok(pages_on(0, shared, COUNT, bit(1)) == COUNT, "shared memory moves with the last who has it");
	close(go[1]);
	close(ready[0]);
	close(ready[1]);
	waitpid(child, &status, 0);
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "the child sees what it saw");
	group_move("", 0);
	drop(copied, COUNT);
	drop(shared, COUNT);
}

static char *racing;
static int race_over;

static void *race(void *unused)
{
	long rounds = 0;
	(void)unused;
	while (!__atomic_load_n(&race_over, __ATOMIC_ACQUIRE)) {
		for (long i = 0; i < COUNT; i++)
			__atomic_fetch_add((long *)(racing + i * PAGE), 1, __ATOMIC_RELAXED);
		rounds++;
	}
	return (void *)rounds;
}

/* Threads write without a pause while their pages go to and fro: no write is lost. */
static void test_race(void)
{
	pthread_t threads[3];
	long rounds = 0;
	int lost = 0, moved = 1;
	racing = pages_new(COUNT, MAP_PRIVATE);
	set_mems("m", bit(0));
	group_move("m", 0);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, race, NULL);
	for (int i = 0; i < 40; i++) {
		moved &= !set_mems("m", bit((unsigned int)i % 2));
		sched_yield();
		moved &= pages_on(0, racing, COUNT, bit((unsigned int)i % 2)) >= 0;
	}
	race_over = 1;
	for (int i = 0; i < 3; i++) {
		void *result;
		pthread_join(threads[i], &result);
		rounds += (long)result;
	}
	for (long i = 0; i < COUNT; i++)
		lost += *(long *)(racing + i * PAGE) != rounds;
	ok(moved && rounds > 0 && pages_on(0, racing, COUNT, bit(1)) == COUNT, "pages move under writers");
	ok(!lost, "no write is lost (%ld rounds, %d pages differ)", rounds, lost);
	group_move("", 0);
	drop(racing, COUNT);
}

/* ---- /sys/devices/system/node ---- */

static int file_is(const char *name, const char *wanted)
{
	char path[128], text[512] = "";
	snprintf(path, sizeof(path), "/sys/devices/system/node/%s", name);
	int fd = open(path, O_RDONLY);
	ssize_t length = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (length >= 0 && !strcmp(text, wanted))
		return 1;
	printf("# %s: %s", path, text);
	return 0;
}

/* The number behind a word in a file of node 1. */
static long number_in(const char *file, const char *word)
{
	char path[128], text[512] = "";
	snprintf(path, sizeof(path), "/sys/devices/system/node/node1/%s", file);
	int fd = open(path, O_RDONLY);
	ssize_t length = read(fd, text, sizeof(text) - 1);
	const char *found = length > 0 ? strstr(text, word) : NULL;
	close(fd);
	return found ? atol(found + strlen(word)) : -1;
}

/* As Linux 6.12 shows them on the machine with 2 nodes. */
static void test_node_files(void)
{
	int two = all == 3;
	ok(file_is("possible", two ? "0-1\n" : "0-3\n") && file_is("online", two ? "0-1\n" : "0-3\n") &&
	   file_is("has_cpu", two ? "0-1\n" : "0-3\n") && file_is("has_memory", two ? "0-1\n" : "0-3\n") &&
	   file_is("has_normal_memory", two ? "0-1\n" : "0-3\n") &&
	   file_is("has_generic_initiator", "\n"), "/sys tells the nodes");
	ok(file_is("node0/cpulist", two ? "0-3\n" : "0-1\n") && file_is("node0/cpumap", two ? "0f\n" : "03\n") &&
	   file_is("node1/cpulist", two ? "4-7\n" : "2-3\n") && file_is("node1/cpumap", two ? "f0\n" : "0c\n"),
	   "and their CPUs");
	ok(file_is("node0/distance", two ? "10 20\n" : "10 20 30 40\n") &&
	   file_is("node1/distance", two ? "20 10\n" : "20 10 20 30\n"), "and how far they are apart");
	long hit = number_in("numastat", "numa_hit "), turn = number_in("numastat", "interleave_hit ");
	long free = number_in("meminfo", "MemFree:");
	policy(INTERLEAVE, bit(0) | bit(1));
	char *memory = fresh(2000);
	ok(number_in("numastat", "numa_hit ") - hit >= 1000 &&
	   number_in("numastat", "interleave_hit ") - turn >= 1000, "numastat counts pages in their turn");
	long used = free - number_in("meminfo", "MemFree:");
	ok(used > 3500 && used < 5000, "meminfo counts what is gone (%ld KiB)", used);
	drop(memory, 2000);
	policy(DEFAULT, 0);
}

int main(void)
{
	all = allowed_nodes();
	ok(__builtin_popcountll(all) >= 2, "there are nodes 0x%lx", (unsigned long)all);
	group_put("", "cgroup.subtree_control", "+cpuset");
	ok(!group_make("m"), "a group");
	test_task_policies();
	test_mapping_policies();
	test_fork();
	test_moves();
	test_mems();
	test_files();
	test_shared();
	test_race();
	test_node_files();
	ok(!group_remove("m"), "nothing is left of it");
	return tap_done();
}
