// SPDX-License-Identifier: Apache-2.0
/*
 * timeline.h - records of the scheduler's trace as a timeline in the Trace Event format (JSON), for
 * Perfetto and Chrome: a track a CPU, slices with the names of tasks, arrows for wake-ups.
 */
#ifndef TOOLS_SCHEDCTL_TIMELINE_H
#define TOOLS_SCHEDCTL_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "sysfs/trace_record.h"

/* Writes the records by time; each CPU's are in order already. Names may hold any bytes. False: no memory
 * (nothing, or a part, has been written). Whether the stream took it all is for the caller to ask. */
bool timeline_write(FILE *stream, const struct trace_record *records, size_t count);

#endif
