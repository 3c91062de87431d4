// SPDX-License-Identifier: Apache-2.0
/*
 * cpulist.c - a set of CPUs as people write it.
 *
 * The grammar is Linux's to the letter, odd corners included: a newline right behind a region
 * without a pattern ends the list whatever follows; a region that begins with "all" may carry a
 * pattern but no end.
 *
 * Context: any.
 */
#include "cgroups/cpulist.h"

#include <errno.h>

_Static_assert(EOVERFLOW == 75 && ERANGE == 34, "errors are numbered as Linux does");

/* What is left to read; behind the end stand NULs. */
struct reader {
	const char *at, *end;
	unsigned int last_cpu;
};

/* first-last:used/group, decoded and not checked */
struct region {
	uint32_t first, last, used, group;
};

static char peek(const struct reader *reader)
{
	return reader->at < reader->end ? *reader->at : '\0';
}

static bool is_space(char character)
{
	return character == ' ' || (character >= '\t' && character <= '\r');
}

static bool is_separator(char character)
{
	return character == ',' || is_space(character);
}

static bool ends_region(char character)
{
	return !character || is_separator(character);
}

static int read_number(struct reader *reader, uint32_t *number)
{
	if (peek(reader) == 'N') {
		reader->at++;
		*number = reader->last_cpu;
		return 0;
	}
	if (peek(reader) < '0' || peek(reader) > '9')
		return -EINVAL;
	uint64_t value = 0;
	for (; peek(reader) >= '0' && peek(reader) <= '9'; reader->at++)
		if (value <= UINT32_MAX)
			value = value * 10 + (uint64_t)(peek(reader) - '0');
	if (value > UINT32_MAX)
		return -EOVERFLOW;
	*number = (uint32_t)value;
	return 0;
}

static bool skip_all(struct reader *reader)
{
	static const char word[] = "all";
	const char *at = reader->at;
	for (int i = 0; i < 3; i++, at++)
		if (at == reader->end || (*at | 0x20) != word[i])
			return false;
	reader->at = at;
	return true;
}

/* ":used/group", which stands at the reader. */
static int read_pattern(struct reader *reader, struct region *region)
{
	if (peek(reader) != ':')
		return -EINVAL;
	reader->at++;
	int error = read_number(reader, &region->used);
	if (error)
		return error;
	if (peek(reader) != '/')
		return -EINVAL;
	reader->at++;
	return read_number(reader, &region->group);
}

static int read_region(struct reader *reader, struct region *region)
{
	int error;
	if (skip_all(reader)) {
		region->first = 0;
		region->last = reader->last_cpu;
	} else {
		error = read_number(reader, &region->first);
		if (error)
			return error;
		region->last = region->first;
		if (!ends_region(peek(reader))) {
			if (peek(reader) != '-')
				return -EINVAL;
			reader->at++;
			error = read_number(reader, &region->last);
			if (error)
				return error;
		}
	}
	if (!ends_region(peek(reader)))
		return read_pattern(reader, region);
	if (peek(reader) == '\n')
		reader->end = reader->at;
	region->used = region->group = UINT32_MAX; /* all of it */
	return 0;
}

static int check_region(const struct reader *reader, const struct region *region)
{
	if (region->first > region->last || !region->group || region->used > region->group)
		return -EINVAL;
	return region->last > reader->last_cpu ? -ERANGE : 0;
}

static void add_region(const struct region *region, struct cpumask *mask)
{
	uint32_t place = 0;
	for (uint32_t cpu = region->first; cpu <= region->last; cpu++) {
		if (place < region->used)
			cpumask_set(mask, cpu);
		if (++place == region->group)
			place = 0;
	}
}

int cpulist_parse(const char *text, size_t length, unsigned int cpu_count, struct cpumask *mask)
{
	struct reader reader = { text, text + length, cpu_count - 1 };
	struct cpumask result = cpumask_none();
	for (;;) {
		while (is_separator(peek(&reader)))
			reader.at++;
		if (!peek(&reader))
			break;
		struct region region;
		int error = read_region(&reader, &region);
		if (!error)
			error = check_region(&reader, &region);
		if (error)
			return error;
		add_region(&region, &result);
	}
	*mask = result;
	return 0;
}

/* Text that may not fit; `length` counts on. */
struct writer {
	char *buffer;
	size_t size, length;
};

static void put(struct writer *writer, char character)
{
	if (writer->length < writer->size)
		writer->buffer[writer->length] = character;
	writer->length++;
}

static void put_number(struct writer *writer, unsigned int number)
{
	char digits[10];
	int count = 0;
	do
		digits[count++] = (char)('0' + number % 10);
	while (number /= 10);
	while (count)
		put(writer, digits[--count]);
}

size_t cpulist_format(const struct cpumask *mask, char *buffer, size_t size)
{
	struct writer writer = { buffer, size, 0 };
	unsigned int first = cpumask_first(mask);
	while (first < NR_CPUS) {
		unsigned int behind = cpumask_next_absent(mask, first);
		if (writer.length)
			put(&writer, ',');
		put_number(&writer, first);
		if (behind - first > 1) {
			put(&writer, '-');
			put_number(&writer, behind - 1);
		}
		first = cpumask_next(mask, behind);
	}
	return writer.length;
}
