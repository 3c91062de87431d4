// SPDX-License-Identifier: Apache-2.0
/*
 * cpumask.h - a set of CPUs, as a value.
 *
 * Every operation works on whole words and none loops over CPUs but cpumask_for_each, which
 * visits set bits only. The code is the same for one CPU and for NR_CPUS.
 *
 * Context: any; nothing here touches more than its arguments.
 */
#ifndef CGROUPS_CPUMASK_H
#define CGROUPS_CPUMASK_H

#include <stdbool.h>
#include <stdint.h>

enum {
	NR_CPUS = 512,
	CPUMASK_WORD_BITS = 64,
	CPUMASK_WORDS = NR_CPUS / CPUMASK_WORD_BITS,
};

struct cpumask {
	uint64_t bits[CPUMASK_WORDS];
};

#define CPUMASK_EACH_WORD(word) \
	_Pragma("GCC unroll 8") for (unsigned int word = 0; word < CPUMASK_WORDS; word++)

/* Written out: without the bit-manipulation extension the compiler would call its library. */
static inline unsigned int cpumask_word_count(uint64_t word)
{
	word -= word >> 1 & 0x5555555555555555U;
	word = (word & 0x3333333333333333U) + (word >> 2 & 0x3333333333333333U);
	word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fU;
	return (unsigned int)(word * 0x0101010101010101U >> 56);
}

/* The number of the lowest set bit; the word is not zero. */
static inline unsigned int cpumask_word_first(uint64_t word)
{
	return cpumask_word_count((word & -word) - 1);
}

static inline struct cpumask cpumask_none(void)
{
	struct cpumask mask = { { 0 } };
	return mask;
}

static inline bool cpumask_test(const struct cpumask *mask, unsigned int cpu)
{
	return mask->bits[cpu / CPUMASK_WORD_BITS] >> cpu % CPUMASK_WORD_BITS & 1;
}

static inline void cpumask_set(struct cpumask *mask, unsigned int cpu)
{
	mask->bits[cpu / CPUMASK_WORD_BITS] |= (uint64_t)1 << cpu % CPUMASK_WORD_BITS;
}

static inline void cpumask_clear(struct cpumask *mask, unsigned int cpu)
{
	mask->bits[cpu / CPUMASK_WORD_BITS] &= ~((uint64_t)1 << cpu % CPUMASK_WORD_BITS);
}

static inline struct cpumask cpumask_of(unsigned int cpu)
{
	struct cpumask mask = cpumask_none();
	cpumask_set(&mask, cpu);
	return mask;
}

/* CPUs 0 to count - 1; count is at most NR_CPUS. */
static inline struct cpumask cpumask_below(unsigned int count)
{
	struct cpumask mask;
	CPUMASK_EACH_WORD(word) {
		unsigned int first = word * CPUMASK_WORD_BITS;
		mask.bits[word] = count >= first + CPUMASK_WORD_BITS ? ~(uint64_t)0
			: count > first ? ((uint64_t)1 << (count - first)) - 1 : 0;
	}
	return mask;
}

static inline struct cpumask cpumask_and(const struct cpumask *a, const struct cpumask *b)
{
	struct cpumask result;
	CPUMASK_EACH_WORD(word)
		result.bits[word] = a->bits[word] & b->bits[word];
	return result;
}

static inline struct cpumask cpumask_andnot(const struct cpumask *a, const struct cpumask *b)
{
	struct cpumask result;
	CPUMASK_EACH_WORD(word)
		result.bits[word] = a->bits[word] & ~b->bits[word];
	return result;
}

static inline struct cpumask cpumask_or(const struct cpumask *a, const struct cpumask *b)
{
	struct cpumask result;
	CPUMASK_EACH_WORD(word)
		result.bits[word] = a->bits[word] | b->bits[word];
	return result;
}

static inline bool cpumask_empty(const struct cpumask *mask)
{
	uint64_t any = 0;
	CPUMASK_EACH_WORD(word)
		any |= mask->bits[word];
	return !any;
}

static inline bool cpumask_equal(const struct cpumask *a, const struct cpumask *b)
{
	uint64_t different = 0;
	CPUMASK_EACH_WORD(word)
		different |= a->bits[word] ^ b->bits[word];
	return !different;
}

static inline bool cpumask_intersects(const struct cpumask *a, const struct cpumask *b)
{
	uint64_t common = 0;
	CPUMASK_EACH_WORD(word)
		common |= a->bits[word] & b->bits[word];
	return common;
}

static inline bool cpumask_subset(const struct cpumask *part, const struct cpumask *whole)
{
	uint64_t outside = 0;
	CPUMASK_EACH_WORD(word)
		outside |= part->bits[word] & ~whole->bits[word];
	return !outside;
}

static inline unsigned int cpumask_count(const struct cpumask *mask)
{
	unsigned int count = 0;
	for (unsigned int word = 0; word < CPUMASK_WORDS; word++)
		if (mask->bits[word])
			count += cpumask_word_count(mask->bits[word]);
	return count;
}

/* The first CPU of the set that is not below `from`; NR_CPUS: none. */
static inline unsigned int cpumask_next(const struct cpumask *mask, unsigned int from)
{
	if (from >= NR_CPUS)
		return NR_CPUS;
	unsigned int word = from / CPUMASK_WORD_BITS;
	uint64_t left = mask->bits[word] & ~(uint64_t)0 << from % CPUMASK_WORD_BITS;
	while (!left) {
		if (++word == CPUMASK_WORDS)
			return NR_CPUS;
		left = mask->bits[word];
	}
	return word * CPUMASK_WORD_BITS + cpumask_word_first(left);
}

/* The first CPU not below `from` that is not in the set; NR_CPUS: none. */
static inline unsigned int cpumask_next_absent(const struct cpumask *mask, unsigned int from)
{
	if (from >= NR_CPUS)
		return NR_CPUS;
	unsigned int word = from / CPUMASK_WORD_BITS;
	uint64_t left = ~mask->bits[word] & ~(uint64_t)0 << from % CPUMASK_WORD_BITS;
	while (!left) {
		if (++word == CPUMASK_WORDS)
			return NR_CPUS;
		left = ~mask->bits[word];
	}
	return word * CPUMASK_WORD_BITS + cpumask_word_first(left);
}

static inline unsigned int cpumask_first(const struct cpumask *mask)
{
	return cpumask_next(mask, 0);
}

/* Visits the set bits, lowest first. The set may lose bits meanwhile. */
#define cpumask_for_each(cpu, mask) \
	for (unsigned int cpu = cpumask_first(mask); cpu < NR_CPUS; \
	     cpu = cpumask_next(mask, cpu + 1))

#endif
