// SPDX-License-Identifier: Apache-2.0
/*
 * isolation_asked.c - a task that has an isolated CPU for itself gets what it asks for: wake-ups, signals, its
 * process's changes of their memory. It pays for these and for nothing else: others' changes of other memory, however
 * many, are no interrupt. In virtual time.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tests/guest/alone.h"
#include "tests/guest/clock.h"
#include "tests/guest/group.h"
#include "tests/guest/tap.h"
#include "tests/guest/tasks.h"

enum { ALONE = 3, BESIDE = 2, TIMES = 100, PAGE = 4096, WORDS = PAGE / sizeof(int) };

static struct shared {
	atomic_int word, woken;        /* a futex, and how often it was waited for in vain no longer */
	atomic_int signals;            /* that arrived */
	atomic_int ready;
	atomic_long turns;             /* of the task that is alone, as long as it turns */
	atomic_int storms;             /* rounds of all storms */
} *shared;

static long futex(atomic_int *word, int operation, int value)
{
	return syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

/* On its CPU, with all its pages. */
static void be_alone(void)
{
	group_move("i", 0);
	pin(0, ALONE);
	for (volatile int i = 0; i < 10000; i++)
		;
	shared->ready = 1;
}

static void turn(void)
{
	for (;;)
		shared->turns++;
}

static void wait_for(atomic_int *number, int value)
{
	for (int i = 0; i < 2000 && *number < value; i++)
		usleep(100);
}

/* It has run on; how often its CPU was interrupted meanwhile. */
static long interrupts_in(long ms)
{
	long turns = shared->turns, before = interrupts_of(ALONE);

	sleep_ms(ms);
	return shared->turns > turns ? interrupts_of(ALONE) - before : -1;
}

static void begin(void (*body)(void))
{
	shared->ready = 0;
	start_task(body);
	wait_for(&shared->ready, 1);
	sleep_ms(20);
}

static void sleeper(void)
{
	be_alone();
	while (shared->woken < TIMES) {
		int value = shared->word;

		if (value == shared->woken)
			futex(&shared->word, FUTEX_WAIT, value);
		shared->woken = shared->word;
	}
	turn();
}

static void test_wakes(void)
{
	begin(sleeper);
	long before = interrupts_of(ALONE);
	int late = 0;
	for (int i = 1; i <= TIMES; i++) {
		shared->word = i;
		futex(&shared->word, FUTEX_WAKE, 1);
		wait_for(&shared->woken, i);
		late += shared->woken != i;
		usleep(300); /* it waits again */
	}
	long taken = interrupts_of(ALONE) - before;
	ok(late == 0 && taken <= TIMES, "%d wake-ups, and no more interrupts (%ld)", TIMES, taken);
	ok(interrupts_in(500) == 0, "then silence");
	end_all();
}

static void count_signal(int signal)
{
	(void)signal;
	shared->signals++;
}

static void receiver(void)
{
	signal(SIGUSR1, count_signal);
	be_alone();
	turn();
}

static void test_signals(void)
{
	begin(receiver);
	long before = interrupts_of(ALONE);
	int late = 0;
	for (int i = 1; i <= TIMES; i++) {
		kill(tasks[0], SIGUSR1);
		wait_for(&shared->signals, i);
		late += shared->signals != i;
	}
	long taken = interrupts_of(ALONE) - before;
	ok(late == 0 && taken <= TIMES, "%d signals, and no more interrupts (%ld)", TIMES, taken);
	ok(interrupts_in(500) == 0, "then silence");
	end_all();
}

/* ---- a process with a thread that is alone, and one beside it that changes their memory ---- */

static volatile int *page;         /* mapped anew again and again */
static _Atomic int seen, turn_of;  /* what the thread that is alone read there, and how often */

static void *look_at_page(void *unused)
{
	(void)unused;
	pin(0, ALONE);
	for (;; shared->turns++) {
		seen = *page;
		turn_of++;
	}
	return NULL;
}

static bool maps_anew(int value)
{
	int *fresh = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*fresh = value;
	/* In one step: who looks there finds one or the other. */
	return mremap(fresh, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)(uintptr_t)page) == page;
}

/* The thread that is alone reads what is there now, at once. */
static bool is_seen(int value)
{
	int then = turn_of;

	while (turn_of - then < 3)
		usleep(50);
	return seen == value;
}

static void change_memory(void)
{
	pthread_t other;
	int stale = 0, refused = 0;

	group_move("i", 0);
	pin(0, BESIDE);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*page = 0;
	refused += syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) != 0;
	pthread_create(&other, NULL, look_at_page, NULL);
	while (turn_of < 100)
		usleep(100);
	for (int i = 1; i <= TIMES; i++) {
		refused += !maps_anew(i);
		stale += !is_seen(i);
		mprotect((void *)(uintptr_t)page, PAGE, PROT_READ);
		mprotect((void *)(uintptr_t)page, PAGE, PROT_READ | PROT_WRITE);
		refused += syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0;
	}
	/* A page that a child shares is another one, once it has been written to. */
	pid_t child = fork();
	if (child == 0) {
		usleep(2000);
		_exit(*page != TIMES);
	}
	*page = TIMES + 1;
	stale += !is_seen(TIMES + 1);
	int status;
	waitpid(child, &status, 0);
	shared->woken = stale + refused + status;
	shared->ready = 1;
	for (;;)
		pause();
}

static void test_memory(void)
{
	long before = interrupts_of(ALONE);

	shared->woken = -1;
	begin(change_memory);
	long taken = interrupts_of(ALONE) - before;
	ok(shared->woken == 0, "its thread sees each change of their memory (%d are wrong)", (int)shared->woken);
	ok(taken <= 4 * TIMES, "and is interrupted for those at most (%ld times)", taken);
	ok(interrupts_in(500) == 0, "then silence");
	end_all();
}

/* ---- others ---- */

/* Maps, protects, forks, ends and becomes other programs. */
static void storm(void)
{
	signal(SIGCHLD, SIG_DFL);
	for (;; shared->storms++) {
		char *memory = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		for (int i = 0; i < 64; i++)
			memory[i * PAGE] = 1;
		mprotect(memory, 64 * PAGE, PROT_READ);
		mprotect(memory, 32 * PAGE, PROT_READ | PROT_WRITE);
		pid_t child = fork();
		if (child == 0) {
			memory[0] = 2;
			if (shared->storms % 4 == 0)
				execl("/bin/true", "true", NULL);
			_exit(0);
		}
		memory[PAGE] = 3;
		madvise(memory, 16 * PAGE, MADV_DONTNEED);
		munmap(memory, 64 * PAGE);
		waitpid(child, NULL, 0);
	}
}

static void alone(void)
{
	be_alone();
	turn();
}

static void test_others(void)
{
	shared->ready = 0;
	for (int i = 0; i < 4; i++)
		start_task(storm);
	begin(alone);
	int rounds = shared->storms;
	long taken = interrupts_in(2000);
	ok(taken == 0, "others' changes of other memory are no interrupt (%ld, in %d rounds)", taken,
	   shared->storms - rounds);
	ok(shared->storms - rounds >= 100, "of which there were many");
	end_all();
}

int main(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ok(!group_put("", "cgroup.subtree_control", "+cpuset") && !group_make("i") &&
	   !group_put("i", "cpuset.cpus", "2-3") && !group_put("i", "cpuset.cpus.partition", "isolated") &&
	   group_is("i", "cpuset.cpus.partition", "isolated"), "an isolated partition");
	test_wakes();
	test_signals();
	test_memory();
	test_others();
	ok(!group_remove("i"), "the end of it");
	return tap_done();
}
