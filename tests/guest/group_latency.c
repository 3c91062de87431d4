// SPDX-License-Identifier: Apache-2.0
/*
 * group_latency.c - what a group's sched.qos and sched.latency_ms change for its tasks: when they run after they
 * wake, and not how much the group gets. In virtual time.
 *
 * Two groups of equal weight with the same tasks: on each CPU some that always run, and one that wakes every few
 * milliseconds and works for one. (One that works less is hardly ever late, whatever its class: it is owed more than
 * it takes.)
 */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/mman.h>

#include "tests/guest/clock.h"
#include "tests/guest/group.h"
#include "tests/guest/tap.h"
#include "tests/guest/tasks.h"

enum { MS = 1000000, SPINNERS = 2, CPUS_MAX = 4, WAKES_MAX = 2000, SPAN_MS = 5000 };
enum { PLAIN, FAVOURED, GROUPS };

static const char *const names[GROUPS] = { "plain", "favoured" };

static struct lateness {
	atomic_int count;
	int64_t late_ns[WAKES_MAX];
} *lateness; /* of each group */

static atomic_int *measuring;

static _Noreturn void spin(void)
{
	for (volatile unsigned long turns = 0;; turns++)
		;
}

static _Noreturn void wake_often(struct lateness *mine)
{
	for (;;) {
		int64_t due = now_ns() + 7 * MS;
		struct timespec when = { due / 1000000000, due % 1000000000 };

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
		int64_t begin = now_ns();
		if (*measuring) {
			int index = atomic_fetch_add(&mine->count, 1);
			if (index < WAKES_MAX)
				mine->late_ns[index] = begin - due;
		}
		while (now_ns() < begin + MS)
			;
	}
}

static void start_in(int group, long cpus)
{
	for (long i = 0; i < cpus * (SPINNERS + 1); i++) {
		pid_t child = fork();

		if (child == 0) {
			group_move(names[group], 0);
			if (i < cpus)
				wake_often(&lateness[group]);
			spin();
		}
		tasks[task_count++] = child;
	}
}

static int by_value(const void *a, const void *b)
{
	int64_t difference = *(const int64_t *)a - *(const int64_t *)b;

	return difference < 0 ? -1 : difference > 0;
}

static int64_t median_of(struct lateness *of)
{
	int count = of->count < WAKES_MAX ? of->count : WAKES_MAX;

	qsort(of->late_ns, (size_t)count, sizeof(of->late_ns[0]), by_value);
	return count ? of->late_ns[count / 2] : -1;
}

/* Whether the favoured group, with that in that file of its, is four times as soon. */
static void test(const char *file, const char *value, int is_sooner)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	long long used_us[GROUPS];
	int64_t median_us[GROUPS];

	for (int group = 0; group < GROUPS; group++) {
		group_make(names[group]);
		lateness[group].count = 0;
		if (group == FAVOURED)
			ok(group_put(names[group], file, value) == 0, "%s: %s", file, value);
		start_in(group, cpus);
	}
	usleep(300000);
	for (int group = 0; group < GROUPS; group++)
		used_us[group] = -group_number(names[group], "cpu.stat", "usage_usec");
	*measuring = 1;
	usleep(SPAN_MS * 1000);
	*measuring = 0;
	for (int group = 0; group < GROUPS; group++)
		used_us[group] += group_number(names[group], "cpu.stat", "usage_usec");
	for (int group = 0; group < GROUPS; group++) {
		median_us[group] = median_of(&lateness[group]) / 1000;
		printf("# %s: median of %d wake-ups %lld us, %lld us of CPU time\n", names[group],
		       lateness[group].count, (long long)median_us[group], used_us[group]);
		ok(lateness[group].count > 100 * cpus, "%s has enough wake-ups", names[group]);
	}
	if (is_sooner)
		ok(median_us[FAVOURED] * 4 <= median_us[PLAIN], "its tasks wake in a quarter of the time");
	else
		ok(median_us[FAVOURED] * 4 > median_us[PLAIN], "its tasks wake like others");
	ok(llabs(used_us[FAVOURED] - used_us[PLAIN]) * 50 <= used_us[PLAIN], "and it ends with the same share");
	end_all();
	for (int group = 0; group < GROUPS; group++)
		ok(group_remove(names[group]) == 0, "the end of %s", names[group]);
}

int main(void)
{
	lateness = mmap(NULL, GROUPS * sizeof(*lateness) + sizeof(*measuring), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	measuring = (atomic_int *)(lateness + GROUPS);
	ok(group_put("", "cgroup.subtree_control", "+cpu") == 0, "groups have weights");
	test("sched.qos", "interactive", 1);
	test("sched.latency_ms", "1", 1);
	test("sched.qos", "normal", 0);
	return tap_done();
}
