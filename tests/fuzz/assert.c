// SPDX-License-Identifier: Apache-2.0
/*
 * assert.c - a broken promise ends the fuzzer, which then keeps the input.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cgroups/cg.h"

void cg_assert_failed(const char *expression, const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
	abort();
}
