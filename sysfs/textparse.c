// SPDX-License-Identifier: Apache-2.0
/*
 * textparse.c - what a write to a pseudo-file says.
 *
 * Numbers follow the rules of Linux's kstrto* functions, so that what is accepted there is accepted
 * here and the errors are the same: a number too big is -ERANGE even when it is followed by junk.
 *
 * Context: any.
 */
#include "sysfs/textparse.h"

#include <errno.h>
#include <string.h>

struct text text_until_nul(const char *start, size_t length)
{
	struct text text = { start, 0 };
	while (text.length < length && start[text.length])
		text.length++;
	return text;
}

bool text_is_space(char character)
{
	return character == ' ' || (character >= '\t' && character <= '\r');
}

struct text text_trim(struct text text)
{
	while (text.length && text_is_space(text.start[0])) {
		text.start++;
		text.length--;
	}
	while (text.length && text_is_space(text.start[text.length - 1]))
		text.length--;
	return text;
}

bool text_equals(struct text text, const char *word)
{
	return text.length == strlen(word) && !memcmp(text.start, word, text.length);
}

bool text_next_word(struct text *rest, char separator, struct text *word)
{
	if (!rest->length)
		return false;
	*word = (struct text){ rest->start, 0 };
	while (word->length < rest->length && word->start[word->length] != separator)
		word->length++;
	size_t used = word->length < rest->length ? word->length + 1 : word->length;
	rest->start += used;
	rest->length -= used;
	return true;
}

static char character_at(struct text text, size_t place)
{
	return place < text.length ? text.start[place] : '\0';
}

/* What the character is worth as a digit; 16: it is none. */
static unsigned int digit_at(struct text text, size_t place)
{
	char character = character_at(text, place);
	if (character >= '0' && character <= '9')
		return (unsigned int)(character - '0');
	character |= 0x20;
	if (character >= 'a' && character <= 'f')
		return (unsigned int)(character - 'a') + 10;
	return 16;
}

/* The base of the number that starts the text, whose digits begin at *place. */
static unsigned int find_base(struct text text, size_t *place)
{
	*place = 0;
	if (character_at(text, 0) != '0')
		return 10;
	if ((character_at(text, 1) | 0x20) != 'x' || digit_at(text, 2) >= 16)
		return 8;
	*place = 2;
	return 16;
}

/* A number without a sign. */
static int parse_magnitude(struct text text, uint64_t *number)
{
	size_t place;
	unsigned int base = find_base(text, &place);
	size_t first = place;
	uint64_t value = 0;
	bool fits = true;
	for (unsigned int digit; (digit = digit_at(text, place)) < base; place++) {
		if (value > (UINT64_MAX - digit) / base)
			fits = false;
		value = value * base + digit;
	}
	if (!fits)
		return -ERANGE;
	if (place == first)
		return -EINVAL;
	if (character_at(text, place) == '\n')
		place++;
	if (place != text.length)
		return -EINVAL;
	*number = value;
	return 0;
}

static struct text skip_sign(struct text text)
{
	return (struct text){ text.start + 1, text.length - 1 };
}

int text_to_unsigned(struct text text, uint64_t *number)
{
	return parse_magnitude(character_at(text, 0) == '+' ? skip_sign(text) : text, number);
}

int text_to_signed(struct text text, int64_t *number)
{
	uint64_t magnitude;
	bool negative = character_at(text, 0) == '-';
	int error = negative ? parse_magnitude(skip_sign(text), &magnitude)
			     : text_to_unsigned(text, &magnitude);
	if (error)
		return error;
	if (magnitude > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*number = (int64_t)(negative ? -magnitude : magnitude);
	return 0;
}

int text_to_int(struct text text, int32_t *number)
{
	int64_t wide;
	int error = text_to_signed(text, &wide);
	if (error)
		return error;
	if (wide < INT32_MIN || wide > INT32_MAX)
		return -ERANGE;
	*number = (int32_t)wide;
	return 0;
}

int text_to_bytes(struct text text, uint64_t *bytes)
{
	static const char suffixes[] = "kmgtpe";
	size_t place;
	unsigned int base = find_base(text, &place);
	uint64_t value = 0;
	for (unsigned int digit; (digit = digit_at(text, place)) < base; place++)
		value = value * base + digit;
	for (unsigned int i = 0; suffixes[i] && place < text.length; i++) {
		if ((character_at(text, place) | 0x20) != suffixes[i])
			continue;
		value <<= 10 * (i + 1);
		place++;
		break;
	}
	if (place != text.length)
		return -EINVAL;
	*bytes = value;
	return 0;
}
