// SPDX-License-Identifier: Apache-2.0
/*
 * stress.c - everything at once for a few seconds: moves, pins, masks, forks, execs, pipes, futexes,
 * signals, kills, sleeps, page tables, groups made and removed. Each role knows what must hold in
 * it and counts where it did not; afterwards everybody has gone on, has ended, and nothing is left.
 *
 *	stress [SECONDS [SEED [rulers]]]
 *
 * With rulers CPUs go and come, partitions too, groups are frozen, killed, weighed and bounded, and tasks
 * change their class meanwhile; seed 0 is the time.
 *
 * Here are the roles' list and what they share; the roles themselves are in stress_*.c.
 */
#include "tests/guest/stress.h"

#include "tests/guest/tap.h"

enum { GRACE_SECONDS = 25 };

struct shared *shared;
int cpus, role_now;
uint64_t random_state;

int is_over(void)
{
	return atomic_load_explicit(&shared->stop, memory_order_relaxed);
}

void count(void)
{
	atomic_fetch_add(&shared->progress[role_now], 1);
}

void require(int condition, const char *format, ...)
{
	char text[200];
	va_list arguments;

	if (condition || atomic_fetch_add(&shared->failures, 1) > 20)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	dprintf(1, "# %s\n", text);
}

uint32_t chance(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % below;
}

void pause_ns(long nanoseconds)
{
	struct timespec time = { .tv_nsec = nanoseconds };

	nanosleep(&time, NULL);
}

int64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int reap(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* ---- all of it ---- */

static const struct {
	const char *name;
	void (*play)(int index);
	int copies;
} roles[] = {
	{ "wardens", warden, 3 },   { "crowds", crowd, 2 },         { "forkers", forker, 2 },
	{ "killers", killer, 2 },   { "gardeners", gardener, 2 },   { "pipes", pipes, 2 },
	{ "adders", adder, 3 },     { "signallers", signaller, 2 }, { "sleepers", sleeper, 2 },
	{ "mappers", mapper, 1 },
	{ "pluggers", plugger, 1 },     { "partitioners", partitioner, 1 }, { "freezers", freezer, 1 },
	{ "reapers", reaper, 1 },       { "weighers", weigher, 1 },         { "classifiers", classifier, 2 },
};
enum { RULERS = 6, ROLES = sizeof(roles) / sizeof(roles[0]) };
static int role_count; /* without the rulers, or with them */

static int start_roles(uint64_t seed)
{
	int started = 0;

	for (role_now = 0; role_now < role_count; role_now++) {
		for (int i = 0; i < roles[role_now].copies; i++) {
			pid_t child = fork();
			if (child == 0) {
				random_state = (seed + 1) * 0x9e3779b97f4a7c15UL + (uint64_t)started;
				group_move(i % 2 ? "stress/other" : "stress/roles", 0);
				atomic_fetch_add(&shared->running[role_now], 1);
				roles[role_now].play(i);
				atomic_fetch_sub(&shared->running[role_now], 1);
				_exit(0);
			}
			started += child > 0;
		}
	}
	return started;
}

/* Answers how many roles have ended, of themselves and well. */
static int end_roles(int started)
{
	int64_t limit = now_ns() + GRACE_SECONDS * 1000000000LL;
	int ended = 0, well = 0, status;

	atomic_store(&shared->stop, 1);
	while (ended < started && now_ns() < limit) {
		pid_t child = waitpid(-1, &status, WNOHANG);
		ended += child > 0;
		well += child > 0 && status == 0;
		if (child == 0)
			pause_ns(1000000);
	}
	for (int i = 0; i < role_count; i++)
		if (shared->running[i])
			printf("# %d %s are stuck\n", shared->running[i], roles[i].name);
	return well;
}

/* After all this a group still counts exactly what is in it: equal weights have equal parts. */
static double parts_ratio(void)
{
	static const char *const groups[] = { "calm", "stress/other" };
	long long before[2], after[2];
	pid_t children[2];

	for (int i = 0; i < 2; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			group_move(groups[i], 0);
			pin(0, 1);
			for (;;)
				;
		}
	}
	pause_ns(100000000);
	for (int i = 0; i < 2; i++)
		before[i] = group_number(groups[i], "cpu.stat", "usage_usec");
	pause_ns(600000000);
	for (int i = 0; i < 2; i++) {
		after[i] = group_number(groups[i], "cpu.stat", "usage_usec");
		kill(children[i], SIGKILL);
	}
	for (int i = 0; i < 2; i++)
		reap(children[i]);
	return (double)(after[0] - before[0]) / (double)(after[1] - before[1] + 1);
}

static void prepare(void)
{
	pthread_mutexattr_t attributes;
	size_t size = sizeof(*shared) + 2 * ROLES_MAX * sizeof(*cells);

	shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		exit(1);
	cells = (struct cell *)(shared + 1);
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&shared->lock, &attributes);
	cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	cpus = cpus < 64 ? cpus : 64;
	if (role_count == ROLES)
		cpus /= 2;
	group_put("", "cgroup.subtree_control", "+cpuset +cpu");
	ok(!group_make("stress") && !group_make("calm") &&
		   !group_put("stress", "cgroup.subtree_control", "+cpuset +cpu") &&
		   !group_make("stress/roles") && !group_make("stress/other"), "the groups are there");
}

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 1 ? (unsigned int)atoi(argv[1]) : 5;

	if (argc > 1 && !strcmp(argv[1], "exec"))
		return 7;
	role_count = argc > 3 ? ROLES : ROLES - RULERS;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
	seed = seed ? seed : (uint64_t)now_ns();
	printf("# seed %llu\n", (unsigned long long)seed);
	prepare();
	int started = start_roles(seed);
	for (int64_t end = now_ns() + seconds * 1000000000LL; now_ns() < end;)
		pause_ns(50000000);
	int ended = end_roles(started);
	ok(ended == started, "%d roles end as they should (%d)", started, ended);
	for (int i = 0; i < role_count; i++)
		ok(shared->progress[i] > 0, "%s go on (%ld times)", roles[i].name,
		   (long)shared->progress[i]);
	ok(shared->failures == 0, "nothing happens that must not (%d)", shared->failures);
	ok(shared->counted == shared->added, "a mutex holds (%ld of %ld)", shared->counted,
	   (long)shared->added);
	if (ended != started)
		return tap_done();
	ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "nobody is left");
	double ratio = parts_ratio();
	for (int more = 0; more < 4 && (ratio < 0.8 || ratio > 1.25); more++)
		ratio = parts_ratio(); /* a busy host disturbs once, a wrong count always */
	ok(ratio > 0.8 && ratio < 1.25, "equal weights have equal parts (%.2f)", ratio);
	ok(group_remove("calm") == 0 && group_remove("stress/roles") == 0 &&
		   group_remove("stress/other") == 0 && group_is("stress", "cgroup.procs", "") &&
		   group_remove("stress") == 0, "the groups are empty and go");
	return tap_done();
}
