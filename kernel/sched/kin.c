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

/* As much as one may be owed, or is let have: more comes from handing over to one what is of all. */
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

/* Of its group; NULL: there is none. */
static struct sched_entity *other_member(const struct sched_entity *entity)
{
	struct sched_entity *first = LIST_FIRST(&entity->kin->members);

	return first == entity ? LIST_NEXT(first, kin_link) : first;
}

/* One of the company: the running one, whose place in no order has to change, or the last to come. */
static struct sched_entity *mate_in(const struct company *company, const struct runqueue *queue,
				    const struct sched_entity *entity)
{
	struct sched_entity *running = &queue->running->entity;

	if (running != entity && counts_among(running, company->kin) && !queue->running->class.urgent)
		return running;
	if (!company->unit)
		return other_member(entity);
	struct sched_kin *branch = LIST_FIRST(&company->kin->branches);
	if (branch == company->unit)
		branch = LIST_NEXT(branch, branch_link);
	while (LIST_EMPTY(&branch->members))
		branch = LIST_FIRST(&branch->branches);
	return LIST_FIRST(&branch->members);
}

enum { PART_BITS = 16 };

/* Of what the company is owed or owes, how much falls to it; it is on the queue. In its group by shares, for of the
 * weights some are older than others, and by those that it had when it went to sleep: it comes back to the same part. */
static int64_t part_in(const struct company *company, const struct sched_entity *entity)
{
	uint64_t part = company->unit ? entity->weight : entity->slept_shares;
	uint64_t all = company->unit ? company->kin->weight
				     : company->kin->shares - entity->shares + entity->slept_shares;

	return (int64_t)((part << PART_BITS) / all);
}

/* What is advanced to members of a group they owe together, as nobody has it. */
static int64_t owed_to(const struct runqueue *queue, const struct company *company)
{
	return runqueue_kin_lag(queue, company->kin) - (company->unit ? 0 : company->kin->advanced_ns);
}

static void set_advance(struct sched_entity *entity, int64_t advanced_ns)
{
	entity->kin->advanced_ns += advanced_ns - entity->advanced_ns;
	entity->advanced_ns = advanced_ns;
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

void kin_repay_advance(struct runqueue *queue, struct sched_entity *entity)
{
	struct sched_entity *mate = other_member(entity);

	if (mate) {
		if (mate != &queue->running->entity)
			runqueue_remove(queue, mate);
		runqueue_transfer(queue, entity, mate, entity->advanced_ns);
		put_mate(queue, mate);
	}
	set_advance(entity, 0);
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
	int64_t part_ns = owed_to(queue, company) * part_in(company, entity) >> PART_BITS;
	int64_t own_ns = lag_ns - part_ns - (company->unit ? 0 : entity->advanced_ns);
	int64_t owed_ns = (int64_t)MAX(entity->slice_ns, (uint32_t)SCHED_SLICE_NS) + entity->burst_ns;
	struct sched_entity *mate = mate_in(company, queue, entity);

	set_advance(entity, 0);
	if (company->kin->is_sum)
		refresh(queue, entity->group, mate->group, now_ns);
	take_mate(queue, mate, company, now_ns);
	runqueue_transfer(queue, entity, mate, lag_ns);
	put_mate(queue, mate);
	runqueue_leave(queue, entity);
	entity->lag_ns = MAX(MIN(own_ns, OWN_MAX_NS), -owed_ns);
}

void kin_leave_rivals(struct runqueue *queue, struct sched_entity *entity, uint64_t now_ns)
{
	struct company company = company_of(entity, entity->weight);

	if (company.kin && has_rivals(queue, company.kin)) {
		leave_to_mate(queue, entity, &company, now_ns);
	} else {
		set_advance(entity, 0); /* the last one has it of himself */
		runqueue_leave(queue, entity);
	}
	entity->lag_kind = company.unit ? LAG_KEPT : LAG_OWN;
	if (company.unit)
		keep(company.unit, entity);
}

/* What it brings, back to the last kin or to others. What it is owed by those is no claim on others, and what they keep
 * is theirs; a debt is its own everywhere. */
static int64_t brought(const struct sched_entity *entity, const struct sched_kin *last)
{
	bool is_back = last && last == entity->kin;

	if (entity->lag_kind == LAG_KEPT)
		return is_back ? 0 : MIN(entity->lag_ns, 0);
	return is_back || !last || entity->lag_kind == LAG_WHOLE ? entity->lag_ns : MIN(entity->lag_ns, 0);
}

/* Nobody of them is there: nothing is left to them any more, up to `last`. */
static void forget_left(struct sched_kin *kin, const struct sched_kin *last)
{
	for (; kin; kin = kin == last ? NULL : kin->above)
		kin->lag_ns = 0;
}

/* It has what the last one left, or owes what it owes elsewhere, if that is more. */
static int64_t take_left(const struct runqueue *queue, const struct sched_kin *unit, struct sched_entity *entity,
			 const struct sched_kin *last)
{
	int64_t brought_ns = brought(entity, last), left_ns = runqueue_kin_left(queue, unit);

	forget_left(entity->kin, unit);
	if (entity->lag_kind == LAG_WHOLE)
		return left_ns + brought_ns;
	return last == entity->kin || brought_ns >= 0 ? left_ns : MIN(left_ns, brought_ns);
}

/* Its part of what the company is owed. In its group it need not wait for what others owe, but is let have as much: they
 * wait, and it owes that with them. */
static int64_t take_part(const struct runqueue *queue, const struct company *company, struct sched_entity *entity)
{
	int64_t part = part_in(company, entity), of_others = (1 << PART_BITS) - part;
	int64_t part_ns = owed_to(queue, company) * part >> PART_BITS;

	if (company->unit || part_ns >= 0)
		return part_ns;
	set_advance(entity, MIN(-part_ns * (1 << PART_BITS) / of_others, MIN((int64_t)entity->slice_ns, OWN_MAX_NS)));
	return part_ns + (entity->advanced_ns * of_others >> PART_BITS);
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
	/* Of what one more has come to, and one weighs anew. */
	int64_t part_ns = sum_up(company->kin) ? take_part(queue, company, entity) : 0;
	runqueue_transfer(queue, mate, entity, own_ns + part_ns);
	put_mate(queue, mate);
}

/* Who is new among them, or was moved, has a part in what they are owed from now on, and not in what they were. */
static void join_rivals(struct runqueue *queue, struct sched_entity *entity, const struct sched_kin *last,
			uint64_t now_ns)
{
	struct company company = company_of(entity, 0);
	bool slept = last && entity->lag_kind != LAG_WHOLE;

	if (last != entity->kin || entity->lag_kind == LAG_KEPT)
		entity->slept_shares = entity->shares; /* it had no part in what these are owed */
	entity->lag_ns = company.unit ? take_left(queue, company.unit, entity, last) : brought(entity, last);
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
		above->above = &__atomic_load_n(&group->top, __ATOMIC_RELAXED)->cpus[cpu].all;
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
	entity->lag_ns = brought(entity, last);
	runqueue_join(queue, entity);
}

void kin_join(struct cpu *cpu, struct sched_entity *entity, uint64_t now_ns)
{
	entity->weight = group_task_weight(entity, now_ns);
	if (entity->group->parent) {
		join_group(cpu, entity, now_ns);
		return;
	}
	const struct sched_kin *last = entity->kin;

	entity->kin = NULL;
	entity->lag_ns = brought(entity, last);
	runqueue_join(&cpu->queue, entity);
}
