// SPDX-License-Identifier: Apache-2.0
/*
 * classes.c - see classes.h. The kernel's files are compiled here as they are. Of the fair tasks the
 * first that is runnable runs: how they share is not this test's business.
 */
#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "kernel/sched/deadline.c" // NOLINT: the kernel's own target is for riscv64 alone
#include "kernel/sched/class_pick.c"     // NOLINT
#include "kernel/sched/realtime.c" // NOLINT
#include "tests/kernel/sched/classes.h"

enum { TASKS_MAX = 64 };

struct classes_task {
	struct class_entity class;
	struct sched_entity fair;
	bool runnable;
	int64_t order; /* the model's: among equals the least goes first */
	uint64_t total_ns;
};

struct classes {
	struct runqueue queue;
	uint64_t now_ns, charged_ns;
	struct classes_task *running; /* NULL: nobody */
	int64_t first_order, last_order;
	uint64_t starved_ns; /* the model's: what the fair ones have waited, unpaid */
	int count;
	struct classes_task tasks[TASKS_MAX];
};

struct classes *classes_create(void)
{
	struct classes *classes = calloc(1, sizeof(*classes));

	assert(classes);
	pick_init(&classes->queue.classes);
	classes->now_ns = classes->charged_ns = 1000000000;
	return classes;
}

void classes_destroy(struct classes *classes)
{
	free(classes);
}

static struct classes_task *task_of(struct class_entity *entity)
{
	return (struct classes_task *)((char *)entity - offsetof(struct classes_task, class));
}

static struct classes_task *first_fair(struct classes *classes, const struct classes_task *without)
{
	for (struct classes_task *task = classes->tasks; task < classes->tasks + classes->count; task++)
		if (task->runnable && !task->class.urgent && task != without)
			return task;
	return NULL;
}

static void charge(struct classes *classes)
{
	struct classes_task *task = classes->running;
	uint64_t had = classes->now_ns - classes->charged_ns;

	classes->charged_ns = classes->now_ns;
	if (!task)
		return;
	task->total_ns += had;
	if (!task->class.urgent) {
		pick_charge_fair(&classes->queue.classes, had);
		classes->starved_ns -= had * 19 < classes->starved_ns ? had * 19 : classes->starved_ns;
		return;
	}
	if (classes->queue.first)
		classes->starved_ns += had;
	else if (classes->starved_ns > FAIR_STARVED_NS)
		classes->starved_ns = FAIR_STARVED_NS;
	pick_charge_urgent(&classes->queue, &task->class, had, classes->now_ns);
	if (task->class.policy == POLICY_RR && task->class.slice_left_ns == 0)
		task->order = ++classes->last_order;
}

/* As the kernel's schedule() does it. */
static void reschedule(struct classes *classes)
{
	struct classes_task *previous = classes->running, *fair = first_fair(classes, NULL);
	struct class_entity *urgent;

	charge(classes);
	if (previous && previous->runnable && previous->class.urgent) {
		previous->class.to_front = previous->class.policy != POLICY_DEADLINE;
		pick_insert(&classes->queue.classes, &previous->class, classes->now_ns);
	}
	classes->queue.first = fair ? &fair->fair : NULL;
	classes->queue.load = fair ? fair->fair.weight : 0;
	urgent = pick_urgent(&classes->queue);
	if (urgent)
		pick_remove(&classes->queue.classes, urgent);
	classes->running = urgent ? task_of(urgent) : fair;
	fair = first_fair(classes, classes->running);
	classes->queue.first = fair ? &fair->fair : NULL;
}

void classes_wake(struct classes *classes, int number)
{
	struct classes_task *task = &classes->tasks[number];

	if (task->runnable)
		return;
	charge(classes);
	task->runnable = true;
	task->order = ++classes->last_order;
	if (task->class.policy == POLICY_DEADLINE)
		deadline_wake(&task->class, classes->now_ns);
	if (task->class.urgent)
		pick_insert(&classes->queue.classes, &task->class, classes->now_ns);
	reschedule(classes);
}

void classes_sleep(struct classes *classes, int number)
{
	struct classes_task *task = &classes->tasks[number];

	if (!task->runnable)
		return;
	charge(classes);
	task->runnable = false;
	if (task != classes->running && task->class.urgent)
		pick_remove(&classes->queue.classes, &task->class);
	reschedule(classes);
}

void classes_yield(struct classes *classes, int number)
{
	struct classes_task *task = &classes->tasks[number];

	assert(task == classes->running);
	task->class.yields = task->class.urgent;
	task->order = ++classes->last_order;
	reschedule(classes);
}

void classes_set_priority(struct classes *classes, int number, int priority)
{
	struct classes_task *task = &classes->tasks[number];
	bool waits = task->runnable && task != classes->running;

	if (!task->class.priority)
		return;
	charge(classes);
	if (waits)
		pick_remove(&classes->queue.classes, &task->class);
	task->class.priority = (uint8_t)priority;
	task->class.rank = RANK_REALTIME + PRIORITY_MAX - (unsigned int)priority;
	/* Who runs stays before its equals, who waits goes behind them. */
	task->order = waits ? ++classes->last_order : --classes->first_order;
	task->class.to_front = false;
	if (waits)
		pick_insert(&classes->queue.classes, &task->class, classes->now_ns);
	reschedule(classes);
}

static int add(struct classes *classes, struct class_entity class)
{
	struct classes_task *task = &classes->tasks[classes->count];

	assert(classes->count < TASKS_MAX);
	*task = (struct classes_task){ .class = class, .fair.weight = 1 };
	if (class.policy == POLICY_DEADLINE)
		deadline_begin(&task->class, classes->now_ns);
	classes_wake(classes, classes->count++);
	return classes->count - 1;
}

int classes_add_fair(struct classes *classes)
{
	return add(classes, (struct class_entity){ .rank = RANK_FAIR });
}

int classes_add_realtime(struct classes *classes, int policy, int priority)
{
	return add(classes, (struct class_entity){
		.urgent = true, .policy = (uint8_t)policy, .priority = (uint8_t)priority,
		.rank = RANK_REALTIME + PRIORITY_MAX - (unsigned int)priority,
		.slice_left_ns = REALTIME_SLICE_NS,
	});
}

int classes_add_deadline(struct classes *classes, uint64_t runtime, uint64_t deadline, uint64_t period)
{
	return add(classes, (struct class_entity){
		.urgent = true, .policy = POLICY_DEADLINE,
		.deadline = { runtime, deadline, period },
	});
}

static void step(struct classes *classes)
{
	struct deadline_queue *queue = &classes->queue.classes.deadline;
	struct class_entity *entity;

	charge(classes);
	while ((entity = deadline_replenishable(queue, classes->now_ns)) != NULL) {
		pick_remove(&classes->queue.classes, entity);
		pick_insert(&classes->queue.classes, entity, classes->now_ns);
	}
	reschedule(classes);
}

void classes_run(struct classes *classes, uint64_t span_ns)
{
	uint64_t end = classes->now_ns + span_ns, next;

	do {
		next = classes->queue.classes.deadline.replenish_ns;
		if (classes->running) {
			uint64_t turn = pick_turn_end(&classes->queue, &classes->running->class,
						      classes->charged_ns);

			next = turn < next ? turn : next;
		}
		next = next < end ? next : end;
		assert(next >= classes->now_ns);
		classes->now_ns = next;
		step(classes);
	} while (classes->now_ns < end);
}

int classes_running(const struct classes *classes)
{
	return classes->running ? (int)(classes->running - classes->tasks) : -1;
}

uint64_t classes_received_ns(const struct classes *classes, int task)
{
	return classes->tasks[task].total_ns;
}

/* The urgent task that ought to run, if the fair ones were not due. */
static const struct classes_task *best_urgent(const struct classes *classes)
{
	const struct classes_task *best = NULL;

	for (const struct classes_task *task = classes->tasks; task < classes->tasks + classes->count;
	     task++) {
		if (!task->runnable || !task->class.urgent || task->class.throttled)
			continue;
		if (!best || task->class.rank < best->class.rank ||
		    (task->class.rank == best->class.rank && task->class.priority &&
		     task->order < best->order))
			best = task;
	}
	return best;
}

static const char *check_running(const struct classes *classes)
{
	const struct classes_task *best = best_urgent(classes), *running = classes->running;

	if (!running)
		return best || classes->queue.first ? "nobody runs beside runnable tasks" : NULL;
	if (!running->runnable || running->class.throttled)
		return "somebody runs who may not";
	if (running->class.urgent) {
		if (running->class.rank != best->class.rank)
			return "somebody runs who is less urgent than another";
		if (running->class.priority && running != best)
			return "equals run out of order";
		if (running->class.priority && classes->queue.first && classes->starved_ns > 95000000)
			return "the fair ones starve";
		return NULL;
	}
	return best && !classes->queue.classes.fair_due ? "a fair task runs before an urgent one" : NULL;
}

const char *classes_check(const struct classes *classes)
{
	uint32_t count = 0, ready = 0, found = 0;

	for (const struct classes_task *task = classes->tasks; task < classes->tasks + classes->count;
	     task++) {
		bool waits = task->runnable && task->class.urgent && task != classes->running;

		count += waits;
		ready += waits && !task->class.throttled;
		if (waits && task->class.throttled && task->class.replenish_ns <= classes->now_ns)
			return "a task is throttled beyond its period";
		if (task->class.policy == POLICY_DEADLINE &&
		    task->class.budget_ns > (int64_t)task->class.deadline.runtime_ns)
			return "a budget exceeds its runtime";
	}
	for (struct class_entity *at = pick_first(&classes->queue.classes); at;
	     at = pick_next(&classes->queue.classes, at))
		found++;
	if (count != classes->queue.classes.count || ready != classes->queue.classes.ready_count ||
	    ready != found)
		return "a queue miscounts, or somebody is lost";
	return check_running(classes);
}
