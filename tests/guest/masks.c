// SPDX-License-Identifier: Apache-2.0
/*
 * masks.c - a task is never seen outside its mask, whoever changes it and however.
 *
 * Samplers ask for their CPU as fast as they can. A changer pins them, moves them and narrows their
 * groups, and publishes for each sampler a word: a sequence number and the mask in force. Before a
 * change it publishes old | new, after the call has returned, new. A sampler that reads the same
 * word before and after it asked for its CPU must be inside that mask: so the words prove both that
 * a mask holds and that changing it is synchronous.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { SAMPLERS_MAX = 10, SAMPLES = 1000000, CHANGES_LEAST = 300, CPUS_MAX = 8 };

/* How a sampler spends the time between two samples. */
enum manner { SPINS, YIELDS, NAPS, MANNERS };

struct sampler {
	_Atomic uint64_t word; /* sequence << CPUS_MAX | mask */
	_Atomic uint64_t samples;
	_Atomic uint64_t outside;
	_Atomic uint64_t example; /* the first mistake: word, and the CPU above it */
	char padding[32];
};

/* What the changer knows of a sampler. */
struct subject {
	pid_t pid;
	unsigned int pin;  /* its last sched_setaffinity */
	unsigned int home; /* its group: 0 or 1 */
	unsigned int mask; /* in force */
};

static struct sampler *shared;
static struct subject subjects[SAMPLERS_MAX];
static int sampler_count, cpus;
static unsigned int all, home_mask[2];
static const char *const home_name[2] = { "masks/a", "masks/b" };
static uint64_t seed = 20260101;

static unsigned int choose(unsigned int below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(seed >> 33) % below;
}

static unsigned int choose_mask(void)
{
	return 1 + choose(all);
}

static void sample(struct sampler *me, enum manner manner)
{
	static const struct timespec nap = { .tv_nsec = 20000 };

	for (;;) {
		for (int i = 0; i < 16; i++) {
			uint64_t before = atomic_load(&me->word);
			unsigned int cpu = (unsigned int)sched_getcpu();
			uint64_t after = atomic_load(&me->word);
			if (before == after && !(before >> cpu & 1 && cpu < CPUS_MAX) &&
			    atomic_fetch_add(&me->outside, 1) == 0)
				me->example = before << 8 | cpu;
		}
		atomic_fetch_add(&me->samples, 16);
		if (manner == YIELDS)
			sched_yield();
		else if (manner == NAPS)
			nanosleep(&nap, NULL);
	}
}

static void publish(int which, unsigned int mask)
{
	uint64_t word = atomic_load(&shared[which].word);

	word = ((word >> CPUS_MAX) + 1) << CPUS_MAX | mask;
	atomic_store(&shared[which].word, word);
}

/* Where the tree lets a task run: its node's mask and its pin, or the node's alone. */
static unsigned int in_force(const struct subject *subject)
{
	unsigned int both = home_mask[subject->home] & subject->pin;

	return both ? both : home_mask[subject->home];
}

/* Publishes old | new for everyone whose mask the change alters, before and after it. */
static void announce(void)
{
	for (int i = 0; i < sampler_count; i++)
		if (in_force(&subjects[i]) != subjects[i].mask)
			publish(i, subjects[i].mask | in_force(&subjects[i]));
}

static void conclude(void)
{
	for (int i = 0; i < sampler_count; i++) {
		if (in_force(&subjects[i]) == subjects[i].mask)
			continue;
		subjects[i].mask = in_force(&subjects[i]);
		publish(i, subjects[i].mask);
	}
}

static int change_pin(void)
{
	struct subject *subject = &subjects[choose((unsigned int)sampler_count)];
	unsigned long mask = choose_mask();

	if (!(mask & home_mask[subject->home])) {
		/* Refused: nothing may change. */
		return sched_setaffinity(subject->pid, sizeof(mask), (cpu_set_t *)&mask) == -1 &&
		       errno == EINVAL;
	}
	subject->pin = (unsigned int)mask;
	announce();
	int error = sched_setaffinity(subject->pid, sizeof(mask), (cpu_set_t *)&mask);
	conclude();
	return error == 0;
}

static int change_group(void)
{
	unsigned int which = choose(2);
	unsigned int mask = choose_mask();
	char text[64] = "";

	for (int cpu = 0; cpu < cpus; cpu++)
		if (mask >> cpu & 1)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%d,", cpu);
	home_mask[which] = mask;
	announce();
	int error = group_put(home_name[which], "cpuset.cpus", text);
	conclude();
	return error == 0;
}

static int change_home(void)
{
	struct subject *subject = &subjects[choose((unsigned int)sampler_count)];

	subject->home ^= 1;
	announce();
	int error = group_move(home_name[subject->home], subject->pid);
	conclude();
	return error == 0;
}

static uint64_t samples_taken(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < sampler_count; i++)
		sum += atomic_load(&shared[i].samples);
	return sum;
}

/* Changes until `goal` samples have been taken; the changer breathes so that samplers are hit in
 * every state. */
static void run_phase(const char *name, int (*const *changes)(void), unsigned int count,
		      uint64_t goal)
{
	static const struct timespec pause = { .tv_nsec = 100000 };
	uint64_t end = samples_taken() + goal, outside = 0, made = 0, failed = 0;

	while (samples_taken() < end || made < CHANGES_LEAST) {
		failed += !changes[choose(count)]();
		if (++made % 8 == 0)
			nanosleep(&pause, NULL);
	}
	for (int i = 0; i < sampler_count; i++) {
		outside += atomic_load(&shared[i].outside);
		if (shared[i].outside)
			printf("# sampler %d: on CPU %u with mask %#x in force\n", i,
			       (unsigned int)shared[i].example & 0xff,
			       (unsigned int)(shared[i].example >> 8) & 0xff);
	}
	ok(failed == 0, "%s: each of %llu changes answers as it should (%llu do not)", name,
	   (unsigned long long)made, (unsigned long long)failed);
	ok(outside == 0, "%s: no sample of %llu is outside the mask in force (%llu are)", name,
	   (unsigned long long)goal, (unsigned long long)outside);
}

/* The CPU of a task, as /proc/PID/stat has it in field 39. */
static int cpu_of(pid_t pid)
{
	char path[32], text[1024];
	int cpu = -1, field = 2;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY);
	ssize_t length = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	for (char *at = strrchr(text, ')'); at; at = strchr(at + 1, ' '))
		if (++field == 40)
			cpu = atoi(at);
	return cpu;
}

/* A task that is busy inside the kernel has left its CPU, too, when the call returns. */
static void test_inside_the_kernel(void)
{
	enum { MOVES = 200, CHUNK = 1 << 20 };
	int late = 0, errors = 0;

	pid_t reader = fork();
	if (reader == 0) {
		char *chunk = malloc(CHUNK);
		int zero = open("/dev/zero", O_RDONLY);
		while (read(zero, chunk, CHUNK) == CHUNK)
			;
		_exit(1);
	}
	for (int i = 0; i < MOVES; i++) {
		static const struct timespec pause = { .tv_nsec = 50000 };
		unsigned long mask = i & 1 ? 1 : 2;
		errors += sched_setaffinity(reader, sizeof(mask), (cpu_set_t *)&mask) != 0;
		/* Between two CPUs, running on neither, it names the old one: rarely twice. */
		late += cpu_of(reader) != !(i & 1) && cpu_of(reader) != !(i & 1);
		nanosleep(&pause, NULL);
	}
	kill(reader, SIGKILL);
	waitpid(reader, NULL, 0);
	ok(errors == 0 && late < MOVES / 10,
	   "a task in a system call has moved when the call returns (%d of %d late)", late, MOVES);
}

static int start_samplers(void)
{
	shared = mmap(NULL, sizeof(*shared) * SAMPLERS_MAX, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -errno;
	sampler_count = cpus + 2;
	for (int i = 0; i < sampler_count; i++) {
		subjects[i] = (struct subject){ .pin = all, .mask = all };
		publish(i, all);
		subjects[i].pid = fork();
		if (subjects[i].pid == 0)
			sample(&shared[i], (enum manner)(i % MANNERS));
		if (subjects[i].pid < 0)
			return -errno;
		int error = group_move(home_name[0], subjects[i].pid);
		if (error)
			return error;
	}
	return 0;
}

int main(void)
{
	static int (*const every[])(void) = { change_pin, change_group, change_home };
	unsigned long wide = 0;
	int error = 0;

	cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	cpus = cpus < CPUS_MAX ? cpus : CPUS_MAX;
	all = (1U << cpus) - 1;
	wide = all;
	ok(sched_setaffinity(0, sizeof(wide), (cpu_set_t *)&wide) == 0, "the changer runs anywhere");
	if (cpus > 1)
		test_inside_the_kernel();
	group_put("", "cgroup.subtree_control", "+cpuset +cpu");
	error = group_make("masks");
	error = error ? error : group_put("masks", "cgroup.subtree_control", "+cpuset +cpu");
	for (int i = 0; i < 2 && !error; i++) {
		home_mask[i] = all;
		error = group_make(home_name[i]);
	}
	error = error ? error : start_samplers();
	if (!ok(error == 0, "two groups and %d samplers start (%s)", sampler_count, strerror(-error)))
		return tap_done();

	run_phase("pinned by another process", &every[0], 1, SAMPLES / 4);
	run_phase("group's cpuset.cpus written", &every[1], 1, SAMPLES / 4);
	run_phase("moved between groups", &every[2], 1, SAMPLES / 4);
	run_phase("all at once", every, 3, SAMPLES / 4);

	for (int i = 0; i < sampler_count; i++)
		kill(subjects[i].pid, SIGKILL);
	for (int i = 0; i < sampler_count; i++)
		waitpid(subjects[i].pid, NULL, 0);
	ok(!group_remove("masks/a") && !group_remove("masks/b") && !group_remove("masks"),
	   "the groups are empty and go");
	return tap_done();
}
