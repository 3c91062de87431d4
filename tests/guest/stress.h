// SPDX-License-Identifier: Apache-2.0
/*
 * stress.h - what the roles of the stress test share: see stress.c.
 */
#ifndef TESTS_GUEST_STRESS_H
#define TESTS_GUEST_STRESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
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

enum { ROLES_MAX = 24, PAGE = 4096 };

struct shared {
	atomic_int stop;
	atomic_int failures;
	atomic_long progress[ROLES_MAX];
	atomic_int running[ROLES_MAX];
	pthread_mutex_t lock;
	long counted; /* with the lock held */
	atomic_long added;
};
extern struct shared *shared;
extern int role_now;
extern int cpus; /* that roles count on: with rulers half of those that there are */
extern uint64_t random_state;

int is_over(void);
/* The role has done something once more. */
void count(void);
/* Counts what must not be, and says the first few of them. */
__attribute__((format(printf, 2, 3))) void require(int condition, const char *format, ...);
uint32_t chance(uint32_t below);
void pause_ns(long nanoseconds);
int64_t now_ns(void);
int reap(pid_t pid);

/* stress_masks.c. `epoch` is odd while somebody changes the mask; what `allowed` says holds in the even
 * ones. */
struct cell {
	atomic_uint epoch;
	atomic_ulong allowed;
	atomic_uint turn, twin_done;
	atomic_ulong request;
	atomic_int tid;
};
extern struct cell *cells;
void pin(pid_t tid, unsigned long mask);

/* The roles: which copy of it plays. */
void warden(int index);
void crowd(int index);
void forker(int index);
void killer(int index);
void gardener(int index);
void pipes(int index);
void adder(int index);
void signaller(int index);
void sleeper(int index);
void mapper(int index);
/* Rulers. */
void plugger(int index);
void partitioner(int index);
void freezer(int index);
void reaper(int index);
void weigher(int index);
void classifier(int index);

#endif
