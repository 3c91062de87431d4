// SPDX-License-Identifier: Apache-2.0
/*
 * policies.c - the calls that set and read a task's policy: what they accept, what they refuse and to
 * whom, what a child inherits, what /proc shows.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/guest/group.h"
#include "tests/guest/policy.h"
#include "tests/guest/tap.h"

enum { MILLISECOND = 1000000, NOBODY = 65534 };

#define ANSWERS(expected, call)                                                     \
	do {                                                                        \
		int answer_ = (call);                                               \
		ok(answer_ == (expected), #call " answers %d (%d)", expected, answer_); \
	} while (0)

static struct attr attr_of(int policy)
{
	return (struct attr){ .size = sizeof(struct attr), .policy = (uint32_t)policy };
}

static int get_policy(pid_t pid)
{
	int policy = sched_getscheduler(pid);

	return policy < 0 ? -errno : policy;
}

static int get_priority(pid_t pid)
{
	struct sched_param parameter = { .sched_priority = -1 };

	return sched_getparam(pid, &parameter) ? -errno : parameter.sched_priority;
}

static int set_param(pid_t pid, int priority)
{
	struct sched_param parameter = { .sched_priority = priority };

	return sched_setparam(pid, &parameter) ? -errno : 0;
}

/* Nothing that a call could name: it has ended and was reaped. */
static pid_t missing_pid(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
	return child;
}

static void test_setscheduler(void)
{
	static const int policies[] = { SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE };

	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		int policy = policies[i];
		int low = sched_get_priority_min(policy), high = sched_get_priority_max(policy);
		int realtime = policy == SCHED_FIFO || policy == SCHED_RR;

		ok(low == realtime && high == (realtime ? 99 : 0), "policy %d has priorities %d to %d",
		   policy, low, high);
		ANSWERS(-EINVAL, set_policy(0, policy, low - 1));
		ANSWERS(-EINVAL, set_policy(0, policy, high + 1));
		ANSWERS(0, set_policy(0, policy, high));
		ANSWERS(0, set_policy(0, policy, low));
		ok(get_policy(0) == policy && get_priority(0) == low, "policy %d reads back", policy);
	}
	ANSWERS(0, sched_get_priority_max(SCHED_DEADLINE));
	ok(sched_get_priority_max(4) == -1 && errno == EINVAL, "there is no policy 4");
	ok(sched_get_priority_min(-1) == -1 && errno == EINVAL, "nor -1");
	ANSWERS(-EINVAL, set_policy(0, 4, 0));
	ANSWERS(-EINVAL, set_policy(0, 7, 0));
	ANSWERS(-EINVAL, set_policy(0, -1, 0));
	ANSWERS(-EINVAL, set_policy(0, SCHED_DEADLINE, 0));
	ANSWERS(-EINVAL, set_policy(-1, SCHED_OTHER, 0));
	ANSWERS(-ESRCH, set_policy(missing_pid(), SCHED_OTHER, 0));
	ANSWERS(-EINVAL, get_policy(-1));
	ANSWERS(-ESRCH, get_policy(missing_pid()));
	ANSWERS(-EINVAL, get_priority(-1));
	ANSWERS(-ESRCH, get_priority(missing_pid()));
	ok(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, NULL) == -1 && errno == EINVAL, "no param");
	ok(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, 8L) == -1 && errno == EFAULT, "a bad param");
	ok(syscall(SYS_sched_getparam, 0, NULL) == -1 && errno == EINVAL, "getparam without param");
	ok(syscall(SYS_sched_getparam, 0, 8L) == -1 && errno == EFAULT, "and with a bad one");
	ANSWERS(0, set_policy(0, SCHED_RR, 10));
	ANSWERS(0, set_param(0, 20));
	ok(get_policy(0) == SCHED_RR && get_priority(0) == 20, "setparam keeps the policy");
	ANSWERS(-EINVAL, set_param(0, 0));
	ANSWERS(-EINVAL, set_param(-1, 1));
	ANSWERS(-ESRCH, set_param(missing_pid(), 1));
	ANSWERS(0, set_policy(0, SCHED_OTHER, 0));
	ANSWERS(-EINVAL, set_param(0, 1));
	ANSWERS(0, set_param(0, 0));
}

static void test_intervals(void)
{
	struct timespec interval;

	set_policy(0, SCHED_RR, 1);
	ok(!sched_rr_get_interval(0, &interval) && interval.tv_sec == 0 && interval.tv_nsec == 100 * MILLISECOND,
	   "SCHED_RR has slices of 100 ms (%ld ns)", (long)interval.tv_nsec);
	set_policy(0, SCHED_FIFO, 1);
	ok(!sched_rr_get_interval(0, &interval) && interval.tv_nsec == 0, "SCHED_FIFO has none");
	set_policy(0, SCHED_OTHER, 0);
	ok(!sched_rr_get_interval(0, &interval) && interval.tv_nsec > 0, "SCHED_OTHER has its own");
	ok(sched_rr_get_interval(-1, &interval) == -1 && errno == EINVAL, "a negative pid");
	ok(sched_rr_get_interval(missing_pid(), &interval) == -1 && errno == ESRCH, "a missing one");
	ok(syscall(SYS_sched_rr_get_interval, 0, 8L) == -1 && errno == EFAULT, "a bad address");
}

static void test_attr_sizes(void)
{
	struct {
		struct attr attr;
		char more[200];
	} long_attr = { .attr = attr_of(SCHED_OTHER) };
	struct attr attr = attr_of(SCHED_OTHER);

	ANSWERS(-EINVAL, set_attr(0, NULL, 0));
	ANSWERS(-EINVAL, set_attr(0, &attr, 1));
	ANSWERS(-EINVAL, set_attr(-1, &attr, 0));
	ANSWERS(-ESRCH, set_attr(missing_pid(), &attr, 0));
	ANSWERS(-EFAULT, set_attr(0, (void *)8, 0));
	attr.size = 47;
	ANSWERS(-E2BIG, set_attr(0, &attr, 0));
	ok(attr.size == sizeof(attr), "the size that is known is written back (%u)", attr.size);
	attr.size = 4097;
	ANSWERS(-E2BIG, set_attr(0, &attr, 0));
	ok(attr.size == sizeof(attr), "and here");
	attr.size = 48;
	ANSWERS(0, set_attr(0, &attr, 0));
	attr.size = 0;
	ANSWERS(0, set_attr(0, &attr, 0));
	long_attr.attr.size = sizeof(long_attr);
	ANSWERS(0, set_attr(0, &long_attr, 0));
	long_attr.more[150] = 1;
	ANSWERS(-E2BIG, set_attr(0, &long_attr, 0));
	ok(long_attr.attr.size == sizeof(attr), "what is not known must be 0");
	attr = attr_of(SCHED_OTHER);
	attr.policy = 0x80000000;
	ANSWERS(-EINVAL, set_attr(0, &attr, 0));
	attr = attr_of(SCHED_OTHER);
	attr.flags = 1UL << 40;
	ANSWERS(-EINVAL, set_attr(0, &attr, 0));
	attr.flags = 0x20;
	ANSWERS(-EOPNOTSUPP, set_attr(0, &attr, 0));
	attr.size = 48;
	ANSWERS(-EINVAL, set_attr(0, &attr, 0));

	ANSWERS(-EINVAL, get_attr(0, NULL, sizeof(attr), 0));
	ANSWERS(-EINVAL, get_attr(0, &attr, 47, 0));
	ANSWERS(-EINVAL, get_attr(0, &attr, 4097, 0));
	ANSWERS(-EINVAL, get_attr(0, &attr, sizeof(attr), 1));
	ANSWERS(-EINVAL, get_attr(-1, &attr, sizeof(attr), 0));
	ANSWERS(-ESRCH, get_attr(missing_pid(), &attr, sizeof(attr), 0));
	ANSWERS(-EFAULT, get_attr(0, (void *)8, sizeof(attr), 0));
	attr.util_max = 77;
	ANSWERS(0, get_attr(0, &attr, 48, 0));
	ok(attr.size == 48 && attr.util_max == 77, "a short one is filled as far as it goes");
	ANSWERS(0, get_attr(0, &long_attr, sizeof(long_attr), 0));
	ok(long_attr.attr.size == sizeof(attr) && long_attr.more[150] == 1, "a long one, too");
}

static void test_attr_values(void)
{
	struct attr attr = attr_of(SCHED_OTHER), got;

	attr.nice = 7;
	ANSWERS(0, set_attr(0, &attr, 0));
	ok(get_attr(0, &got, sizeof(got), 0) == 0 && got.nice == 7 && got.policy == SCHED_OTHER, "a nice level");
	ok(got.runtime == 3 * MILLISECOND, "its turns are 3 ms (%lu)", (unsigned long)got.runtime);
	attr.runtime = 7 * MILLISECOND;
	ANSWERS(0, set_attr(0, &attr, 0));
	ok(get_attr(0, &got, sizeof(got), 0) == 0 && got.runtime == 7 * MILLISECOND, "or what is asked for");
	attr.runtime = 1;
	ANSWERS(0, set_attr(0, &attr, 0));
	ok(get_attr(0, &got, sizeof(got), 0) == 0 && got.runtime == MILLISECOND / 10, "0.1 ms at least");
	attr = attr_of(SCHED_IDLE);
	ANSWERS(0, set_attr(0, &attr, 0));
	ok(getpriority(PRIO_PROCESS, 0) == 7, "SCHED_IDLE keeps the nice level");
	setpriority(PRIO_PROCESS, 0, 9);
	ANSWERS(0, set_policy(0, SCHED_OTHER, 0));
	ok(getpriority(PRIO_PROCESS, 0) == 9, "one that is set meanwhile, too");
	attr = attr_of(SCHED_BATCH);
	attr.nice = 99; /* is cut */
	ANSWERS(0, set_attr(0, &attr, 0));
	ok(get_attr(0, &got, sizeof(got), 0) == 0 && got.nice == 19 && got.policy == SCHED_BATCH, "the highest");
	attr = attr_of(SCHED_FIFO);
	attr.priority = 33;
	attr.flags = FLAG_RESET_ON_FORK;
	ANSWERS(0, set_attr(0, &attr, 0));
	ok(get_attr(0, &got, sizeof(got), 0) == 0 && got.priority == 33 && got.flags == FLAG_RESET_ON_FORK &&
	   got.policy == SCHED_FIFO && got.nice == 0, "a priority and a flag");
	attr = attr_of(SCHED_OTHER);
	attr.flags = FLAG_KEEP_POLICY;
	attr.priority = 44;
	ANSWERS(0, set_attr(0, &attr, 0));
	ok(get_policy(0) == (SCHED_FIFO | POLICY_RESET_ON_FORK) && get_priority(0) == 44,
	   "KEEP_POLICY keeps policy and flag");
	attr.flags = FLAG_KEEP_POLICY | FLAG_KEEP_PARAMS;
	attr.priority = 1;
	ANSWERS(0, set_attr(0, &attr, 0));
	ok(get_priority(0) == 44, "KEEP_PARAMS keeps the priority");
	attr = attr_of(SCHED_OTHER);
	ANSWERS(0, set_attr(0, &attr, 0));
	ok(get_policy(0) == SCHED_OTHER && getpriority(PRIO_PROCESS, 0) == 0, "back to normal");
}

static void test_deadlines(void)
{
	struct attr got;

	ANSWERS(-EINVAL, set_deadline(0, 1023, MILLISECOND, MILLISECOND));
	ANSWERS(-EINVAL, set_deadline(0, MILLISECOND, 0, MILLISECOND));
	ANSWERS(-EINVAL, set_deadline(0, 2 * MILLISECOND, MILLISECOND, 3 * MILLISECOND));
	ANSWERS(-EINVAL, set_deadline(0, MILLISECOND, 3 * MILLISECOND, 2 * MILLISECOND));
	ANSWERS(-EINVAL, set_deadline(0, 2000, 99999, 99999));
	ANSWERS(-EINVAL, set_deadline(0, MILLISECOND, 1UL << 33, 1UL << 33));
	ANSWERS(-EINVAL, set_deadline(0, MILLISECOND, 1UL << 63, 1UL << 63));
	ANSWERS(0, set_deadline(0, MILLISECOND, 10 * MILLISECOND, 0));
	ok(get_attr(0, &got, sizeof(got), 0) == 0 && got.policy == SCHED_DEADLINE && got.runtime == MILLISECOND &&
	   got.deadline == 10 * MILLISECOND && got.period == got.deadline, "a period of 0 is the deadline");
	ok(get_policy(0) == SCHED_DEADLINE && get_priority(0) == 0, "the old calls know it");
	ANSWERS(-EINVAL, set_param(0, 0));
	ok(fork() == -1 && errno == EAGAIN, "a deadline task does not fork");
	struct attr attr = attr_of(SCHED_DEADLINE);
	attr.runtime = MILLISECOND;
	attr.deadline = attr.period = 10 * MILLISECOND;
	attr.flags = FLAG_RESET_ON_FORK;
	ANSWERS(0, set_attr(0, &attr, 0));
	pid_t child = fork();
	if (child == 0)
		_exit(get_policy(0) == SCHED_OTHER ? 0 : 1);
	int status = -1;
	waitpid(child, &status, 0);
	ok(status == 0, "but one whose children are none does");
	attr.flags = 2; /* RECLAIM */
	ANSWERS(-EINVAL, set_attr(0, &attr, 0));
	ANSWERS(0, set_policy(0, SCHED_OTHER, 0));
}

/* As many deadline tasks as are let in, a tenth of a CPU each. */
static void test_admission(int cpus)
{
	enum { MOST = 100 };
	static pid_t pids[MOST];
	int count = 0, error = 0;

	while (count < MOST) {
		pids[count] = fork();
		if (pids[count] == 0)
			for (;;)
				pause();
		error = set_deadline(pids[count], 10 * MILLISECOND, 100 * MILLISECOND, 100 * MILLISECOND);
		count++;
		if (error)
			break;
	}
	ok(error == -EBUSY && count - 1 == cpus * 95 / 10, "%d times a tenth of a CPU is let in (%s)", count - 1,
	   strerror(-error));
	ANSWERS(-EBUSY, set_deadline(pids[0], 90 * MILLISECOND, 100 * MILLISECOND, 100 * MILLISECOND));
	ANSWERS(0, set_deadline(pids[0], 2 * MILLISECOND, 100 * MILLISECOND, 100 * MILLISECOND));
	kill(pids[1], SIGKILL);
	waitpid(pids[1], NULL, 0);
	ANSWERS(0, set_deadline(pids[count - 1], 10 * MILLISECOND, 100 * MILLISECOND, 100 * MILLISECOND));
	if (cpus > 1) {
		unsigned long one = 1;
		ok(sched_setaffinity(pids[0], sizeof(one), (cpu_set_t *)&one) == -1 && errno == EBUSY,
		   "a deadline task cannot be pinned");
		int fd = open("/sys/devices/system/cpu/cpu1/online", O_WRONLY);
		ok(write(fd, "0", 1) == -1 && errno == EBUSY, "nor a CPU that they need go");
		close(fd);
	}
	for (int i = 0; i < count; i++) {
		if (i == 1)
			continue;
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	if (cpus > 1) {
		unsigned long one = 1, all = (1UL << cpus) - 1;
		sched_setaffinity(0, sizeof(one), (cpu_set_t *)&one);
		ANSWERS(-EPERM, set_deadline(0, MILLISECOND, 10 * MILLISECOND, 10 * MILLISECOND));
		sched_setaffinity(0, sizeof(all), (cpu_set_t *)&all);
	}
	ANSWERS(0, set_deadline(0, MILLISECOND, 10 * MILLISECOND, 10 * MILLISECOND));
	ANSWERS(0, set_policy(0, SCHED_OTHER, 0));
}

/* A partition has its own time to give away. */
static void test_partition(int cpus)
{
	char last[16];
	pid_t child;

	if (cpus < 2)
		return;
	snprintf(last, sizeof(last), "%d", cpus - 1);
	group_put("", "cgroup.subtree_control", "+cpuset");
	int error = group_make("dl");
	error = error ? error : group_put("dl", "cpuset.cpus", last);
	error = error ? error : group_put("dl", "cpuset.cpus.partition", "root");
	ok(error == 0 && group_is("dl", "cpuset.cpus.partition", "root"), "a partition of CPU %s", last);
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	ok(group_move("dl", child) == 0, "a task moves in");
	ANSWERS(-EBUSY, set_deadline(child, 96 * MILLISECOND, 100 * MILLISECOND, 100 * MILLISECOND));
	ANSWERS(0, set_deadline(child, 90 * MILLISECOND, 100 * MILLISECOND, 100 * MILLISECOND));
	set_deadline(0, 10 * MILLISECOND, 100 * MILLISECOND, 100 * MILLISECOND);
	ANSWERS(-EBUSY, group_move("dl", 0));
	set_policy(0, SCHED_OTHER, 0);
	ANSWERS(0, group_move("", child));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	ANSWERS(0, group_remove("dl"));
}

static void limit(int resource, rlim_t value)
{
	struct rlimit limits = { value, value };

	setrlimit((__rlimit_resource_t)resource, &limits);
}

/* What nobody may do without CAP_SYS_NICE; answers how often it went wrong. */
static int unprivileged(pid_t other)
{
	int before = tap_failures;

	limit(RLIMIT_RTPRIO, 0);
	limit(RLIMIT_NICE, 0);
	if (setuid(NOBODY))
		return 1;
	ANSWERS(-EPERM, set_policy(0, SCHED_FIFO, 1));
	ANSWERS(-EPERM, set_policy(0, SCHED_RR, 99));
	ANSWERS(-EPERM, set_deadline(0, MILLISECOND, 10 * MILLISECOND, 10 * MILLISECOND));
	ANSWERS(-EPERM, set_policy(other, SCHED_OTHER, 0));
	ANSWERS(-EINVAL, set_policy(other, SCHED_OTHER, 5));
	ANSWERS(0, set_policy(0, SCHED_BATCH, 0));
	ok(setpriority(PRIO_PROCESS, 0, 5) == 0, "a higher level is free");
	ok(setpriority(PRIO_PROCESS, 0, 4) == -1 && errno == EACCES, "a lower one is not");
	ok(setpriority(PRIO_PROCESS, (id_t)other, 5) == -1 && errno == EPERM, "another's task");
	struct attr attr = attr_of(SCHED_OTHER);
	ANSWERS(-EPERM, set_attr(0, &attr, 0)); /* nice 0 is lower than 5 */
	ANSWERS(0, set_policy(0, SCHED_IDLE, 0));
	ANSWERS(-EPERM, set_policy(0, SCHED_OTHER, 0));
	ANSWERS(0, set_policy(0, SCHED_IDLE | POLICY_RESET_ON_FORK, 0));
	ANSWERS(-EPERM, set_policy(0, SCHED_IDLE, 0));
	return tap_failures - before;
}

static int limited(void)
{
	int before = tap_failures;

	limit(RLIMIT_RTPRIO, 10);
	limit(RLIMIT_NICE, 22);
	if (setuid(NOBODY))
		return 1;
	ANSWERS(0, set_policy(0, SCHED_FIFO, 10));
	ANSWERS(-EPERM, set_policy(0, SCHED_FIFO, 11));
	ANSWERS(0, set_policy(0, SCHED_RR, 5));
	ANSWERS(0, set_policy(0, SCHED_OTHER, 0));
	ok(setpriority(PRIO_PROCESS, 0, -2) == 0, "RLIMIT_NICE 22 lets it have -2");
	ok(setpriority(PRIO_PROCESS, 0, -3) == -1 && errno == EACCES, "but not -3");
	ANSWERS(0, set_policy(0, SCHED_IDLE, 0));
	ANSWERS(0, set_policy(0, SCHED_OTHER, 0));
	return tap_failures - before;
}

static void test_privilege(void)
{
	pid_t parent = getpid();

	for (int i = 0; i < 2; i++) {
		int status = -1;
		pid_t child = fork();

		if (child == 0)
			_exit(i ? limited() : unprivileged(parent));
		waitpid(child, &status, 0);
		tap_count += i ? 8 : 14;
		ok(status == 0, "an unprivileged user is held to the rules (%d)", i);
	}
}

enum { NICE_LEVELS = 40 };

/* What a child reports: its policy, and its nice level once it has an ordinary one. */
static int report(int policy, int nice)
{
	return policy * NICE_LEVELS + 20 + nice;
}

static int inherited(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		int policy = get_policy(0) & 15;

		set_policy(0, SCHED_OTHER, 0);
		_exit(report(policy, getpriority(PRIO_PROCESS, 0)));
	}
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

static void test_inheritance(void)
{
	setpriority(PRIO_PROCESS, 0, 5);
	set_policy(0, SCHED_RR, 7);
	ok(inherited() == report(SCHED_RR, 5), "a child has its parent's policy and nice level");
	set_policy(0, SCHED_RR | POLICY_RESET_ON_FORK, 7);
	ok(get_policy(0) == (SCHED_RR | POLICY_RESET_ON_FORK), "the flag reads back");
	ok(inherited() == report(SCHED_OTHER, 0), "but not with that flag");
	set_policy(0, SCHED_BATCH | POLICY_RESET_ON_FORK, 0);
	ok(inherited() == report(SCHED_BATCH, 5), "which leaves a fair policy and a high level");
	setpriority(PRIO_PROCESS, 0, -5);
	ok(inherited() == report(SCHED_BATCH, 0), "but no low one");
	set_policy(0, SCHED_IDLE | POLICY_RESET_ON_FORK, 0);
	ok(inherited() == report(SCHED_IDLE, 0), "nor one that SCHED_IDLE hides");
	setpriority(PRIO_PROCESS, 0, 0);
	set_policy(0, SCHED_OTHER, 0);
	ok(get_policy(0) == SCHED_OTHER, "root may drop the flag");
}

/* The numbered field of /proc/self/stat. */
static long stat_field(int number)
{
	char text[1024];
	FILE *file = fopen("/proc/self/stat", "r");

	if (!file || !fgets(text, sizeof(text), file))
		return -1;
	fclose(file);
	char *at = strrchr(text, ')') + 2;
	while (number-- > 3)
		at = strchr(at, ' ') + 1;
	return atol(at);
}

static void expect_stat(long priority, long nice, long realtime, long policy)
{
	ok(stat_field(18) == priority && stat_field(19) == nice && stat_field(40) == realtime &&
	   stat_field(41) == policy, "/proc/self/stat: %ld %ld ... %ld %ld", stat_field(18), stat_field(19),
	   stat_field(40), stat_field(41));
}

static void test_stat(void)
{
	expect_stat(20, 0, 0, SCHED_OTHER);
	setpriority(PRIO_PROCESS, 0, 3);
	expect_stat(23, 3, 0, SCHED_OTHER);
	set_policy(0, SCHED_FIFO, 50);
	expect_stat(-51, 3, 50, SCHED_FIFO);
	set_deadline(0, MILLISECOND, 10 * MILLISECOND, 10 * MILLISECOND);
	expect_stat(-101, 3, 0, SCHED_DEADLINE);
	set_policy(0, SCHED_OTHER, 0);
	setpriority(PRIO_PROCESS, 0, 0);
	expect_stat(20, 0, 0, SCHED_OTHER);
}

/* A kernel thread is nobody's to change: the one that has its name in brackets. */
static void test_kernel_thread(void)
{
	for (pid_t pid = 2; pid < 20; pid++) {
		char path[32], text[64] = "";
		snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
		int fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		ssize_t length = read(fd, text, sizeof(text));
		close(fd);
		if (length != 0)
			continue;
		ANSWERS(-EINVAL, set_policy(pid, SCHED_FIFO, 1));
		return;
	}
	ok(0, "there is a kernel thread");
}

int main(void)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);

	test_setscheduler();
	test_intervals();
	test_attr_sizes();
	test_attr_values();
	test_deadlines();
	test_admission(cpus);
	test_partition(cpus);
	test_privilege();
	test_inheritance();
	test_stat();
	test_kernel_thread();
	return tap_done();
}
