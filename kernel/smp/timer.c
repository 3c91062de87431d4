// SPDX-License-Identifier: Apache-2.0
/*
 * timer.c - the clock and the timers: see timer.h.
 *
 * The hardware timer of a CPU is programmed for the earlier of its first timer and the end of the
 * running task's turn, and only when that changes to something earlier; an interrupt for what was put
 * off since finds nothing due and programs the right time.
 */
#include "kernel/dev/machine.h"
#include "kernel/kernel.h"
#include "kernel/riscv/csr.h"
#include "kernel/riscv/paging.h"
#include "kernel/riscv/sbi.h"
#include "kernel/sched/core.h"
#include "kernel/smp/clock_rate.h"
#include "kernel/smp/cpu.h"
#include "kernel/smp/timer.h"

static struct clock_rate rate;  /* (i) after time_init */
static int64_t realtime_offset; /* (a) */

uint64_t time_now_ns(void)
{
	return clock_ns_at(&rate, time_ticks());
}

uint64_t time_ticks_to_ns(uint64_t ticks)
{
	return clock_ns_at(&rate, ticks);
}

int64_t time_realtime_offset_ns(void)
{
	return __atomic_load_n(&realtime_offset, __ATOMIC_RELAXED);
}

void time_set_realtime_offset_ns(int64_t offset_ns)
{
	__atomic_store_n(&realtime_offset, offset_ns, __ATOMIC_RELAXED);
}

/* The goldfish RTC: nanoseconds since 1970 in two halves, the low one latches the high one. */
static uint64_t read_rtc(void)
{
	volatile uint32_t *registers = device_map(machine.rtc, PAGE_SIZE);

	if (!registers)
		return 0;
	uint64_t low = registers[0];
	return (uint64_t)registers[1] << 32 | low;
}

void time_init(void)
{
	rate = clock_rate_of(machine.timebase_hz);
}

void time_read_rtc(void)
{
	if (machine.rtc)
		time_set_realtime_offset_ns((int64_t)(read_rtc() - time_now_ns()));
}

static int by_deadline(const struct timer *a, const struct timer *b)
{
	if (a->deadline_ns != b->deadline_ns)
		return a->deadline_ns < b->deadline_ns ? -1 : 1;
	return a < b ? -1 : a > b;
}

RB_GENERATE_STATIC(timer_tree, timer, link, by_deadline)

static void program(struct timer_base *base, uint64_t deadline_ns)
{
	uint64_t ticks = deadline_ns >= UINT64_MAX / 4 ? UINT64_MAX : clock_tick_after(&rate, deadline_ns);

	base->programmed_ns = deadline_ns;
	if (machine.has_stimecmp)
		csr_write(CSR_STIMECMP, ticks);
	else
		sbi_set_timer(ticks);
}

/* What the hardware holds from before is over: 0 after a reset, which is due for ever. */
void timer_start_here(void)
{
	struct timer_base *base = &this_cpu()->timers;

	spinlock_init(&base->lock, LOCK_RANK_TIMER);
	RB_INIT(&base->tree);
	base->first_ns = base->slice_end_ns = UINT64_MAX;
	program(base, UINT64_MAX);
}

static void program_earlier(struct timer_base *base, uint64_t deadline_ns)
{
	if (deadline_ns < base->programmed_ns)
		program(base, deadline_ns);
}

void timer_wake_at(uint64_t deadline_ns)
{
	program(&this_cpu()->timers, deadline_ns);
}

/* Its first timer counts on a quiet CPU, too, until it has given that to its keeper. */
static uint64_t next_ns(const struct timer_base *base)
{
	return MIN(MIN(base->first_ns, base->slice_end_ns), sched_next_work_ns(this_cpu()));
}

void timer_set_exactly(void)
{
	struct timer_base *base = &this_cpu()->timers;
	uint64_t deadline_ns = next_ns(base);

	if (deadline_ns != base->programmed_ns)
		program(base, deadline_ns);
}

void timer_set_slice_end(uint64_t deadline_ns)
{
	struct timer_base *base = &this_cpu()->timers;

	base->slice_end_ns = deadline_ns;
	if (this_cpu()->keeper)
		timer_set_exactly();
	else
		program_earlier(base, deadline_ns);
}

static void remove(struct timer_base *base, struct timer *timer)
{
	RB_REMOVE(timer_tree, &base->tree, timer);
	struct timer *first = RB_MIN(timer_tree, &base->tree);
	base->first_ns = first ? first->deadline_ns : UINT64_MAX;
}

bool timer_is_armed(const struct timer *timer)
{
	struct timer_base *base;

	while ((base = __atomic_load_n(&timer->base, __ATOMIC_ACQUIRE)) != NULL) {
		spin_lock(&base->lock);
		bool armed = timer->base == base;
		spin_unlock(&base->lock);
		if (armed)
			return true;
	}
	return false;
}

bool timer_cancel(struct timer *timer)
{
	struct timer_base *base;

	/* Again when it has moved to another CPU meanwhile. */
	while ((base = __atomic_load_n(&timer->base, __ATOMIC_ACQUIRE)) != NULL) {
		spin_lock(&base->lock);
		bool armed = timer->base == base;
		if (armed) {
			remove(base, timer);
			timer->base = NULL;
		}
		spin_unlock(&base->lock);
		if (armed)
			return true;
	}
	return false;
}

/* The lock of the other's timers is held: one that stops or becomes quiet empties them later, under it. */
static bool may_keep(const struct cpu *cpu)
{
	return cpumask_test(&cpu_online, cpu->id) && !__atomic_load_n(&cpu->keeper, __ATOMIC_ACQUIRE);
}

bool timer_move_all(struct cpu *from_cpu, struct cpu *to_cpu)
{
	struct timer_base *from = &from_cpu->timers, *to = &to_cpu->timers;
	struct timer *timer;

	spin_lock_pair(&from->lock, &to->lock);
	bool may = may_keep(to_cpu);
	while (may && (timer = RB_MIN(timer_tree, &from->tree)) != NULL) {
		remove(from, timer);
		RB_INSERT(timer_tree, &to->tree, timer);
		to->first_ns = MIN(to->first_ns, timer->deadline_ns);
		__atomic_store_n(&timer->base, to, __ATOMIC_RELEASE);
	}
	spin_unlock_pair(&from->lock, &to->lock);
	return may;
}

void timer_give_away(void)
{
	struct cpu *cpu = this_cpu(), *keeper;

	do {
		keeper = __atomic_load_n(&cpu->keeper, __ATOMIC_ACQUIRE);
		if (!keeper)
			return; /* no longer */
	} while (!timer_move_all(cpu, keeper));
	cpu_send_ipi(keeper, IPI_TIMER);
	timer_set_exactly();
}

/* Whose timers this CPU's are, with their lock held: its own or its keeper's. */
static struct cpu *lock_timers(void)
{
	struct cpu *here = this_cpu();

	for (;;) {
		struct cpu *keeper = __atomic_load_n(&here->keeper, __ATOMIC_ACQUIRE);
		struct cpu *cpu = keeper ? keeper : here;

		spin_lock(&cpu->timers.lock);
		if (cpu == here || may_keep(cpu))
			return cpu;
		spin_unlock(&cpu->timers.lock);
	}
}

void timer_arm(struct timer *timer, uint64_t deadline_ns)
{
	timer_cancel(timer);
	struct cpu *cpu = lock_timers();
	struct timer_base *base = &cpu->timers;
	bool is_first = deadline_ns < base->first_ns;
	timer->deadline_ns = deadline_ns;
	RB_INSERT(timer_tree, &base->tree, timer);
	timer->base = base;
	base->first_ns = MIN(base->first_ns, deadline_ns);
	spin_unlock(&base->lock);
	if (cpu == this_cpu())
		program_earlier(base, deadline_ns);
	else if (is_first)
		cpu_send_ipi(cpu, IPI_TIMER);
}

void timer_interrupt(void)
{
	struct timer_base *base = &this_cpu()->timers;
	uint64_t now = time_now_ns();

	spin_lock(&base->lock);
	while (base->first_ns <= now) {
		struct timer *timer = RB_MIN(timer_tree, &base->tree);

		remove(base, timer);
		timer->expire(timer);
		/* Only now: timer_cancel() elsewhere waits for the lock until the callback is done. */
		__atomic_store_n(&timer->base, NULL, __ATOMIC_RELEASE);
	}
	spin_unlock(&base->lock);
	sched_timer_work(now);
	if (base->slice_end_ns <= now) {
		base->slice_end_ns = UINT64_MAX;
		sched_slice_ended();
	}
	program(base, next_ns(base));
}
