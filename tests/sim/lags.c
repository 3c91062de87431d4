// SPDX-License-Identifier: Apache-2.0
/*
 * lags.c - how far a simulated task may be from its due. Part of simulator.c.
 *
 * What a task is *owed* here is its lag and what it may borrow: weight * (V - eligible_ns). With r what it asks
 * for at a time and q the tick, EEVDF promises, of a queue where nobody borrows, comes, leaves or changes weight,
 *
 *	-q <= owed <= max(r, q)
 *
 * Below: a task runs only when it is owed something or nothing, for q at most; while it waits nothing is taken
 * from it but by those who come with a lag or leave with a debt, which moves V back: its part of the queue's
 * weight of each. `taken_ns` is the sum since it was picked last.
 *
 * Above: until V has come to its deadline d, a task is owed r at most. Let D be all who are due by d. When
 * somebody later than d was picked, none of D was eligible: nobody of D was owed anything. In his turn V
 * advances, so all of D together come to be owed q at most; after it one of D runs whenever one is eligible,
 * and what they are owed together falls, for V cannot advance as fast for a part of the weights as that part
 * runs. So they are owed no more than q and what events have brought since: who enters D with what he is owed,
 * who leaves D with a debt, who moves V forward by leaving with a lag or coming with a debt. Where D is
 * everybody, their lags add up to nothing, and they are owed what they may borrow. Past d nobody of D is owed
 * less than his weight times V - d, which leaves for the one
 *
 *	owed <= r + part * (q + brought - r)	part: its weight of that of D
 *
 * A new weight or request is a leaving, by the old deadline, and a coming, by the new one, that move nothing. The
 * events of each queue are remembered with the deadlines that they matter to. Each time is the books': a turn
 * that is not charged yet is added when the bound is checked.
 */

enum {
	LOG_MAX = 4096,
	PARTS = 4,
	ROUNDING_NS = 64, /* virtual time is in whole ns, of several machines' weight */
};

/* Something that brings what is owed to those who are due by a virtual time. */
struct lag_event {
	bool is_pick, is_sum; /* a sum: of several, which bring the same to all whom they matter to */
	int64_t everyone_ns;  /* whatever the time */
	struct {
		uint64_t from; /* to times that are not before it */
		int64_t ns;
	} parts[PARTS];
	/* A pick: the deadline of the picked, the last one's, and what all may borrow. */
	uint64_t picked, last;
	int64_t lent_ns;
};

/* The newest last. */
static struct lag_log {
	unsigned int count;
	struct lag_event events[LOG_MAX];
} lag_logs[NR_CPUS];

static uint64_t ran_until_ns[NR_CPUS];
static const char *lag_fault; /* what was seen to be wrong between two checks, or NULL */
static bool lag_was_cut;      /* not all of one was handed over */

/* Where a task stands in its queue. */
struct standing {
	int64_t owed_ns;
	uint64_t eligible, deadline;
};

static struct lag_log *log_of(const struct runqueue *queue)
{
	return &lag_logs[container_of(queue, const struct cpu, queue)->id];
}

/* By the simulator's own clock: since when what the running one has is not charged. */
static uint64_t *ran_until(const struct runqueue *queue)
{
	return &ran_until_ns[container_of(queue, const struct cpu, queue)->id];
}

static struct sched_entity *running_entity(const struct runqueue *queue)
{
	return queue->running->flags & TASK_IDLE ? NULL : &queue->running->entity;
}

static struct standing standing(const struct runqueue *queue, const struct sched_entity *entity)
{
	return (struct standing){ runqueue_lag(queue, entity) + entity->lent_ns, entity->eligible_ns,
				  entity->deadline_ns };
}

static int64_t brought_by(const struct lag_event *event, uint64_t deadline)
{
	int64_t ns = event->everyone_ns;

	for (int i = 0; i < PARTS; i++)
		if (!virtual_is_before(deadline, event->parts[i].from))
			ns += event->parts[i].ns;
	return MAX(ns, 0);
}

/* Whether it brings the same to all times from `first` on and before `end`. */
static bool is_even(const struct lag_event *event, uint64_t first, uint64_t end)
{
	for (int i = 0; i < PARTS; i++)
		if (event->parts[i].ns && virtual_is_before(first, event->parts[i].from) &&
		    virtual_is_before(event->parts[i].from, end))
			return false;
	return true;
}

/* An event matters to times that are not before what was picked later and before what was last then. Those that
 * matter to none are dropped, those that bring the same to all of them are added up. */
static void compact(struct lag_log *log)
{
	static struct lag_event kept[LOG_MAX];
	unsigned int left = LOG_MAX;
	uint64_t first = 0, end = 0;
	bool has_range = false;

	for (unsigned int i = log->count; i-- > 0 && (!has_range || virtual_is_before(first, end));) {
		struct lag_event event = log->events[i];

		if (event.is_pick) {
			bool is_later = !has_range || virtual_is_before(first, event.picked);
			bool is_nearer = !has_range || virtual_is_before(event.last, end);

			first = is_later ? event.picked : first;
			end = is_nearer ? event.last : end;
			has_range = true;
			if (is_later || is_nearer)
				kept[--left] = event;
		} else if (!has_range || !is_even(&event, first, end)) {
			kept[--left] = event;
		} else if (left < LOG_MAX && kept[left].is_sum) {
			kept[left].everyone_ns += brought_by(&event, first);
		} else {
			kept[--left] = (struct lag_event){ .is_sum = true,
							   .everyone_ns = brought_by(&event, first) };
		}
	}
	log->count = LOG_MAX - left;
	memcpy(log->events, &kept[left], log->count * sizeof(*kept));
}

static struct lag_event *append(struct lag_log *log)
{
	if (log->count == LOG_MAX)
		compact(log);
	assert(log->count < LOG_MAX);
	log->events[log->count] = (struct lag_event){ .is_pick = false };
	return &log->events[log->count++];
}

static void log_pick(struct lag_log *log, uint64_t picked, uint64_t last, int64_t lent_ns)
{
	if (picked == last)
		log->count = 0; /* no earlier event matters to anybody */
	struct lag_event *event = append(log);
	event->is_pick = true;
	event->picked = picked;
	event->last = last;
	event->lent_ns = lent_ns;
}

/* Who is about to be taken off the waiting was picked. */
static void note_pick(const struct runqueue *queue, const struct sched_entity *picked)
{
	uint64_t last = picked->deadline_ns;
	int64_t lent_ns = 0;

	for (struct sched_entity *at = queue->first; at; at = runqueue_next(at)) {
		lent_ns += at->lent_ns;
		last = at->deadline_ns;
	}
	log_pick(log_of(queue), picked->deadline_ns, last, lent_ns);
	simulated(entity_task((struct sched_entity *)picked))->taken_ns = 0;
}

static void leaves_part(struct lag_event *event, const struct standing *old)
{
	/* A debt is missed by all who may have had its owner run before them. */
	event->parts[0].from = old->owed_ns < 0 ? old->eligible : old->deadline;
	event->parts[0].ns = -old->owed_ns;
}

static void enters_part(struct lag_event *event, const struct standing *new)
{
	event->parts[1].from = new->deadline;
	event->parts[1].ns = new->owed_ns;
}

/* V moves by `ns` over `load`, the weight of all but `entity`. */
static void move_others(struct lag_event *event, const struct runqueue *queue, const struct sched_entity *entity,
			int64_t ns, uint64_t load)
{
	struct sched_entity *running = running_entity(queue);

	event->everyone_ns = MAX(ns, 0);
	if (ns >= 0)
		return;
	double taken = -(double)ns / (double)load;
	for (struct sched_entity *at = queue->first; at; at = runqueue_next(at))
		if (at != entity)
			simulated(entity_task(at))->taken_ns += taken * (double)at->weight;
	if (running && running != entity)
		simulated(queue->running)->taken_ns += taken * (double)running->weight;
}

/* For how long the running one runs on, whatever happens. */
static int64_t rest_of_turn(const struct runqueue *queue, const struct sched_entity *entity)
{
	if (entity != running_entity(queue) || queue->turn_end_ns <= queue->charged_ns)
		return 0;
	return (int64_t)MIN(queue->turn_end_ns - queue->charged_ns, (uint64_t)SCHED_TICK_NS + 1);
}

static void log_alone(const struct runqueue *queue, const struct sched_entity *alone)
{
	uint64_t left = (alone->deadline_ns - alone->eligible_ns) * alone->weight >> SCHED_WEIGHT_SHIFT;
	int64_t beyond = rest_of_turn(queue, alone) - (int64_t)left; /* what it asked for before was more */

	log_pick(log_of(queue), alone->deadline_ns, alone->deadline_ns, alone->lent_ns + MAX(beyond, 0));
}

/* Who is alone is owed what it may borrow, and its deadline moves along: nothing before matters. */
static bool forget_alone(const struct runqueue *queue)
{
	struct sched_entity *running = running_entity(queue);

	if (!running || queue->load != running->weight)
		return false;
	log_alone(queue, running);
	return true;
}

static void watched_join(struct runqueue *queue, struct sched_entity *entity)
{
	uint64_t load = queue->load;
	int64_t lag_ns = load ? entity->lag_ns : 0;

	forget_alone(queue);
	runqueue_join(queue, entity);
	struct standing now = standing(queue, entity);
	if (llabs(runqueue_lag(queue, entity) - lag_ns) > ROUNDING_NS)
		lag_fault = "a task has another lag than it came with";
	simulated(entity_task(entity))->taken_ns = (double)MAX(-now.owed_ns, 0);
	if (!load) {
		log_alone(queue, entity);
		return;
	}
	struct lag_event *event = append(log_of(queue));
	enters_part(event, &now);
	move_others(event, queue, entity, -lag_ns, load);
}

static void watched_leave(struct runqueue *queue, struct sched_entity *entity)
{
	struct standing old = standing(queue, entity);
	int64_t lag_ns = runqueue_lag(queue, entity);

	runqueue_leave(queue, entity);
	if (!queue->load || (entity != running_entity(queue) && forget_alone(queue)))
		return;
	struct lag_event *event = append(log_of(queue));
	leaves_part(event, &old);
	move_others(event, queue, entity, lag_ns, queue->load);
}

/* It is owed something else than it was, or by another time: a leaving and a coming. */
static void log_change(struct runqueue *queue, const struct sched_entity *entity, const struct standing *old)
{
	struct standing new = standing(queue, entity);
	struct lag_event *event = append(log_of(queue));

	leaves_part(event, old);
	enters_part(event, &new);
	if (virtual_is_before(old->deadline, new.deadline)) { /* those between wait for it as for a later one */
		event->parts[2].from = old->deadline;
		event->parts[3].from = new.deadline;
		event->parts[2].ns = rest_of_turn(queue, entity);
		event->parts[3].ns = -event->parts[2].ns;
	}
}

static void watched_transfer(struct runqueue *queue, struct sched_entity *from, struct sched_entity *to, int64_t lag_ns)
{
	struct standing before[] = { standing(queue, from), standing(queue, to) };
	struct sched_entity *both[] = { from, to };

	int64_t handed_ns = runqueue_transfer(queue, from, to, lag_ns);
	if (handed_ns != lag_ns) {
		lag_was_cut = true;
		if (llabs(lag_ns) <= LAG_MAX_NS && llabs(runqueue_lag(queue, to)) < LAG_MAX_NS - ROUNDING_NS)
			lag_fault = "a lag was not handed over whole, and is not the greatest";
	}
	for (int i = 0; i < 2; i++) {
		int64_t gained = standing(queue, both[i]).owed_ns - before[i].owed_ns;

		if (llabs(gained - (i ? handed_ns : -handed_ns)) > ROUNDING_NS)
			lag_fault = "a lag was handed over, and is another one";
		simulated(entity_task(both[i]))->taken_ns += (double)MAX(-gained, 0);
		log_change(queue, both[i], &before[i]);
	}
}

static void watched_reweigh(struct runqueue *queue, struct sched_entity *entity, uint64_t weight)
{
	struct standing old = standing(queue, entity), new;

	if (weight == entity->weight)
		return;
	runqueue_reweigh(queue, entity, weight);
	new = standing(queue, entity);
	if (llabs(new.owed_ns - old.owed_ns) > ROUNDING_NS)
		lag_fault = "a new weight changed a lag";
	if (!forget_alone(queue))
		log_change(queue, entity, &old);
}

/* It asks for something else from now on, and runs on to the end of its turn. */
static void note_request(struct runqueue *queue, const struct sched_entity *entity, const struct standing *old)
{
	struct standing new = standing(queue, entity);

	if (forget_alone(queue))
		return;
	struct lag_event *event = append(log_of(queue));
	leaves_part(event, old);
	enters_part(event, &new);
	event->everyone_ns = rest_of_turn(queue, entity);
	simulated(entity_task((struct sched_entity *)entity))->taken_ns +=
		(double)MAX(old->owed_ns - new.owed_ns, 0);
}

/* What runqueue_charge() has to make of it. */
static void watched_charge(struct runqueue *queue, struct sched_entity *entity, uint64_t time_ns)
{
	assert(time_ns >= *ran_until(queue));
	double had = (double)(time_ns - *ran_until(queue));
	double due = had * (double)entity->weight / (double)queue->load;
	int64_t before = runqueue_lag(queue, entity);

	runqueue_charge(queue, entity, time_ns);
	*ran_until(queue) = time_ns;
	if (fabs((double)(runqueue_lag(queue, entity) - before) - (due - had)) > ROUNDING_NS)
		lag_fault = "a task's lag does not tell what it had";
}

/* ---- the bound ---- */

/* What all who are due by then may be owed together. */
static int64_t most_owed_by(const struct lag_log *log, uint64_t deadline)
{
	int64_t brought = 0;

	for (unsigned int i = log->count; i-- > 0;) {
		const struct lag_event *event = &log->events[i];

		if (!event->is_pick)
			brought += brought_by(event, deadline);
		else if (virtual_is_before(deadline, event->picked))
			return brought + SCHED_TICK_NS;
		else if (!virtual_is_before(deadline, event->last))
			return brought + event->lent_ns; /* all: their lags add up to nothing */
	}
	assert(!"a log begins with a pick that matters to all");
	return 0;
}

struct lag_look {
	const struct runqueue *queue;
	double had_ns; /* by the running one, not charged yet */
	double weight; /* of those who are due by then */
};

static const char *check_lag(struct lag_look *look, struct sched_entity *entity)
{
	const struct runqueue *queue = look->queue;
	double weight = (double)entity->weight, request = entity->slice_ns;
	double owed = (double)standing(queue, entity).owed_ns + look->had_ns * weight / (double)queue->load;

	if (entity == running_entity(queue))
		owed -= look->had_ns;
	look->weight += weight;
	if (owed < -SCHED_TICK_NS - simulated(entity_task(entity))->taken_ns - ROUNDING_NS)
		return "a task has run further ahead than EEVDF allows";
	if (owed <= request + ROUNDING_NS)
		return NULL;
	double most = (double)most_owed_by(log_of(queue), entity->deadline_ns);
	if (owed > MAX(request, request + weight / look->weight * (most - request)) + ROUNDING_NS)
		return "a task is owed more than EEVDF allows";
	return NULL;
}

static const char *check_lags(const struct cpu *cpu)
{
	const struct runqueue *queue = &cpu->queue;
	struct sched_entity *running = running_entity(queue);
	struct lag_look look = { .queue = queue };
	const char *wrong = lag_fault;

	if (running)
		look.had_ns = (double)(now_ns - queue->charged_ns);
	for (struct sched_entity *at = queue->first; at && !wrong; at = runqueue_next(at)) {
		if (running && by_deadline(running, at) < 0) {
			wrong = check_lag(&look, running);
			running = NULL;
		}
		wrong = wrong ? wrong : check_lag(&look, at);
	}
	return wrong || !running ? wrong : check_lag(&look, running);
}
