// SPDX-License-Identifier: Apache-2.0
/*
 * random.c - the generator behind random.h: ChaCha20 (RFC 8439) with its key replaced after every
 * request ("fast key erasure"): the first 32 bytes of each run of blocks become the next key, the
 * others are the answer.
 *
 * Locks: (r) the generator's lock, held for one run of a few blocks
 */
#include <string.h>

#include "kernel/dev/machine.h"
#include "kernel/kernel.h"
#include "kernel/smp/timer.h"
#include "kernel/sync/spinlock.h"
#include "kernel/sys/random.h"

enum { KEY_WORDS = 8, BLOCK_WORDS = 16, RUN_BLOCKS = 4 };

/* One run: a key, and what is handed out. */
enum { RUN_WORDS = RUN_BLOCKS * BLOCK_WORDS, PIECE_SIZE = 4 * (RUN_WORDS - KEY_WORDS) };

static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_DEVICE);
static uint32_t key[KEY_WORDS]; /* (r) */
static bool is_seeded;          /* (r) */

static uint32_t rotate(uint32_t word, unsigned int bits)
{
	return word << bits | word >> (32 - bits);
}

static void quarter_round(
	uint32_t *s, unsigned int a, unsigned int b, unsigned int c, unsigned int d)
{
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 7);
}

static void make_block(uint32_t block[BLOCK_WORDS], uint32_t counter)
{
	uint32_t start[BLOCK_WORDS] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

	memcpy(start + 4, key, sizeof(key));
	start[12] = counter;
	memcpy(block, start, sizeof(start));
	for (unsigned int round = 0; round < 10; round++) {
		for (unsigned int i = 0; i < 4; i++)
			quarter_round(block, i, 4 + i, 8 + i, 12 + i);
		for (unsigned int i = 0; i < 4; i++)
			quarter_round(block, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
	}
	for (unsigned int i = 0; i < BLOCK_WORDS; i++)
		block[i] += start[i];
}

/* `size` bytes of one run into `to`; the run's first words are the next key. */
static void take_locked(uint8_t *to, size_t size)
{
	uint32_t block[BLOCK_WORDS], next_key[KEY_WORDS];
	size_t skip = sizeof(key);

	for (uint32_t counter = 0; counter == 0 || size; counter++) {
		size_t part = MIN(sizeof(block) - skip, size);

		make_block(block, counter);
		if (counter == 0)
			memcpy(next_key, block, sizeof(next_key));
		memcpy(to, (const uint8_t *)block + skip, part);
		to += part;
		size -= part;
		skip = 0;
	}
	memcpy(key, next_key, sizeof(key));
}

/* XORs the seed into the key, 32 bytes at a time, and runs the generator over each. */
static void stir_locked(const uint8_t *seed, size_t length)
{
	while (length) {
		size_t part = MIN(sizeof(key), length);

		for (size_t i = 0; i < part; i++)
			((uint8_t *)key)[i] ^= seed[i];
		take_locked((uint8_t *)key, 0);
		seed += part;
		length -= part;
	}
}

static void seed_locked(void)
{
	uint64_t clock[2] = { time_now_ns(), (uint64_t)time_realtime_offset_ns() };

	is_seeded = true;
	stir_locked(machine.seed, machine.seed_length);
	stir_locked((const uint8_t *)clock, sizeof(clock));
}

void random_stir(const void *seed, size_t length)
{
	spin_lock(&lock);
	if (!is_seeded)
		seed_locked();
	stir_locked(seed, length);
	spin_unlock(&lock);
}

void random_bytes(void *buffer, size_t length)
{
	uint8_t *to = buffer;

	while (length) {
		size_t part = MIN((size_t)PIECE_SIZE, length);

		spin_lock(&lock);
		if (!is_seeded)
			seed_locked();
		take_locked(to, part);
		spin_unlock(&lock);
		to += part;
		length -= part;
	}
}
