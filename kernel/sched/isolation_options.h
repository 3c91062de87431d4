// SPDX-License-Identifier: Apache-2.0
/*
 * isolation_options.h - isolcpus=, nohz_full= and rcu_nocbs= of the command line, as Linux reads them.
 *
 * Pure: text in, masks out.
 */
#ifndef KERNEL_SCHED_ISOLATION_OPTIONS_H
#define KERNEL_SCHED_ISOLATION_OPTIONS_H

#include <stdbool.h>

#include "cgroups/cpumask.h"

struct isolation_options {
	struct cpumask isolated; /* isolcpus, with the flag domain or none */
	struct cpumask quiet;    /* the same with another flag, and nohz_full */
};

enum isolation_flag { ISOLATION_DOMAIN = 1, ISOLATION_NOHZ = 2, ISOLATION_MANAGED_IRQ = 4 };

/*
 * What follows "isolcpus=": CPUs below cpu_count to *cpus, enum isolation_flag to *flags; *unknown: how many
 * flags were skipped. 0, or -EINVAL, -ERANGE, -EOVERFLOW: void, as cpulist_parse() tells or for a flag with
 * other characters than letters and '_'.
 */
int isolation_parse(const char *text, unsigned int cpu_count, struct cpumask *cpus, unsigned int *flags,
		    unsigned int *unknown);

#endif
