// SPDX-License-Identifier: Apache-2.0
/*
 * textparse.h - what a write to a pseudo-file says: numbers, words, white space.
 *
 * Text is a span of bytes from a user: not terminated, with any byte in it.
 *
 * Context: any.
 */
#ifndef SYSFS_TEXTPARSE_H
#define SYSFS_TEXTPARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	const char *start;
	size_t length;
};

/* The text up to its first NUL. */
struct text text_until_nul(const char *start, size_t length);
/* Without the white space at both ends. */
struct text text_trim(struct text text);
bool text_is_space(char character);
bool text_equals(struct text text, const char *word);
/* Cuts off and answers what stands before the first `separator` (or all of it); *rest is what is
 * behind it. False, once nothing is left. */
bool text_next_word(struct text *rest, char separator, struct text *word);

/*
 * A whole number as C writes it: decimal, 0x hexadecimal, 0 octal; a sign may lead, one newline
 * may end it. -EINVAL it is none (or a minus where unsigned), -ERANGE it does not fit.
 */
int text_to_unsigned(struct text text, uint64_t *number);
int text_to_signed(struct text text, int64_t *number);
int text_to_int(struct text text, int32_t *number);

/* Bytes, as Linux's memparse() reads them: digits in any of C's bases, no sign, then one of K, M, G, T,
 * P, E or none; no digits are 0. What is too big wraps around, as there. -EINVAL anything else. */
int text_to_bytes(struct text text, uint64_t *bytes);

#endif
