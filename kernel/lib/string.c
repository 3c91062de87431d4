// SPDX-License-Identifier: Apache-2.0
/*
 * string.c - the five memory functions that the compiler and the pure libraries call, by whole
 * words. The C library's own are built for size, a byte at a time.
 *
 * Words are read and written only at aligned addresses; what is left at the ends goes by bytes.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t __attribute__((may_alias)) word;

enum { WORD = sizeof(word), BLOCK = 8 * WORD };

static int is_aligned(const void *a, const void *b)
{
	return (((uintptr_t)a | (uintptr_t)b) & (WORD - 1)) == 0;
}

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
	char *d = to;
	const char *s = from;

	/* The same offset in a word on both sides: a few bytes and then words. */
	if ((((uintptr_t)d ^ (uintptr_t)s) & (WORD - 1)) == 0) {
		for (; count && !is_aligned(d, d); count--)
			*d++ = *s++;
		for (; count >= BLOCK; count -= BLOCK, d += BLOCK, s += BLOCK) {
			word a0 = ((const word *)s)[0], a1 = ((const word *)s)[1];
			word a2 = ((const word *)s)[2], a3 = ((const word *)s)[3];
			word a4 = ((const word *)s)[4], a5 = ((const word *)s)[5];
			word a6 = ((const word *)s)[6], a7 = ((const word *)s)[7];
			((word *)d)[0] = a0, ((word *)d)[1] = a1;
			((word *)d)[2] = a2, ((word *)d)[3] = a3;
			((word *)d)[4] = a4, ((word *)d)[5] = a5;
			((word *)d)[6] = a6, ((word *)d)[7] = a7;
		}
		for (; count >= WORD; count -= WORD, d += WORD, s += WORD)
			*(word *)d = *(const word *)s;
	}
	while (count--)
		*d++ = *s++;
	return to;
}

void *memmove(void *to, const void *from, size_t count)
{
	char *d = to;
	const char *s = from;

	if ((uintptr_t)d - (uintptr_t)s >= count)
		return memcpy(to, from, count); /* memcpy goes upwards: fine below the source */
	d += count;
	s += count;
	if (is_aligned(d, s))
		for (; count >= WORD; count -= WORD) {
			d -= WORD;
			s -= WORD;
			*(word *)d = *(const word *)s;
		}
	while (count--)
		*--d = *--s;
	return to;
}

void *memset(void *to, int value, size_t count)
{
	char *d = to;
	word pattern = (uint8_t)value * 0x0101010101010101U;

	for (; count && !is_aligned(d, d); count--)
		*d++ = (char)value;
	for (; count >= BLOCK; count -= BLOCK, d += BLOCK)
		_Pragma("GCC unroll 8") for (int i = 0; i < BLOCK / WORD; i++)
			((word *)d)[i] = pattern;
	for (; count >= WORD; count -= WORD, d += WORD)
		*(word *)d = pattern;
	while (count--)
		*d++ = (char)value;
	return to;
}

int memcmp(const void *left, const void *right, size_t count)
{
	const uint8_t *a = left, *b = right;

	if (is_aligned(a, b))
		for (; count >= WORD && *(const word *)a == *(const word *)b; count -= WORD) {
			a += WORD;
			b += WORD;
		}
	for (; count; count--, a++, b++)
		if (*a != *b)
			return *a - *b;
	return 0;
}

size_t strlen(const char *text)
{
	const char *end = text;

	/* A word that holds a zero byte borrows into a top bit that was clear. */
	for (; !is_aligned(end, end); end++)
		if (!*end)
			return (size_t)(end - text);
	for (;; end += WORD) {
		word bytes = *(const word *)end;

		if ((bytes - 0x0101010101010101U) & ~bytes & 0x8080808080808080U)
			break;
	}
	while (*end)
		end++;
	return (size_t)(end - text);
}
