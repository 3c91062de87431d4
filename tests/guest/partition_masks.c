// SPDX-License-Identifier: Apache-2.0
/*
 * partition_masks.c - tasks stay on their CPUs while partitions come and go, and CPUs with them.
 *
 * Samplers in four groups, two of them below a third, ask for their CPU as fast as they can. A changer writes partitions, lists and
 * online files at random. Before each change it tells every sampler that anything goes; when the
 * write has returned, it tells them what their group's cpuset.cpus.effective says. A sampler that
 * reads the same word before and after it asked must be inside it.
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

enum { GROUPS = 4, EACH = 2, SAMPLERS = GROUPS * EACH, CPUS_MAX = 8, CHANGES = 600 };

struct sampler {
	_Atomic uint64_t word; /* sequence << CPUS_MAX | mask */
	_Atomic uint64_t samples, outside, example;
	char padding[32];
};

static const char *const groups[GROUPS] = { "", "s", "p/r", "p/q" };
static struct sampler *samplers;
static pid_t pids[SAMPLERS];
static int cpus;
static uint64_t seed = 20260202;

static unsigned int choose(unsigned int below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(seed >> 33) % below;
}

static void sample(struct sampler *me, int naps)
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
		if (naps)
			nanosleep(&nap, NULL);
	}
}

static void publish(int which, unsigned int mask)
{
	uint64_t word = atomic_load(&samplers[which].word);

	atomic_store(&samplers[which].word, ((word >> CPUS_MAX) + 1) << CPUS_MAX | mask);
}

static unsigned int parse_list(const char *text)
{
	unsigned int mask = 0, from, to;
	int used;

	while (sscanf(text, "%u%n", &from, &used) == 1) {
		to = from;
		text += used;
		if (*text == '-' && sscanf(text, "-%u%n", &to, &used) == 1)
			text += used;
		for (; from <= to; from++)
			mask |= 1U << from;
		text += *text == ',';
	}
	return mask;
}

/* Changes nothing: what each group has now. An empty one has no task that counts. */
static unsigned int conclude(void)
{
	unsigned int bad = 0;

	for (int group = 0; group < GROUPS; group++) {
		char text[64];
		group_get(groups[group], "cpuset.cpus.effective", text, sizeof(text));
		unsigned int mask = parse_list(text);
		bad += !mask;
		for (int i = 0; i < EACH; i++)
			publish(group * EACH + i, mask);
	}
	return bad;
}

static const char *choose_list(char *list, size_t size)
{
	unsigned int mask = 1 + choose((1U << cpus) - 1);

	list[0] = '\0';
	for (int cpu = 0; cpu < cpus; cpu++)
		if (mask >> cpu & 1)
			snprintf(list + strlen(list), size - strlen(list), "%d,", cpu);
	return list;
}

static void switch_cpu(void)
{
	char path[64];
	unsigned int cpu = choose((unsigned int)cpus);

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
	int fd = open(path, O_WRONLY);
	if (write(fd, choose(2) ? "1" : "0", 1) < 0 && errno != EBUSY)
		ok(0, "CPU %u: %s", cpu, strerror(errno));
	close(fd);
}

static void change(void)
{
	static const char *const kinds[] = { "member", "root", "isolated" };
	static const char *const targets[] = { "s", "p", "p/r", "p/q" };
	const char *group = targets[choose(4)];
	char list[64];

	switch (choose(8)) {
	case 0:
	case 1:
		group_put(group, "cpuset.cpus", choose_list(list, sizeof(list)));
		break;
	case 2:
		group_put(group, "cpuset.cpus.exclusive",
			  choose(3) ? choose_list(list, sizeof(list)) : "\n");
		break;
	case 3:
		switch_cpu();
		break;
	default:
		group_put(group, "cpuset.cpus.partition", kinds[choose(3)]);
	}
}

static void bring_all_online(void)
{
	for (int cpu = 0; cpu < cpus; cpu++) {
		char path[64];
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
		int fd = open(path, O_WRONLY);
		ok(fd >= 0 && write(fd, "1", 1) == 1, "CPU %d is back", cpu);
		close(fd);
	}
}

static int start(void)
{
	for (int i = 0; i < SAMPLERS; i++) {
		publish(i, (1U << cpus) - 1);
		pids[i] = fork();
		if (pids[i] == 0)
			sample(&samplers[i], i % 2);
		if (pids[i] < 0 || group_move(groups[i / EACH], pids[i]))
			return -errno;
	}
	return 0;
}

static int has_progress(int which)
{
	uint64_t before = atomic_load(&samplers[which].samples);

	for (int tries = 0; tries < 1000 && samplers[which].samples == before; tries++)
		usleep(2000);
	return samplers[which].samples > before;
}

int main(void)
{
	unsigned int partitions = 0, empty = 0;
	uint64_t outside = 0, samples = 0;
	char state[128];

	cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	cpus = cpus < CPUS_MAX ? cpus : CPUS_MAX;
	samplers = mmap(NULL, sizeof(*samplers) * SAMPLERS, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	group_put("", "cgroup.subtree_control", "+cpuset");
	ok(!group_make("s") && !group_make("p") &&
	   !group_put("p", "cgroup.subtree_control", "+cpuset") && !group_make("p/r") && !group_make("p/q"), "groups");
	ok(start() == 0, "samplers start");
	for (int made = 0; made < CHANGES; made++) {
		for (int i = 0; i < SAMPLERS; i++)
			publish(i, (1U << cpus) - 1);
		change();
		empty += conclude();
		group_get("p", "cpuset.cpus.partition", state, sizeof(state));
		partitions += !strcmp(state, "root") || !strcmp(state, "isolated");
		if (made % 4 == 0)
			usleep(300);
	}
	ok(partitions >= 5, "%u of %d times there was a partition", partitions, CHANGES);
	ok(empty == 0, "no group with tasks is ever without a CPU (%u times)", empty);
	for (int i = 0; i < SAMPLERS; i++) {
		outside += samplers[i].outside;
		if (samplers[i].outside)
			printf("# sampler %d: on CPU %u with mask %#x in force\n", i,
			       (unsigned int)samplers[i].example & 0xff,
			       (unsigned int)(samplers[i].example >> 8) & 0xff);
	}
	bring_all_online();
	for (int i = 0; i < SAMPLERS; i++) {
		ok(has_progress(i), "sampler %d still runs", i);
		samples += samplers[i].samples;
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	ok(outside == 0, "no sample of %llu is outside its group's mask (%llu are)",
	   (unsigned long long)samples, (unsigned long long)outside);
	ok(!group_remove("p/r") && !group_remove("p/q") && !group_remove("p") && !group_remove("s"), "the groups go");
	return tap_done();
}
