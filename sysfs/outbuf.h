// SPDX-License-Identifier: Apache-2.0
/*
 * outbuf.h - text into a bounded buffer, counting on past its end.
 *
 * `length` is what the whole text has; data[0..size) holds as much of it as fits. So a caller
 * whose buffer was too small knows how big a one it needs. No NUL is written.
 *
 * Context: any.
 */
#ifndef SYSFS_OUTBUF_H
#define SYSFS_OUTBUF_H

#include <stddef.h>
#include <stdint.h>

#include "cgroups/cpumask.h"

struct outbuf {
	char *data;
	size_t size;
	size_t length;
};

void outbuf_bytes(struct outbuf *out, const char *bytes, size_t count);
void outbuf_text(struct outbuf *out, const char *text);
void outbuf_char(struct outbuf *out, char character);
void outbuf_unsigned(struct outbuf *out, uint64_t number);
void outbuf_signed(struct outbuf *out, int64_t number);
/* A CPU list in canonical form. */
void outbuf_list(struct outbuf *out, const struct cpumask *mask);
/* The mask as hexadecimal digits for CPUs 0 to cpu_count - 1, a comma between words of 32. */
void outbuf_mask(struct outbuf *out, const struct cpumask *mask, unsigned int cpu_count);
/* "name number\n": the lines of flat-keyed files. */
void outbuf_field(struct outbuf *out, const char *name, uint64_t number);

#endif
