// SPDX-License-Identifier: Apache-2.0
/*
 * taper/sched.h - Taper's own scheduling calls, for programs. Their numbers never change.
 *
 * Each answers -1 and sets errno when it fails; ENOSYS where the kernel is not Taper. `task` is a TID,
 * 0 the caller. EINVAL: a negative task, a kernel thread; ESRCH: there is none; EPERM: another user's,
 * without CAP_SYS_NICE. docs/syscalls.md has the rest.
 */
#ifndef TAPER_SCHED_H
#define TAPER_SCHED_H

#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#define SYS_sched_set_qos_class    4096
#define SYS_sched_set_affinity     4097
#define SYS_sched_set_shares       4098
#define SYS_sched_set_latency_hint 4099
#define SYS_sched_set_burst_hint   4100
#define SYS_sched_get_qos          4101

/* A class moves when a task runs, never how much it gets; idle runs when nobody else wants the CPU. */
enum sched_qos_class {
	SCHED_QOS_IDLE = 0,
	SCHED_QOS_NORMAL = 1,
	SCHED_QOS_INTERACTIVE = 2,
	SCHED_QOS_PERF_BURST = 3,
	SCHED_QOS_INHERITED = 4, /* its group's: sched.qos */
};

struct sched_qos {
	uint32_t qos_class;  /* that rules: its own, or its group's */
	uint32_t own_class;  /* what it chose itself; SCHED_QOS_INHERITED: nothing */
	uint32_t shares;     /* 1 to 1000 by sched_set_shares; nice levels reach further */
	uint32_t latency_us; /* its hint; 0: none */
	uint32_t burst_us;   /* its hint; 0: none */
	uint32_t slice_us;   /* what it asks for at a time, of all that */
};

enum { SCHED_AFFINITY_STRICT = 1 }; /* EINVAL when the group lacks one of the CPUs */

/* EINVAL: no class, or idle for a real-time or deadline task; EPERM: out of idle, against RLIMIT_NICE. */
static inline int sched_set_qos_class(pid_t task, unsigned int qos_class)
{
	return (int)syscall(SYS_sched_set_qos_class, task, qos_class);
}

/* As sched_setaffinity(2), with flags. */
static inline int sched_set_affinity(pid_t task, size_t size, const void *mask, unsigned int flags)
{
	return (int)syscall(SYS_sched_set_affinity, task, size, mask, flags);
}

/* These three cut what is asked for to 1..1000, 100..100000 us (or 0: none) and 0..10000 us, and answer
 * what it is now. EPERM: more than 500 shares without CAP_SYS_NICE. */
static inline int sched_set_shares(pid_t task, long shares)
{
	return (int)syscall(SYS_sched_set_shares, task, shares);
}

static inline int sched_set_latency_hint(pid_t task, long latency_us)
{
	return (int)syscall(SYS_sched_set_latency_hint, task, latency_us);
}

static inline int sched_set_burst_hint(pid_t task, long burst_us)
{
	return (int)syscall(SYS_sched_set_burst_hint, task, burst_us);
}

/* Fills at most `size` bytes. EINVAL: a size below that of the structure above; EFAULT. */
static inline int sched_get_qos(pid_t task, struct sched_qos *qos, size_t size)
{
	return (int)syscall(SYS_sched_get_qos, task, qos, size);
}

#endif
