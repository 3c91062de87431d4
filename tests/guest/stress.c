// SPDX-License-Identifier: Apache-2.0
/*
 * stress.c - everything at once for a few seconds: moves, pins, masks, forks, execs, pipes, futexes,
 * signals, kills, sleeps, page tables, groups made and removed. Each role knows what must hold in
 * it and counts where it did not; afterwards everybody has gone on, has ended, and nothing is left.
 *
 *	stress [SECONDS [SEED]]
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/guest/group.h"
#include "tests/guest/tap.h"

enum { ROLES_MAX = 16, PAGE = 4096, GRACE_SECONDS = 25 };

static struct {
	atomic_int stop;
	atomic_int failures;
	atomic_long progress[ROLES_MAX];
	atomic_int running[ROLES_MAX];
	pthread_mutex_t lock;
	long counted; /* with the lock held */
	atomic_long added;
} *shared;
static int cpus, role_now;
static uint64_t random_state;

static int is_over(void)
{
	return atomic_load_explicit(&shared->stop, memory_order_relaxed);
}

static void count(void)
{
	atomic_fetch_add(&shared->progress[role_now], 1);
}

/* Counts what must not be, and says the first few of them. */
__attribute__((format(printf, 2, 3))) static void require(int condition, const char *format, ...)
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

static uint32_t chance(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % below;
}

static void pause_ns(long nanoseconds)
{
	struct timespec time = { .tv_nsec = nanoseconds };

	nanosleep(&time, NULL);
}

static int64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int reap(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* ---- masks: a warden moves its prisoner about; whenever a change has returned, it is obeyed ---- */

/* `epoch` is odd while somebody changes the mask; what `allowed` says holds in the even ones. */
static struct cell {
	atomic_uint epoch;
	atomic_ulong allowed;
	atomic_uint turn, twin_done;
	atomic_ulong request;
	atomic_int tid;
} *cells;
static struct cell *cell;

static void check_place(void)
{
	unsigned int before = atomic_load(&cell->epoch);
	unsigned long allowed = atomic_load(&cell->allowed);
	int cpu = sched_getcpu();

	if (before % 2 || atomic_load(&cell->epoch) != before)
		return;
	require(allowed >> cpu & 1, "a task runs on CPU %d, it may on 0x%lx (epoch %u)", cpu, allowed,
		before);
}

static void *prisoner_thread(void *unused)
{
	(void)unused;
	while (!is_over())
		for (int i = 0; i < 500; i++)
			check_place();
	return NULL;
}

static _Noreturn void prisoner(void)
{
	atomic_store(&cell->tid, getpid());
	while (!is_over()) {
		for (int i = 0; i < 500; i++)
			check_place();
		if (chance(4) == 0)
			pause_ns(chance(300000));
	}
	_exit(0);
}

static void pin(pid_t tid, unsigned long mask)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (unsigned int cpu = 0; cpu < (unsigned int)cpus; cpu++)
		if (mask >> cpu & 1)
			CPU_SET(cpu, &set);
	int error = sched_setaffinity(tid, sizeof(set), &set) ? errno : 0;
	require(!error || (error == ESRCH && is_over()), "pinning to 0x%lx: %s", mask, strerror(error));
}

/* Asks for the same at the same time as its warden: both must be obeyed. */
static void *twin(void *unused)
{
	unsigned int turn = 0;

	(void)unused;
	while (!is_over()) {
		unsigned int next = atomic_load(&cell->turn);

		if (next == turn) {
			sched_yield();
			continue;
		}
		turn = next;
		pin(atomic_load(&cell->tid), atomic_load(&cell->request));
		atomic_store(&cell->epoch, turn);
		atomic_store(&cell->twin_done, turn);
	}
	return NULL;
}

static unsigned long some_cpus(void)
{
	unsigned long all = cpus < 64 ? (1UL << cpus) - 1 : ~0UL;
	unsigned long mask = ((unsigned long)chance(UINT32_MAX) << 32 | chance(UINT32_MAX)) & all;

	return mask ? mask : all;
}

static void set_cpus(const char *group, unsigned long mask)
{
	char list[512] = "";

	for (int cpu = 0; cpu < cpus; cpu++)
		if (mask >> cpu & 1)
			sprintf(list + strlen(list), "%s%d", *list ? "," : "", cpu);
	int error = group_put(group, "cpuset.cpus", list);
	require(error == 0, "%s: cpuset.cpus %s: %s", group, list, strerror(-error));
}

static void guard(char names[2][32], pid_t tid)
{
	unsigned long masks[2] = { some_cpus(), some_cpus() }, pinned = ~0UL;
	int home = 0;

	set_cpus(names[0], masks[0]);
	set_cpus(names[1], masks[1]);
	while (!is_over()) {
		unsigned int epoch = atomic_fetch_add(&cell->epoch, 1);
		unsigned int action = chance(4);

		if (action == 0) {
			home = !home;
			int error = group_move(names[home], tid);
			require(!error || (error == -ESRCH && is_over()), "moving: %s", strerror(-error));
		} else if (action == 1) {
			masks[home] = some_cpus();
			set_cpus(names[home], masks[home]);
		} else {
			pinned = some_cpus() & masks[home];
			pinned = pinned ? pinned : masks[home];
		}
		unsigned long both = masks[home] & pinned;
		atomic_store(&cell->allowed, both ? both : masks[home]);
		if (action > 1) {
			atomic_store(&cell->request, pinned);
			atomic_store(&cell->turn, epoch + 2);
			pin(tid, pinned);
		}
		atomic_store(&cell->epoch, epoch + 2);
		while (action > 1 && atomic_load(&cell->twin_done) != epoch + 2 && !is_over())
			sched_yield();
		count();
		pause_ns(chance(200000));
	}
}

static void warden(int index)
{
	char names[2][32];
	pthread_t thread;
	pid_t child;

	cell = &cells[index];
	for (int i = 0; i < 2; i++) {
		snprintf(names[i], sizeof(names[i]), "stress/ward%d%c", index, 'a' + i);
		require(group_make(names[i]) == 0, "making %s", names[i]);
	}
	atomic_store(&cell->epoch, 1);
	child = fork();
	if (child == 0)
		prisoner();
	while (!atomic_load(&cell->tid))
		pause_ns(100000);
	require(group_move(names[0], child) == 0, "moving the prisoner in");
	atomic_store(&cell->allowed, ~0UL);
	atomic_store(&cell->epoch, 2);
	pthread_create(&thread, NULL, twin, NULL);
	guard(names, child);
	pthread_join(thread, NULL);
	reap(child);
	for (int i = 0; i < 2; i++)
		require(group_remove(names[i]) == 0, "removing %s: %s", names[i], strerror(errno));
}

/* Processes of several threads in a group whose mask changes: every one of them obeys. */
static void crowd(int index)
{
	char name[32];
	pid_t child;

	cell = &cells[index + ROLES_MAX];
	snprintf(name, sizeof(name), "stress/crowd%d", index);
	require(group_make(name) == 0, "making %s", name);
	atomic_store(&cell->allowed, ~0UL);
	child = fork();
	if (child == 0) {
		pthread_t threads[3];

		group_move(name, 0);
		for (int i = 0; i < 3; i++)
			pthread_create(&threads[i], NULL, prisoner_thread, NULL);
		prisoner();
	}
	while (!is_over()) {
		unsigned long mask = some_cpus();

		atomic_fetch_add(&cell->epoch, 1);
		set_cpus(name, mask);
		atomic_store(&cell->allowed, atomic_load(&cell->tid) ? mask : ~0UL);
		atomic_fetch_add(&cell->epoch, 1);
		count();
		pause_ns(chance(400000));
	}
	reap(child);
	require(group_remove(name) == 0, "removing %s: %s", name, strerror(errno));
}

/* ---- births and ends ---- */

static void *leave_process(void *unused)
{
	(void)unused;
	_exit(7);
}

static void *linger(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static _Noreturn void end_somehow(unsigned int how)
{
	pthread_t thread;

	switch (how) {
	case 0:
		_exit(7);
	case 1:
		execl("/proc/self/exe", "stress", "exec", (char *)NULL);
		_exit(1);
	case 2:
		raise(SIGKILL);
		_exit(1);
	case 3: /* another thread ends the process */
		pthread_create(&thread, NULL, leave_process, NULL);
		pause();
		_exit(1);
	default: /* exec ends the other threads */
		pthread_create(&thread, NULL, linger, NULL);
		execl("/proc/self/exe", "stress", "exec", (char *)NULL);
		_exit(1);
	}
}

static void forker(int index)
{
	(void)index;
	while (!is_over()) {
		unsigned int how = chance(6);
		pid_t child = how == 5 ? vfork() : fork();

		if (child == 0) {
			if (how < 5)
				end_somehow(how);
			execl("/proc/self/exe", "stress", "exec", (char *)NULL);
			_exit(1);
		}
		require(child > 0, "fork: %s", strerror(errno));
		int status = child > 0 ? reap(child) : 7 << 8;
		require(status == (how == 2 ? SIGKILL : 7 << 8), "end %u answers 0x%x", how, status);
		count();
	}
}

/* Kills what may be doing anything: running, asleep, stopped, moving, exiting. */
static void killer(int index)
{
	(void)index;
	while (!is_over()) {
		unsigned int how = chance(4);
		pid_t child = fork();

		if (child == 0) {
			if (how == 1)
				pause();
			if (how == 2)
				raise(SIGSTOP);
			for (;;)
				if (how == 3)
					pause_ns(50000);
		}
		if (child < 0)
			continue;
		pause_ns(chance(600000));
		group_move(chance(2) ? "stress/roles" : "stress/other", child);
		if (chance(2)) {
			kill(child, SIGSTOP);
			kill(child, SIGCONT);
		}
		pin(child, 1UL << chance((uint32_t)cpus));
		require(kill(child, SIGKILL) == 0, "kill: %s", strerror(errno));
		int status = reap(child);
		require(status == SIGKILL, "the killed answers 0x%x", status);
		count();
	}
}

/* Groups that come and go, with tasks in them and levels below; weights change meanwhile. */
static void gardener(int index)
{
	char name[32], below[48], weight[16];

	snprintf(name, sizeof(name), "stress/garden%d", index);
	snprintf(below, sizeof(below), "%s/below", name);
	while (!is_over()) {
		require(group_make(name) == 0, "making %s: %s", name, strerror(errno));
		group_put(name, "cgroup.subtree_control", chance(2) ? "+cpu" : "+cpu +cpuset");
		require(group_make(below) == 0, "making %s: %s", below, strerror(errno));
		snprintf(weight, sizeof(weight), "%u", 1 + chance(10000));
		group_put(chance(2) ? name : below, "cpu.weight", weight);
		pid_t child = fork();
		if (child == 0) {
			for (int64_t end = now_ns() + chance(3000000); now_ns() < end;)
				;
			_exit(0);
		}
		int error = group_move(below, child); /* it may have ended already */
		require(error == 0 || error == -ESRCH, "moving into %s: %s", below, strerror(-error));
		if (chance(2))
			pause_ns(chance(2500000));
		require(reap(child) == 0, "a gardener's child");
		if (chance(2))
			group_put(name, "cgroup.subtree_control", "-cpu");
		require(group_remove(below) == 0, "removing %s: %s", below, strerror(errno));
		require(group_remove(name) == 0, "removing %s: %s", name, strerror(errno));
		count();
	}
}

/* ---- words between tasks ---- */

static void pipes(int index)
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

static void adder(int index)
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

/* Two processes that wait for each other's signal: one that is lost would stop both. */
static void signaller(int index)
{
	struct timespec limit = { .tv_sec = 10 };
	pid_t parent = getpid(), child;
	sigset_t set;

	(void)index;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	child = fork();
	if (child == 0) {
		while (sigtimedwait(&set, NULL, &limit) == SIGUSR1)
			kill(parent, SIGUSR1);
		_exit(1);
	}
	while (!is_over()) {
		kill(child, SIGUSR1);
		int number = sigtimedwait(&set, NULL, &limit);
		require(number == SIGUSR1, "the signal does not come: %s", strerror(errno));
		count();
	}
	kill(child, SIGKILL);
	reap(child);
}

/* Sleeps that are cut short by an alarm, and those that are not: never too short. */
static void sleeper(int index)
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

/* ---- memory: what a page table has lost, no other CPU uses any more ---- */

static volatile uint32_t *page;
static __thread sigjmp_buf refused;

static void on_fault(int number)
{
	(void)number;
	siglongjmp(refused, 1);
}

static void *writer(void *unused)
{
	(void)unused;
	while (!is_over()) {
		if (sigsetjmp(refused, 1)) {
			sched_yield();
			continue;
		}
		for (int i = 0; i < 10000; i++)
			page[0]++;
	}
	return NULL;
}

static void mapper(int index)
{
	pthread_t threads[2];

	(void)index;
	signal(SIGSEGV, on_fault);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, writer, NULL);
	while (!is_over()) {
		mprotect((void *)(uintptr_t)page, PAGE, PROT_READ);
		uint32_t value = page[0];
		if (chance(2)) {
			pid_t child = fork();
			if (child == 0)
				_exit(page[0] == value ? 0 : 1);
			require(reap(child) == 0, "a child sees another page");
		} else {
			pause_ns(chance(50000));
		}
		require(page[0] == value, "a page that is read-only changed from %u to %u", value, page[0]);
		mprotect((void *)(uintptr_t)page, PAGE, PROT_READ | PROT_WRITE);
		pause_ns(chance(50000));
		count();
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
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
};
enum { ROLES = sizeof(roles) / sizeof(roles[0]) };

static int start_roles(uint64_t seed)
{
	int started = 0;

	for (role_now = 0; role_now < ROLES; role_now++) {
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
	for (int i = 0; i < ROLES; i++)
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
	prepare();
	int started = start_roles(argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)now_ns());
	for (int64_t end = now_ns() + seconds * 1000000000LL; now_ns() < end;)
		pause_ns(50000000);
	int ended = end_roles(started);
	ok(ended == started, "%d roles end as they should (%d)", started, ended);
	for (int i = 0; i < ROLES; i++)
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
