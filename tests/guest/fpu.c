// SPDX-License-Identifier: Apache-2.0
/*
 * fpu.c - floating-point registers belong to their task: through preemption, sleep, migration, fork,
 * exec and signals; and a task that never used them finds zeros when it begins.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/tap.h"

enum { REGISTERS = 32, CHILDREN = 6, ROUNDS = 200 };

/* Rounding modes, as fcsr numbers them. */
enum { TO_NEAREST = 0, TOWARD_ZERO = 1, DOWNWARD = 2, UPWARD = 3 };

static void set_rounding(unsigned long mode) { __asm__ volatile("fsrm %0" : : "r"(mode)); }

static unsigned long rounding(void)
{
	unsigned long mode;

	__asm__ volatile("frrm %0" : "=r"(mode));
	return mode;
}

#define EACH_REGISTER(do) \
	do(0) do(1) do(2) do(3) do(4) do(5) do(6) do(7) do(8) do(9) do(10) do(11) do(12) do(13) \
	do(14) do(15) do(16) do(17) do(18) do(19) do(20) do(21) do(22) do(23) do(24) do(25) do(26) \
	do(27) do(28) do(29) do(30) do(31)
#define LOAD(n)  "fld f" #n ", 8*" #n "(%0)\n"
#define STORE(n) "fsd f" #n ", 8*" #n "(%1)\n"
#define CLOBBER(n) , "f" #n

/* Fills all registers, makes a system call with them in place, and reads them back. */
static void across_call(const uint64_t *in, uint64_t *out, long number)
{
	register long a7 __asm__("a7") = number;
	register long a0 __asm__("a0") = 0;

	__asm__ volatile(EACH_REGISTER(LOAD)
			 "ecall\n"
			 EACH_REGISTER(STORE)
			 : "+r"(in), "+r"(out), "+r"(a0)
			 : "r"(a7)
			 : "memory" EACH_REGISTER(CLOBBER));
}

/* The same without a call: long enough to be preempted in. */
static void across_time(const uint64_t *in, uint64_t *out, unsigned long turns)
{
	__asm__ volatile(EACH_REGISTER(LOAD)
			 "1: addi %2, %2, -1\n bnez %2, 1b\n"
			 EACH_REGISTER(STORE)
			 : "+r"(in), "+r"(out), "+r"(turns)
			 :
			 : "memory" EACH_REGISTER(CLOBBER));
}

static void fill(uint64_t *values, uint64_t seed)
{
	for (unsigned int i = 0; i < REGISTERS; i++)
		values[i] = (seed + 1) * 0x9e3779b97f4a7c15u + i;
}

/* A child's life: answers how often something was lost. */
static int live(int index)
{
	uint64_t in[REGISTERS], out[REGISTERS];
	int lost = 0;

	set_rounding(index % 2 ? UPWARD : DOWNWARD);
	for (int round = 0; round < ROUNDS; round++) {
		fill(in, (uint64_t)(index * ROUNDS + round));
		if (round % 2)
			across_call(in, out, 124 /* sched_yield */);
		else
			across_time(in, out, 100000);
		lost += memcmp(in, out, sizeof(in)) != 0;
		lost += rounding() != (index % 2 ? UPWARD : DOWNWARD);
	}
	return lost;
}

static void scramble(int number)
{
	uint64_t values[REGISTERS], out[REGISTERS];

	fill(values, (uint64_t)number);
	across_call(values, out, 172 /* getpid */);
	set_rounding(TOWARD_ZERO);
}

/* A new program's registers, before anything has used them: read by main at its very start. */
static int all_zero(const uint64_t *values)
{
	for (unsigned int i = 0; i < REGISTERS; i++)
		if (values[i])
			return 0;
	return 1;
}

static void check_signal(void)
{
	uint64_t in[REGISTERS], out[REGISTERS];
	struct sigaction action = { .sa_handler = scramble };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaction(SIGALRM, &action, NULL);
	set_rounding(UPWARD);
	fill(in, 4711);
	ualarm(2000, 0);
	across_time(in, out, 30000000);
	ok(!memcmp(in, out, sizeof(in)), "a handler that uses every register leaves them as they were");
	ok(rounding() == UPWARD, "and the rounding mode");
}

int main(int count, char **argument)
{
	if (count > 1) {
		uint64_t out[REGISTERS];

		__asm__ volatile(EACH_REGISTER(STORE) : : "r"(out), "r"(out) : "memory");
		return all_zero(out) && rounding() == TO_NEAREST ? 0 : 1;
	}
	pid_t children[CHILDREN];
	int status;

	for (int i = 0; i < CHILDREN; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(live(i) ? 1 : 0);
	}
	for (int i = 0; i < CHILDREN; i++) {
		waitpid(children[i], &status, 0);
		ok(status == 0, "child %d keeps its registers and rounding mode", i);
	}
	check_signal();
	pid_t child = fork();
	if (child == 0)
		_exit(rounding() == UPWARD ? 0 : 1);
	waitpid(child, &status, 0);
	ok(status == 0, "fork hands on the rounding mode");
	child = fork();
	if (child == 0) {
		execl(argument[0], argument[0], "fresh", NULL);
		_exit(2);
	}
	waitpid(child, &status, 0);
	ok(status == 0, "exec begins with nothing in them");
	return tap_done();
}
