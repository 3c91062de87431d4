// SPDX-License-Identifier: Apache-2.0
/*
 * pressure.c - cpu.pressure: who waits, who stands still, and for how long. Meant for virtual time on
 * two CPUs; the second one is the test's own.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>

#include "tests/guest/rival.h"
#include "tests/guest/tap.h"
#include "tests/guest/tasks.h"

enum { MEASURE_US = 1000000, TOLERANCE_PERCENT = 4 };

static void spin(void)
{
	for (;;)
		;
}

/* Works 3 ms, sleeps 3 ms. */
static void doze(void)
{
	for (;;) {
		int64_t end = now_ns() + 3 * MILLISECOND;

		while (now_ns() < end)
			;
		sleep_ms(3);
	}
}

static void start(const char *group, unsigned long cpus, void (*body)(void), int count)
{
	while (count--) {
		pid_t child = fork();
		if (child == 0) {
			group_move(group, 0);
			pin(cpus);
			body();
		}
		tasks[task_count++] = child;
	}
}

/* A field of a line of the file: "avg10", "total". */
static double field(const char *group, const char *line, const char *name)
{
	char text[GROUP_PATH];

	if (group_get(group, "cpu.pressure", text, sizeof(text)) < 0)
		return -1;
	char *at = strstr(text, line);
	at = at ? strstr(at, name) : NULL;
	return at ? atof(at + strlen(name) + 1) : -1;
}

struct reading {
	const char *group;
	double some, full; /* percent that are due */
	double some_us, full_us;
};

/* What the groups read over a second, against what is due. */
static void expect(const char *what, struct reading *readings, int count)
{
	sleep_us(100000);
	for (int i = 0; i < count; i++) {
		readings[i].some_us = field(readings[i].group, "some", "total");
		readings[i].full_us = field(readings[i].group, "full", "total");
	}
	sleep_us(MEASURE_US);
	for (int i = 0; i < count; i++) {
		struct reading *reading = &readings[i];
		double some = (field(reading->group, "some", "total") - reading->some_us) / MEASURE_US * 100;
		double full = (field(reading->group, "full", "total") - reading->full_us) / MEASURE_US * 100;
		double off = some - reading->some, off_full = full - reading->full;
		ok(off < TOLERANCE_PERCENT && off > -TOLERANCE_PERCENT && off_full < TOLERANCE_PERCENT &&
		   off_full > -TOLERANCE_PERCENT, "%s: '%s' some %.1f %%, full %.1f %% (due %.0f, %.0f)",
		   what, reading->group, some, full, reading->some, reading->full);
	}
	end_all();
}

#define DUE(name, of_some, of_full) { .group = (name), .some = (of_some), .full = (of_full) }
#define EXPECT(what, ...) \
	expect(what, (struct reading[])__VA_ARGS__, sizeof((struct reading[])__VA_ARGS__) / sizeof(struct reading))

static void test_totals(void)
{
	start("p/a", 1, spin, 1);
	EXPECT("alone", { DUE("p/a", 0, 0), DUE("p", 0, 0), DUE("", 0, 0) });
	start("p/a", 1, spin, 2);
	EXPECT("two of one group", { DUE("p/a", 100, 0), DUE("p", 100, 0), DUE("p/b", 0, 0) });
	start("p/a", 1, spin, 1);
	start("p/b/deep/er", 1, spin, 1);
	EXPECT("one each of two groups",
	       { DUE("p/a", 50, 50), DUE("p/b/deep/er", 50, 50), DUE("p/b", 50, 50), DUE("p", 100, 0) });
	group_put("p/b", "cpu.max", "30000 100000");
	start("p/b/deep", 1, spin, 1);
	EXPECT("one that waits for its quota",
	       { DUE("p/b/deep", 70, 70), DUE("p/b", 70, 70), DUE("p/b/deep/er", 0, 0) });
	group_put("p/b", "cpu.max", "max");
	start("p/a", 1, doze, 1);
	EXPECT("one that sleeps half of its time", { DUE("p/a", 0, 0), DUE("p", 0, 0) });
	/* Of the three spinners the two of p/a share its half: on CPU 0 its one has a third. */
	start("p/a", 1, spin, 1);
	start("p/a", 2, spin, 1);
	start("p/b", 1, spin, 1);
	EXPECT("stalled on one of two CPUs", { DUE("p/a", 33, 33) });
}

static void test_averages(void)
{
	char text[256], line[64] = "";
	group_make("p/fresh");
	start("p/fresh", 1, spin, 2);
	for (int i = 0; i < 3; i++) {
		sleep_us(2010000);
		field("p/fresh", "some", "total");
	}
	double avg10 = field("p/fresh", "some", "avg10"), avg300 = field("p/fresh", "some", "avg300");
	ok(avg10 > 41 && avg10 < 49, "after 6 s of stall avg10 is 45 %% (%.2f)", avg10);
	ok(avg300 > 1.5 && avg300 < 2.5, "and avg300 2 %% (%.2f)", avg300);
	end_all();
	FILE *file = fopen("/proc/pressure/cpu", "r");
	ok(file && fgets(line, sizeof(line), file) && !strncmp(line, "some avg10=", 11) &&
	   fgets(text, sizeof(text), file) && !strcmp(text, "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"),
	   "/proc/pressure/cpu shows the machine's");
	if (file)
		fclose(file);
}

int main(void)
{
	static const char *const groups[] = { "p", "p/a", "p/b", "p/b/deep", "p/b/deep/er" };

	pin(2);
	group_put("", "cgroup.subtree_control", "+cpu");
	for (int i = 0; i < 5; i++) {
		group_make(groups[i]);
		if (i != 1 && i < 4)
			group_put(groups[i], "cgroup.subtree_control", "+cpu");
	}
	test_totals();
	test_averages();
	int left = group_remove("p/fresh") != 0;
	for (int i = 5; i--;)
		left += group_remove(groups[i]) != 0;
	ok(left == 0, "nothing is left");
	return tap_done();
}
