// SPDX-License-Identifier: Apache-2.0
/*
 * tree_news.c - files of the tree that tell of their changes.
 *
 * Each counts its changes and has a queue of those who wait for the next; a change that nobody waits
 * for costs an addition. The count goes up before the queue is woken, and a waiter queues itself
 * before it looks at the count, so no change is missed.
 *
 * Context: publishing happens under tree_mutex; the count and the queue are read without it.
 */
#include "kernel/kernel.h"
#include "kernel/sched/group.h"
#include "kernel/sched/tree.h"
#include "kernel/sync/waitqueue.h"

void (*tree_news_listener)(const struct cg_node *node, enum tree_news news); /* (i) after boot */

/* What must have changed in the node for the file to have. cpu.pressure: pressure_trigger.c tells. */
static const unsigned int causes[TREE_NEWS_COUNT] = {
	[TREE_NEWS_EVENTS] = CG_CHANGED_EVENTS | CG_CHANGED_FROZEN,
	[TREE_NEWS_PIDS] = CG_CHANGED_PIDS,
	[TREE_NEWS_MEMORY] = CG_CHANGED_MEMORY_EVENTS,
	[TREE_NEWS_MEMORY_LOCAL] = CG_CHANGED_MEMORY_LOCAL,
	[TREE_NEWS_EFFECTIVE] = CG_CHANGED_EFFECTIVE,
	[TREE_NEWS_PARTITION] = CG_CHANGED_PARTITION,
};

uint32_t tree_news_count(struct cg_node *node, enum tree_news news)
{
	return __atomic_load_n(&tree_group_of(node)->news[news].count, __ATOMIC_ACQUIRE);
}

struct waitqueue *tree_news_queue(struct cg_node *node, enum tree_news news)
{
	return &tree_group_of(node)->news[news].queue;
}

static void wake(struct group_news *news)
{
	__atomic_fetch_add(&news->count, 1, __ATOMIC_RELEASE);
	waitqueue_wake_all(&news->queue);
}

void tree_news_tell(struct cg_node *node, enum tree_news news)
{
	wake(&tree_group_of(node)->news[news]);
	if (tree_news_listener)
		tree_news_listener(node, news);
}

void tree_news_publish(struct cg_node *node, unsigned int changes)
{
	/* A wide write comes here for each node below: the causes are constants then. */
	_Pragma("GCC unroll 8") for (unsigned int i = 0; i < TREE_NEWS_COUNT; i++)
		if (changes & causes[i])
			tree_news_tell(node, (enum tree_news)i);
}

/* A descriptor that was never read has seen nothing: it starts with news. */
void tree_news_init(struct task_group *group)
{
	for (unsigned int i = 0; i < TREE_NEWS_COUNT; i++) {
		group->news[i].count = 1;
		waitqueue_init(&group->news[i].queue);
	}
}

void tree_news_end(struct cg_node *node)
{
	struct task_group *group = tree_group_of(node);

	for (unsigned int i = 0; i < TREE_NEWS_COUNT; i++)
		wake(&group->news[i]);
}
