// SPDX-License-Identifier: Apache-2.0
/*
 * numa_pressure.c - where pages lie when there are more of them than a node has: the nearest other nodes, or
 * nothing outside the wall and the end of who has most inside.
 *
 * The machine has 2 or 4 memory nodes of 64 MiB in a line, see tools/qemu/boot.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "tests/guest/nodes.h"
#include "tests/guest/tap.h"

/* A node has 16384 pages. */
enum { MUCH = 22000, NEARLY_ALL = 13000 };

/* Node 1 gets full; the nearest to it, and the other one of those that a policy names. */
static unsigned int near, other;

static void tell_where(const char *memory, long count, long *on)
{
	for (unsigned int node = 0; node < 4; node++)
		on[node] = allowed_nodes() >> node & 1 ? pages_on(0, (char *)(uintptr_t)memory, count, bit(node)) : 0;
	printf("# node 0: %ld, 1: %ld, 2: %ld, 3: %ld\n", on[0], on[1], on[2], on[3]);
}

/* More pages than node 1 has left: what does not fit goes to the nearest others. */
static int overflows_nearby(char *memory)
{
	long on[4];
	memory = fresh(MUCH);
	tell_where(memory, MUCH, on);
	return on[1] + on[near] == MUCH && on[1] > 10000 && on[near] > 3000;
}

static int preferred_overflows(char *unused)
{
	policy(PREFERRED, bit(1));
	return overflows_nearby(unused);
}

static int local_overflows(char *unused)
{
	run_on_node(1);
	policy(LOCAL, 0);
	return overflows_nearby(unused);
}

/* When a node of the set is full, its turns go to the nearest. */
static int turns_overflow(char *memory)
{
	long on[4];
	policy(BIND, bit(1));
	fresh(NEARLY_ALL);
	policy(INTERLEAVE, bit(1) | bit(other));
	memory = fresh(NEARLY_ALL);
	tell_where(memory, NEARLY_ALL, on);
	long turns = on[other] - (near == other ? NEARLY_ALL / 2 - on[1] : 0);
	return on[1] > 500 && on[1] < 5000 && turns == NEARLY_ALL / 2 &&
	       (near == other || on[1] + on[near] == NEARLY_ALL / 2);
}

static long free_kilobytes(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long free = -1;
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "MemFree: %ld kB", &free);
	if (file)
		fclose(file);
	return free;
}

/* Three walls around node 1. */
static void by_policy(void) { policy(BIND, bit(1)); }
static void by_group(void) { group_move("m", 0); }
static void by_nothing(void) {}

/* Takes all of its node: the process ends, and nobody else's memory is touched. */
static void test_bound_pressure(const char *name, void (*wall)(void), int bind_each)
{
	long before = free_kilobytes(), least = before, now;
	int status, sound;
	pid_t child = fork();
	if (!child) {
		wall();
		for (;;) {
			char *memory = pages_new(512, MAP_PRIVATE);
			if (bind_each)
				bind_to(memory, 512, BIND, bit(1), 0);
			pages_touch(memory, 512);
		}
	}
	while (!waitpid(child, &status, WNOHANG)) {
		now = free_kilobytes();
		least = now < least ? now : least;
		usleep(2000);
	}
	sound = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	ok(sound && before - least < 68000, "%s: it ends when its node is full (%ld KiB)", name, before - least);
}

static volatile int *stage; /* shared: how far a child has come, or is to go */

static void await(int value)
{
	while (*stage != value)
		usleep(1000);
}

static pid_t start_filler(unsigned int node, long count)
{
	*stage = 0;
	pid_t child = fork();
	if (!child) {
		policy(BIND, bit(node));
		fresh(count);
		*stage = 1;
		for (;;)
			pause();
	}
	await(1);
	return child;
}

/* The nodes of a task become one that is nearly full: what fits moves, the rest stays, and new pages come from
 * inside only, if need be from him who has most there. */
static void test_crowded_move(void)
{
	enum { ITS = 6000, MORE = 4000 };
	char *memory = pages_new(ITS, MAP_PRIVATE), *more = pages_new(MORE, MAP_PRIVATE);
	int status, filler_status;
	set_mems("m", bit(1));
	pid_t child = fork();
	if (!child) {
		group_move("m", 0);
		pages_touch(memory, ITS);
		*stage = 2;
		await(3);
		pages_touch(more, MORE);
		_exit(pages_intact(memory, ITS) && pages_intact(more, MORE) &&
		      pages_on(0, more, MORE, bit(near)) == MORE ? 0 : 1);
	}
	await(2);
	pid_t filler = start_filler(near, NEARLY_ALL);
	ok(pages_on(child, memory, ITS, bit(1)) == ITS && !set_mems("m", bit(near)), "to a node that is nearly full");
	long moved = pages_on(child, memory, ITS, bit(near)), stayed = pages_on(child, memory, ITS, bit(1));
	ok(moved > 500 && stayed > 1000 && moved + stayed == ITS,
	   "what fits moves, the rest stays (%ld, %ld)", moved, stayed);
	*stage = 3;
	waitpid(child, &status, 0);
	ok(status == 0, "all new pages come from the new node, and nothing is lost");
	waitpid(filler, &filler_status, 0);
	ok(WIFSIGNALED(filler_status) && WTERMSIG(filler_status) == SIGKILL, "who had most there makes room");
	drop(memory, ITS);
	drop(more, MORE);
}

/* Two nodes' wall: the others stay empty; somebody larger who may have no page there lives. */
static void test_not_the_others(void)
{
	pid_t bystander = start_filler(other, NEARLY_ALL);
	set_mems("m", bit(1));
	pid_t filler = start_filler(1, NEARLY_ALL - 3000), child = fork();
	int status, filler_status;
	if (!child) {
		group_move("m", 0);
		fresh(9000);
		_exit(0);
	}
	waitpid(child, &status, 0);
	ok(status == 0 && waitpid(filler, &filler_status, 0) == filler, "the largest on the full node is killed");
	ok(kill(bystander, 0) == 0 && waitpid(bystander, &status, WNOHANG) == 0,
	   "a larger one who is bound elsewhere lives");
	kill(bystander, SIGKILL);
	waitpid(bystander, &status, 0);
}

int main(void)
{
	uint64_t all = allowed_nodes();
	ok(all == 3 || all == 15, "there are 2 or 4 nodes");
	near = all == 3 ? 0 : 2;
	other = all == 3 ? 0 : 3;
	group_put("", "cgroup.subtree_control", "+cpuset");
	ok(!group_make("m"), "a group");
	stage = (volatile int *)pages_new(1, MAP_SHARED);
	ok(in_child(preferred_overflows, NULL), "PREFERRED: what does not fit goes to the nearest");
	ok(in_child(local_overflows, NULL), "LOCAL: so does it");
	ok(in_child(turns_overflow, NULL), "INTERLEAVE: turns of a full node go to the nearest");
	test_bound_pressure("BIND", by_policy, 0);
	test_bound_pressure("mbind BIND", by_nothing, 1);
	set_mems("m", bit(1));
	test_bound_pressure("cpuset.mems", by_group, 0);
	test_crowded_move();
	test_not_the_others();
	policy(BIND, bit(1));
	ok(lies_on(bit(1)), "what they had is free again");
	policy(DEFAULT, 0);
	ok(!group_remove("m"), "nothing is left of it");
	return tap_done();
}
