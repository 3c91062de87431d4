// SPDX-License-Identifier: Apache-2.0
/*
 * outbuf.c - text into a bounded buffer, counting on past its end.
 *
 * Context: any.
 */
#include "sysfs/outbuf.h"

#include <string.h>

#include "cgroups/cpulist.h"

static size_t room(const struct outbuf *out)
{
	return out->length < out->size ? out->size - out->length : 0;
}

void outbuf_bytes(struct outbuf *out, const char *bytes, size_t count)
{
	size_t fits = room(out) < count ? room(out) : count;
	if (fits)
		memcpy(out->data + out->length, bytes, fits);
	out->length += count;
}

void outbuf_text(struct outbuf *out, const char *text)
{
	outbuf_bytes(out, text, strlen(text));
}

void outbuf_char(struct outbuf *out, char character)
{
	if (room(out))
		out->data[out->length] = character;
	out->length++;
}

void outbuf_unsigned(struct outbuf *out, uint64_t number)
{
	char digits[20];
	size_t first = sizeof(digits);
	do
		digits[--first] = (char)('0' + number % 10);
	while (number /= 10);
	outbuf_bytes(out, digits + first, sizeof(digits) - first);
}

void outbuf_signed(struct outbuf *out, int64_t number)
{
	if (number < 0)
		outbuf_char(out, '-');
	outbuf_unsigned(out, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

void outbuf_list(struct outbuf *out, const struct cpumask *mask)
{
	char *place = room(out) ? out->data + out->length : NULL;
	out->length += cpulist_format(mask, place, room(out));
}

void outbuf_mask(struct outbuf *out, const struct cpumask *mask, unsigned int cpu_count)
{
	for (unsigned int digit = (cpu_count + 3) / 4; digit-- > 0;) {
		unsigned int first = digit * 4;
		outbuf_char(out, "0123456789abcdef"[mask->bits[first / CPUMASK_WORD_BITS] >>
						    first % CPUMASK_WORD_BITS & 15]);
		if (digit && first % 32 == 0)
			outbuf_char(out, ',');
	}
}

void outbuf_field(struct outbuf *out, const char *name, uint64_t number)
{
	outbuf_text(out, name);
	outbuf_char(out, ' ');
	outbuf_unsigned(out, number);
	outbuf_char(out, '\n');
}
