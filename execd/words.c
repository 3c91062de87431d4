// SPDX-License-Identifier: Apache-2.0
/*
 * words.c - a command line cut into words. Pure.
 */
#include <errno.h>

#include "execd/words.h"

struct words {
	char *out;
	size_t size;
	size_t used;
};

static int words_put(struct words *words, char byte)
{
	if (words->used == words->size)
		return -E2BIG;
	words->out[words->used++] = byte;
	return 0;
}

static int is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

/* Copies one word; *text ends behind it. */
static int words_take(struct words *words, const char **text)
{
	const char *at = *text;
	char quote = '\0';
	int result = 0;

	for (; *at && (quote || !is_blank(*at)) && !result; at++) {
		if (quote && *at == quote) {
			quote = '\0';
		} else if (!quote && (*at == '\'' || *at == '"')) {
			quote = *at;
		} else if (*at == '\\' && quote != '\'' &&
			   (!quote || at[1] == '"' || at[1] == '\\')) {
			if (!at[1])
				return -EINVAL;
			result = words_put(words, *++at);
		} else {
			result = words_put(words, *at);
		}
	}
	*text = at;
	if (result)
		return result;
	return quote ? -EINVAL : words_put(words, '\0');
}

int words_split(const char *text, char *out, size_t size, unsigned int count_max,
		const char **reason)
{
	struct words words = { .out = out, .size = size };
	unsigned int count = 0;

	for (;;) {
		while (is_blank(*text))
			text++;
		if (!*text)
			return (int)count;
		if (count == count_max) {
			*reason = "too many words";
			return -E2BIG;
		}
		int result = words_take(&words, &text);
		if (result) {
			*reason = result == -E2BIG ? "too long"
				: "a quote or a backslash is left open "
				  "(a ';' behind a blank starts a comment)";
			return result;
		}
		count++;
	}
}
