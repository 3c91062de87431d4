// SPDX-License-Identifier: Apache-2.0
/*
 * text_fuzz.c - any bytes as numbers and words: the C library agrees on every number that is
 * accepted, and words are parts of the text.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/cg.h"
#include "sysfs/textparse.h"

static void check_numbers(struct text text)
{
	char copy[256];
	uint64_t wide = 0;
	int64_t number = 0;
	int32_t narrow = 0;
	if (text.length >= sizeof(copy))
		return;
	memcpy(copy, text.start, text.length);
	copy[text.length] = '\0';
	int error = text_to_unsigned(text, &wide);
	cg_assert(!error || error == -EINVAL || error == -ERANGE);
	cg_assert(error || wide == strtoull(copy, NULL, 0));
	error = text_to_signed(text, &number);
	cg_assert(error || number == strtoll(copy, NULL, 0));
	int narrow_error = text_to_int(text, &narrow);
	cg_assert(narrow_error ? error || number != (int32_t)number : narrow == number);
}

/* Without a suffix it is the C library's number, wherever that one fits. */
static void check_bytes(struct text text)
{
	char copy[256];
	uint64_t bytes = 0, number = 0;
	int error = text_to_bytes(text, &bytes);
	cg_assert(!error || error == -EINVAL);
	if (error || !text.length || text.length >= sizeof(copy))
		return;
	memcpy(copy, text.start, text.length);
	copy[text.length] = '\0';
	if (!text_to_unsigned(text, &number))
		cg_assert(bytes == number);
	cg_assert(!strpbrk(copy, "+- \n"));
}

static void check_words(struct text text)
{
	struct text rest = text_trim(text), word;
	size_t used = 0, length = rest.length;
	while (text_next_word(&rest, ' ', &word)) {
		cg_assert(!memchr(word.start, ' ', word.length));
		used += word.length + 1;
	}
	cg_assert(used == length || used == length + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text text = text_until_nul((const char *)data, size);
	cg_assert(text.length <= size && (text.length == size || !data[text.length]));
	check_numbers(text);
	check_numbers(text_trim(text));
	check_bytes(text);
	check_words(text);
	return 0;
}
