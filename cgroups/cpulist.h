// SPDX-License-Identifier: Apache-2.0
/*
 * cpulist.h - a set of CPUs (or of memory nodes) as people write it: "0-3,6".
 *
 * Context: any.
 */
#ifndef CGROUPS_CPULIST_H
#define CGROUPS_CPULIST_H

#include <stddef.h>

#include "cgroups/cpumask.h"

/*
 * Reads a list. Regions are separated by commas or white space and may be empty:
 *   a | a-b | a-b:used/group | all | all:used/group      ("N" stands for the last CPU)
 * The text ends at `length`, at a NUL, or at a newline behind a region. `cpu_count` is one more
 * than the last CPU there may be, 1 to NR_CPUS.
 *
 * 0, or (leaving *mask alone): -EINVAL it is no list (letters, reversed range, "0-"),
 * -ERANGE a CPU past the last one, -EOVERFLOW a number of more than 32 bits.
 */
int cpulist_parse(const char *text, size_t length, unsigned int cpu_count, struct cpumask *mask);

/*
 * Writes the canonical list, "" for none, into buffer[0..size); no NUL, no newline. Answers the
 * length of the whole text, of which no more than `size` bytes were stored.
 */
size_t cpulist_format(const struct cpumask *mask, char *buffer, size_t size);

#endif
