// SPDX-License-Identifier: Apache-2.0
/*
 * depth.c - what scheduling costs at a depth of the tree, in instructions.
 *
 *	depth depth MAX | idle GROUPS
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *root = "/sys/fs/cgroup";
static uint64_t inst(void)
{
	uint64_t v;
	__asm__ volatile("rdinstret %0" : "=r"(v));
	return v;
}
static uint64_t ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}
static void die(const char *s)
{
	printf("FAIL %s %s\n", s, strerror(errno));
	fflush(stdout);
	exit(1);
}
static void pin(int c)
{
	cpu_set_t m;
	CPU_ZERO(&m);
	CPU_SET(c, &m);
	if (sched_setaffinity(0, sizeof m, &m))
		die("pin");
}
static void doze(long n)
{
	struct timespec t = {n / 1000000000, n % 1000000000};
	nanosleep(&t, 0);
}
static int put(const char *dir, const char *file, const char *text)
{
	char p[512];
	snprintf(p, sizeof p, "%s/%s", dir, file);
	int fd = open(p, O_WRONLY);
	if (fd < 0)
		return -1;
	int r = write(fd, text, strlen(text));
	close(fd);
	return r < 0 ? -1 : 0;
}
static void join(const char *dir)
{
	if (put(dir, "cgroup.procs", "0") < 0)
		die(dir);
}

// chain: leaf[0], leaf[1] are siblings at depth d; root for d == 0
static char level[64][400], leaf[2][420];
static int made;
static const char *ctl = "+cpu";
static void chain_make(int d)
{
	strcpy(level[0], root);
	made = d;
	for (int i = 1; i < d; i++) {
		snprintf(level[i], 400, "%s/d%d", level[i - 1], i);
		if (mkdir(level[i], 0755) < 0)
			die("mkdir");
		if (put(level[i], "cgroup.subtree_control", ctl) < 0)
			die("subtree");
	}
	for (int k = 0; k < 2; k++) {
		if (d == 0) {
			strcpy(leaf[k], root);
			continue;
		}
		snprintf(leaf[k], 420, "%s/l%d", level[d - 1], k);
		if (mkdir(leaf[k], 0755) < 0)
			die("mkdir leaf");
	}
}
static void rm(const char *p)
{
	for (int i = 0; i < 2000; i++) {
		if (rmdir(p) == 0)
			return;
		doze(1000000);
	}
	die("rmdir");
}
static void chain_drop(void)
{
	if (!made)
		return;
	rm(leaf[0]);
	rm(leaf[1]);
	for (int i = made - 1; i > 0; i--)
		rm(level[i]);
}

static struct {
	_Atomic uint64_t start, end, n;
	_Atomic uint32_t word, ready, a, b;
	uint64_t v[2000], w[2000];
	_Atomic long sw;
} * sh;
static int by(const void *a, const void *b)
{
	uint64_t x = *(uint64_t *)a, y = *(uint64_t *)b;
	return x < y ? -1 : x > y;
}
static uint64_t med(uint64_t *v, int n)
{
	qsort(v, n, sizeof *v, by);
	return v[n / 2];
}

// pipe ping-pong between two children, in leaf x and leaf y
static double pingpong(const char *x, const char *y, int cx, int cy, long ops)
{
	int up[2], down[2];
	char c = 0;
	if (pipe(up) || pipe(down))
		die("pipe");
	pid_t b = fork();
	if (b == 0) {
		join(y);
		pin(cy);
		for (long i = 0; i < ops + 300; i++)
			if (read(up[0], &c, 1) != 1 || write(down[1], &c, 1) != 1)
				_exit(1);
		_exit(0);
	}
	pid_t a = fork();
	if (a == 0) {
		join(x);
		pin(cx);
		doze(20000000);
		for (long i = 0; i < ops + 300; i++) {
			if (i == 300)
				sh->start = inst();
			if (write(up[1], &c, 1) != 1 || read(down[0], &c, 1) != 1)
				_exit(1);
		}
		sh->end = inst();
		_exit(0);
	}
	int s1, s2;
	waitpid(a, &s1, 0);
	waitpid(b, &s2, 0);
	if (s1 || s2)
		die("pingpong");
	for (int k = 0; k < 2; k++) {
		close(up[k]);
		close(down[k]);
	}
	return (sh->end - sh->start) / (2.0 * ops);
}

static long fut(_Atomic uint32_t *w, int op, uint32_t v)
{
	return syscall(SYS_futex, w, op, v, 0, 0, 0);
}

// batch: the waiter is SCHED_BATCH so that it never preempts its waker: v = cost of the
// FUTEX_WAKE call itself.  else w = from before FUTEX_WAKE to the first instruction of the waiter.
static void wake(const char *x, const char *y, int batch, int n, uint64_t *call, uint64_t *lat)
{
	struct sched_param ordinary = {0};
	if (batch && sched_setscheduler(0, SCHED_BATCH, &ordinary)) {
		*call = *lat = 0; // a kernel without the class: not measured
		return;
	}
	if (batch)
		sched_setscheduler(0, SCHED_OTHER, &ordinary);
	memset((void *)sh, 0, sizeof *sh);
	pid_t b = fork();
	if (b == 0) {
		join(y);
		pin(0);
		struct sched_param sp = {0};
		if (batch && sched_setscheduler(0, SCHED_BATCH, &sp))
			_exit(1);
		for (uint32_t i = 0; i < (uint32_t)n; i++) {
			sh->ready = i + 1;
			while (sh->word == i)
				fut(&sh->word, FUTEX_WAIT, i);
			sh->w[i] = inst();
		}
		_exit(0);
	}
	pid_t a = fork();
	if (a == 0) {
		join(x);
		pin(0);
		static uint64_t t0[2000];
		for (uint32_t i = 0; i < (uint32_t)n; i++) {
			while (sh->ready != i + 1)
				doze(50000);
			doze(1000000);
			t0[i] = inst();
			sh->word = i + 1;
			fut(&sh->word, FUTEX_WAKE, 1);
			sh->v[i] = inst() - t0[i];
			while (sh->w[i] == 0)
				doze(50000);
		}
		for (int i = 0; i < n; i++)
			sh->w[i] -= t0[i];
		_exit(0);
	}
	int s1, s2;
	waitpid(a, &s1, 0);
	waitpid(b, &s2, 0);
	if (s1 || s2)
		die("wake");
	*call = med(sh->v, n);
	*lat = med(sh->w, n);
}

static double nowake(const char *x)
{
	pid_t a = fork();
	if (a == 0) {
		join(x);
		pin(0);
		static _Atomic uint32_t w;
		for (int i = 0; i < 100; i++)
			fut(&w, FUTEX_WAKE, 1);
		sh->start = inst();
		for (int i = 0; i < 5000; i++)
			fut(&w, FUTEX_WAKE, 1);
		sh->end = inst();
		_exit(0);
	}
	waitpid(a, 0, 0);
	return (sh->end - sh->start) / 5000.0;
}

static double yield1(const char *x)
{
	pid_t a = fork();
	if (a == 0) {
		join(x);
		pin(0);
		doze(5000000);
		for (int i = 0; i < 200; i++)
			sched_yield();
		sh->start = inst();
		for (int i = 0; i < 20000; i++)
			sched_yield();
		sh->end = inst();
		_exit(0);
	}
	waitpid(a, 0, 0);
	return (sh->end - sh->start) / 20000.0;
}

// two yielding processes: instructions per yield, and share of yields that switched
static double yield2(const char *x, const char *y, double *sw)
{
	sh->a = sh->b = 0;
	sh->sw = 0;
	pid_t p[2];
	for (int k = 0; k < 2; k++) {
		p[k] = fork();
		if (p[k] == 0) {
			join(k ? y : x);
			pin(0);
			struct rusage r0, r1;
			sh->a++;
			while (sh->a < 2)
				sched_yield();
			for (int i = 0; i < 500; i++)
				sched_yield();
			getrusage(RUSAGE_SELF, &r0);
			uint64_t s = inst(), m = 0, before;
			if (k == 0)
				sh->start = s;
			while (!sh->b) {
				sched_yield();
				m++;
				if (k == 0 && m == 10000) {
					getrusage(RUSAGE_SELF, &r1);
					sh->end = inst();
					sh->sw = r1.ru_nvcsw + r1.ru_nivcsw - r0.ru_nvcsw -
					         r0.ru_nivcsw;
					sh->b = 1;
				}
			}
			(void)before;
			_exit(0);
		}
	}
	int s1, s2;
	waitpid(p[0], &s1, 0);
	waitpid(p[1], &s2, 0);
	*sw = sh->sw / 10000.0; // switches away from process 0 per own yield
	return (sh->end - sh->start) /
	       10000.0; // instructions (both processes) per yield of process 0
}

static double forkcost(const char *x, int n)
{
	pid_t a = fork();
	if (a == 0) {
		join(x);
		pin(0);
		doze(5000000);
		for (int i = 0; i < n + n / 10; i++) {
			if (i == n / 10)
				sh->start = inst();
			pid_t p = fork();
			if (p == 0)
				_exit(0);
			if (p < 0 || waitpid(p, 0, 0) < 0)
				_exit(1);
		}
		sh->end = inst();
		_exit(0);
	}
	int s;
	waitpid(a, &s, 0);
	if (s)
		die("fork");
	return (sh->end - sh->start) / (double)n;
}

static void depths(int max)
{
	if (put(root, "cgroup.subtree_control", "-cpuset -pids") < 0)
		die("root");
	static const int d[] = {0, 1, 2, 4, 8, 16, 32};
	for (int k = 0; k < 7 && d[k] <= max; k++) {
		uint64_t c, l, c2, l2, x, n1 = 0, n2 = 0;
		double s = 0, s2 = 0, y2 = 0, y2s = 0, sib = 0;
		c2 = l2 = 0;
		chain_make(d[k]);
		double same = pingpong(leaf[0], leaf[0], 0, 0, 4000);
		if (d[k])
			sib = pingpong(leaf[0], leaf[1], 0, 0, 4000);
		printf("depth %d pipe.same %.0f pipe.sibling %.0f\n", d[k], same, sib);
		wake(leaf[0], leaf[0], 1, 500, &c, &x);
		wake(leaf[0], leaf[0], 0, 500, &n1, &l);
		if (d[k]) {
			wake(leaf[0], leaf[1], 1, 500, &c2, &x);
			wake(leaf[0], leaf[1], 0, 500, &n2, &l2);
		}
		printf("depth %d wakecall.none %.0f wakecall.same %lu wakecall.sibling %lu "
		       "wakelat.same %lu wakelat.sibling %lu wakenormal.same %lu "
		       "wakenormal.sibling %lu\n",
			d[k], nowake(leaf[0]), c, c2, l, l2, n1, n2);
		double y1 = yield1(leaf[0]);
		y2 = yield2(leaf[0], leaf[0], &s);
		if (d[k])
			y2s = yield2(leaf[0], leaf[1], &s2);
		printf("depth %d yield.alone %.0f yield2.same %.0f sw %.3f yield2.sibling %.0f sw "
		       "%.3f\n",
			d[k], y1, y2, s, y2s, s2);
		printf("depth %d fork.exit_wait %.0f\n", d[k], forkcost(leaf[0], 400));
		fflush(stdout);
		chain_drop();
	}
}

static void idle_report(const char *tag, const char *leafdir)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	printf("%s fork.root %.0f fork.leaf %.0f", tag, forkcost(root, 500),
		forkcost(leafdir, 500));
	printf(" pipe.root %.0f pipe.leaf %.0f", pingpong(root, root, 0, 0, 3000),
		pingpong(leafdir, leafdir, 0, 0, 3000));
	if (cpus > 1)
		printf(" pipe2cpu.root %.0f pipe2cpu.leaf %.0f", pingpong(root, root, 0, 1, 3000),
			pingpong(leafdir, leafdir, 0, 1, 3000));
	printf("\n");
	fflush(stdout);
}
// N other cgroups in a tree of fan-out 10 under /o, controllers cpuset cpu pids at inner nodes
static void idle(int n)
{
	char top[100], mine[100], (*node)[120] = calloc(n, 120);
	snprintf(top, 100, "%s/o", root);
	snprintf(mine, 100, "%s/mine", root);
	if (mkdir(mine, 0755) < 0)
		die("mine");
	idle_report("idle 0", mine);
	for (int i = 0; i < n; i++) {
		if (i == 0)
			strcpy(node[0], top);
		else
			snprintf(node[i], 120, "%.100s/c%d", node[(i - 1) / 10], (i - 1) % 10);
		if (mkdir(node[i], 0755) < 0)
			die("mkdir o");
		if (i * 10 + 1 < n &&
			put(node[i], "cgroup.subtree_control", "+cpuset +cpu +pids") < 0)
			die("sub o");
	}
	doze(1500000000);
	char tag[40];
	snprintf(tag, 40, "idle %d", n);
	idle_report(tag, mine);
	idle_report(tag, mine);
	idle_report("idle+leafdeep", node[n - 1]);
	for (int i = n - 1; i >= 0; i--)
		rm(node[i]);
	doze(1500000000);
	idle_report("idle 0 after", mine);
	rm(mine);
}

int main(int argc, char **argv)
{
	sh = mmap(0, sizeof *sh, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	setvbuf(stdout, 0, _IONBF, 0);
	pin(0);
	uint64_t i = inst(), t = ns();
	for (volatile int k = 0; k < 100000; k++) {
	}
	printf("calib inst/ns %.4f\n", (double)(inst() - i) / (ns() - t));
	{
		char b[64] = "";
		int fd = open("/proc/self/autogroup", O_RDONLY);
		if (fd >= 0) {
			int r = read(fd, b, 63);
			if (r > 0)
				b[r] = 0;
			close(fd);
		}
		printf("autogroup %s\n", b);
	}
	if (argc > 2 && !strcmp(argv[1], "depth"))
		depths(atoi(argv[2]));
	if (argc > 2 && !strcmp(argv[1], "idle"))
		idle(atoi(argv[2]));
	printf("depth.done\n");
	return 0;
}
