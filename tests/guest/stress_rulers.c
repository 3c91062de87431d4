// SPDX-License-Identifier: Apache-2.0
/*
 * stress_rulers.c - who rules over the other roles: CPUs that go and come, partitions, frozen and killed
 * groups, weights and quotas, classes. Each puts back what it found.
 */
#include "tests/guest/stress.h"

#include "kernel/include/taper/sched.h"
#include "tests/guest/policy.h"

static int set_online(int cpu, const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	int fd = open(path, O_WRONLY);
	ssize_t length = fd < 0 ? -1 : write(fd, value, 1);
	int error = length < 0 ? -errno : 0;
	close(fd);
	return error;
}

/* Of the CPUs that no role counts on. EBUSY: deadline tasks need it. */
void plugger(int index)
{
	(void)index;
	while (!is_over()) {
		int cpu = cpus + (int)chance((uint32_t)cpus);
		int error = set_online(cpu, "0");

		require(!error || error == -EBUSY, "CPU %d goes: %s", cpu, strerror(-error));
		pause_ns(chance(8000000));
		require(set_online(cpu, "1") == 0, "CPU %d comes", cpu);
		count();
	}
	for (int cpu = cpus; cpu < 2 * cpus; cpu++)
		set_online(cpu, "1");
}

/* A partition of some of those CPUs, with somebody inside, who is never outside while it is one. */
void partitioner(int index)
{
	static const char *const kinds[] = { "root", "isolated", "member" };
	char list[32];

	(void)index;
	require(group_make("part") == 0, "making part");
	pid_t child = fork();
	if (child == 0) {
		group_move("part", 0);
		while (!is_over())
			if (chance(4) == 0)
				pause_ns(200000);
		_exit(0);
	}
	while (!is_over()) {
		int first = cpus + (int)chance((uint32_t)cpus);

		snprintf(list, sizeof(list), "%d-%d", first, 2 * cpus - 1);
		group_put("part", "cpuset.cpus", list);
		group_put("part", "cpuset.cpus.partition", kinds[chance(3)]);
		pause_ns(chance(4000000));
		count();
	}
	group_put("part", "cpuset.cpus.partition", "member");
	require(reap(child) == 0, "who was in the partition");
	require(group_remove("part") == 0, "removing part: %s", strerror(errno));
}

/* Half of the roles stand still for a while. */
void freezer(int index)
{
	(void)index;
	while (!is_over()) {
		require(group_put("stress/other", "cgroup.freeze", "1") == 0, "freezing");
		pause_ns(chance(3000000));
		require(group_put("stress/other", "cgroup.freeze", "0") == 0, "thawing");
		pause_ns(5000000 + chance(5000000));
		count();
	}
}

/* A group that is killed while it runs, sleeps, forks or is frozen. */
void reaper(int index)
{
	enum { VICTIMS = 3 };

	(void)index;
	require(group_make("stress/doomed") == 0, "making doomed");
	while (!is_over()) {
		pid_t victims[VICTIMS];

		for (int i = 0; i < VICTIMS; i++) {
			victims[i] = fork();
			if (victims[i] == 0) {
				group_move("stress/doomed", 0);
				for (;;) {
					if (i == 0)
						pause_ns(100000);
					if (i == 1 && fork() == 0)
						_exit(0);
					while (i == 1 && waitpid(-1, NULL, WNOHANG) > 0)
						;
				}
			}
			if (victims[i] > 0)
				group_move("stress/doomed", victims[i]);
		}
		pause_ns(chance(1000000));
		if (chance(3) == 0)
			group_put("stress/doomed", "cgroup.freeze", "1");
		require(group_put("stress/doomed", "cgroup.kill", "1") == 0, "killing the group");
		for (int i = 0; i < VICTIMS; i++)
			require(victims[i] < 0 || reap(victims[i]) == SIGKILL, "a doomed one");
		group_put("stress/doomed", "cgroup.freeze", "0");
		count();
	}
	require(group_remove("stress/doomed") == 0, "removing doomed: %s", strerror(errno));
}

/* Weights, quotas and QoS of the groups that the roles are in. Within bounds: a task of weight 1 beside
 * 10000, or in an idle group, has its turn after minutes, and others wait for it. */
void weigher(int index)
{
	static const char *const groups[] = { "stress/roles", "stress/other", "stress" };
	static const char *const classes[] = { "normal", "interactive", "perf-burst", "inherited" };
	char text[48];

	(void)index;
	while (!is_over()) {
		const char *group = groups[chance(3)];

		snprintf(text, sizeof(text), "%u", 100 + chance(900));
		require(group_put(group, "cpu.weight", text) == 0, "a weight");
		snprintf(text, sizeof(text), "%u %u", 20000 + chance(100000), 20000 + chance(50000));
		require(group_put(group, "cpu.max", text) == 0, "a quota");
		require(group_put(group, "sched.qos", classes[chance(4)]) == 0, "a class");
		snprintf(text, sizeof(text), "%u", chance(101));
		require(group_put(group, "sched.latency_ms", text) == 0, "a latency");
		pause_ns(chance(4000000));
		require(group_put(group, "cpu.max", "max") == 0, "no quota");
		count();
	}
	for (int i = 0; i < 3; i++) {
		group_put(groups[i], "sched.qos", "inherited");
		group_put(groups[i], "sched.latency_ms", "0");
		group_put(groups[i], "cpu.weight", "100");
	}
}

/* A child of its own that is of every class, works a little and naps; EBUSY, EPERM: no room for a deadline
 * task, or its CPUs are not those of its partition. */
void classifier(int index)
{
	pid_t child = fork();

	(void)index;
	if (child == 0) {
		while (!is_over()) {
			for (int64_t end = now_ns() + 200000; now_ns() < end;)
				;
			pause_ns(1000000);
		}
		_exit(0);
	}
	while (!is_over()) {
		int error = 0;

		switch (chance(8)) {
		case 0: error = set_policy(child, SCHED_FIFO, 1 + (int)chance(99)); break;
		case 1: error = set_policy(child, SCHED_RR, 1 + (int)chance(99)); break;
		case 2: error = set_deadline(child, 300000, 2000000, 2000000 + chance(5000000)); break;
		case 3: error = set_policy(child, SCHED_IDLE, 0); break;
		case 4: error = set_policy(child, SCHED_BATCH, 0); break;
		case 5: sched_set_qos_class(child, chance(5)); break;
		case 6: sched_set_latency_hint(child, chance(100000)); sched_set_burst_hint(child, chance(10000)); break;
		default: error = set_policy(child, SCHED_OTHER, 0); sched_set_shares(child, 1 + chance(1000));
		}
		require(!error || error == -EBUSY || error == -EPERM || is_over(), "a class: %s", strerror(-error));
		pause_ns(chance(2000000));
		count();
	}
	require(reap(child) == 0, "the child of all classes");
}
