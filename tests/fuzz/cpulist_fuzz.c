// SPDX-License-Identifier: Apache-2.0
/*
 * cpulist_fuzz.c - any bytes as a CPU list: what is accepted stays below the last CPU and reads
 * back as itself; what is refused leaves the mask alone.
 */
#include <errno.h>
#include <string.h>

#include "cgroups/cg.h"
#include "cgroups/cpulist.h"

static void check_format(const struct cpumask *mask, unsigned int cpu_count)
{
	char text[2 * NR_CPUS + 1024];
	struct cpumask again;
	size_t length = cpulist_format(mask, text, sizeof(text));
	cg_assert(length <= sizeof(text));
	cg_assert(!cpulist_parse(text, length, cpu_count, &again) && cpumask_equal(mask, &again));
	char part[16];
	memset(part, '#', sizeof(part));
	cg_assert(cpulist_format(mask, part, 8) == length);
	cg_assert(!memcmp(part, text, length < 8 ? length : 8) && part[8] == '#');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned int counts[] = {1, 8, 64, 65, NR_CPUS};
	struct cpumask before = cpumask_of(3), mask = before;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		int error = cpulist_parse((const char *)data, size, counts[i], &mask);
		cg_assert(!error || error == -EINVAL || error == -ERANGE || error == -EOVERFLOW);
		if (error) {
			cg_assert(cpumask_equal(&mask, &before));
			continue;
		}
		struct cpumask possible = cpumask_below(counts[i]);
		cg_assert(cpumask_subset(&mask, &possible));
		check_format(&mask, counts[i]);
		mask = before;
	}
	return 0;
}
