// SPDX-License-Identifier: Apache-2.0
/*
 * treebench.c - one portable static benchmark for kernels whose scheduler obeys a tree.
 *
 * Only Linux's system calls and libc are used, so the same binary runs on Linux and on Taper.
 *
 *	treebench info | calib | null | affinity | file | cgroup | tree N | prop N TASKS | move |
 *		ctx | eventfd | yield | fork | exec | thread | wake | fair SECONDS |
 *		msg GROUPS PAIRS LOOPS | put GROUP PID | all
 *
 * Environment: CGROOT (/sys/fs/cgroup when not set), OPS (scales counts, percent), DEPTH (0 to 16: of
 * the groups that tasks run in, with cpuset and cpu on at every level above).
 */
#define _GNU_SOURCE
#include "tests/bench/measure.h"
#include "tests/bench/tasks.h"

// ------------------------------------------------------- simple operations

static int op_null(long i)
{
	(void)i;
	return syscall(SYS_getppid) < 0 ? -1 : 0;
}

static cpu_set_t masks[2];
static int op_getaff(long i)
{
	(void)i;
	cpu_set_t m;
	return (int)syscall(SYS_sched_getaffinity, 0, sizeof m, &m);
}
static int op_setaff(long i)
{
	return sched_setaffinity(0, sizeof masks[0], &masks[i & 1]);
}

static void do_null(void)
{
	measure("null.getppid", op_null, 100000, "op");
}

static void do_affinity(void)
{
	for (int k = 0; k < 2; k++) { // {0} and {0,1}: no migration needed
		CPU_ZERO(&masks[k]);
		CPU_SET(0, &masks[k]);
	}
	CPU_SET(1, &masks[1]);
	measure("aff.get", op_getaff, 50000, "op");
	measure("aff.set", op_setaff, 20000, "op");
	CPU_ZERO(&masks[0]); // {0} and {1}: migrates each time
	CPU_ZERO(&masks[1]);
	CPU_SET(0, &masks[0]);
	CPU_SET(1, &masks[1]);
	measure("aff.set_migrate", op_setaff, 1000, "op");
	pin(0);
}

static int kept_fd;
static int op_open_read(long i)
{
	(void)i;
	char b[64];
	return get(top, "cpuset.cpus.effective", b, sizeof b);
}
static int op_pread(long i)
{
	(void)i;
	char b[64];
	return (int)pread(kept_fd, b, sizeof b, 0);
}

static void do_file(void)
{
	if (fresh_top() < 0) {
		skip("file");
		return;
	}
	measure("file.open_read_close", op_open_read, 5000, "op");
	char p[PATH_LEN];
	snprintf(p, sizeof p, "%s/cpuset.cpus.effective", top);
	kept_fd = open(p, O_RDONLY);
	if (kept_fd < 0) {
		skip("file.pread");
		return;
	}
	measure("file.pread", op_pread, 20000, "op");
	close(kept_fd);
	rmdir_retry(top);
}

static int op_mkrm(long i)
{
	(void)i;
	char p[PATH_LEN];
	snprintf(p, sizeof p, "%s/x", top);
	return mkdir(p, 0755) < 0 || rmdir(p) < 0 ? -1 : 0;
}

static void do_cgroup(void)
{
	if (fresh_top() < 0) {
		skip("cgroup");
		return;
	}
	measure("cgroup.mkdir_rmdir_bare", op_mkrm, 300, "op");
	if (put(top, "cgroup.subtree_control", "+cpuset") < 0) {
		skip("cgroup");
		return;
	}
	measure("cgroup.mkdir_rmdir_cpuset", op_mkrm, 300, "op");
	put(top, "cgroup.subtree_control", "+cpu");
	measure("cgroup.mkdir_rmdir_cpuset_cpu", op_mkrm, 300, "op");
	rmdir_retry(top);
}

// ------------------------------------------------------------------ trees

static char (*node)[PATH_LEN];
static int nodes;

static int inner(int i)
{
	return i * FANOUT + 1 < nodes;
}

static int tree_build(int n, stamp *made, stamp *enabled)
{
	nodes = n;
	node = calloc((size_t)n, PATH_LEN);
	if (!node)
		return -1;
	*made = *enabled = (stamp){0, 0, 0};
	for (int i = 0; i < n; i++) {
		if (i == 0)
			snprintf(node[i], PATH_LEN, "%s", top);
		else {
			char up[PATH_LEN];
			strcpy(up, node[(i - 1) / FANOUT]);
			snprintf(node[i], PATH_LEN, "%.80s/c%d", up, (i - 1) % FANOUT);
		}
		stamp a = take();
		if (mkdir(node[i], 0755) < 0)
			return -1;
		stamp b = take();
		if (inner(i) && put(node[i], "cgroup.subtree_control", "+cpuset") < 0)
			return -1;
		stamp c = take(), mk = minus(b, a), en = minus(c, b);
		made->ns += mk.ns;
		made->inst += mk.inst;
		made->ticks += mk.ticks;
		if (inner(i)) {
			enabled->ns += en.ns;
			enabled->inst += en.inst;
			enabled->ticks += en.ticks;
		}
	}
	return 0;
}

static int tree_remove(void)
{
	int r = 0;
	for (int i = nodes - 1; i >= 0; i--)
		r |= rmdir_retry(node[i]);
	free(node);
	node = NULL;
	return r;
}

static void do_tree(int n)
{
	char name[64];
	stamp made, enabled;
	stamp a = take();
	snprintf(name, sizeof name, "tree.build.%d", n);
	if (tree_build(n, &made, &enabled) < 0) {
		skip(name);
		return;
	}
	report(name, minus(take(), a), n, "node");
	snprintf(name, sizeof name, "tree.mkdir.%d", n);
	report(name, made, n, "node");
	int k = 0;
	for (int i = 0; i < n; i++)
		k += inner(i);
	if (k) {
		snprintf(name, sizeof name, "tree.enable.%d", n);
		report(name, enabled, k, "inner");
	}
	a = take();
	snprintf(name, sizeof name, "tree.rmdir.%d", n);
	if (tree_remove() < 0) {
		skip(name);
		return;
	}
	report(name, minus(take(), a), n, "node");
}

// Alternate the top's cpuset.cpus between "0" and "0-1" so that the effective
// mask of every descendant changes on each write; check it at the last node.
static void do_prop(int n, int tasks)
{
	char name[64], sub[80], eff[64];
	stamp x, y;
	snprintf(name, sizeof name, "prop.%d.%d", n, tasks);
	if (tree_build(n, &x, &y) < 0) {
		skip(name);
		return;
	}
	pid_t *pids = calloc((size_t)tasks + 1, sizeof *pids);
	int first_leaf = 0;
	while (inner(first_leaf))
		first_leaf++;
	stamp placed = take();
	for (int t = 0; t < tasks; t++) {
		pids[t] = fork();
		if (pids[t] < 0) {
			skip(name);
			tasks = t;
			break;
		}
		if (pids[t] == 0)
			for (;;)
				pause();
		if (put_pid(node[first_leaf + t % (n - first_leaf)], pids[t]) < 0)
			skip(name);
	}
	if (tasks) {
		snprintf(sub, sizeof sub, "%s.place", name);
		report(sub, minus(take(), placed), tasks, "task");
	}
	char p[PATH_LEN + 16];
	snprintf(p, sizeof p, "%s/cpuset.cpus", top);
	int fd = open(p, O_WRONLY);
	long writes = count(n <= 10 ? 400 : n <= 100 ? 100 : 20), bad = 0;
	if (fd < 0) {
		skip(name);
		goto out;
	}
	for (int i = 0; i < 2; i++) { // warm up and check the result
		if (pwrite(fd, i ? "0-1" : "0", i ? 3 : 1, 0) < 0) {
			skip(name);
			goto out;
		}
		if (get(node[n - 1], "cpuset.cpus.effective", eff, sizeof eff) < 0 ||
			strcmp(eff, i ? "0-1" : "0"))
			bad++;
	}
	stamp a = take();
	for (long i = 0; i < writes; i++)
		if (pwrite(fd, i & 1 ? "0-1" : "0", i & 1 ? 3 : 1, 0) < 0)
			bad++;
	stamp d = minus(take(), a);
	close(fd);
	report(name, d, (double)writes, "write");
	snprintf(sub, sizeof sub, "%s.per_node", name);
	report(sub, d, (double)writes * n, "node");
	if (bad)
		printf("%s.bad %ld count\n", name, bad);
out:
	for (int t = 0; t < tasks; t++)
		kill(pids[t], SIGKILL);
	for (int t = 0; t < tasks; t++)
		waitpid(pids[t], NULL, 0);
	free(pids);
	if (tree_remove() < 0)
		skip(name);
}

// --------------------------------------------------------------- moving

static char side[2][PATH_LEN];
static pid_t mover;
static int op_move(long i)
{
	return put_pid(side[i & 1], mover);
}
static int procs_fd[2];
static int op_move_fd(long i)
{
	char t[16];
	int n = snprintf(t, sizeof t, "%d", (int)mover);
	return pwrite(procs_fd[i & 1], t, (size_t)n, 0) < 0 ? -1 : 0;
}

static void do_move(void)
{
	if (fresh_top() < 0 || put(top, "cgroup.subtree_control", "+cpuset") < 0) {
		skip("move");
		return;
	}
	put(top, "cgroup.subtree_control", "+cpu");
	for (int k = 0; k < 2; k++) {
		snprintf(side[k], PATH_LEN, "%s/m%d", top, k);
		if (mkdir(side[k], 0755) < 0) {
			skip("move");
			return;
		}
	}
	mover = fork();
	if (mover == 0)
		for (;;)
			pause();
	measure("move.burst", op_move, 500, "op");
	for (int k = 0; k < 2; k++) {
		char p[PATH_LEN + 32];
		snprintf(p, sizeof p, "%s/cgroup.procs", side[k]);
		procs_fd[k] = open(p, O_WRONLY);
	}
	measure("move.burst_keptfd", op_move_fd, 500, "op");
	close(procs_fd[0]);
	close(procs_fd[1]);
	stamp sum = {0, 0, 0};
	long ops = count(30);
	for (long i = 0; i < ops; i++) { // one move at a time, after rest
		doze(200000000);
		stamp a = take();
		op_move(i);
		stamp d = minus(take(), a);
		sum.ns += d.ns;
		sum.inst += d.inst;
		sum.ticks += d.ticks;
	}
	report("move.single", sum, (double)ops, "op");
	kill(mover, SIGKILL);
	waitpid(mover, NULL, 0);
	rmdir_retry(side[0]);
	rmdir_retry(side[1]);
	rmdir_retry(top);
}

// -------------------------------------------------------------- info, calib

static void do_info(void)
{
	struct timespec r, u;
	clock_getres(CLOCK_MONOTONIC, &r);
	clock_gettime(CLOCK_BOOTTIME, &u);
	printf("info.cpus %ld count\n", sysconf(_SC_NPROCESSORS_ONLN));
	printf("info.clock_res %ld ns\n", r.tv_nsec);
	printf("info.rdtime %d yes1_no0\ninfo.rdinstret %d yes1_no0\n", have_time, have_inst);
	printf("info.boottime %.6f s\n", u.tv_sec + u.tv_nsec / 1e9);
	if (have_time)
		printf("info.timer %llu ticks_since_reset\n", (unsigned long long)rdtime());
	fflush(stdout);
}

// A loop of exactly two instructions per turn: is 1 ns 1 instruction?
static void do_calib(void)
{
#ifdef __riscv
	for (int k = 0; k < 3; k++) {
		uint64_t turns = 10000000;
		stamp a = take();
		__asm__ volatile("1: addi %0, %0, -1\n bnez %0, 1b" : "+r"(turns));
		report("calib.per_instruction", minus(take(), a), 2e7, "instruction");
	}
	uint64_t t0 = now_ns();
	for (int i = 0; i < 1000; i++)
		now_ns();
	printf("calib.clock_gettime %.1f ns/op\n", (now_ns() - t0) / 1000.0);
	fflush(stdout);
#endif
}

// One timed move: treebench put GROUP PID.
static void do_put(const char *dir, int pid)
{
	stamp a = take();
	if (put_pid(dir, pid) < 0) {
		skip("put");
		return;
	}
	report("put", minus(take(), a), 1, "op");
}

static int number(char **argv, int argc, int i, int otherwise)
{
	return i < argc ? atoi(argv[i]) : otherwise;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "all";
	if (!strcmp(what, "nothing")) // measured: what exec starts
		return 0;
	self = argv[0];
	if (getenv("CGROOT"))
		cgroot = getenv("CGROOT");
	if (getenv("OPS"))
		scale = atoi(getenv("OPS"));
	if (getenv("DEPTH"))
		depth = atoi(getenv("DEPTH"));
	if (depth < 0 || depth > DEPTH_MAX || descend() < 0) {
		perror("treebench: DEPTH");
		return 1;
	}
	have_time = works(rdtime);
	have_inst = works(rdinst);
	pin(0);
	int all = !strcmp(what, "all");
	// Under "all" each measure has a process of its own, so that none inherits
	// what an earlier one left behind (such as the processors it has run on).
#define DO(w, call)                                                                                \
	if (all || !strcmp(what, w)) {                                                             \
		pid_t p = all ? fork() : 0;                                                        \
		if (p > 0)                                                                         \
			waitpid(p, NULL, 0);                                                       \
		else {                                                                             \
			call;                                                                      \
			fflush(stdout);                                                            \
			if (all)                                                                   \
				_exit(0);                                                          \
		}                                                                                  \
	}
	DO("info", do_info());
	DO("calib", do_calib());
	DO("null", do_null());
	DO("affinity", do_affinity());
	DO("file", do_file());
	DO("cgroup", do_cgroup());
	DO("thread", do_thread());
	DO("eventfd", do_eventfd());
	DO("yield", do_yield());
	DO("fork", do_fork());
	DO("exec", do_exec());
	DO("ctx", do_ctx());
	DO("wake", do_wake());
	DO("move", do_move());
	if (!strcmp(what, "put") && argc > 3)
		do_put(argv[2], atoi(argv[3]));
	if (!strcmp(what, "tree"))
		do_tree(number(argv, argc, 2, 100));
	if (!strcmp(what, "prop"))
		do_prop(number(argv, argc, 2, 100), number(argv, argc, 3, 0));
	if (all) {
		static const int size[] = {100, 1000, 5000};
		static const int prop[][2] = {{1, 0}, {10, 0}, {100, 0}, {1000, 0}, {5000, 0},
			{100, 100}, {1000, 100}, {100, 1000}, {1000, 1000}};
		for (int i = 0; i < 3; i++)
			DO("all", do_tree(size[i]));
		for (int i = 0; i < 9; i++)
			DO("all", do_prop(prop[i][0], prop[i][1]));
	}
	DO("fair", do_fair(number(argv, argc, 2, 5)));
	DO("msg", do_msg(number(argv, argc, 2, 10), number(argv, argc, 3, 20),
			  number(argv, argc, 4, 20)));
	fflush(stdout);
	ascend();
	puts("treebench.done 1 yes1");
	return 0;
}
