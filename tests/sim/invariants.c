// SPDX-License-Identifier: Apache-2.0
/*
 * invariants.c - what holds in a simulated machine after every step. Part of simulator.c.
 */

static const char *check_waiting(struct cpu *cpu, struct sched_entity *entity)
{
	struct simulated_task *task = simulated(entity_task(entity));
	uint64_t least = entity->least_eligible_ns;

	update_least(entity);
	if (entity->least_eligible_ns != least)
		return "a queue's tree does not know who is eligible";
	if (!task->runnable || task->task.cpu != cpu || !task->task.on_queue)
		return "a queue has a task that does not belong there";
	if (!cpumask_test(&task->task.allowed, cpu->id))
		return "a task waits outside its mask";
	return NULL;
}

static const char *check_queue(struct cpu *cpu)
{
	const struct runqueue *queue = &cpu->queue;
	const struct sched_entity *running = is_idle(cpu) ? NULL : &queue->running->entity;
	struct sched_entity *previous = NULL;
	uint64_t load = running ? running->weight : 0;
	int64_t remainder = running ? (int64_t)moment(queue, running) : 0;
	uint32_t count = 0;
	const char *wrong = NULL;

	if (queue->lock.next)
		return "a lock is held";
	if (running && (queue->running->cpu != cpu || !cpumask_test(&queue->running->allowed, cpu->id)))
		return "a task runs where it may not";
	if (is_idle(cpu) != cpumask_test(&sched_idle_cpus, cpu->id))
		return "an idle CPU is not known to be idle";
	for (struct sched_entity *at = queue->first; at && !wrong; at = runqueue_next(at)) {
		if (previous && by_deadline(previous, at) >= 0)
			return "a queue is out of order";
		wrong = check_waiting(cpu, at);
		remainder += (int64_t)moment(queue, at);
		load += at->weight;
		previous = at;
		count++;
	}
	if (wrong)
		return wrong;
	if (count != queue->waiting_count)
		return "a queue miscounts, or its first is not the least";
	if (count && !running)
		return "a CPU idles while tasks wait for it";
	if (load != queue->load)
		return "a queue's load is not the sum of its weights";
	if (remainder != queue->remainder || (load && (remainder < 0 || remainder >= (int64_t)load)))
		return "a queue's virtual time is not the mean of its tasks'";
	return check_lags(cpu);
}

/* Where somebody waits who may run elsewhere, and CPUs even out. */
static struct cpumask where_waiting_may_run(const struct simulator *simulator)
{
	struct cpumask mask = cpumask_none();

	for (unsigned int id = 0; id < simulator->cpu_count && simulator->balances; id++)
		for (struct sched_entity *at = cpu_table[id]->queue.first; at; at = runqueue_next(at))
			mask = cpumask_or(&mask, &entity_task(at)->allowed);
	return mask;
}

static const char *check_idle(const struct simulator *simulator)
{
	struct cpumask wanted = where_waiting_may_run(simulator);

	for (unsigned int id = 0; id < simulator->cpu_count; id++) {
		if (!cpumask_test(&wanted, id) || !cpumask_test(&sched_idle_cpus, id))
			wasted_since_ns[id] = UINT64_MAX;
		else if (wasted_since_ns[id] == UINT64_MAX)
			wasted_since_ns[id] = now_ns;
		else if (now_ns - wasted_since_ns[id] > SCHED_TICK_NS)
			return "a CPU idles while a task that may run there waits";
	}
	return NULL;
}

/* What kin know of themselves together is so of those of the group that count on the CPU. */
static const char *check_kin(const struct sched_entity *first, uint32_t *members)
{
	const struct sched_kin *kin = first->kin;
	const struct sched_entity *member;
	uint64_t weight = 0, sum = 0;
	int64_t advanced_ns = 0;

	LIST_FOREACH (member, &kin->members, kin_link) {
		if (&member->group->cpus[entity_task((struct sched_entity *)member)->cpu->id].kin != kin)
			return "a task counts among others than its kin";
		weight += member->weight;
		sum += member->weight * member->virtual_ns;
		advanced_ns += member->advanced_ns;
		(*members)++;
	}
	if (advanced_ns != kin->advanced_ns)
		return "kin do not know what they let each other have";
	return weight == kin->weight && sum == kin->moment ? NULL : "kin are not together what each of them is";
}

static const char *check_above(const struct sched_kin *first)
{
	const struct sched_kin *above = first->above, *branch;
	uint64_t weight = 0, sum = 0;

	if (!above || above->is_sum || LIST_FIRST(&above->branches) != first)
		return NULL;
	LIST_FOREACH (branch, &above->branches, branch_link) {
		weight += branch->weight;
		sum += branch->moment;
	}
	return weight == above->weight && sum == above->moment ? NULL : "groups are not together what each is";
}

static const char *check_all_kin(struct simulator *simulator)
{
	uint32_t members = 0, runnable = 0;
	const char *wrong = NULL;

	for (int i = 0; i < simulator->task_count && !wrong; i++) {
		const struct sched_entity *entity = &simulator->tasks[i].task.entity;

		if (!simulator->tasks[i].runnable || !entity->group->parent)
			continue;
		runnable++;
		if (LIST_FIRST(&entity->kin->members) == entity)
			wrong = check_kin(entity, &members);
		for (const struct sched_kin *kin = entity->kin; kin && !wrong; kin = kin->above)
			wrong = check_above(kin);
	}
	return wrong || members == runnable ? wrong : "a runnable task is nobody's kin";
}

static int group_number(const struct simulator *simulator, const struct task_group *group)
{
	int number = 0;

	while (number < simulator->group_count && simulator->groups[number] != group)
		number++;
	return number;
}

static const char *check_groups(const struct simulator *simulator)
{
	static uint64_t loads[GROUPS_MAX + 1];

	memset(loads, 0, sizeof(loads));
	for (int i = 0; i < simulator->task_count; i++)
		if (simulator->tasks[i].runnable)
			loads[group_number(simulator, simulator->tasks[i].task.entity.group)] +=
				simulator->tasks[i].task.entity.shares;
	for (int g = 0; g < simulator->group_count; g++)
		if (simulator->groups[g]->active && simulator->groups[g]->parent)
			loads[group_number(simulator, simulator->groups[g]->parent)] +=
				simulator->groups[g]->weight;
	for (int g = 0; g < simulator->group_count; g++) {
		if (simulator->groups[g]->load != loads[g])
			return "a group's load is not the sum of what is below it";
		if (g && loads[g] && !simulator->groups[g]->active)
			return "a group with load is not active";
	}
	return NULL;
}

const char *simulator_check(struct simulator *simulator)
{
	uint32_t runnable[NR_CPUS] = { 0 };
	const char *wrong = picked_wrongly ? "a task was picked that was not the next" : check_groups(simulator);

	for (int i = 0; i < simulator->task_count; i++)
		runnable[simulator->tasks[i].task.cpu->id] += simulator->tasks[i].runnable;
	for (unsigned int id = 0; id < simulator->cpu_count && !wrong; id++) {
		struct cpu *cpu = cpu_table[id];

		wrong = check_queue(cpu);
		if (!wrong && cpu->queue.waiting_count + !is_idle(cpu) != runnable[id])
			wrong = "a runnable task is nowhere, or twice";
	}
	wrong = wrong ? wrong : check_all_kin(simulator);
	return wrong ? wrong : check_idle(simulator);
}
