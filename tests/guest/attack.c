// SPDX-License-Identifier: Apache-2.0
/*
 * attack.c - an attacker without privilege tries each threat of docs/threat-model.md, from many threads
 * at once, and gets nothing; then one with all privileges tries to get beyond its node's mask.
 *
 * An attempt answers what it got, as far as the attacker can tell. What he may have got without knowing is
 * measured from outside: CPU time by group and CPU, memory, tasks, and what became of his victims.
 * Meant for virtual time.
 */
#define _GNU_SOURCE
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "kernel/include/taper/sched.h"
#include "tests/guest/group.h"
#include "tests/guest/policy.h"
#include "tests/guest/tap.h"

enum {
	ALICE = 1000, BOB = 1001, /* the attacker, and one who did him no harm */
	THREADS = 8, ROUNDS = 12,
	JAIL_CPUS = 3,            /* CPUs 0 and 1 */
	TASKS_MAX = 16,
	MEMORY_MAX = 24 << 20,
	MEASURE_MS = 1500,
};

enum { VICTIM_SAME_USER, VICTIM_OTHER_USER, VICTIM_ROOT, VICTIMS };

static struct shared {
	_Atomic int tries[64], gains[64];
	_Atomic bool is_over;
} *shared;
static pid_t victims[VICTIMS];

/* ---- affinity bypass: each answers whether something was got ---- */

static bool is_outside(void)
{
	unsigned long mask = 0;

	return sched_getcpu() > 1 || syscall(SYS_sched_getaffinity, 0, sizeof(mask), &mask) < 0 ||
	       mask & ~(unsigned long)JAIL_CPUS;
}

static bool pin_beyond(void)
{
	const unsigned long beyond = 12, all = ~0UL;

	bool got = !syscall(SYS_sched_setaffinity, 0, sizeof(beyond), &beyond);
	syscall(SYS_sched_setaffinity, 0, sizeof(all), &all);
	return got || is_outside();
}

static bool pin_beyond_by_own_call(void)
{
	const unsigned long beyond = 12, all = ~0UL;

	bool got = !sched_set_affinity(0, sizeof(beyond), &beyond, 0) ||
		   !sched_set_affinity(0, sizeof(all), &all, SCHED_AFFINITY_STRICT);
	return got || is_outside();
}

static bool leave_group(void)
{
	return !group_move("", 0) || !group_move("other", 0) || !group_put("other", "cgroup.threads", "0");
}

static bool widen_group(void)
{
	static const char *const writes[][2] = {
		{ "cpuset.cpus", "0-3" }, { "cpuset.cpus.exclusive", "0-3" },
		{ "cpuset.cpus.partition", "root" }, { "sched.cpu_class", "performance" },
		{ "cgroup.type", "threaded" }, { "cgroup.subtree_control", "-cpuset" },
		{ "sched.opaque", "0" },
	};
	bool got = false;

	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		got |= !group_put("jail", writes[i][0], writes[i][1]);
	return got || !group_put("", "cgroup.subtree_control", "-cpuset");
}

static bool be_born_elsewhere(void)
{
	int fd = group_open("other", "", O_PATH | O_DIRECTORY);
	struct clone_args arguments = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD,
					.cgroup = (unsigned int)fd };
	long pid = fd < 0 ? -1 : syscall(SYS_clone3, &arguments, sizeof(arguments));

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	if (fd >= 0)
		close(fd);
	return pid > 0;
}

static bool unplug_cpu(void)
{
	int fd = open("/sys/devices/system/cpu/cpu1/online", O_WRONLY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* ---- shares inflation ---- */

static bool ask_for_shares(void)
{
	const struct rlimit nice = { 40, 40 };
	struct attr attr = { .size = sizeof(attr), .nice = -20 };

	return sched_set_shares(0, 501) != -1 || !setpriority(PRIO_PROCESS, 0, -20) ||
	       !setrlimit(RLIMIT_NICE, &nice) || !set_attr(0, &attr, 0);
}

static bool weigh_group(void)
{
	static const char *const writes[][2] = {
		{ "cpu.weight", "10000" }, { "cpu.weight.nice", "-20" }, { "cpu.max", "max" },
		{ "cpu.max.burst", "100000" }, { "sched.qos", "perf-burst" }, { "sched.latency_ms", "1" },
	};
	bool got = false;

	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		got |= !group_put("jail", writes[i][0], writes[i][1]);
	return got || !group_put("rival", "cpu.weight", "1") || !group_put("rival", "cpu.idle", "1");
}

static bool be_urgent(void)
{
	return !set_policy(0, SCHED_FIFO, 1) || !set_policy(0, SCHED_RR, 99) ||
	       !set_deadline(0, 1000000, 10000000, 10000000);
}

/* ---- latency-hint abuse: all of it is allowed, and is measured ---- */

static bool ask_for_every_hint(void)
{
	sched_set_qos_class(0, SCHED_QOS_PERF_BURST);
	sched_set_latency_hint(0, 1);
	sched_set_burst_hint(0, 1 << 30);
	return sched_set_qos_class(0, 99) != -1;
}

static bool wake_often(void)
{
	const struct timespec nap = { .tv_nsec = 20000 };

	for (int i = 0; i < 20; i++) {
		nanosleep(&nap, NULL);
		sched_yield();
	}
	return false;
}

/* ---- information leak ---- */

static bool can_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool read_devices(void)
{
	return can_open("/dev/audit") || can_open("/dev/trace") || can_open("/run/policyd.log");
}

static bool see_cpus(void)
{
	return !access("/sys/devices/system/cpu/cpu3", F_OK) || sysconf(_SC_NPROCESSORS_ONLN) != 2;
}

static bool see_groups(void)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.cpus.effective", "cpu.stat.percpu" };
	char text[256];
	bool got = false;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		got |= group_get("other", files[i], text, sizeof(text)) >= 0;
	return got;
}

static bool see_victims(void)
{
	unsigned long mask;
	char path[64], text[4096];
	bool got = false;

	for (int i = 0; i < VICTIMS; i++) {
		got |= syscall(SYS_sched_getaffinity, victims[i], sizeof(mask), &mask) >= 0;
		snprintf(path, sizeof(path), "/proc/%d/status", (int)victims[i]);
		int fd = open(path, O_RDONLY);
		ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
		text[length > 0 ? length : 0] = '\0';
		got |= strstr(text, "Cpus_allowed") != NULL;
		if (fd >= 0)
			close(fd);
	}
	return got;
}

/* ---- resource exhaustion: the bounds are measured ---- */

static bool fork_much(void)
{
	for (int i = 0; i < 8; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid < 0)
			break;
	}
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return false;
}

/* A child, who is killed for it. */
static bool take_memory(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		char *memory = mmap(NULL, 2 * MEMORY_MAX, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED)
			_exit(0);
		for (size_t at = 0; at < 2 * MEMORY_MAX; at += 4096)
			memory[at] = 1;
		_exit(77);
	}
	int status = 0;
	if (pid > 0)
		waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 77;
}

static bool make_groups(void)
{
	return !group_make("jail/below") || !group_make("mine");
}

/* ---- privilege escalation ---- */

static bool become_root(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct all[2] = { { ~0U, ~0U, 0 }, { ~0U, ~0U, 0 } };

	return !syscall(SYS_setuid, 0) || !syscall(SYS_setresuid, 0, 0, 0) || !syscall(SYS_setgid, 0) ||
	       !syscall(SYS_setgroups, 0, NULL) || !syscall(SYS_capset, &header, all) || geteuid() == 0;
}

static bool rule_machine(void)
{
	return !mount("none", "/tmp", "tmpfs", 0, NULL) || !umount("/sys") || !reboot(RB_AUTOBOOT) ||
	       !sethostname("mine", 4) || !chroot("/tmp") || !chmod(GROUP_ROOT "/cgroup.procs", 0666) ||
	       !chown(GROUP_ROOT "/jail/cpuset.cpus", ALICE, ALICE);
}

static bool touch_victims(void)
{
	const unsigned long first = 1, nodes = 1;
	bool got = false;

	for (int i = 0; i < VICTIMS; i++) {
		pid_t pid = victims[i];

		got |= !syscall(SYS_sched_setaffinity, pid, sizeof(first), &first) ||
		       !sched_set_affinity(pid, sizeof(first), &first, 0) ||
		       !setpriority(PRIO_PROCESS, (id_t)pid, 19) || !set_policy(pid, SCHED_IDLE, 0) ||
		       sched_set_shares(pid, 1) >= 0 || !sched_set_qos_class(pid, SCHED_QOS_IDLE) ||
		       sched_set_latency_hint(pid, 100000) >= 0 || !group_move("jail", pid);
		if (i != VICTIM_SAME_USER)
			got |= !kill(pid, 0) || syscall(SYS_migrate_pages, pid, 64, &nodes, &nodes) >= 0;
	}
	return got;
}

static const struct attempt {
	const char *threat, *name;
	bool (*try)(void);
} attempts[] = {
	{ "affinity bypass", "pin oneself beyond the group", pin_beyond },
	{ "affinity bypass", "the same with sched_set_affinity", pin_beyond_by_own_call },
	{ "affinity bypass", "leave the group", leave_group },
	{ "affinity bypass", "widen the group", widen_group },
	{ "affinity bypass", "be born elsewhere", be_born_elsewhere },
	{ "affinity bypass", "take a CPU off line", unplug_cpu },
	{ "shares inflation", "ask for more shares", ask_for_shares },
	{ "shares inflation", "give the group more, a rival less", weigh_group },
	{ "shares inflation", "a real-time or deadline class", be_urgent },
	{ "latency-hint abuse", "every hint at its most", ask_for_every_hint },
	{ "latency-hint abuse", "wake up as often as can be", wake_often },
	{ "information leak", "read what the kernel recorded", read_devices },
	{ "information leak", "see CPUs of others", see_cpus },
	{ "information leak", "see groups of others", see_groups },
	{ "information leak", "see where others run", see_victims },
	{ "resource exhaustion", "more tasks than the group may have", fork_much },
	{ "resource exhaustion", "more memory than it may have", take_memory },
	{ "resource exhaustion", "groups without end", make_groups },
	{ "privilege escalation", "become root", become_root },
	{ "privilege escalation", "rule the machine", rule_machine },
	{ "privilege escalation", "change the tasks of others", touch_victims },
};
enum { ATTEMPTS = sizeof(attempts) / sizeof(attempts[0]) };

/* ---- the attack ---- */

static void *attack(void *argument)
{
	unsigned int at = (unsigned int)(uintptr_t)argument * 5;

	for (int i = 0; i < ROUNDS * ATTEMPTS && !shared->is_over; i++, at++) {
		shared->tries[at % ATTEMPTS]++;
		shared->gains[at % ATTEMPTS] += attempts[at % ATTEMPTS].try();
	}
	while (!shared->is_over)
		;
	return NULL;
}

/* Pins, classes and policies that root may choose, again and again. */
static void *attack_as_root(void *unused)
{
	for (unsigned int i = 0; !shared->is_over; i++) {
		shared->tries[0]++;
		shared->gains[0] += pin_beyond() | pin_beyond_by_own_call();
		sched_set_qos_class(0, i % 4);
		set_policy(0, i % 3 ? SCHED_OTHER : SCHED_RR, i % 3 ? 0 : 1);
		sched_set_shares(0, 1000);
		shared->gains[0] += is_outside();
	}
	return unused;
}

static pid_t start_attacker(uid_t user, void *(*body)(void *))
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (group_move("jail", 0) || setgid(user) || setgroups(0, NULL) || setuid(user))
		_exit(1);
	for (uintptr_t i = 0; i < THREADS; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, body, (void *)i))
			_exit(2);
	}
	pause();
	_exit(3);
}

static pid_t start_in(const char *group, uid_t user, bool spins)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (group_move(group, 0) || setgid(user) || setuid(user))
		_exit(1);
	while (spins)
		;
	for (;;)
		pause();
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void rest(int ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&left, &left))
		;
}

static void check_victims(void)
{
	bool untouched = true;

	for (int i = 0; i < VICTIMS; i++) {
		unsigned long mask = 0;
		struct sched_qos qos;

		untouched &= syscall(SYS_sched_getaffinity, victims[i], sizeof(mask), &mask) > 0 && mask == 8 &&
			     !getpriority(PRIO_PROCESS, (id_t)victims[i]) && !sched_getscheduler(victims[i]) &&
			     !sched_get_qos(victims[i], &qos, sizeof(qos)) && qos.shares == 100 &&
			     !qos.latency_us && qos.own_class == SCHED_QOS_INHERITED;
	}
	ok(untouched, "the victims are as they were");
	ok(group_number("other", "cgroup.stat", "nr_descendants") == 0 && group_is("other", "cpuset.cpus", "3") &&
	   group_is("rival", "cpu.weight", "100") && group_is("jail", "cpuset.cpus", "0-1"), "and so are the groups");
}

/* The jail's CPU time on other CPUs: who is moved in has some until he is there. */
static long long time_beside(void)
{
	return group_number("jail", "cpu.stat.percpu", "cpu2") + group_number("jail", "cpu.stat.percpu", "cpu3");
}

static void check_attacker(void)
{
	for (int i = 0; i < VICTIMS; i++)
		victims[i] = start_in("other", i == VICTIM_SAME_USER ? ALICE : i == VICTIM_OTHER_USER ? BOB : 0, false);
	pid_t rivals[] = { start_in("rival", BOB, true), start_in("rival", BOB, true) };
	rest(50);
	pid_t attacker = start_attacker(ALICE, attack);
	rest(300);
	long long beside = time_beside();
	long long jail = group_number("jail", "cpu.stat", "usage_usec");
	long long rival = group_number("rival", "cpu.stat", "usage_usec");
	rest(MEASURE_MS);
	jail = group_number("jail", "cpu.stat", "usage_usec") - jail;
	rival = group_number("rival", "cpu.stat", "usage_usec") - rival;
	shared->is_over = true;
	ok(waitpid(attacker, NULL, WNOHANG) == 0, "the attacker is there to the end");
	end(attacker);

	for (int i = 0; i < ATTEMPTS; i++)
		ok(shared->tries[i] && !shared->gains[i], "%s: %s: %d tries, %d gains", attempts[i].threat,
		   attempts[i].name, shared->tries[i], shared->gains[i]);
	ok(time_beside() == beside, "the attacker had no CPU time beyond the mask");
	ok(jail * 100 <= (jail + rival) * 52, "nor more of it than his share: %lld us, his rival %lld us", jail, rival);
	ok(group_number("jail", "pids.events", "max") > 0, "he met the bound of tasks");
	ok(group_number("jail", "memory.events", "oom_kill") > 0, "and that of memory");
	check_victims();
	for (int i = 0; i < VICTIMS; i++)
		end(victims[i]);
	end(rivals[0]);
	end(rivals[1]);
}

static void check_root(void)
{
	memset(shared, 0, sizeof(*shared));
	pid_t attacker = start_attacker(0, attack_as_root);
	rest(100);
	long long beside = time_beside();
	rest(MEASURE_MS);
	shared->is_over = true;
	ok(shared->tries[0] > THREADS && !shared->gains[0], "root beyond its node: %d tries, %d gains",
	   shared->tries[0], shared->gains[0]);
	end(attacker);
	ok(time_beside() == beside, "nor CPU time there");
}

int main(void)
{
	char memory[32], tasks[32];

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	snprintf(memory, sizeof(memory), "%d", MEMORY_MAX);
	snprintf(tasks, sizeof(tasks), "%d", TASKS_MAX);
	ok(!group_put("", "cgroup.subtree_control", "+cpuset +cpu +pids +memory") && !group_make("jail") &&
	   !group_make("rival") && !group_make("other"), "three groups");
	ok(!group_put("jail", "cpuset.cpus", "0-1") && !group_put("rival", "cpuset.cpus", "0-1") &&
	   !group_put("other", "cpuset.cpus", "3") && !group_put("jail", "memory.max", memory) &&
	   !group_put("jail", "pids.max", tasks) && !group_put("jail", "sched.opaque", "1"), "and their bounds");
	check_attacker();
	check_root();
	rest(100);
	ok(!group_remove("jail") && !group_remove("rival") && !group_remove("other"), "nothing is left");
	return tap_done();
}
