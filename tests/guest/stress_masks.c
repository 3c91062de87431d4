// SPDX-License-Identifier: Apache-2.0
/*
 * stress_masks.c - masks: a warden moves its prisoner about; whenever a change has
 * returned, it is obeyed.
 */
#include "tests/guest/stress.h"

struct cell *cells;
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

void pin(pid_t tid, unsigned long mask)
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

void warden(int index)
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
void crowd(int index)
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
