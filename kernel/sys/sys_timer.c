// SPDX-License-Identifier: Apache-2.0
/*
 * sys_timer.c - the alarm of a process: setitimer(2) and getitimer(2), ITIMER_REAL.
 *
 * A timer expires under its CPU's timer lock, where no signal may be sent. So it puts its process
 * on a list and wakes a kernel thread, which sends SIGALRM and arms the next period. While a
 * process is on the list, the list holds a reference.
 *
 * Locks: process->alarm, alarm_interval_ns: the signal lock; the list: atomic.
 */
#include "kernel/mm/address_space.h"
#include "kernel/proc/life.h"
#include "kernel/sys/abi.h"
#include "kernel/sys/syscall.h"

enum { ITIMER_REAL = 0, ITIMER_PROF = 2 };

static struct process *expired_processes; /* (a) newest first */
static struct task *alarm_thread;         /* (i) */

/* On the list at most once: alarm_next of a listed process is never NULL. */
#define END_OF_LIST ((struct process *)1)

static void alarm_expired(struct timer *timer)
{
	struct process *process = container_of(timer, struct process, alarm);
	struct process *first = __atomic_load_n(&expired_processes, __ATOMIC_RELAXED);
	struct process *absent = NULL;

	if (!__atomic_compare_exchange_n(&process->alarm_next, &absent, END_OF_LIST, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	process_get(process);
	do {
		__atomic_store_n(
			&process->alarm_next, first ? first : END_OF_LIST, __ATOMIC_RELAXED);
	} while (!__atomic_compare_exchange_n(&expired_processes, &first, process, false,
					      __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	sched_wake(alarm_thread);
}

/* The callback that put it on the list may be under way yet, on another CPU. */
static void serve(struct process *process)
{
	signal_send_process(process, KSIGALRM, NULL);
	spin_lock(&process->signals.lock);
	if (process->alarm_interval_ns && !process->group_exiting &&
	    !timer_is_armed(&process->alarm))
		timer_arm(&process->alarm, process->alarm.deadline_ns + process->alarm_interval_ns);
	spin_unlock(&process->signals.lock);
	process_put(process);
}

static void serve_alarms(void *unused)
{
	(void)unused;
	for (;;) {
		struct process *process, *next;

		task_set_state(TASK_UNINTERRUPTIBLE);
		process = __atomic_exchange_n(&expired_processes, NULL, __ATOMIC_ACQ_REL);
		if (!process) {
			schedule();
			continue;
		}
		task_set_state(TASK_RUNNING);
		for (; process != END_OF_LIST; process = next) {
			next = __atomic_exchange_n(&process->alarm_next, NULL, __ATOMIC_ACQ_REL);
			serve(process);
		}
	}
}

void alarm_init(struct process *process)
{
	timer_init(&process->alarm, alarm_expired);
}

void alarm_cancel(struct process *process)
{
	spin_lock(&process->signals.lock);
	process->alarm_interval_ns = 0;
	spin_unlock(&process->signals.lock);
	(void)timer_cancel(&process->alarm);
}

int alarm_start(void)
{
	alarm_thread = kernel_thread_create("alarm", serve_alarms, NULL);
	if (!alarm_thread)
		return -ENOMEM;
	sched_start(alarm_thread);
	return 0;
}

static uint64_t timeval_ns(const struct abi_timeval *time)
{
	if (time->seconds >= INT64_MAX / (int64_t)NSEC_PER_SEC)
		return INT64_MAX;
	return (uint64_t)time->seconds * NSEC_PER_SEC +
	       (uint64_t)time->microseconds * NSEC_PER_USEC;
}

static struct abi_timeval timeval_of(uint64_t ns)
{
	uint64_t microseconds =
		(ns + NSEC_PER_USEC - 1) / NSEC_PER_USEC; /* never 0 while it runs */

	return (struct abi_timeval){ (int64_t)(microseconds / 1000000),
				     (int64_t)(microseconds % 1000000) };
}

static bool is_valid(const struct abi_timeval *time)
{
	return time->seconds >= 0 && (uint64_t)time->microseconds < 1000000;
}

static void read_alarm(struct process *process, struct abi_itimerval *value)
{
	uint64_t now_ns = time_now_ns(), deadline_ns;
	bool armed;

	spin_lock(&process->signals.lock);
	armed = process->alarm.base;
	deadline_ns = process->alarm.deadline_ns;
	value->interval = timeval_of(process->alarm_interval_ns);
	spin_unlock(&process->signals.lock);
	value->value = timeval_of(armed && deadline_ns > now_ns ? deadline_ns - now_ns : armed);
}

int64_t sys_getitimer(const uint64_t *argument)
{
	struct abi_itimerval value;

	if ((int)argument[0] != ITIMER_REAL)
		return -EINVAL;
	read_alarm(current->process, &value);
	return copy_to_user(argument[1], &value, sizeof(value));
}

int64_t sys_setitimer(const uint64_t *argument)
{
	struct process *process = current->process;
	struct abi_itimerval value = { { 0, 0 }, { 0, 0 } }, old;
	uint64_t delay_ns;

	if ((int)argument[0] != ITIMER_REAL)
		return -EINVAL;
	if (argument[1] && copy_from_user(&value, argument[1], sizeof(value)))
		return -EFAULT;
	if (!is_valid(&value.value) || !is_valid(&value.interval))
		return -EINVAL;
	delay_ns = timeval_ns(&value.value);
	read_alarm(process, &old);
	alarm_cancel(process);
	if (delay_ns) {
		spin_lock(&process->signals.lock);
		process->alarm_interval_ns = timeval_ns(&value.interval);
		timer_arm(&process->alarm, time_now_ns() + delay_ns);
		spin_unlock(&process->signals.lock);
	}
	return argument[2] ? copy_to_user(argument[2], &old, sizeof(old)) : 0;
}
