// SPDX-License-Identifier: Apache-2.0
/*
 * nodes.h - memory nodes from a test's side: the system calls, and where pages lie.
 */
#ifndef TESTS_GUEST_NODES_H
#define TESTS_GUEST_NODES_H

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/group.h"

enum { PAGE = 4096 };
enum { DEFAULT, PREFERRED, BIND, INTERLEAVE, LOCAL, PREFERRED_MANY };
enum { STATIC = 1 << 15, RELATIVE = 1 << 14, BALANCING = 1 << 13 };
enum { STRICT = 1, MOVE = 2, MOVE_ALL = 4 };
enum { F_NODE = 1, F_ADDRESS = 2, F_MEMS = 4 };

/* Each answers like the kernel: -errno. */
static inline long answer(long result) { return result < 0 ? -errno : result; }

static inline long set_policy(int mode, const uint64_t *nodes, unsigned long limit)
{
	return answer(syscall(SYS_set_mempolicy, mode, nodes, limit));
}
static inline long get_policy(int *mode, uint64_t *nodes, unsigned long limit, const void *address,
			      unsigned long flags)
{
	return answer(syscall(SYS_get_mempolicy, mode, nodes, limit, address, flags));
}
static inline long bind_range(const void *start, unsigned long length, int mode, const uint64_t *nodes,
			      unsigned long limit, unsigned int flags)
{
	return answer(syscall(SYS_mbind, start, length, mode, nodes, limit, flags));
}
static inline long migrate(pid_t pid, unsigned long limit, const uint64_t *from, const uint64_t *to)
{
	return answer(syscall(SYS_migrate_pages, pid, limit, from, to));
}
static inline long move(pid_t pid, unsigned long count, void **pages, const int *nodes, int *status,
			int flags)
{
	return answer(syscall(SYS_move_pages, pid, count, pages, nodes, status, flags));
}
static inline long set_home(const void *start, unsigned long length, unsigned long node,
			    unsigned long flags)
{
	return answer(syscall(450, start, length, node, flags));
}

/* The same with sets of up to 64 nodes in a word. */
static inline long policy(int mode, uint64_t nodes) { return set_policy(mode, &nodes, 65); }
static inline long bind_to(const void *start, long pages, int mode, uint64_t nodes, unsigned int flags)
{
	return bind_range(start, (unsigned long)pages * PAGE, mode, &nodes, 65, flags);
}

/* The nodes that the caller may use. */
static inline uint64_t allowed_nodes(void)
{
	uint64_t nodes = 0;
	return get_policy(NULL, &nodes, 64, NULL, F_MEMS) ? 0 : nodes;
}

/* The node of the page at an address; brings it in. */
static inline int node_of(const void *address)
{
	int node = -1;
	long error = get_policy(&node, NULL, 0, address, F_NODE | F_ADDRESS);
	return error ? (int)error : node;
}

static inline char *pages_new(long count, int flags)
{
	char *memory = mmap(NULL, (size_t)count * PAGE, PROT_READ | PROT_WRITE,
			    flags | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

static inline void pages_touch(char *memory, long count)
{
	for (long i = 0; i < count; i++)
		*(volatile long *)(memory + i * PAGE) = i;
}

static inline int pages_intact(const char *memory, long count)
{
	for (long i = 0; i < count; i++)
		if (*(const volatile long *)(memory + i * PAGE) != i)
			return 0;
	return 1;
}

/* How many of the pages lie on the nodes of a set, by move_pages without a target; -1: an error. */
static inline long pages_on(pid_t pid, char *memory, long count, uint64_t nodes)
{
	long found = 0;
	for (long i = 0; i < count;) {
		void *pages[512];
		int status[512];
		long piece = 0;
		for (; piece < 512 && i < count; piece++, i++)
			pages[piece] = memory + i * PAGE;
		if (move(pid, (unsigned long)piece, pages, NULL, status, 0))
			return -1;
		for (long k = 0; k < piece; k++)
			found += status[k] >= 0 && (nodes >> status[k] & 1);
	}
	return found;
}

/* Runs on a CPU of that node from now on; 0: there is one. */
static inline int run_on_node(unsigned int node)
{
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		cpu_set_t set;
		unsigned int here, its_node;
		CPU_ZERO(&set);
		CPU_SET((size_t)cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set))
			return -1;
		if (!syscall(SYS_getcpu, &here, &its_node, NULL) && its_node == node)
			return 0;
	}
	return -1;
}

static inline uint64_t bit(unsigned int node) { return UINT64_C(1) << node; }

static inline char *fresh(long count)
{
	char *memory = pages_new(count, MAP_PRIVATE);
	pages_touch(memory, count);
	return memory;
}

static inline void drop(char *memory, long count) { munmap(memory, (size_t)count * PAGE); }

enum { COUNT = 64 };

/* Whether fresh pages by the task's policy lie on a set, and only there. */
static inline int lies_on(uint64_t nodes)
{
	char *memory = fresh(COUNT);
	int good = pages_on(0, memory, COUNT, nodes) == COUNT;
	drop(memory, COUNT);
	return good;
}

/* Runs a check in a child: whether it answers true. */
static inline int in_child(int (*check)(char *memory), char *memory)
{
	int status;
	pid_t child = fork();
	if (!child)
		_exit(check(memory) ? 0 : 1);
	waitpid(child, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static inline int set_mems(const char *group, uint64_t nodes)
{
	char list[256] = "";
	for (unsigned int node = 0; node < 64; node++)
		if (nodes >> node & 1)
			snprintf(list + strlen(list), sizeof(list) - strlen(list), "%u,", node);
	return group_put(group, "cpuset.mems", list);
}

#endif
