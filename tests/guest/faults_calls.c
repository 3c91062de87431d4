// SPDX-License-Identifier: Apache-2.0
/*
 * faults_calls.c - as faults.c, for what the scheduler, memory nodes, sockets and the machine's CPUs are asked:
 * every allocation fails once in turn. For a machine with 4 CPUs and 2 memory nodes.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "kernel/include/taper/sched.h"
#include "tests/guest/faults.h"
#include "tests/guest/nodes.h"

#define SCRATCH "/tmp/faults"
#define CPU3 "/sys/devices/system/cpu/cpu3/online"

static pid_t sleeper;
static char *area; /* COUNT pages, on node 0 to begin with */
static int ends[2] = { -1, -1 };

/* ---- pseudo-files that faults.c leaves out ---- */

#define WRITES(row) \
	row(max, "faults/a", "cpu.max", "50000 100000", "max 100000") \
	row(burst, "faults/b", "cpu.max.burst", "1000", "0") \
	row(qos, "faults/a", "sched.qos", "interactive", "inherited") \
	row(latency, "faults/a", "sched.latency_ms", "5", "0") \
	row(kind, "faults/a", "sched.cpu_class", "performance", "any") \
	row(opaque, "faults/a", "sched.opaque", "1", "0") \
	row(mems_of_tasks, "faults/a", "cpuset.mems", "1", "0-1") \
	row(isolated, "faults/b", "cpuset.cpus.partition", "isolated", "member") \
	row(remote, "faults/r/s", "cpuset.cpus.partition", "root", "member") \
	row(exclusive_below, "faults/r/s", "cpuset.cpus.exclusive", "2", "2-3") \
	row(disable, "faults", "cgroup.subtree_control", "-pids", "+pids")
WRITES(WRITE_FUNCTIONS)

/* ---- the machine ---- */

static int set_online(const char *value)
{
	int fd = open(CPU3, O_WRONLY);
	if (fd < 0)
		return -errno;
	int error = result(write(fd, value, 1));
	close(fd);
	return error;
}
static int unplug(void) { return set_online("0"); }
static void plug(void) { set_online("1"); }
static int plug_again(void) { return set_online("1"); }
static void unplug_again(void) { set_online("0"); }

/* ---- the scheduler ---- */

static int be_fifo(void)
{
	struct sched_param param = { .sched_priority = 5 };
	return result(sched_setscheduler(0, SCHED_FIFO, &param));
}
static void be_other(void)
{
	struct sched_param param = { .sched_priority = 0 };
	sched_setscheduler(0, SCHED_OTHER, &param);
}

struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static int be_deadline(void)
{
	struct attributes attributes = { sizeof(attributes), 6, 0, 0, 0, 2000000, 10000000, 10000000 };
	return result(syscall(SYS_sched_setattr, 0, &attributes, 0));
}

static int be_nice(void) { return result(setpriority(PRIO_PROCESS, 0, 3)); }
static void be_nice_no_more(void) { setpriority(PRIO_PROCESS, 0, 0); }
static int choose_class(void) { return result(sched_set_qos_class(sleeper, SCHED_QOS_PERF_BURST)); }
static void leave_class(void) { sched_set_qos_class(sleeper, SCHED_QOS_INHERITED); }
static int set_shares(void) { return result(sched_set_shares(sleeper, 300)); }
static void unset_shares(void) { sched_set_shares(sleeper, 100); }
static int set_hints(void)
{
	int error = result(sched_set_latency_hint(sleeper, 500));
	return error ? error : result(sched_set_burst_hint(sleeper, 500));
}
static void unset_hints(void) { sched_set_latency_hint(sleeper, 0), sched_set_burst_hint(sleeper, 0); }
static int pin_other(void)
{
	uint64_t cpus = 2;
	return result(sched_set_affinity(sleeper, sizeof(cpus), &cpus, SCHED_AFFINITY_STRICT));
}
static void unpin_other(void)
{
	uint64_t cpus = 15;
	sched_set_affinity(sleeper, sizeof(cpus), &cpus, 0);
}

/* ---- memory nodes ---- */

static int interleave(void) { return (int)policy(INTERLEAVE, 3); }
static void no_policy(void) { policy(DEFAULT, 0); }

/* In the middle: the mapping becomes three. */
static int bind_middle(void) { return (int)bind_to(area + 8 * PAGE, 8, BIND, 1, STRICT); }
static void unbind(void) { bind_to(area, COUNT, DEFAULT, 0, 0); }

static void all_back(void)
{
	uint64_t from = 2, to = 1;
	migrate(0, 64, &from, &to);
}

/* Pages that do not move are counted, and stay. */
static int migrate_all(void)
{
	uint64_t from = 1, to = 2;
	long answer = migrate(0, 64, &from, &to);
	if (answer)
		all_back();
	return answer > 0 ? -ENOMEM : (int)answer;
}

static int move_some(void)
{
	void *pages[4] = { area, area + PAGE, area + 2 * PAGE, area + 3 * PAGE };
	int to[4] = { 1, 1, 1, 1 }, status[4];
	long answer = move(0, 4, pages, to, status, MOVE); /* how many did not */
	for (int i = 0; i < 4 && answer >= 0; i++)
		answer = status[i] < 0 ? status[i] : answer;
	if (answer)
		all_back();
	return (int)answer;
}

static int bind_and_move(void)
{
	long answer = bind_to(area, COUNT, BIND, 2, MOVE | STRICT);
	if (answer) {
		unbind();
		all_back();
	}
	return (int)answer;
}
static void unbind_and_move(void) { unbind(), all_back(); }

static int look_up(void)
{
	int value;
	uint64_t nodes;
	void *page = area;
	int error = (int)get_policy(&value, &nodes, 64, area, F_ADDRESS);
	return error ? error : (int)move(sleeper, 1, &page, NULL, &value, 0);
}

static int lock_memory(void) { return result(mlock(area, 4 * PAGE)); }
static void unlock_memory(void) { munlock(area, 4 * PAGE); }

/* ---- sockets ---- */

static void close_ends(void) { close(ends[0]), close(ends[1]); }
static int make_pair(void) { return result(socketpair(AF_UNIX, SOCK_STREAM, 0, ends)); }

static const struct sockaddr_un address = { AF_UNIX, SCRATCH "/socket" };

/* A whole conversation: whatever fails, nothing of it stays. */
static int converse(void)
{
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0), talk = -1;
	const struct sockaddr *to = (const struct sockaddr *)&address;
	int error = server < 0 || client < 0 ? -ENOMEM : result(bind(server, to, sizeof(address)));
	bool bound = !error;
	if (!error)
		error = result(listen(server, 5));
	if (!error)
		error = result(connect(client, to, sizeof(address)));
	if (!error)
		error = result(talk = accept(server, NULL, NULL));
	if (!error)
		error = result(send(client, "hello", 5, 0));
	if (bound)
		unlink(address.sun_path);
	close(server);
	close(client);
	close(talk);
	return error;
}

static int send_much(void)
{
	static char block[32 * 1024];
	int error = make_pair();
	if (error)
		return error;
	ssize_t length = send(ends[0], block, sizeof(block), MSG_DONTWAIT);
	error = length < 0 ? -errno : length < (ssize_t)sizeof(block) ? -ENOMEM : 0;
	close_ends();
	return error;
}

/* ---- files ---- */

static int watch_new(void)
{
	int fd = inotify_init1(IN_NONBLOCK);
	if (fd < 0)
		return -errno;
	int error = result(inotify_add_watch(fd, GROUP_ROOT "/faults/a/cgroup.events", IN_MODIFY));
	close(fd);
	return error;
}

static int select_many(void)
{
	struct timeval now = { 0, 0 };
	fd_set set;
	FD_ZERO(&set);
	FD_SET(0, &set);
	return result(select(1, &set, NULL, NULL, &now));
}

static int read_link(void)
{
	char text[256];
	return result(readlink("/proc/self/exe", text, sizeof(text)));
}

static int grow_file(void) { return result(truncate(SCRATCH "/file", 8 * PAGE)); }
static void shrink_file(void) { (void)!truncate(SCRATCH "/file", 0); }
static int allocate_file(void)
{
	int fd = open(SCRATCH "/file", O_RDWR);
	if (fd < 0)
		return -errno;
	int error = result(fallocate(fd, 0, 0, 8 * PAGE));
	close(fd);
	return error;
}
static int list_processes(void)
{
	DIR *directory = opendir("/proc");
	if (!directory)
		return -errno;
	errno = 0;
	while (readdir(directory))
		;
	int error = -errno;
	closedir(directory);
	return error;
}
static int set_limits(void)
{
	struct rlimit limit = { 1024, 4096 };
	return result(setrlimit(RLIMIT_NOFILE, &limit));
}
static int queue_signal(void)
{
	union sigval value = { .sival_int = 1 };
	return result(sigqueue(getpid(), SIGRTMIN, value));
}
static void take_signal(void)
{
	struct timespec now = { 0, 0 };
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigtimedwait(&set, NULL, &now);
}
static int set_timer(void)
{
	struct itimerval timer = { .it_value = { 1000, 0 } };
	return result(setitimer(ITIMER_REAL, &timer, NULL));
}
static void unset_timer(void)
{
	struct itimerval timer = { .it_value = { 0, 0 } };
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void add_qos(struct image *image, pid_t task)
{
	struct sched_qos qos = { 0 };
	char text[128];
	sched_get_qos(task, &qos, sizeof(qos));
	snprintf(text, sizeof(text), "%u %u %u %u %u %u; policy %d nice %d\n", qos.qos_class, qos.own_class,
		 qos.shares, qos.latency_us, qos.burst_us, qos.slice_us, sched_getscheduler(task),
		 getpriority(PRIO_PROCESS, (id_t)task));
	add_text(image, text);
}

static void look(struct image *image)
{
	char text[128];
	int mode = -1;
	uint64_t nodes = 0;
	add_group(image, "faults");
	add_group(image, "faults/a");
	add_group(image, "faults/b");
	add_group(image, "faults/r");
	add_group(image, "faults/r/s");
	add_file(image, GROUP_ROOT "/cpuset.cpus.effective");
	add_file(image, GROUP_ROOT "/cpuset.cpus.isolated");
	add_file(image, "/sys/devices/system/cpu/online");
	add_qos(image, 0);
	add_qos(image, sleeper);
	snprintf(text, sizeof(text), "/proc/%d/status", sleeper);
	int fd = open(text, O_RDONLY | O_CLOEXEC);
	char status[4096] = "";
	(void)!read(fd, status, sizeof(status) - 1);
	close(fd);
	const char *allowed = strstr(status, "Cpus_allowed");
	add_text(image, allowed ? strndupa(allowed, strcspn(allowed, "v")) : "?");
	get_policy(&mode, &nodes, 64, NULL, 0);
	snprintf(text, sizeof(text), "policy %d 0x%lx, %ld pages on node 0, %s\n", mode, (unsigned long)nodes,
		 pages_on(0, area, COUNT, 1), pages_intact(area, COUNT) ? "intact" : "lost");
	add_text(image, text);
	add_file(image, "/proc/self/maps");
}

static const struct operation operations[] = {
	WRITES(WRITE_ROWS)
	{ "unplug a CPU", unplug, plug, 0 },
	{ "sched_setscheduler", be_fifo, be_other, 0 },
	{ "sched_setattr of a deadline", be_deadline, be_other, 0 },
	{ "setpriority", be_nice, be_nice_no_more, 0 },
	{ "sched_set_qos_class", choose_class, leave_class, 0 },
	{ "sched_set_shares", set_shares, unset_shares, 0 },
	{ "sched_set_latency_hint, _burst_hint", set_hints, unset_hints, 0 },
	{ "sched_set_affinity", pin_other, unpin_other, 0 },
	{ "set_mempolicy", interleave, no_policy, 0 },
	{ "mbind of a middle", bind_middle, unbind, 0 },
	{ "mbind with MOVE and STRICT", bind_and_move, unbind_and_move, -EIO },
	{ "migrate_pages", migrate_all, all_back, 0 },
	{ "move_pages", move_some, all_back, 0 },
	{ "get_mempolicy, move_pages without nodes", look_up, NULL, 0 },
	{ "mlock", lock_memory, unlock_memory, 0 },
	{ "socketpair", make_pair, close_ends, 0 },
	{ "bind, listen, connect, accept, send", converse, NULL, -ENOSPC },
	{ "send of much", send_much, NULL, 0 },
	{ "inotify_init1", watch_new, NULL, 0 },
	{ "select", select_many, NULL, 0 },
	{ "readlink", read_link, NULL, 0 },
	{ "truncate", grow_file, shrink_file, -ENOSPC },
	{ "fallocate", allocate_file, shrink_file, -ENOSPC },
	{ "getdents of /proc", list_processes, NULL, 0 },
	{ "setrlimit", set_limits, NULL, 0 },
	{ "rt_sigqueueinfo", queue_signal, take_signal, -EAGAIN },
	{ "setitimer", set_timer, unset_timer, 0 },
};

static const struct operation plugging = { "plug a CPU", plug_again, unplug_again, 0 };

static void prepare(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	group_put("", "cgroup.subtree_control", "+cpuset +cpu +memory +pids");
	group_make("faults");
	group_put("faults", "cpuset.cpus.exclusive", "2-3");
	group_put("faults", "cgroup.subtree_control", "+cpuset +cpu +memory +pids");
	group_make("faults/a");
	group_put("faults/a", "cpuset.mems", "0-1");
	group_make("faults/b");
	group_put("faults/b", "cpuset.cpus", "1");
	group_put("faults/b", "cpu.max", "50000 100000");
	group_make("faults/r");
	group_put("faults/r", "cpuset.cpus.exclusive", "2-3");
	group_put("faults/r", "cgroup.subtree_control", "+cpuset");
	group_make("faults/r/s");
	group_put("faults/r/s", "cpuset.cpus.exclusive", "2-3");
	sleeper = fork();
	if (sleeper == 0) {
		group_move("faults/a", 0);
		fresh(COUNT);
		for (;;)
			pause();
	}
	mkdir(SCRATCH, 0700);
	close(open(SCRATCH "/file", O_CREAT | O_RDWR, 0600));
	area = pages_new(COUNT, MAP_PRIVATE);
	bind_to(area, COUNT, BIND, 1, 0);
	pages_touch(area, COUNT);
	unbind();
	for (int i = 0; i < 1000 && !group_number("faults/a", "memory.stat", "anon"); i++)
		usleep(1000);
	unpin_other();
}

int main(void)
{
	if (!fail_open())
		return 1;
	prepare();
	faults_test(operations, sizeof(operations) / sizeof(operations[0]), look);
	unplug();
	faults_test(&plugging, 1, look);
	plug();
	kill(sleeper, SIGKILL);
	waitpid(sleeper, NULL, 0);
	ok(!group_remove("faults/r/s") && !group_remove("faults/r") && !group_remove("faults/b"), "groups go");
	for (int i = 0; i < 1000 && group_remove("faults/a"); i++)
		usleep(1000);
	ok(!group_remove("faults"), "all of them");
	return tap_done();
}
