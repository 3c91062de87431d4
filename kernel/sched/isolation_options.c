// SPDX-License-Identifier: Apache-2.0
/*
 * isolation_options.c - see isolation_options.h.
 */
#include "kernel/sched/isolation_options.h"

#include <errno.h>
#include <string.h>

#include "cgroups/cpulist.h"

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* 0: it is none that we know. */
static unsigned int flag_named(const char *text, size_t length)
{
	static const struct {
		const char *name;
		enum isolation_flag flag;
	} flags[] = {
		{ "domain", ISOLATION_DOMAIN },
		{ "nohz", ISOLATION_NOHZ },
		{ "managed_irq", ISOLATION_MANAGED_IRQ },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strlen(flags[i].name) == length && !memcmp(flags[i].name, text, length))
			return flags[i].flag;
	return 0;
}

int isolation_parse(const char *text, unsigned int cpu_count, struct cpumask *cpus, unsigned int *flags,
		    unsigned int *unknown)
{
	*flags = *unknown = 0;
	while (is_letter(*text)) {
		size_t length = 0;

		while (is_letter(text[length]) || text[length] == '_')
			length++;
		if (text[length] && text[length] != ',')
			return -EINVAL;
		unsigned int flag = flag_named(text, length);
		*flags |= flag;
		*unknown += !flag;
		text += length + (text[length] == ',');
	}
	if (!*flags)
		*flags = ISOLATION_DOMAIN;
	return cpulist_parse(text, strlen(text), cpu_count, cpus);
}
