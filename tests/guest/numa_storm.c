// SPDX-License-Identifier: Apache-2.0
/*
 * numa_storm.c - processes map, touch, bind, move, share and fork while the memory nodes of their groups change
 * under them and they go from group to group: no byte is lost, and when it is quiet again every page lies where
 * its group may have it. For 2 to 4 memory nodes; `numa_storm SEED` repeats a run.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/guest/nodes.h"
#include "tests/guest/tap.h"

enum { WORKERS = 6, WINDOWS = 4, PAGES = 48, ROUNDS = 250, GROUPS = 3 };

static const char *const groups[GROUPS] = { "storm/a", "storm/b", "storm/b/c" };
static uint64_t all;

static struct shared {
	int stop;             /* workers check themselves and end */
	long steps[WORKERS];
	long wrong[WORKERS];  /* pages with the wrong contents */
	long strayed[WORKERS]; /* pages outside its nodes at the end */
} *shared;

static uint64_t state;

static unsigned int pick(unsigned int limit)
{
	state ^= state << 13, state ^= state >> 7, state ^= state << 17;
	return (unsigned int)(state >> 33) % limit;
}

/* A subset of the nodes, hardly ever empty. */
static uint64_t some_nodes(void) { return (pick(15) + 1) & all; }

/* ---- workers ---- */

static struct window {
	char *memory;
	long value; /* what is at the start of each page, with its number */
} windows[WINDOWS];

static long *word(const struct window *window, long page)
{
	return (long *)(window->memory + page * PAGE);
}

static long count_wrong(const struct window *window)
{
	long wrong = 0;
	for (long page = 0; window->memory && page < PAGES; page++)
		wrong += *word(window, page) != window->value + page;
	return wrong;
}

static void fill(struct window *window)
{
	window->value += 1000;
	for (long page = 0; page < PAGES; page++)
		*word(window, page) = window->value + page;
}

static void renew(struct window *window)
{
	if (window->memory)
		munmap(window->memory, PAGES * PAGE);
	window->memory = pages_new(PAGES, pick(3) ? MAP_PRIVATE : MAP_SHARED);
	if (pick(2))
		bind_to(window->memory, PAGES, (int)pick(5), some_nodes(), 0);
	fill(window);
}

static void move_randomly(const struct window *window)
{
	void *pages[8];
	int to[8], status[8];
	uint64_t from = some_nodes(), nodes = some_nodes();
	for (int i = 0; i < 8; i++) {
		pages[i] = window->memory + (long)pick(PAGES) * PAGE;
		to[i] = (int)pick(4);
	}
	if (pick(2))
		move(0, 8, pages, to, status, MOVE);
	else
		migrate(0, 64, &from, &nodes);
}

/* A child sees what its parent saw, and what it writes to private memory stays its own. */
static long fork_and_check(void)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		long wrong = 0;
		for (int i = 0; i < WINDOWS; i++)
			wrong += count_wrong(&windows[i]);
		char *own = pages_new(PAGES, MAP_PRIVATE);
		pages_touch(own, PAGES);
		_exit(wrong || !pages_intact(own, PAGES));
	}
	return waitpid(child, &status, 0) == child && status;
}

static long step(void)
{
	struct window *window = &windows[pick(WINDOWS)];
	uint64_t nodes = some_nodes();
	switch (pick(7)) {
	case 0:
		renew(window);
		return 0;
	case 1:
		fill(window);
		return 0;
	case 2:
		bind_to(window->memory + 8 * PAGE, 16, (int)pick(5), nodes, pick(2) ? MOVE : 0);
		return 0;
	case 3:
		policy((int)pick(5), pick(2) ? nodes : 0);
		return 0;
	case 4:
		move_randomly(window);
		return 0;
	case 5:
		return fork_and_check();
	default:
		return count_wrong(window);
	}
}

/* Pages outside its nodes: nothing changes any more, there was room for all, and who shared some is gone. What
 * one shared comes in when it is touched. */
static long count_strayed(void)
{
	long inside = 0;
	usleep(100000);
	for (int i = 0; i < WINDOWS; i++)
		count_wrong(&windows[i]);
	char *own = pages_new(PAGES, MAP_PRIVATE);
	policy(DEFAULT, 0);
	pages_touch(own, PAGES);
	for (int i = 0; i < WINDOWS; i++)
		inside += pages_on(0, windows[i].memory, PAGES, allowed_nodes());
	return (WINDOWS + 1) * PAGES - inside - pages_on(0, own, PAGES, allowed_nodes());
}

static void work(int id)
{
	state ^= (uint64_t)(id + 1) * 0x9e3779b97f4a7c15;
	for (int i = 0; i < WINDOWS; i++)
		renew(&windows[i]);
	while (!__atomic_load_n(&shared->stop, __ATOMIC_ACQUIRE)) {
		shared->wrong[id] += step();
		shared->steps[id]++;
	}
	for (int i = 0; i < WINDOWS; i++)
		shared->wrong[id] += count_wrong(&windows[i]);
	shared->strayed[id] = count_strayed();
	_exit(0);
}

/* ---- who changes their nodes ---- */

static long change(const pid_t *workers)
{
	const char *group = groups[pick(GROUPS)];
	switch (pick(4)) {
	case 0:
		return group_move(group, workers[pick(WORKERS)]);
	case 1:
		return set_mems("storm", some_nodes());
	default:
		return set_mems(group, some_nodes());
	}
}

int main(int argc, char **argv)
{
	pid_t workers[WORKERS];
	long steps = 0, wrong = 0, strayed = 0, refused = 0;
	struct timespec now;
	int status, ended = 0;
	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)now.tv_nsec | 1;
	state = seed;
	all = allowed_nodes();
	shared = (struct shared *)pages_new(1, MAP_SHARED);
	group_put("", "cgroup.subtree_control", "+cpuset");
	group_make("storm");
	group_put("storm", "cgroup.subtree_control", "+cpuset");
	group_make("storm/a");
	group_make("storm/b");
	group_make("storm/b/c");
	group_put("storm/b", "cgroup.subtree_control", "+cpuset");
	for (int i = 0; i < WORKERS; i++)
		if (!(workers[i] = fork()))
			work(i);
	for (int i = 0; i < ROUNDS; i++)
		refused += change(workers) != 0;
	__atomic_store_n(&shared->stop, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < WORKERS; i++) {
		ended += waitpid(workers[i], &status, 0) == workers[i] && status == 0;
		steps += shared->steps[i];
		wrong += shared->wrong[i];
		strayed += shared->strayed[i];
	}
	printf("# seed 0x%lx: %ld steps, %ld of %d changes refused\n", (unsigned long)seed, steps, refused, ROUNDS);
	ok(ended == WORKERS && steps > WORKERS, "all workers end");
	ok(wrong == 0, "nothing is lost (%ld)", wrong);
	ok(strayed == 0, "in the end all pages lie where they may (%ld do not)", strayed);
	ok(!group_remove("storm/b/c") && !group_remove("storm/b") && !group_remove("storm/a") &&
	   !group_remove("storm"), "groups go");
	return tap_done();
}
