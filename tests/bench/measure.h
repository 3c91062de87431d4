// SPDX-License-Identifier: Apache-2.0
/*
 * measure.h - what treebench measures with: clocks and counters, reports, and the pseudo-files.
 *
 * A report is a line "name value unit". A measure that cannot run prints "name skip REASON".
 */
#ifndef TESTS_BENCH_MEASURE_H
#define TESTS_BENCH_MEASURE_H

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FANOUT   10
#define PATH_LEN 96

static const char *cgroot = "/sys/fs/cgroup";
static char top[64];    // our own subtree: tb in CGROOT, or DEPTH - 1 levels below it
static int scale = 100; // percent of the default operation counts
static int have_time, have_inst;

// ---------------------------------------------------------------- clocks

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#ifdef __riscv
static uint64_t rdtime(void)
{
	uint64_t v;
	__asm__ volatile("rdtime %0" : "=r"(v));
	return v;
}
static uint64_t rdinst(void)
{
	uint64_t v;
	__asm__ volatile("rdinstret %0" : "=r"(v));
	return v;
}
#else
static uint64_t rdtime(void)
{
	raise(SIGILL);
	return 0;
}
static uint64_t rdinst(void)
{
	raise(SIGILL);
	return 0;
}
#endif

static sigjmp_buf trap_env;
static void on_trap(int sig)
{
	(void)sig;
	siglongjmp(trap_env, 1);
}

static int works(uint64_t (*read_counter)(void))
{
	struct sigaction act = {.sa_handler = on_trap}, old;
	volatile int ok = 0;
	if (sigaction(SIGILL, &act, &old) < 0)
		return 0;
	if (sigsetjmp(trap_env, 1) == 0) { // it must also advance
		uint64_t a = read_counter();
		for (volatile int i = 0; i < 1000; i++) {
		}
		ok = read_counter() != a;
	}
	sigaction(SIGILL, &old, NULL);
	return ok;
}

typedef struct {
	uint64_t ns, inst, ticks;
} stamp;

static stamp take(void)
{
	stamp s = {0, 0, 0};
	if (have_inst)
		s.inst = rdinst();
	if (have_time)
		s.ticks = rdtime();
	s.ns = now_ns();
	return s;
}

static stamp minus(stamp a, stamp b)
{
	return (stamp){a.ns - b.ns, a.inst - b.inst, a.ticks - b.ticks};
}

static void report(const char *name, stamp d, double ops, const char *op)
{
	printf("%s %.1f ns/%s\n", name, d.ns / ops, op);
	if (have_inst)
		printf("%s.inst %.1f inst/%s\n", name, d.inst / ops, op);
	if (have_time)
		printf("%s.ticks %.2f ticks/%s\n", name, d.ticks / ops, op);
	fflush(stdout);
}

static void skip(const char *name)
{
	printf("%s skip %s\n", name, strerror(errno));
	fflush(stdout);
}

static long count(long n)
{
	n = n * scale / 100;
	return n < 2 ? 2 : n;
}

// Time `ops` calls of a function after a tenth as many for warming up.
static void measure(const char *name, int (*f)(long), long ops, const char *op)
{
	ops = count(ops);
	for (long i = 0; i < ops / 10 + 2; i++)
		if (f(i) < 0) {
			skip(name);
			return;
		}
	stamp a = take();
	for (long i = 0; i < ops; i++)
		f(i);
	report(name, minus(take(), a), (double)ops, op);
}

// ---------------------------------------------------------------- helpers

static int put(const char *dir, const char *file, const char *text)
{
	char p[PATH_LEN + 64];
	snprintf(p, sizeof p, "%s/%s", dir, file);
	int fd = open(p, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t r = write(fd, text, strlen(text));
	int e = errno;
	close(fd);
	errno = e;
	return r < 0 ? -1 : 0;
}

static int get(const char *dir, const char *file, char *buf, size_t size)
{
	char p[PATH_LEN + 64];
	snprintf(p, sizeof p, "%s/%s", dir, file);
	int fd = open(p, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t r = read(fd, buf, size - 1);
	int e = errno;
	close(fd);
	errno = e;
	if (r < 0)
		return -1;
	buf[r] = 0;
	buf[strcspn(buf, "\n")] = 0;
	return 0;
}

static int put_pid(const char *dir, pid_t pid)
{
	char t[16];
	snprintf(t, sizeof t, "%d", (int)pid);
	return put(dir, "cgroup.procs", t);
}

static int pin(int cpu)
{
	cpu_set_t m;
	CPU_ZERO(&m);
	CPU_SET(cpu, &m);
	return sched_setaffinity(0, sizeof m, &m);
}

static void doze(long ns)
{
	struct timespec t = {ns / 1000000000, ns % 1000000000};
	nanosleep(&t, NULL);
}

static void *shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

static int rmdir_retry(const char *dir)
{ // a dying task may pin it a while
	for (int i = 0; i < 2000; i++) {
		if (rmdir(dir) == 0 || errno == ENOENT)
			return 0;
		doze(1000000);
	}
	return -1;
}

static int fresh_top(void)
{ // make CGROOT/tb, empty
	if (mkdir(top, 0755) < 0 && errno != EEXIST)
		return -1;
	return 0;
}

// ---------------------------------------------------------------- depth

enum { DEPTH_MAX = 16 };
static int depth;                    // of the groups that tasks run in; 0: where we were started
static char level[DEPTH_MAX + 1][60]; // CGROOT, and a line of groups down to where our own are
static char other[DEPTH_MAX + 1][60]; // the same, and from the second level on another line
static char leaf[3][64];             // for tasks: siblings at the end of the line, and one at the end of the other

// Enter a leaf: 0 for the measuring task, 1 and 2 for a peer. Without a depth there are none.
static int enter(int which)
{
	return depth ? put_pid(leaf[which], getpid()) : 0;
}

// Make a line from a level on, the controllers on at every level.
static int make_line(char (*line)[60], int from, char name)
{
	for (int i = from; i < depth; i++) {
		snprintf(line[i], sizeof line[i], "%.57s/%c", line[i - 1], name);
		if (mkdir(line[i], 0755) < 0 || put(line[i], "cgroup.subtree_control", "+cpuset +cpu") < 0)
			return -1;
	}
	return 0;
}

// Make the lines and the leaves, and enter one.
static int descend(void)
{
	snprintf(level[0], sizeof level[0], "%s", cgroot);
	if (make_line(level, 1, 'd') < 0)
		return -1;
	memcpy(other, level, 2 * sizeof level[0]);
	if (make_line(other, 2, 'e') < 0)
		return -1;
	int last = depth ? depth - 1 : 0;
	snprintf(top, sizeof top, "%s/tb", level[last]);
	for (int k = 0; depth && k < 3; k++) {
		snprintf(leaf[k], sizeof leaf[k], "%s/%c", k < 2 ? level[last] : other[last], "xyz"[k]);
		if (mkdir(leaf[k], 0755) < 0)
			return -1;
	}
	return enter(0);
}

static void ascend(void)
{
	if (!depth || put_pid(cgroot, getpid()) < 0)
		return;
	for (int k = 0; k < 3; k++)
		rmdir_retry(leaf[k]);
	for (int i = depth - 1; i > 1; i--)
		rmdir_retry(other[i]);
	for (int i = depth - 1; i > 0; i--)
		rmdir_retry(level[i]);
}

#endif
