// SPDX-License-Identifier: Apache-2.0
/*
 * bandwidth.c - see bandwidth.h.
 *
 * What a CPU has of a limiter's pool is in limiter->cpus[id].slice_ns: positive a rest, negative a
 * debt. It is there only while the CPU runs a task under that limiter; then it goes back. So at any
 * time the pool, the slices and the time that was used add up to what has been filled in.
 *
 * Tasks that wait for a limiter stand in a line. The first sleeps until the pool has something; whoever
 * leaves the line wakes the next, who looks. So no more tasks get up than find something to run on.
 *
 * Locks: slices belong to their CPU's run-queue lock; a pool and the clocks of those who wait to
 *        group->quota_lock (LOCK_RANK_QUOTA), taken with the run-queue lock held.
 */
#include "kernel/kernel.h"
#include "kernel/riscv/csr.h"
#include "kernel/sched/bandwidth.h"
#include "kernel/sched/core.h"
#include "kernel/sched/pressure.h"
#include "kernel/sched/sabotage.h"
#include "kernel/sched/trace.h"
#include "kernel/smp/cpu.h"

static struct task_group *above(const struct task_group *limiter)
{
	return __atomic_load_n(&limiter->limiter_above, __ATOMIC_RELAXED);
}

/* From the CPU's slice, which is filled up from the pool when it is used up. Answers the rest: nothing
 * is left when it is not positive. */
static int64_t pay(struct task_group *limiter, const struct cpu *cpu, uint64_t had_ns, uint64_t now_ns)
{
	int64_t *slice = &limiter->cpus[cpu->id].slice_ns;

	*slice -= (int64_t)had_ns;
	if (*slice <= 0) {
		spin_lock(&limiter->quota_lock);
		*slice += quota_take(&limiter->quota, limiter->slice_ns - *slice, now_ns);
		spin_unlock(&limiter->quota_lock);
	}
	return *slice;
}

static void give_back(struct task_group *limiter, const struct cpu *cpu, uint64_t now_ns)
{
	int64_t *slice = &limiter->cpus[cpu->id].slice_ns;

	if (*slice == 0)
		return;
	spin_lock(&limiter->quota_lock);
	quota_give_back(&limiter->quota, *slice, now_ns);
	spin_unlock(&limiter->quota_lock);
	*slice = 0;
}

static void give_all_back(struct task_group *limiter, const struct cpu *cpu, uint64_t now_ns)
{
	for (; limiter; limiter = above(limiter))
		give_back(limiter, cpu, now_ns);
}

/* Sets when this CPU has to look again. Answers the limiter that has nothing for the task; NULL: it
 * may run. */
static struct task_group *budget(struct cpu *cpu, const struct task *task, uint64_t now_ns)
{
	struct task_group *limiter = bandwidth_limiter(task), *empty = NULL;
	int64_t rest = INT64_MAX;

	for (; limiter && !empty; limiter = above(limiter)) {
		rest = MIN(rest, pay(limiter, cpu, 0, now_ns));
		empty = rest > 0 ? NULL : limiter;
	}
	cpu->queue.budget_end_ns = empty || rest == INT64_MAX ? UINT64_MAX : now_ns + (uint64_t)rest;
	if (cpu->queue.budget_end_ns < cpu->timers.programmed_ns)
		timer_wake_at(cpu->queue.budget_end_ns);
	return empty;
}

static void set_throttle(struct task *task)
{
	__atomic_fetch_or(&task->work, WORK_THROTTLE, __ATOMIC_RELAXED);
}

void bandwidth_charge_limited(struct cpu *cpu, struct task *task, uint64_t had_ns, uint64_t now_ns)
{
	bool empty = false;

	for (struct task_group *at = task->entity.limiter; at; at = above(at))
		empty |= pay(at, cpu, had_ns, now_ns) <= 0;
	if (empty)
		set_throttle(task);
}

void bandwidth_switch_limited(struct cpu *cpu, struct task *previous, struct task *next, uint64_t now_ns)
{
	struct task_group *from = previous->entity.limiter;

	if (from != bandwidth_limiter(next))
		give_all_back(from, cpu, now_ns);
	if (budget(cpu, next, now_ns))
		set_throttle(next);
}

void bandwidth_timer(struct cpu *cpu, uint64_t now_ns)
{
	struct runqueue *queue = &cpu->queue;

	if (queue->budget_end_ns > now_ns)
		return;
	spin_lock(&queue->lock);
	sched_charge(queue, queue->running, now_ns);
	if (budget(cpu, queue->running, now_ns))
		set_throttle(queue->running);
	spin_unlock(&queue->lock);
}

void bandwidth_enter(struct cpu *cpu, struct task *task)
{
	struct sched_entity *entity = &task->entity;
	struct task_group *limiter = entity->account->limiter;

	if (entity->limiter == limiter)
		return;
	if (cpu->queue.running == task) {
		give_all_back(entity->limiter, cpu, time_now_ns());
		cpu->queue.budget_end_ns = UINT64_MAX;
		sched_resched(cpu); /* it needs another budget */
	}
	entity->limiter = limiter;
}

void bandwidth_look_again(struct task *task)
{
	/* It declares that it sleeps before it looks at its limiter, with its queue locked. */
	if (__atomic_load_n(&task->state, __ATOMIC_RELAXED) == TASK_THROTTLED)
		sched_wake_states(task, 1U << TASK_THROTTLED);
}

/* ---- waiting ---- */

static void start_clock(struct group_clock *clock, uint64_t now_ns)
{
	if (clock->count++ == 0)
		clock->since_ns = now_ns;
}

/* What it has counted since it started. */
static uint64_t read_clock(const struct group_clock *clock, uint64_t now_ns)
{
	return clock->count && now_ns > clock->since_ns ? now_ns - clock->since_ns : 0;
}

static void stop_clock(struct group_clock *clock, uint64_t *total_ns, uint64_t now_ns)
{
	if (clock->count == 1)
		*total_ns += read_clock(clock, now_ns);
	clock->count--;
}

/* The first in line sleeps until there is something, the others until they are the first. */
static void set_until(struct throttle *throttle, uint64_t now_ns)
{
	struct task_group *limiter = throttle->limiter;
	bool is_first = TAILQ_FIRST(&limiter->waiters) == throttle;

	throttle->until_ns = is_first ? quota_ready_ns(&limiter->quota, now_ns) : UINT64_MAX;
}

/* With the lock of this CPU's queue. */
static void enter_line(struct throttle *throttle, struct task_group *limiter, uint64_t now_ns)
{
	struct task_group *account = current->entity.account;

	throttle->limiter = limiter;
	throttle->account = account;
	throttle->cpu = this_cpu()->id;
	tree_node_get(&limiter->node);
	tree_node_get(&account->node);
	spin_lock(&limiter->quota_lock);
	quota_begin_waiting(&limiter->quota, now_ns);
	start_clock(&limiter->cpus[throttle->cpu].throttled, now_ns);
	TAILQ_INSERT_TAIL(&limiter->waiters, throttle, link);
	set_until(throttle, now_ns);
	spin_unlock(&limiter->quota_lock);
	spin_lock(&account->quota_lock);
	start_clock(&account->cpus[throttle->cpu].held, now_ns);
	spin_unlock(&account->quota_lock);
	LIST_INSERT_HEAD(&this_cpu()->queue.throttled, throttle, cpu_link);
	trace(TRACE_THROTTLE, current, 0, 0);
}

/* The next in line looks whether there is something for it. */
static void leave_line(struct throttle *throttle)
{
	struct task_group *limiter = throttle->limiter, *account = throttle->account;
	struct task *next = NULL;
	uint64_t now = time_now_ns();

	if (!limiter)
		return;
	struct cpu *cpu = cpu_table[throttle->cpu];
	spin_lock(&cpu->queue.lock);
	pressure_note(cpu, now);
	LIST_REMOVE(throttle, cpu_link);
	spin_unlock(&cpu->queue.lock);
	spin_lock(&limiter->quota_lock);
	quota_end_waiting(&limiter->quota, now);
	stop_clock(&limiter->cpus[throttle->cpu].throttled, &limiter->throttled_ns, now);
	TAILQ_REMOVE(&limiter->waiters, throttle, link);
	if (!TAILQ_EMPTY(&limiter->waiters)) {
		next = TAILQ_FIRST(&limiter->waiters)->task;
		task_get(next);
	}
	spin_unlock(&limiter->quota_lock);
	spin_lock(&account->quota_lock);
	stop_clock(&account->cpus[throttle->cpu].held, &account->held_ns, now);
	spin_unlock(&account->quota_lock);
	trace(TRACE_RELEASE, current, 0, 0);
	if (next) {
		bandwidth_look_again(next);
		task_put(next);
	}
	tree_node_put(&limiter->node);
	tree_node_put(&account->node);
	throttle->limiter = NULL;
}

enum throttle_answer { MAY_GO, MUST_WAIT, WAITS_ELSEWHERE };

/* Whether the current task has to wait. Else it has a new budget. */
static enum throttle_answer look(struct throttle *throttle)
{
	enum throttle_answer answer = MUST_WAIT;
	struct cpu *cpu = this_cpu();

	spin_lock(&cpu->queue.lock);
	uint64_t now = time_now_ns();
	sched_charge(&cpu->queue, current, now);
	struct task_group *limiter = budget(cpu, current, now);
	if (!limiter) {
		__atomic_fetch_and(&current->work, ~(uint32_t)WORK_THROTTLE, __ATOMIC_RELAXED);
		answer = MAY_GO;
	} else if (throttle->limiter && throttle->limiter != limiter) {
		answer = WAITS_ELSEWHERE;
	} else {
		give_back(limiter, cpu, now); /* a debt makes it longer */
		if (throttle->limiter) {
			spin_lock(&limiter->quota_lock);
			set_until(throttle, now);
			spin_unlock(&limiter->quota_lock);
		} else {
			enter_line(throttle, limiter, now);
		}
	}
	spin_unlock(&cpu->queue.lock);
	return answer;
}

/* A signal is served first, WORK_THROTTLE still set: SIGKILL and a freeze get through at once, and a
 * handler waits for the quota in its first instruction. */
void bandwidth_wait(void)
{
	struct throttle throttle = { .task = current };
	enum throttle_answer answer = MUST_WAIT;

	while (answer != MAY_GO) {
		task_set_state(TASK_THROTTLED); /* before the look: a change of the limits wakes */
		if (task_has_signal(current))
			break;
		answer = look(&throttle);
		if (answer == MUST_WAIT)
			sched_sleep(throttle.until_ns);
		else
			task_set_state(TASK_RUNNING);
		if (answer == WAITS_ELSEWHERE)
			leave_line(&throttle);
	}
	task_set_state(TASK_RUNNING);
	leave_line(&throttle);
}

/* ---- settings ---- */

static uint64_t in_ns(uint64_t us)
{
	return us == CG_QUOTA_NONE ? QUOTA_NONE : us * NSEC_PER_USEC;
}

static bool is_limited(const struct cg_node *node)
{
	return node->quota_us != CG_QUOTA_NONE;
}

/* Where the node's tasks are charged, by its settings and the node above. */
static void link_limiter(struct task_group *group, const struct task_group *parent)
{
	__atomic_store_n(&group->limiter_above, parent->limiter, __ATOMIC_RELAXED);
	group->limiter = is_limited(&group->node) ? group : parent->limiter;
}

void bandwidth_init(struct task_group *group, const struct task_group *parent)
{
	spinlock_init(&group->quota_lock, LOCK_RANK_QUOTA);
	group->quota.quota_ns = QUOTA_NONE;
	TAILQ_INIT(&group->waiters);
	if (parent)
		link_limiter(group, parent);
}

/* The books of all CPUs up to now, and no slice of the limiter's in anybody's hands. */
static void take_slices(struct task_group *limiter)
{
	cpumask_for_each(id, &cpu_online) {
		struct runqueue *queue = &cpu_table[id]->queue;

		spin_lock(&queue->lock);
		sched_charge(queue, queue->running, time_now_ns());
		limiter->cpus[id].slice_ns = 0;
		spin_unlock(&queue->lock);
	}
}

void bandwidth_publish(struct cg_node *top)
{
	struct task_group *group = tree_group_of(top);
	uint64_t burst_us = is_sabotaged("quota-burst") ? 0 : top->burst_us;

	take_slices(group);
	spin_lock(&group->quota_lock);
	quota_set(&group->quota, in_ns(top->quota_us), in_ns(top->period_us), in_ns(burst_us),
		  time_now_ns());
	group->slice_ns = quota_slice_ns(&group->quota, cpu_count);
	spin_unlock(&group->quota_lock);
	for (struct cg_node *node = top; node; node = cg_next_below(node, top))
		link_limiter(tree_group_of(node), tree_group_of(node->parent));
}

void bandwidth_stat(struct task_group *group, struct sysfs_cpu_bandwidth *stat)
{
	uint64_t now = time_now_ns();

	spin_lock(&group->quota_lock);
	uint64_t throttled_ns = group->throttled_ns, held_ns = group->held_ns;
	quota_advance(&group->quota, now);
	for (unsigned int id = 0; id < cpu_count; id++) {
		throttled_ns += read_clock(&group->cpus[id].throttled, now);
		held_ns += read_clock(&group->cpus[id].held, now);
	}
	stat->periods = group->quota.periods;
	stat->throttled_periods = group->quota.short_periods;
	stat->bursts = group->quota.bursts;
	stat->burst_us = group->quota.burst_used_ns / NSEC_PER_USEC;
	spin_unlock(&group->quota_lock);
	stat->throttled_us = throttled_ns / NSEC_PER_USEC;
	stat->held_us = held_ns / NSEC_PER_USEC;
}
