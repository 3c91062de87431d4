// SPDX-License-Identifier: Apache-2.0
/*
 * tasks.h - treebench's measures of tasks: switching, starting, waking, sharing, messaging.
 */
#ifndef TESTS_BENCH_TASKS_H
#define TESTS_BENCH_TASKS_H

#include "tests/bench/measure.h"

// ------------------------------------------------- processes and threads

typedef struct {
	int out, in, peer_out, peer_in;
	ssize_t size; // of a message: a byte, or the 8 of an eventfd
} channel;

static int volley(int out, int in, ssize_t size, int serve)
{
	uint64_t word = 1;
	return (!serve || write(out, &word, (size_t)size) == size) &&
		read(in, &word, (size_t)size) == size &&
		(serve || write(out, &word, (size_t)size) == size);
}

// A message there and one back, from CPU to CPU and from leaf 0 to a leaf.
static void ping_pong(const char *name, channel c, int cpu_a, int cpu_b, int peers_leaf)
{
	long ops = count(5000), warm = 100;
	pid_t child = fork();
	if (child < 0) {
		skip(name);
		return;
	}
	if (child == 0) {
		if (enter(peers_leaf) < 0)
			_exit(1);
		pin(cpu_b);
		for (long i = 0; i < ops + warm; i++)
			if (!volley(c.peer_out, c.peer_in, c.size, 0))
				_exit(1);
		_exit(0);
	}
	pin(cpu_a);
	stamp a = take();
	for (long i = 0; i < ops + warm; i++) {
		if (i == warm)
			a = take();
		if (!volley(c.out, c.in, c.size, 1)) {
			skip(name);
			break;
		}
	}
	report(name, minus(take(), a), 2.0 * ops, "switch");
	waitpid(child, NULL, 0);
	pin(0);
}

// Another group has a task there that is not due before the end: its weight is least, and it has just come.
static void ping_pong_beside_rival(const char *name, channel c, int peers_leaf)
{
	char group[64];
	snprintf(group, sizeof group, "%s/rival", cgroot);
	pid_t rival = mkdir(group, 0755) < 0 || put(group, "cpu.weight", "1") < 0 ? -1 : fork();
	if (rival < 0) {
		skip(name);
		return;
	}
	if (rival == 0)
		for (int entered = put_pid(group, getpid()); entered == 0;) {
		}
	ping_pong(name, c, 0, 0, peers_leaf);
	kill(rival, SIGKILL);
	waitpid(rival, NULL, 0);
	rmdir_retry(group);
}

static void do_ctx(void)
{
	int up[2], down[2];
	if (pipe(up) < 0 || pipe(down) < 0) {
		skip("ctx");
		return;
	}
	channel pipes = {up[1], down[0], down[1], up[0], 1};
	ping_pong("ctx.pipe_same_cpu", pipes, 0, 0, 0);
	ping_pong("ctx.pipe_siblings", pipes, 0, 0, 1);
	ping_pong("ctx.pipe_two_cpus", pipes, 0, 1, 0);
	ping_pong_beside_rival("ctx.beside_rival", pipes, 0);
	ping_pong_beside_rival("rival.siblings", pipes, 1);
	ping_pong_beside_rival("rival.cousins", pipes, 2);
	for (int k = 0; k < 2; k++) {
		close(up[k]);
		close(down[k]);
	}
}

static void do_eventfd(void)
{
	int there = eventfd(0, 0), back = eventfd(0, 0);
	if (there < 0 || back < 0) {
		skip("ctx.eventfd");
		return;
	}
	ping_pong("ctx.eventfd", (channel){there, back, back, there, 8}, 0, 0, 0);
	close(there);
	close(back);
}

static int op_yield(long i)
{
	(void)i;
	return sched_yield();
}
static int op_fork(long i)
{
	(void)i;
	pid_t p = fork();
	if (p == 0)
		_exit(0);
	return p < 0 ? -1 : waitpid(p, NULL, 0);
}
static const char *self; // the path of this program
static int op_exec(long i)
{
	(void)i;
	int status;
	pid_t p = fork();
	if (p == 0) {
		execl(self, self, "nothing", (char *)NULL);
		_exit(127);
	}
	return p < 0 || waitpid(p, &status, 0) < 0 || status ? -1 : 0;
}
static void *nothing(void *p)
{
	return p;
}
static int op_thread(long i)
{
	(void)i;
	pthread_t t;
	errno = pthread_create(&t, NULL, nothing, NULL);
	return errno ? -1 : pthread_join(t, NULL);
}

static void do_fork(void)
{
	measure("fork.exit_wait", op_fork, 500, "op");
}
static void do_exec(void)
{
	measure("exec.exit_wait", op_exec, 200, "op");
}

// A turn of both: of this process and of another that yields, too, in a leaf.
static void yield_to_other(const char *name, int others_leaf)
{
	pid_t other = fork();
	if (other == 0) {
		if (others_leaf && enter(others_leaf) < 0)
			_exit(1);
		for (;;)
			sched_yield();
	}
	measure(name, op_yield, 5000, "op");
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
}

static void do_yield(void)
{
	measure("yield.alone", op_yield, 20000, "op");
	yield_to_other("yield.two", 0);
	yield_to_other("yield.siblings", 1); // on Linux most of them return to who yields
}
static void do_thread(void)
{
	measure("thread.create_join", op_thread, 1000, "op");
}

// -------------------------------------------------------- wake-up latency

// Who is woken, a thread of the waker or a process in a group of its own, and how far it is measured.
typedef struct {
	const char *name;
	enum { THREAD, PROCESS } waiter;
	enum { UNTIL_RUNNING, CALL_ALONE } what;
	int cpu;
} wake_kind;

static struct {
	atomic_uint word, waiting;
	_Atomic uint64_t woke_ns, woke_inst;
} *bell;
static const wake_kind *kind;
static long wake_samples;

static void futex(int operation, unsigned value)
{
	if (kind->waiter == THREAD)
		operation |= FUTEX_PRIVATE_FLAG;
	syscall(SYS_futex, &bell->word, operation, value, NULL, NULL, 0);
}

static void *waiter(void *p)
{
	pin(kind->cpu);
	for (unsigned i = 0; i < (unsigned)wake_samples; i++) {
		atomic_store(&bell->waiting, i + 1);
		while (atomic_load(&bell->word) == i)
			futex(FUTEX_WAIT, i);
		uint64_t n = have_inst ? rdinst() : 0;
		atomic_store(&bell->woke_ns, now_ns());
		atomic_store(&bell->woke_inst, n);
	}
	return p;
}

// A process that is to be woken enters the sibling leaf; of SCHED_BATCH it never preempts its waker.
static int start_waiter(pthread_t *thread, pid_t *process)
{
	const struct sched_param none = {0};
	if (kind->waiter == THREAD) {
		errno = pthread_create(thread, NULL, waiter, NULL);
		return errno ? -1 : 0;
	}
	*process = fork();
	if (*process)
		return *process < 0 ? -1 : 0;
	if (enter(1) < 0 || (kind->what == CALL_ALONE && sched_setscheduler(0, SCHED_BATCH, &none) < 0))
		_exit(1);
	waiter(NULL);
	_exit(0);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static void wake_report(const char *name, uint64_t *v, const char *unit)
{
	qsort(v, (size_t)wake_samples, sizeof *v, by_value);
	printf("%s.p50 %llu %s\n", name, (unsigned long long)v[wake_samples / 2], unit);
	printf("%s.p99 %llu %s\n", name, (unsigned long long)v[wake_samples * 99 / 100], unit);
	printf("%s.max %llu %s\n", name, (unsigned long long)v[wake_samples - 1], unit);
	fflush(stdout);
}

static void wake(wake_kind wanted)
{
	pthread_t thread = 0;
	pid_t process = 0;
	char sub[64];
	wake_samples = count(1000);
	uint64_t *ns = calloc((size_t)wake_samples, sizeof *ns),
		 *in = calloc((size_t)wake_samples, sizeof *in);
	bell = shared(sizeof *bell);
	kind = &wanted;
	if (start_waiter(&thread, &process) < 0) {
		skip(kind->name);
		return;
	}
	for (long i = 0; i < wake_samples; i++) {
		while (atomic_load(&bell->waiting) != (unsigned)i + 1)
			doze(100000);
		doze(1000000); // let it fall asleep
		atomic_store(&bell->woke_ns, 0);
		atomic_store(&bell->woke_inst, 0);
		uint64_t n = have_inst ? rdinst() : 0, t0 = now_ns();
		atomic_store(&bell->word, (unsigned)i + 1);
		futex(FUTEX_WAKE, 1);
		if (kind->what == CALL_ALONE) {
			in[i] = have_inst ? rdinst() - n : 0;
			ns[i] = now_ns() - t0;
		}
		while (atomic_load(&bell->woke_ns) == 0 ||
			(have_inst && atomic_load(&bell->woke_inst) == 0))
			doze(100000);
		if (kind->what == UNTIL_RUNNING) {
			in[i] = atomic_load(&bell->woke_inst) - n;
			ns[i] = atomic_load(&bell->woke_ns) - t0;
		}
	}
	if (kind->waiter == THREAD)
		pthread_join(thread, NULL);
	else
		waitpid(process, NULL, 0);
	wake_report(kind->name, ns, "ns");
	snprintf(sub, sizeof sub, "%s.inst", kind->name);
	if (have_inst)
		wake_report(sub, in, "inst");
	free(ns);
	free(in);
	munmap(bell, sizeof *bell);
}

static void do_wake(void)
{
	wake((wake_kind){"wake.other_cpu", THREAD, UNTIL_RUNNING, 1});
	wake((wake_kind){"wake.same_cpu", THREAD, UNTIL_RUNNING, 0});
	wake((wake_kind){"wake.siblings", PROCESS, UNTIL_RUNNING, 0});
	wake((wake_kind){"wake.call_siblings", PROCESS, CALL_ALONE, 0});
}

// ------------------------------------------------------ weighted fairness

typedef struct {
	const char *path;
	double ideal;
} share;
static struct {
	_Atomic uint64_t n;
	char pad[56];
} * work;

static void fair(const char *name, const share *s, int k, int secs)
{
	pid_t pid[8];
	uint64_t at[8];
	double total = 0, worst = 0;
	char dir[PATH_LEN];
	work = shared(8 * sizeof *work);
	for (int i = 0; i < k; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			pin(0);
			for (;;)
				atomic_store_explicit(
					&work[i].n, work[i].n + 1, memory_order_relaxed);
		}
		snprintf(dir, sizeof dir, "%s/%s", top, s[i].path);
		if (pid[i] < 0 || put_pid(dir, pid[i]) < 0)
			skip(name);
	}
	pin(1);
	doze(500000000); // settle
	for (int i = 0; i < k; i++)
		at[i] = atomic_load(&work[i].n);
	doze(secs * 1000000000L);
	for (int i = 0; i < k; i++)
		total += (double)(at[i] = atomic_load(&work[i].n) - at[i]);
	for (int i = 0; i < k; i++)
		kill(pid[i], SIGKILL);
	for (int i = 0; i < k; i++)
		waitpid(pid[i], NULL, 0);
	for (int i = 0; i < k; i++) {
		double got = at[i] / total, e = got / s[i].ideal - 1;
		printf("%s.share.%d %.4f of_%.4f\n", name, i, got, s[i].ideal);
		if (e < 0)
			e = -e;
		if (e > worst)
			worst = e;
	}
	printf("%s.ratio %.4f last/first\n", name, (double)at[k - 1] / (double)at[0]);
	printf("%s.worst_error %.3f percent\n", name, 100 * worst);
	fflush(stdout);
	munmap(work, 8 * sizeof *work);
	pin(0);
}

static int group(const char *path, const char *weight, int has_children)
{
	char dir[PATH_LEN];
	snprintf(dir, sizeof dir, "%s/%s", top, path);
	if (mkdir(dir, 0755) < 0 || put(dir, "cpu.weight", weight) < 0)
		return -1;
	return has_children ? put(dir, "cgroup.subtree_control", "+cpu") : 0;
}

static void ungroup(const char *path)
{
	char dir[PATH_LEN];
	snprintf(dir, sizeof dir, "%s/%s", top, path);
	rmdir_retry(dir);
}

static void do_fair(int secs)
{
	if (fresh_top() < 0 || put(top, "cgroup.subtree_control", "+cpu") < 0) {
		skip("fair");
		return;
	}
	if (group("a", "100", 0) < 0 || group("b", "300", 0) < 0) {
		skip("fair.flat");
		return;
	}
	fair("fair.flat", (share[]){{"a", 0.25}, {"b", 0.75}}, 2, secs);
	ungroup("a");
	ungroup("b");
	if (group("a", "100", 1) < 0 || group("b", "300", 1) < 0 || group("a/x", "100", 0) < 0 ||
		group("b/y", "100", 0) < 0 || group("b/z", "300", 0) < 0) {
		skip("fair.nested");
		return;
	}
	fair("fair.nested", (share[]){{"a/x", 0.25}, {"b/y", 0.1875}, {"b/z", 0.5625}}, 3, secs);
	const char *all[] = {"a/x", "b/y", "b/z", "a", "b"};
	for (int i = 0; i < 5; i++)
		ungroup(all[i]);
	rmdir_retry(top);
}

// --------------------------------------- messaging, after the hackbench idea

static void transfer(int fd, char *buf, int size, int out)
{
	for (int done = 0; done < size;) {
		ssize_t r = out ? write(fd, buf + done, (size_t)(size - done))
		                : read(fd, buf + done, (size_t)(size - done));
		if (r <= 0)
			_exit(1);
		done += (int)r;
	}
}

// How often this process and its children that have ended went off a processor.
static long switches(void)
{
	struct rusage own, theirs;
	getrusage(RUSAGE_SELF, &own);
	getrusage(RUSAGE_CHILDREN, &theirs);
	return own.ru_nvcsw + own.ru_nivcsw + theirs.ru_nvcsw + theirs.ru_nivcsw;
}

static void do_msg(int groups, int pairs, int loops)
{
	enum { SIZE = 100, MAX = 64 };
	char name[64], buf[SIZE] = {0};
	int ready[2], go[2], made = 0, bad = 0, pipes[MAX][2];
	snprintf(name, sizeof name, "msg.%dx%dx%d", groups, pairs, loops);
	cpu_set_t any;
	memset(&any, 0xff, sizeof any);
	sched_setaffinity(0, sizeof any, &any);
	if (pairs > MAX || pipe(ready) < 0 || pipe(go) < 0) {
		skip(name);
		return;
	}
	stamp forked = take();
	for (int g = 0; g < groups; g++) {
		for (int r = 0; r < pairs; r++)
			if (pipe(pipes[r]) < 0) {
				skip(name);
				return;
			}
		for (int role = 0; role < 2 * pairs; role++) {
			pid_t p = fork();
			if (p < 0) {
				skip(name);
				return;
			}
			made++;
			if (p)
				continue;
			char c = 0;
			if (write(ready[1], &c, 1) != 1 || read(go[0], &c, 1) != 1)
				_exit(1);
			if (role < pairs)
				for (int i = 0; i < pairs * loops; i++)
					transfer(pipes[role][0], buf, SIZE, 0);
			else
				for (int i = 0; i < loops; i++)
					for (int r = 0; r < pairs; r++)
						transfer(pipes[r][1], buf, SIZE, 1);
			_exit(0);
		}
		for (int r = 0; r < pairs; r++) {
			close(pipes[r][0]);
			close(pipes[r][1]);
		}
	}
	for (int i = 0; i < made; i++)
		if (read(ready[0], buf, 1) != 1)
			bad++;
	char sub[80];
	snprintf(sub, sizeof sub, "%s.start", name);
	report(sub, minus(take(), forked), made, "proc");
	long before = switches();
	stamp a = take();
	for (int i = 0; i < made; i++)
		if (write(go[1], buf, 1) != 1)
			bad++;
	for (int i = 0, st; i < made; i++)
		if (wait(&st) < 0 || st)
			bad++;
	stamp d = minus(take(), a);
	printf("%s %.4f s\n", name, d.ns / 1e9);
	snprintf(sub, sizeof sub, "%s.per_message", name);
	double messages = (double)groups * pairs * pairs * loops;
	report(sub, d, messages, "message");
	printf("%s.switches %.4f switches/message\n", name, (switches() - before) / messages);
	if (bad)
		printf("%s.bad %d count\n", name, bad);
	for (int k = 0; k < 2; k++) {
		close(ready[k]);
		close(go[k]);
	}
	pin(0);
}

#endif
