// SPDX-License-Identifier: Apache-2.0
/*
 * slab.c - objects of one size, cut from blocks of pages.
 *
 * A slab is a block of 2^order pages, aligned to its size, so an object's address names its slab.
 * Free objects are chained through their first word: in the slab's own list (page->slab), or in
 * the magazine of one CPU. Common allocs and frees pop and push this CPU's magazine, about fifteen
 * instructions; every batch/2-th moves half a magazine under the cache's lock.
 *
 * Invariant: in_use counts the objects that are not in the slab's own list (those in magazines
 * too); a slab is in `partial` exactly when its own list is not empty.
 *
 * Context: any, with locks below LOCK_RANK_SLAB. Never sleeps.
 */
#include "kernel/mm/slab.h"

#include <string.h>

#include "kernel/mm/fail.h"
#include "kernel/mm/percpu.h"

enum {
	SLAB_ORDER_MAX = 3,
	SLAB_END = 0xffff,       /* page->slab.first_free: none */
	SLAB_WORD = 8,           /* its unit */
	KMALLOC_GRAIN = 16,
	KMALLOC_MAX = 2048,      /* larger ones are whole pages */
	MAGAZINE_BYTES = 8192,   /* about what one magazine may hold */
	EMPTY_SLABS_KEPT = 1,    /* a cache */
};

struct slab_cache {
	struct spinlock lock;     /* (s) LOCK_RANK_SLAB */
	struct page_list partial; /* (s) heads of slabs with a free object */
	uint32_t empty_count;     /* (s) of them, those with no object in use */
	uint32_t index;           /* (i) its magazine's */
	uint32_t size;            /* (i) bytes from one object to the next */
	uint32_t order;           /* (i) of its slabs */
	uint32_t capacity;        /* (i) objects a slab */
	uint32_t magazine_max;    /* (i) objects a CPU may keep */
	uint64_t slab_count;      /* (s) */
	uint64_t taken_count;     /* (s) objects in use or in magazines */
	const char *name;         /* (i) */
};

static struct spinlock caches_lock = SPINLOCK_INIT(LOCK_RANK_SLAB);
static struct slab_cache caches[SLAB_CACHES_MAX];
static unsigned int cache_count; /* caches_lock; grows only */

static const uint16_t kmalloc_sizes[] = {
	16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048,
};
static struct slab_cache *kmalloc_caches[ARRAY_SIZE(kmalloc_sizes)];
static uint8_t kmalloc_class[KMALLOC_MAX / KMALLOC_GRAIN + 1]; /* by size, in grains */

/* The smallest slab that wastes at most an eighth, or the largest there is. */
static uint32_t choose_order(uint32_t size)
{
	for (uint32_t order = 0; order < SLAB_ORDER_MAX; order++) {
		uint32_t bytes = (uint32_t)PAGE_SIZE << order;
		if (bytes >= size && bytes % size <= bytes / 8)
			return order;
	}
	return SLAB_ORDER_MAX;
}

struct slab_cache *slab_cache_create(const char *name, size_t size, size_t alignment)
{
	alignment = MAX(alignment, (size_t)SLAB_WORD);
	size = ALIGN_UP(MAX(size, (size_t)SLAB_WORD), alignment);
	kassert((alignment & (alignment - 1)) == 0 && alignment <= PAGE_SIZE);
	kassert(size <= PAGE_SIZE << SLAB_ORDER_MAX);

	spin_lock(&caches_lock);
	unsigned int index = cache_count;
	if (index < SLAB_CACHES_MAX)
		cache_count++;
	spin_unlock(&caches_lock);
	if (index == SLAB_CACHES_MAX)
		return NULL;

	struct slab_cache *cache = &caches[index];
	spinlock_init(&cache->lock, LOCK_RANK_SLAB);
	LIST_INIT(&cache->partial);
	cache->name = name;
	cache->index = index;
	cache->size = (uint32_t)size;
	cache->order = choose_order(cache->size);
	cache->capacity = (uint32_t)((PAGE_SIZE << cache->order) / size);
	cache->magazine_max = MIN(MAX(MAGAZINE_BYTES / cache->size, 4U), 64U);
	return cache;
}

static inline char *slab_base(const struct slab_cache *cache, void *object)
{
	return (char *)ALIGN_DOWN((uintptr_t)object, PAGE_SIZE << cache->order);
}

/* A slab with all its objects free; NULL: no memory. */
static struct page *slab_create(struct slab_cache *cache)
{
	struct page *head = page_alloc(cache->order, PAGE_ANY);
	if (!head)
		return NULL;
	for (size_t i = 0; i < 1UL << cache->order; i++) {
		head[i].kind = PAGE_SLAB;
		head[i].owner = cache;
	}
	char *object = page_address(head);
	for (uint32_t i = 1; i < cache->capacity; i++, object += cache->size)
		*(void **)object = object + cache->size;
	*(void **)object = NULL;
	head->slab.first_free = 0;
	head->slab.in_use = 0;
	return head;
}

/* The slab leaves its cache and its pages go home. (s) held. */
static void slab_destroy(struct slab_cache *cache, struct page *head)
{
	kassert(head->slab.in_use == 0);
	cache->slab_count--;
	LIST_REMOVE(head, link);
	for (size_t i = 0; i < 1UL << cache->order; i++)
		head[i].kind = PAGE_USED, head[i].owner = NULL;
	head->references = 1;
	page_put(head);
}

/* Half a magazine from slabs that have free objects. (s) held. */
static void take_objects(struct slab_cache *cache, struct magazine *magazine)
{
	while (magazine->count < cache->magazine_max / 2) {
		struct page *head = LIST_FIRST(&cache->partial);
		if (!head)
			return;
		char *base = page_address(head);
		void *object = base + head->slab.first_free * SLAB_WORD;
		if (head->slab.in_use == 0)
			cache->empty_count--;
		while (object && magazine->count < cache->magazine_max / 2) {
			void *next = *(void **)object;
			*(void **)object = magazine->first;
			magazine->first = object;
			magazine->count++;
			head->slab.in_use++;
			cache->taken_count++;
			object = next;
		}
		if (object) {
			head->slab.first_free = (uint16_t)(((char *)object - base) / SLAB_WORD);
		} else {
			head->slab.first_free = SLAB_END;
			LIST_REMOVE(head, link);
		}
	}
}

static bool refill(struct slab_cache *cache, struct magazine *magazine)
{
	spin_lock(&cache->lock);
	take_objects(cache, magazine);
	spin_unlock(&cache->lock);
	if (magazine->first)
		return true;
	struct page *head = slab_create(cache); /* may call slab_reclaim(): no lock held */
	if (!head)
		return false;
	spin_lock(&cache->lock);
	LIST_INSERT_HEAD(&cache->partial, head, link);
	cache->slab_count++;
	cache->empty_count++;
	take_objects(cache, magazine);
	spin_unlock(&cache->lock);
	return true;
}

/* Objects go back to their slabs until `keep` are left. (s) held. */
static void return_objects(struct slab_cache *cache, struct magazine *magazine, uint32_t keep)
{
	while (magazine->count > keep) {
		void *object = magazine->first;
		magazine->first = *(void **)object;
		magazine->count--;

		char *base = slab_base(cache, object);
		struct page *head = virt_to_page(base);
		kassert(head->owner == cache && head->slab.in_use > 0);
		if (head->slab.first_free == SLAB_END) {
			*(void **)object = NULL;
			LIST_INSERT_HEAD(&cache->partial, head, link);
		} else {
			*(void **)object = base + head->slab.first_free * SLAB_WORD;
		}
		head->slab.first_free = (uint16_t)(((char *)object - base) / SLAB_WORD);
		cache->taken_count--;
		if (--head->slab.in_use > 0)
			continue;
		if (cache->empty_count >= EMPTY_SLABS_KEPT)
			slab_destroy(cache, head);
		else
			cache->empty_count++;
	}
}

void *slab_alloc(struct slab_cache *cache, enum page_flags flags)
{
	if (allocation_must_fail())
		return NULL;
	struct memory_cpu *memory = memory_cpu();
	if (unlikely(!memory))
		return NULL;
	struct magazine *magazine = &memory->magazines[cache->index];
	if (unlikely(!magazine->first) && !refill(cache, magazine))
		return NULL;
	void *object = magazine->first;
	magazine->first = *(void **)object;
	magazine->count--;
	if (flags & PAGE_ZERO)
		memset(object, 0, cache->size);
	return object;
}

/* What a wrong free would corrupt silently: checked where it costs nothing that matters. */
static void check_free(struct slab_cache *cache, struct magazine *magazine, void *object)
{
	const struct page *page = virt_to_page(object);
	kcheck(page->kind == PAGE_SLAB && page->owner == cache);
	kcheck((uintptr_t)((char *)object - slab_base(cache, object)) % cache->size == 0);
	kcheck(magazine->first != object); /* freed twice in a row */
	(void)page, (void)cache, (void)magazine;
}

void slab_free(struct slab_cache *cache, void *object)
{
	if (!object)
		return;
	struct memory_cpu *memory = memory_cpu();
	struct magazine alone = { 0 }; /* no memory for a stock: straight back to the slab */
	struct magazine *magazine = likely(memory) ? &memory->magazines[cache->index] : &alone;
	check_free(cache, magazine, object);
	*(void **)object = magazine->first;
	magazine->first = object;
	magazine->count++;
	if (likely(magazine != &alone && magazine->count <= cache->magazine_max))
		return;
	spin_lock(&cache->lock);
	return_objects(cache, magazine, memory ? cache->magazine_max / 2 : 0);
	spin_unlock(&cache->lock);
}

void *kmalloc(size_t size)
{
	if (likely(size <= KMALLOC_MAX)) {
		size_t grains = (size + KMALLOC_GRAIN - 1) / KMALLOC_GRAIN;
		return slab_alloc(kmalloc_caches[kmalloc_class[grains]], PAGE_ANY);
	}
	unsigned int order = 0;
	while (PAGE_SIZE << order < size)
		if (++order > PAGE_ORDER_MAX)
			return NULL;
	struct page *page = page_alloc(order, PAGE_ANY);
	return page ? page_address(page) : NULL;
}

void *kzalloc(size_t size)
{
	void *memory = kmalloc(size);
	if (memory)
		memset(memory, 0, size);
	return memory;
}

void kfree(void *memory)
{
	if (!memory)
		return;
	struct page *page = virt_to_page(memory);
	if (likely(page->kind == PAGE_SLAB)) {
		slab_free(page->owner, memory);
	} else {
		kassert(((uintptr_t)memory & (PAGE_SIZE - 1)) == 0);
		page_put(page);
	}
}

/* Memory is short: this CPU's magazines are emptied, and slabs that nobody uses go. */
static size_t slab_reclaim(void)
{
	struct memory_cpu *memory = this_cpu()->magazines;
	size_t pages = 0;
	for (unsigned int i = 0; i < __atomic_load_n(&cache_count, __ATOMIC_ACQUIRE); i++) {
		struct slab_cache *cache = &caches[i];
		if (!cache->capacity)
			continue;
		spin_lock(&cache->lock);
		if (memory)
			return_objects(cache, &memory->magazines[i], 0);
		struct page *head, *next;
		LIST_FOREACH_SAFE(head, &cache->partial, link, next) {
			if (head->slab.in_use)
				continue;
			slab_destroy(cache, head);
			cache->empty_count--;
			pages += 1UL << cache->order;
		}
		spin_unlock(&cache->lock);
	}
	return pages;
}

static uint64_t in_magazines(unsigned int index)
{
	uint64_t count = 0;
	for (unsigned int i = 0; i < cpu_count; i++) {
		const struct memory_cpu *memory = cpu_table[i] ? cpu_table[i]->magazines : NULL;
		if (memory)
			count += __atomic_load_n(&memory->magazines[index].count, __ATOMIC_RELAXED);
	}
	return count;
}

bool slab_facts(unsigned int index, struct slab_facts *facts)
{
	if (index >= __atomic_load_n(&cache_count, __ATOMIC_ACQUIRE))
		return false;
	struct slab_cache *cache = &caches[index];
	spin_lock(&cache->lock);
	*facts = (struct slab_facts){
		.name = cache->name,
		.size = cache->size,
		.capacity = cache->capacity,
		.pages = 1U << cache->order,
		.slabs = cache->slab_count,
		.in_use = cache->taken_count,
	};
	spin_unlock(&cache->lock);
	facts->in_use -= MIN(facts->in_use, in_magazines(index));
	return true;
}

void slab_init(void)
{
	static struct page_reclaimer reclaimer = { .reclaim = slab_reclaim };
	for (size_t i = 0; i < ARRAY_SIZE(kmalloc_sizes); i++) {
		size_t size = kmalloc_sizes[i];
		kmalloc_caches[i] = slab_cache_create("kmalloc", size, size & -size);
		kassert(kmalloc_caches[i]);
	}
	uint8_t class = 0;
	for (size_t grains = 0; grains < ARRAY_SIZE(kmalloc_class); grains++) {
		if (grains * KMALLOC_GRAIN > kmalloc_sizes[class])
			class++;
		kmalloc_class[grains] = class;
	}
	page_register_reclaimer(&reclaimer);
}
