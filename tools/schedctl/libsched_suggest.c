// SPDX-License-Identifier: Apache-2.0
/*
 * libsched_suggest.c - the word that was probably meant: the fewest letters added, dropped,
 * changed or swapped.
 */
#include <string.h>

#include "tools/schedctl/libsched.h"

enum {
	WORD_MAX = 32, /* longer ones are not looked at */
	DISTANCE_MAX = 2,
};

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* How many single edits turn one word into the other; three rows of the classic table. */
static unsigned int distance(const char *one, size_t one_length, const char *other,
			     size_t other_length)
{
	unsigned int rows[3][WORD_MAX + 1];
	unsigned int *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= other_length; j++)
		last[j] = before[j] = (unsigned int)j;
	for (size_t i = 1; i <= one_length; i++) {
		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= other_length; j++) {
			unsigned int change = one[i - 1] != other[j - 1];
			row[j] = least(last[j - 1] + change, least(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && one[i - 1] == other[j - 2] &&
			    one[i - 2] == other[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		unsigned int *oldest = before;
		before = last;
		last = row;
		row = oldest;
	}
	return last[other_length];
}

const char *sched_suggest(const char *typed, const char *const *words)
{
	const char *nearest = NULL;
	size_t typed_length = strlen(typed);
	unsigned int best = DISTANCE_MAX + 1;

	if (typed_length > WORD_MAX)
		return NULL;
	for (; *words; words++) {
		size_t length = strlen(*words);
		if (length > WORD_MAX)
			continue;
		unsigned int here = distance(typed, typed_length, *words, length);
		/* A word all of whose letters are wrong was not meant. */
		if (here < best && here < length) {
			best = here;
			nearest = *words;
		}
	}
	return nearest;
}
