// SPDX-License-Identifier: Apache-2.0
/*
 * charge.c - charging pages to groups, and back.
 *
 * To count a charge means to walk up the groups. A CPU does that for CHARGE_BATCH pages at once and
 * keeps the rest in stock: charging a page is then a subtraction in a word of its own, at any depth.
 * A word of the stock holds a charge and how many pages of it are left; it changes only as a whole,
 * so that another CPU may take it away (memory_group_drain) before it refuses or shows anything.
 *
 * Invariants: a group's usage is what its pages, its stocks and the groups below have; it never
 * exceeds max but by lowering max and by a page under way to another memory node. A page or a stock that is charged to a group holds a reference to
 * it: a removed group remains until its last page is gone, and is counted in its parent as before.
 *
 * Context: any, ranks below LOCK_RANK_TASK; giving back takes no lock but the slab's. Nothing sleeps.
 */
#include "kernel/mm/charge.h"

#include "kernel/mm/percpu.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/task.h"

enum {
	CHARGE_BATCH = 32,  /* pages counted at once */
	KIND_BITS = 3,
	GROUP_ALIGNMENT = 256, /* so that its address in the linear map fits beside the kind */
	GROUP_SHIFT = CHARGE_GROUP_SHIFT,
};
_Static_assert(GROUP_ALIGNMENT >> GROUP_SHIFT == 1 << KIND_BITS, "the kind is below the group");
_Static_assert(CHARGE_KINDS <= 1 << KIND_BITS, "a charge holds the kind");
_Static_assert(LINEAR_SIZE >> GROUP_SHIFT <= 1UL << 32 && LINEAR_BASE << 32 >> 32 == 0, "and the group");
_Static_assert(sizeof(struct memory_group) <= GROUP_ALIGNMENT, "two a half KiB");

static struct slab_cache *group_cache;

static inline struct memory_group *group_of_charge(uint32_t charge)
{
	uint64_t offset = charge & ~((1U << KIND_BITS) - 1);
	return (struct memory_group *)(LINEAR_BASE + (offset << GROUP_SHIFT));
}

static inline enum charge_kind kind_of(uint32_t charge)
{
	return charge & ((1U << KIND_BITS) - 1);
}

/* ---- groups ---- */

void charge_init(void)
{
	group_cache = slab_cache_create("memory group", GROUP_ALIGNMENT, GROUP_ALIGNMENT);
	kassert(group_cache);
}

struct memory_group *memory_group_create(struct memory_group *parent)
{
	struct memory_group *group = slab_alloc(group_cache, PAGE_ZERO);
	if (!group)
		return NULL;
	if (parent)
		memory_group_get(parent);
	group->parent = parent;
	group->references = 1;
	group->max = UINT64_MAX;
	return group;
}

void memory_group_get(struct memory_group *group)
{
	__atomic_fetch_add(&group->references, 1, __ATOMIC_RELAXED);
}

static void put_many(struct memory_group *group, uint32_t count)
{
	while (__atomic_sub_fetch(&group->references, count, __ATOMIC_ACQ_REL) == 0) {
		struct memory_group *parent = group->parent;
		kassert(parent && group->usage == 0);
		slab_free(group_cache, group);
		group = parent;
		count = 1;
	}
}

void memory_group_put(struct memory_group *group)
{
	put_many(group, 1);
}

void memory_set_group(struct task *task, struct memory_group *group)
{
	if (group)
		memory_group_get(group);
	spin_lock(&task->lock);
	struct memory_group *before = task->memory;
	__atomic_store_n(&task->memory, group, __ATOMIC_RELAXED);
	spin_unlock(&task->lock);
	if (before)
		memory_group_put(before);
}

/* The current task's group with a reference; NULL: none. Others may change it meanwhile. */
static struct memory_group *current_group(void)
{
	spin_lock(&current->lock);
	struct memory_group *group = current->memory;
	if (group)
		memory_group_get(group);
	spin_unlock(&current->lock);
	return group;
}

/* ---- counting, up the groups ---- */

/* Adds to usage as long as that fits. */
static bool add_usage(struct memory_group *group, uint32_t pages)
{
	uint64_t usage = __atomic_load_n(&group->usage, __ATOMIC_RELAXED);
	do {
		if (usage + pages > __atomic_load_n(&group->max, __ATOMIC_RELAXED))
			return false;
	} while (!__atomic_compare_exchange_n(&group->usage, &usage, usage + pages, true,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	usage += pages;
	if (usage > __atomic_load_n(&group->peak, __ATOMIC_RELAXED))
		__atomic_store_n(&group->peak, usage, __ATOMIC_RELAXED);
	return true;
}

/* Counts pages in the group and above; else answers the group that has no room, and counts none. */
static struct memory_group *count_up(struct memory_group *group, enum charge_kind kind,
				     uint32_t pages)
{
	for (struct memory_group *up = group; up; up = up->parent) {
		if (likely(add_usage(up, pages)))
			continue;
		for (struct memory_group *undo = group; undo != up; undo = undo->parent)
			__atomic_fetch_sub(&undo->usage, pages, __ATOMIC_RELAXED);
		return up;
	}
	for (struct memory_group *up = group; up; up = up->parent)
		__atomic_fetch_add(&up->kinds[kind], pages, __ATOMIC_RELAXED);
	__atomic_fetch_add(&group->references, pages, __ATOMIC_RELAXED);
	return NULL;
}

static void count_one_more(uint32_t charge)
{
	struct memory_group *group = group_of_charge(charge);
	for (struct memory_group *up = group; up; up = up->parent) {
		__atomic_fetch_add(&up->usage, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&up->kinds[kind_of(charge)], 1, __ATOMIC_RELAXED);
	}
	memory_group_get(group);
}

static void count_down(uint32_t charge, uint32_t pages)
{
	struct memory_group *group = group_of_charge(charge);
	for (struct memory_group *up = group; up; up = up->parent) {
		__atomic_fetch_sub(&up->kinds[kind_of(charge)], pages, __ATOMIC_RELAXED);
		__atomic_fetch_sub(&up->usage, pages, __ATOMIC_RELAXED);
	}
	put_many(group, pages);
}

/* ---- stocks ---- */

/* What does not fit into the stock, or finds another charge's there: that is counted down. */
void charge_put_slowly(uint32_t charge, uint32_t pages)
{
	struct memory_cpu *memory = this_cpu()->magazines;
	if (unlikely(!memory)) {
		count_down(charge, pages);
		return;
	}
	uint64_t *stock = charge_stock(memory, charge);
	uint64_t word = __atomic_exchange_n(stock, (uint64_t)charge << 32 | pages, __ATOMIC_RELAXED);
	if ((uint32_t)word)
		count_down((uint32_t)(word >> 32), (uint32_t)word);
}

static bool is_below(const struct memory_group *group, const struct memory_group *top)
{
	while (group && group != top)
		group = group->parent;
	return group;
}

/* The word is ours while we look at its group, which therefore lives. */
static void drain_stock(uint64_t *stock, const struct memory_group *top)
{
	uint64_t empty = 0;
	if (!(uint32_t)__atomic_load_n(stock, __ATOMIC_RELAXED))
		return;
	uint64_t word = __atomic_exchange_n(stock, 0, __ATOMIC_RELAXED);
	uint32_t charge = (uint32_t)(word >> 32), pages = (uint32_t)word;
	if (!pages)
		return;
	if (is_below(group_of_charge(charge), top) || !charge_exchange(stock, &empty, word))
		count_down(charge, pages);
}

void memory_group_drain(struct memory_group *group)
{
	for (unsigned int i = 0; i < cpu_count; i++) {
		struct memory_cpu *memory = cpu_table[i] ? cpu_table[i]->magazines : NULL;
		for (unsigned int k = 0; memory && k < CHARGE_STOCKS; k++)
			drain_stock(&memory->charges[k], group);
	}
}

/* ---- charging ---- */

static void refuse(struct memory_group *full)
{
	memory_group_get(full);
	if (current->refused)
		memory_group_put(current->refused);
	current->refused = full;
	current->refused_relieved = __atomic_load_n(&full->relieved, __ATOMIC_RELAXED);
	__atomic_fetch_or(&current->work, WORK_MEMORY, __ATOMIC_RELAXED);
}

struct memory_group *memory_take_refusal(uint32_t *relieved)
{
	struct memory_group *full = current->refused;
	if (!full)
		return NULL;
	*relieved = current->refused_relieved;
	current->refused = NULL;
	__atomic_fetch_and(&current->work, ~(uint32_t)WORK_MEMORY, __ATOMIC_RELAXED);
	return full;
}

/* A batch if there is room for it; else just the pages, if need be once the stocks are empty. */
static uint32_t charge_group(struct memory_group *group, enum charge_kind kind, uint32_t pages)
{
	uint32_t charge = charge_of(group, kind);
	uint32_t counted = MAX(pages, (uint32_t)CHARGE_BATCH);
	struct memory_group *full = count_up(group, kind, counted);
	if (unlikely(full)) {
		counted = pages;
		full = count_up(group, kind, counted);
	}
	if (unlikely(full)) {
		memory_group_drain(full);
		full = count_up(group, kind, counted);
	}
	if (unlikely(full)) {
		refuse(full);
		return 0;
	}
	if (counted > pages)
		charge_put(charge, counted - pages);
	return charge;
}

int charge_slowly(enum charge_kind kind, uint32_t pages, uint32_t *charge)
{
	struct memory_group *group = current_group();
	*charge = 0;
	if (!group)
		return 0;
	*charge = charge_group(group, kind, pages);
	memory_group_put(group);
	return *charge ? 0 : -ENOMEM;
}

void page_charge_copy(struct page *copy, const struct page *page)
{
	copy->charge = page->charge;
	if (page->charge && !charge_take(page->charge, 1))
		count_one_more(page->charge);
}
