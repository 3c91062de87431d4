// SPDX-License-Identifier: Apache-2.0
/*
 * privilege.c - who may change whose scheduling: each cell of the table in docs/privilege.md, tried.
 *
 * Targets sleep in groups; an actor of each kind, in group a, tries each change on each of them. What he
 * should be answered is read from the page, the only argument.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kernel/include/taper/sched.h"
#include "tests/guest/group.h"
#include "tests/guest/policy.h"
#include "tests/guest/tap.h"

enum { ALICE = 1000, BOB, CAROL };
/* The columns of the page. Inside: in the actor's own group, or below it. */
enum relation {
	OWN_PROCESS, SAME_USER_INSIDE, SAME_USER_OUTSIDE, OTHER_USER_INSIDE, OTHER_USER_OUTSIDE,
	KERNEL_THREAD,
};

static const struct target {
	const char *name, *group; /* group NULL: not one of ours to start */
	uid_t user;
} targets[] = {
	{ "alice's, same group", "a", ALICE },
	{ "alice's, below", "a/below", ALICE },
	{ "alice's, beside", "b", ALICE },
	{ "bob's, same group", "a", BOB },
	{ "bob's, below", "a/below", BOB },
	{ "bob's, beside", "b", BOB },
	{ "root's, same group", "a", 0 },
	{ "root's, beside", "b", 0 },
	{ "a kernel thread", NULL, 0 },
	{ "an own thread", NULL, 0 }, /* the last: to move it moves the actor */
};
enum { TARGETS = sizeof(targets) / sizeof(targets[0]), KERNEL = TARGETS - 2, OWN };
static pid_t pids[TARGETS];

#define ALL_RIGHTS ((1ULL << (CAP_LAST_CAP + 1)) - 1)
#define NICE_RIGHT (1ULL << CAP_SYS_NICE)

/* Group a and the one below have files cgroup.procs of alice's. */
static const struct actor {
	const char *name;
	uid_t user;
	uint64_t rights;
	const char *changes_as, *moves_as; /* the page's words for him */
} actors[] = {
	{ "alice", ALICE, 0, "anybody", "their owner" },
	{ "bob", BOB, 0, "anybody", "anybody" },
	{ "carol with CAP_SYS_NICE", CAROL, NICE_RIGHT, "CAP_SYS_NICE", "anybody" },
	{ "root without CAP_SYS_NICE", 0, ALL_RIGHTS & ~NICE_RIGHT, "anybody", "CAP_DAC_OVERRIDE" },
	{ "root", 0, ALL_RIGHTS, "CAP_SYS_NICE", "CAP_DAC_OVERRIDE" },
};
enum { ACTORS = sizeof(actors) / sizeof(actors[0]) };

static int pin(pid_t pid)
{
	cpu_set_t mask;

	CPU_ZERO(&mask);
	CPU_SET(0, &mask);
	return sched_setaffinity(pid, sizeof(mask), &mask) ? -errno : 0;
}

static int make_nicer(pid_t pid)
{
	return setpriority(PRIO_PROCESS, (id_t)pid, 5) ? -errno : 0;
}

static int make_batch(pid_t pid)
{
	const struct sched_param none = { 0 };

	return sched_setscheduler(pid, SCHED_BATCH, &none) ? -errno : 0;
}

static int pin_by_own_call(pid_t pid)
{
	const uint64_t mask = 1;

	return sched_set_affinity(pid, sizeof(mask), &mask, SCHED_AFFINITY_STRICT) < 0 ? -errno : 0;
}

static int make_interactive(pid_t pid)
{
	return sched_set_qos_class(pid, SCHED_QOS_INTERACTIVE) < 0 ? -errno : 0;
}

static int give_shares(pid_t pid)
{
	return sched_set_shares(pid, 200) < 0 ? -errno : 0;
}

static int hint_latency(pid_t pid)
{
	return sched_set_latency_hint(pid, 1000) < 0 ? -errno : 0;
}

static int hint_burst(pid_t pid)
{
	return sched_set_burst_hint(pid, 1000) < 0 ? -errno : 0;
}

static int move_below(pid_t pid)
{
	return group_move("a/below", pid);
}

static const struct change {
	const char *name, *operation; /* operation: the page's word for it */
	int (*try)(pid_t pid);
} changes[] = {
	{ "sched_setaffinity", "affinity", pin },
	{ "sched_set_affinity", "affinity", pin_by_own_call },
	{ "sched_setscheduler", "policy", make_batch },
	{ "setpriority", "nice", make_nicer },
	{ "sched_set_qos_class", "qos", make_interactive },
	{ "sched_set_shares", "shares", give_shares },
	{ "sched_set_latency_hint", "latency", hint_latency },
	{ "sched_set_burst_hint", "burst", hint_burst },
	{ "cgroup.procs", "membership", move_below }, /* the last: where one is decides the others */
};
enum { CHANGES = sizeof(changes) / sizeof(changes[0]), MOVE = CHANGES - 1 };

/* ---- the page ---- */

static char page[16384];

static bool read_page(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t length = fd < 0 ? -1 : read(fd, page, sizeof(page) - 1);

	if (fd >= 0)
		close(fd);
	return length > 0;
}

/* What the page says in that row and column: 0 or -errno; 1, which nobody is answered: nothing. */
static int page_says(const char *operation, const char *who, enum relation relation)
{
	static const struct {
		const char *word;
		int answer;
	} words[] = { { " yes |", 0 }, { " EPERM |", -EPERM }, { " EACCES |", -EACCES },
		      { " EINVAL |", -EINVAL }, { " ESRCH |", -ESRCH } };
	char start[64];

	snprintf(start, sizeof(start), "\n| %s | %s |", operation, who);
	const char *at = strstr(page, start), *end = at ? strchr(at + 1, '\n') : NULL;
	if (!end)
		return 1;
	at += strlen(start);
	for (unsigned int column = 0; column < relation; column++)
		at += strcspn(at, "|\n") + (at[strcspn(at, "|\n")] == '|');
	for (size_t i = 0; at < end && i < sizeof(words) / sizeof(words[0]); i++)
		if (!strncmp(at, words[i].word, strlen(words[i].word)))
			return words[i].answer;
	return 1;
}

/* ---- targets and actors ---- */

/* When it answers, the target is where it belongs. */
static pid_t start_target(const struct target *target)
{
	int ready[2];
	char byte;

	if (pipe(ready))
		return -1;
	pid_t pid = fork();
	if (!pid) {
		if (group_move(target->group, 0) || setgid(target->user) || setuid(target->user) ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	bool is_ready = read(ready[0], &byte, 1) == 1;
	close(ready[0]);
	return is_ready ? pid : -1;
}

/* The flag that stat(5) has for it; 0: there is none. */
static pid_t find_kernel_thread(void)
{
	DIR *processes = opendir("/proc");
	pid_t found = 0;

	for (struct dirent *entry; processes && !found && (entry = readdir(processes));) {
		char path[300], text[512] = "";
		unsigned int flags = 0;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		int fd = atoi(entry->d_name) ? open(path, O_RDONLY) : -1;
		if (fd < 0)
			continue;
		if (read(fd, text, sizeof(text) - 1) > 0 && strrchr(text, ')') &&
		    sscanf(strrchr(text, ')'), ") %*c %*d %*d %*d %*d %*d %u", &flags) == 1 && flags & 0x200000)
			found = atoi(entry->d_name);
		close(fd);
	}
	if (processes)
		closedir(processes);
	return found;
}

static enum relation relation_to(const struct actor *actor, int target)
{
	if (target == OWN)
		return OWN_PROCESS;
	if (target == KERNEL)
		return KERNEL_THREAD;
	bool is_inside = targets[target].group[0] == 'a';
	if (targets[target].user == actor->user)
		return is_inside ? SAME_USER_INSIDE : SAME_USER_OUTSIDE;
	return is_inside ? OTHER_USER_INSIDE : OTHER_USER_OUTSIDE;
}

/* The saved ID of root keeps the rights until they are chosen. */
static bool become(const struct actor *actor)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)actor->rights, (uint32_t)actor->rights, 0 },
		{ (uint32_t)(actor->rights >> 32), (uint32_t)(actor->rights >> 32), 0 },
	};
	uid_t user = actor->user;

	if (setresgid(user, user, user) || setresuid(user, user, 0) || syscall(SYS_capset, &header, data))
		return false;
	return actor->rights || !setresuid(user, user, user);
}

static pthread_barrier_t barrier;

static void *be_a_target(void *unused)
{
	pids[OWN] = (pid_t)syscall(SYS_gettid);
	pthread_barrier_wait(&barrier);
	for (;;)
		pause();
	return unused;
}

/* What the actor is answered, by change and target. */
static void act(const struct actor *actor, int answers[CHANGES][TARGETS])
{
	int ends[2], status;

	if (pipe(ends))
		return;
	pid_t pid = fork();
	if (!pid) {
		pthread_t thread;

		pthread_barrier_init(&barrier, NULL, 2);
		if (group_move("a", 0) || !become(actor) || pthread_create(&thread, NULL, be_a_target, NULL))
			_exit(1);
		pthread_barrier_wait(&barrier);
		for (int change = 0; change < CHANGES; change++)
			for (int i = 0; i < TARGETS; i++)
				answers[change][i] = changes[change].try(pids[i]);
		_exit(write(ends[1], answers, sizeof(int[CHANGES][TARGETS])) < 0);
	}
	close(ends[1]);
	ok(read(ends[0], answers, sizeof(int[CHANGES][TARGETS])) == sizeof(int[CHANGES][TARGETS]),
	   "%s tried everything", actor->name);
	close(ends[0]);
	waitpid(pid, &status, 0);
	for (int i = 0; i < KERNEL; i++)
		if (group_move(targets[i].group, pids[i]))
			ok(false, "%s goes back", targets[i].name);
}

static void check_actor(const struct actor *actor)
{
	int answers[CHANGES][TARGETS] = { { 0 } };

	act(actor, answers);
	for (int change = 0; change < CHANGES; change++)
		for (int i = 0; i < TARGETS; i++) {
			int wanted = page_says(changes[change].operation,
					       change == MOVE ? actor->moves_as : actor->changes_as,
					       relation_to(actor, i));

			ok(answers[change][i] == wanted, "%s: %s of %s: %d, the page says %d", actor->name,
			   changes[change].name, targets[i].name, answers[change][i], wanted);
		}
}

/* ---- what nobody may ---- */

static int run_as(uid_t user, const char *group, int (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(group_move(group, 0) || setgid(user) || setuid(user) ? 99 : body());
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

/* Beyond the node's mask; the answer is where the task may run. */
static int pin_beyond(void)
{
	cpu_set_t mask;
	int beyond, within;

	CPU_ZERO(&mask);
	CPU_SET(3, &mask);
	beyond = sched_setaffinity(0, sizeof(mask), &mask) ? errno : 0;
	memset(&mask, 0xff, sizeof(mask));
	within = sched_setaffinity(0, sizeof(mask), &mask) || sched_getaffinity(0, sizeof(mask), &mask);
	return beyond == EINVAL && !within && CPU_COUNT(&mask) == 2 && !CPU_ISSET(3, &mask) ? 0 : 1;
}

/* Each is for CAP_SYS_NICE; bits of what was not answered so. SCHED_DEADLINE is last: it bars the others. */
static int raise_own(int of_level, int of_rest)
{
	int wrong = 0;

	wrong |= (setpriority(PRIO_PROCESS, 0, -5) ? errno : 0) != of_level;
	wrong |= ((sched_set_shares(0, 501) < 0 ? errno : 0) != of_rest) << 1;
	wrong |= (set_policy(0, SCHED_FIFO, 1) != -of_rest) << 2;
	wrong |= (set_policy(0, SCHED_RR, 1) != -of_rest) << 3;
	wrong |= (set_deadline(0, 1000000, 10000000, 10000000) != -of_rest) << 4;
	return wrong;
}

static int raise_as_user(void)
{
	int wrong = raise_own(EACCES, EPERM);

	return wrong | (sched_set_shares(0, 500) != 500) << 5 | (set_policy(0, SCHED_BATCH, 0) != 0) << 6;
}

static int raise_as_root(void)
{
	return raise_own(0, 0);
}

static int write_groups(void)
{
	if (group_put("a", "cpuset.cpus", "0-3") != -EACCES || group_put("a", "cpu.weight", "10000") != -EACCES)
		return 1;
	if (group_put("a", "sched.cpu_class", "performance") != -EACCES ||
	    group_put("a", "sched.opaque", "1") != -EACCES)
		return 2;
	return group_move("b", 0) != -EACCES || group_move("", 0) != -EACCES ? 3 : 0;
}

static void check_limits(void)
{
	ok(!run_as(ALICE, "a", pin_beyond), "nobody pins himself beyond his node's mask");
	ok(!run_as(0, "a", pin_beyond), "root neither");
	int answer = run_as(ALICE, "a", raise_as_user);
	ok(!answer, "a user raises neither level nor shares nor class of his own (%d)", answer);
	answer = run_as(0, "", raise_as_root); /* a deadline needs its partition's whole mask */
	ok(!answer, "root does (%d)", answer);
	answer = run_as(ALICE, "a", write_groups);
	ok(!answer, "a user writes no group of root's, and leaves his own not (%d)", answer);
}

int main(int count, char **arguments)
{
	ok(count == 2 && read_page(arguments[1]), "the page is there");
	ok(!group_put("", "cgroup.subtree_control", "+cpuset +cpu") && !group_make("a") && !group_make("b"),
	   "two groups");
	ok(!group_put("a", "cpuset.cpus", "0-1") && !group_make("a/below"), "of CPUs 0-1");
	ok(!chown(GROUP_ROOT "/a/cgroup.procs", ALICE, ALICE) &&
	   !chown(GROUP_ROOT "/a/below/cgroup.procs", ALICE, ALICE), "whose members alice chooses");
	pids[KERNEL] = find_kernel_thread();
	ok(pids[KERNEL] > 0, "a kernel thread, %d", (int)pids[KERNEL]);
	for (int i = 0; i < KERNEL; i++) {
		pids[i] = start_target(&targets[i]);
		ok(pids[i] > 0, "target %d", i);
	}
	for (int i = 0; i < ACTORS; i++)
		check_actor(&actors[i]);
	check_limits();
	for (int i = 0; i < KERNEL; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	ok(!group_remove("a/below") && !group_remove("a") && !group_remove("b"), "the end");
	return tap_done();
}
