// SPDX-License-Identifier: Apache-2.0
/*
 * kin.c - what a group's tasks are owed together stays so when one of them comes or goes. Part of simulator.c.
 */

/* What those of a group, of its siblings, and of all below the same child of the root are owed together. */
enum { LEVELS = 3 };

struct kin_look {
	const struct sched_kin *kin[LEVELS];
	int64_t lag_ns[LEVELS];
};

/* What they are owed; LLONG_MAX: they are none, or too many to be kin. */
static int64_t owed_together(const struct runqueue *queue, const struct sched_kin *kin)
{
	const struct sched_kin *branch;
	int64_t owed_ns = 0;
	int count = 0;

	if (!kin->is_sum)
		return kin->weight ? runqueue_kin_lag(queue, kin) : LLONG_MAX;
	LIST_FOREACH (branch, &kin->branches, branch_link) {
		owed_ns += runqueue_kin_lag(queue, branch);
		count++;
	}
	return count && count <= BRANCHES_MAX ? owed_ns : LLONG_MAX;
}

static struct kin_look look_at_kin(const struct runqueue *queue, const struct sched_kin *kin)
{
	struct kin_look look = { .kin = { NULL } };

	lag_was_cut = false;
	for (int i = 0; kin; kin = kin->above, i++) {
		look.kin[i] = kin;
		look.lag_ns[i] = owed_together(queue, kin);
	}
	return look;
}

static void check_kin_kept(const struct runqueue *queue, const struct kin_look *look)
{
	for (int i = 0; i < LEVELS && look->kin[i] && !lag_was_cut; i++) {
		int64_t owed_ns = owed_together(queue, look->kin[i]);

		if (look->lag_ns[i] != LLONG_MAX && owed_ns != LLONG_MAX &&
		    llabs(owed_ns - look->lag_ns[i]) > ROUNDING_NS)
			lag_fault = "what kin are owed is something else when one of them comes or goes";
	}
}

static void watched_kin_leave(struct runqueue *queue, struct sched_entity *entity)
{
	struct kin_look look = look_at_kin(queue, entity->kin);

	kin_leave(queue, entity, now_ns);
	check_kin_kept(queue, &look);
}

static void watched_kin_join(struct cpu *cpu, struct sched_entity *entity)
{
	bool is_whole = entity->lag_kind == LAG_WHOLE;
	struct task_group *group = entity->group;
	struct kin_look look = look_at_kin(&cpu->queue, group->parent ? &group->cpus[cpu->id].kin : NULL);

	kin_join(cpu, entity, now_ns);
	if (!is_whole)
		check_kin_kept(&cpu->queue, &look);
}
