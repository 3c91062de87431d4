// SPDX-License-Identifier: Apache-2.0
/*
 * threads.c - threads and what they meet at: futexes, private and shared, with their errors; robust
 * mutexes; clocks and sleeping.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/guest/tap.h"

enum {
	WAIT = 0, WAKE = 1, REQUEUE = 3, CMP_REQUEUE = 4, WAKE_OP = 5, LOCK_PI = 6, WAIT_BITSET = 9,
	WAKE_BITSET = 10, PRIVATE = 128, REALTIME = 256,
};

static long futex(void *word, int operation, uint32_t value, const struct timespec *timeout,
	void *second, uint32_t third)
{
	return syscall(SYS_futex, word, operation, value, timeout, second, third);
}

static int fails_with(long answer, int expected)
{
	return answer == -1 && errno == expected;
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* --- futex(2) --- */

static void test_errors(void)
{
	uint32_t word = 5;
	struct timespec short_time = { 0, 5000000 }, bad = { 0, 1000000000 }, past = { 1, 0 };
	uint64_t before;

	ok(fails_with(futex(&word, WAIT | PRIVATE, 4, NULL, NULL, 0), EAGAIN),
		"another value is EAGAIN");
	before = now_ns(CLOCK_MONOTONIC);
	ok(fails_with(futex(&word, WAIT | PRIVATE, 5, &short_time, NULL, 0), ETIMEDOUT) &&
		   now_ns(CLOCK_MONOTONIC) - before >= 5000000,
	   "a wait ends after its time");
	ok(fails_with(futex(&word, WAIT, 5, &short_time, NULL, 0), ETIMEDOUT), "a shared one too");
	ok(fails_with(futex(&word, WAIT_BITSET | PRIVATE, 5, &past, NULL, UINT_MAX), ETIMEDOUT),
	   "an absolute time in the past is over");
	ok(fails_with(futex(&word, WAIT_BITSET | PRIVATE | REALTIME, 5, &past, NULL, UINT_MAX),
		   ETIMEDOUT),
		"of either clock");
	ok(fails_with(futex(&word, WAIT | PRIVATE, 5, &bad, NULL, 0), EINVAL),
		"a second of nanoseconds is EINVAL");
	ok(fails_with(futex(&word, WAIT_BITSET | PRIVATE, 5, NULL, NULL, 0), EINVAL),
		"no bits are EINVAL");
	ok(fails_with(futex((char *)&word + 1, WAKE | PRIVATE, 1, NULL, NULL, 0), EINVAL),
		"an odd address is EINVAL");
	ok(fails_with(futex((void *)8, WAIT | PRIVATE, 0, NULL, NULL, 0), EFAULT),
		"no memory is EFAULT");
	ok(fails_with(futex((void *)-4096, WAKE | PRIVATE, 0, NULL, NULL, 0), EFAULT),
	   "the kernel's memory is EFAULT");
	ok(fails_with(futex(&word, 99, 0, NULL, NULL, 0), ENOSYS),
		"an unknown operation is ENOSYS");
	ok(futex(&word, WAKE | PRIVATE, 1, NULL, NULL, 0) == 0, "nobody waits: nobody is woken");
	ok(fails_with(futex(&word, CMP_REQUEUE | PRIVATE, 1, (void *)1, &word, 4), EAGAIN),
	   "CMP_REQUEUE compares");
}

static uint32_t words[2];
static int sleepers, woken;

static void *sleep_on_word(void *bits)
{
	__atomic_add_fetch(&sleepers, 1, __ATOMIC_SEQ_CST);
	futex(&words[0], WAIT_BITSET | PRIVATE, 0, NULL, NULL, (uint32_t)(uintptr_t)bits);
	__atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static int wait_for(int *counter, int value)
{
	for (int i = 0; i < 2000 && __atomic_load_n(counter, __ATOMIC_SEQ_CST) != value; i++)
		usleep(1000);
	return *counter == value;
}

/* How many tasks of this process sleep. */
static int count_asleep(void)
{
	DIR *tasks = opendir("/proc/self/task");
	int count = 0;

	for (const struct dirent *task; tasks && (task = readdir(tasks)) != NULL;) {
		char path[64], state = '?';

		snprintf(path, sizeof(path), "/proc/self/task/%.16s/stat", task->d_name);
		FILE *stat = fopen(path, "r");
		if (stat && fscanf(stat, "%*d %*s %c", &state) == 1)
			count += state == 'S';
		if (stat)
			fclose(stat);
	}
	if (tasks)
		closedir(tasks);
	return count;
}

static void test_wake_and_requeue(void)
{
	pthread_t threads[5];

	for (uintptr_t i = 0; i < 5; i++)
		pthread_create(&threads[i], NULL, sleep_on_word, (void *)(i < 4 ? 1UL : 2UL));
	wait_for(&sleepers, 5);
	for (int i = 0; i < 2000 && count_asleep() < 5; i++)
		usleep(1000);
	ok(futex(&words[0], WAKE_BITSET | PRIVATE, 10, NULL, NULL, 2) == 1,
		"a bitset wakes whom it meets");
	ok(futex(&words[0], WAKE | PRIVATE, 1, NULL, NULL, 0) == 1, "one is woken");
	ok(wait_for(&woken, 2), "and both run");
	ok(futex(&words[0], CMP_REQUEUE | PRIVATE, 1, (void *)1, &words[1], 0) == 2,
		"one woken, one moved");
	ok(wait_for(&woken, 3), "the woken one runs");
	ok(futex(&words[1], WAKE | PRIVATE, 10, NULL, NULL, 0) == 1,
		"the moved one waits at the other word");
	/* Sets words[1] to 7; it was 0, so its waiters (none) are woken too. */
	ok(futex(&words[0], WAKE_OP | PRIVATE, 10, (void *)10, &words[1],
		   0u << 28 | 0u << 24 | 7u << 12 | 0u) == 1 &&
			words[1] == 7,
		"WAKE_OP changes a word and wakes");
	for (int i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	ok(woken == 5, "all have run");
}

static void test_shared(void)
{
	uint32_t *word =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit((int)futex(word, WAIT, 0, NULL, NULL, 0));
	for (int i = 0; i < 2000 && futex(word, WAKE, 1, NULL, NULL, 0) == 0; i++)
		usleep(1000);
	waitpid(child, &status, 0);
	ok(status == 0, "processes meet in shared memory");
	munmap(word, 4096);
}

/* --- threads --- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long total;

static void *add(void *unused)
{
	for (int i = 0; i < 20000; i++) {
		pthread_mutex_lock(&mutex);
		total++;
		pthread_mutex_unlock(&mutex);
	}
	return unused;
}

static void test_mutex(void)
{
	pthread_t threads[4];
	int good = 1;

	for (int i = 0; i < 4; i++)
		good &= pthread_create(&threads[i], NULL, add, NULL) == 0;
	for (int i = 0; i < 4; i++)
		good &= pthread_join(threads[i], NULL) == 0;
	ok(good && total == 80000, "a mutex excludes");
}

static int turn;

static void *take_turns(void *mine)
{
	for (int i = 0; i < 500; i++) {
		pthread_mutex_lock(&mutex);
		while (turn != (int)(intptr_t)mine)
			pthread_cond_wait(&condition, &mutex);
		turn = !turn;
		pthread_cond_broadcast(&condition);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void test_condition(void)
{
	pthread_t threads[2];

	pthread_create(&threads[0], NULL, take_turns, (void *)0);
	pthread_create(&threads[1], NULL, take_turns, (void *)1);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	ok(turn == 0, "a thousand turns by a condition");
}

static void *nothing(void *argument)
{
	return argument;
}

static void test_many_threads(void)
{
	int good = 1;

	for (intptr_t i = 0; i < 300; i++) {
		pthread_t thread;
		void *answer = NULL;

		good &= pthread_create(&thread, NULL, nothing, (void *)i) == 0 &&
			pthread_join(thread, &answer) == 0 && answer == (void *)i;
	}
	ok(good, "threads come and go");
}

static __thread int own = 1;

static void *change_own(void *unused)
{
	own = 2;
	return unused;
}

static void test_thread_storage(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, change_own, NULL);
	pthread_join(thread, NULL);
	ok(own == 1, "each thread has its own storage");
}

static void *exit_the_process(void *unused)
{
	(void)unused;
	usleep(2000);
	exit(33);
}

static void test_leader_leaves(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		pthread_t thread;

		pthread_create(&thread, NULL, exit_the_process, NULL);
		pthread_exit(NULL);
	}
	waitpid(child, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 33,
		"a process lives on without its first thread");
}

static pthread_mutex_t robust;

static void *die_with_mutex(void *unused)
{
	pthread_mutex_lock(&robust);
	return unused;
}

static void test_robust(void)
{
	pthread_mutexattr_t attribute;
	pthread_t thread;

	pthread_mutexattr_init(&attribute);
	pthread_mutexattr_setrobust(&attribute, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &attribute);
	pthread_create(&thread, NULL, die_with_mutex, NULL);
	pthread_join(thread, NULL);
	ok(pthread_mutex_lock(&robust) == EOWNERDEAD, "a robust mutex tells that its owner died");
}

/* --- clocks --- */

static void test_clocks(void)
{
	struct timespec time, nap = { 0, 10000000 }, bad = { 0, -1 };
	uint64_t before = now_ns(CLOCK_MONOTONIC), used;

	ok(nanosleep(&nap, NULL) == 0 && now_ns(CLOCK_MONOTONIC) - before >= 10000000,
		"a sleep takes its time");
	time.tv_sec = (time_t)((before + 40000000) / 1000000000);
	time.tv_nsec = (long)((before + 40000000) % 1000000000);
	ok(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == 0 &&
		   now_ns(CLOCK_MONOTONIC) >= before + 40000000,
	   "an absolute sleep ends when it should");
	ok(fails_with(nanosleep(&bad, NULL), EINVAL), "negative nanoseconds are EINVAL");
	ok(fails_with(clock_gettime(99, &time), EINVAL), "clock 99 is EINVAL");
	ok(fails_with(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, 8), EFAULT),
		"a wild address is EFAULT");
	used = now_ns(CLOCK_THREAD_CPUTIME_ID);
	for (volatile int i = 0; i < 1000000; i++)
		;
	ok(now_ns(CLOCK_THREAD_CPUTIME_ID) > used && now_ns(CLOCK_PROCESS_CPUTIME_ID) > used,
	   "CPU time goes on while computing");
	uint64_t least = UINT64_MAX; /* a CPU that stands still for a moment counts, too */
	for (int i = 0; i < 5; i++) {
		used = now_ns(CLOCK_THREAD_CPUTIME_ID);
		nanosleep(&nap, NULL);
		used = now_ns(CLOCK_THREAD_CPUTIME_ID) - used;
		least = used < least ? used : least;
	}
	ok(least < 8000000, "and hardly while asleep");
}

int main(void)
{
	test_errors();
	test_wake_and_requeue();
	test_shared();
	test_mutex();
	test_condition();
	test_many_threads();
	test_thread_storage();
	test_leader_leaves();
	test_robust();
	test_clocks();
	return tap_done();
}
