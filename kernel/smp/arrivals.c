// SPDX-License-Identifier: Apache-2.0
/*
 * arrivals.c - see arrivals.h.
 */
#include "kernel/smp/arrivals.h"

static uint64_t bit_of(unsigned int id)
{
	return (uint64_t)1 << id % CPUMASK_WORD_BITS;
}

void arrivals_expect(struct arrivals *arrivals, unsigned int id, uint64_t now_ns)
{
	cpumask_set(&arrivals->missing, id);
	arrivals->news_ns = now_ns;
	__atomic_fetch_or(&arrivals->due.bits[id / CPUMASK_WORD_BITS], bit_of(id), __ATOMIC_RELEASE);
}

bool arrivals_come(struct arrivals *arrivals, unsigned int id)
{
	uint64_t *word = &arrivals->due.bits[id / CPUMASK_WORD_BITS];

	return __atomic_fetch_and(word, ~bit_of(id), __ATOMIC_ACQ_REL) & bit_of(id);
}

bool arrivals_give_up(struct arrivals *arrivals, unsigned int id)
{
	if (!arrivals_come(arrivals, id))
		return false;
	cpumask_clear(&arrivals->missing, id);
	return true;
}

bool arrivals_go_on(struct arrivals *arrivals, const struct cpumask *online, bool (*is_stopped)(unsigned int id),
		    uint64_t now_ns)
{
	struct cpumask missing = cpumask_andnot(&arrivals->missing, online);

	if (!cpumask_equal(&missing, &arrivals->missing)) {
		arrivals->missing = missing;
		arrivals->news_ns = now_ns;
	}
	if (cpumask_empty(&missing))
		return false;
	/* One a time will do: as long as others come they are waited for anyway. */
	if (is_stopped(cpumask_first(&missing)))
		arrivals_give_up(arrivals, cpumask_first(&missing));
	if (now_ns - arrivals->news_ns >= ARRIVALS_PATIENCE_NS)
		cpumask_for_each(id, &missing)
			arrivals_give_up(arrivals, id);
	return !cpumask_empty(&arrivals->missing);
}
