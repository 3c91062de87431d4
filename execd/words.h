// SPDX-License-Identifier: Apache-2.0
/*
 * words.h - a command line cut into words, as a shell would without expanding anything.
 */
#ifndef EXECD_WORDS_H
#define EXECD_WORDS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Blanks separate words; '...' holds anything, "..." too but \" and \\, a backslash takes the
 * next character as it is. The words go to `out`, each with its NUL, one behind the other.
 * Answers how many there are, or (saying why in *reason):
 * -EINVAL an open quote or a backslash at the end, -E2BIG more than count_max or than size bytes.
 */
int words_split(const char *text, char *out, size_t size, unsigned int count_max,
		const char **reason);

#ifdef __cplusplus
}
#endif

#endif
