// SPDX-License-Identifier: Apache-2.0
/*
 * sys_time.c - clocks, sleeping, and how much time was used.
 */
#include <string.h>

#include "kernel/mm/address_space.h"
#include "kernel/proc/family.h"
#include "kernel/sys/rusage.h"
#include "kernel/sys/syscall.h"
#include "kernel/sys/time_arguments.h"

#define SECONDS_MAX (INT64_MAX / (int64_t)NSEC_PER_SEC)
#define TICK_NS     (NSEC_PER_SEC / TICKS_PER_SECOND)

/* --- times as users write them --- */

static int check_timespec(const struct abi_timespec *time)
{
	return time->seconds < 0 || (uint64_t)time->nanoseconds >= NSEC_PER_SEC ? -EINVAL : 0;
}

int timespec_from_user(struct abi_timespec *time, uaddr_t address)
{
	return copy_from_user(time, address, sizeof(*time)) ? -EFAULT : check_timespec(time);
}

int timespec_to_user(uaddr_t address, uint64_t ns)
{
	struct abi_timespec time = {
		.seconds = (int64_t)(ns / NSEC_PER_SEC),
		.nanoseconds = (int64_t)(ns % NSEC_PER_SEC),
	};

	return copy_to_user(address, &time, sizeof(time));
}

static struct abi_timeval timeval_of(uint64_t ns)
{
	return (struct abi_timeval){ .seconds = (int64_t)(ns / NSEC_PER_SEC),
				     .microseconds = (int64_t)(ns % NSEC_PER_SEC / NSEC_PER_USEC) };
}

uint64_t timespec_ns(const struct abi_timespec *time)
{
	if (time->seconds >= SECONDS_MAX)
		return UINT64_MAX;
	return (uint64_t)time->seconds * NSEC_PER_SEC + (uint64_t)time->nanoseconds;
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

uint64_t deadline_of_relative(const struct abi_timespec *time)
{
	uint64_t restarted = current->restart_deadline_ns;

	current->restart_deadline_ns = 0;
	return restarted ? restarted : add_saturating(time_now_ns(), timespec_ns(time));
}

uint64_t deadline_of_absolute(int clock, const struct abi_timespec *time)
{
	uint64_t ns = timespec_ns(time);
	int64_t offset;

	if (clock != CLOCK_REALTIME && clock != CLOCK_TAI)
		return ns;
	offset = time_realtime_offset_ns();
	if (offset < 0)
		return add_saturating(ns, (uint64_t)-offset);
	return ns > (uint64_t)offset ? ns - (uint64_t)offset : 0;
}

int64_t answer_of_absolute(int64_t answer)
{
	return answer == -ERESTARTSYS ? -ERESTARTNOHAND : answer;
}

int64_t answer_of_relative(int64_t answer, uint64_t deadline_ns)
{
	if (answer == -ERESTARTSYS)
		current->restart_deadline_ns = deadline_ns;
	return answer_of_absolute(answer);
}

/* --- clocks --- */

static uint64_t own_thread_ns(void)
{
	uint64_t user_ns, system_ns;

	sched_task_times(current, &user_ns, &system_ns);
	return user_ns + system_ns;
}

static uint64_t own_process_ns(void)
{
	uint64_t user_ns, system_ns;

	process_times(current->process, &user_ns, &system_ns);
	return user_ns + system_ns;
}

static uint64_t realtime_ns(void)
{
	return time_now_ns() + (uint64_t)time_realtime_offset_ns();
}

/* -EINVAL: no such clock. CPU clocks of other processes are not there. */
static int read_clock(int clock, uint64_t *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_TAI:
		*ns = realtime_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*ns = time_now_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*ns = own_process_ns();
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = own_thread_ns();
		return 0;
	default:
		return -EINVAL;
	}
}

int64_t sys_clock_gettime(const uint64_t *argument)
{
	uint64_t ns;
	int error = read_clock((int)argument[0], &ns);

	return error ? error : timespec_to_user(argument[1], ns);
}

int64_t sys_clock_getres(const uint64_t *argument)
{
	uint64_t ns;
	int error = read_clock((int)argument[0], &ns);

	if (error || !argument[1])
		return error;
	return timespec_to_user(argument[1], 1);
}

static int64_t set_realtime(const struct abi_timespec *time)
{
	if (!cred_has(&current->cred, CAP_SYS_TIME))
		return -EPERM;
	if (time->seconds >= SECONDS_MAX)
		return -EINVAL;
	time_set_realtime_offset_ns((int64_t)(timespec_ns(time) - time_now_ns()));
	return 0;
}

int64_t sys_clock_settime(const uint64_t *argument)
{
	struct abi_timespec time;
	int error;

	if ((int)argument[0] != CLOCK_REALTIME)
		return -EINVAL;
	error = timespec_from_user(&time, argument[1]);
	return error ? error : set_realtime(&time);
}

int64_t sys_gettimeofday(const uint64_t *argument)
{
	const uint32_t zone[2] = { 0, 0 };
	struct abi_timeval time = timeval_of(realtime_ns());

	if (argument[0] && copy_to_user(argument[0], &time, sizeof(time)))
		return -EFAULT;
	return argument[1] ? copy_to_user(argument[1], zone, sizeof(zone)) : 0;
}

int64_t sys_settimeofday(const uint64_t *argument)
{
	struct abi_timeval time;
	struct abi_timespec precise;

	if (!argument[0])
		return cred_has(&current->cred, CAP_SYS_TIME) ? 0 : -EPERM;
	if (copy_from_user(&time, argument[0], sizeof(time)))
		return -EFAULT;
	if ((uint64_t)time.microseconds >= 1000000)
		return -EINVAL;
	precise = (struct abi_timespec){ time.seconds, time.microseconds * (int64_t)NSEC_PER_USEC };
	return check_timespec(&precise) ? -EINVAL : set_realtime(&precise);
}

/* --- sleeping --- */

static int64_t sleep_until(uint64_t deadline_ns)
{
	int error;

	do {
		task_set_state(TASK_INTERRUPTIBLE);
		error = sched_sleep(deadline_ns);
	} while (!error && time_now_ns() < deadline_ns);
	return error == -ETIMEDOUT ? 0 : error;
}

/* What is left goes to `remain` when a handler will end the sleep early. */
static int64_t sleep_relative(const struct abi_timespec *time, uaddr_t remain)
{
	uint64_t deadline_ns = deadline_of_relative(time), now_ns;
	int64_t answer = sleep_until(deadline_ns);

	if (answer && remain) {
		now_ns = time_now_ns();
		if (timespec_to_user(remain, deadline_ns > now_ns ? deadline_ns - now_ns : 0))
			return -EFAULT;
	}
	return answer_of_relative(answer, deadline_ns);
}

int64_t sys_nanosleep(const uint64_t *argument)
{
	struct abi_timespec time;
	int error = timespec_from_user(&time, argument[0]);

	return error ? error : sleep_relative(&time, argument[1]);
}

int64_t sys_clock_nanosleep(const uint64_t *argument)
{
	int clock = (int)argument[0];
	struct abi_timespec time;
	uint64_t unused;
	int error = read_clock(clock, &unused);

	if (error)
		return error;
	if (clock == CLOCK_THREAD_CPUTIME_ID)
		return -EINVAL;
	if (clock == CLOCK_PROCESS_CPUTIME_ID)
		return -EOPNOTSUPP;
	error = timespec_from_user(&time, argument[2]);
	if (error)
		return error;
	if (!(argument[1] & TIMER_ABSTIME))
		return sleep_relative(&time, argument[3]);
	return answer_of_absolute(sleep_until(deadline_of_absolute(clock, &time)));
}

/* --- time used --- */

static void add_counts(struct abi_rusage *usage, const struct task_counts *counts)
{
	usage->minor_faults += (int64_t)counts->minor_faults;
	usage->voluntary_switches += (int64_t)counts->voluntary_switches;
	usage->involuntary_switches += (int64_t)counts->involuntary_switches;
}

static void set_resident_peak(struct abi_rusage *usage, uint64_t pages)
{
	usage->max_resident_kib = MAX(usage->max_resident_kib, (int64_t)(pages * (PAGE_SIZE / 1024)));
}

static void set_times(struct abi_rusage *usage, uint64_t user_ns, uint64_t system_ns)
{
	usage->user = timeval_of(user_ns);
	usage->system = timeval_of(system_ns);
}

void rusage_of_process_locked(struct abi_rusage *usage, struct process *process, int who)
{
	uint64_t user_ns = 0, system_ns = 0;
	struct task_counts counts;

	memset(usage, 0, sizeof(*usage));
	if (who != RUSAGE_CHILDREN) {
		process_times_locked(process, &user_ns, &system_ns);
		process_counts_locked(process, &counts);
		add_counts(usage, &counts);
		set_resident_peak(usage, process_resident_peak_locked(process));
	}
	if (who != RUSAGE_SELF) {
		user_ns += process->child_user_ns;
		system_ns += process->child_system_ns;
		add_counts(usage, &process->child_counts);
		set_resident_peak(usage, process->child_resident_peak);
	}
	set_times(usage, user_ns, system_ns);
}

int64_t sys_getrusage(const uint64_t *argument)
{
	int who = (int)argument[0];
	struct abi_rusage usage;
	uint64_t user_ns, system_ns;

	if (who == RUSAGE_THREAD) {
		struct task_counts counts = { 0 };

		memset(&usage, 0, sizeof(usage));
		sched_task_times(current, &user_ns, &system_ns);
		set_times(&usage, user_ns, system_ns);
		task_add_counts(current, &counts);
		add_counts(&usage, &counts);
		set_resident_peak(&usage, address_space_resident_peak(current->space));
	} else if (who == RUSAGE_SELF || who == RUSAGE_CHILDREN) {
		spin_lock(&family_lock);
		rusage_of_process_locked(&usage, current->process, who);
		spin_unlock(&family_lock);
	} else {
		return -EINVAL;
	}
	return copy_to_user(argument[1], &usage, sizeof(usage));
}

int64_t sys_times(const uint64_t *argument)
{
	struct process *process = current->process;
	struct abi_tms times;
	uint64_t user_ns, system_ns;

	process_times(process, &user_ns, &system_ns);
	times.user = (int64_t)(user_ns / TICK_NS);
	times.system = (int64_t)(system_ns / TICK_NS);
	times.child_user = (int64_t)(process->child_user_ns / TICK_NS);
	times.child_system = (int64_t)(process->child_system_ns / TICK_NS);
	if (argument[0] && copy_to_user(argument[0], &times, sizeof(times)))
		return -EFAULT;
	return (int64_t)(time_now_ns() / TICK_NS);
}
