// SPDX-License-Identifier: Apache-2.0
/*
 * kin.c - see kin.h.
 */
#include "kernel/sched/kin.h"

#include "kernel/sched/group.h"
#include "kernel/smp/cpu.h"

/* Groups whose children have tasks, below one child of the root on one CPU. */
enum { BRANCHES_MAX = 8 };

/* A level above one of two cousins is looked at so seldom. */
enum { REFRESH_LEVEL_NS = 4000 };

/* As much as one may be ahead of the others or behind them: more comes from handing over to one what is of all. */
#define OWN_MAX_NS ((int64_t)SCHED_SLICE_NS)

/* Those whom one comes to or leaves. */
struct company {
	struct sched_kin *kin;  /* the nearest in which others count; NULL: there are none */
	struct sched_kin *unit; /* as what it counts among them, being alone in it; NULL: as itself */
};

/* False: there are too many to be looked at. */
static bool sum_up(struct sched_kin *kin)
{
	const struct sched_kin *branch;
	unsigned int count = 0;

	if (!kin->is_sum)
		return true;
	kin->weight = kin->moment = 0;
	LIST_FOREACH (branch, &kin->branches, branch_link) {
		if (++count > BRANCHES_MAX)
			return false;
		kin->weight += branch->weight;
		kin->moment += branch->moment;
	}
	return true;
}

/* `own`: what it counts there itself. */
static struct company company_of(const struct sched_entity *entity, uint64_t own)
{
	struct company company = { entity->kin, NULL };

	for (; company.kin; company.kin = company.kin->above) {
		if (!sum_up(company.kin))
			company.kin = NULL;
		if (!company.kin || company.kin->weight != own)
			return company;
		company.unit = company.kin;
	}
	return company;
}

static bool counts_among(const struct sched_entity *entity, const struct sched_kin *company)
{
	const struct sched_kin *kin = entity->kin;

	while (kin && kin != company)
		kin = kin->above;
	return kin;
}

/* One of the company: the running one, whose place in no order has to change, or the last to come. */
static struct sched_entity *mate_in(const struct company *company, const struct runqueue *queue,
				    const struct sched_entity *entity)
{
	struct sched_entity *running = &queue->running->entity;

	if (running != entity && counts_among(running, company->kin) && !queue->running->class.urgent)
		return running;
	if (!company->unit) {
		struct sched_entity *first = LIST_FIRST(&company->kin->members);

		return first == entity ? LIST_NEXT(first, kin_link) : first;
	}
	struct sched_kin *branch = LIST_FIRST(&company->kin->branches);
	if (branch == company->unit)
		branch = LIST_NEXT(branch, branch_link);
	while (LIST_EMPTY(&branch->members))
		branch = LIST_FIRST(&branch->branches);
	return LIST_FIRST(&branch->members);
}

/* Of what the company is owed, what falls to it. In its group by shares: of the weights some are older than others. */
static int64_t part_of_lag(const struct runqueue *queue, const struct company *company,
			   const struct sched_entity *entity)
{
	enum { FRACTION = 16 };
	uint64_t part = company->unit ? entity->weight : entity->shares;
	uint64_t all = company->unit ? company->kin->weight : company->kin->shares;

	return runqueue_kin_lag(queue, company->kin) * (int64_t)((part << FRACTION) / all) >> FRACTION;
}

/*
 * Cousins may be far apart: what has run empty between them leaves its share at once, and each level counts as it is
 * now. That costs by the level, so a CPU does it as often as it takes some percent of its time at most.
 */
static void refresh(struct runqueue *queue, struct task_group *left, const struct task_group *mates, uint64_t now_ns)
{
	queue->is_fresh = now_ns >= queue->refresh_ns;
	if (!queue->is_fresh)
		return;
	queue->refresh_ns = now_ns + (uint64_t)(left->node.depth + mates->node.depth) * REFRESH_LEVEL_NS;
	group_end_rest(left);
}

/* Whether those that hand over in this company are weighed level by level. */
static bool is_refreshed(const struct runqueue *queue, const struct company *company)
{
	return company->kin->is_sum && queue->is_fresh;
}

/* Out of the order, if it is in one, and weighed anew: somebody comes or goes. */
static void take_mate(struct runqueue *queue, struct sched_entity *mate, const struct company *company, uint64_t now_ns)
{
	if (mate != &queue->running->entity)
		runqueue_remove(queue, mate);
	runqueue_reweigh(queue, mate,
			 is_refreshed(queue, company) ? group_task_weight_anew(mate, now_ns) : group_task_weight(mate, now_ns));
}

static void put_mate(struct runqueue *queue, struct sched_entity *mate)
{
	if (mate != &queue->running->entity)
		runqueue_insert(queue, mate);
}

/* For who comes next. */
static void keep(struct sched_kin *kin, const struct sched_entity *last)
{
	kin->lag_ns = last->lag_ns;
	kin->left_virtual_ns = last->left_virtual_ns;
	kin->left_weight = last->weight;
}

/* Others than these count on the queue, too: they may be owed something together. */
static bool has_rivals(const struct runqueue *queue, const struct sched_kin *kin)
{
	return kin->weight != queue->load;
}

static void leave_to_mate(struct runqueue *queue, struct sched_entity *entity, const struct company *company,
			  uint64_t now_ns)
{
	int64_t lag_ns = runqueue_lag(queue, entity);
	int64_t own_ns = lag_ns - entity->advanced_ns - part_of_lag(queue, company, entity);
	struct sched_entity *mate = mate_in(company, queue, entity);

	if (!company->unit)
		mate->advanced_ns += entity->advanced_ns;
	if (company->kin->is_sum)
		refresh(queue, entity->group, mate->group, now_ns);
	take_mate(queue, mate, company, now_ns);
	runqueue_transfer(queue, entity, mate, lag_ns);
	put_mate(queue, mate);
	runqueue_leave(queue, entity);
	entity->lag_ns = MAX(MIN(own_ns, OWN_MAX_NS), -OWN_MAX_NS);
}

void kin_leave_rivals(struct runqueue *queue, struct sched_entity *entity, uint64_t now_ns)
{
	struct company company = company_of(entity, entity->weight);

	if (company.kin && has_rivals(queue, company.kin))
		leave_to_mate(queue, entity, &company, now_ns);
	else
		runqueue_leave(queue, entity);
	entity->lag_kind = company.unit ? LAG_KEPT : LAG_OWN;
	if (company.unit)
		keep(company.unit, entity);
}

/* What it brings, back to those whom it left or to others. What its kin keep is theirs, but for a debt. */
static int64_t brought(const struct sched_entity *entity, bool is_back)
{
	if (entity->lag_kind == LAG_KEPT)
		return is_back ? 0 : MIN(entity->lag_ns, 0);
	return entity->lag_ns;
}

/* Nobody of them is there: nothing is left to them any more, up to `last`. */
static void forget_left(struct sched_kin *kin, const struct sched_kin *last)
{
	for (; kin; kin = kin == last ? NULL : kin->above)
		kin->lag_ns = 0;
}

/* It has what the last one left, or owes what it owes elsewhere, if that is more. */
static int64_t take_left(const struct runqueue *queue, const struct sched_kin *unit, struct sched_entity *entity,
			 bool is_back)
{
	int64_t brought_ns = brought(entity, is_back), left_ns = runqueue_kin_left(queue, unit);

	forget_left(entity->kin, unit);
	if (entity->lag_kind == LAG_WHOLE)
		return left_ns + brought_ns;
	return is_back || brought_ns >= 0 ? left_ns : MIN(left_ns, brought_ns);
}

static void join_from_mate(struct runqueue *queue, struct sched_entity *entity, const struct company *company,
			   uint64_t now_ns)
{
	int64_t own_ns = entity->lag_ns;
	struct sched_entity *mate = mate_in(company, queue, entity);

	entity->lag_ns = 0;
	if (is_refreshed(queue, company))
		entity->weight = group_task_weight_anew(entity, now_ns);
	runqueue_join(queue, entity);
	take_mate(queue, mate, company, now_ns);
	(void)sum_up(company->kin); /* of what one more has come to, and one weighs anew */
	int64_t part_ns = part_of_lag(queue, company, entity);
	if (!company->unit && part_ns < 0) {
		/* It need not wait for what others owe: they do. */
		entity->advanced_ns = MIN(-part_ns, (int64_t)entity->slice_ns);
		mate->advanced_ns -= entity->advanced_ns;
		part_ns += entity->advanced_ns;
	}
	runqueue_transfer(queue, mate, entity, own_ns + part_ns);
	put_mate(queue, mate);
}

/* Who is new among them, or was moved, has a part in what they are owed from now on, and not in what they were. */
static void join_rivals(struct runqueue *queue, struct sched_entity *entity, const struct sched_kin *last,
			uint64_t now_ns)
{
	struct company company = company_of(entity, 0);
	bool slept = last && entity->lag_kind != LAG_WHOLE, is_back = last == entity->kin;

	entity->lag_ns = company.unit ? take_left(queue, company.unit, entity, is_back) : brought(entity, is_back);
	if (slept && company.kin && has_rivals(queue, company.kin))
		join_from_mate(queue, entity, &company, now_ns);
	else
		runqueue_join(queue, entity);
}

/* Among whom the first one of the group to come counts: those of its siblings, and those of all groups below the same
 * child of the root. */
static void find_above(const struct task_group *group, unsigned int cpu)
{
	const struct task_group *parent = group->parent;
	struct sched_kin *above = parent->parent ? &parent->cpus[cpu].below : NULL;

	group->cpus[cpu].kin.above = above;
	if (above && !above->weight) {
		above->above = &group->top->cpus[cpu].all;
		above->above->is_sum = true;
	}
}

static void join_group(struct cpu *cpu, struct sched_entity *entity, uint64_t now_ns)
{
	struct runqueue *queue = &cpu->queue;
	struct sched_kin *kin = &entity->group->cpus[cpu->id].kin;
	const struct sched_kin *last = entity->kin;

	entity->kin = kin;
	if (!kin->weight)
		find_above(entity->group, cpu->id);
	if (kin->weight != queue->load) {
		join_rivals(queue, entity, last, now_ns);
		return;
	}
	if (!queue->load)
		forget_left(kin, NULL);
	entity->lag_ns = brought(entity, last == kin);
	runqueue_join(queue, entity);
}

void kin_join(struct cpu *cpu, struct sched_entity *entity, uint64_t now_ns)
{
	entity->weight = group_task_weight(entity, now_ns);
	entity->advanced_ns = 0;
	if (entity->group->parent) {
		join_group(cpu, entity, now_ns);
		return;
	}
	entity->lag_ns = brought(entity, false);
	entity->kin = NULL;
	runqueue_join(&cpu->queue, entity);
}
