// SPDX-License-Identifier: Apache-2.0
/*
 * mempolicy.c - what the calls about memory policies and moved pages answer, to the errno. For a machine
 * with 2 to 4 memory nodes.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/guest/nodes.h"
#include "tests/guest/tap.h"

static const uint64_t none, node0 = 1, node1 = 2, both = 3, absent = 1 << 3, far = 1 << 20;
static uint64_t all;

/* The task's policy as it is told. */
static int is_policy(int mode, uint64_t nodes)
{
	int value = -1;
	uint64_t told = ~0UL;
	return !get_policy(&value, &told, 64, NULL, 0) && value == mode && told == nodes;
}

static int is_policy_at(const void *address, int mode, uint64_t nodes)
{
	int value = -1;
	uint64_t told = ~0UL;
	return !get_policy(&value, &told, 64, address, F_ADDRESS) && value == mode && told == nodes;
}

static void test_set(void)
{
	uint64_t wide[2] = { 1, 0 }, too_wide[2] = { 1, 1 };
	ok(!policy(DEFAULT, none) && is_policy(DEFAULT, 0), "DEFAULT without nodes");
	ok(policy(DEFAULT, node0) == -EINVAL, "DEFAULT with nodes");
	ok(!set_policy(DEFAULT, NULL, 0), "DEFAULT without a set");
	ok(!policy(DEFAULT | STATIC, none) && is_policy(DEFAULT, 0), "DEFAULT forgets its flags");
	ok(!policy(PREFERRED, node1) && is_policy(PREFERRED, node1), "PREFERRED");
	ok(!policy(PREFERRED, both) && is_policy(PREFERRED, node0), "PREFERRED takes the first node");
	ok(!policy(PREFERRED, none) && is_policy(LOCAL, 0), "PREFERRED without nodes is LOCAL");
	ok(policy(PREFERRED | STATIC, none) == -EINVAL, "PREFERRED with flags and no nodes");
	ok(!policy(BIND, both) && is_policy(BIND, both), "BIND");
	ok(policy(BIND, none) == -EINVAL, "BIND without nodes");
	ok(policy(INTERLEAVE, none) == -EINVAL, "INTERLEAVE without nodes");
	ok(!policy(INTERLEAVE, both) && is_policy(INTERLEAVE, both), "INTERLEAVE");
	ok(!policy(LOCAL, none) && is_policy(LOCAL, 0), "LOCAL");
	ok(policy(LOCAL, node0) == -EINVAL, "LOCAL with nodes");
	ok(policy(LOCAL | RELATIVE, none) == -EINVAL, "LOCAL with flags");
	ok(!policy(PREFERRED_MANY, both) && is_policy(PREFERRED_MANY, both), "PREFERRED_MANY");
	ok(policy(PREFERRED_MANY, none) == -EINVAL, "PREFERRED_MANY without nodes");
	ok(policy(6, node0) == -EINVAL && policy(99, node0) == -EINVAL && policy(-1, node0) == -EINVAL,
	   "unknown modes");
	ok(policy(BIND | STATIC | RELATIVE, node0) == -EINVAL, "both flags at once");
	ok(!policy(BIND | STATIC, both) && is_policy(BIND | STATIC, both), "BIND with STATIC");
	ok(!policy(BIND | RELATIVE, 1 << 2) && is_policy(BIND | RELATIVE, 1 << 2), "BIND with RELATIVE");
	ok(!policy(BIND | BALANCING, node0) && is_policy(BIND | BALANCING, node0), "BIND with BALANCING");
	ok(policy(INTERLEAVE | BALANCING, both) == -EINVAL, "BALANCING goes with sets alone");
	ok((all & absent) || policy(BIND, absent) == -EINVAL, "a node that is not there");
	ok((all & absent) || (!policy(BIND, node0 | absent) && is_policy(BIND, node0)),
	   "one that is not there beside one that is");
	ok(policy(BIND, far | node0) == -EINVAL, "a node that there cannot be");
	ok(!set_policy(BIND, wide, 129), "a wide set");
	ok(set_policy(BIND, too_wide, 129) == -EINVAL, "a wide set with a node far out");
	ok(set_policy(BIND, &both, 2) == 0 && is_policy(BIND, node0), "a set is cut to its bits");
	ok(set_policy(BIND, &both, 0) == -EINVAL, "a set of no bits at all");
	ok(set_policy(BIND, &both, PAGE * 8 + 2) == -EINVAL, "a set longer than a page");
	ok(set_policy(BIND, (void *)8, 64) == -EFAULT, "a set that is nowhere");
	ok(set_policy(BIND, NULL, 64) == -EINVAL, "no set");
	policy(DEFAULT, none);
}

static void test_get(void)
{
	char *memory = pages_new(2, MAP_PRIVATE);
	uint64_t wide[3] = { 7, 7, 7 };
	int value;
	munmap(memory + PAGE, PAGE);
	ok(get_policy(&value, NULL, 0, memory, 0) == -EINVAL, "get: an address without its flag");
	ok(get_policy(&value, NULL, 0, NULL, 8) == -EINVAL, "get: unknown flags");
	ok(get_policy(&value, NULL, 0, NULL, F_MEMS | F_NODE) == -EINVAL, "get: mems with node");
	ok(get_policy(&value, NULL, 0, NULL, F_MEMS | F_ADDRESS) == -EINVAL, "get: mems with address");
	ok(get_policy(&value, wide, 1, NULL, 0) == -EINVAL, "get: a set shorter than the nodes");
	ok(!get_policy(&value, wide, 129, NULL, F_MEMS) && wide[0] == all && !wide[1] && wide[2] == 7,
	   "get: a longer set is filled up with zeros");
	ok(get_policy(&value, wide, 1UL << 30, NULL, 0) == -EINVAL, "get: a set longer than a page");
	ok(get_policy((int *)8, NULL, 0, NULL, 0) == -EFAULT, "get: a value that is nowhere");
	ok(get_policy(NULL, (uint64_t *)8, 64, NULL, 0) == -EFAULT, "get: a set that is nowhere");
	ok(get_policy(&value, NULL, 0, memory + PAGE, F_ADDRESS) == -EFAULT, "get: no mapping");
	ok(get_policy(&value, NULL, 0, NULL, F_NODE) == -EINVAL, "get: whose turn, without turns");
	policy(INTERLEAVE, both);
	ok(!get_policy(&value, NULL, 0, NULL, F_NODE) && value == 0, "get: whose turn comes next");
	ok(is_policy_at(memory, DEFAULT, 0), "get: a mapping without a policy is not told the task's");
	policy(DEFAULT, none);
	mprotect(memory, PAGE, PROT_NONE);
	ok(get_policy(&value, NULL, 0, memory, F_NODE | F_ADDRESS) == -EFAULT, "get: no access");
	munmap(memory, PAGE);
}

static void test_bind(void)
{
	char *memory = pages_new(8, MAP_PRIVATE);
	ok(bind_range(memory + 1, PAGE, BIND, &node0, 64, 0) == -EINVAL, "mbind: not on a page");
	ok(bind_to(memory, 1, BIND, node0, 8) == -EINVAL, "mbind: unknown flags");
	ok(bind_to(memory, 1, 99, node0, 0) == -EINVAL, "mbind: unknown mode");
	ok(bind_to(memory, 1, BIND, none, 0) == -EINVAL, "mbind: BIND without nodes");
	ok(bind_range(memory, ~0UL - PAGE, BIND, &node0, 64, 0) == -EINVAL, "mbind: around the end");
	ok(!bind_to(memory, 0, BIND, none, 0), "mbind: nothing, whatever the policy");
	ok(!bind_range(memory, 1, BIND, &node1, 64, 0) && is_policy_at(memory, BIND, node1) &&
	   is_policy_at(memory + PAGE, DEFAULT, 0), "mbind: a byte is a page");
	ok(!bind_to(memory, 8, BIND, both, 0) && is_policy_at(memory + 7 * PAGE, BIND, both),
	   "mbind: over another policy");
	munmap(memory + 2 * PAGE, PAGE);
	ok(bind_to(memory, 4, BIND, node0, 0) == -EFAULT && is_policy_at(memory, BIND, both),
	   "mbind: a hole, and nothing has changed");
	ok(bind_to(memory + 2 * PAGE, 2, BIND, node0, 0) == -EFAULT, "mbind: a hole at the start");
	ok(bind_to(memory + PAGE, 2, BIND, node0, 0) == -EFAULT, "mbind: a hole at the end");
	ok(!bind_to(memory, 4, DEFAULT, none, 0) && is_policy_at(memory + 3 * PAGE, DEFAULT, 0),
	   "mbind: DEFAULT over a hole");
	ok(bind_to(memory + 2 * PAGE, 1, DEFAULT, none, 0) == -EFAULT, "mbind: DEFAULT over nothing");

	char *strict = memory + 4 * PAGE;
	bind_to(strict, 4, BIND, node0, 0);
	pages_touch(strict, 4);
	ok(bind_to(strict, 4, BIND, node1, STRICT) == -EIO && is_policy_at(strict, BIND, node0),
	   "mbind: STRICT finds a page elsewhere, and nothing has changed");
	ok(!bind_to(strict, 4, BIND, node0, STRICT), "mbind: STRICT finds all in place");
	ok(bind_to(strict, 4, LOCAL, none, STRICT) == -EIO, "mbind: for STRICT LOCAL is no place");
	ok(!bind_to(strict, 4, DEFAULT, none, STRICT), "mbind: DEFAULT is not strict");
	ok(!bind_to(strict, 4, BIND, node1, STRICT | MOVE) && pages_on(0, strict, 4, node1) == 4,
	   "mbind: STRICT and MOVE move");
	munmap(memory, 8 * PAGE);
}

static void test_home(void)
{
	char *memory = pages_new(4, MAP_PRIVATE);
	ok(set_home(memory, PAGE, 0, 0) == -ENOENT, "home: no policy");
	bind_to(memory, 2, BIND, both, 0);
	ok(!set_home(memory, 4 * PAGE, 1, 0), "home: a policy in a part");
	pages_touch(memory, 2);
	ok(pages_on(0, memory, 2, node1) == 2, "home: pages begin there");
	ok(set_home(memory, PAGE, 63, 0) == -EINVAL, "home: no such node");
	ok(set_home(memory + 1, PAGE, 0, 0) == -EINVAL, "home: not on a page");
	ok(set_home(memory, PAGE, 0, 1) == -EINVAL, "home: unknown flags");
	bind_to(memory, 2, INTERLEAVE, both, 0);
	ok(set_home(memory, PAGE, 0, 0) == -EOPNOTSUPP, "home: a policy that has none");
	munmap(memory, 4 * PAGE);
}

static void test_move(void)
{
	char *memory = pages_new(4, MAP_PRIVATE);
	void *pages[4] = { memory, memory + PAGE, memory + 2 * PAGE, (void *)PAGE };
	int to[4] = { 1, 1, 1, 1 }, status[4] = { 9, 9, 9, 9 }, bad[2] = { 1, 63 };
	bind_to(memory, 4, BIND, node0, 0);
	pages_touch(memory, 2);
	ok(!move(0, 4, pages, NULL, status, 0) && status[0] == 0 && status[1] == 0 &&
	   status[2] == -ENOENT && status[3] == -EFAULT, "move_pages: where they are");
	ok(!move(0, 4, pages, to, status, MOVE) && status[0] == 1 && status[1] == 1 &&
	   status[2] == -ENOENT && status[3] == -EFAULT && pages_intact(memory, 2),
	   "move_pages: where they are to be");
	ok(move(0, 1, pages, to, status, STRICT) == -EINVAL, "move_pages: unknown flags");
	ok(move(0, 2, pages, bad, status, MOVE) == -ENODEV, "move_pages: no such node");
	ok(move(0, 1, (void **)8, to, status, MOVE) == -EFAULT, "move_pages: pages that are nowhere");
	ok(move(0, 1, pages, (int *)8, status, MOVE) == -EFAULT, "move_pages: nodes that are nowhere");
	ok(move(0, 1, pages, to, (int *)8, MOVE) == -EFAULT, "move_pages: status that is nowhere");
	ok(move(99999, 1, pages, to, status, MOVE) == -ESRCH, "move_pages: no such process");
	ok(!move(0, 0, NULL, NULL, NULL, 0), "move_pages: nothing");
	ok(migrate(99999, 64, &node0, &node1) == -ESRCH, "migrate_pages: no such process");
	ok(migrate(0, 64, &node0, &none) == -EINVAL, "migrate_pages: to nowhere");
	ok(migrate(0, 64, (uint64_t *)8, &node0) == -EFAULT, "migrate_pages: a set that is nowhere");
	ok(migrate(0, 64, &far, &node0) == -EINVAL, "migrate_pages: a node that there cannot be");
	ok(migrate(2, 64, &node0, &node1) != 0, "migrate_pages: not a kernel thread");
	munmap(memory, 4 * PAGE);
}

/* What a child without rights may do: bits of its exit status say what went wrong. */
static int unprivileged(pid_t parent, pid_t sibling, char *shared)
{
	void *pages[1] = { shared };
	int to[1] = { 1 }, status[1], wrong = 0;
	wrong |= bind_to(shared, 1, BIND, node1, MOVE_ALL) != -EPERM ? 1 : 0;
	wrong |= move(0, 1, pages, to, status, MOVE_ALL) != -EPERM ? 2 : 0;
	wrong |= move(parent, 1, pages, to, status, MOVE) != -EPERM ? 4 : 0;
	wrong |= migrate(parent, 64, &node0, &node1) != -EPERM ? 8 : 0;
	wrong |= move(0, 1, pages, to, status, MOVE) || status[0] != -EACCES ? 16 : 0; /* shared */
	wrong |= move(sibling, 1, pages, NULL, status, 0) ? 32 : 0; /* the same user's */
	wrong |= migrate(sibling, 64, &node0, &node1) < 0 ? 64 : 0;
	return wrong;
}

/* Becomes somebody without rights, whose process others of the same user may look at. */
static void become(uid_t id)
{
	if (setresgid(id, id, id) || setresuid(id, id, id) || prctl(PR_SET_DUMPABLE, 1))
		_exit(99);
}

static void test_rights(void)
{
	char *shared = pages_new(1, MAP_SHARED);
	int status, ready[2];
	char byte;
	bind_to(shared, 1, BIND, node0, 0);
	pages_touch(shared, 1);
	if (pipe(ready))
		return;
	pid_t sibling = fork();
	if (!sibling) {
		become(1000);
		byte = *shared;
		if (write(ready[1], &byte, 1) == 1)
			for (;;)
				pause();
		_exit(0);
	}
	ok(read(ready[0], &byte, 1) == 1, "rights: another's process");
	pid_t child = fork();
	if (!child) {
		pid_t parent = getppid();
		become(1000);
		_exit(unprivileged(parent, sibling, shared));
	}
	waitpid(child, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	   "rights: without CAP_SYS_NICE only one's own (bits 0x%x)", status >> 8);
	ok(migrate(sibling, 64, &node0, &node1) >= 0, "rights: with it anybody's");
	kill(sibling, SIGKILL);
	waitpid(sibling, &status, 0);
	munmap(shared, PAGE);
}

int main(void)
{
	all = allowed_nodes();
	ok((all & both) == both, "there are nodes 0 and 1 (0x%lx)", (unsigned long)all);
	test_set();
	test_get();
	test_bind();
	test_home();
	test_move();
	test_rights();
	return tap_done();
}
