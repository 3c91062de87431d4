// SPDX-License-Identifier: Apache-2.0
/*
 * stress_words.c - words between tasks: pipes, mutexes, signals, sleeps.
 */
#include "tests/guest/stress.h"

void pipes(int index)
{
	int there[2], back[2];
	uint32_t number = 0, answer;

	(void)index;
	if (pipe(there) || pipe(back))
		return;
	pid_t child = fork();
	if (child == 0) {
		close(there[1]);
		while (read(there[0], &number, sizeof(number)) == sizeof(number))
			if (write(back[1], &number, sizeof(number)) != sizeof(number))
				_exit(1);
		_exit(0);
	}
	close(there[0]);
	close(back[1]);
	while (!is_over()) {
		number++;
		if (write(there[1], &number, sizeof(number)) != sizeof(number))
			break;
		int length = (int)read(back[0], &answer, sizeof(answer));
		require(length == sizeof(answer) && answer == number, "a pipe answers %u to %u", answer,
			number);
		count();
	}
	close(there[1]);
	require(reap(child) == 0, "the pipe's other end");
}

void adder(int index)
{
	(void)index;
	while (!is_over()) {
		pthread_mutex_lock(&shared->lock);
		long value = shared->counted;
		if (chance(64) == 0)
			sched_yield();
		shared->counted = value + 1;
		pthread_mutex_unlock(&shared->lock);
		atomic_fetch_add(&shared->added, 1);
		count();
	}
}

static void on_signal(int number)
{
	(void)number;
}

/* A group that is frozen and thawed again interrupts the wait, as on Linux. */
static int wait_for_signal(const sigset_t *set)
{
	const struct timespec limit = { .tv_sec = 30 };
	int number;

	while ((number = sigtimedwait(set, NULL, &limit)) < 0 && errno == EINTR)
		;
	return number;
}

/* Two processes that wait for each other's signal: one that is lost would stop both. */
void signaller(int index)
{
	pid_t parent = getpid(), child;
	sigset_t set;

	(void)index;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	child = fork();
	if (child == 0) {
		while (wait_for_signal(&set) == SIGUSR1)
			kill(parent, SIGUSR1);
		_exit(1);
	}
	while (!is_over()) {
		kill(child, SIGUSR1);
		int number = wait_for_signal(&set);
		require(number == SIGUSR1, "the signal does not come: %s", strerror(errno));
		count();
	}
	kill(child, SIGKILL);
	reap(child);
}

/* Sleeps that are cut short by an alarm, and those that are not: never too short. */
void sleeper(int index)
{
	(void)index;
	signal(SIGALRM, on_signal);
	while (!is_over()) {
		struct itimerval alarm = { .it_value.tv_usec = chance(2) ? 1 + chance(400) : 0 };
		struct timespec time = { .tv_nsec = chance(500000) }, left;
		int64_t start = now_ns();

		setitimer(ITIMER_REAL, &alarm, NULL);
		int64_t length = time.tv_nsec;
		if (nanosleep(&time, &left))
			length -= left.tv_nsec;
		require(now_ns() - start >= length, "a sleep of %ld ns took %ld", (long)length,
			(long)(now_ns() - start));
		count();
	}
}
